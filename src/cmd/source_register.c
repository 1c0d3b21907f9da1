/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban source list, unknown, add, set, remove, import, export`: the register of sources
 * (doc/formats/register.md). Its file is written here, as a whole, by whoever may write it; the
 * desk is told, notes who did what in its ledger, and says when it works by the new one.
 */
#include "cmd/source.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/dir.h"
#include "sys/file.h"
#include "role/register.h"
#include "cmd/cmd.h"
#include "cmd/content.h"
#include "cmd/desk.h"
#include "cmd/kinds.h"
#include "cmd/options.h"
#include "cmd/reason.h"

static const char usage_vi[] =
    "Cách dùng: trucban source list [--since T] [--json]\n"
    "           trucban source unknown [--since T] [--json]\n"
    "           trucban source add TÊN --kind LOẠI --from IP|MẠNG [...] [--wait GIÂY]\n"
    "           trucban source set TÊN [--unit ĐƠN_VỊ ...]\n"
    "           trucban source remove TÊN\n"
    "           trucban source import TỆP.csv [--replace]\n"
    "           trucban source export [TỆP.csv]\n\n"
    "Sổ đăng ký nguồn: những nơi được chờ gửi nhật ký, tên gọi, đơn vị, hệ thống. list cho biết\n"
    "từng nguồn đang gửi, im lặng, đã ngừng hay chưa thấy; unknown liệt kê nơi gửi chưa có tên\n"
    "và lệnh để đặt tên. Đơn vị và loại lưu giữ được gán cho bản ghi mới theo địa chỉ, danh tính\n"
    "TLS hoặc cửa nhận, không bao giờ theo tên máy mà bản ghi tự khai.\n\n"
    "  --from IP|MẠNG        10.0.0.5, 10.1.0.0/16, 2001:db8::/32\n"
    "  --identity TÊN        tên trong chứng thư TLS hoặc mã truy cập HTTP\n"
    "  --listener CỬA        chỉ qua cửa nhận này; TRẠM/CỬA: của một trạm chuyển tiếp\n"
    "  --host MÁY            chỉ bản ghi tự khai tên máy này (sau một máy chuyển tiếp)\n"
    "  --name TÊN_GỌI --kind LOẠI --unit SỐ --system HỆ_THỐNG --class LOẠI_LƯU_GIỮ\n"
    "  --priority high|normal|low --contact NGƯỜI\n"
    "  --pause 1h            im lặng lâu nhất là bình thường; --pause-office: trong giờ làm việc\n"
    "  --wait GIÂY           sau khi thêm, chờ bản ghi đầu tiên từ --from\n"
    "  --since T             xét từ lúc nào (mặc định 7d)\n"
    "  --replace             tệp là toàn bộ sổ; nguồn không có trong tệp bị bỏ\n"
    "  --json                mỗi dòng một đối tượng JSON\n"
    "  --address ĐỊA_CHỈ     của bàn trực, trong những dòng cần dán\n"
    "  --config TỆP, --state THƯ_MỤC    như trucban serve\n";
static const char usage_en[] =
    "Usage: trucban source list [--since T] [--json]\n"
    "       trucban source unknown [--since T] [--json]\n"
    "       trucban source add NAME --kind KIND --from IP|NET [...] [--wait SECONDS]\n"
    "       trucban source set NAME [--unit UNIT ...]\n"
    "       trucban source remove NAME\n"
    "       trucban source import FILE.csv [--replace]\n"
    "       trucban source export [FILE.csv]\n\n"
    "The register of sources: who is expected to send, what it is called, whose it is. list says\n"
    "of each whether it arrives, is silent, has stopped or was never seen; unknown lists senders\n"
    "without a name and the command that names them. Unit and retention class are given to new\n"
    "records by address, TLS identity or listener, never by the host that a record claims.\n\n"
    "  --from IP|NET         10.0.0.5, 10.1.0.0/16, 2001:db8::/32\n"
    "  --identity NAME       name in its TLS certificate or of its HTTP token\n"
    "  --listener NAME       by this listener only; RELAY/LISTENER: one of a relay\n"
    "  --host HOST           only records that claim this host (behind a relay)\n"
    "  --name TEXT --kind KIND --unit NUMBER --system SYSTEM --class CLASS\n"
    "  --priority high|normal|low --contact PERSON\n"
    "  --pause 1h            longest silence that is normal; --pause-office: in office hours\n"
    "  --wait SECONDS        then wait for the first record from --from\n"
    "  --since T             look at what came since then (default 7d)\n"
    "  --replace             the file is the whole register; what it has not goes\n"
    "  --json                one JSON object a line\n"
    "  --address ADDRESS     the desk's, in the lines to paste\n"
    "  --config FILE, --state DIR    as for trucban serve\n";

/* Places in registry_cells() of the options that are looked at here. */
enum { ID = 0, KIND = 2, FROM = 3, LISTENER = 5 };

enum { OPT_JSON = 256, OPT_SINCE, OPT_WAIT, OPT_REPLACE, OPT_CONFIG, OPT_STATE, OPT_HELP,
	OPT_ADDRESS };

struct order {
	struct doctor doctor;
	const char *verb, *subject;
	const char *value[REGISTRY_COLUMNS];	/* NULL: not said */
	const char *since, *address;
	long wait_s;			/* 0: do not wait */
	bool json, replace;
	struct buf text;		/* of the register as it is */
	struct registry *registry;
	struct buf now;			/* as it is to be */
	struct buf act;			/* what was done, for the ledger */
	struct source_taken taken;	/* of an import */
};

/* ---- the file ---- */

/* Puts the file's name behind its folder's in path; the folder is ours alone among commands. */
static enum err
folder_open(const struct order *o, char path[REGISTER_PATH], const char **ret_name, int *ret_fd,
    struct why *why)
{
	enum err rc = register_path(path, o->doctor.conf, o->doctor.conf_path, why);
	char *slash = rc == OK ? strrchr(path, '/') : NULL;
	const char *folder = slash == NULL ? "." : slash == path ? "/" : path;

	*ret_name = slash != NULL ? slash + 1 : path;
	if (slash != NULL)
		*slash = '\0';
	if (rc == OK)
		rc = dir_open(ret_fd, AT_FDCWD, folder, why);
	if (rc == OK)
		rc = doctor_lock(*ret_fd, folder, why);
	return rc;
}

/* As readable as the one before, or as the configuration: the desk has to read it. */
static enum err
file_put(const struct order *o, int dirfd, const char *name, struct why *why)
{
	struct stat like;
	bool known = fstatat(dirfd, name, &like, AT_SYMLINK_NOFOLLOW) == 0 ||
	    stat(o->doctor.conf_path, &like) == 0;
	struct buf still = { 0 };
	enum err rc;

	/* Two who change it at once: the later one is told. */
	rc = register_load(&still, o->doctor.conf, o->doctor.conf_path, why);
	if (rc == OK && !span_eq(buf_span(&still), buf_span(&o->text)))
		rc = why_set(why, ERR_BUSY, "%s", say("sổ đăng ký vừa bị người khác sửa; hãy chạy "
		    "lại", "somebody else has just changed the register; run this again"));
	buf_done(&still);
	if (rc == OK)
		rc = known ? file_replace_like(dirfd, name, buf_span(&o->now), &like, why) :
		    file_replace(dirfd, name, buf_span(&o->now), why);
	return rc == ERR_DENIED ? why_prefix(why, rc, "%s", say("chỉ ai được ghi vào thư mục của "
	    "sổ đăng ký mới đổi được nó (chạy bằng sudo)", "only who may write into the "
	    "register's folder can change it (run it with sudo)")) : rc;
}

/* ---- what is changed ---- */

static bool
verb_is(const struct order *o, const char *verb)
{
	return strcmp(o->verb, verb) == 0;
}

/* A row with what was said put over what it has. */
static void
row_put(struct buf *out, const struct order *o, const struct registry_row *old)
{
	struct registry_cell cell[REGISTRY_COLUMNS];

	registry_cells(cell, old);
	for (unsigned i = 0; i < REGISTRY_COLUMNS; i++)
		if (o->value[i] != NULL)
			cell[i].value = span_str(o->value[i]);
	registry_line_put(out, cell);
}

/* "add web01,Cổng ..." */
static void
act_put(struct order *o, struct span line)
{
	buf_printf(&o->act, "%s %.*s", o->verb, (int)(line.n > 0 ? line.n - 1 : 0),
	    (const char *)line.p);
}

static enum err
row_change(struct order *o, struct why *why)
{
	const struct registry_row none = { .line = 0 };
	uint32_t place = registry_find(o->registry, span_str(o->subject));
	struct buf line = { 0 };

	if (verb_is(o, "add") && place != REGISTRY_NONE)
		return why_set(why, ERR_FORMAT, say("đã có nguồn %s; muốn sửa: trucban source set "
		    "%s ...", "there is a source %s; to change it: trucban source set %s ..."),
		    o->subject, o->subject);
	if (!verb_is(o, "add") && place == REGISTRY_NONE)
		return why_set(why, ERR_FORMAT, say("sổ đăng ký không có nguồn %s; xem: trucban "
		    "source list", "the register has no source %s; see: trucban source list"),
		    o->subject);
	o->value[ID] = o->subject;
	row_put(&line, o, place != REGISTRY_NONE ? registry_row(o->registry, place) : &none);
	registry_head_put(&o->now);
	for (uint32_t i = 0; i < registry_rows(o->registry); i++)
		if (i != place)
			registry_row_put(&o->now, registry_row(o->registry, i));
		else if (verb_is(o, "set"))
			buf_span_put(&o->now, buf_span(&line));
	if (verb_is(o, "add"))
		buf_span_put(&o->now, buf_span(&line));
	act_put(o, buf_span(&line));
	buf_done(&line);
	return OK;
}

/* ---- the desk ---- */

static bool
take(void *ctx, struct span piece)
{
	(void)ctx;
	return piece.n == 0 || fwrite(piece.p, 1, piece.n, stdout) == piece.n;
}

static bool
take_nothing(void *ctx, struct span piece)
{
	(void)ctx;
	(void)piece;
	return true;
}

/* Tells the desk that there is a new register. ERR_ABSENT: it does not run. */
static enum err
desk_tell(const struct order *o, const struct registry *now, struct why *why)
{
	const uint8_t *sum = registry_sha256(now);
	struct buf form = { 0 }, hex = { 0 };
	enum err rc;

	for (unsigned i = 0; i < REGISTRY_SHA256; i++)
		buf_printf(&hex, "%02x", sum[i]);
	form_add(&form, "sha256", buf_span(&hex));
	form_add(&form, "what", buf_span(&o->act));
	rc = desk_run(o->doctor.state, &(struct client_ask){ .path = "/trucban/register",
	    .form = buf_span(&form), .take = take_nothing }, why);
	buf_done(&form);
	buf_done(&hex);
	return rc;
}

/* Checked as the desk will, written, told. */
static enum err
register_write(struct order *o, int dirfd, const char *name, struct why *why)
{
	struct registry *now = NULL;
	struct why told = { "" };
	enum err rc = register_take(&now, buf_span(&o->now), o->doctor.conf, why);

	if (rc == OK)
		rc = file_put(o, dirfd, name, why);
	if (rc == OK) {
		(void)fprintf(stderr, say("✓ đã ghi sổ đăng ký (%u nguồn)\n",
		    "✓ the register is written (%u sources)\n"), registry_rows(now));
		if (verb_is(o, "import"))
			source_taken_tell(&o->taken);
		rc = desk_tell(o, now, &told);
		if (rc == ERR_ABSENT)
			(void)fprintf(stderr, "%s", say("! bàn trực không chạy; nó đọc sổ này khi "
			    "khởi động\n", "! the desk does not run; it reads the register when "
			    "it starts\n"));
		else if (rc != OK)
			(void)why_set(why, rc, say("đã ghi, nhưng bàn trực chưa nhận: %s. "
			    "Hãy chạy: systemctl reload trucban", "it is written, but the desk "
			    "has not taken it: %s. Run: systemctl reload trucban"),
			    reason_of(&told));
		rc = rc == ERR_ABSENT ? OK : rc;
	}
	registry_free(&now);
	return rc;
}

/* ---- verbs ---- */

static int
refused(enum err rc, struct why *why)
{
	(void)fprintf(stderr, "trucban source: %s\n", reason_of(why));
	return rc == ERR_FORMAT || rc == ERR_LIMIT ? EXIT_USAGE : EXIT_COULD_NOT;
}

static enum err
conf_check(const struct order *o, struct why *why)
{
	enum err rc = o->doctor.conf_rc;

	return rc == OK ? OK : why_set(why, rc, "%s", o->doctor.conf_why.text);
}

static enum err
register_open(struct order *o, struct why *why)
{
	enum err rc = register_load(&o->text, o->doctor.conf, o->doctor.conf_path, why);

	return rc == OK ? registry_read(&o->registry, buf_span(&o->text), why) : rc;
}

/* The lines to paste, and the wait, as `trucban source KIND` has them. */
static int
row_connect(struct order *o)
{
	struct source_wanted w = { .kind = o->value[KIND], .address = o->address,
	    .wait_s = o->wait_s, .listener = o->value[LISTENER] };

	if (w.kind == NULL)
		return EXIT_DONE;
	if (o->wait_s > 0)
		w.from = o->value[FROM];
	return source_connect(&o->doctor, &w);
}

static int
verb_change(struct order *o)
{
	char path[REGISTER_PATH];
	struct why why = { "" };
	const char *name = "";
	int dirfd = -1;
	enum err rc = conf_check(o, &why);

	if (rc == OK)
		rc = folder_open(o, path, &name, &dirfd, &why);
	if (rc == OK)
		rc = register_open(o, &why);
	if (rc == OK)
		rc = verb_is(o, "import") ? source_take(&o->taken, &(struct source_given){
		    o->registry, o->doctor.conf, o->subject, o->replace }, &o->now, &o->act, &why) :
		    row_change(o, &why);
	if (rc == OK)
		rc = register_write(o, dirfd, name, &why);
	file_close(&dirfd);
	if (rc != OK)
		return refused(rc, &why);
	return verb_is(o, "add") ? row_connect(o) : EXIT_DONE;
}

static int
verb_export(struct order *o)
{
	struct why why = { "" };
	int fd = -1;
	enum err rc = conf_check(o, &why);

	if (rc == OK)
		rc = register_open(o, &why);
	if (rc == OK) {
		/* The mark without which a spreadsheet takes it for another coding. */
		if (o->subject != NULL)
			buf_str(&o->now, "\xef\xbb\xbf");
		registry_head_put(&o->now);
		for (uint32_t i = 0; i < registry_rows(o->registry); i++)
			registry_row_put(&o->now, registry_row(o->registry, i));
		if (o->subject == NULL)
			return take(NULL, buf_span(&o->now)) && fflush(stdout) == 0 ? EXIT_DONE :
			    EXIT_COULD_NOT;
		rc = file_open(&fd, AT_FDCWD, o->subject, FILE_READ_WRITE_NEW, &why);
	}
	if (rc == OK)
		rc = file_write_all(fd, buf_span(&o->now), &why);
	file_close(&fd);
	return rc == OK ? EXIT_DONE : refused(rc, &why);
}

/* list, unknown: what the desk says. */
static int
verb_show(struct order *o)
{
	bool color = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL;
	struct buf form = { 0 };
	struct why why = { "" };
	uint64_t found = 0;
	enum err rc;

	form_add(&form, "show", verb_is(o, "list") ? SPAN("expected") : SPAN("unknown"));
	form_add(&form, "start", span_str(o->since != NULL ? o->since : "7d"));
	form_add(&form, "format", span_str(o->json ? "json" : color ? "color" : "text"));
	form_add(&form, "lang", span_str(say("vi", "en")));
	if (desk_wide() != NULL)
		form_add(&form, "wide", span_str(desk_wide()));
	rc = desk_run(o->doctor.state, &(struct client_ask){ .path = "/trucban/coverage",
	    .form = buf_span(&form), .take = take, .found = &found }, &why);
	buf_done(&form);
	if (rc == OK)
		return found > 0 ? EXIT_FOUND : EXIT_DONE;
	(void)fprintf(stderr, say("trucban source: không hỏi được bàn trực ở %s: %s\n",
	    "trucban source: cannot ask the desk at %s: %s\n"), o->doctor.state,
	    reason_of(&why));
	return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
}

enum subject { SUBJECT_NONE, SUBJECT_MAY, SUBJECT_MUST };

static const struct verb {
	const char *name;
	int (*run)(struct order *order);
	enum subject subject;
} verbs[] = {
	{ "list", verb_show, SUBJECT_NONE }, { "unknown", verb_show, SUBJECT_NONE },
	{ "add", verb_change, SUBJECT_MUST }, { "set", verb_change, SUBJECT_MUST },
	{ "remove", verb_change, SUBJECT_MUST }, { "import", verb_change, SUBJECT_MUST },
	{ "export", verb_export, SUBJECT_MAY },
};

static const struct verb *
verb_find(const char *word)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (strcmp(verbs[i].name, word) == 0)
			return &verbs[i];
	return NULL;
}

bool
source_register_verb(const char *word)
{
	return verb_find(word) != NULL;
}

/* ---- options ---- */

static const struct option option[] = {
	{ "name", required_argument, NULL, 1 }, { "kind", required_argument, NULL, KIND },
	{ "from", required_argument, NULL, FROM }, { "host", required_argument, NULL, 4 },
	{ "listener", required_argument, NULL, 5 }, { "identity", required_argument, NULL, 6 },
	{ "unit", required_argument, NULL, 7 }, { "system", required_argument, NULL, 8 },
	{ "class", required_argument, NULL, 9 }, { "priority", required_argument, NULL, 10 },
	{ "pause", required_argument, NULL, 11 }, { "pause-office", required_argument, NULL, 12 },
	{ "contact", required_argument, NULL, 13 }, { "json", no_argument, NULL, OPT_JSON },
	{ "since", required_argument, NULL, OPT_SINCE },
	{ "wait", required_argument, NULL, OPT_WAIT },
	{ "replace", no_argument, NULL, OPT_REPLACE },
	{ "address", required_argument, NULL, OPT_ADDRESS },
	{ "config", required_argument, NULL, OPT_CONFIG },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "help", no_argument, NULL, OPT_HELP }, { NULL, 0, NULL, 0 },
};

/* A line's end in a value would begin another row. */
static bool
is_plain(const char *text)
{
	for (; *text != '\0'; text++)
		if ((unsigned char)*text < 0x20)
			return false;
	return true;
}

static bool
option_take(struct order *o, int code)
{
	char *end;

	switch (code) {
	case OPT_JSON:
		o->json = true;
		break;
	case OPT_SINCE:
		o->since = optarg;
		break;
	case OPT_WAIT:
		o->wait_s = strtol(optarg, &end, 10);
		return *end == '\0' && o->wait_s > 0 && o->wait_s <= 86400;
	case OPT_REPLACE:
		o->replace = true;
		break;
	case OPT_ADDRESS:
		o->address = optarg;
		break;
	case OPT_CONFIG:
		o->doctor.conf_path = optarg;
		break;
	case OPT_STATE:
		o->doctor.state = optarg;
		break;
	case '?':
		return false;
	default:
		o->value[code] = optarg;
		return is_plain(optarg);
	}
	return true;
}

/* NULL: it can be done. */
static const char *
order_wrong(const struct order *o, const struct verb *verb, int left, struct why *why)
{
	struct span block;

	if (left > (verb->subject == SUBJECT_NONE ? 0 : 1))
		return say("thừa tham số", "too many arguments");
	if (left > 0 && !is_plain(o->subject))
		return say("tên có ký tự điều khiển", "the name has control characters");
	if (verb->subject == SUBJECT_MUST && left == 0)
		return say("thiếu tên nguồn hoặc tên tệp", "the source's name, or the file's, is "
		    "missing");
	if (o->value[KIND] != NULL && o->value[KIND][0] != '\0' &&
	    !kinds_find(content_sources, span_str(o->value[KIND]), &block)) {
		(void)kinds_wrong(content_sources, span_str(o->value[KIND]), why);
		return why->text;
	}
	if (o->wait_s > 0 && (o->value[FROM] == NULL || !source_is_address(o->value[FROM])))
		return say("--wait cần --from là một địa chỉ", "--wait needs --from, an address");
	return NULL;
}

const char *
source_register_usage(void)
{
	return say(usage_vi, usage_en);
}

int
source_register(int argc, char **argv)
{
	struct order o = { .verb = argv[0] };
	const struct verb *verb = verb_find(argv[0]);
	const char *wrong = NULL;
	struct why why;
	int code, rc;

	while ((code = options_next(argc, argv, "", option)) != -1) {
		if (code == OPT_HELP)
			return fputs(source_register_usage(), stdout) < 0 ? EXIT_COULD_NOT :
			    EXIT_DONE;
		if (!option_take(&o, code))
			wrong = say("sai tùy chọn", "a wrong option");
	}
	o.subject = optind < argc ? argv[optind] : NULL;
	if (wrong == NULL)
		wrong = order_wrong(&o, verb, argc - optind, &why);
	if (wrong != NULL) {
		(void)fprintf(stderr, say("trucban source %s: %s; xem --help\n",
		    "trucban source %s: %s; see --help\n"), o.verb, wrong);
		return EXIT_USAGE;
	}
	doctor_open(&o.doctor);
	rc = verb->run(&o);
	doctor_close(&o.doctor);
	registry_free(&o.registry);
	buf_done(&o.text);
	buf_done(&o.now);
	buf_done(&o.act);
	source_taken_done(&o.taken);
	return rc;
}
