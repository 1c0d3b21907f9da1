/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests model/note.c, model/base64.c: the example of C2SP signed-note, and every way that came to
 * mind of writing a note wrongly.
 */
#include "check.h"

#include "base/must.h"
#include "model/base64.h"
#include "model/note.h"

static const char example_key[] =
    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
static const char example_note[] =
    "This is an example message.\n"
    "\n"
    "\xe2\x80\x94 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsY"
    "jOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";
static const uint8_t seed[NOTE_SEED_BYTES] = { 7, 1, 2 };

static void
the_example_of_the_specification_verifies(void)
{
	struct note_key key;
	struct note note;
	struct why why;

	check(note_key_get(&key, span_str(example_key), &why) == OK);
	check_span(span_str(key.name), SPAN("example.com/foo"));
	check(key.id == 0x530d903a && key.kind == NOTE_ED25519);
	check(note_parse(&note, span_str(example_note), &why) == OK);
	check_span(note.text, SPAN("This is an example message.\n"));
	check_int(note.nsignature, 1);
	check(note_check(&note, &key, NULL, &why) == OK);
}

static void
a_key_is_written_as_it_was_read(void)
{
	struct note_key key, again;
	struct buf out = { 0 };

	check(note_key_get(&key, span_str(example_key), NULL) == OK);
	note_key_put(&out, &key);
	check_span(buf_span(&out), span_str(example_key));
	buf_str(&out, "\n");
	check(note_key_get(&again, buf_span(&out), NULL) == OK && note_key_eq(&key, &again));
	buf_done(&out);
}

static void
mistyped_keys_are_refused(void)
{
	static const char *const bad[] = { "", "x", "a+b", "+530d903a+AekyeRrm56hApGFkyQR4",
	    "example.com/foo+530d903b+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530D903A+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2",
	    "example.com/foo+530d903a+BekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/fo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k",
	    "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k+",
	    "example.com/foo+530d903a+" };
	struct note_key key;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(note_key_get(&key, span_str(bad[i]), NULL) == ERR_FORMAT);
}

static void
every_bit_of_text_and_signature_matters(void)
{
	uint8_t bytes[sizeof example_note - 1];
	struct note_key key;
	struct note note;
	size_t holds = 0;

	check(note_key_get(&key, span_str(example_key), NULL) == OK);
	for (size_t i = 0; i < sizeof bytes; i++) {
		for (unsigned bit = 0; bit < 8; bit++) {
			memcpy(bytes, example_note, sizeof bytes);
			bytes[i] ^= (uint8_t)(1u << bit);
			if (note_parse(&note, span_of(bytes, sizeof bytes), NULL) == OK &&
			    note_check(&note, &key, NULL, NULL) == OK)
				holds++;
		}
	}
	check_int(holds, 0);
}

static void
broken_notes_are_refused(void)
{
	static const char *const bad[] = {
		"", "\n", "\n\n", "text\n", "text\n\n",
		"text\n\xe2\x80\x94 a AAAAAAAA\n",
		"text\n\n\xe2\x80\x94 a AAAAAAAA",			/* no last newline */
		"text\n\n\xe2\x80\x94 a AAAAAAA\n",			/* base64 length */
		"text\n\n\xe2\x80\x94 a AAAA\n",			/* no id */
		"text\n\n\xe2\x80\x94 a AAAAAA==\n",			/* an id and nothing */
		"text\n\n\xe2\x80\x94 a AAAA=AAA\n",
		"text\n\n\xe2\x80\x94 a AAAAAAAAA===\n",
		"text\n\n\xe2\x80\x94 a AAAAAAAA AAAA\n",
		"text\n\n\xe2\x80\x94 a+b AAAAAAAA\n",
		"text\n\n\xe2\x80\x94  AAAAAAAA\n",			/* no name */
		"text\n\n\xe2\x80\x94 a\xc2\xa0" "b AAAAAAAA\n",	/* a Unicode space */
		"text\n\n- a AAAAAAAA\n",				/* another dash */
		"text\n\n\xe2\x80\x94" "a AAAAAAAA\n",
		"te\xffxt\n\n\xe2\x80\x94 a AAAAAAAA\n",		/* no UTF-8 */
		"te\xc0\x80xt\n\n\xe2\x80\x94 a AAAAAAAA\n",		/* overlong */
		"te\xed\xa0\x80xt\n\n\xe2\x80\x94 a AAAAAAAA\n",	/* surrogate */
		"te\txt\n\n\xe2\x80\x94 a AAAAAAAA\n",			/* control */
		"te\rxt\n\n\xe2\x80\x94 a AAAAAAAA\n",
		"text\n\n\xe2\x80\x94 a AAAAAAAA\n\n",
	};
	struct note note;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(note_parse(&note, span_str(bad[i]), NULL) == ERR_FORMAT))
			printf("taken: %s\n", bad[i]);
	check(note_parse(&note, span_of("a\0b\n\n\xe2\x80\x94 a AAAAAAAA\n", 18), NULL) != OK);
}

static void
text_with_empty_lines_is_signed_as_a_whole(void)
{
	struct buf out = { 0 };
	struct note_key key;
	struct note note;

	note_key_of_seed(&key, "desk/1", seed);
	note_sign(&out, SPAN("one\n\nthree\n"), "desk/1", seed);
	check(note_parse(&note, buf_span(&out), NULL) == OK);
	check_span(note.text, SPAN("one\n\nthree\n"));
	check(note_check(&note, &key, NULL, NULL) == OK);
	buf_done(&out);
}

static void
sixteen_signatures_are_taken_and_forty_are_too_many(void)
{
	struct buf out = { 0 };
	struct note note;

	note_sign(&out, SPAN("text\n"), "desk/1", seed);
	for (unsigned i = 0; i < 15; i++)
		note_cosign(&out, SPAN("text\n"), "witness/1", seed, i);
	check(note_parse(&note, buf_span(&out), NULL) == OK);
	check_int(note.nsignature, 16);
	for (unsigned i = 0; i < 24; i++)
		note_cosign(&out, SPAN("text\n"), "witness/1", seed, i);
	check(note_parse(&note, buf_span(&out), NULL) == ERR_LIMIT);
	buf_done(&out);
}

static void
strangers_are_ignored_and_a_known_key_must_hold(void)
{
	static const uint8_t other[NOTE_SEED_BYTES] = { 9 };
	struct buf out = { 0 };
	struct note_key key[2];
	struct note note;
	size_t index = 9;

	note_sign(&out, SPAN("text\n"), "stranger", other);
	note_key_of_seed(&key[0], "desk/1", seed);
	note_key_of_seed(&key[1], "stranger", other);
	check(note_parse(&note, buf_span(&out), NULL) == OK);
	check(note_check(&note, &key[0], NULL, NULL) == ERR_ABSENT);
	check(note_check_any(&note, key, 1, &index, NULL) == ERR_ABSENT);
	check(note_check_any(&note, key, 2, &index, NULL) == OK && index == 1);
	/* The same name with another key is a stranger too. */
	note_key_of_seed(&key[1], "stranger", seed);
	check(note_check(&note, &key[1], NULL, NULL) == ERR_ABSENT);
	/* A name and id that are known, with a signature that is not: the whole note is bad. */
	key[1].id = note.signature[0].id;
	check(note_check(&note, &key[1], NULL, NULL) == ERR_PROOF);
	check(note_check_any(&note, key, 2, &index, NULL) == ERR_PROOF);
	buf_done(&out);
}

static void
a_cosignature_holds_for_its_time_only(void)
{
	struct buf out = { 0 }, text = { 0 };
	struct note_key log, witness;
	struct note note;
	uint64_t time_s = 0;

	note_key_of_seed(&log, "desk/1", seed);
	note_key_make(&witness, "witness/1", NOTE_COSIGNATURE, log.public_key);
	note_sign(&out, SPAN("desk/1\n0\nroot\n"), "desk/1", seed);
	note_cosign(&out, SPAN("desk/1\n0\nroot\n"), "witness/1", seed, 1679315147);
	check(note_parse(&note, buf_span(&out), NULL) == OK);
	check(note_check(&note, &witness, &time_s, NULL) == OK && time_s == 1679315147);
	check(note_check(&note, &log, &time_s, NULL) == OK && time_s == 0);
	/* Another time under the same signature. */
	out.p[out.n - 4 - 88] ^= 1;
	check(note_parse(&note, buf_span(&out), NULL) != OK ||
	    note_check(&note, &witness, &time_s, NULL) != OK);
	note_key_put(&text, &witness);
	check(note_key_get(&log, buf_span(&text), NULL) == OK && note_key_eq(&log, &witness));
	buf_done(&text);
	buf_done(&out);
}

static void
base32_survives_how_people_write_it(void)
{
	static const uint8_t bytes[10] = { 0, 1, 2, 0xfe, 0xff, 0x55, 0xaa, 7, 8, 9 };
	struct buf out = { 0 };
	uint8_t got[10];
	size_t n;

	base32_put(&out, span_of(bytes, sizeof bytes));
	check_span(buf_span(&out), SPAN("AAAQ F7X7 KWVA OCAJ"));
	check(base32_get(got, sizeof got, &n, SPAN("aaaq-f7x7kwv a0caj")) == OK);
	check_span(span_of(got, n), span_of(bytes, sizeof bytes));
	check(base32_get(got, sizeof got, &n, SPAN("AAAQ F7X7 KWVA OCA!")) == ERR_FORMAT);
	check(base32_get(got, sizeof got, &n, SPAN("AAB")) == ERR_FORMAT);
	check(base32_get(got, 9, &n, SPAN("AAAQF7X7KWVAOCAJ")) == ERR_LIMIT);
	out.n = 0;
	base32_put(&out, span_of(bytes, 4));
	check_span(buf_span(&out), SPAN("AAAQ F7Q"));
	check(base32_get(got, sizeof got, &n, buf_span(&out)) == OK && n == 4);
	buf_done(&out);
}

static void
base64_is_strict(void)
{
	struct buf out = { 0 };
	uint8_t got[3];
	size_t n;

	base64_put(&out, SPAN("ab"));
	check_span(buf_span(&out), SPAN("YWI="));
	check(base64_get(got, 3, &n, SPAN("YWI=")) == OK && n == 2);
	check(base64_get(got, 3, &n, SPAN("YWJ=")) == ERR_FORMAT);
	check(base64_get(got, 3, &n, SPAN("YWI")) == ERR_FORMAT);
	check(base64_get(got, 3, &n, SPAN("YW =")) == ERR_FORMAT);
	check(base64_get(got, 3, &n, SPAN("YW-_")) == ERR_FORMAT);
	for (unsigned b = 0x80; b < 0x100; b++) {
		const uint8_t text[4] = { 'Y', (uint8_t)b, 'J', 'j' };

		check(base64_get(got, 3, &n, span_of(text, 4)) == ERR_FORMAT);
	}
	check(base64_get(got, 3, &n, SPAN("YWJjYWJjYWJj")) == ERR_LIMIT);
	check(base64_get(got, 3, &n, SPAN("")) == OK && n == 0);
	buf_done(&out);
}

int
main(void)
{
	run(the_example_of_the_specification_verifies);
	run(a_key_is_written_as_it_was_read);
	run(mistyped_keys_are_refused);
	run(every_bit_of_text_and_signature_matters);
	run(broken_notes_are_refused);
	run(text_with_empty_lines_is_signed_as_a_whole);
	run(sixteen_signatures_are_taken_and_forty_are_too_many);
	run(strangers_are_ignored_and_a_known_key_must_hold);
	run(a_cosignature_holds_for_its_time_only);
	run(base32_survives_how_people_write_it);
	run(base64_is_strict);
	return check_done();
}
