/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An order not to keep records of a source is an entry of `sample` in the configuration. It is put
 * in and taken out here: the configuration that comes of it is checked as the desk will, the
 * running desk notes who did it and why in its ledger, and only when that row is on its disk is the
 * file written and the desk asked to read it. Where no desk runs nothing is changed: there would be
 * no row.
 */
#include "cmd/drops.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "cmd/cmd.h"
#include "cmd/desk.h"
#include "cmd/doctor.h"
#include "cmd/options.h"
#include "cmd/reason.h"
#include "cmd/yamlitem.h"

static const char usage_vi[] =
    "Cách dùng: trucban retention sample add TÊN --listener CỬA --peer IP --keep N --until NGÀY\n"
    "                                    --who NGƯỜI --why LÝ_DO [--below MỨC]\n"
    "           trucban retention sample remove TÊN --why LÝ_DO\n\n"
    "Ra lệnh, thôi lệnh không giữ bớt bản ghi của một nguồn qua cửa nhận udp hoặc tcp. Ghi vào\n"
    "mục sample của cấu hình; bàn trực đang chạy ghi ai làm, vì sao vào sổ hành động rồi mới áp\n"
    "dụng, sau vài giây; nguồn đang nối qua tcp phải nối lại.\n\n"
    "  --keep N           giữ 1 trên N bản ghi; 0: không giữ\n"
    "  --below MỨC        chỉ bản ghi nhẹ hơn mức này: alert, crit, err, warning, notice, info\n"
    "  --until NGÀY       ngày cuối còn hiệu lực, ví dụ 2026-12-31\n"
    "  --who NGƯỜI, --why LÝ_DO    ai ra lệnh, vì sao\n"
    "  --config TỆP, --state THƯ_MỤC    như trucban serve\n";
static const char usage_en[] =
    "Usage: trucban retention sample add NAME --listener L --peer IP --keep N --until DAY\n"
    "                                    --who PERSON --why TEXT [--below SEVERITY]\n"
    "       trucban retention sample remove NAME --why TEXT\n\n"
    "Orders, and lifts the order, not to keep records of a source that come by a listener of kind\n"
    "udp or tcp. Writes sample of the configuration; the running desk notes who did it and why in\n"
    "its ledger and then takes it, after seconds; sources on tcp have to connect again.\n\n"
    "  --keep N           one of N records is kept; 0: none\n"
    "  --below SEVERITY   only those less severe: alert, crit, err, warning, notice, info\n"
    "  --until DAY        the last day of it, as 2026-12-31\n"
    "  --who PERSON, --why TEXT    who ordered it, why\n"
    "  --config FILE, --state DIR    as for trucban serve\n";

/* In the order of the entry; listener to who are of add alone. */
enum { LISTENER, PEER, KEEP, BELOW, UNTIL, WHO, WHY, VALUES };

static const char *const names[VALUES] = { "listener", "peer", "keep", "below", "until", "who",
	"why" };

struct drop {
	struct doctor d;
	const char *verb, *name;
	const char *value[VALUES];	/* NULL: not said */
	struct buf before, now;		/* the configuration */
	struct buf act;			/* for the ledger */
};

const char *
drops_usage(void)
{
	return say(usage_vi, usage_en);
}

bool
drops_verb(const char *word)
{
	return strcmp(word, "add") == 0 || strcmp(word, "remove") == 0;
}

static bool
adds(const struct drop *o)
{
	return strcmp(o->verb, "add") == 0;
}

/* ---- the configuration ---- */

static const struct conf_sample *
sample_find(const struct conf *conf, const char *name)
{
	for (unsigned i = 0; i < conf->nsample; i++)
		if (strcmp(conf->sample[i].name, name) == 0)
			return &conf->sample[i];
	return NULL;
}

static enum err
entry_add(struct drop *o, struct why *why)
{
	struct buf item = { 0 };
	enum err rc;

	buf_str(&item, "{name: ");
	yamlitem_quote(&item, span_str(o->name));
	for (unsigned i = 0; i < VALUES; i++)
		if (o->value[i] != NULL) {
			buf_printf(&item, ", %s: ", names[i]);
			yamlitem_quote(&item, span_str(o->value[i]));
		}
	buf_u8(&item, '}');
	rc = yamlitem_add(&o->now, buf_span(&o->before), "sample", buf_span(&item), why);
	buf_done(&item);
	return rc;
}

/* As it is to be, and nothing else than that. */
static enum err
conf_change(struct drop *o, struct why *why)
{
	const struct conf_sample *old = sample_find(o->d.conf, o->name);
	struct conf *now;
	enum err rc;

	if (adds(o) && old != NULL)
		return why_set(why, ERR_FORMAT, say("đã có lệnh %s; muốn đổi: thôi lệnh ấy rồi ra "
		    "lệnh mới", "there is an order %s; to change it, remove it and add another"),
		    o->name);
	if (!adds(o) && old == NULL)
		return why_set(why, ERR_FORMAT, say("không có lệnh %s; xem: trucban retention "
		    "sample", "there is no order %s; see: trucban retention sample"), o->name);
	rc = adds(o) ? entry_add(o, why) : yamlitem_remove(&o->now, buf_span(&o->before), "sample",
	    old->line, why);
	if (rc != OK)
		return rc;
	now = xcalloc(1, sizeof *now);
	rc = conf_parse(now, buf_span(&o->now), why);
	if (rc == OK && ((sample_find(now, o->name) != NULL) != adds(o) ||
	    now->nsample != o->d.conf->nsample + (adds(o) ? 1 : -1u)))
		rc = why_set(why, ERR_FORMAT, "%s", say("mục sample của cấu hình viết theo lối "
		    "lệnh này không sửa được; hãy sửa bằng tay", "sample of the configuration is "
		    "written in a way that this cannot change; do it by hand"));
	if (rc == OK && adds(o) && sample_find(now, o->name)->until_ns <= clock_wall_ns())
		rc = why_set(why, ERR_FORMAT, say("--until %s đã qua nên lệnh này không bao giờ có "
		    "hiệu lực; ghi hôm nay hoặc một ngày sau", "--until %s is over, so the order "
		    "would never be in force; say today or a later day"), o->value[UNTIL]);
	free(now);
	return rc;
}

/*
 * Opens the folder of the file that the name leads to, for us alone among commands, and reads the
 * file. *ret_name: in the folder; points into path.
 */
static enum err
conf_open(struct drop *o, const char *path, int *ret_dirfd, const char **ret_name,
    struct why *why)
{
	const char *slash = strrchr(path, '/');
	char folder[4096];
	enum err rc;

	*ret_name = slash + 1;
	(void)snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path),
	    path);
	rc = dir_open(ret_dirfd, AT_FDCWD, folder, why);
	if (rc == OK)
		rc = doctor_lock(*ret_dirfd, folder, why);
	if (rc == OK)
		rc = file_read_whole(*ret_dirfd, *ret_name, CONF_BYTES_MAX, &o->before, why);
	return rc;
}

/* In place of what was read, and of nothing else; with its rights. */
static enum err
conf_write(const struct drop *o, int dirfd, const char *name, struct why *why)
{
	struct buf still = { 0 };
	struct stat like;
	enum err rc = OK;

	if (fstatat(dirfd, name, &like, AT_SYMLINK_NOFOLLOW) != 0)
		rc = why_set(why, ERR_ABSENT, "cannot read %s", name);
	if (rc == OK)
		rc = file_read_whole(dirfd, name, CONF_BYTES_MAX, &still, why);
	if (rc == OK && !span_eq(buf_span(&still), buf_span(&o->before)))
		rc = why_set(why, ERR_BUSY, "%s", say("cấu hình vừa bị người khác sửa",
		    "somebody else has just changed the configuration"));
	buf_done(&still);
	if (rc == OK)
		rc = file_replace_like(dirfd, name, buf_span(&o->now), &like, why);
	return rc;
}

/* ---- the desk ---- */

static bool
nothing_taken(void *ctx, struct span piece)
{
	(void)ctx;
	(void)piece;
	return true;
}

static enum err
desk_ask(const struct drop *o, const char *name, struct span value, struct why *why)
{
	struct buf form = { 0 };
	enum err rc;

	form_add(&form, name, value);
	rc = desk_run(o->d.state, &(struct client_ask){ .path = "/trucban/sample",
	    .form = buf_span(&form), .take = nothing_taken }, why);
	buf_done(&form);
	return rc;
}

/* OK: the row of who did it and why is on the desk's disk. */
static enum err
desk_note(struct drop *o, struct why *why)
{
	enum err rc;

	buf_printf(&o->act, "%s %s", o->verb, o->name);
	for (unsigned i = 0; i < VALUES; i++)
		if (o->value[i] != NULL)
			buf_printf(&o->act, "; %s=%s", names[i], o->value[i]);
	rc = desk_ask(o, "what", buf_span(&o->act), why);
	return rc == OK ? OK : why_prefix(why, rc, "%s", say("bàn trực phải đang chạy và ghi được "
	    "sổ hành động, chưa thay đổi gì", "the desk has to run and to write its ledger, "
	    "nothing was changed"));
}

/* The configuration is as it should be, and the desk has yet to read it. */
static enum err
desk_reload(const struct drop *o, struct why *why)
{
	enum err rc = desk_ask(o, "written", SPAN("yes"), why);

	return rc == OK ? OK : why_prefix(why, rc, "%s", say("đã ghi vào sổ hành động và cấu hình, "
	    "nhưng bàn trực chưa đọc lại; hãy chạy: systemctl reload trucban", "it is in the "
	    "ledger and in the configuration, but the desk has not read it again; run: systemctl "
	    "reload trucban"));
}

/*
 * Noted, written, read again, in this order: what ends between leaves an order that is noted and
 * not in force, never the other way round.
 */
static enum err
drop_do(struct drop *o, struct why *why)
{
	char *path = realpath(o->d.conf_path, NULL);
	const char *name = "";
	int dirfd = -1;
	enum err rc;

	if (path == NULL)
		return why_set(why, ERR_ABSENT, "cannot read %s", o->d.conf_path);
	rc = conf_open(o, path, &dirfd, &name, why);
	if (rc == OK)
		rc = conf_change(o, why);
	if (rc == OK)
		rc = desk_note(o, why);
	if (rc == OK) {
		rc = conf_write(o, dirfd, name, why);
		if (rc != OK)
			rc = why_prefix(why, rc, "%s", say("cấu hình không đổi, lệnh chưa có hiệu "
			    "lực dù sổ hành động đã có dòng của nó; hãy chạy lại", "the "
			    "configuration is unchanged and this is not in force, although the "
			    "ledger has its row; run this again"));
		else
			rc = desk_reload(o, why);
	}
	file_close(&dirfd);
	free(path);
	return rc;
}

/* ---- the command ---- */

static int
drop_run(struct drop *o)
{
	struct why why = { "" };
	enum err rc;

	doctor_open(&o->d);
	rc = o->d.conf_rc;
	if (rc == OK)
		rc = drop_do(o, &why);
	else
		why = o->d.conf_why;
	doctor_close(&o->d);
	buf_done(&o->before);
	buf_done(&o->now);
	buf_done(&o->act);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban retention: %s\n", reason_of(&why));
		return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
	}
	(void)printf(adds(o) ? say("✓ đã ghi lệnh %s vào cấu hình và sổ hành động; có hiệu lực sau "
	    "vài giây\n", "✓ the order %s is in the configuration and in the ledger; it is in "
	    "force within seconds\n") : say("✓ đã thôi lệnh %s, đã ghi sổ hành động; sau vài giây "
	    "mọi bản ghi lại được giữ\n", "✓ the order %s is lifted, and that is in the ledger; "
	    "within seconds all records are kept again\n"), o->name);
	return EXIT_DONE;
}

static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			return false;
	return true;
}

/* The name of what is missing, one too many or cannot be written; NULL: nothing. */
static const char *
wrong_of(const struct drop *o)
{
	for (unsigned i = 0; i < VALUES; i++) {
		bool wanted = i == WHY || (adds(o) && i != BELOW);

		if (wanted != (o->value[i] != NULL) && !(adds(o) && i == BELOW))
			return names[i];
		if (o->value[i] != NULL && (o->value[i][0] == '\0' || !is_plain(o->value[i])))
			return names[i];
	}
	return NULL;
}

int
drops_run(int argc, char **argv)
{
	static const struct option option[] = {
		{ "listener", required_argument, NULL, LISTENER }, { "peer", required_argument,
		NULL, PEER }, { "keep", required_argument, NULL, KEEP }, { "below",
		required_argument, NULL, BELOW }, { "until", required_argument, NULL, UNTIL },
		{ "who", required_argument, NULL, WHO }, { "why", required_argument, NULL, WHY },
		{ "config", required_argument, NULL, 'c' }, { "state", required_argument, NULL,
		's' }, { "help", no_argument, NULL, 'h' }, { NULL, 0, NULL, 0 },
	};
	struct drop o = { .verb = argv[0] };
	const char *wrong;
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 'c') {
			o.d.conf_path = optarg;
		} else if (c == 's') {
			o.d.state = optarg;
		} else if (c < VALUES) {
			o.value[c] = optarg;
		} else {
			(void)fputs(drops_usage(), c == 'h' ? stdout : stderr);
			return c == 'h' ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (optind + 1 != argc || !is_plain(argv[optind])) {
		(void)fputs(drops_usage(), stderr);
		return EXIT_USAGE;
	}
	o.name = argv[optind];
	wrong = wrong_of(&o);
	if (wrong == NULL)
		return drop_run(&o);
	(void)fprintf(stderr, say("trucban retention sample %s: --%s thiếu, thừa hoặc không dùng "
	    "được; xem --help\n", "trucban retention sample %s: --%s is missing, one too many or "
	    "cannot be used; see --help\n"), o.verb, wrong);
	return EXIT_USAGE;
}
