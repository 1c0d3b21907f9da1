/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands behind `_time:` (LogsQL "Time filter", "Day range filter", "Week range filter"). A
 * time range is kept as its first and last nanosecond.
 */
#include "query/parse_int.h"

#include "query/value.h"

#define TOKEN_STOP	", ( ) [ ] |"

static int64_t
saturated_add(int64_t a, int64_t b)
{
	int64_t v;

	if (a == INT64_MIN || a == INT64_MAX)
		return a;	/* no bound stays no bound */
	return __builtin_add_overflow(a, b, &v) ? (b > 0 ? INT64_MAX : INT64_MIN) : v;
}

static enum err
point_parse(struct parse *parse, struct time_point *ret_point, struct span *ret_text)
{
	uint32_t column = parse->lex.now.column;
	enum err rc = lex_compound(&parse->lex, TOKEN_STOP, "missing time", ret_text, parse->why);

	if (rc != OK)
		return rc;
	if (!value_time_point(*ret_text, parse->now_ns, parse->options->zone_s, ret_point))
		return lex_refuse_text(parse->why, column, *ret_text,
		    "is no time; write 2026-11-23, "
		    "2026-11-23T08:00+07:00, now-1h or a duration like 5m");
	*ret_text = shown_value(parse, *ret_text);
	return OK;
}

static enum err
duration_parse(struct parse *parse, int64_t *ret_ns, struct span *ret_text)
{
	uint32_t column = parse->lex.now.column;
	enum err rc = lex_compound(&parse->lex, TOKEN_STOP, "missing duration", ret_text,
	    parse->why);

	if (rc != OK)
		return rc;
	if (!value_duration(*ret_text, ret_ns))
		return lex_refuse_text(parse->why, column, *ret_text,
		    "is no duration; write 30s, 5m, 2h, 1d, 1w or 1y");
	*ret_text = shown_value(parse, *ret_text);
	return OK;
}

/* ( "[" / "(" ) time "," time ( "]" / ")" ) */
static enum err
interval_parse(struct parse *parse, struct filter *filter)
{
	struct lex *lex = &parse->lex;
	bool closed = lex_is(lex, "[");
	struct time_point from, to;
	struct span a, b;
	enum err rc;

	lex_next(lex);
	rc = point_parse(parse, &from, &a);
	if (rc != OK)
		return rc;
	if (!lex_take(lex, ","))
		return lex_refuse(lex, parse->why, "missing ',' between two times");
	rc = point_parse(parse, &to, &b);
	if (rc != OK)
		return rc;
	filter->from = closed ? from.from_ns : saturated_add(from.from_ns, 1);
	filter->to = lex_is(lex, "]") ? to.end_ns : saturated_add(to.from_ns, -1);
	if (!lex_is_any(lex, "] )"))
		return lex_refuse(lex, parse->why, "missing ']' or ')' behind two times");
	filter->shown = shown_join(parse, closed ? "[" : "(", a, ", ", b,
	    lex_is(lex, "]") ? "]" : ")");
	lex_next(lex);
	return OK;
}

/* ( ">" / "<" ) [ "=" ] ( time / duration before now: older or younger than that ) */
static enum err
bound_parse(struct parse *parse, struct filter *filter)
{
	struct lex *lex = &parse->lex;
	bool greater = lex_is(lex, ">"), equal;
	struct time_point point;
	struct span text;
	int64_t ns;
	enum err rc;

	lex_next(lex);
	equal = lex_take(lex, "=");
	if (value_is_time_point(lex->now.text)) {
		rc = point_parse(parse, &point, &text);
		if (rc != OK)
			return rc;
		if (greater)
			filter->from = equal ? point.from_ns : saturated_add(point.from_ns, 1);
		else
			filter->to = equal ? point.end_ns : saturated_add(point.from_ns, -1);
	} else {
		rc = duration_parse(parse, &ns, &text);
		if (rc != OK)
			return rc;
		ns = ns < 0 ? -ns : ns;
		if (greater) {
			filter->to = saturated_add(parse->now_ns, -ns - !equal);
		} else {
			filter->from = saturated_add(parse->now_ns, -ns + !equal);
			filter->to = parse->now_ns;
		}
	}
	filter->shown = shown_join(parse, greater ? (equal ? ">=" : ">") : (equal ? "<=" : "<"),
	    text, "", SPAN(""), "");
	return OK;
}

/* [ "=" ] ( time: the whole day, hour, ... / duration: the last so long ) */
static enum err
equal_parse(struct parse *parse, struct filter *filter)
{
	struct time_point point;
	int64_t ns;
	enum err rc;

	(void)lex_take(&parse->lex, "=");
	if (value_is_time_point(parse->lex.now.text)) {
		rc = point_parse(parse, &point, &filter->shown);
		filter->from = rc == OK ? point.from_ns : 0;
		filter->to = rc == OK ? point.end_ns : 0;
		return rc;
	}
	rc = duration_parse(parse, &ns, &filter->shown);
	if (rc != OK)
		return rc;
	filter->from = saturated_add(parse->now_ns, -(ns < 0 ? -ns : ns));
	filter->to = parse->now_ns;
	return OK;
}

/* [ "offset" duration ]: adds its text to what is shown. */
static enum err
offset_parse(struct parse *parse, struct filter *filter, int64_t *ret_ns)
{
	struct span text;
	enum err rc;

	*ret_ns = 0;
	if (!lex_take(&parse->lex, "offset"))
		return OK;
	rc = duration_parse(parse, ret_ns, &text);
	if (rc == OK)
		filter->shown = shown_join(parse, "", filter->shown,
		    filter->shown.n > 0 ? " offset " : "offset ", text, "");
	return rc;
}

/* "08:00" or "Mon" between brackets */
static enum err
slot_parse(struct parse *parse, bool is_day, int64_t *ret_v, struct span *ret_text)
{
	static const char *const day[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };
	static const char *const full[] = { "sunday", "monday", "tuesday", "wednesday", "thursday",
	    "friday", "saturday" };
	struct lex *lex = &parse->lex;
	uint32_t column = lex->now.column;
	enum err rc;

	for (int i = 0; i < 7 && is_day; i++)
		if (lex_is(lex, day[i]) || lex_is(lex, full[i])) {
			*ret_v = i;
			*ret_text = lex->now.text;
			lex_next(lex);
			return OK;
		}
	rc = lex_compound(lex, TOKEN_STOP, is_day ? "missing day" : "missing time of day", ret_text,
	    parse->why);
	if (rc != OK)
		return rc;
	if (is_day || !value_clock(*ret_text, ret_v))
		return lex_refuse_text(parse->why, column, *ret_text, is_day ?
		    "is no day; write Mon, Tue, Wed, Thu, Fri, Sat or Sun" :
		    "is no time of day; write 08:00");
	*ret_text = shown_value(parse, *ret_text);
	return OK;
}

/* ( "day_range" / "week_range" ) ( "[" / "(" ) slot "," slot ( "]" / ")" ) [ offset ] */
static enum err
daily_parse(struct parse *parse, struct filter *filter)
{
	struct lex *lex = &parse->lex;
	bool is_day = lex_is(lex, "week_range"), open, close;
	struct span a, b;
	enum err rc;

	filter->op = is_day ? FILTER_WEEK_RANGE : FILTER_DAY_RANGE;
	lex_next(lex);
	open = lex_is(lex, "(");
	if (!open && !lex_is(lex, "["))
		return lex_refuse(lex, parse->why, "missing '[' or '('");
	lex_next(lex);
	rc = slot_parse(parse, is_day, &filter->from, &a);
	if (rc != OK)
		return rc;
	if (!lex_take(lex, ","))
		return lex_refuse(lex, parse->why, "missing ','");
	rc = slot_parse(parse, is_day, &filter->to, &b);
	if (rc != OK)
		return rc;
	close = lex_is(lex, ")");
	if (!close && !lex_is(lex, "]"))
		return lex_refuse(lex, parse->why, "missing ']' or ')'");
	lex_next(lex);
	filter->shown = shown_join(parse, is_day ? (open ? "week_range(" : "week_range[") :
	    (open ? "day_range(" : "day_range["), a, ", ", b, close ? ")" : "]");
	filter->from += open;
	filter->to -= close;
	return offset_parse(parse, filter, &filter->offset_ns);
}

enum err
time_parse(struct parse *parse, struct filter **ret_filter)
{
	struct filter *filter = filter_new(parse, FILTER_TIME, SPAN("_time"));
	struct lex *lex = &parse->lex;
	int64_t offset;
	enum err rc = OK;

	if (filter == NULL)
		return ERR_LIMIT;
	filter->from = INT64_MIN;
	filter->to = INT64_MAX;
	*ret_filter = filter;
	if (lex_is_any(lex, "day_range week_range"))
		return daily_parse(parse, filter);
	if (lex_take(lex, "*"))
		return (filter->op = FILTER_ALL, OK);
	if (lex_is(lex, "offset"))
		filter->to = parse->now_ns;
	else if (lex_is_any(lex, "> <"))
		rc = bound_parse(parse, filter);
	else if (lex_is_any(lex, "[ ("))
		rc = interval_parse(parse, filter);
	else
		rc = equal_parse(parse, filter);
	if (rc == OK)
		rc = offset_parse(parse, filter, &offset);
	if (rc != OK)
		return rc;
	filter->from = saturated_add(filter->from, -offset);
	filter->to = saturated_add(filter->to, -offset);
	return OK;
}
