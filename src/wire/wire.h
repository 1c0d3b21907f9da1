/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages between roles: a closed list, fixed sizes or a named limit, one table.
 * doc/formats/roles.md. The carrier (sys/chan.h) gives type, tag and payload; this file says what
 * the payload is and whether it is well-formed. No role believes another: a message that breaks
 * the table ends the connection.
 */
#ifndef WIRE_WIRE_H
#define WIRE_WIRE_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "base/limits.h"

enum wire_type {
	/*
	 * role -> keeper, parent: u8 role, u32 wire version, u64 instance (random, of this process;
	 * tickets of one instance only grow, so that a batch sent again after the keeper's restart
	 * is known). parent -> writer, with a descriptor attached: the new channel to a restarted
	 * keeper; send HELLO, all SHAPEs and SOURCEs and every unacknowledged BATCH again on it
	 */
	WIRE_HELLO = 1,
	WIRE_SHAPE,	/* writer -> keeper: u32 id (next unused, from 0), shape encoding */
	WIRE_SOURCE,	/* writer -> keeper: u32 id (next unused, from 0), source encoding */
	WIRE_BATCH,	/* writer -> keeper: a batch; tag = ticket, chosen by the writer */
	WIRE_ACK,	/* keeper -> writer: tag = ticket; u64 first sequence number (0: held
			 * since before a restart, not told), u32 rows: on disk */
	WIRE_REFUSE,	/* keeper -> writer: tag = ticket; u8 enum err, text: not kept */
	WIRE_COUNTERS,	/* any -> keeper, parent: varint n, n * (bytes name, varint value) */
	WIRE_READY,	/* role -> parent: text, what it listens on or opened */
	WIRE_STOP,	/* parent -> role: finish what is begun, answer, end */
	WIRE_CONF,	/* parent -> role: the configuration, YAML, as checked by the parent;
			 * front -> parent: empty, read its file again */
	WIRE_ASK,	/* front, importer, intake, watch -> keeper: u8 enum wire_ask, bytes; tag */
	WIRE_ANSWER,	/* keeper -> who asked: tag; u8 enum err, text or bytes */
	WIRE_KEY,	/* parent -> keeper, front: u8 which (0 store, 1 seal seed), 32 octets */
	WIRE_SUSPECT,	/* role -> parent: u64, hash of the record that it crashes over;
			 * parent -> role, before CONF: such a one, which ended two lives */
	WIRE_PLACE,	/* importer, intake, watch -> keeper: u64 content, u64 from, u64 to [, u64
			 * other content, u64 its place]: of the next BATCH */
	WIRE_REGISTER,	/* parent -> intake, front, watch, before CONF and when it changed: the
			 * register of sources, CSV, as checked by the parent; front -> parent:
			 * empty, read its file again */
	WIRE_ENROL,	/* intake -> registrar: enrolment (wire/clients.h); tag */
	WIRE_ENROLLED,	/* registrar -> intake: u16 status of HTTP, text; tag */
	WIRE_ROLL,	/* registrar -> intake: certificate of the desk, who may come in */
	WIRE_DENIED,	/* intake -> keeper: who was not let in lately (model/denied.h) */
	WIRE_MODEM,	/* teller -> parent: u8 place in `notify`, open it; parent -> teller: the
			 * same with the descriptor, or with text why there is none */
	WIRE_END
};

enum wire_ask {
	ASK_CHECKPOINT = 1,	/* tick now; answers the checkpoint note */
	ASK_STATUS,		/* counters and state as JSON */
	ASK_FLUSH,		/* end all segments now (tests, backup, day close) */
	ASK_HOLD_JOURNAL,	/* backup: do not remove files until released; argument: seconds */
	ASK_RELEASE,
	ASK_EXPIRE,		/* apply retention now */
	ASK_REPACK,		/* repack closed days now */
	ASK_KEY_ROTATE,		/* argument: reason */
	ASK_COOL,		/* move closed days to the cold folder now */
	ASK_PLACES,		/* argument: n * u64 content; answers n * u64 place */
	ASK_HOLD,		/* a legal hold begins; argument: the hold, seal.md section 9 */
	ASK_HOLD_END,		/* argument: bytes name, bytes who, bytes why */
	ASK_PLACE_KEPT,		/* argument: u64 content; answers its place on disk, u64 */
	ASK_DESK,		/* front, teller -> desk: a question or an act (role/inquiry.h) */
	ASK_PORTER,		/* front -> porter: who is it, or an act (role/visit.h) */
	ASK_RUN,		/* teller -> runner: u8 place in `notify`, bytes input */
	ASK_END
};

enum wire_role {
	WIRE_PARENT = 1,
	WIRE_INTAKE,
	WIRE_COLLECTOR,
	WIRE_KEEPER,
	WIRE_FRONT,
	WIRE_TELLER,
	WIRE_IMPORTER,
	WIRE_SHIPPER,	/* of a relay: has the keeper's end of its writers' channels */
	WIRE_REGISTRAR,
	WIRE_WATCH,
	WIRE_DESK,
	WIRE_PORTER,
	WIRE_ROLE_END
};

enum { WIRE_VERSION = 1, WIRE_LIMIT = LIMIT_BATCH_BYTES + 64 };

/* The content whose place is the watch's own: the sequence of what it found last. */
#define WIRE_WATCH_CONTENT	(UINT64_C(1) << 63 | 1)

/* Bounds of the table, octets or items. */
enum {
	WIRE_TEXT_BYTES = 4096,
	WIRE_ASK_BYTES = 512 << 10,	/* the fields of an act: a form has texts of 64 KB */
	WIRE_CONF_BYTES = 1 << 20,
	WIRE_COUNTER_MAX = 4096,
	WIRE_ENROLLED_BYTES = 64 << 10,
};

/* Checks a payload against the table above: OK or ERR_FORMAT with the broken rule. */
enum err	wire_check(uint16_t type, struct span payload, struct why *why);
const char	*wire_role_name(unsigned role);

/* ACK */
void	wire_ack_encode(struct buf *out, uint64_t first_seq, uint32_t rows);
enum err	wire_ack_decode(struct span payload, uint64_t *ret_first_seq, uint32_t *ret_rows);

#endif
