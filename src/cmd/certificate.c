/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the desk once; its answer becomes figures, text and print. See certificate.h. */
#include "cmd/certificate.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/civil.h"
#include "sys/clock.h"
#include "model/base64.h"
#include "evidence/sums.h"
#include "web/cover.h"
#include "cmd/cmd.h"
#include "cmd/desk.h"
#include "cmd/print.h"

enum { PATH_BYTES = 4096, TIME_BYTES = 64, CODE_OCTETS = 10 };

/* What the desk answered: one count, and its three renderings. */
struct figures {
	struct buf answer;
	struct span json, table, print;
	char from[TIME_BYTES], to[TIME_BYTES], zone_s[TIME_BYTES], fingerprint[TIME_BYTES];
};

/* Of an octet string: for programs, and to be read aloud. */
struct sum {
	char hex[HEX_BYTES], code[CODE_BYTES];
};

static bool
collect(void *ctx, struct span piece)
{
	buf_span_put(ctx, piece);
	return true;
}

static enum err
ask(const struct certificate *c, const char *path, struct span form, struct buf *out,
    struct why *why)
{

	return desk_run(c->state, &(struct client_ask){ .path = path, .form = form,
	    .take = collect, .ctx = out, .cancel = c->cancel }, why);
}

static enum err
coverage_ask(const struct certificate *c, const char *until, struct buf *out, struct why *why)
{
	struct buf form = { 0 };
	enum err rc;

	if (c->since != NULL)
		form_add(&form, "start", span_str(c->since));
	form_add(&form, "end", span_str(until));
	form_add(&form, "format", SPAN("certificate"));
	form_add(&form, "lang", span_str(say("vi", "en")));
	rc = ask(c, "/trucban/coverage", buf_span(&form), out, why);
	buf_done(&form);
	return rc;
}

/* Records of an hour that is not over may still be on their way. */
static void
last_hour(char ret[TIME_BYTES])
{
	const int64_t hour_ns = 3600 * CIVIL_SECOND_NS;
	uint8_t at[CIVIL_TEXT_BYTES];
	size_t n = civil_put(at, clock_wall_ns() / hour_ns * hour_ns, 0, 0);

	(void)snprintf(ret, TIME_BYTES, "%.*s", (int)n, (char *)at);
}

/* A value in the first line of the figures: "from", "to". */
static bool
value_of(struct span json, const char *name, char ret[TIME_BYTES])
{
	char key[32];
	const uint8_t *at, *end;
	int n = snprintf(key, sizeof key, "\"%s\":\"", name);

	at = json.n > 0 ? memmem(json.p, json.n, key, (size_t)n) : NULL;
	if (at == NULL)
		return false;
	at += n;
	end = memchr(at, '"', (size_t)(json.p + json.n - at));
	if (end == NULL || end - at >= TIME_BYTES)
		return false;
	(void)snprintf(ret, TIME_BYTES, "%.*s", (int)(end - at), (const char *)at);
	return true;
}

static void
sum_of(struct span bytes, struct sum *ret)
{
	struct summing *summing = summing_new();
	struct buf text = { 0 };
	struct sums sums;

	summing_add(summing, bytes);
	summing_end(&summing, &sums);
	sums_hex(&text, sums.sha256, SUMS_SHA256);
	(void)snprintf(ret->hex, HEX_BYTES, "%.*s", (int)text.n, (const char *)text.p);
	text.n = 0;
	base32_put(&text, span_of(sums.sha256, CODE_OCTETS));
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] == ' ')
			text.p[i] = '-';
	(void)snprintf(ret->code, CODE_BYTES, "%.*s", (int)text.n, (const char *)text.p);
	buf_done(&text);
}

static enum err
file_put(const struct certificate *c, const char *suffix, struct span bytes, struct why *why)
{
	char path[PATH_BYTES];

	(void)snprintf(path, sizeof path, "%s%s", c->name, suffix);
	return print_save(path, bytes, why);
}

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The desk notes sum and code: from then on they are sealed. */
static enum err
note(const struct certificate *c, const char *sum, const char *code, const struct figures *f,
    struct why *why)
{
	struct buf form = { 0 }, text = { 0 }, out = { 0 };
	enum err rc;

	form_add(&form, "sha256", span_str(sum));
	buf_printf(&text, CERTIFICATE_CASE "%s", code);
	form_add(&form, "case", buf_span(&text));
	text.n = 0;
	buf_printf(&text, "%s..%s", f->from, f->to);
	form_add(&form, "query", buf_span(&text));
	rc = ask(c, "/trucban/evidence-done", buf_span(&form), &out, why);
	buf_done(&form);
	buf_done(&text);
	buf_done(&out);
	return rc;
}

/* The package with the ledger's row, as `trucban evidence` makes it. */
static int
prove(const struct certificate *c, const char *sum, const char *code)
{
	char query[HEX_BYTES + 32], zip[PATH_BYTES], about[sizeof CERTIFICATE_CASE + CODE_BYTES];
	const char *argv[20] = { "evidence", "export", query, "--stream", "ledger", "-o", zip,
	    "--state", c->state, "--case", about };
	int n = 11;

	(void)snprintf(about, sizeof about, CERTIFICATE_CASE "%s", code);
	(void)snprintf(query, sizeof query, "_msg:=\"sha256=%s\"*", sum);
	(void)snprintf(zip, sizeof zip, "%s.zip", c->name);
	if (c->reason != NULL) {
		argv[n++] = "--reason";
		argv[n++] = c->reason;
	}
	if (c->person != NULL) {
		argv[n++] = "--person";
		argv[n++] = c->person;
	}
	optind = 0;		/* glibc: options are read from the start */
	return cmd_evidence(n, (char **)(uintptr_t)argv);
}

/* The part up to the next mark, which is taken too. */
static struct span
part_take(struct span *rest)
{
	const size_t mark = sizeof COVER_PART - 1;
	const uint8_t *at = rest->n > 0 ? memmem(rest->p, rest->n, COVER_PART, mark) : NULL;
	struct span part = span_sub(*rest, 0, at != NULL ? (size_t)(at - rest->p) : rest->n);

	*rest = span_sub(*rest, part.n + mark, SIZE_MAX);
	return part;
}

static enum err
figures_get(const struct certificate *c, const char *until, struct figures *f, struct why *why)
{
	enum err rc = coverage_ask(c, until, &f->answer, why);
	struct span rest = buf_span(&f->answer);

	f->json = part_take(&rest);
	f->table = part_take(&rest);
	f->print = part_take(&rest);
	if (rc == OK && (f->print.n == 0 || !value_of(f->json, "from", f->from) ||
	    !value_of(f->json, "to", f->to) || !value_of(f->json, "zone_seconds", f->zone_s) ||
	    !value_of(f->json, "fingerprint", f->fingerprint)))
		rc = why_set(why, ERR_FORMAT, "%s", say("bàn trực trả lời không đủ các phần của "
		    "bảng xác nhận; bàn trực và lệnh này có cùng phiên bản không?", "the desk's "
		    "answer has not all parts of a certificate; are desk and command of one "
		    "version?"));
	return rc;
}

static enum err
files_put(const struct certificate *c, const struct figures *f, struct span pdf,
    struct span text, struct why *why)
{
	enum err rc = file_put(c, ".json", f->json, why);

	if (rc == OK && pdf.n > 0)
		rc = file_put(c, ".pdf", pdf, why);
	return rc == OK ? file_put(c, ".txt", text, why) : rc;
}

/* Only the text can say the sum of the print. */
static enum err
papers_make(const struct certificate *c, const struct figures *f, const struct sum *figures,
    struct buf *pdf, struct buf *text, struct why *why)
{
	const struct certificate_words words = { .base = base_of(c->name),
	    .fingerprint = f->fingerprint, .figures = figures->hex, .code = figures->code,
	    .zone_s = (int32_t)strtol(f->zone_s, NULL, 10), .now_ns = clock_wall_ns(),
	    .reason = c->reason, .person = c->person };
	struct sum sum;
	enum err rc = certificate_pdf(pdf, &words, f->print, why);

	if (rc == OK)
		rc = certificate_text(text, &words, f->table, why);
	if (rc == OK && pdf->n > 0) {
		sum_of(buf_span(pdf), &sum);
		buf_printf(text, "\nSHA-256 %s.pdf:\n    %s\n", words.base, sum.hex);
	}
	return rc;
}

/* ret_sum: hex of the text, code of the figures. */
static enum err
write_out(const struct certificate *c, const char *until, bool *ret_pdf, struct sum *ret_sum,
    struct why *why)
{
	struct figures f = { .from = "" };
	struct buf pdf = { 0 }, text = { 0 };
	struct sum figures;
	enum err rc = figures_get(c, until, &f, why);

	if (rc == OK) {
		sum_of(f.json, &figures);
		rc = papers_make(c, &f, &figures, &pdf, &text, why);
	}
	if (rc == OK)
		rc = files_put(c, &f, buf_span(&pdf), buf_span(&text), why);
	if (rc == OK) {
		sum_of(buf_span(&text), ret_sum);
		memcpy(ret_sum->code, figures.code, CODE_BYTES);
		rc = note(c, ret_sum->hex, ret_sum->code, &f, why);
	}
	*ret_pdf = pdf.n > 0;
	buf_done(&f.answer);
	buf_done(&pdf);
	buf_done(&text);
	return rc;
}

int
certificate_make(const struct certificate *c)
{
	char until[TIME_BYTES];
	struct sum sum;
	bool pdf;
	struct why why = { "" };
	enum err rc;

	if (strlen(c->name) + 8 > PATH_BYTES)
		return EXIT_USAGE;
	last_hour(until);
	rc = write_out(c, c->until != NULL ? c->until : until, &pdf, &sum, &why);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban coverage: %s\n", why.text);
		return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
	}
	(void)printf(say("Đã ghi %s.txt, %s.json%s%s%s.\nSHA-256 của %s.txt: %s\n"
	    "Mã ngắn của bảng: %s\n", "Written: %s.txt, %s.json%s%s%s.\nSHA-256 of %s.txt: %s\n"
	    "Short code of the certificate: %s\n"), c->name, c->name, pdf ? ", " : "",
	    pdf ? c->name : "", pdf ? ".pdf" : "", c->name, sum.hex, sum.code);
	return prove(c, sum.hex, sum.code);
}
