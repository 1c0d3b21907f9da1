/* SPDX-License-Identifier: Apache-2.0 */
/* Tests model/shape.c: one bad encoding for every rule of record.md, sections 1 and 2. */
#include "model/shape.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "check.h"

/* RFC 3164 with two holes: "<" priority ">" _msg "" */
#define GOOD "\x02\x01\x02\x01<\x00\x06\x08priority\x01>\x00\x01\x04_msg\x00"

static enum err
shape_try(struct span code, struct why *why)
{
	struct shape *shape = NULL;
	enum err rc = shape_new(&shape, code, why);

	shape_free(&shape);
	return rc;
}

static enum err
source_try(struct span code, struct why *why)
{
	struct source *source = NULL;
	enum err rc = source_new(&source, code, why);

	source_free(&source);
	return rc;
}

/* The refusal of a shape whose reason must hold `word`. */
static void
refused(struct span code, const char *word)
{
	struct why why = { "" };

	check_int(shape_try(code, &why), ERR_FORMAT);
	if (!check(strstr(why.text, word) != NULL))
		printf("  said: %s\n", why.text);
}

static void
source_refused(struct span code, const char *word)
{
	struct why why = { "" };

	check_int(source_try(code, &why), ERR_FORMAT);
	if (!check(strstr(why.text, word) != NULL))
		printf("  said: %s\n", why.text);
}

static void
a_good_shape_is_read_part_by_part(void)
{
	struct shape *shape = NULL;

	check_int(shape_new(&shape, SPAN(GOOD), NULL), OK);
	check_int(shape->format, FORMAT_RFC3164);
	check_int(shape->decoder, 1);
	check_int(shape->nhole, 2);
	check_int(shape->fixed_bytes, 2);
	check_span(shape->head, SPAN("<"));
	check_span(shape->hole[0].name, SPAN("priority"));
	check_span(shape->hole[0].piece, SPAN(">"));
	check_int(shape->hole[0].role, ROLE_PRIORITY);
	check_span(shape->hole[1].name, SPAN("_msg"));
	check_int(shape->hole[1].kind, HOLE_TEXT);
	check_span(shape->code, SPAN(GOOD));
	shape_free(&shape);
	check(shape == NULL);
}

static void
a_shape_is_encoded_as_it_was(void)
{
	struct shape *shape = NULL;
	struct buf out = { 0 };

	check_int(shape_new(&shape, SPAN(GOOD), NULL), OK);
	shape_encode(&out, shape);
	check_span(buf_span(&out), SPAN(GOOD));
	shape_free(&shape);
	buf_done(&out);
}

static void
rule_1_wants_a_known_format(void)
{
	refused(SPAN("\x00\x01\x00\x00"), "rule 1");
	refused(SPAN("\x0a\x01\x00\x00"), "rule 1");
	check_int(shape_try(SPAN("\x09\x01\x00\x00"), NULL), OK);
	check_int(shape_try(SPAN("\x06\xff\x00\x01x"), NULL), OK);
}

static void
rule_2_wants_known_kinds_and_roles(void)
{
	refused(SPAN("\x04\x01\x01\x00\x05\x00\x01x\x00"), "rule 2");
	refused(SPAN("\x04\x01\x01\x00\x00\x07\x01x\x00"), "rule 2");
	check_int(shape_try(SPAN("\x04\x01\x01\x00\x04\x06\x01x\x00"), NULL), OK);
}

/* A shape of n holes named "x" with pieces of `piece` octets. */
static void
wide(struct buf *out, uint64_t n, size_t name, size_t piece)
{
	out->n = 0;
	buf_u8(out, FORMAT_LINE);
	buf_u8(out, 1);
	buf_varint(out, n);
	buf_bytes(out, SPAN(""));
	for (uint64_t i = 0; i < n; i++) {
		buf_u16(out, 0);
		buf_varint(out, name);
		memset(buf_add(out, name), 'x', name);
		buf_varint(out, piece);
		memset(buf_add(out, piece), ' ', piece);
	}
}

static void
rule_3_wants_no_more_than_1024_holes(void)
{
	struct buf b = { 0 };

	wide(&b, LIMIT_FIELDS, 1, 0);
	check_int(shape_try(buf_span(&b), NULL), OK);
	wide(&b, LIMIT_FIELDS + 1, 1, 0);
	refused(buf_span(&b), "rule 3");
	refused(SPAN("\x04\x01\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x00"), "rule 3");
	buf_done(&b);
}

static void
rule_4_wants_names_of_1_to_255_octets(void)
{
	struct buf b = { 0 };

	wide(&b, 1, 0, 0);
	refused(buf_span(&b), "rule 4");
	wide(&b, 1, 256, 0);
	refused(buf_span(&b), "rule 4");
	wide(&b, 1, 255, 0);
	check_int(shape_try(buf_span(&b), NULL), OK);
	buf_done(&b);
}

static void
rule_5_wants_pieces_of_64_kb_together(void)
{
	struct buf b = { 0 };

	wide(&b, 2, 1, LIMIT_SHAPE_BYTES / 2);
	check_int(shape_try(buf_span(&b), NULL), OK);
	wide(&b, 2, 1, LIMIT_SHAPE_BYTES / 2 + 1);
	refused(buf_span(&b), "rule 5");
	buf_done(&b);
}

static void
rule_6_wants_nothing_behind_the_last_piece(void)
{
	refused(SPAN(GOOD "x"), "rule 6");
	refused(SPAN("\x04\x01\x00\x00\x00"), "rule 6");
}

static void
rule_7_wants_most_roles_once(void)
{
	char code[] = "\x04\x01\x02\x00\x00\x01\x01x\x00\x00\x01\x01y\x00";

	for (char role = 0; role < ROLE_END; role++) {
		code[5] = role;
		code[10] = role;
		if (role == ROLE_NONE || role == ROLE_PID)
			check_int(shape_try(span_of(code, sizeof code - 1), NULL), OK);
		else
			refused(span_of(code, sizeof code - 1), "rule 7");
	}
}

static void
every_shorter_shape_is_refused(void)
{
	for (size_t n = 0; n < sizeof GOOD - 1; n++) {
		uint8_t *own = xmemdup(GOOD, n);	/* so that an overrun is seen */

		refused(span_of(own, n), "early");
		free(own);
	}
}

static void
every_changed_octet_of_a_shape_is_survived(void)
{
	uint8_t code[sizeof GOOD - 1];

	for (size_t i = 0; i < sizeof code; i++)
		for (unsigned v = 0; v < 256; v++) {
			memcpy(code, GOOD, sizeof code);
			code[i] = (uint8_t)v;
			(void)shape_try(span_of(code, sizeof code), NULL);
		}
}

static void
sources_are_read_and_encoded_as_they_were(void)
{
	struct span good = SPAN("\x02\x01\x07\x03tcp\x08" "10.0.0.1\x00\x02h1\x04sshd");
	struct source *source = NULL;
	struct buf out = { 0 };

	check_int(source_new(&source, good, NULL), OK);
	check_int(source->class, 2);
	check_int(source->trust, TRUST_PEER);
	check_int(source->unit, 7);
	check_span(source->listener, SPAN("tcp"));
	check_span(source->peer, SPAN("10.0.0.1"));
	check_int(source->identity.n, 0);
	check_span(source->host, SPAN("h1"));
	check_span(source->app, SPAN("sshd"));
	source_encode(&out, source);
	check_span(buf_span(&out), good);
	for (size_t n = 0; n < good.n; n++)
		source_refused(span_sub(good, 0, n), "early");
	source_free(&source);
	buf_done(&out);
}

static void
bad_sources_are_refused_by_name(void)
{
	struct buf b = { 0 };
	struct source long_host = { .host = SPAN("") };
	uint8_t name[256] = { 0 };

	source_refused(SPAN("\x00\x04\x00\x00\x00\x00\x00\x00"), "trust");
	source_refused(SPAN("\x10\x00\x00\x00\x00\x00\x00\x00"), "class");
	source_refused(SPAN("\x00\x00\x00\x00\x00\x00\x00\x00\x00"), "followed");
	check_int(source_try(SPAN("\x0f\x03\x00\x00\x00\x00\x00\x00"), NULL), OK);
	long_host.host = span_of(name, 255);
	source_encode(&b, &long_host);
	check_int(source_try(buf_span(&b), NULL), OK);
	b.n = 0;
	long_host.host = span_of(name, 256);
	source_encode(&b, &long_host);
	source_refused(buf_span(&b), "256");
	buf_done(&b);
}

static void
formats_have_names(void)
{
	check(strcmp(record_format_name(FORMAT_RFC5424), "rfc5424") == 0);
	check(strcmp(record_format_name(FORMAT_JOURNAL), "journal") == 0);
	check(strcmp(record_format_name(0), "unknown") == 0);
	check(strcmp(record_format_name(10), "unknown") == 0);
}

int
main(void)
{
	run(a_good_shape_is_read_part_by_part);
	run(a_shape_is_encoded_as_it_was);
	run(rule_1_wants_a_known_format);
	run(rule_2_wants_known_kinds_and_roles);
	run(rule_3_wants_no_more_than_1024_holes);
	run(rule_4_wants_names_of_1_to_255_octets);
	run(rule_5_wants_pieces_of_64_kb_together);
	run(rule_6_wants_nothing_behind_the_last_piece);
	run(rule_7_wants_most_roles_once);
	run(every_shorter_shape_is_refused);
	run(every_changed_octet_of_a_shape_is_survived);
	run(sources_are_read_and_encoded_as_they_were);
	run(bad_sources_are_refused_by_name);
	run(formats_have_names);
	return check_done();
}
