/* SPDX-License-Identifier: Apache-2.0 */
/*
 * YAML read by tables of keys into a plain struct. libyaml reads the text; what is in no table is
 * refused with its line and the names that would be right, so that a typing error never becomes a
 * silent default. Aliases of YAML are refused (ten lines must not become ten million), keys that
 * are said twice too. A text may hold several documents: a later one says what is to be otherwise.
 */
#ifndef ROLE_KEYS_H
#define ROLE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

enum key_type {
	KEY_TEXT,		/* char array of `max` octets, with the NUL */
	KEY_BOOL,		/* bool */
	KEY_NUMBER,		/* int64_t: plain, min..max */
	KEY_SECONDS,		/* int64_t: 90, 90s, 5m, 24h, 30d */
	KEY_BYTES,		/* int64_t: 1048576, 64KB, 48MB, 2GB */
	KEY_RATE,		/* int64_t: 64kbit, 2Mbit a second, in octets a second */
	KEY_CLOCK,		/* int64_t: "07:30", minutes of the day, "24:00" too */
	KEY_ZONE,		/* int64_t: "+07:00" in minutes */
	KEY_CHOICE,		/* int64_t: place in `choice`, a list with commas */
	KEY_LIST,		/* array of maps (`sub` says of what), or of texts */
	KEY_MAP,		/* a map whose keys lie in the same struct */
	KEY_LINE,		/* int64_t, of a list's element: its line; no name */
};

struct key {
	const char *name;	/* a table ends with a row without name that is no KEY_LINE */
	enum key_type type;
	bool required;
	size_t at;
	int64_t min, max;	/* LIST: max = elements */
	const char *choice;
	const struct key *sub;
	const char *lone;	/* LIST of maps: the key that an entry means which is one text */
	size_t size;		/* LIST: octets of an element */
	size_t count_at;	/* LIST: unsigned, number of elements */
	size_t said_at;		/* bool, true when the key stands there; 0: not told */
};

/*
 * what: "the configuration". ERR_FORMAT: "line 7: kind: 'tpc' is not one of udp,tcp"; base may
 * then be half written.
 */
enum err	keys_read(void *base, const struct key *keys, const char *what, struct span text,
		    struct why *why);

/* Of an entry of a rule pack (role/rulepack.h), for the tables that list them. */
extern const struct key preset_key[];
extern const struct key almanac_key[];
/* Of `notify` and `heartbeat` (role/telling.h). */
extern const struct key telling_channel_key[];
extern const struct key telling_beat_key[];

#endif
