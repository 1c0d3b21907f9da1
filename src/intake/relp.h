/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RELP, the reliable event logging protocol, server's side: rsyslog's relp.html, version 0 and 1.
 * First the frames, pure; then the door that answers `rsp ... 200 OK` to a syslog frame only when
 * the keeper has said that its row is on disk.
 *
 *	frame = txnr SP command SP datalen [SP data] LF
 *	txnr = 1*9DIGIT    command = 1*32ALPHA    datalen = 1*9DIGIT
 */
#ifndef INTAKE_RELP_H
#define INTAKE_RELP_H

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"

enum relp_command {
	RELP_UNKNOWN,
	RELP_OPEN,
	RELP_SYSLOG,
	RELP_CLOSE,
	RELP_RSP,
	RELP_SERVERCLOSE,
	RELP_COMMAND_END
};

enum { RELP_WORD_BYTES = 32 };

struct relp_reader {
	uint8_t state;
	uint8_t digits;		/* of the number being read */
	uint8_t nword;
	bool emptied;		/* hold was handed out; drop it on the next call */
	char word[RELP_WORD_BYTES];
	uint32_t txnr;
	uint32_t size;		/* datalen */
	uint32_t left;		/* of the data */
	uint64_t cut;
	struct buf hold;	/* data of an incomplete frame; nothing when idle */
};

struct relp_frame {
	uint32_t txnr;
	uint8_t command;	/* enum relp_command */
	struct span data;	/* valid until the next call and as long as the input */
	uint64_t cut;		/* octets of the data that were not kept */
};

/* As framing_next(): OK a frame, ERR_MORE all was taken, ERR_FORMAT it cannot be read further. */
enum err	relp_next(struct relp_reader *reader, struct span *io_input, size_t most,
		    struct relp_frame *ret_frame);
size_t		relp_held(const struct relp_reader *reader);
void		relp_reader_done(struct relp_reader *reader);

/*
 * Reads the offers of `open`: lines NAME=VALUE. OK when the client speaks a version of ours and
 * wants to send syslog; ERR_FORMAT with the sentence for the answer when not.
 */
enum err	relp_offers(struct span data, uint32_t *ret_version, struct why *why);

/* The door: how connections of kind INTAKE_RELP are served (intake/conn.h). */
struct conn_kind;
extern const struct conn_kind relp_kind;

#endif
