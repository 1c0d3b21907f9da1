/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a text into fixed octets and slots, so that texts which differ only in their slots share a
 * template: numbers, addresses, values behind '=', quoted parts, paths, timestamps; in a text of
 * several lines the rest of a line behind its label. Pure. Where a text is cut decides how small
 * it becomes, never whether it comes back.
 *
 * A slot never begins or ends inside of a word or an entity (store_entity_next) but those of mail
 * addresses, so that the words of a text are those of its fixed octets and of its slots.
 */
#ifndef STORE_CUTTER_H
#define STORE_CUTTER_H

#include "store/stamp.h"

enum {
	CUT_SLOTS = 200,
	CUT_BYTES = 65536,		/* longer texts are not cut */
	CUT_WORDS = CUT_BYTES / 64 + 2,
	CUT_STAMPS = 8,
	CUT_DIGITS = 10,		/* of a timestamp's first number, and one more */
	CUT_ATOMS = 4
};

enum cut_escape {
	CUT_PLAIN,
	CUT_BACKSLASH			/* \ and the next octet, or \uXXXX, stand for one */
};

/* A form of timestamps that texts of this column are known to have. */
struct cut_stamp {
	struct stamp_form form;
	uint8_t first;			/* digits that it begins with; 0: a name */
	uint8_t behind;			/* the octet behind them */
	uint8_t digit;			/* where its first digit is */
	uint8_t n;			/* octets when that is always the same, else 0 */
	uint64_t digits;		/* then: a bit for each octet that is a digit */
	uint8_t nfixed;
	uint8_t fixed[STAMP_BYTES];	/* and where the octets are that are always the same */
	uint8_t octet[STAMP_BYTES];
};

/* Tables, and the timestamps. */
struct cutter {
	uint8_t class[256];		/* of each octet: what it may begin, end or belong to */
	struct cut_stamp stamp[CUT_STAMPS];
	uint32_t nstamp;
	/* Bit i: stamp i may have a first number of so many digits, with this octet behind it. */
	uint8_t by_digits[CUT_DIGITS];
	uint8_t by_behind[256];
};

struct cut_slot {
	uint32_t at;
	uint32_t n;
	bool stamp;
};

struct cut {
	struct span text;
	enum cut_escape escape;
	uint32_t natom;
	struct cut_slot atom[CUT_ATOMS];	/* parts that are to be slots, ascending */
	uint32_t nslot;
	struct cut_slot slot[CUT_SLOTS];
	/* One bit per octet. */
	uint64_t word[CUT_WORDS], digit[CUT_WORDS], act[CUT_WORDS];
};

/* A letter, digit or '_', or an octet above ASCII. */
static inline bool
cutter_is_word(const struct cutter *cutter, uint8_t c)
{
	return (cutter->class[c] & 1) != 0;
}

void	cutter_init(struct cutter *cutter);
/* Fills nslot and slot[]. False: it cannot be cut (a NUL, too long, too many slots). */
bool	cut_make(const struct cutter *cutter, struct cut *cut);
/* Looks for timestamps in a text that is new; true when cutting again would be better. */
bool	cutter_learn(struct cutter *cutter, struct span text);

#endif
