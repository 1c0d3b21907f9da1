/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Walks test/golden/parse/DOOR/NAME.in, one record each, and compares what parse_DOOR() makes of
 * it with NAME.ref. A DOOR that is a form of body (parse/unpack.h) has many records in a file: the
 * reference has each one's octets and what becomes of them, and the sentence of its end. With
 * --write as second argument the .ref files are written instead: look at their difference before
 * you commit it.
 */
#include <dirent.h>
#include <stdio.h>

#include "check.h"
#include "rig.h"

/* Rows under these headers. */
static void
csv_parse(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret)
{
	parse_row(parser, parser_header(parser, FORMAT_CSV,
	    SPAN("\xef\xbb\xbf" "Time,\"Host\",app,message, n ,")), record, recv_ns, ret);
}

static void
w3c_parse(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret)
{
	parse_row(parser, parser_header(parser, FORMAT_W3C, SPAN("#Fields: date time s-sitename "
	    "s-computername cs-method cs-uri-stem cs(User-Agent) sc-status\r")), record, recv_ns,
	    ret);
}

static const struct {
	const char *name;
	parse_fn *parse;
} door[] = {
	{ "syslog", parse_syslog }, { "line", parse_line }, { "json", parse_json },
	{ "journal", parse_journal }, { "access", parse_access }, { "csv", csv_parse },
	{ "w3c", w3c_parse },
};

/* Bodies, and which fields their records' are: as the doors say (src/intake/door_*.c). */
static const struct {
	const char *name;
	enum unpack_form form;
	parse_fn *parse;
	const char *message, *time, *host, *app;
} body[] = {
	{ "loki-json", UNPACK_LOKI_JSON, NULL, "", "", "host,instance", "service_name,app,job" },
	{ "loki-proto", UNPACK_LOKI_PROTO, NULL, "", "", "host,instance", "service_name,app,job" },
	{ "otlp-json", UNPACK_OTLP_JSON, NULL, "_msg,body,body.msg",
	    "_time,observed_time", "host.name,host.id", "service.name" },
	{ "otlp-proto", UNPACK_OTLP_PROTO, NULL, "_msg,body,body.msg",
	    "_time,observed_time", "host.name,host.id", "service.name" },
	{ "entry", UNPACK_ENTRY, parse_journal, "", "", "", "" },
};

static struct parse_choice choice;
static bool writing;
static struct rig rig;

static bool
file_read(struct buf *out, const char *path)
{
	FILE *f = fopen(path, "rb");
	int c;

	out->n = 0;
	if (f == NULL)
		return false;
	while ((c = getc(f)) != EOF)
		buf_u8(out, (uint8_t)c);
	(void)fclose(f);
	return true;
}

enum { HOLES_FIRST = 12, HOLES_LAST = 3 };

/* Quoted; what is not ASCII or cannot be seen is written as \xNN. Long runs are cut short. */
static void
quoted(struct buf *out, struct span s)
{
	buf_u8(out, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (i == 120 && s.n > 160) {
			buf_printf(out, "\" ... %zu octets ... \"", s.n - 160);
			i = s.n - 40;
		}
		if (s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '"' || s.p[i] == '\\')
			buf_printf(out, "\\x%02x", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	}
	buf_str(out, "\"\n");
}

/* The same without cutting; what is UTF-8 as it is, so that a record can be read. */
static void
quoted_whole(struct buf *out, struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < ' ' || (s.p[i] > '~' && !utf8_valid(s)))
			buf_printf(out, "\\x%02x", s.p[i]);
		else
			buf_u8(out, s.p[i]);
	}
	buf_u8(out, '\n');
}

/* A name as it is, when all of it can be seen. */
static void
named(struct buf *out, struct span name)
{
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] > '~') {
			quoted(out, name);
			out->n--;
			return;
		}
	buf_span_put(out, name);
}

static void
dump(struct buf *out, const struct parsed *parsed, const struct shape *shape)
{
	static const char *const kind[] = { "text", "string", "literal", "value", "sd" };
	static const char *const role[] = { "", " message", " time", " host", " app", " pid",
	    " priority" };
	uint8_t time[CIVIL_TEXT_BYTES];

	buf_printf(out, "format %s\nevent ", record_format_name(parsed->format));
	buf_put(out, time, civil_put(time, parsed->event_ns, 9, 0));
	buf_printf(out, "\nflags rule=%u%s%s\nhost ", parsed->flags >> ROW_TIME_SHIFT,
	    (parsed->flags & ROW_NOT_UTF8) != 0 ? " not_utf8" : "",
	    (parsed->flags & ROW_HAS_NUL) != 0 ? " has_nul" : "");
	quoted(out, parsed->host);
	buf_str(out, "app ");
	quoted(out, parsed->app);
	buf_str(out, "  ");
	quoted(out, shape->head);
	for (uint32_t i = 0; i < shape->nhole; i++) {
		if (i >= HOLES_FIRST && i + HOLES_LAST < shape->nhole && shape->nhole > 40) {
			buf_printf(out, "... hole %u of %u\n", i, shape->nhole);
			i = shape->nhole - HOLES_LAST;
		}
		named(out, shape->hole[i].name);
		buf_printf(out, " (%s%s) = ", kind[shape->hole[i].kind],
		    role[shape->hole[i].role]);
		quoted(out, parsed->value[i]);
		buf_str(out, "  ");
		quoted(out, shape->hole[i].piece);
	}
}

static void
parse_chosen(struct parser *parser, struct span record, int64_t recv_ns, struct parsed *ret)
{
	parse_json_chosen(parser, &choice, record, recv_ns, ret);
}

static void
record_run(parse_fn *parse, struct span record, struct buf *got)
{
	struct parsed parsed;

	rig_parse(&rig, parse, record, &parsed);
	dump(got, &parsed, rig.shape[parsed.shape_id]);
}

/* Every record of the body, then how it ended. */
static void
body_run(size_t which, struct span in, struct buf *got)
{
	struct unpack *unpack = unpack_new();
	struct unpacked one;
	struct why why = { "" };
	enum err rc;

	choice = (struct parse_choice){ span_str(body[which].message), span_str(body[which].time),
	    { NULL, 0 }, span_str(body[which].host), span_str(body[which].app) };
	unpack_begin(unpack, body[which].form, in);
	while ((rc = unpack_next(unpack, &one, &why)) == OK) {
		buf_str(got, "record ");
		quoted_whole(got, one.record);
		if (one.skipped + one.cut > 0)
			buf_printf(got, "skipped %llu cut %llu\n",
			    (unsigned long long)one.skipped, (unsigned long long)one.cut);
		record_run(body[which].parse != NULL ? body[which].parse : parse_chosen, one.record,
		    got);
	}
	buf_printf(got, "end: %s skipped %llu\n", rc == ERR_ABSENT ? "whole" : why.text,
	    (unsigned long long)one.skipped);
	unpack_free(&unpack);
}

/* which: of body[], when parse is NULL. */
static void
case_run(parse_fn *parse, size_t which, const char *path)
{
	struct buf in = { 0 }, got = { 0 }, want = { 0 };
	char ref[1024];
	FILE *f;

	(void)snprintf(ref, sizeof ref, "%.*s.ref", (int)strlen(path) - 3, path);
	must(file_read(&in, path));
	if (parse != NULL)
		record_run(parse, buf_span(&in), &got);
	else
		body_run(which, buf_span(&in), &got);
	if (writing) {
		f = fopen(ref, "wb");
		must(f != NULL && fwrite(got.p, 1, got.n, f) == got.n && fclose(f) == 0);
		check_passed_++;
	} else if (!file_read(&want, ref) || !span_eq(buf_span(&got), buf_span(&want))) {
		check_failed_++;
		printf("failed: %s\n--- got\n%.*s", path, (int)got.n, (const char *)got.p);
	} else {
		check_passed_++;
	}
	buf_done(&in);
	buf_done(&got);
	buf_done(&want);
}

static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int
is_case(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 3 && strcmp(d->d_name + n - 3, ".in") == 0;
}

static void
folder_run(const char *root, const char *name, parse_fn *parse, size_t which)
{
	struct dirent **entry = NULL;
	char path[1024];
	int n;

	(void)snprintf(path, sizeof path, "%s/%s", root, name);
	n = scandir(path, &entry, is_case, by_name);
	must(n > 0);
	for (int i = 0; i < n; i++) {
		(void)snprintf(path, sizeof path, "%s/%s/%s", root, name, entry[i]->d_name);
		case_run(parse, which, path);
		free(entry[i]);
	}
	free(entry);
}

int
main(int argc, char **argv)
{
	struct parse_config config = { .seed = 7, .zone_s = 7 * 3600 };

	must(argc >= 2);
	writing = argc > 2 && strcmp(argv[2], "--write") == 0;
	rig_init(&rig, &config);
	for (size_t i = 0; i < sizeof door / sizeof door[0]; i++)
		folder_run(argv[1], door[i].name, door[i].parse, 0);
	for (size_t i = 0; i < sizeof body / sizeof body[0]; i++)
		folder_run(argv[1], body[i].name, NULL, i);
	rig_done(&rig);
	return check_done();
}
