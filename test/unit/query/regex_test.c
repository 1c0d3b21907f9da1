/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests query/regex_read.c and query/regex.c: what RE2 does not have is refused, the texts that a
 * pattern needs are found, and texts in a row match as texts alone do.
 */
#include "query/regex.h"

#include <stdlib.h>

#include "check.h"
#include "base/fold.h"
#include "query/machine.h"

static const char *const refused[] = { "(?=x)", "(?!x)", "(?<=x)", "(?<!x)", "(?>x)", "\\1",
    "(a)\\2",
	"a++", "a**", "a{2}{3}", "a{1001}", "a{1,1000000}", "a{99999999999}",
	"(a{100}){100}", "(a", "a)", "*a", "|*", "[a", "a\\",
	"\\C", "\\Z", "(?R)", "(*ACCEPT)", "(?P=x)", "a{3,2}", "\\xzz", "(?x)a", "(?P<a-b>x)",
	    "\\pX{",
	"(?i", "\xff", "\\g1", "(?|a)", "(?C1)", "(?&x)", "\\K", "\\R" };

static const struct {
	const char *pattern;
	const char *needs;		/* texts with '|' between them; "": nothing known */
} needing[] = {
	{ "foo", "foo" }, { "foo|bar", "foo|bar" }, { "(foo|bar)", "foo|bar" }, { "fo+bar", "bar" },
	{ "foo?bar", "bar" }, { "foo.*barbar", "barbar" }, { "fo*", "f" }, { "x?", "" },
	{ "foo|", "" }, { "\\d+", "" }, { "a\\.b", "a.b" }, { "(?i)FooBar", "foobar" },
	{ "\\bfoo\\b", "foo" }, { "^user$", "user" }, { "[fF]oobar", "oobar" }, { "(a(b)c)defg",
	    "defg" },
	{ "\\d+(\\.\\d+)? ?(ms|sec|seconds)", "ms|sec|seconds" }, { "(foo|ba)r*z{2}", "foo|ba" },
	{ "(ab|cd)?xy", "xy" }, { "(ab|c.)xyz", "xyz" }, { "(abc|d.ef)x", "abc|ef" },
	{ "fail(ed|ure).*(from|for) ", "fail" }, { "(foo|bar){0,2}", "" }, { "(foo|bar){2}",
	    "foo|bar" },
	{ "((foo))", "foo" }, { "(?:a|(b))", "a|b" }, { "a{3}bc", "bc" }, { "ab{0}cd", "cd" },
	{ "\\Qa*b\\E", "" }, { "(?i:Foo)", "foo" }, { "đăng", "đăng" }, { "a|b|cd", "a|b|cd" },
};

static enum err
facts_of(const char *pattern, struct arena *arena, struct regex_facts *facts, struct why *why)
{
	struct buf out = { 0 };
	enum err rc = regex_read(span_str(pattern), arena, facts, &out, why);

	buf_done(&out);
	return rc;
}

static void
what_re2_does_not_have_is_refused(void)
{
	struct arena *arena = arena_new(1 << 26);

	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		struct regex *regex = NULL;
		struct why why = { "" };

		if (!check(regex_new(&regex, span_str(refused[i]), false, arena, &why) ==
		    ERR_FORMAT &&
		    why.text[0] != '\0'))
			printf("\t%s\n", refused[i]);
		regex_free(&regex);
	}
	arena_free(&arena);
}

static void
the_texts_that_a_pattern_needs_are_known(void)
{
	struct arena *arena = arena_new(1 << 26);

	for (size_t i = 0; i < sizeof needing / sizeof needing[0]; i++) {
		struct regex_facts facts = { 0 };
		struct buf got = { 0 };
		struct why why = { "" };

		check(facts_of(needing[i].pattern, arena, &facts, &why) == OK);
		for (uint32_t k = 0; k < facts.nbranch; k++) {
			buf_str(&got, k > 0 ? "|" : "");
			buf_span_put(&got, facts.branch[k]);
		}
		if (!check_span(buf_span(&got), span_str(needing[i].needs)))
			printf("\t%s: %s\n", needing[i].pattern, why.text);
		buf_done(&got);
	}
	arena_free(&arena);
}

/* Every match of a pattern holds one of its texts; in a row and alone give the same. */
static void
texts_in_a_row_match_as_alone(void)
{
	static const char *const pattern[] = { "a", "ab|ba", "[^a]b", "a.c", "(?s)a.c", "\\sb",
	    "b*",
		"(ab|b.)c", "\\Ba", "^a", "a$", "\\bab\\b", "(a|b){2,3}c", "[\\n]", "a\\nb",
		    "c+$|^b",
		"(?i)AB", "(?m)^b", "\\w\\W\\w", "x", "(b|c)(a|b)" };
	static const char letter[] = "abc \n";
	struct arena *arena = arena_new(1 << 28);
	struct regex_scratch *scratch = regex_scratch_new();
	enum { TEXTS = 3000 };
	static struct span text[TEXTS];
	static uint8_t hit[TEXTS];
	uint64_t dice = 12345;

	for (int i = 0; i < TEXTS; i++) {
		uint8_t *at = arena_alloc(arena, 16);
		size_t n = 0;

		for (dice = dice * 6364136223846793005U + 1; n < (size_t)(i % 9); n++) {
			dice = dice * 6364136223846793005U + 1442695040888963407U;
			at[n] = (uint8_t)letter[(dice >> 33) % 5];
		}
		text[i] = span_of(at, n);
	}
	for (size_t p = 0; p < sizeof pattern / sizeof pattern[0]; p++) {
		struct regex *regex = NULL;
		struct why why = { "" };
		const struct regex_facts *facts;
		int wrong = 0;

		if (!check(regex_new(&regex, span_str(pattern[p]), false, arena, &why) == OK))
			continue;
		facts = regex_facts(regex);
		regex_match_many(regex, scratch, text, TEXTS, hit);
		for (int i = 0; i < TEXTS; i++) {
			bool one = regex_match(regex, scratch, text[i]), held = facts->nbranch == 0;

			for (uint32_t k = 0; k < facts->nbranch; k++)
				held |= facts->any_case || memmem(text[i].p, text[i].n,
				    facts->branch[k].p,
				    facts->branch[k].n) != NULL;
			wrong += one != (hit[i] != 0) || (one && !held);
		}
		if (!check_int(wrong, 0))
			printf("\t%s\n", pattern[p]);
		regex_free(&regex);
	}
	regex_scratch_free(&scratch);
	arena_free(&arena);
}

static void
a_repeat_takes_all_of_a_letter_beyond_ascii(void)
{
	struct arena *arena = arena_new(1 << 26);
	struct regex_scratch *scratch = regex_scratch_new();
	struct regex *regex = NULL;

	check(regex_new(&regex, SPAN("ađ?b"), false, arena, NULL) == OK);
	check(regex_match(regex, scratch, SPAN("ab")));
	check(regex_match(regex, scratch, SPAN("ađb")));
	regex_free(&regex);
	regex_scratch_free(&scratch);
	arena_free(&arena);
}

/* Where PCRE2 and Hyperscan, asked as they are, say something else than RE2. */
static void
rare_signs_are_what_they_are_for_re2(void)
{
	static const struct { const char *pattern, *yes, *no; } row[] = {
		{ "^\\s$", "\f", "\v" }, { "^\\S$", "\v", "\f" }, { "^[a\\s]$", "\t", "\v" },
		{ "^[^\\s]$", "\v", " " }, { "^[\\S0]$", "\v", "\r" }, { "^[^\\S]$", " ", "\v" },
		{ "^[\\s-x]$", "-", "0" }, { "^[\\s-]$", "-", "0" }, { "^[\\S\\d]$", "đ", "\n" },
		{ "(?m)^$", "x\n", "x" }, { "(?m)^\\z", "đ\n", "đ" }, { "\\n(?m)^", "x\n", "x" },
		{ "()", "", NULL }, { "(?:)", "x", NULL }, { "", "x", NULL },
		{ "^\\p{Latin}$", "a", "\u02f8" }, { "^\\P{Latin}$", "\u02f8", "a" },
		{ "^[\\p{^Latin}x]$", "\u02f8", "a" }, { "^\\p{Any}\\p{Lu}\\pL$", "1Đb", "1db" },
	};
	struct arena *arena = arena_new(1 << 26);
	struct regex_scratch *scratch = regex_scratch_new();

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct regex *regex = NULL;
		struct why why = { "" };

		if (!check(regex_new(&regex, span_str(row[i].pattern), false, arena, &why) == OK) ||
		    !check(regex_match(regex, scratch, span_str(row[i].yes))) ||
		    !check(row[i].no == NULL ||
		    !regex_match(regex, scratch, span_str(row[i].no))))
			printf("\t%s %s\n", row[i].pattern, why.text);
		regex_free(&regex);
	}
	regex_scratch_free(&scratch);
	arena_free(&arena);
}

/* Patterns that come and go may lie at one place in memory; the later ones need more scratch. */
static void
scratch_is_made_for_each_pattern(void)
{
	static const char *const pattern[] = { "", "a", "(a|b)c.*d", "x{3,40}y.*(foo|bar)+z",
	    "(ab|cd|ef)+[0-9]{2,9}(gh|ij).*(kl|mn)+[a-f]{3,20}" };
	static const char *const text[] = { "x", "bab", "xbcxxd", "xxxxy foobarz",
	    "abcd1234ij op klabcdef" };
	struct regex_scratch *scratch = regex_scratch_new();

	for (unsigned i = 0; i < 200; i++) {
		struct arena *arena = arena_new(1 << 26);
		struct regex *regex = NULL;

		check(regex_new(&regex, span_str(pattern[i % 5]), false, arena, NULL) == OK);
		check(regex_match(regex, scratch, span_str(text[i % 5])));
		regex_free(&regex);
		arena_free(&arena);
	}
	regex_scratch_free(&scratch);
}

/* A text that is looked for without regard to case in its folded form is one in every form. */
static void
letters_with_two_small_forms_are_no_text_to_look_for(void)
{
	static const char *const pattern[] = { "(?i)σ", "(?i)\u00b5s", "(?i)[a-s]\u017f",
		"(?i)\\x{17f}" };
	static const char *const text[] = { "ς", "\u03bcs", "as", "S" };
	struct arena *arena = arena_new(1 << 26);
	struct regex_scratch *scratch = regex_scratch_new();

	for (size_t i = 0; i < sizeof pattern / sizeof pattern[0]; i++) {
		struct regex *regex = NULL;
		const struct regex_facts *facts;

		check(regex_new(&regex, span_str(pattern[i]), false, arena, NULL) == OK);
		facts = regex_facts(regex);
		check(regex_match(regex, scratch, span_str(text[i])));
		for (uint32_t k = 0; k < facts->nbranch; k++)
			check(span_is(facts->branch[k], "s"));
		regex_free(&regex);
	}
	regex_scratch_free(&scratch);
	arena_free(&arena);
}

static void
text_that_is_no_utf8_is_no_trouble(void)
{
	struct arena *arena = arena_new(1 << 26);
	struct regex_scratch *scratch = regex_scratch_new();
	struct regex *regex = NULL;
	struct why why = { "" };

	check(regex_new(&regex, SPAN("đ.*b"), false, arena, &why) == OK);
	check(regex_match(regex, scratch, SPAN("a\xff đ b")));
	check(!regex_match(regex, scratch, SPAN("\xff\xfe b")));
	check(regex_match(regex, scratch, SPAN("đ\xc3 b")));
	check(!regex_match(regex, scratch, SPAN("\xc4 \x91 b")));
	check(!regex_gave_up(scratch));
	regex_free(&regex);
	/* Nested repeats over a long text: steps are limited, the time too. */
	check(regex_new(&regex, SPAN("(đ|đđ)*(đ|đđ)*(đ|đđ)*x"), false, arena, &why) == OK);
	{
		struct buf text = { 0 };

		for (int i = 0; i < 3000; i++)
			buf_str(&text, "đ");
		check(!regex_match(regex, scratch, buf_span(&text)));
		buf_done(&text);
	}
	regex_free(&regex);
	regex_scratch_free(&scratch);
	arena_free(&arena);
}

/* The text with U+FFFD for each octet that is no part of UTF-8. */
static void
repair(struct buf *out, struct span text)
{
	out->n = 0;
	buf_reserve(out, 1);
	for (size_t at = 0; at < text.n;) {
		size_t from = at;

		if (rune_next(text, &at) == RUNE_BAD && at - from == 1)
			buf_str(out, "\xef\xbf\xbd");
		else
			buf_span_put(out, span_sub(text, from, at - from));
	}
}

/* One pattern over random octets: as over the text that stands for them. */
static void
octets_try(const struct regex *regex, struct regex_scratch *scratch, uint64_t *dice)
{
	static const char *const piece[] = { "a", " ", "b", "\n", "\xff", "\xc4", "\x91",
		"\xc4\x91", "\xed\xa0\x80", "\xef\xbf\xbd", "\xf0\x9f", "\xf4\x90\x80\x80",
		"\xc0\x80", "x" };
	const struct machine *m = regex_machine(regex);
	struct buf text = { 0 }, whole = { 0 };

	for (int i = 0; i < 300; i++) {
		bool hit;

		text.n = 0;
		buf_reserve(&text, 1);
		for (unsigned k = (unsigned)(*dice >> 60); k > 0; k--) {
			*dice = *dice * 6364136223846793005u + 1442695040888963407u;
			buf_str(&text, piece[(*dice >> 40) % (sizeof piece / sizeof piece[0])]);
		}
		*dice = *dice * 6364136223846793005u + 1442695040888963407u;
		repair(&whole, buf_span(&text));
		hit = regex_match(regex, scratch, buf_span(&text));
		check(hit == regex_match(regex, scratch, buf_span(&whole)));
		if (m != NULL && machine_reads(m, buf_span(&whole)))
			check(hit == machine_end(m, machine_run(m, m->start, buf_span(&whole))));
	}
	buf_done(&text);
	buf_done(&whole);
}

static void
an_octet_that_is_no_utf8_is_a_sign_of_its_own(void)
{
	static const char *const pattern[] = { "[^ ]*?(.a?){1,3}", ".", "^.$", "^..$", "a.b", "\\W",
		"[^a]b", "đ.", "(?s)^.*$", "x\\x{fffd}", "\xef\xbf\xbd+a", "\\ba", "\\B",
		"(?i)A[^x]",
		"^[^a-z]+$", "(a|b).{2}x" };
	struct arena *arena = arena_new(1 << 26);
	struct regex_scratch *scratch = regex_scratch_new();
	uint64_t dice = 1;

	for (size_t i = 0; i < sizeof pattern / sizeof pattern[0]; i++) {
		struct regex *regex = NULL;
		unsigned whole = i % 2;

		check(regex_new(&regex, span_str(pattern[i]), whole, arena, NULL) == OK);
		octets_try(regex, scratch, &dice);
		regex_free(&regex);
	}
	{
		struct regex *regex = NULL;

		check(regex_new(&regex, SPAN("^[^ ]*?(.a?){1,3}$"), false, arena, NULL) == OK);
		check(regex_match(regex, scratch, SPAN("\xff")));
		check(regex_match(regex, scratch, SPAN("\xed\xa0\x80")));
		regex_free(&regex);
		/* What is looked for may be written otherwise in the text. */
		check(regex_new(&regex, SPAN("ab\xef\xbf\xbd"), false, arena, NULL) == OK);
		for (uint32_t k = 0; k < regex_facts(regex)->nbranch; k++)
			check(span_is(regex_facts(regex)->branch[k], "ab"));
		regex_free(&regex);
	}
	check(!regex_gave_up(scratch));
	regex_scratch_free(&scratch);
	arena_free(&arena);
}

static bool
is_word(uint32_t rune)
{
	return (rune >= '0' && rune <= '9') || (rune >= 'A' && rune <= 'Z') || rune == '_' ||
	    (rune >= 'a' && rune <= 'z') || rune == 0x17f || rune == 0x212a;
}

static bool
is_letter(uint32_t rune)
{
	return is_word(rune) && rune != '_' && !(rune >= '0' && rune <= '9');
}

static bool
is_any(uint32_t rune)
{
	return rune < 0x80 || rune == 0x17f || rune == 0x212a;
}

/* RE2 folds a class as it folds a letter: the long s and the Kelvin sign are in \w then. */
static void
classes_without_regard_to_case_have_all_cases_of_their_signs(void)
{
	static const struct {
		const char *pattern;
		bool (*is)(uint32_t rune);
		bool want;
	} row[] = {
		{ "(?i)^\\w$", is_word, true }, { "(?i)^\\W$", is_word, false },
		{ "(?i)^[\\w]$", is_word, true }, { "(?i)^[^\\w]$", is_word, false },
		{ "(?i)^[\\W]$", is_word, false }, { "(?i)^[^\\W]$", is_word, true },
		{ "^(?i:\\w)$", is_word, true }, { "^((?i)x|\\w)$", is_word, true },
		{ "^(?i:[\\W])$", is_word, false }, { "(?i)^[[:word:]]$", is_word, true },
		{ "(?i)^[[:alpha:]]$", is_letter, true }, { "(?i)^[[:lower:]]$", is_letter, true },
		{ "(?i)^[[:^alpha:]]$", is_letter, false },
		{ "(?i)^[^[:upper:]]$", is_letter, false },
		{ "(?i)^[[:^lower:]]$", is_letter, false }, { "(?i)^[a-z]$", is_letter, true },
		{ "(?i)^[^A-Z]$", is_letter, false }, { "(?i)^[[:ascii:]]$", is_any, true },
	};
	static const struct { const char *pattern, *yes, *no; } one[] = {
		{ "(?i)^[\\w-.]$", "-", "," }, { "(?i)^[[:alpha:]-.]$", "-", "," },
		{ "(?i)^[\\W-z]$", "-", "y" }, { "(?i)^[\\w-]$", "-", "," },
		{ "^(?i:a)\\w$", "As", "a\u017f" }, { "^(?i:a)[[:alpha:]]$", "As", "a\u017f" },
		{ "(?i)^\\W(?-i)\\W$", "-\u017f", "\u017f-" },
		{ "(?i)^k\\Qs\\E$", "\u212a\u017f", "x" },
		{ "(?i)^[]\\w]$", "]", "[" }, { "(?i)^\\\\w$", "\\W", "\u017f" },
		{ "(?i)^[\\]\\w]$", "\u017f", "[" }, { "(?i)^[[:digit:]]$", "1", "\u017f" },
	};
	struct arena *arena = arena_new(1 << 26);
	struct regex_scratch *scratch = regex_scratch_new();

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct regex *regex = NULL;
		uint8_t text[4];
		unsigned wrong = 0;

		check(regex_new(&regex, span_str(row[i].pattern), false, arena, NULL) == OK);
		for (uint32_t rune = 0; rune < 0x3000; rune++)
			wrong += regex_match(regex, scratch, span_of(text, rune_put(text, rune))) !=
			    (row[i].is(rune) == row[i].want);
		if (!check_int(wrong, 0))
			printf("\t%s\n", row[i].pattern);
		regex_free(&regex);
	}
	for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) {
		struct regex *regex = NULL;

		if (!check(regex_new(&regex, span_str(one[i].pattern), false, arena, NULL) == OK &&
		    regex_match(regex, scratch, span_str(one[i].yes)) &&
		    !regex_match(regex, scratch, span_str(one[i].no))))
			printf("\t%s\n", one[i].pattern);
		regex_free(&regex);
	}
	regex_scratch_free(&scratch);
	arena_free(&arena);
}

int
main(void)
{
	run(what_re2_does_not_have_is_refused);
	run(the_texts_that_a_pattern_needs_are_known);
	run(texts_in_a_row_match_as_alone);
	run(a_repeat_takes_all_of_a_letter_beyond_ascii);
	run(scratch_is_made_for_each_pattern);
	run(rare_signs_are_what_they_are_for_re2);
	run(letters_with_two_small_forms_are_no_text_to_look_for);
	run(text_that_is_no_utf8_is_no_trouble);
	run(classes_without_regard_to_case_have_all_cases_of_their_signs);
	run(an_octet_that_is_no_utf8_is_a_sign_of_its_own);
	return check_done();
}
