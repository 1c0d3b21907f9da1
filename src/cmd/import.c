/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban import`: old logs into the running desk. Reads each file with the rights of who calls;
 * what is packed is decoded by a process that owns nothing (role/unpack.c). Sends every content
 * whole: the desk knows how much of it is stored.
 */
#include "cmd/import.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "parse/parse.h"
#include "role/unpack.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/reason.h"
#include "cmd/status_relay.h"

enum {
	PASSES_MOST = 20,		/* over one file */
	HOLES_FROM_MB = 64,		/* a smaller file may be all holes */
	WAIT_MS = 200,
	QUEUE_BYTES = 1 << 16,
};

static const char usage_vi[] =
    "Cách dùng: trucban import [tùy chọn] TỆP...\n\n"
    "Nhập nhật ký cũ vào bàn trực đang chạy. Đọc được tệp thường, gz, bz2, xz, zst, lz4, zip,\n"
    "tar, và các tệp ấy lồng trong nhau. Cùng một nội dung chỉ được lưu một lần: tệp đã dài\n"
    "thêm được nhập tiếp, tệp đã xoay vòng, đổi tên hay nén lại được nhận ra; hai dòng giống\n"
    "nhau trong một tệp thì giữ cả hai. Tệp UTF-16 được đổi sang UTF-8; tệp không phải văn\n"
    "bản bị từ chối nếu không nêu --format. Nhấn Ctrl-C để dừng; chạy lại thì đi tiếp.\n\n"
    "  --format DẠNG      syslog, plain, json, access, csv, w3c; không ghi thì đoán từ các\n"
    "                     dòng đầu và nói ra\n"
    "  --join KIỂU        nối các dòng của một bản ghi (vết lỗi, câu lệnh): indent, trace,\n"
    "                     stamp, postgresql, start:CHỮ; xem man trucban, mục RECORDS OF\n"
    "                     SEVERAL LINES\n"
    "  --host TÊN         máy của các bản ghi không tự nêu tên máy\n"
    "  --app TÊN          ứng dụng của các bản ghi không tự nêu tên ứng dụng\n"
    "  --unit SỐ          đơn vị có nhật ký này\n"
    "  --class TÊN        loại lưu giữ (mặc định là loại đầu tiên trong cấu hình)\n"
    "  --json             mỗi tệp một đối tượng JSON, cuối cùng là tổng\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n\n"
    "Thời hạn lưu giữ tính từ lúc NHẬP, không từ giờ ghi trong nhật ký: bản ghi của năm ngoái,\n"
    "nhập hôm nay vào loại 365 ngày, còn ở đó 365 ngày nữa. Nội dung đã nhập thì không nhập lại\n"
    "được dưới tên máy khác. Mỗi tệp nhập vào là một dòng trong sổ hành động.\n";
static const char usage_en[] =
    "Usage: trucban import [options] FILE...\n\n"
    "Brings old logs into the running desk. Reads plain files, gz, bz2, xz, zst, lz4, zip, tar,\n"
    "and these inside of each other. The same content is stored once: a file that has grown\n"
    "goes on, one that was rotated, renamed or packed is known again; lines that are alike\n"
    "within one file are all kept. UTF-16 is decoded to UTF-8; what is no text is refused\n"
    "unless --format is said. Ctrl-C stops; run again, it goes on.\n\n"
    "  --format FORM      syslog, plain, json, access, csv, w3c; else guessed from the first\n"
    "                     lines, and said\n"
    "  --join KIND        joins the lines of a record (traces, statements): indent, trace,\n"
    "                     stamp, postgresql, start:TEXT; see man trucban, RECORDS OF SEVERAL\n"
    "                     LINES\n"
    "  --host NAME        host of records that name none\n"
    "  --app NAME         application of records that name none\n"
    "  --unit NUMBER      the unit whose logs they are\n"
    "  --class NAME       retention class (default: the first one of the configuration)\n"
    "  --json             one JSON object a file, at last the sum\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n\n"
    "Retention counts from the IMPORT, not from the time in the logs: records of last year,\n"
    "imported today in a class of 365 days, stay for 365 days more. What was imported cannot\n"
    "be imported again under another host. Each file is a row of the ledger.\n";

static volatile bool cancelled;

static void
on_interrupt(int sig)
{
	(void)sig;
	cancelled = true;
}

/* ---- passes ---- */

/* Is the member wanted in this pass? The first pass wants all. */
struct pass {
	unsigned number;
	struct again *again;
	size_t nagain;
};

static bool
is_wanted(const struct pass *pass, uint64_t index, struct span *ret_avoid)
{
	*ret_avoid = span_of(NULL, 0);
	if (pass->number == 0)
		return true;
	for (size_t i = 0; i < pass->nagain; i++)
		if (pass->again[i].index == index) {
			*ret_avoid = buf_span(&pass->again[i].avoid);
			return true;
		}
	return false;
}

static enum err
interrupted(struct why *why)
{
	return cancelled ? why_set(why, ERR_BUSY, "interrupted") : OK;
}

/* ---- plain files ---- */

static enum err
plain_send(struct run *run, int fd, const char *name, int64_t mtime_ns, const struct pass *pass,
    struct why *why)
{
	static uint8_t piece[IMPORT_PIECE];
	struct why trouble = { "" };
	struct span avoid;
	uint64_t at = 0;
	size_t n = 1;
	enum err rc = OK, read_rc = OK;

	(void)is_wanted(pass, 0, &avoid);
	coded_file(run, name, 0, mtime_ns, avoid);
	while (rc == OK && n > 0 && read_rc == OK && !cancelled) {
		read_rc = file_pread(fd, piece, sizeof piece, at, &n, &trouble);
		if (read_rc == OK)
			rc = coded_data(run, span_of(piece, n), why);
		at += n;
		run->at = at;
		tell_progress(run, name);
	}
	if (rc == OK || rc == ERR_BUSY)
		rc = coded_end(run, read_rc != OK ? trouble.text : cancelled ? "interrupted" : NULL,
		    why);
	return rc == OK ? interrupted(why) : rc;
}

/* ---- packed files ---- */

struct unpacking {
	struct run *run;
	const struct pass *pass;
	const char *name;		/* of the packed file */
	int64_t mtime_ns;
	uint64_t index;			/* of the next member */
	bool open, sending;		/* a member; it is wanted */
	bool over;
};

static enum err
member_begin(struct unpacking *u, struct span body, struct why *why)
{
	struct cur in = cur_of(body);
	int64_t mtime_ns = (int64_t)cur_u64(&in);
	struct span own = cur_span(&in, cur_left(&in)), avoid;
	uint64_t index = u->index++;
	struct buf name = { 0 };

	if (in.bad || u->open)
		return why_set(why, ERR_FORMAT, "the unpacking process says nonsense");
	u->open = true;
	u->sending = is_wanted(u->pass, index, &avoid);
	buf_str(&name, u->name);
	if (own.n > 0)
		buf_u8(&name, '/');
	buf_span_put(&name, span_sub(own, 0, 2048));
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '\0')
			name.p[i] = '?';
	buf_u8(&name, '\0');
	if (u->sending)
		coded_file(u->run, (const char *)name.p, index,
		    mtime_ns > 0 ? mtime_ns : u->mtime_ns, avoid);
	buf_done(&name);
	return OK;
}

static enum err
member_end(struct unpacking *u, struct span text, struct why *why)
{
	char trouble[512];

	u->open = false;
	if (!u->sending)
		return OK;
	(void)snprintf(trouble, sizeof trouble, "%.*s", (int)text.n, (const char *)text.p);
	return coded_end(u->run, text.n > 0 ? trouble : NULL, why);
}

static enum err
unpack_message(struct unpacking *u, const struct chan_msg *msg, struct why *why)
{
	char text[512];

	u->run->at = msg->tag;
	tell_progress(u->run, u->name);
	switch (msg->type) {
	case UNPACK_MEMBER:
		return member_begin(u, msg->body, why);
	case UNPACK_DATA:
		return u->open && u->sending ? coded_data(u->run, msg->body, why) : OK;
	case UNPACK_END:
		return u->open ? member_end(u, span_sub(msg->body, 0, 400), why) : OK;
	case UNPACK_OVER:
		u->over = true;
		(void)snprintf(text, sizeof text, "%.*s", (int)(msg->body.n < 400 ? msg->body.n :
		    400), (const char *)msg->body.p);
		if (text[0] != '\0' && u->pass->number == 0)
			tell_failed(u->run, u->name, text);
		return OK;
	default:
		return why_set(why, ERR_FORMAT, "the unpacking process says nonsense");
	}
}

/* Reads what it says until it is over; a process that dies of a file leaves that file broken. */
static enum err
unpack_listen(struct unpacking *u, struct chan *chan, struct why *why)
{
	struct chan_msg msg;
	enum err rc = OK, got;

	while (rc == OK && !u->over && !cancelled) {
		got = chan_recv_wait(chan, &msg, WAIT_MS, why);
		if (got == ERR_BUSY)
			continue;
		if (got != OK)
			break;
		file_close(&msg.fd);
		rc = unpack_message(u, &msg, why);
	}
	if (u->open && u->sending && (rc == OK || rc == ERR_BUSY))
		rc = coded_end(u->run, cancelled ? "interrupted" : "it cannot be unpacked", why);
	if (rc == OK && !u->over && !cancelled)
		tell_failed(u->run, u->name, say("tiến trình giải nén đã chết vì tệp này",
		    "the process that unpacks died of it"));
	return rc == OK ? interrupted(why) : rc;
}

static enum err
packed_send(struct run *run, int fd, const char *name, int64_t mtime_ns, const struct pass *pass,
    struct why *why)
{
	static const char *const arg[] = { "p", "l" };
	struct unpacking u = { .run = run, .pass = pass, .name = name, .mtime_ns = mtime_ns };
	struct proc_spec spec = { .role = "unpack", .arg = arg, .narg = 2, .nfd = 2 };
	struct proc_end end;
	struct chan *chan;
	int pair[2], given[2];
	pid_t pid = 0;
	enum err rc;

	rc = chan_pair(pair, why);
	if (rc != OK)
		return rc;
	given[0] = pair[1];
	given[1] = fd;
	spec.fd = given;
	(void)lseek(fd, 0, SEEK_SET);
	rc = proc_start(&pid, &spec, why);
	file_close(&pair[1]);
	chan = chan_new(pair[0], UNPACK_LIMIT, QUEUE_BYTES);
	if (rc == OK)
		rc = unpack_listen(&u, chan, why);
	chan_free(&chan);
	if (pid > 0) {
		/* It may wait for us to take more. */
		(void)kill(pid, SIGKILL);
		(void)proc_wait(pid, &end, NULL);
	}
	return rc;
}

/* ---- one name of the command line ---- */

static bool
ends_with(const char *name, const char *end)
{
	size_t n = strlen(name), m = strlen(end);

	return n >= m && strcmp(name + n - m, end) == 0;
}

static enum err
is_packed(int fd, const char *name, bool *ret_packed, struct why *why)
{
	uint8_t first[UNPACK_MAGIC];
	size_t n = 0;
	enum err rc = file_pread(fd, first, sizeof first, 0, &n, why);

	*ret_packed = ends_with(name, ".tar") || unpack_looks_packed(span_of(first, n));
	return rc;
}

/* A regular file that can be read. */
static enum err
input_open(int *ret_fd, struct stat *st, const char *name, struct why *why)
{
	/* Not file_open: a FIFO must not be waited for, and is told from what cannot be read. */
	int fd = open(name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return why_errno(why, file_err(errno), errno, "cannot be opened");
	if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode)) {
		(void)close(fd);
		return why_set(why, ERR_FORMAT, "is no regular file");
	}
	if (st->st_size > (off_t)HOLES_FROM_MB << 20 &&
	    st->st_blocks * 512 < st->st_size / LIMIT_EXPANSION) {
		(void)close(fd);
		return why_set(why, ERR_LIMIT, "is nearly all holes");
	}
	*ret_fd = fd;
	return OK;
}

static void
pass_done(struct pass *pass)
{
	for (size_t i = 0; i < pass->nagain; i++)
		buf_done(&pass->again[i].avoid);
	free(pass->again);
	pass->again = NULL;
	pass->nagain = 0;
}

/* What is to be sent once more, with all that it was found not to be. */
static void
pass_next(struct pass *pass, struct run *run)
{
	for (size_t i = 0; i < run->nagain; i++) {
		struct span before;
		struct buf all = { 0 };

		if (pass->number > 0 && is_wanted(pass, run->again[i].index, &before))
			buf_span_put(&all, before);
		buf_span_put(&all, buf_span(&run->again[i].avoid));
		buf_done(&run->again[i].avoid);
		run->again[i].avoid = all;
	}
	pass_done(pass);
	pass->again = run->again;
	pass->nagain = run->nagain;
	pass->number++;
	run->again = NULL;
	run->nagain = 0;
}

/* Not OK: nothing more can be done. */
static enum err
file_import(struct run *run, const char *name, struct why *why)
{
	struct pass pass = { .number = 0 };
	struct why trouble = { "" };
	bool packed = false;
	struct stat st;
	int fd = -1;
	enum err rc = OK;

	run->at = 0;
	run->said = 0;
	if (input_open(&fd, &st, name, &trouble) != OK ||
	    is_packed(fd, name, &packed, &trouble) != OK) {
		tell_failed(run, name, trouble.text);
		file_close(&fd);
		return OK;
	}
	do {
		int64_t mtime_ns = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec;

		rc = packed ? packed_send(run, fd, name, mtime_ns, &pass, why) :
		    plain_send(run, fd, name, mtime_ns, &pass, why);
		if (rc == OK || rc == ERR_BUSY)
			rc = desk_wait(run, why);
		pass_next(&pass, run);
	} while (rc == OK && pass.nagain > 0 && pass.number < PASSES_MOST && !cancelled);
	if (pass.nagain > 0 && rc == OK && !cancelled)
		tell_failed(run, name, say("đang thay đổi, hãy nhập lại sau",
		    "it changes while it is read, import it later"));
	pass_done(&pass);
	file_close(&fd);
	run->before += (uint64_t)st.st_size;
	return rc == OK ? interrupted(why) : rc;
}

static int
run_all(struct run *run, char **name, int n)
{
	struct why why = { "" };
	struct stat st;
	enum err rc;

	for (int i = 0; i < n; i++)
		if (stat(name[i], &st) == 0 && S_ISREG(st.st_mode))
			run->total += (uint64_t)st.st_size;
	run->begin_ns = clock_mono_ns();
	rc = desk_open(run, &why);
	if (rc != OK && status_relay_instead(rc, run->state, NULL, &why) != rc) {
		(void)fprintf(stderr, "trucban: %s\n", why.text);
		return EXIT_COULD_NOT;
	}
	if (rc != OK) {
		(void)fprintf(stderr, say("trucban: không nhập được vào bàn trực ở %s: %s. Bàn "
		    "trực đang chạy chưa?\n", "trucban: cannot import into the desk at %s: %s. "
		    "Is it running?\n"), run->state, reason_of(&why));
		return EXIT_COULD_NOT;
	}
	for (int i = 0; i < n && rc == OK; i++)
		rc = file_import(run, name[i], &why);
	tell_progress_end(run);
	coded_done(run);
	desk_close(run);
	tell_sum(run);
	if (rc != OK && !cancelled)
		(void)fprintf(stderr, say("trucban: dừng giữa chừng: %s; chạy lại lệnh này để đi "
		    "tiếp\n", "trucban: stopped in the middle: %s; run it again to go on\n"),
		    reason_of(&why));
	if (rc != OK || cancelled)
		return EXIT_COULD_NOT;
	return run->failed > 0 ? EXIT_FOUND : EXIT_DONE;
}

/* ---- the command line ---- */

enum option_code { OPT_FORMAT = 256, OPT_JOIN, OPT_HOST, OPT_APP, OPT_UNIT, OPT_CLASS, OPT_JSON,
	OPT_STATE, OPT_HELP };

static const struct option option[] = {
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "join", required_argument, NULL, OPT_JOIN },
	{ "host", required_argument, NULL, OPT_HOST },
	{ "app", required_argument, NULL, OPT_APP },
	{ "unit", required_argument, NULL, OPT_UNIT },
	{ "class", required_argument, NULL, OPT_CLASS },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "state", required_argument, NULL, OPT_STATE },
	{ "help", no_argument, NULL, OPT_HELP },
	{ NULL, 0, NULL, 0 },
};

static bool
unit_read(const char *text, uint64_t *ret)
{
	char *end = NULL;

	errno = 0;
	*ret = strtoull(text, &end, 10);
	return errno == 0 && text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
	    *ret <= INT64_MAX;
}

/* False: it is used wrongly. */
static bool
option_take(struct run *run, int c)
{
	struct import_file *like = &run->like;
	struct span text = span_str(optarg != NULL ? optarg : "");
	struct join join;

	switch (c) {
	case OPT_FORMAT:
		like->form = (uint8_t)parse_form_of(text);
		return like->form < FORM_END && like->form != FORM_JSON_VALUES;
	case OPT_JOIN:
		like->join = text;
		return text.n > 0 && join_read(&join, text);
	case OPT_HOST:
		like->host = text;
		return text.n <= LIMIT_NAME_BYTES;
	case OPT_APP:
		like->app = text;
		return text.n <= LIMIT_NAME_BYTES;
	case OPT_UNIT:
		return unit_read(optarg, &like->unit);
	case OPT_CLASS:
		like->class = text;
		return text.n <= LIMIT_NAME_BYTES;
	case OPT_JSON:
		run->json = true;
		return true;
	case OPT_STATE:
		run->state = optarg;
		return true;
	default:
		return false;
	}
}

int
cmd_import(int argc, char **argv)
{
	const struct sigaction stop = { .sa_handler = on_interrupt };
	struct run run = { .state = state_default(), .cancelled = &cancelled };
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == OPT_HELP || !option_take(&run, c)) {
			if (c != OPT_HELP && c != '?')
				(void)fprintf(stderr, say("trucban import: giá trị '%s' không dùng "
				    "được\n", "trucban import: the value '%s' cannot be used\n"),
				    optarg != NULL ? optarg : "");
			(void)fputs(say(usage_vi, usage_en), c == OPT_HELP ? stdout : stderr);
			return c == OPT_HELP ? EXIT_DONE : EXIT_USAGE;
		}
	}
	if (run.like.join.n > 0 && run.like.form != FORM_AUTO && run.like.form != FORM_SYSLOG &&
	    run.like.form != FORM_PLAIN) {
		(void)fprintf(stderr, "%s\n", say("trucban import: --join chỉ dùng với --format "
		    "syslog hoặc plain", "trucban import: --join goes with --format syslog or "
		    "plain only"));
		return EXIT_USAGE;
	}
	if (optind >= argc) {
		(void)fprintf(stderr, "%s\n", say("trucban import: cần ít nhất một tệp; xem --help",
		    "trucban import: at least one file is needed; see --help"));
		return EXIT_USAGE;
	}
	run.progress = !run.json && isatty(STDERR_FILENO) == 1;
	(void)sigaction(SIGINT, &stop, NULL);
	(void)sigaction(SIGTERM, &stop, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
	return run_all(&run, argv + optind, argc - optind);
}
