/* SPDX-License-Identifier: Apache-2.0 */
/* See desk.h. */
#include "cmd/desk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "store/key.h"
#include "web/select.h"
#include "role/conf.h"
#include "role/opened.h"
#include "cmd/cmd.h"
#include "cmd/reason.h"
#include "cmd/status_relay.h"

enum { PATH_BYTES = 4096, OFFICE_ZONE_MINUTES = 7 * 60 };

/* Where nobody answers and no store is: is it a relay's? */
static enum err
absent(enum err rc, const char *state, struct why *why)
{
	char to[CONF_PATH];

	if (rc != ERR_ABSENT || !status_relay_to(to, state, NULL))
		return rc;
	return why_set(why, ERR_IO, say("đây là trạm chuyển tiếp, không có kho: bản ghi của nó ở "
	    "bàn trực %s, hãy hỏi ở đó; tại đây xem được trucban status và trucban doctor",
	    "this is a relay and has no store: its records are at the desk %s, ask there; here "
	    "there are trucban status and trucban doctor"), to);
}

/* ---- where it is ---- */

bool
desk_file_own(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 022) == 0 &&
	    (st.st_uid == 0 || st.st_uid == geteuid());
}

bool
desk_conf_told(char *ret, size_t size, const char *state)
{
	struct buf path = { 0 };
	bool told;

	(void)snprintf(ret, size, "%s/" OPENED_CONF, state);
	told = file_read_named(ret, size - 1, &path, NULL) == OK && path.n > 0 &&
	    path.p[0] == '/' && memchr(path.p, '\0', path.n) == NULL;
	if (told)
		(void)snprintf(ret, size, "%.*s", (int)path.n, (const char *)path.p);
	buf_done(&path);
	return told && desk_file_own(ret);
}

enum desk_conf
desk_conf_find(char *ret, size_t size, const char *state)
{
	bool named = state != NULL || getenv("TRUCBAN_STATE") != NULL;

	state = state != NULL ? state : state_default();
	if (named && desk_conf_told(ret, size, state))
		return DESK_CONF_TOLD;
	(void)snprintf(ret, size, "%s/run.yaml", state);
	if ((named && desk_file_own(ret)) || (access(CONF_DEFAULT, F_OK) != 0 &&
	    access(ret, F_OK) == 0))
		return DESK_CONF_RUN;
	(void)snprintf(ret, size, "%s", CONF_DEFAULT);
	return DESK_CONF_USUAL;
}

/* What the desk of the store told, whole; NULL: nothing that can be read. */
static struct conf *
conf_told(const char *state)
{
	struct conf *conf = NULL;
	struct buf text = { 0 };
	char path[PATH_BYTES];

	if (desk_conf_told(path, sizeof path, state) &&
	    file_read_named(path, CONF_BYTES_MAX, &text, NULL) == OK) {
		conf = xcalloc(1, sizeof *conf);
		if (conf_parse(conf, buf_span(&text), NULL) != OK) {
			free(conf);
			conf = NULL;
		}
	}
	buf_done(&text);
	return conf;
}

int32_t
desk_zone_s(const char *state)
{
	struct conf *conf = conf_told(state);
	int32_t zone_s = conf != NULL ? (int32_t)conf->zone_minutes * 60 :
	    OFFICE_ZONE_MINUTES * 60;

	free(conf);
	return zone_s;
}

void
desk_socket(char *ret, size_t size, const char *state, const struct conf *conf)
{
	struct conf *told = conf == NULL ? conf_told(state) : NULL;

	conf = conf != NULL ? conf : told;
	if (conf != NULL && conf->front_socket[0] != '\0')
		(void)snprintf(ret, size, "%s", conf->front_socket);
	else
		(void)snprintf(ret, size, "%s/run/front.sock", state);
	free(told);
}

/* ---- asking ---- */

enum err
desk_run(const char *state, const struct client_ask *ask, struct why *why)
{
	struct client_ask here = *ask;
	char socket[PATH_BYTES];

	desk_socket(socket, sizeof socket, state, NULL);
	here.socket = socket;
	return absent(client_run(&here, why), state, why);
}

int
desk_failed(enum err rc, const char *state, struct why *why)
{
	if (rc == ERR_DENIED && state != NULL && geteuid() != 0) {
		(void)fprintf(stderr, say("trucban: người dùng này không được hỏi bàn trực ở %s; "
		    "chạy lại bằng sudo (%s)\n", "trucban: this user may not ask the desk at %s; "
		    "run it with sudo (%s)\n"), state, reason_of(why));
		return EXIT_COULD_NOT;
	}
	if (rc == ERR_ABSENT && state != NULL && why->text[0] != '\0')
		(void)fprintf(stderr, say("trucban: không hỏi được bàn trực ở %s: %s. Bàn trực "
		    "đang chạy chưa? (trucban serve, hoặc dùng --store để mở thẳng một kho)\n",
		    "trucban: cannot ask the desk at %s: %s. Is it running? (trucban serve, or use "
		    "--store to open a store directly)\n"), state, reason_of(why));
	else
		(void)fprintf(stderr, "trucban: %s\n", reason_of(why));
	return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
}

const char *
desk_wide(void)
{
	static char text[16];
	struct winsize size;

	if (isatty(STDOUT_FILENO) != 1 || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 ||
	    size.ws_col == 0)
		return NULL;
	(void)snprintf(text, sizeof text, "%u", size.ws_col < 10000 ? size.ws_col : 10000u);
	return text;
}

enum err
desk_copy_open(struct select **ret_select, int *ret_dirfd, const char *store, struct why *why)
{
	struct keys keys;
	enum err rc;

	*ret_dirfd = -1;
	rc = dir_open(ret_dirfd, AT_FDCWD, store, why);
	if (rc == OK)
		rc = keys_load(&keys, *ret_dirfd, why);
	if (rc != OK) {
		file_close(ret_dirfd);
		return absent(rc, store, why);
	}
	*ret_select = select_new(*ret_dirfd, keys.has_store_key ? keys.store_key : NULL, 0,
	    OFFICE_ZONE_MINUTES);
	keys_wipe(&keys);
	return OK;
}
