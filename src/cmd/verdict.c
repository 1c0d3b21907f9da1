/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What verification found, in words and as JSON; see verdict.h. The details of a finding are in
 * English in both languages: they name files, rules and numbers.
 */
#include "cmd/verdict.h"

#include <stdio.h>

#include "base/civil.h"
#include "model/rowproof.h"
#include "cmd/cmd.h"

enum { OFFICE_ZONE_S = 7 * 3600 };

typedef unsigned long long ull;

/* ---- sentences ---- */

static const struct {
	const char *vi, *en;
} kind_text[PROOF_KIND_END] = {
	[PROOF_CHECKPOINT] = { "mốc niêm phong không hợp lệ", "the checkpoint does not hold" },
	[PROOF_KEY] = { "khóa niêm phong", "the seal key" },
	[PROOF_TREE] = { "cây niêm phong bị sửa hoặc hỏng",
	    "the sealed tree was changed or damaged" },
	[PROOF_LEAF] = { "mục niêm phong không hợp lệ", "an entry of the seal is not valid" },
	[PROOF_EPOCH] = { "một đời của kho", "a life of the store" },
	[PROOF_CLOCK] = { "đồng hồ máy bị lùi", "the machine's clock went back" },
	[PROOF_GAP] = { "số thứ tự bị thiếu hoặc lặp", "sequence numbers are missing or doubled" },
	[PROOF_LOSS] = { "bản ghi bị mất do sự cố máy", "records were lost by an accident" },
	[PROOF_MISSING] = { "bản ghi đã niêm phong nay không còn", "sealed records are gone" },
	[PROOF_DOUBLE] = { "bản ghi nằm ở hai nơi", "records are in two places" },
	[PROOF_ROW] = { "bản ghi bị sửa đổi trái phép", "a record was tampered with" },
	[PROOF_DROP] = { "bản ghi bị xóa", "records were deleted" },
	[PROOF_SEGMENT] = { "tệp dữ liệu thiếu, hỏng hoặc lạ",
	    "a data file is missing, damaged or strange" },
	[PROOF_MANIFEST] = { "danh mục kho bị sửa hoặc hỏng",
	    "the manifest was changed or damaged" },
	[PROOF_JOURNAL] = { "sổ ghi đệm bị sửa hoặc hỏng", "the journal was changed or damaged" },
	[PROOF_ROLLBACK] = { "kho không khớp mốc giữ bên ngoài",
	    "the store does not fit an anchor from outside" },
	[PROOF_HOLD] = { "lệnh giữ nguyên hiện trạng", "a legal hold" },
};

static const char *
grade_text(unsigned grade)
{
	if (grade == PROOF_BAD)
		return say("KHÔNG TOÀN VẸN", "NOT WHOLE");
	return grade == PROOF_WARN ? say("CẦN XEM", "LOOK AT THIS") : say("ghi chú", "note");
}

/* In the office's zone, which is always printed. */
static const char *
time_text(int64_t ns, char text[CIVIL_TEXT_BYTES + 1])
{
	size_t n = civil_put((uint8_t *)text, ns, 0, OFFICE_ZONE_S);

	text[n] = '\0';
	return text;
}

void
verdict_finding_say(const struct proof_finding *f)
{
	char text[CIVIL_TEXT_BYTES + 1];

	(void)printf("%s: %s: %s", grade_text(f->grade), say(kind_text[f->kind].vi,
	    kind_text[f->kind].en), f->text);
	if (f->first_seq > 0 && f->first_seq == f->last_seq)
		(void)printf("; %s:%llu", stream_name(f->stream), (ull)f->first_seq);
	else if (f->first_seq > 0)
		(void)printf("; %s:%llu-%llu", stream_name(f->stream), (ull)f->first_seq,
		    (ull)f->last_seq);
	if (f->file[0] != '\0')
		(void)printf("; %s %s", say("tệp", "file"), f->file);
	if (f->offset != UINT64_MAX)
		(void)printf(" @%llu", (ull)f->offset);
	if (f->since_ns > 0)
		(void)printf("; %s %s", say("niêm phong lúc", "sealed at"),
		    time_text(f->since_ns, text));
	(void)printf(" [%s %u]\n", say("quy tắc", "rule"), f->rule);
}

/* ---- JSON ---- */

static void
json_string(const char *s)
{
	(void)putchar('"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c == '"' || c == '\\')
			(void)printf("\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			(void)printf("\\u%04x", c);
		else
			(void)putchar(c);
	}
	(void)putchar('"');
}

static void
json_time(const char *name, int64_t ns)
{
	char text[CIVIL_TEXT_BYTES + 1];
	size_t n;

	if (ns <= 0)
		return;
	n = civil_put((uint8_t *)text, ns, 3, 0);
	text[n] = '\0';
	(void)printf(",\"%s\":\"%s\"", name, text);
}

void
verdict_finding_json(const struct proof_finding *f)
{
	(void)printf("{\"type\":\"finding\",\"grade\":\"%s\",\"kind\":\"%s\",\"rule\":%u",
	    proof_grade_name(f->grade), proof_kind_name(f->kind), f->rule);
	if (f->first_seq > 0)
		(void)printf(",\"stream\":\"%s\",\"first_seq\":%llu,\"last_seq\":%llu",
		    stream_name(f->stream), (ull)f->first_seq, (ull)f->last_seq);
	if (f->file[0] != '\0') {
		(void)fputs(",\"file\":", stdout);
		json_string(f->file);
	}
	if (f->offset != UINT64_MAX)
		(void)printf(",\"offset\":%llu", (ull)f->offset);
	json_time("sealed", f->since_ns);
	(void)fputs(",\"text\":", stdout);
	json_string(f->text);
	(void)fputs("}\n", stdout);
}

void
verdict_result_json(const struct proof_result *r, int64_t spent_ns)
{
	(void)fputs("{\"type\":\"result\",\"origin\":", stdout);
	json_string(r->origin);
	(void)printf(",\"checkpoint\":\"%s\",\"entries\":%llu,\"rows\":%llu,"
	    "\"journal_rows\":%llu,\"segments\":%llu,"
	    "\"skipped_segments\":%llu,\"unsealed_rows\":%llu,\"bytes\":%llu,\"raw_bytes\":%llu,"
	    "\"anchors\":%llu,"
	    "\"trusted_key\":%s,\"notes\":%llu,\"warnings\":%llu,\"bad\":%llu,"
	    "\"seconds\":%.3f", r->code, (ull)r->entries,
	    (ull)r->rows, (ull)r->journal_rows, (ull)r->segments,
	    (ull)r->skipped_segments, (ull)r->unsealed_rows, (ull)r->bytes, (ull)r->raw_bytes,
	    (ull)r->anchors,
	    r->trusted ? "true" : "false", (ull)r->count[PROOF_NOTE],
	    (ull)r->count[PROOF_WARN], (ull)r->count[PROOF_BAD], (double)spent_ns / 1e9);
	json_time("first", r->first_ns);
	json_time("last", r->last_ns);
	json_time("vouched_until", r->anchor_ns);
	(void)fputs("}\n", stdout);
}

/* ---- the end of it ---- */

static void
sum_say(const struct proof_result *r)
{
	char first[CIVIL_TEXT_BYTES + 1], last[CIVIL_TEXT_BYTES + 1];

	if (r->count[PROOF_BAD] > 0)
		(void)printf(say("\nKho này KHÔNG toàn vẹn: %llu điểm sai, %llu điểm cần xem.\n",
		    "\nThis store is NOT whole: %llu findings, %llu more to look at.\n"),
		    (ull)r->count[PROOF_BAD], (ull)r->count[PROOF_WARN]);
	else if (r->count[PROOF_WARN] > 0)
		(void)printf(say("\nKhông thấy sửa đổi trái phép; %llu điểm cần người xem.\n",
		    "\nNo tampering was found; %llu findings need a person.\n"),
		    (ull)r->count[PROOF_WARN]);
	else
		(void)printf("%s", say("Kho toàn vẹn: không thấy bản ghi nào bị sửa, thiếu "
		    "hay tráo.\n",
		    "The store is whole: no record was changed, is missing or was swapped.\n"));
	(void)printf(say("Đã kiểm %llu bản ghi trong %llu tệp dữ liệu, %llu mục niêm phong.\n",
	    "Checked %llu records in %llu data files, %llu entries of the seal.\n"),
	    (ull)r->rows, (ull)r->segments, (ull)r->entries);
	if (r->journal_rows > 0)
		(void)printf(say("Trong đó %llu bản ghi còn nằm trong sổ ghi đệm.\n",
		    "%llu of them are in the journal still.\n"), (ull)r->journal_rows);
	if (r->skipped_segments > 0)
		(void)printf(say("Không đọc lại %llu tệp dữ liệu (--since, --state).\n",
		    "%llu data files were not read again (--since, --state).\n"),
		    (ull)r->skipped_segments);
	if (r->last_ns > 0)
		(void)printf(say("Niêm phong từ %s đến %s; mã mốc cuối %s.\n",
		    "Sealed from %s to %s; code of the last checkpoint %s.\n"),
		    time_text(r->first_ns, first), time_text(r->last_ns, last), r->code);
	if (r->unsealed_rows > 0)
		(void)printf(say("%llu bản ghi nhận sau mốc cuối, chưa niêm phong.\n",
		    "%llu records were received after it and are not sealed yet.\n"),
		    (ull)r->unsealed_rows);
}

/* What the result rests on, and what it cannot exclude. */
static void
trust_say(const struct proof_result *r)
{
	char text[CIVIL_TEXT_BYTES + 1];

	if (!r->trusted)
		(void)fputs(say("Khóa lấy từ chính kho này: kho tự khớp, nhưng ai có quyền quản "
		    "trị máy cũng ký lại được. Hãy dùng --key.\n",
		    "The key is the store's own: it agrees "
		    "with itself, but who is root here could sign anew. Use --key.\n"), stdout);
	if (r->anchor_ns > 0)
		(void)printf(say("Mốc giữ bên ngoài khớp đến %s; sau lúc đó không loại trừ được "
		    "việc kho bị thay bằng bản cũ hoặc ký lại.\n",
		    "Anchors from outside fit up to %s; "
		    "after that a swap for an older copy or a new signature cannot be excluded.\n"),
		    time_text(r->anchor_ns, text));
	else
		(void)fputs(say("Không đối chiếu được với mốc nào giữ bên ngoài: không loại trừ "
		    "được việc kho bị thay bằng bản cũ hoặc ký lại. Hãy dùng --against.\n",
		    "Compared with no anchor from outside: a swap for an older copy or a new "
		    "signature cannot be excluded. Use --against.\n"), stdout);
}

static void
rate_say(const struct proof_result *r, int64_t spent_ns)
{
	double s = (double)spent_ns / 1e9;

	(void)printf(say("%.1f giây: %.0f MB bản ghi/giây, %.0f bản ghi/giây.\n",
	    "%.1f s: %.0f MB of records/s, %.0f records/s.\n"), s, (double)r->raw_bytes / 1e6 / s,
	    (double)r->rows / s);
}

void
verdict_result_say(const struct proof_result *r, int64_t spent_ns)
{
	sum_say(r);
	trust_say(r);
	rate_say(r, spent_ns);
}
