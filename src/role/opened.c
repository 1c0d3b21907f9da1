/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration, directories, keys, sockets, in this order: see opened.h. */
#include "role/opened.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/notify.h"
#include "sys/proc.h"
#include "sys/sock.h"
#include "store/key.h"

static enum err
dirs_open(struct opened *p, const char *path, struct why *why)
{
	static const char *const sub[] = { "journal", "segment", "seal", "filter",
	    "quarantine", "collector", "run", "state", "anchor" };
	enum err rc;

	if (mkdir(path, 0700) != 0 && access(path, F_OK) != 0)
		return why_set(why, ERR_ABSENT, "cannot make %s; make the directory above it",
		    path);
	rc = dir_open(&p->state_fd, AT_FDCWD, path, why);
	for (size_t i = 0; rc == OK && i < sizeof sub / sizeof sub[0]; i++) {
		rc = dir_make(p->state_fd, sub[i], 0700, why);
		if (rc == ERR_BUSY)
			rc = OK;
	}
	if (rc == OK)
		rc = dir_open(&p->collector_fd, p->state_fd, "collector", why);
	if (rc == OK)
		rc = file_lock(&p->lock_fd, p->state_fd, "lock", why);
	return rc;
}

struct owner {
	int dirfd;
	uid_t uid;
	gid_t gid;
};

static enum err
key_own(void *arg, const struct dir_entry *entry, struct why *why)
{
	const struct owner *o = arg;

	if (entry->kind == DIR_FILE &&
	    fchownat(o->dirfd, entry->name, o->uid, o->gid, AT_SYMLINK_NOFOLLOW) != 0)
		return why_set(why, ERR_DENIED, "cannot give key/%s to its user", entry->name);
	return OK;
}

static enum err
keys_own(struct opened *p, uid_t uid, gid_t gid, struct why *why)
{
	struct owner owner = { .dirfd = -1, .uid = uid, .gid = gid };
	enum err rc;

	rc = dir_open(&owner.dirfd, p->state_fd, "key", why);
	if (rc == OK)
		rc = dir_each(owner.dirfd, key_own, &owner, why);
	file_close(&owner.dirfd);
	return rc;
}

/* As root: the directories belong to the user that the roles become. */
static enum err
dirs_own(struct opened *p, struct why *why)
{
	static const char *const sub[] = { ".", "journal", "segment", "seal", "filter", "key",
	    "quarantine", "collector", "run", "state", "anchor", "lock" };
	uid_t uid;
	gid_t gid;
	enum err rc;

	if (geteuid() != 0 || p->conf->user[0] == '\0')
		return OK;
	rc = proc_user(p->conf->user, &uid, &gid, why);
	if (rc != OK)
		return rc;
	rc = keys_own(p, uid, gid, why);
	for (size_t i = 0; rc == OK && i < sizeof sub / sizeof sub[0]; i++)
		if (fchownat(p->state_fd, sub[i], uid, gid, AT_SYMLINK_NOFOLLOW) != 0)
			return why_set(why, ERR_DENIED, "cannot give %s/%s to user %s",
			    p->conf->state,
			    sub[i], p->conf->user);
	return rc;
}

/* Made at the first start; a store is encrypted from its first day or never. */
static enum err
keys_take(struct opened *p, struct why *why)
{
	struct keys keys;
	enum err rc;

	rc = keys_load(&keys, p->state_fd, why);
	if (rc == ERR_ABSENT) {
		rc = keys_make(p->state_fd, p->conf->encrypt ? KEY_MAKE_ENCRYPTED : KEY_MAKE_PLAIN,
		    why);
		if (rc == OK)
			rc = keys_load(&keys, p->state_fd, why);
	}
	if (rc != OK)
		return rc;
	if (!keys.has_seed)
		rc = why_set(why, ERR_DENIED, "cannot read key/seal.key; start as root or as the "
		    "user that owns the store");
	else if (p->conf->encrypt && !keys.has_store_key)
		rc = why_set(why, ERR_ABSENT, "the store has no store key: it was made without "
		    "encryption (store: encrypt: no)");
	memcpy(p->seal_seed, keys.seed, sizeof p->seal_seed);
	memcpy(p->store_key, keys.store_key, sizeof p->store_key);
	keys_wipe(&keys);
	return rc;
}

static int
passed_socket(const struct notify_socket *passed, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(passed[i].name, name) == 0)
			return passed[i].fd;
	return -1;
}

static enum err
sockets_bind(struct opened *p, struct why *why)
{
	struct notify_socket passed[NOTIFY_LISTEN_MAX];
	struct sock_spec unix_spec = { .kind = SOCK_KIND_STREAM, .unix_mode = 0666 };
	char path[CONF_PATH + 32];
	unsigned n = 0;
	enum err rc;

	rc = notify_listen(passed, &n, why);
	for (unsigned i = 0; rc == OK && i < p->conf->nlistener; i++) {
		const struct conf_listener *l = &p->conf->listener[i];
		struct sock_spec spec = { .kind = l->kind == CONF_UDP ? SOCK_KIND_DATAGRAM :
		    SOCK_KIND_STREAM, .receive_bytes = l->kind == CONF_UDP ? 16 << 20 : 0 };

		p->listen_fd[i] = passed_socket(passed, n, l->name);
		if (p->listen_fd[i] < 0)
			rc = sock_listen(&p->listen_fd[i], l->address, &spec, why);
		if (rc != OK)
			return why_prefix(why, rc, "listener %s", l->name);
	}
	if (p->conf->front_socket[0] != '\0')
		(void)snprintf(path, sizeof path, "unix:%s", p->conf->front_socket);
	else
		(void)snprintf(path, sizeof path, "unix:%s/run/front.sock", p->conf->state);
	if (rc == OK)
		rc = sock_listen(&p->front_fd[0], path, &unix_spec, why);
	if (rc == OK && p->conf->front_address[0] != '\0') {
		p->front_fd[1] = passed_socket(passed, n, "front");
		if (p->front_fd[1] < 0)
			rc = sock_listen(&p->front_fd[1], p->conf->front_address,
			    &(struct sock_spec){ .kind = SOCK_KIND_STREAM }, why);
	}
	return rc;
}

static enum err
conf_load(struct opened *p, const char *path, const char *state, struct why *why)
{
	enum err rc;

	p->text.n = 0;
	rc = file_read_whole(AT_FDCWD, path, CONF_BYTES_MAX - 2 * CONF_PATH, &p->text, why);
	if (rc == OK && state != NULL)
		conf_override(&p->text, state);
	if (rc == OK)
		rc = why_prefix(why, conf_parse(p->conf, buf_span(&p->text), why), "%s", path);
	return rc;
}

enum err
opened_make(struct opened *ret_opened, const char *conf_path, const char *state, struct why *why)
{
	struct opened *o = ret_opened;
	enum err rc;

	*o = (struct opened){ .state_fd = -1, .lock_fd = -1, .collector_fd = -1,
	    .front_fd = { -1, -1 } };
	for (unsigned i = 0; i < ROLE_LISTENERS; i++)
		o->listen_fd[i] = -1;
	o->conf = xcalloc(1, sizeof *o->conf);
	rc = conf_load(o, conf_path, state, why);
	if (rc == OK)
		rc = dirs_open(o, o->conf->state, why);
	if (rc == OK)
		rc = keys_take(o, why);
	if (rc == OK)
		rc = dirs_own(o, why);
	if (rc == OK)
		rc = sockets_bind(o, why);
	return rc;
}

void
opened_done(struct opened *opened)
{
	explicit_bzero(opened->store_key, sizeof opened->store_key);
	explicit_bzero(opened->seal_seed, sizeof opened->seal_seed);
	buf_done(&opened->text);
	free(opened->conf);
	opened->conf = NULL;
}
