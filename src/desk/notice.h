/* SPDX-License-Identifier: Apache-2.0 */
/* What parts say when a person is to be told outside: see notice.c. Inside of room desk only. */
#ifndef DESK_NOTICE_H
#define DESK_NOTICE_H

#include "desk/dutysql.h"
#include "desk/part.h"

extern const struct part part_notices;
extern const struct part_load notice_load;
extern const struct part_word notice_words[];	/* ended by NULL */

/*
 * A notice to each of the list TO, a column of persons with commas; ITEM: what of REF, or ''. In
 * the statements of an act.
 */
#define NOTICE_PUT(KIND, REF, ITEM, LEVEL, STEP, TO) \
    "INSERT INTO notice(kind, ref, item, level, step, person, created, seq, gone) SELECT " KIND \
    ", " REF ", " ITEM ", coalesce(" LEVEL ", 0), " STEP ", value, :time, :seq, (SELECT closed" \
    " FROM alert WHERE " KIND " = 'alert' AND id = " REF ") FROM " DUTY_LIST(TO) \
    " ORDER BY key;"

/* Whoever is on duty now, of any tier; where nobody is, all who have such a role. With commas. */
#define NOTICE_ON_DUTY \
    "(SELECT group_concat(person) FROM (SELECT s.person FROM shift s JOIN contact c ON c.person" \
    " = s.person AND c.removed IS NULL WHERE s.removed IS NULL AND s.start <= :now AND s.until" \
    " > :now UNION SELECT r.person FROM contact_role r JOIN duty_role d ON d.name = r.role AND" \
    " d.is_tier WHERE NOT EXISTS(SELECT 1 FROM shift WHERE removed IS NULL AND start <= :now" \
    " AND until > :now)))"

#endif
