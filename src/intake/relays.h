/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is remembered of relays between their requests: what they said that they lost, which spools
 * began, and how much of a batch is on disk. doc/formats/relay.md, sections 3 and 4. Bounded,
 * whoever sends: what relays say stays until its room is needed or the relay is let in no more.
 * Inside of the room only.
 */
#ifndef INTAKE_RELAYS_H
#define INTAKE_RELAYS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

struct relays;

struct relays	*relays_new(void);
void		relays_free(struct relays **relays);

enum relays_ours { RELAYS_OTHERS, RELAYS_OURS };	/* whose authority signed its certificate */

/*
 * Takes a list of counters that was checked; now_ns: monotonic. What finds no room is left out;
 * a relay always has room for LIMIT_RELAY_COUNTERS_SURE while another one has more.
 */
void		relays_said(struct relays *relays, struct span relay, enum relays_ours ours,
		    struct span list, int64_t now_ns);
/*
 * Appends what relays said they lost, as of WIRE_COUNTERS, and "relay.RELAY/" for each that was
 * sent away a short while ago; *io_n grows by how many.
 */
void		relays_counters(struct relays *relays, struct buf *out, uint64_t *io_n);
/* Those of ours that are not known any more go: nobody will speak for them. */
typedef bool relays_known_fn(const void *ctx, struct span relay);
void		relays_keep(struct relays *relays, relays_known_fn *known, const void *ctx);

/*
 * May a spool of this content of this relay begin? Each is asked for as often as is needed and
 * counts once. ERR_BUSY: too many began in this hour, of this relay or of all.
 */
enum err	relays_begin(struct relays *relays, struct span relay, uint64_t content,
		    int64_t now_ns, struct why *why);

/*
 * The second place of a content, of a batch that is on disk in part (relayed_body.h), as the keeper
 * said it last or as it will be with what is on its way. False: not known, or not any more.
 */
bool		relays_part(const struct relays *relays, uint64_t content, uint64_t *ret_part);
void		relays_part_set(struct relays *relays, uint64_t content, uint64_t part);

#endif
