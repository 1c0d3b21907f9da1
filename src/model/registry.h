/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The register of sources: which senders the office expects, what they are called, whose they are.
 * A table of comma-separated values that a spreadsheet reads and writes; its first line names the
 * columns. doc/formats/register.md. Nothing here knows where the file is.
 *
 * A row says whom it is about by an address or network, an authenticated identity, a listener, a
 * host that records claim; what it leaves out may be anything. Of the rows that match, the most
 * specific one counts: with an identity before without, then the longer network, then with a
 * listener, then with a host. Two rows can never be equally specific: that is refused.
 */
#ifndef MODEL_REGISTRY_H
#define MODEL_REGISTRY_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "model/address.h"

enum { REGISTRY_CELL = 255, REGISTRY_ID = 64, REGISTRY_SHA256 = 32, REGISTRY_COLUMNS = 14 };
#define REGISTRY_NONE UINT32_MAX
#define REGISTRY_ANY_CLASS UINT8_MAX

struct registry_row {
	uint32_t line;			/* of the file */
	struct span id;			/* unique; letters, digits, '.', '-' and '_' */
	struct span name;		/* for people; the id when it is empty */
	struct span kind;		/* of content/sources.txt */
	struct span listener, from, identity, host;	/* empty: any */
	struct span system;
	struct span class;		/* retention class; empty: the listener's */
	struct span priority;		/* high, normal, low or empty */
	struct span contact;
	struct span unit_text, pause_text, office_text;	/* as they were written */
	uint64_t unit;
	bool has_unit;			/* else the listener's */
	uint8_t class_number;		/* as registry_resolve() found; REGISTRY_ANY_CLASS: none */
	uint8_t bits;			/* of address that count, when there is a from */
	uint8_t address[ADDRESS_BYTES];
	/* The longest silence that is normal, seconds; 0: not said. In office hours only: office */
	uint64_t pause_s, office_s;
};

struct registry;

/*
 * Checks all of it: ERR_FORMAT with line, what is wrong and what to do; ERR_LIMIT: too many rows or
 * octets. An empty text is a register without rows. Free with registry_free.
 */
enum err	registry_read(struct registry **ret_registry, struct span text, struct why *why);
void		registry_free(struct registry **registry);
uint32_t	registry_rows(const struct registry *registry);
/* Rows are in the order of the file. */
const struct registry_row	*registry_row(const struct registry *registry, uint32_t index);
/* The row with this id, or REGISTRY_NONE. */
uint32_t	registry_find(const struct registry *registry, struct span id);
/* SHA-256 of the text that was read. */
const uint8_t	*registry_sha256(const struct registry *registry);

/*
 * What is about the same senders in two registers: a row of now, and one of old whose id is not in
 * now. False: there is no such pair.
 */
bool		registry_clash(const struct registry *now, const struct registry *old,
		    uint32_t *ret_now, uint32_t *ret_old);

/* Gives each class its number; < 0 of number_of: ERR_FORMAT with the line. */
enum err	registry_resolve(struct registry *registry,
		    int (*number_of)(const void *ctx, struct span class), const void *ctx,
		    struct why *why);

/*
 * The relay in RELAY/LISTENER; empty: it is a listener of the desk's own. A row with one is about
 * that relay's identity, whether it says so or not.
 */
struct span	registry_relay(struct span listener);

/* Who sends; peer is the address as text, without port. */
struct registry_sender {
	struct span listener, peer, identity, host;
};

enum registry_trust {
	REGISTRY_ATTESTED,		/* rows that rest on a claimed host do not count */
	REGISTRY_CLAIMED,
};

/* The row that it is, or REGISTRY_NONE. A registry that is NULL has no rows. */
uint32_t	registry_match(const struct registry *registry,
		    const struct registry_sender *sender, enum registry_trust trust);

struct registry_cell {
	const char *column;
	struct span value;
};

/* The cells of a row, in the order in which they are written. */
void		registry_cells(struct registry_cell ret[REGISTRY_COLUMNS],
		    const struct registry_row *row);
/* A line of cells that registry_cells() made; the columns' names; a row as it is read again. */
void		registry_line_put(struct buf *out,
		    const struct registry_cell cell[REGISTRY_COLUMNS]);
void		registry_head_put(struct buf *out);
void		registry_row_put(struct buf *out, const struct registry_row *row);

#endif
