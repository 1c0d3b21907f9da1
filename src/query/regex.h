/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions of RE2's syntax over foreign text. What RE2 has not (look-around,
 * backreferences, possessive repeats, repeats above 1,000) is refused. Two engines, one answer:
 * Hyperscan where pattern and text are ASCII and it can, PCRE2 for the rest; and a machine for
 * values that lie as templates with slots (query/machine.h). A struct regex is read-only and
 * shared; a struct regex_scratch belongs to one thread.
 */
#ifndef QUERY_REGEX_H
#define QUERY_REGEX_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { REGEX_BRANCHES = 16, REGEX_BYTES = 4096, REGEX_REPEAT = 1000 };

/* What a pattern says before it is compiled. */
struct regex_facts {
	bool crosses;		/* may match a line feed: matches can span values put in a row */
	bool edges;		/* ^ $ \A \z: knows where the text begins or ends */
	bool any_case;		/* (?i) somewhere */
	bool lines;		/* (?m) somewhere */
	/* Each match holds one of these texts (lower case with any_case); 0: nothing known. */
	uint32_t nbranch;
	struct span branch[REGEX_BRANCHES];
};

/*
 * Reads a pattern and appends it in the form that both engines understand alike ($ is \z).
 * ERR_FORMAT with a sentence when it is not RE2's.
 */
enum err	regex_read(struct span pattern, struct arena *arena, struct regex_facts *ret_facts,
		    struct buf *out, struct why *why);

/* Appends what regex_read() wrote, with classes under (?i) as PCRE2 must be given them. */
void		regex_cases(struct span pattern, struct buf *out);

struct machine;
struct regex;
struct regex_scratch;

/* whole: the pattern must match all of a text. The facts' spans lie in arena. */
enum err	regex_new(struct regex **ret_regex, struct span pattern, bool whole,
		    struct arena *arena, struct why *why);
void		regex_free(struct regex **regex);
const struct regex_facts	*regex_facts(const struct regex *regex);
/* The same as a machine, in the arena; NULL: it has none. */
const struct machine	*regex_machine(const struct regex *regex);

struct regex_scratch	*regex_scratch_new(void);
void		regex_scratch_free(struct regex_scratch **scratch);
/* False also when a text takes PCRE2 too many steps; then regex_gave_up() is true. */
bool		regex_match(const struct regex *regex, struct regex_scratch *scratch,
    struct span text);
/* Sets hit[i] to whether text[i] matches, for n texts: faster than one by one. */
void		regex_match_many(const struct regex *regex, struct regex_scratch *scratch,
		    const struct span *text, size_t n, uint8_t *hit);
/* Whether any match since the scratch was made was given up. */
bool		regex_gave_up(const struct regex_scratch *scratch);

#endif
