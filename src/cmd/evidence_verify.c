/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What evidence/check.h finds in a package, said to a person or a program. The details of a finding
 * are in English in both languages: they name files, lines and rules.
 */
#include "cmd/evidence_verify.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "model/rowproof.h"
#include "evidence/chain.h"
#include "evidence/check.h"
#include "store/key.h"
#include "web/render.h"
#include "cmd/certificate.h"
#include "cmd/cmd.h"

enum {
	SHOWN_MAX = 200,		/* records and findings on the screen; --json has all */
	VKEY_FILE_BYTES = 4096,
	AGAINST_BYTES = 64 << 20,	/* a year of anchor lines has 60 MB */
	INFO_SHOWN_BYTES = 4096,
	OFFICE_ZONE_S = 7 * 3600
};

typedef unsigned long long ull;

static bool in_english;			/* say() is not for signal handlers */

struct verdict {
	const struct evidence_ask *ask;
	struct span map[BAG_END];	/* one, or one for each file of a folder */
	struct archive archive;
	bool trusted;			/* the key was given */
	struct held held[HELD_MAX];	/* anchors that were given */
	unsigned nheld;
	bool terminal, line_open;
	int64_t begun_ns, shown_ns;
	uint64_t findings_shown, records_shown;
};

/* ---- while it runs ---- */

static void
line_clear(struct verdict *v)
{
	if (v->line_open)
		(void)fputs("\r\033[K", stderr);
	v->line_open = false;
}

static void
json_put(const char *name, const char *value)
{
	struct buf out = { 0 };

	bag_json_put(&out, span_str(value));
	(void)printf("\"%s\":\"%.*s\"", name, (int)out.n, (const char *)out.p);
	buf_done(&out);
}

static void
on_finding(void *ctx, const struct evidence_finding *f)
{
	struct verdict *v = ctx;

	if (v->ask->json) {
		(void)printf("{\"type\":\"finding\",\"rule\":%u,", f->rule);
		json_put("file", f->file);
		if (f->line > 0)
			(void)printf(",\"line\":%llu", (ull)f->line);
		if (f->record[0] != '\0') {
			(void)putchar(',');
			json_put("record", f->record);
		}
		(void)putchar(',');
		json_put("text", f->text);
		(void)puts("}");
		return;
	}
	if (v->findings_shown++ >= SHOWN_MAX)
		return;
	line_clear(v);
	(void)printf("%s: %s", say("KHÔNG KHỚP", "DOES NOT HOLD"), f->file);
	if (f->line > 0)
		(void)printf(" %s %llu", say("dòng", "line"), (ull)f->line);
	(void)printf("%s%s: %s [%s %u]\n", f->record[0] != '\0' ? ": " : "", f->record, f->text,
	    say("quy tắc", "rule"), f->rule);
}

static const char *
state_text(unsigned state)
{
	static const char *const vi[EVIDENCE_STATES] = { "đã chứng minh",
	    "BỊ SỬA ĐỔI TRÁI PHÉP", "BỊ MẤT", "KHÔNG CHỨNG MINH ĐƯỢC" };
	static const char *const en[EVIDENCE_STATES] = { "proven", "CHANGED", "MISSING",
	    "NOT INCLUDED" };

	return say(vi[state], en[state]);
}

/* In the office's zone, which is always printed. */
static const char *
time_text(int64_t ns, char text[CIVIL_TEXT_BYTES + 1])
{
	text[civil_put((uint8_t *)text, ns, 3, OFFICE_ZONE_S)] = '\0';
	return text;
}

static void
on_record(void *ctx, const struct evidence_record *r)
{
	char text[CIVIL_TEXT_BYTES + 1];
	struct verdict *v = ctx;

	if (v->ask->json) {
		(void)printf("{\"type\":\"record\",\"record\":\"%s\",\"state\":\"%s\",\"line\":"
		    "%llu}\n", r->name, evidence_state_name(r->state), (ull)r->line);
		return;
	}
	if (v->records_shown++ >= SHOWN_MAX)
		return;
	line_clear(v);
	(void)printf(say("%s: %s, nhận lúc %s, dòng %llu\n", "%s: %s, received %s, line %llu\n"),
	    r->name, state_text(r->state), time_text(r->recv_ns, text), (ull)r->line);
}

static bool
on_progress(void *ctx, uint64_t done, uint64_t all)
{
	struct verdict *v = ctx;
	int64_t now = clock_mono_ns(), spent = now - v->begun_ns;
	double rate;

	if (!v->terminal || now - v->shown_ns < 200000000 || spent < 300000000 || all < done)
		return true;
	v->shown_ns = now;
	rate = (double)done * 1e9 / (double)spent;
	(void)fprintf(stderr, say("\r\033[K%.0f %%, %.0f MB/giây, còn khoảng %.0f giây",
	    "\r\033[K%.0f %%, %.0f MB/s, about %.0f s left"), 100.0 * (double)done / (double)all,
	    rate / 1e6, rate > 0 ? (double)(all - done) / rate : 0);
	v->line_open = true;
	return true;
}

/* ---- the package ---- */

/*
 * The package is mapped. Where somebody shortens it meanwhile the kernel has nothing to give and
 * sends this signal; all that may be done then is to say so and end.
 */
static void
on_shortened(int sig)
{
	static const char vi[] = "\ntrucban: không kiểm tra được: gói bị cắt ngắn trong lúc đọc; "
	    "chép gói ra chỗ khác rồi kiểm tra lại\n";
	static const char en[] = "\ntrucban: cannot verify: the package was shortened while it was "
	    "read; copy it elsewhere and verify it again\n";
	const char *text = in_english ? en : vi;

	(void)sig;
	(void)!write(STDERR_FILENO, text, in_english ? sizeof en - 1 : sizeof vi - 1);
	_exit(EXIT_COULD_NOT);
}

static void
shortening_watch(void)
{
	const struct sigaction action = { .sa_handler = on_shortened };

	in_english = strcmp(say("vi", "en"), "en") == 0;
	(void)sigaction(SIGBUS, &action, NULL);
}

static enum err
map_file(struct span *ret_map, int dirfd, const char *name, enum file_mode mode, struct why *why)
{
	uint64_t size = 0;
	int fd = -1;
	enum err rc;

	rc = file_open(&fd, dirfd, name, mode, why);
	if (rc == OK)
		rc = file_size(fd, &size, why);
	if (rc == OK)
		rc = file_map(ret_map, fd, (size_t)size, why);
	file_close(&fd);
	return rc;
}

/* A folder: only the files that a package has are looked at. */
static enum err
folder_take(struct verdict *v, int dirfd, struct why *why)
{
	for (unsigned i = 0; i < BAG_END; i++) {
		enum err rc = map_file(&v->map[i], dirfd, bag_name(i), FILE_READ, why);

		if (rc != OK && rc != ERR_ABSENT)
			return rc;
		v->archive.file[i] = v->map[i];
		if (rc == OK && v->map[i].p == NULL)
			v->archive.file[i].p = (const uint8_t *)"";
	}
	return OK;
}

static enum err
package_take(struct verdict *v, struct why *why)
{
	int dirfd = -1;
	enum err rc;

	if (dir_open(&dirfd, AT_FDCWD, v->ask->path, NULL) == OK) {
		rc = folder_take(v, dirfd, why);
		file_close(&dirfd);
		return rc;
	}
	rc = map_file(&v->map[0], AT_FDCWD, v->ask->path, FILE_READ_FOLLOW, why);
	if (rc == OK) {
		rc = archive_read(&v->archive, v->map[0], why);
		if (rc != OK)
			rc = why_prefix(why, ERR_PROOF, "%s", v->ask->path);
	}
	return rc;
}

/* Is this the key that was given as text: a file, the key itself or its fingerprint? */
static bool
key_is(const struct note_key *key, const char *text)
{
	struct buf file = { 0 };
	struct note_key given;
	bool same;

	if (file_read_named(text, VKEY_FILE_BYTES, &file, NULL) == OK &&
	    note_key_get(&given, buf_span(&file), NULL) == OK)
		same = note_key_eq(&given, key);
	else if (note_key_get(&given, span_str(text), NULL) == OK)
		same = note_key_eq(&given, key);
	else
		same = key_fingerprint_is(key, span_str(text));
	buf_done(&file);
	return same;
}

/* Or the last of those that replaced it, each signed by the one before. */
static bool
key_follows(const struct verdict *v, const struct note_key *own, const char *text)
{
	struct span rest = v->archive.file[BAG_KEYS];
	struct chain_link link;
	struct note_key now;
	uint64_t line = 0;
	bool begun = false;

	while (chain_get(&link, &rest, &line, NULL) == OK) {
		if (!begun && key_is(&link.old_key, text)) {
			now = link.old_key;
			begun = true;
		}
		if (begun && note_key_eq(&now, &link.old_key))
			now = link.new_key;
	}
	return begun && note_key_eq(&now, own);
}

/* Is the package's key one of those that were given? */
static enum err
key_trust(struct verdict *v, const struct note_key *own, struct why *why)
{
	char fingerprint[KEY_FINGERPRINT_BYTES];

	for (unsigned i = 0; i < v->ask->nkey && !v->trusted; i++)
		v->trusted = key_is(own, v->ask->key[i]) ||
		    key_follows(v, own, v->ask->key[i]);
	if (v->trusted || v->ask->nkey == 0)
		return OK;
	key_fingerprint(fingerprint, own);
	on_finding(v, &(struct evidence_finding){ .rule = 7, .file = bag_name(BAG_VKEY),
	    .record = "", .text = "the package names another key than the one that was given; "
	    "nothing in it is believed" });
	return why_set(why, ERR_PROOF, "the package's key has the fingerprint %s", fingerprint);
}

static enum err
anchors_take(struct verdict *v, const struct note_key *key, struct why *why)
{
	struct buf text = { 0 };
	enum err rc;

	if (v->ask->against == NULL)
		return OK;
	rc = file_read_named(v->ask->against, AGAINST_BYTES, &text, why);
	if (rc == OK)
		rc = held_list(v->held, &v->nheld, buf_span(&text), span_str(key->name), why);
	buf_done(&text);
	return rc == OK ? OK : why_prefix(why, rc, "%s", v->ask->against);
}

/* ---- the end of it ---- */

static void
info_say(const struct verdict *v)
{
	struct span info = span_sub(v->archive.file[BAG_INFO], 0, INFO_SHOWN_BYTES);
	struct buf safe = { 0 };

	render_safe(&safe, info, true);
	(void)printf("\n%s\n%.*s", say("Thông tin ghi lúc trích xuất (bag-info.txt, không nằm "
	    "trong niêm phong):", "What was said at the export (bag-info.txt, not sealed):"),
	    (int)safe.n, (const char *)safe.p);
	buf_done(&safe);
}

static void
completeness_say(const struct evidence_result *r)
{
	if (r->complete)
		(void)printf(say("ĐẦY ĐỦ: mọi bản ghi %s số %llu đến %llu đều có ở đây.\n",
		    "COMPLETE: every record %s number %llu to %llu is here.\n"),
		    stream_name(r->claim.stream), (ull)r->first_seq, (ull)r->last_seq);
	else
		(void)fputs(say("Gói chứng minh các bản ghi CÓ trong kho; nó không cho biết còn "
		    "bản ghi nào khác\nkhớp câu tìm kiếm hay không. Tính đầy đủ chỉ chứng minh "
		    "được cho dải số thứ tự (--seq).\n", "The package proves that these records "
		    "ARE in the store; it cannot show that no other\nrecord matches the query. "
		    "Completeness is proven for ranges of sequence numbers only (--seq).\n"),
		    stdout);
	if (!r->complete && r->contiguous && r->last_seq > r->first_seq)
		(void)printf(say("Các số thứ tự %llu đến %llu có ở đây không thiếu số nào.\n",
		    "The sequence numbers %llu to %llu are here without a gap.\n"),
		    (ull)r->first_seq, (ull)r->last_seq);
}

static void
anchors_say(const struct verdict *v, const struct evidence_result *r)
{
	char text[CIVIL_TEXT_BYTES + 1] = "";

	if (r->anchors > 0 && r->anchor_ns > 0)
		(void)time_text(r->anchor_ns, text);
	if (r->anchors > 0)
		(void)printf(say("Mốc giữ bên ngoài khớp (%llu mục%s%s): %llu bản ghi đã có trước "
		    "mốc ấy, kể cả người giữ khóa cũng không sửa được.\n", "An anchor from outside "
		    "fits (%llu entries%s%s): %llu records were there before it, and not even the "
		    "key's owner could change them.\n"), (ull)r->anchor_size,
		    text[0] != '\0' ? ", " : "", text, (ull)r->anchored);
	else if (v->nheld > 0)
		(void)fputs(say("Gói không dẫn tới mốc nào trong tệp của --against: hãy trích xuất "
		    "lại với --anchor.\n", "The package leads to none of the anchors of --against: "
		    "have it exported again with --anchor.\n"), stdout);
	else
		(void)fputs(say("Không đối chiếu với mốc nào giữ bên ngoài: không loại trừ được "
		    "việc người giữ khóa đã ký lại. Hãy dùng --against, hoặc so mã ngắn.\n",
		    "Compared with no anchor from outside: a new signature by the key's owner "
		    "cannot be excluded. Use --against, or compare the short code.\n"), stdout);
}

/* A package that proves a certificate of coverage: the code that its paper has, from the record. */
static struct span
certificate_code(const struct verdict *v, const struct evidence_result *r)
{
	static const char mark[] = "case=" CERTIFICATE_CASE;
	struct span records = v->archive.file[BAG_RECORDS];
	const uint8_t *at = records.n > 0 ? memmem(records.p, records.n, mark, sizeof mark - 1) :
	    NULL;
	struct span code = { NULL, 0 };

	if (at != NULL && r->findings == 0)
		code = span_sub(records, (size_t)(at - records.p) + sizeof mark - 1,
		    CODE_BYTES - 1);
	for (size_t i = 0; i < code.n; i++)
		if (!(code.p[i] >= 'A' && code.p[i] <= 'Z') &&
		    !(code.p[i] >= '2' && code.p[i] <= '7') && code.p[i] != '-')
			return (struct span){ NULL, 0 };
	return code;
}

static void
certificate_say(const struct verdict *v, const struct evidence_result *r)
{
	struct span code = certificate_code(v, r);

	if (code.n > 0)
		(void)printf(say("Bảng xác nhận mức độ đầy đủ, mã ngắn của bảng đã niêm phong: "
		    "%.*s; so với mã ở chân mỗi trang.\n", "Certificate of coverage, its short "
		    "code as it was sealed: %.*s; compare with the foot of each page.\n"),
		    (int)code.n, (const char *)code.p);
}

static void
result_say(struct verdict *v, const struct evidence_result *r)
{
	char first[CIVIL_TEXT_BYTES + 1], last[CIVIL_TEXT_BYTES + 1];

	if (v->findings_shown > SHOWN_MAX || v->records_shown > SHOWN_MAX)
		(void)fputs(say("... (--json in hết)\n", "... (--json has all)\n"), stdout);
	info_say(v);
	(void)printf(say("\nBản ghi: %llu đã chứng minh, %llu bị sửa, %llu bị mất, %llu không "
	    "chứng minh được, %llu đoạn bị thêm.\n", "\nRecords: %llu proven, %llu changed, %llu "
	    "missing, %llu not included, %llu pieces added.\n"),
	    (ull)r->state[EVIDENCE_PROVEN], (ull)r->state[EVIDENCE_CHANGED],
	    (ull)r->state[EVIDENCE_MISSING], (ull)r->state[EVIDENCE_NOT_INCLUDED],
	    (ull)r->added);
	if (r->last_ns > 0)
		(void)printf(say("Nhận từ %s đến %s; bàn trực %s, mã ngắn của mốc %s.\n",
		    "Received from %s to %s; desk %s, short code of the checkpoint %s.\n"),
		    time_text(r->first_ns, first), time_text(r->last_ns, last), r->origin,
		    r->code);
	certificate_say(v, r);
	completeness_say(r);
	anchors_say(v, r);
	if (!v->trusted)
		(void)fputs(say("Khóa lấy từ chính gói này: gói tự khớp, nhưng ai cũng làm được "
		    "một gói như thế. Hãy dùng --key với dấu vân tay đã chép ra giấy.\n",
		    "The key is the package's own: it agrees with itself, but anybody can make "
		    "such a package. Use --key with the fingerprint on paper.\n"), stdout);
	(void)fputs(r->findings == 0 ? say("Gói toàn vẹn.\n", "The package is whole.\n") :
	    say("Gói này KHÔNG toàn vẹn.\n", "This package is NOT whole.\n"), stdout);
}

static void
result_json(const struct verdict *v, const struct evidence_result *r)
{
	(void)fputs("{\"type\":\"result\",", stdout);
	json_put("origin", r->origin);
	(void)printf(",\"checkpoint\":\"%s\",\"entries\":%llu,\"records\":%llu,\"proven\":%llu,"
	    "\"changed\":%llu,\"missing\":%llu,\"not_included\":%llu,\"added\":%llu,"
	    "\"anchors\":%u,\"anchored\":%llu,\"findings\":%llu,"
	    "\"first_seq\":%llu,\"last_seq\":%llu,\"contiguous\":%s,"
	    "\"complete\":%s,\"trusted_key\":%s,\"seconds\":%.3f}\n", r->code, (ull)r->entries,
	    (ull)r->records, (ull)r->state[EVIDENCE_PROVEN], (ull)r->state[EVIDENCE_CHANGED],
	    (ull)r->state[EVIDENCE_MISSING], (ull)r->state[EVIDENCE_NOT_INCLUDED],
	    (ull)r->added, r->anchors, (ull)r->anchored, (ull)r->findings,
	    (ull)r->first_seq, (ull)r->last_seq,
	    r->contiguous ? "true" : "false", r->complete ? "true" : "false",
	    v->trusted ? "true" : "false", (double)(clock_mono_ns() - v->begun_ns) / 1e9);
}

int
evidence_verify(const struct evidence_ask *ask, struct why *why)
{
	struct verdict v = { .ask = ask, .begun_ns = clock_mono_ns() };
	struct evidence_watch watch = { .finding = on_finding, .record = on_record,
	    .progress = on_progress, .ctx = &v };
	struct evidence_result result = { 0 };
	struct note_key key;
	enum err rc;

	v.terminal = !ask->json && isatty(STDERR_FILENO) == 1;
	shortening_watch();
	rc = package_take(&v, why);
	if (rc == OK && evidence_key(&v.archive, &key, why) != OK)
		rc = ERR_PROOF;
	if (rc == OK)
		rc = key_trust(&v, &key, why);
	if (rc == OK)
		rc = anchors_take(&v, &key, why);
	if (rc == OK)
		rc = evidence_check(&v.archive, &(struct evidence_trust){ .key = &key,
		    .held = v.held, .nheld = v.nheld }, &watch, &result, why);
	line_clear(&v);
	if (rc == OK && ask->json)
		result_json(&v, &result);
	else if (rc == OK)
		result_say(&v, &result);
	for (unsigned i = 0; i < BAG_END; i++)
		file_unmap(&v.map[i]);
	if (rc != OK)
		return rc == ERR_PROOF ? EXIT_FOUND : EXIT_COULD_NOT;
	return result.findings > 0 ? EXIT_FOUND : EXIT_DONE;
}
