/* SPDX-License-Identifier: Apache-2.0 */
/* The certificate of coverage: `trucban coverage --certificate NAME`. Inside of cmd. */
#ifndef CMD_CERTIFICATE_H
#define CMD_CERTIFICATE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"

struct certificate {
	const char *name;		/* NAME.txt, .pdf, .json, .zip are written */
	const char *state;		/* of the desk that is asked */
	const char *since, *until;	/* NULL: the 24 hours before the last full hour */
	const char *reason, *person;	/* may be NULL */
	const volatile bool *cancel;
};

/*
 * Writes the table for people as text and for print, the figures for programs, all three of one
 * answer of the desk, and an evidence package with the row of the ledger that holds the text's
 * SHA-256, which has those of the others: sealed with the rest, so that none of them can be changed
 * later. Nothing is overwritten. Without trucban-paper there is no PDF, and it is said. Returns the
 * exit code.
 */
int	certificate_make(const struct certificate *certificate);

/* ---- its words: certificate_print.c ---- */

/* Begins the case of its row of the ledger, the code ends it: verify looks for it. */
#define CERTIFICATE_CASE "coverage certificate "

enum {
	HEX_BYTES = 65,			/* of a SHA-256, with its end */
	CODE_BYTES = 20			/* "ABCD-EFGH-IJKL-MNOP": 80 bits of it, base32 */
};

/* What the form of content/papers asks for; both papers have the same. */
struct certificate_words {
	const char *base;		/* NAME without folders */
	const char *fingerprint;	/* of the seal's key */
	const char *figures;		/* SHA-256 of NAME.json */
	const char *code;		/* its short code */
	int32_t zone_s;			/* the office's */
	int64_t now_ns;
	const char *reason, *person;	/* may be NULL */
};

/* The form as plain text; table as the desk renders it. */
enum err	certificate_text(struct buf *out, const struct certificate_words *words,
		    struct span table, struct why *why);
/* The form printed; body: items of doc/formats/paper.md, as the desk renders them. Appends
 * nothing when trucban-paper is not installed, and says so. */
enum err	certificate_pdf(struct buf *out, const struct certificate_words *words,
		    struct span body, struct why *why);

#endif
