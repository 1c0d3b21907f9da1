/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The rules by which the desk watches its sources and itself: what opens a finding, what closes
 * it, how grave it is, and what to tell people. One table; a rule that changes what it finds gets
 * a new version.
 */
#ifndef COVERAGE_RULE_H
#define COVERAGE_RULE_H

#include "model/finding.h"

enum watch_rule_id {
	RULE_SILENT,
	RULE_SKEWED,
	RULE_UNPARSED,
	RULE_GAPS,
	RULE_DROPPED,
	RULE_REFUSED,
	RULE_DOWN,
	RULE_GONE,
	RULE_STORE,
	RULE_SEAL,
	RULE_ANCHOR,
	RULE_DISK_WEEK,
	RULE_DISK_DAYS,
	RULE_CLOCK,
	RULE_ABSENT,
	RULE_UNKNOWN,
	RULE_REVOKED,
	RULE_EXPIRED,
	RULE_END
};

/* How a value is told to people. */
enum watch_unit { UNIT_SECONDS, UNIT_RECORDS, UNIT_NUMBERS, UNIT_HOURS, UNIT_LEAVES };

/* How sure it is. */
enum watch_sure {
	SURE_COUNTED,			/* sealed records, counted one by one */
	SURE_TOLD,			/* counters of the desk, sealed each minute */
	SURE_MEASURED,			/* of this moment, by the desk itself */
	SURE_GUESSED,			/* an estimate */
};

struct watch_rule {
	const char *id;
	uint32_t version;
	uint8_t level;			/* enum finding_level */
	uint8_t unit;			/* enum watch_unit */
	uint8_t sure;			/* enum watch_sure */
	/*
	 * Hysteresis: it is opened when it holds for open_s, and closed when it does not for
	 * close_s. Told again (grew) when the value is grew_times what was told last, and not
	 * within grew_s.
	 */
	uint32_t open_s, close_s, grew_times, grew_s;
	const char *why;		/* why these numbers */
	/* {what}: the source, or the subject; {value}, {usual}: with their unit. */
	const char *vi, *en;
	const char *do_vi, *do_en;	/* what to do next; {name}: the subject, in a command */
};

const struct watch_rule	*watch_rule(enum watch_rule_id id);
/* NULL: none of ours. */
const struct watch_rule	*watch_rule_of(struct span id);
const char	*watch_unit_name(unsigned unit);

enum watch_lang { LANG_VI, LANG_EN };
/* The sentence of a finding by its rule's words; of a rule that is not ours, its own message. */
void		watch_words(struct buf *out, const struct finding *finding,
		    enum watch_lang lang);
/* What to do next; nothing when nobody knows. */
void		watch_advice(struct buf *out, const struct finding *finding,
		    enum watch_lang lang);

/* How sure it is, in words. */
const char	*watch_sure(const struct finding *finding, enum watch_lang lang);
const char	*watch_level(unsigned level, enum watch_lang lang);

#endif
