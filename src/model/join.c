/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: memchr's answer is made a place by subtraction. See join.h. */
#include "model/join.h"

#include "base/limits.h"

/* ---- masks ---- */

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
mask_fits(struct span mask, struct span line)
{
	if (line.n < mask.n)
		return false;
	for (size_t i = 0; i < mask.n; i++)
		if (mask.p[i] == '0' ? !is_digit(line.p[i]) :
		    mask.p[i] != '?' && mask.p[i] != line.p[i])
			return false;
	return true;
}

/* How programs write the time at the front of a line; in two parts what C reads as trigraphs. */
static const char *const stamp_mask[] = {
	"0000-00-00", "0000/00/00", "0000.00.00", "00-00-0000", "00/00/0000", "00.00.0000",
	"0/0/0000", "0/00/0000", "00/0/0000", "00/00/00 00:00",
	"00-??" "?-0000", "00/??" "?/0000", "00 ??? 0000", "0 ??? 0000",
	"??? 00, 0000", "??? 0, 0000",			/* java.util.logging */
	"??? 00 00:00", "???  0 00:00",			/* syslog */
	"??? ??? 00 00:00", "??? ???  0 00:00",		/* ctime(3) */
	"00:00:00", "00000000 00:00", "000000 00:00", "000000  0:00",
	"?0000 00:00:00",				/* glog */
	"0000000000.000",
};

static bool
stamp_fits(struct span line)
{
	for (size_t i = 0; i < sizeof stamp_mask / sizeof stamp_mask[0]; i++)
		if (mask_fits(span_str(stamp_mask[i]), line))
			return true;
	return false;
}

/* Behind "[", "INFO ", "[INFO] ", "ERROR: ". */
static struct span
level_pass(struct span line)
{
	size_t i = 0, begin;

	if (i < line.n && (line.p[i] == '[' || line.p[i] == '('))
		i++;
	begin = i;
	while (i < line.n && line.p[i] >= 'A' && line.p[i] <= 'Z')
		i++;
	/* Letters that are no level word belong to what stands there. */
	if (i - begin < 3 || i - begin > 9)
		return span_sub(line, begin, SIZE_MAX);
	while (i < line.n && (line.p[i] == ']' || line.p[i] == ':' || line.p[i] == ' ' ||
	    line.p[i] == '['))
		i++;
	return span_sub(line, i, SIZE_MAX);
}

static bool
stamp_leads(struct span line)
{
	return stamp_fits(line) || stamp_fits(level_pass(line));
}

/* ---- what goes on ---- */

static bool
starts_with_one(struct span line, const char *const *word, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (span_starts(line, span_str(word[i])))
			return true;
	return false;
}

static bool
is_indented(struct span line)
{
	return line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');
}

/* A syslog message of its own, whatever the rule: it has its own time, host and severity. */
static bool
has_priority(struct span line)
{
	return mask_fits(SPAN("<0>"), line) || mask_fits(SPAN("<00>"), line) ||
	    mask_fits(SPAN("<000>"), line);
}

static bool
is_name_octet(uint8_t c)
{
	return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
	    c == '.' || c == '$';
}

/* thrown = name "." name ("Exception" / "Error" / "Throwable") (":" / SP / CR / end) */
static bool
is_thrown(struct span line)
{
	static const char *const end[] = { "Exception", "Error", "Throwable" };
	struct span name;
	size_t n = 0;

	while (n < line.n && is_name_octet(line.p[n]))
		n++;
	if (n == 0 || is_digit(line.p[0]) || memchr(line.p, '.', n) == NULL ||
	    (n < line.n && line.p[n] != ':' && line.p[n] != ' ' && line.p[n] != '\r'))
		return false;
	name = span_sub(line, 0, n);
	for (size_t i = 0; i < sizeof end / sizeof end[0]; i++) {
		struct span word = span_str(end[i]);

		if (name.n > word.n && span_eq(span_sub(name, name.n - word.n, word.n), word))
			return true;
	}
	return false;
}

static bool
is_traceback(struct span line)
{
	return span_starts(line, SPAN("Traceback (most recent call last)"));
}

/* Lines of a trace that have no indent. */
static bool
is_of_trace(struct span line)
{
	static const char *const word[] = {
		"Caused by:", "Suppressed:", "at ", "... ", "Wrapped by:",	/* Java */
		"--- End of ", "---> ",						/* .NET */
		"During handling of the above exception",			/* Python */
		"The above exception was the direct cause",
		"Stack trace:", "#0 ",						/* PHP */
	};

	return starts_with_one(line, word, sizeof word / sizeof word[0]) ||
	    mask_fits(SPAN("#0"), line) || is_traceback(line) || is_thrown(line);
}

static bool
trace_goes_on(struct join_state *state, struct span line)
{
	if (is_indented(line))
		return true;
	if (is_traceback(line)) {
		state->in_traceback = true;
		return true;
	}
	if (state->in_traceback) {
		state->in_traceback = false;	/* the exception itself is the last line */
		return true;
	}
	return is_of_trace(line);
}

/* severity = the word in front of the first ":  ", which the server writes behind it */
static bool
is_detail(struct span line)
{
	static const char *const word[] = { "DETAIL", "HINT", "STATEMENT", "CONTEXT", "QUERY",
		"LOCATION", "BACKTRACE" };
	size_t end = 0, begin;

	while (end + 2 < line.n && !(line.p[end] == ':' && line.p[end + 1] == ' ' &&
	    line.p[end + 2] == ' '))
		end++;
	if (end + 2 >= line.n)
		return false;
	for (begin = end; begin > 0 && line.p[begin - 1] >= 'A' && line.p[begin - 1] <= 'Z';)
		begin--;
	for (size_t i = 0; i < sizeof word / sizeof word[0]; i++)
		if (span_is(span_sub(line, begin, end - begin), word[i]))
			return true;
	return false;
}

static bool
rule_goes_on(const struct join *join, struct join_state *state, struct span line)
{
	switch (join->kind) {
	case JOIN_INDENT:
		return is_indented(line);
	case JOIN_TRACE:
		return trace_goes_on(state, line);
	case JOIN_STAMP:
		return !stamp_leads(line);
	case JOIN_POSTGRESQL:
		return !stamp_leads(line) || is_detail(line);
	case JOIN_START:
		return !mask_fits(span_of(join->mask, join->n), line);
	default:
		return false;
	}
}

/* ---- the door ---- */

bool
join_read(struct join *ret_join, struct span text)
{
	static const struct {
		const char *name;
		uint8_t kind;
	} row[] = { { "", JOIN_NONE }, { "none", JOIN_NONE }, { "indent", JOIN_INDENT },
		{ "trace", JOIN_TRACE }, { "stamp", JOIN_STAMP },
		{ "postgresql", JOIN_POSTGRESQL } };
	static const struct span start = { (const uint8_t *)"start:", 6 };
	struct join join = { .kind = JOIN_NONE };

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (span_is(text, row[i].name)) {
			join.kind = row[i].kind;
			*ret_join = join;
			return true;
		}
	if (!span_starts(text, start) || text.n == start.n || text.n - start.n > JOIN_MASK)
		return false;
	join.kind = JOIN_START;
	join.n = (uint8_t)(text.n - start.n);
	memcpy(join.mask, text.p + start.n, join.n);
	*ret_join = join;
	return true;
}

bool
join_is_empty(struct span line)
{
	return line.n == 0 || (line.n == 1 && line.p[0] == '\r');
}

void
join_begin(const struct join *join, struct join_state *ret_state, struct span line)
{
	*ret_state = (struct join_state){ .lines = 1,
	    .in_traceback = join->kind == JOIN_TRACE && is_traceback(line) };
}

bool
join_goes_on(const struct join *join, struct join_state *state, struct span line)
{
	line = span_sub(line, 0, JOIN_LOOK);
	if (!join_is_empty(line) && (has_priority(line) || !rule_goes_on(join, state, line)))
		return false;
	state->lines++;
	return true;
}

/* The line behind what is done: does the record end in front of it? */
static bool
ends_before(const struct join *join, struct join_scan *scan, struct span line, bool *ret_full)
{
	bool full = scan->done + line.n + 1 > LIMIT_JOIN_BYTES ||
	    scan->state.lines >= LIMIT_JOIN_LINES;

	if (!join_goes_on(join, &scan->state, line))
		return true;
	*ret_full = full;
	return full;
}

static enum err
found(struct join_scan *scan, size_t n, bool full, struct join_found *ret)
{
	*ret = (struct join_found){ n, full };
	*scan = (struct join_scan){ .done = 0 };
	return OK;
}

enum err
join_next(const struct join *join, struct join_scan *scan, struct span in, enum join_input input,
    struct join_found *ret_found)
{
	while (scan->done < in.n) {
		const uint8_t *lf = in.n > scan->at ?
		    memchr(in.p + scan->at, '\n', in.n - scan->at) : NULL;
		size_t end = lf != NULL ? (size_t)(lf - in.p) : in.n;
		struct span line = span_sub(in, scan->done, end - scan->done);
		bool full = false;

		scan->at = end;
		if (lf == NULL && input == JOIN_MORE_COMES) {
			if (scan->done > 0 && in.n > LIMIT_JOIN_BYTES)
				return found(scan, scan->done, true, ret_found);
			return ERR_MORE;
		}
		if (scan->done > 0 && ends_before(join, scan, line, &full))
			return found(scan, scan->done, full, ret_found);
		if (scan->done == 0)
			join_begin(join, &scan->state, line);
		scan->done = scan->at = lf != NULL ? end + 1 : end;
		if (scan->state.lines == 1 && join_is_empty(line))
			return found(scan, scan->done, false, ret_found);
	}
	if (scan->done > 0 && input == JOIN_COMPLETE)
		return found(scan, scan->done, false, ret_found);
	return ERR_MORE;
}
