/* SPDX-License-Identifier: Apache-2.0 */
/* Asks the desk for the figures, then for the table of the same period; see certificate.h. */
#include "cmd/certificate.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/civil.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "evidence/sums.h"
#include "web/client.h"
#include "cmd/cmd.h"

enum { HEX_BYTES = 2 * SUMS_SHA256 + 1, PATH_BYTES = 4096, TIME_BYTES = 64 };

static const char what_vi[] =
    "Ba loại số trong bảng không cộng với nhau. Đã nhận: đếm từng bản ghi đã niêm phong. Mất tại\n"
    "máy này: bộ đếm của các cửa nhận, được niêm phong mỗi phút. Ước mất: theo số thứ tự mà nơi\n"
    "gửi tự đánh (RFC 5424 sequenceId), chỉ là ước lượng. Bản ghi không tới máy này và không\n"
    "được nơi gửi đánh số thì không ai đếm được.\n\n"
    "Cách kiểm tra:\n"
    "  1. %s.zip chứa dòng sổ hành động có sha256 của tệp này:\n"
    "       trucban verify %s.zip --key DẤU_VÂN_TAY   (và so với: sha256sum %s.txt)\n"
    "  2. Từng giờ của từng nguồn ở %s.json, có SHA-256 là\n"
    "       %s\n";
static const char what_en[] =
    "Three kinds of numbers stand above that do not add up. Received: every sealed record,\n"
    "counted. Lost at this host: counters of the doors, sealed once a minute. Missing: by the\n"
    "numbers that senders give their records (RFC 5424 sequenceId), an estimate. A record that\n"
    "never reached this host and had no number is counted by nobody.\n\n"
    "How to check it:\n"
    "  1. %s.zip holds the row of the ledger with the sha256 of this file:\n"
    "       trucban verify %s.zip --key FINGERPRINT   (compare: sha256sum %s.txt)\n"
    "  2. Each hour of each source is in %s.json, whose SHA-256 is\n"
    "       %s\n";

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
	char socket[PATH_BYTES];

	(void)snprintf(socket, sizeof socket, "%s/run/front.sock", c->state);
	return client_run(&(struct client_ask){ .socket = socket, .path = path, .form = form,
	    .take = collect, .ctx = out, .cancel = c->cancel }, why);
}

static enum err
coverage_ask(const struct certificate *c, const char *since, const char *until,
    const char *format, struct buf *out, struct why *why)
{
	struct buf form = { 0 };
	enum err rc;

	if (since != NULL)
		form_add(&form, "start", span_str(since));
	form_add(&form, "end", span_str(until));
	form_add(&form, "format", span_str(format));
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

/* The value of a time in the first line of the figures: "from", "to". */
static bool
time_of(struct span json, const char *name, char ret[TIME_BYTES])
{
	char key[16];
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
hex_of(struct span bytes, char ret[HEX_BYTES])
{
	struct summing *summing = summing_new();
	struct buf hex = { 0 };
	struct sums sums;

	summing_add(summing, bytes);
	summing_end(&summing, &sums);
	sums_hex(&hex, sums.sha256, SUMS_SHA256);
	(void)snprintf(ret, HEX_BYTES, "%.*s", (int)hex.n, (const char *)hex.p);
	buf_done(&hex);
}

static enum err
file_put(const struct certificate *c, const char *suffix, struct span bytes, struct why *why)
{
	char path[PATH_BYTES];
	int fd = -1;
	enum err rc;

	(void)snprintf(path, sizeof path, "%s%s", c->name, suffix);
	rc = file_open(&fd, AT_FDCWD, path, FILE_READ_WRITE_NEW, why);
	if (rc == OK)
		rc = file_write_all(fd, bytes, why);
	if (rc == OK)
		rc = file_sync(fd, why);
	file_close(&fd);
	return rc;
}

static const char *
base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The desk notes the sum: from then on it is sealed. */
static enum err
note(const struct certificate *c, const char *sum, const char *from, const char *to,
    struct why *why)
{
	struct buf form = { 0 }, period = { 0 }, out = { 0 };
	enum err rc;

	buf_printf(&period, "%s..%s", from, to);
	form_add(&form, "sha256", span_str(sum));
	form_add(&form, "case", SPAN("coverage certificate"));
	form_add(&form, "query", buf_span(&period));
	rc = ask(c, "/trucban/evidence-done", buf_span(&form), &out, why);
	buf_done(&form);
	buf_done(&period);
	buf_done(&out);
	return rc;
}

/* The package with the ledger's row, as `trucban evidence` makes it. */
static int
prove(const struct certificate *c, const char *sum)
{
	char query[HEX_BYTES + 32], zip[PATH_BYTES];
	const char *argv[20] = { "evidence", "export", query, "--stream", "ledger", "-o", zip,
	    "--state", c->state, "--case", "coverage certificate" };
	int n = 11;

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

static enum err
write_out(const struct certificate *c, const char *until, char sum[HEX_BYTES], struct why *why)
{
	struct buf json = { 0 }, text = { 0 };
	char from[TIME_BYTES], to[TIME_BYTES], json_sum[HEX_BYTES];
	const char *base = base_of(c->name);
	enum err rc = coverage_ask(c, c->since, until, "json", &json, why);

	if (rc == OK && (!time_of(buf_span(&json), "from", from) ||
	    !time_of(buf_span(&json), "to", to)))
		rc = why_set(why, ERR_FORMAT, "the desk's figures have no period");
	buf_str(&text, say("BẢNG XÁC NHẬN MỨC ĐỘ ĐẦY ĐỦ CỦA NHẬT KÝ\n\n",
	    "CERTIFICATE OF THE COVERAGE OF LOGS\n\n"));
	if (rc == OK)
		rc = coverage_ask(c, from, to, "text", &text, why);
	if (rc == OK) {
		hex_of(buf_span(&json), json_sum);
		buf_u8(&text, '\n');
		buf_printf(&text, say(what_vi, what_en), base, base, base, base, json_sum);
		hex_of(buf_span(&text), sum);
		rc = file_put(c, ".json", buf_span(&json), why);
	}
	if (rc == OK)
		rc = file_put(c, ".txt", buf_span(&text), why);
	if (rc == OK)
		rc = note(c, sum, from, to, why);
	buf_done(&json);
	buf_done(&text);
	return rc;
}

int
certificate_make(const struct certificate *c)
{
	char until[TIME_BYTES], sum[HEX_BYTES];
	struct why why = { "" };
	enum err rc;

	if (strlen(c->name) + 8 > PATH_BYTES)
		return EXIT_USAGE;
	last_hour(until);
	rc = write_out(c, c->until != NULL ? c->until : until, sum, &why);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban coverage: %s\n", why.text);
		return rc == ERR_FORMAT ? EXIT_USAGE : EXIT_COULD_NOT;
	}
	(void)printf(say("Đã ghi %s.txt và %s.json.\nSHA-256 của %s.txt: %s\n",
	    "Written: %s.txt and %s.json.\nSHA-256 of %s.txt: %s\n"), c->name, c->name, c->name,
	    sum);
	return prove(c, sum);
}
