/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban evidence export`: asks the running desk for records and their proofs and writes them as
 * a package for people who have no desk. doc/formats/evidence.md. The desk puts the export, and
 * then the sum of what was written, into its ledger.
 */
#include "cmd/cmd.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "model/line.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "evidence/bag.h"
#include "evidence/held.h"
#include "cmd/desk.h"
#include "cmd/options.h"
#include "cmd/package.h"
#include "cmd/reason.h"

enum { FORM_FILE_BYTES = 1 << 20, ANCHOR_FILE_BYTES = 64 << 20 };

typedef unsigned long long ull;

static const char usage_vi[] =
    "Cách dùng: trucban evidence export 'LOGSQL' -o TỆP [tùy chọn]\n"
    "           trucban evidence export --seq ĐẦU-CUỐI -o TỆP [tùy chọn]\n\n"
    "Trích xuất bản ghi nhật ký thành gói dữ liệu điện tử phục vụ xác minh (túi BagIt trong tệp\n"
    ".zip, hoặc .tar khi tên tệp ghi thế): đúng từng byte đã nhận, bằng chứng niêm phong của\n"
    "từng bản ghi, khóa công khai, biên bản giao nhận và trang hướng dẫn tự kiểm tra. Kiểm tra\n"
    "gói ở bất cứ đâu: trucban verify TỆP --key DẤU_VÂN_TAY.\n\n"
    "  -o, --output TỆP   gói sẽ ghi; không bao giờ ghi đè\n"
    "  --since T          từ lúc T, như trong trucban search\n"
    "  --until T          đến lúc T\n"
    "  --seq ĐẦU-CUỐI     chỉ các số thứ tự này; không kèm câu hỏi thì gói chứng minh được là\n"
    "                     đầy đủ trong dải ấy\n"
    "  --case CHỮ         vụ việc, số hồ sơ\n"
    "  --reason CHỮ       lý do, ai yêu cầu; ghi vào sổ hành động và vào gói\n"
    "  --person TÊN       người nhận\n"
    "  --stream TÊN       raw (mặc định), ledger (sổ hành động), findings (phát hiện)\n"
    "  --exact            phân biệt dấu và hoa thường như LogsQL gốc\n"
    "  --anchor TỆP       mốc niêm phong giữ ở nơi khác (tệp checkpoint, hoặc nhật ký có dòng\n"
    "                     trucban-anchor/v1): gói dẫn được tới các mốc này\n"
    "  --form TỆP         mẫu biên bản giao nhận riêng (HTML, có {{case}}, {{person}}, ...)\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n"
    "  --json             kết quả là một đối tượng JSON\n\n"
    "Nhiều nhất 2.000.000 bản ghi và, trong .zip, 4 GB một gói.\n";
static const char usage_en[] =
    "Usage: trucban evidence export 'LOGSQL' -o FILE [options]\n"
    "       trucban evidence export --seq FIRST-LAST -o FILE [options]\n\n"
    "Writes records as an evidence package (a BagIt bag in a .zip, or a .tar when FILE is named\n"
    "so): the exact octets received, the proof of each record, the public key, a record of\n"
    "delivery for two signatures and a page that says how to check all this without trucban.\n"
    "To check it anywhere: trucban verify FILE --key FINGERPRINT.\n\n"
    "  -o, --output FILE  the package; nothing is ever overwritten\n"
    "  --since T          from T on, as in trucban search\n"
    "  --until T          up to T\n"
    "  --seq FIRST-LAST   only these sequence numbers; without a query the package then proves\n"
    "                     that it is complete in that range\n"
    "  --case TEXT        case, file number\n"
    "  --reason TEXT      why, on whose demand; goes to the ledger and into the package\n"
    "  --person NAME      who receives it\n"
    "  --stream NAME      raw (default), ledger (what people did), findings\n"
    "  --exact            case and diacritics count, as in plain LogsQL\n"
    "  --anchor FILE      a checkpoint that is kept elsewhere (the file, or a log with lines\n"
    "                     trucban-anchor/v1): the package then leads to it\n"
    "  --form FILE        the office's own record of delivery (HTML with {{case}}, {{person}}...)\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n"
    "  --json             the result as one JSON object\n\n"
    "At most 2,000,000 records and, in a .zip, 4 GB a package.\n";

static volatile bool cancelled;

static void
on_interrupt(int sig)
{
	(void)sig;
	cancelled = true;
}

struct evidence {
	struct package_conf conf;
	const char *state, *seq, *form_path, *anchor_path;
	bool exact, json;
	/* while it runs */
	struct package *package;
	struct pieces pieces;
	struct why why;
	bool terminal, line_open;
	int64_t begun_ns, shown_ns;
	const char *phase;
};

/* ---- how far it is ---- */

static void
line_clear(struct evidence *e)
{
	if (e->line_open)
		(void)fputs("\r\033[K", stderr);
	e->line_open = false;
}

static bool
on_progress(void *ctx, const char *what, uint64_t done, uint64_t all)
{
	struct evidence *e = ctx;
	int64_t now = clock_mono_ns();
	double rate;

	if (e->phase != what) {
		e->phase = what;
		e->begun_ns = now;
	}
	if (!e->terminal || now - e->shown_ns < 200000000 || now - e->begun_ns < 200000000)
		return !cancelled;
	e->shown_ns = now;
	e->line_open = true;
	rate = (double)done * 1e9 / (double)(now - e->begun_ns);
	if (strcmp(what, "found") == 0)
		(void)fprintf(stderr, say("\r\033[Ktìm thấy %llu bản ghi, %.0f/giây",
		    "\r\033[K%llu records found, %.0f/s"), (ull)done, rate);
	else if (strcmp(what, "proven") == 0)
		(void)fprintf(stderr, say("\r\033[Klập bằng chứng %llu/%llu bản ghi, %.0f/giây, "
		    "còn khoảng %.0f giây", "\r\033[Kproven %llu of %llu records, %.0f/s, about "
		    "%.0f s left"), (ull)done, (ull)all, rate, (double)(all - done) / rate);
	else
		(void)fprintf(stderr, say("\r\033[Kghi gói %.0f %%, %.0f MB/giây, còn khoảng %.0f "
		    "giây", "\r\033[Kwriting %.0f %%, %.0f MB/s, about %.0f s left"),
		    100.0 * (double)done / (double)(all > done ? all : done), rate / 1e6,
		    all > done ? (double)(all - done) / rate : 0);
	return !cancelled;
}

/* ---- asking ---- */

static void
param(struct buf *form, const char *name, const char *value)
{
	if (value != NULL)
		form_add(form, name, span_str(value));
}

static bool
on_octets(void *ctx, struct span octets)
{
	struct evidence *e = ctx;

	return pieces_take(&e->pieces, octets, package_piece, e->package, &e->why) == OK;
}

static enum err
ask(struct evidence *e, const char *path, struct span form, answer_take_fn *take, struct why *why)
{

	return desk_run(e->state, &(struct client_ask){ .path = path, .form = form,
	    .take = take, .ctx = e, .cancel = &cancelled }, why);
}

/* Of which trees the desk has to prove that its own goes on from them. */
static enum err
anchors_param(const struct evidence *e, struct buf *form, struct why *why)
{
	struct held *held = xcalloc(HELD_MAX, sizeof *held);
	struct buf sizes = { 0 };
	unsigned n = 0;
	enum err rc = OK;

	if (e->conf.anchors.n > 0)
		rc = held_list(held, &n, e->conf.anchors, (struct span){ NULL, 0 }, why);
	for (unsigned i = 0; i < n; i++)
		buf_printf(&sizes, "%s%llu", i > 0 ? "," : "", (ull)held[i].size);
	if (n > 0)
		form_add(form, "anchors", buf_span(&sizes));
	buf_done(&sizes);
	free(held);
	return rc == OK ? OK : why_prefix(why, rc, "%s", e->anchor_path);
}

static enum err
records_ask(struct evidence *e, struct why *why)
{
	const struct package_conf *c = &e->conf;
	struct buf form = { 0 };
	char number[24];
	enum err rc;

	param(&form, "query", c->query);
	param(&form, "start", c->since);
	param(&form, "end", c->until);
	param(&form, "stream", c->stream);
	param(&form, "fold", e->exact ? "0" : "1");
	param(&form, "case", c->case_name);
	param(&form, "person", c->person);
	param(&form, "reason", c->reason);
	if (c->first_seq > 0) {
		(void)snprintf(number, sizeof number, "%llu", (ull)c->first_seq);
		param(&form, "first", number);
		(void)snprintf(number, sizeof number, "%llu", (ull)c->last_seq);
		param(&form, "last", number);
	}
	rc = anchors_param(e, &form, why);
	if (rc == OK)
		rc = ask(e, "/trucban/evidence", buf_span(&form), on_octets, why);
	buf_done(&form);
	/* The first thing that went wrong here ended the answer. */
	if (package_stopped(e->package, NULL) != OK)
		return package_stopped(e->package, why);
	if (e->why.text[0] != '\0')
		return why_set(why, ERR_FORMAT, "%s", e->why.text);
	return rc;
}

static bool
ignore(void *ctx, struct span octets)
{
	(void)ctx;
	(void)octets;
	return true;
}

/* What was written is on record too. */
static enum err
done_tell(struct evidence *e, const struct package_result *r, struct why *why)
{
	struct buf form = { 0 }, hex = { 0 };
	char number[24];
	enum err rc;

	sums_hex(&hex, r->file.sha256, SUMS_SHA256);
	form_add(&form, "sha256", buf_span(&hex));
	(void)snprintf(number, sizeof number, "%llu", (ull)r->records);
	param(&form, "records", number);
	param(&form, "case", e->conf.case_name);
	param(&form, "query", e->conf.query);
	rc = ask(e, "/trucban/evidence-done", buf_span(&form), ignore, why);
	buf_done(&form);
	buf_done(&hex);
	return rc == OK ? OK : why_prefix(why, rc, "the package is written, but the desk did not "
	    "note it in its ledger");
}

/* ---- what came of it ---- */

/* Was a whole range asked for? */
static bool
range_asked(const struct evidence *e)
{
	return e->conf.first_seq > 0 && strcmp(e->conf.query, "*") == 0 &&
	    e->conf.since == NULL && e->conf.until == NULL;
}

static bool
range_claimed(const struct evidence *e, const struct package_result *r)
{
	return range_asked(e) && e->conf.last_seq - e->conf.first_seq == r->records - 1;
}

static void
result_json(const struct evidence *e, const struct package_result *r)
{
	struct buf out = { 0 }, hex = { 0 };

	sums_hex(&hex, r->file.sha256, SUMS_SHA256);
	buf_str(&out, "{\"type\":\"evidence\",\"file\":\"");
	bag_json_put(&out, span_str(e->conf.path));
	buf_printf(&out, "\",\"bytes\":%llu,\"sha256\":\"%.*s\",\"records\":%llu,\"octets\":%llu,"
	    "\"complete\":%s,\"fingerprint\":\"%s\",\"checkpoint\":\"%s\",\"entries\":%llu}\n",
	    (ull)r->file.bytes, (int)hex.n, (const char *)hex.p, (ull)r->records,
	    (ull)r->octets, range_claimed(e, r) ? "true" : "false", r->fingerprint, r->code,
	    (ull)r->entries);
	(void)fwrite(out.p, 1, out.n, stdout);
	buf_done(&out);
	buf_done(&hex);
}

static void
result_say(const struct evidence *e, const struct package_result *r)
{
	struct buf hex = { 0 };

	sums_hex(&hex, r->file.sha256, SUMS_SHA256);
	(void)printf(say("Đã ghi %s: %llu bản ghi, %.1f MB.\nSHA-256: %.*s\nDấu vân tay khóa: %s\n"
	    "Mã ngắn của mốc niêm phong: %s\n", "Written %s: %llu records, %.1f MB.\n"
	    "SHA-256: %.*s\nFingerprint of the key: %s\nShort code of the checkpoint: %s\n"),
	    e->conf.path, (ull)r->records, (double)r->file.bytes / 1e6, (int)hex.n,
	    (const char *)hex.p, r->fingerprint, r->code);
	if (range_claimed(e, r))
		(void)printf(say("Gói chứng minh đầy đủ các số thứ tự %llu đến %llu.\n",
		    "It proves to be complete for the sequence numbers %llu to %llu.\n"),
		    (ull)e->conf.first_seq, (ull)e->conf.last_seq);
	else if (range_asked(e))
		(void)printf(say("KHÔNG ĐẦY ĐỦ: %llu số trong dải đã hỏi không còn "
		    "bản ghi (đã xóa theo quy tắc?).\n", "NOT COMPLETE: %llu numbers of the "
		    "range have no record any more (deleted by rule?).\n"),
		    (ull)(e->conf.last_seq - e->conf.first_seq + 1 - r->records));
	else
		(void)fputs(say("Gói chứng minh các bản ghi có trong kho, không chứng minh là đã "
		    "đủ mọi bản ghi khớp.\n", "It proves that the records are in the store, not "
		    "that there are no others that match.\n"), stdout);
	(void)printf(say("Kiểm tra: trucban verify %s --key '%s'\n",
	    "To check it: trucban verify %s --key '%s'\n"), e->conf.path, r->fingerprint);
	buf_done(&hex);
}

static int
export_run(struct evidence *e)
{
	struct package_result result;
	struct buf form = { 0 }, anchors = { 0 };
	struct why why = { "" };
	enum err rc = OK;

	e->terminal = !e->json && isatty(STDERR_FILENO) == 1;
	if (e->form_path != NULL)
		rc = file_read_named(e->form_path, FORM_FILE_BYTES, &form, &why);
	e->conf.form = buf_span(&form);
	if (rc == OK && e->anchor_path != NULL)
		rc = file_read_named(e->anchor_path, ANCHOR_FILE_BYTES, &anchors, &why);
	e->conf.anchors = buf_span(&anchors);
	if (rc == OK)
		rc = package_new(&e->package, &e->conf, &why);
	if (rc == OK)
		rc = records_ask(e, &why);
	if (rc == OK && cancelled)
		rc = why_set(&why, ERR_BUSY, "stopped");
	if (rc == OK)
		rc = package_end(e->package, &result, &why);
	line_clear(e);
	if (rc == OK) {
		rc = done_tell(e, &result, &why);
		if (e->json)
			result_json(e, &result);
		else
			result_say(e, &result);
	}
	package_free(&e->package);
	pieces_done(&e->pieces);
	buf_done(&form);
	buf_done(&anchors);
	if (rc == OK)
		return EXIT_DONE;
	(void)fprintf(stderr, "trucban evidence: %s\n", reason_of(&why));
	return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
}

/* ---- the command ---- */

/* "40231-40300" */
static bool
range_of(const char *text, uint64_t *ret_first, uint64_t *ret_last)
{
	const char *dash = strchr(text, '-');

	return dash != NULL && line_decimal(span_of(text, (size_t)(dash - text)), ret_first) &&
	    line_decimal(span_str(dash + 1), ret_last) && *ret_first >= 1 &&
	    *ret_first <= *ret_last;
}

/* EXIT_DONE: go on; -1: help was given. */
static int
options_read(struct evidence *e, int argc, char **argv)
{
	static const struct option option[] = {
		{ "output", required_argument, NULL, 'o' },
		{ "since", required_argument, NULL, 's' },
		{ "until", required_argument, NULL, 'u' },
		{ "seq", required_argument, NULL, 'q' },
		{ "case", required_argument, NULL, 'c' },
		{ "reason", required_argument, NULL, 'r' },
		{ "person", required_argument, NULL, 'p' },
		{ "stream", required_argument, NULL, 't' },
		{ "anchor", required_argument, NULL, 'a' },
		{ "form", required_argument, NULL, 'f' },
		{ "state", required_argument, NULL, 'd' },
		{ "exact", no_argument, NULL, 'x' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	struct package_conf *p = &e->conf;
	const char **where[128] = { ['o'] = &p->path, ['s'] = &p->since, ['u'] = &p->until,
	    ['q'] = &e->seq, ['c'] = &p->case_name, ['r'] = &p->reason, ['p'] = &p->person,
	    ['t'] = &p->stream, ['f'] = &e->form_path, ['a'] = &e->anchor_path, ['d'] = &e->state };
	int c;

	while ((c = options_next(argc, argv, "o:", option)) != -1) {
		if (c == 'h') {
			(void)fputs(say(usage_vi, usage_en), stdout);
			return -1;
		}
		if (c == 'x')
			e->exact = true;
		else if (c == 'j')
			e->json = true;
		else if (c > 0 && c < 128 && where[c] != NULL)
			*where[c] = optarg;
		else
			return EXIT_USAGE;
	}
	if (optind >= argc || strcmp(argv[optind], "export") != 0 || p->path == NULL)
		return EXIT_USAGE;
	p->query = optind + 1 < argc ? argv[optind + 1] : e->seq != NULL ? "*" : NULL;
	if (p->query == NULL || optind + 2 < argc ||
	    (e->seq != NULL && !range_of(e->seq, &p->first_seq, &p->last_seq)))
		return EXIT_USAGE;
	return EXIT_DONE;
}

int
cmd_evidence(int argc, char **argv)
{
	struct evidence e = { .state = state_default() };
	int code;

	e.conf.progress = on_progress;
	e.conf.ctx = &e;
	code = options_read(&e, argc, argv);
	if (code == EXIT_USAGE)
		(void)fputs(say(usage_vi, usage_en), stderr);
	if (code != EXIT_DONE)
		return code == -1 ? EXIT_DONE : code;
	(void)signal(SIGINT, on_interrupt);
	(void)signal(SIGPIPE, SIG_IGN);
	return export_run(&e);
}
