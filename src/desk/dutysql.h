/* SPDX-License-Identifier: Apache-2.0 */
/* SQL that the parts of duty share: duty.c, roster.c, handover.c. Inside of room desk only. */
#ifndef DESK_DUTYSQL_H
#define DESK_DUTYSQL_H

#include "desk/part.h"

extern const struct part_word duty_words[];	/* ended by NULL */
extern const struct part_load duty_load;

/* A list with commas, as a table of key (0, 1, ...) and value; what it is not has no rows. */
#define DUTY_LIST(list) \
    "json_each(CASE WHEN json_valid('[\"' || replace(" list ", ',', '\",\"') || '\"]') THEN" \
    " '[\"' || replace(" list ", ',', '\",\"') || '\"]' ELSE '[]' END)"
#define DUTY_BOOL(condition) "json(iif(" condition ", 'true', 'false'))"
/* A rule of the pack, in nanoseconds where it is a time. */
#define DUTY_RULE(name, otherwise) \
    "coalesce((SELECT value FROM duty_rule WHERE name = '" name "'), " otherwise ")"
#define DUTY_NO_CONTACT(person) \
    "NOT EXISTS(SELECT 1 FROM contact WHERE person = " person " AND removed IS NULL)"
#define DUTY_NO_TIER "NOT EXISTS(SELECT 1 FROM duty_role WHERE name = :tier AND is_tier)"
#define DUTY_DAY_NS "86400000000000"
/* A line of the duty book about what an act was. */
#define DUTY_NOTE(kind, id, text) \
    "INSERT INTO duty_note VALUES(:seq, :time, '" kind "', " id ", :who, :act, " text ");"

/*
 * Whoever signs in signs for himself; on the desk's own socket, where no account is, who signs is
 * said.
 */
#define DUTY_SIGNER { .name = "person", .kind = PART_WORD, .most = 64 }
#define DUTY_SIGNER_NOW "coalesce(:person, :who)"
#define DUTY_SIGNER_WRONG \
    " WHEN :person IS NULL AND :who LIKE 'uid %' THEN 'who-signs' WHEN :who NOT LIKE 'uid %' AND" \
    " :who <> " DUTY_SIGNER_NOW " THEN 'not-you' WHEN " \
    DUTY_NO_CONTACT(DUTY_SIGNER_NOW) " THEN 'no-contact'"
#define DUTY_SIGNER_FILL "iif(:person IS NULL, :who, NULL) person"

/* Intervals without anybody on duty, and with two of them: expressions, JSON arrays. a, b: when. */
#define DUTY_GAPS(a, b) \
    "(SELECT json_group_array(json_object('tier', tier, 'start', stamp(before), 'end'," \
    " stamp(start))) FROM (SELECT * FROM (SELECT tier, start, max(until) OVER (PARTITION BY" \
    " tier ORDER BY start, until ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) before FROM" \
    " (SELECT tier, max(start, " a ") start, min(until, " b ") until FROM shift WHERE removed" \
    " IS NULL AND start < " b " AND until > " a " UNION ALL SELECT name, " a ", " a " FROM" \
    " duty_role WHERE is_tier UNION ALL SELECT name, " b ", " b " FROM duty_role WHERE" \
    " is_tier)) WHERE start > before ORDER BY before, tier LIMIT 500))"
#define DUTY_OVERLAPS(a, b) \
    "(SELECT json_group_array(json(j)) FROM (SELECT json_object('shift', x.shift, 'with'," \
    " y.shift, 'start', stamp(y.start), 'end', stamp(min(x.until, y.until)), 'tier', y.tier," \
    " 'person', y.person, 'with_person', x.person, 'same_person', " \
    DUTY_BOOL("x.person = y.person") ") j FROM shift x JOIN shift y ON y.start >= x.start AND" \
    " y.start < x.until AND (y.start > x.start OR y.shift > x.shift) AND (y.tier = x.tier OR" \
    " y.person = x.person) AND y.removed IS NULL WHERE x.removed IS NULL AND x.start < " b \
    " AND x.until > " a " AND x.start > " a " - 7 * " DUTY_DAY_NS " AND y.until > " a \
    " ORDER BY y.start LIMIT 500))"

/* Holidays that have a part in a time, as days that they begin and end on. */
#define DUTY_HOLIDAYS(a, b) \
    "(SELECT json_group_array(json_object('title', title, 'english', english, 'start'," \
    " stamp(first), 'end', stamp(last))) FROM (SELECT * FROM holiday WHERE first < " b " AND" \
    " last > " a " ORDER BY first))"
/* Of shift_told. */
#define DUTY_SHIFT_JSON \
    "json_object('shift', shift, 'tier', tier, 'person', person, 'name', name, 'phone', phone," \
    " 'start', stamp(start), 'end', stamp(until), 'note', note, 'holiday', holiday)"

#endif
