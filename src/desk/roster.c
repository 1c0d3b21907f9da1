/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is on duty when: shifts of the tiers, one by one or many out of a list of people and a
 * pattern of hours; what nobody has, and what two have, is told and not refused.
 */
#include "desk/part.h"

#include "desk/desk.h"
#include "desk/dutysql.h"

static const char schema[] =
    "CREATE TABLE shift(shift INTEGER PRIMARY KEY, tier TEXT, person TEXT, start INT, until INT,"
    " note TEXT, seq INT, removed INT, why TEXT);"
    "CREATE INDEX shift_tier ON shift(tier, start);"
    "CREATE INDEX shift_person ON shift(person, start);"
    "CREATE INDEX shift_start ON shift(start);"
    "CREATE VIEW shift_told AS SELECT s.*, c.name, c.phone, (SELECT h.title FROM holiday h"
    " WHERE h.first < s.until AND h.last > s.start ORDER BY h.first LIMIT 1) holiday FROM shift"
    " s LEFT JOIN contact c ON c.person = s.person;";

#define TIER { .name = "tier", .kind = PART_WORD, .required = true, .most = 32 }
#define START { .name = "start", .kind = PART_TIME, .required = true }
#define END { .name = "end", .kind = PART_TIME, .required = true }
#define SHIFT { .name = "shift", .kind = PART_NUMBER, .required = true }
#define WHAT { .name = "what", .kind = PART_TEXT }
#define REASON { .name = "what", .kind = PART_TEXT, .required = true }

/* NULL: it can still be changed. */
#define SHIFT_WRONG(number) \
    " WHEN NOT EXISTS(SELECT 1 FROM shift WHERE shift = " number " AND removed IS NULL) THEN" \
    " 'no-shift' WHEN EXISTS(SELECT 1 FROM shift WHERE shift = " number " AND until <= :now)" \
    " THEN 'shift-over'"

/*
 * The shifts of a plan, slot(i, start, until), in their order: every day of the office's zone (in
 * minutes) has those of the pattern; the ones that begin from :start to :end are of the plan. An
 * end that is no later than its start lies on the next day.
 */
#define MINUTES(from) "substr(value, " from ", 2) * 60 + substr(value, " from " + 3, 2)"
#define SLOTS(zone) \
    "WITH RECURSIVE day(n) AS (SELECT (:start / 1000000000 + " zone " * 60) / 86400 UNION ALL" \
    " SELECT n + 1 FROM day WHERE n < (:end / 1000000000 + " zone " * 60) / 86400)," \
    " piece(s, e) AS (SELECT " MINUTES("1") ", " MINUTES("7") " FROM " DUTY_LIST(":pattern") ")," \
    " whole(start, until) AS (SELECT (n * 1440 + s - " zone ") * 60000000000, (n * 1440 + e +" \
    " iif(e <= s, 1440, 0) - " zone ") * 60000000000 FROM day, piece)," \
    " slot(i, start, until) AS (SELECT row_number() OVER (ORDER BY start, until) - 1, start," \
    " until FROM whole WHERE start >= :start AND start < :end)"
#define ZONE_NOW DUTY_RULE("zone", "420")
#define ZONE_THEN "CAST(:zone AS INT)"
#define HOURS "[0-2][0-9]:[0-5][0-9]"
#define PATTERN_WRONG \
    "(:pattern GLOB '*[^0-9:,-]*' OR EXISTS(SELECT 1 FROM " DUTY_LIST(":pattern") " WHERE value" \
    " NOT GLOB '" HOURS "-" HOURS "' OR substr(value, 1, 2) > '23' OR substr(value, 7, 2) >" \
    " '23'))"
#define PLANNED \
    "FROM shift WHERE tier = :tier AND removed IS NULL AND start >= :start AND start < :end"

static const struct part_act acts[] = {
	{ .name = "shift-set", .path = "/api/duty/shifts", .rights = DESK_ADMIN | DESK_HEAD,
	    .param = { TIER, { .name = "person", .kind = PART_WORD, .required = true }, START, END,
	    WHAT },
	    .guard = "SELECT CASE WHEN " DUTY_NO_TIER " THEN 'no-tier' WHEN "
	    DUTY_NO_CONTACT(":person") " THEN 'no-contact' WHEN :end <= :start THEN"
	    " 'end-before-start' WHEN :end - :start > 7 * " DUTY_DAY_NS " THEN 'shift-long' END",
	    .fill = "SELECT coalesce(max(shift), 0) + 1 shift FROM shift",
	    .apply = "INSERT INTO shift VALUES(:shift, :tier, :person, :start, :end, :what, :seq,"
	    " NULL, NULL);" DUTY_NOTE("roster", ":shift", ":tier || ', ' || :person || ': ' ||"
	    " stamp(:start) || ' - ' || stamp(:end)"), .then = "/api/duty/shifts/{shift}" },
	{ .name = "shift-remove", .path = "/api/duty/shifts/{shift}/remove",
	    .rights = DESK_ADMIN | DESK_HEAD, .param = { SHIFT, REASON },
	    .guard = "SELECT CASE" SHIFT_WRONG(":shift") " END",
	    .apply = "UPDATE shift SET removed = :time, why = :what WHERE shift = :shift;"
	    DUTY_NOTE("roster", ":shift", ":what"), .then = "/api/duty/shifts/{shift}" },
	/* agreed: who said yes to it. */
	{ .name = "shift-swap", .path = "/api/duty/shifts/{shift}/swap", .rights = DESK_ACT,
	    .param = { SHIFT, { .name = "with", .kind = PART_NUMBER, .required = true },
	    { .name = "agreed", .kind = PART_LINE, .required = true }, WHAT },
	    .guard = "SELECT CASE" SHIFT_WRONG(":shift") SHIFT_WRONG(":with") " WHEN (SELECT"
	    " person FROM shift WHERE shift = :shift) = (SELECT person FROM shift WHERE shift ="
	    " :with) THEN 'swap-same' END",
	    .fill = "SELECT x.person person, y.person other FROM shift x, shift y WHERE x.shift ="
	    " :shift AND y.shift = :with",
	    .apply = "UPDATE shift SET person = :other WHERE shift = :shift;"
	    "UPDATE shift SET person = :person WHERE shift = :with;"
	    DUTY_NOTE("roster", ":shift", ":person || ' <-> ' || :other || ' (' || :agreed || ')'"
	    " || coalesce('; ' || :what, '')"), .then = "/api/duty/shifts/{shift}" },
	{ .name = "roster-plan", .path = "/api/duty/plan", .rights = DESK_ADMIN | DESK_HEAD,
	    .param = { TIER, { .name = "people", .kind = PART_WORDS, .required = true,
	    .most = 4000 }, START, END, { .name = "pattern", .kind = PART_LINE, .required = true,
	    .most = 200 }, { .name = "replace", .kind = PART_FLAG }, WHAT },
	    .guard = "SELECT CASE WHEN " DUTY_NO_TIER " THEN 'no-tier' WHEN :end <= :start THEN"
	    " 'end-before-start' WHEN :end - :start > 400 * " DUTY_DAY_NS " THEN 'plan-long' WHEN "
	    PATTERN_WRONG " THEN 'bad-pattern' WHEN EXISTS(SELECT 1 FROM " DUTY_LIST(":people")
	    " p WHERE " DUTY_NO_CONTACT("p.value") ") THEN 'no-contact' WHEN coalesce(:replace,"
	    " 0) = 0 AND EXISTS(SELECT 1 " PLANNED ") THEN 'plan-taken' WHEN :replace = 1 AND"
	    " :start < :now THEN 'plan-past' ELSE (" SLOTS(ZONE_NOW) " SELECT CASE WHEN count(*)"
	    " = 0 THEN 'plan-empty' WHEN count(*) > 400 THEN 'plan-long' END FROM slot) END",
	    .fill = "SELECT coalesce(max(shift), 0) + 1 first, " ZONE_NOW " zone FROM shift",
	    .apply = "UPDATE shift SET removed = :time, why = :act WHERE :replace = 1 AND shift IN"
	    " (SELECT shift " PLANNED ");"
	    "INSERT INTO shift " SLOTS(ZONE_THEN) " SELECT :first + i, :tier, (SELECT value FROM "
	    DUTY_LIST(":people") " WHERE key = i % (SELECT count(*) FROM " DUTY_LIST(":people")
	    ")), start, until, :what, :seq, NULL, NULL FROM slot;"
	    DUTY_NOTE("roster", ":first", ":tier || ', ' || :pattern || ': ' || :people || ', ' ||"
	    " stamp(:start) || ' - ' || stamp(:end)"),
	    .then = "/api/duty/plan/{first}" },
	{ .name = NULL },
};

#define TIERS_JSON \
    "(SELECT json_group_array(json_object('name', name, 'title', title, 'english', english))" \
    " FROM (SELECT * FROM duty_role WHERE is_tier ORDER BY name = 'technical' DESC, name))"
#define RANGE_START "coalesce(:start, :now)"
#define RANGE_END "coalesce(:end, coalesce(:start, :now) + 31 * " DUTY_DAY_NS ")"
#define RANGE_WHERE \
    " WHERE s.removed IS NULL AND s.start < " RANGE_END " AND s.until > " RANGE_START \
    " AND (:tier IS NULL OR s.tier = :tier) AND (:person IS NULL OR s.person = :person)"

static const struct part_view views[] = {
	{ .path = "/api/duty/roster", .rights = DESK_READ, .param = {
	    { .name = "start", .kind = PART_TIME }, { .name = "end", .kind = PART_TIME },
	    { .name = "tier", .kind = PART_WORD }, { .name = "person", .kind = PART_WORD },
	    { .name = "limit", .kind = PART_NUMBER, .otherwise = "1000" },
	    { .name = "offset", .kind = PART_NUMBER, .otherwise = "0" } },
	    .sql = "SELECT json_object('start', stamp(" RANGE_START "), 'end', stamp(" RANGE_END
	    "), 'total', (SELECT count(*) FROM shift s" RANGE_WHERE "), 'tiers', " TIERS_JSON
	    ", 'holidays', " DUTY_HOLIDAYS(RANGE_START, RANGE_END) ", 'gaps', "
	    DUTY_GAPS(RANGE_START, RANGE_END) ", 'overlaps', "
	    DUTY_OVERLAPS(RANGE_START, RANGE_END) ", 'shifts', (SELECT json_group_array(json(j))"
	    " FROM (SELECT " DUTY_SHIFT_JSON " j FROM shift_told s" RANGE_WHERE " ORDER BY"
	    " s.start, s.tier, s.shift LIMIT min(:limit, 2000) OFFSET :offset)))" },
	{ .path = "/api/duty/shifts/{shift}", .rights = DESK_READ, .param = { SHIFT },
	    .sql = "SELECT json_patch(" DUTY_SHIFT_JSON ", json_object('removed',"
	    " stamp(removed), 'why', why)) FROM shift_told WHERE shift = :shift" },
	/* What one act planned, by the number of its first shift. */
	{ .path = "/api/duty/plan/{first}", .rights = DESK_READ, .param = {
	    { .name = "first", .kind = PART_NUMBER, .required = true } },
	    .sql = "SELECT json_object('total', count(*), 'start', stamp(min(start)), 'end',"
	    " stamp(max(until)), 'shifts', (SELECT json_group_array(json(j)) FROM (SELECT "
	    DUTY_SHIFT_JSON " j FROM shift_told WHERE seq = (SELECT seq FROM shift WHERE shift ="
	    " :first) AND shift >= :first ORDER BY start, shift LIMIT 400))) FROM shift WHERE"
	    " seq = (SELECT seq FROM shift WHERE shift = :first) AND shift >= :first"
	    " HAVING count(*) > 0" },
	{ .path = NULL },
};

const struct part part_roster = { .name = "roster", .schema = schema, .act = acts, .view = views,
	.book = "SELECT start, 'shift', shift, person, 'shift', tier || ', ' || stamp(until), seq"
	    " FROM shift WHERE removed IS NULL" };
