/* SPDX-License-Identifier: Apache-2.0 */
/* Each of the first lines has a vote. See guess.h. */
#include "parse/guess.h"

#include <stdlib.h>

#include "parse/access.h"
#include "parse/bsd.h"
#include "parse/columns.h"
#include "parse/object.h"
#include "parse/syslog.h"

enum { GUESS_LINES = 20 };

struct votes {
	unsigned lines, access, syslog, json, stamped, yearless;
};

static const char *const form_name[FORM_END] = { [FORM_AUTO] = "auto",
    [FORM_SYSLOG] = "syslog", [FORM_PLAIN] = "plain", [FORM_JSON] = "json",
    [FORM_JSON_VALUES] = "json-values", [FORM_ACCESS] = "access", [FORM_CSV] = "csv",
    [FORM_W3C] = "w3c" };

const char *
parse_form_name(unsigned form)
{
	return form < FORM_END ? form_name[form] : NULL;
}

enum parse_form
parse_form_of(struct span name)
{
	unsigned form = 0;

	while (form < FORM_END && !span_is(name, form_name[form]))
		form++;
	return (enum parse_form)form;
}

/* The next line that is not empty, without its end; the last one only when it is whole. */
static bool
line_next(struct span *io_head, enum split_end complete, struct span *ret_line)
{
	while (io_head->n > 0) {
		const uint8_t *lf = memchr(io_head->p, '\n', io_head->n);
		size_t n = lf != NULL ? (size_t)(lf - io_head->p) : io_head->n;
		struct span line = span_sub(*io_head, 0, n);

		if (lf == NULL && complete == SPLIT_MORE_COMES)
			return false;
		*io_head = span_sub(*io_head, n + (lf != NULL), SIZE_MAX);
		if (line.n > 0 && line.p[line.n - 1] == '\r')
			line.n--;
		*ret_line = span_sub(line, 0, LIMIT_RECORD_BYTES);
		if (line.n > 0)
			return true;
	}
	return false;
}

/* "Mmm dd hh:mm:ss", the year left out: RFC 3164, 4.1.2 */
static bool
is_yearless(struct span line)
{
	const struct civil_frame frame = { .near_ns = 0 };
	struct span in = span_sub(line, syslog_pri(line), SIZE_MAX);
	int64_t ns;
	size_t n = civil_bsd(in, &frame, &ns);

	return n > 0 && n <= 15;
}

static void
vote(struct votes *votes, struct cut *cut, struct span line)
{
	const struct civil_frame frame = { .near_ns = 0 };
	int64_t ns;

	votes->lines++;
	votes->access += access_cut(cut, line);
	votes->syslog += syslog_pri(line) > 0 || bsd_cut_bare(cut, line, &frame);
	votes->yearless += is_yearless(line);
	votes->json += line.p[0] == '{' && object_cut(cut, line, FORMAT_JSON);
	votes->stamped += civil_iso(line, &frame, &ns) > 0;
}

/* A name of a column begins like a word. */
static bool
is_header(struct span line, uint8_t comma)
{
	unsigned names = 1;
	bool begins = true;

	for (size_t i = 0; i < line.n; i++) {
		uint8_t b = line.p[i];

		if (begins && b >= '0' && b <= '9')
			return false;
		names += b == comma;
		begins = b == comma || (begins && (b == '"' || b == ' '));
	}
	return names >= 2;
}

static unsigned
commas(struct span row, uint8_t comma)
{
	unsigned n = 0;
	bool quoted = false;

	for (size_t i = 0; i < row.n; i++) {
		quoted ^= row.p[i] == '"';
		n += !quoted && row.p[i] == comma;
	}
	return n;
}

/* A header, and rows with as many values as it has names. */
static bool
is_csv(struct span head, enum split_end complete, uint8_t *ret_comma)
{
	struct split split = { .kind = SPLIT_CSV };
	struct split_record row;
	unsigned want = 0, rows = 0;

	while (rows < GUESS_LINES && (split_next(&split, head, complete, &row) == OK)) {
		head = span_sub(head, row.taken, SIZE_MAX);
		if (rows++ == 0) {
			split.comma = columns_comma(row.record);
			want = commas(row.record, split.comma);
			if (want == 0 || !is_header(row.record, split.comma))
				return false;
		} else if (row.record.n > 0 && commas(row.record, split.comma) != want) {
			return false;
		}
	}
	*ret_comma = split.comma;
	return rows >= 2;
}

static bool
is_w3c(struct span head)
{
	static const char *const first[] = { "#Software:", "#Version:", "#Fields:", "#Date:",
	    "#Start-Date:", "#Log-type:", NULL };

	for (size_t i = 0; first[i] != NULL; i++)
		if (span_starts(head, span_str(first[i])))
			return true;
	return false;
}

/* Objects in lines, or over several. */
static enum parse_form
json_form(const struct votes *votes, struct span head)
{
	if (head.n > 0 && head.p[0] == '[')
		return FORM_JSON_VALUES;
	return votes->json == 0 && votes->lines > 0 && votes->syslog == 0 && head.p[0] == '{' ?
	    FORM_JSON_VALUES : FORM_JSON;
}

static bool
is_json(const struct votes *votes, struct span head)
{
	size_t i = 1;

	if (votes->json * 2 >= votes->lines && votes->json > 0)
		return true;
	if (head.n == 0 || (head.p[0] != '[' && head.p[0] != '{'))
		return false;
	while (i < head.n && head.p[i] <= ' ')
		i++;
	return i < head.n && (head.p[0] == '[' ? head.p[i] == '{' : head.p[i] == '"' && i > 1);
}

static enum parse_form
form_of(const struct votes *votes, struct span head, enum split_end complete, uint8_t *ret_comma)
{
	if (is_w3c(head))
		return FORM_W3C;
	if (is_json(votes, head))
		return json_form(votes, head);
	if (votes->access > 0 && votes->access * 2 >= votes->lines)
		return FORM_ACCESS;
	if (votes->syslog > 0 && votes->syslog * 2 >= votes->lines)
		return FORM_SYSLOG;
	if (votes->stamped * 2 < votes->lines + 1 && is_csv(head, complete, ret_comma))
		return FORM_CSV;
	return FORM_PLAIN;
}

void
guess_make(struct guess *ret_guess, struct span head, enum split_end complete,
    enum parse_form wanted)
{
	struct guess guess = { .form = (uint8_t)wanted, .comma = ',' };
	struct cut *cut = xmalloc(sizeof *cut);
	struct votes votes = { 0 };
	struct span rest, line;

	if (head.n > GUESS_BYTES) {
		head = span_sub(head, 0, GUESS_BYTES);
		complete = SPLIT_MORE_COMES;
	}
	if (span_starts(head, SPAN("\xef\xbb\xbf")))
		head = span_sub(head, 3, SIZE_MAX);
	while (head.n > 0 && (head.p[0] == '\n' || head.p[0] == '\r'))
		head = span_sub(head, 1, SIZE_MAX);
	rest = head;
	while (votes.lines < GUESS_LINES && line_next(&rest, complete, &line))
		vote(&votes, cut, line);
	free(cut);
	rest = head;
	if (wanted == FORM_AUTO)
		guess.form = (uint8_t)form_of(&votes, head, complete, &guess.comma);
	else if (wanted == FORM_JSON)
		guess.form = (uint8_t)json_form(&votes, head);
	else if (wanted == FORM_CSV && line_next(&rest, SPLIT_COMPLETE, &line))
		guess.comma = columns_comma(line);
	guess.yearless = votes.yearless > 0 && (guess.form == FORM_SYSLOG ||
	    guess.form == FORM_PLAIN);
	*ret_guess = guess;
}

struct split
guess_split(const struct guess *guess)
{
	static const uint8_t kind[FORM_END] = { [FORM_CSV] = SPLIT_CSV,
	    [FORM_JSON_VALUES] = SPLIT_JSON };

	return (struct split){ .kind = guess->form < FORM_END ? kind[guess->form] : SPLIT_LINES,
	    .comma = guess->comma };
}
