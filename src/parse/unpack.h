/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bodies of other projects' protocols taken apart into records, one at a time:
 * doc/formats/decoder.md, sections 7 to 9. Where the sender's protocol gives a record no octets of
 * its own, the record is a JSON object in the form that those sections write down; parse_json and
 * parse_journal read it like any other. Nothing is left out but what the sections name.
 *
 * A form is one file and one row of the table in unpack.c.
 */
#ifndef PARSE_UNPACK_H
#define PARSE_UNPACK_H

#include "base/err.h"
#include "base/span.h"

enum unpack_form {
	UNPACK_LOKI_JSON,
	UNPACK_LOKI_PROTO,
	UNPACK_OTLP_JSON,
	UNPACK_OTLP_PROTO,
	UNPACK_ENTRY,		/* one entry in the journal export format */
	UNPACK_FORMS
};

struct unpack;

struct unpacked {
	struct span record;	/* valid until the next call */
	uint64_t cut;		/* octets that a record had beyond LIMIT_RECORD_BYTES */
	uint64_t skipped;	/* fields that the form does not know, before this record */
};

struct unpack	*unpack_new(void);
void		unpack_free(struct unpack **unpack);
/* The body stays the caller's until the last record was taken. */
void		unpack_begin(struct unpack *unpack, enum unpack_form form, struct span body);
/*
 * ERR_ABSENT: that was all (ret->skipped is set). ERR_FORMAT, ERR_LIMIT: the body is broken here,
 * why says what and where; what came before stays true, and nothing more comes.
 */
enum err	unpack_next(struct unpack *unpack, struct unpacked *ret, struct why *why);

#endif
