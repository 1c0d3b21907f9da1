/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban verify`: is this store what was sealed? store/proof.h looks, cmd/verdict.h says what was
 * found. doc/formats/seal.md section 6. Also makes and checks the proof of one record (section 7).
 */
#include "cmd/cmd.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/must.h"
#include "model/line.h"
#include "model/rowproof.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "store/key.h"
#include "store/proof.h"
#include "cmd/evidence_verify.h"
#include "cmd/options.h"
#include "cmd/verdict.h"

enum {
	SHOWN_MAX = 200,		/* findings on the screen; --json has all */
	KEYS_MAX = 16,
	THREADS_MAX = 256,
	AGAINST_BYTES = 64 << 20,	/* a year of anchor lines has 60 MB */
	FILE_BYTES = 4 << 20,
	OFFICE_ZONE_S = 7 * 3600
};

typedef unsigned long long ull;

static const char usage_vi[] =
    "Cách dùng: trucban verify [--store THƯ_MỤC] [--key KHÓA]... [--against TỆP] [--since LÚC]\n"
    "                          [--json]\n"
    "           trucban verify --prove STREAM:EPOCH:SEQ [--store THƯ_MỤC]\n"
    "           trucban verify --proof TỆP --key KHÓA\n"
    "           trucban verify GÓI --key KHÓA [--against TỆP] [--json]\n\n"
    "Kiểm tra tính toàn vẹn: mọi bản ghi có đúng là bản đã niêm phong không, có thiếu, thừa, sửa,\n"
    "tráo hay không. Chỉ đọc; chạy được cả khi bàn trực đang chạy.\n\n"
    "  --store THƯ_MỤC    kho nhật ký (mặc định: kho của bàn trực trên máy này)\n"
    "  --key KHÓA         khóa công khai (tệp seal.vkey) hoặc dấu vân tay đã chép ra giấy; dùng\n"
    "                     nhiều lần được, cả cho khóa của bên chứng kiến\n"
    "  --against TỆP      mốc niêm phong giữ ở nơi khác (tệp checkpoint, hoặc nhật ký có dòng\n"
    "                     trucban-anchor/v1): phát hiện kho bị thay bằng bản cũ\n"
    "  --since LÚC        chỉ đọc lại bản ghi từ lúc này (2026-11-23 hay\n"
    "                     2026-11-23T06:00:00+07:00)\n"
    "  --state TỆP        nhớ phần đã kiểm, lần sau chỉ đọc phần mới (không dùng làm chứng cứ)\n"
    "  --store-key TỆP    khóa mã hóa kho, khi key/store.key không có ở đó\n"
    "  --threads N        số luồng (mặc định: số bộ xử lý)\n"
    "  --json             mỗi dòng một đối tượng JSON\n"
    "  --prove BẢN_GHI    in bằng chứng cho riêng một bản ghi, không lộ các bản ghi khác\n"
    "  --proof TỆP        kiểm tra một bằng chứng như thế, không cần kho\n"
    "  GÓI                gói dữ liệu của trucban evidence (.zip, .tar, hay thư mục đã giải\n"
    "                     nén); không cần bàn trực, không cần kho\n\n"
    "Mã kết thúc: 0 nguyên vẹn, 1 có việc cần người xem, 2 gọi sai cách, 3 không kiểm tra được.\n";
static const char usage_en[] =
    "Usage: trucban verify [--store DIR] [--key KEY]... [--against FILE] [--since TIME] [--json]\n"
    "       trucban verify --prove STREAM:EPOCH:SEQ [--store DIR]\n"
    "       trucban verify --proof FILE --key KEY\n"
    "       trucban verify PACKAGE --key KEY [--against FILE] [--json]\n\n"
    "Checks that every record is the one that was sealed, and that none is missing, doubled,\n"
    "changed or swapped. Reads only; may run while the desk runs.\n\n"
    "  --store DIR        the store (default: that of this machine's desk)\n"
    "  --key KEY          verifier key (file seal.vkey) or its fingerprint as on paper; may be\n"
    "                     given several times, for keys of witnesses too\n"
    "  --against FILE     a checkpoint that is kept elsewhere (the file, or a log with lines\n"
    "                     trucban-anchor/v1): finds a store that was swapped for an older copy\n"
    "  --since TIME       read only records from then on again (2026-11-23 or\n"
    "                     2026-11-23T06:00:00+07:00)\n"
    "  --state FILE       remember what was whole, read only what is new (not for evidence)\n"
    "  --store-key FILE   the store's encryption key, when key/store.key is not there\n"
    "  --threads N        threads (default: processors)\n"
    "  --json             one JSON object per line\n"
    "  --prove RECORD     print the proof of one record, which discloses no other\n"
    "  --proof FILE       check such a proof, without a store\n"
    "  PACKAGE            a package of trucban evidence (.zip, .tar, or the folder it was\n"
    "                     unpacked to); needs neither desk nor store\n\n"
    "Exit codes: 0 whole, 1 something needs a person, 2 usage, 3 could not be checked.\n";

struct verify {
	const char *store, *against, *since, *state, *store_key, *prove, *proof;
	const char *package;		/* the one word that is no option */
	const char *key[KEYS_MAX];
	int64_t since_ns;
	unsigned nkey;
	unsigned threads;
	bool json;
	/* while it runs */
	bool terminal;
	int64_t begun_ns, shown_ns;
	uint64_t shown;
	bool line_open;			/* progress stands on the line */
};

/* ---- callbacks ---- */

static void
line_clear(struct verify *v)
{
	if (v->line_open)
		(void)fputs("\r\033[K", stderr);
	v->line_open = false;
}

static void
on_finding(void *ctx, const struct proof_finding *f)
{
	struct verify *v = ctx;

	if (v->json) {
		verdict_finding_json(f);
	} else if (v->shown++ < SHOWN_MAX) {
		line_clear(v);
		verdict_finding_say(f);
	}
}

static bool
on_progress(void *ctx, uint64_t done, uint64_t all)
{
	struct verify *v = ctx;
	int64_t now = clock_mono_ns(), spent = now - v->begun_ns;
	double rate, left;

	if (!v->terminal || now - v->shown_ns < 200000000 || spent < 300000000 || all == 0)
		return true;
	v->shown_ns = now;
	rate = (double)done * 1e9 / (double)spent;
	left = rate > 0 ? (double)(all - done) / rate : 0;
	(void)fprintf(stderr, say("\r\033[K%.0f %%, %.0f MB/giây, còn khoảng %.0f giây",
	    "\r\033[K%.0f %%, %.0f MB/s, about %.0f s left"), 100.0 * (double)done / (double)all,
	    rate / 1e6, left);
	v->line_open = true;
	return true;
}

/* ---- what was asked ---- */

static enum err
operator_file(const char *name, size_t limit, struct buf *out, struct why *why)
{
	size_t n = 1;
	int fd = -1;
	enum err rc;

	rc = file_open(&fd, AT_FDCWD, name, FILE_READ_FOLLOW, why);
	while (rc == OK && n > 0) {
		if (out->n > limit) {
			rc = why_set(why, ERR_LIMIT, "%s: longer than %zu octets", name, limit);
			break;
		}
		buf_reserve(out, 65536);
		rc = file_read(fd, out->p + out->n, 65536, &n, why);
		out->n += rc == OK ? n : 0;
	}
	file_close(&fd);
	return rc;
}

/* A verifier key out of a file, or the store's own whose fingerprint this is. */
static enum err
key_of(struct note_key *ret, const char *text, int dirfd, struct why *why)
{
	struct buf file = { 0 };
	struct keys keys;
	enum err rc;

	if (operator_file(text, FILE_BYTES, &file, NULL) == OK) {
		rc = note_key_get(ret, buf_span(&file), why);
		buf_done(&file);
		return rc == OK ? OK : why_prefix(why, rc, "%s", text);
	}
	buf_done(&file);
	if (note_key_get(ret, span_str(text), NULL) == OK)
		return OK;
	if (dirfd < 0)
		return why_set(why, ERR_ABSENT, "%s: no such file", text);
	if (keys_load(&keys, dirfd, why) != OK)
		return ERR_ABSENT;
	rc = keys_by_fingerprint(ret, dirfd, span_str(text), why);
	keys_wipe(&keys);
	return rc;
}

static enum err
keys_of(const struct verify *v, int dirfd, struct note_key key[KEYS_MAX], struct why *why)
{
	enum err rc = OK;

	for (unsigned i = 0; rc == OK && i < v->nkey; i++)
		rc = key_of(&key[i], v->key[i], dirfd, why);
	return rc;
}

static bool
threads_of(const char *text, unsigned *ret_n)
{
	uint64_t n;

	if (!line_decimal(span_str(text), &n) || n == 0 || n > THREADS_MAX) {
		(void)fprintf(stderr, say("trucban: --threads là số từ 1 đến %d, không phải '%s'\n",
		    "trucban: --threads is a number from 1 to %d, not '%s'\n"), (int)THREADS_MAX,
		    text);
		return false;
	}
	*ret_n = (unsigned)n;
	return true;
}

/* False: it is no time, and that is said. */
static bool
since_of(const char *text, int64_t *ret_ns)
{
	struct civil_frame frame = { .near_ns = clock_wall_ns(), .zone_s = OFFICE_ZONE_S };
	struct buf full = { 0 };
	bool ok;

	buf_str(&full, text);
	if (full.n == 10)		/* a day: from its beginning */
		buf_str(&full, "T00:00:00");
	ok = civil_read(buf_span(&full), &frame, ret_ns);
	buf_done(&full);
	if (!ok)
		(void)fprintf(stderr, say("trucban: --since: '%.40s' không phải là thời gian; viết "
		    "2026-11-23 hoặc 2026-11-23T06:00:00+07:00\n", "trucban: --since: '%.40s' is "
		    "not a time; write 2026-11-23 or 2026-11-23T06:00:00+07:00\n"), text);
	return ok;
}

/* ---- the whole store ---- */

struct inputs {
	struct note_key key[KEYS_MAX];
	struct buf against, store_key;
};

static enum err
inputs_read(const struct verify *v, int dirfd, struct proof_options *o, struct inputs *in,
    struct why *why)
{
	enum err rc;

	rc = keys_of(v, dirfd, in->key, why);
	if (rc == OK && v->against != NULL)
		rc = operator_file(v->against, AGAINST_BYTES, &in->against, why);
	if (rc == OK && v->against != NULL && in->against.n == 0)
		rc = why_set(why, ERR_FORMAT, "%s: empty", v->against);
	if (rc == OK && v->store_key != NULL)
		rc = operator_file(v->store_key, FILE_BYTES, &in->store_key, why);
	if (rc == OK && v->store_key != NULL && in->store_key.n != KEY_BYTES)
		rc = why_set(why, ERR_FORMAT, "%s: not %d octets", v->store_key, (int)KEY_BYTES);
	o->since_ns = v->since_ns;
	o->trusted = in->key;
	o->ntrusted = v->nkey;
	o->against = buf_span(&in->against);
	o->store_key = v->store_key != NULL ? in->store_key.p : NULL;
	return rc;
}

/* The folder of the state file, and its name in there. */
static enum err
state_open(const struct verify *v, struct proof_options *o, struct why *why)
{
	const char *slash = strrchr(v->state, '/');
	struct buf folder = { 0 };
	struct stat st;
	enum err rc;

	if (stat(v->state, &st) == 0 && S_ISDIR(st.st_mode))
		return why_set(why, ERR_FORMAT, "%s is a directory; --state names a file "
		    "that verify keeps, --store the store", v->state);
	o->state_name = slash != NULL ? slash + 1 : v->state;
	if (slash == NULL)
		buf_str(&folder, ".");
	else
		buf_put(&folder, v->state, slash > v->state ? (size_t)(slash - v->state) : 1);
	buf_u8(&folder, '\0');
	rc = dir_open(&o->state_dirfd, AT_FDCWD, (const char *)folder.p, why);
	buf_done(&folder);
	return rc;
}

static int
store_verify(struct verify *v, int dirfd, struct why *why)
{
	struct proof_options o = { .finding = on_finding, .progress = on_progress, .ctx = v,
	    .threads = v->threads, .state_dirfd = -1 };
	struct inputs *in = xcalloc(1, sizeof *in);
	struct proof_result r;
	int64_t spent;
	enum err rc;

	memset(&r, 0, sizeof r);
	v->terminal = !v->json && isatty(STDERR_FILENO) == 1;
	v->begun_ns = clock_mono_ns();
	rc = inputs_read(v, dirfd, &o, in, why);
	if (rc == OK && v->state != NULL)
		rc = state_open(v, &o, why);
	if (rc == OK)
		rc = proof_verify(dirfd, &o, &r, why);
	spent = clock_mono_ns() - v->begun_ns;
	file_close(&o.state_dirfd);
	line_clear(v);
	if (in->store_key.p != NULL)
		explicit_bzero(in->store_key.p, in->store_key.n);
	buf_done(&in->against);
	buf_done(&in->store_key);
	free(in);
	if (rc != OK)		/* a fingerprint that is no key's of this store is a finding */
		return rc == ERR_PROOF ? EXIT_FOUND : EXIT_COULD_NOT;
	why->text[0] = '\0';
	if (v->json) {
		verdict_result_json(&r, spent);
	} else {
		if (v->shown > SHOWN_MAX)
			(void)printf(say("... và %llu điểm nữa (--json in hết)\n",
			    "... and %llu more (--json has all)\n"), (ull)(v->shown - SHOWN_MAX));
		verdict_result_say(&r, spent);
	}
	return r.count[PROOF_BAD] + r.count[PROOF_WARN] > 0 ? EXIT_FOUND : EXIT_DONE;
}

/* ---- one record ---- */

/* "raw:1:40231", or without the epoch: "raw:40231". */
static bool
record_of(const char *text, uint8_t *ret_stream, uint64_t *ret_seq)
{
	const char *colon = strchr(text, ':'), *last = strrchr(text, ':');
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;

	for (uint8_t s = 0; colon != NULL && s < STREAM_END; s++) {
		if (strlen(stream_name(s)) == n && memcmp(text, stream_name(s), n) == 0) {
			*ret_stream = s;
			return line_decimal(span_str(last + 1), ret_seq);
		}
	}
	return false;
}

/* Is it the proof of that record? A restored store gives numbers anew, in another epoch. */
static bool
is_named(struct span proof, const char *name)
{
	struct buf line = { 0 };
	bool is;

	if (strchr(name, ':') == strrchr(name, ':'))
		return true;		/* the epoch was left out */
	buf_printf(&line, "\nrecord %s\n", name);
	is = memmem(proof.p, proof.n, line.p, line.n) != NULL;
	buf_done(&line);
	return is;
}

static int
record_prove(const struct verify *v, int dirfd, struct why *why)
{
	struct buf out = { 0 };
	uint8_t stream;
	uint64_t seq;
	enum err rc;

	if (!record_of(v->prove, &stream, &seq)) {
		(void)why_set(why, ERR_FORMAT, "%s: not of the form STREAM:EPOCH:SEQ", v->prove);
		return EXIT_USAGE;
	}
	rc = proof_row(dirfd, NULL, stream, seq, &out, why);
	if (rc == OK && !is_named(buf_span(&out), v->prove))
		rc = why_set(why, ERR_ABSENT, "there is no record %s: its number is one of another "
		    "life of the store", v->prove);
	if (rc == OK)
		(void)fwrite(out.p, 1, out.n, stdout);
	buf_done(&out);
	return rc == OK ? EXIT_DONE : rc == ERR_PROOF ? EXIT_FOUND : EXIT_COULD_NOT;
}

static int
record_check(const struct verify *v, struct why *why)
{
	struct note_key key[KEYS_MAX];
	struct buf text = { 0 }, words = { 0 };
	enum err rc;

	rc = keys_of(v, -1, key, why);
	if (rc == OK)
		rc = operator_file(v->proof, FILE_BYTES, &text, why);
	if (rc == OK)
		rc = proof_row_check(buf_span(&text), key, v->nkey, &words, why);
	if (rc == OK)
		(void)printf("%s\n%.*s", say("Bằng chứng đúng: bản ghi này đã được niêm phong "
		    "như thế.",
		    "The proof holds: this record was sealed as it is."), (int)words.n,
		    (const char *)words.p);
	buf_done(&text);
	buf_done(&words);
	return rc == OK ? EXIT_DONE :
	    rc == ERR_PROOF || rc == ERR_FORMAT ? EXIT_FOUND : EXIT_COULD_NOT;
}

/* ---- the command ---- */

/* EXIT_DONE: go on. */
static int
options_read(struct verify *v, int argc, char **argv)
{
	static const struct option option[] = {
		{ "store", required_argument, NULL, 's' },
		{ "against", required_argument, NULL, 'a' },
		{ "since", required_argument, NULL, 'n' },
		{ "key", required_argument, NULL, 'k' },
		{ "state", required_argument, NULL, 'f' },
		{ "store-key", required_argument, NULL, 'e' },
		{ "threads", required_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "prove", required_argument, NULL, 'p' },
		{ "proof", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	const char **where[128] = { ['s'] = &v->store, ['a'] = &v->against, ['n'] = &v->since,
	    ['f'] = &v->state, ['e'] = &v->store_key, ['p'] = &v->prove, ['c'] = &v->proof };
	int c;

	while ((c = options_next(argc, argv, "", option)) != -1) {
		if (c == 'h') {
			(void)fputs(say(usage_vi, usage_en), stdout);
			return -1;
		}
		if (c == 'j')
			v->json = true;
		else if (c == 't' && threads_of(optarg, &v->threads))
			continue;
		else if (c == 'k' && v->nkey < KEYS_MAX)
			v->key[v->nkey++] = optarg;
		else if (c > 0 && c < 128 && where[c] != NULL)
			*where[c] = optarg;
		else
			return EXIT_USAGE;
	}
	if (optind + 1 == argc)
		v->package = argv[optind++];
	if (v->since != NULL && !since_of(v->since, &v->since_ns))
		return EXIT_USAGE;
	if (v->package != NULL && (v->proof != NULL || v->prove != NULL ||
	    v->since != NULL || v->state != NULL || v->store_key != NULL))
		return EXIT_USAGE;
	return optind == argc && (v->proof == NULL || v->nkey > 0) ? EXIT_DONE : EXIT_USAGE;
}

int
cmd_verify(int argc, char **argv)
{
	struct verify v = { .store = state_default() };
	struct why why = { "" };
	int dirfd = -1, code;

	code = options_read(&v, argc, argv);
	if (code != EXIT_DONE) {
		if (code == EXIT_USAGE)
			(void)fputs(say(usage_vi, usage_en), stderr);
		return code < 0 ? EXIT_DONE : code;
	}
	if (v.package != NULL)
		code = evidence_verify(&(struct evidence_ask){ .path = v.package, .key = v.key,
		    .nkey = v.nkey, .against = v.against, .json = v.json }, &why);
	else if (v.proof != NULL)
		code = record_check(&v, &why);
	else if (dir_open(&dirfd, AT_FDCWD, v.store, &why) != OK)
		code = EXIT_COULD_NOT;
	else if (v.prove != NULL)
		code = record_prove(&v, dirfd, &why);
	else
		code = store_verify(&v, dirfd, &why);
	file_close(&dirfd);
	if (why.text[0] != '\0' && code != EXIT_DONE)
		(void)fprintf(stderr, say("trucban: không kiểm tra được: %s\n",
		    "trucban: cannot verify: %s\n"), why.text);
	return code;
}
