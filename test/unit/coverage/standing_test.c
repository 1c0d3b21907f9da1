/* SPDX-License-Identifier: Apache-2.0 */
/* coverage/standing.c and the rules' words: turns with a fed clock, what is told in them. */
#include "coverage/standing.h"

#include "base/must.h"
#include "check.h"

static struct standing *standing;
static struct arena *arena;
static const struct finding *out;
static bool known;
static uint64_t sequence;

static const int64_t start_s = 1790000000;

static void
begin(void)
{
	standing = standing_new();
	known = true;
	sequence = 0;
}

static void
end(void)
{
	standing_free(&standing);
	standing_free(&standing);
}

static bool
is_known(void *ctx, const struct finding *open)
{
	(void)ctx;
	(void)open;
	return known;
}

static struct condition
of(enum watch_rule_id rule, const char *host, uint64_t value)
{
	return (struct condition){ .rule = rule, .group = { .host = span_str(host),
	    .listener = SPAN("udp") }, .value = value, .usual = 60, .from_seq = 100,
	    .to_seq = 200, .from_ns = 1, .to_ns = 2 };
}

/* A turn at so many seconds, with these conditions; how many acts there are. */
static uint32_t
turn(int64_t at_s, const struct condition *condition, uint32_t n)
{
	struct standing_ask ask = { .now_ns = (start_s + at_s) * 1000000000, .haste = 1,
	    .condition = condition, .n = n, .known = is_known };

	arena_reset(arena);
	return standing_turn(standing, &ask, ++sequence, arena, &out);
}

static uint32_t
one(int64_t at_s, enum watch_rule_id rule, uint64_t value)
{
	struct condition c = of(rule, "web01", value);

	return turn(at_s, &c, 1);
}

static void
a_silence_is_opened_once_and_closed_by_the_first_record(void)
{
	begin();
	check_int(one(0, RULE_SILENT, 700), 1);
	check_int(out[0].act, FINDING_OPENED);
	check_int(out[0].sequence, 1);
	check_int(out[0].opened_seq, 100);
	check_span(out[0].group.host, SPAN("web01"));
	for (int64_t s = 60; s < 3600; s += 60)
		check_int(one(s, RULE_SILENT, (uint64_t)(700 + s)), 0);
	check_int(turn(3600, NULL, 0), 1);
	check_int(out[0].act, FINDING_CLOSED);
	check_int(out[0].value, 700 + 3540);	/* with what it was */
	check_int(out[0].opened_ns, start_s * 1000000000);
	check_int(turn(3660, NULL, 0), 0);
	end();
}

static void
a_condition_that_lasts_too_short_is_no_finding(void)
{
	begin();
	check_int(one(0, RULE_SKEWED, 300), 0);
	check_int(one(60, RULE_SKEWED, 300), 0);
	check_int(turn(120, NULL, 0), 0);	/* over: it begins anew */
	check_int(one(180, RULE_SKEWED, 300), 0);
	check_int(one(240, RULE_SKEWED, 300), 0);
	check_int(one(300, RULE_SKEWED, 300), 1);
	end();
}

static void
a_condition_that_comes_and_goes_stays_one_finding(void)
{
	unsigned told = 0;

	begin();
	for (int64_t s = 0; s < 86400; s += 60)
		told += (s / 300) % 2 == 0 ? one(s, RULE_SKEWED, 300) : turn(s, NULL, 0);
	check_int(told, 1);
	check_int(turn(86400 + 6840, NULL, 0), 0);
	check_int(turn(86400 + 6900, NULL, 0), 1);
	check_int(out[0].act, FINDING_CLOSED);
	end();
}

static void
it_grows_when_there_is_much_more_to_tell_and_not_each_minute(void)
{
	unsigned told = 0;

	begin();
	check_int(one(0, RULE_DROPPED, 10), 1);
	check_int(one(60, RULE_DROPPED, 1000), 0);	/* told a minute ago */
	check_int(one(660, RULE_DROPPED, 19), 0);	/* not much more */
	check_int(one(720, RULE_DROPPED, 20), 1);
	check_int(out[0].act, FINDING_GREW);
	check_int(out[0].value, 20);
	for (int64_t s = 780; s < 86400; s += 60)
		told += one(s, RULE_DROPPED, (uint64_t)(20 + s));
	check(told > 3 && told < 15);
	end();
}

static void
what_opens_again_is_another_finding(void)
{
	uint8_t id[FINDING_ID_BYTES];
	struct condition c = of(RULE_SILENT, "web01", 700);

	begin();
	check_int(turn(0, &c, 1), 1);
	memcpy(id, out[0].id, sizeof id);
	check_int(turn(60, NULL, 0), 1);
	check(memcmp(out[0].id, id, sizeof id) == 0);
	c.from_seq = 150;
	check_int(turn(120, &c, 1), 1);
	check_int(out[0].act, FINDING_OPENED);
	check(memcmp(out[0].id, id, sizeof id) != 0);
	end();
}

static void
sources_and_rules_stand_apart(void)
{
	struct condition c[4] = { of(RULE_SILENT, "a", 700), of(RULE_SILENT, "b", 700),
	    of(RULE_DROPPED, "a", 1), of(RULE_DROPPED, "", 1) };
	uint32_t n[FINDING_LEVEL_END];

	begin();
	c[3].group.unit = 7;
	check_int(turn(0, c, 4), 4);
	standing_count(standing, n);
	check_int(n[FINDING_MEDIUM], 2);
	check_int(n[FINDING_HIGH], 2);
	check_int(turn(60, c, 1), 3);		/* the others are over */
	standing_count(standing, n);
	check_int(n[FINDING_MEDIUM] + n[FINDING_HIGH], 1);
	end();
}

static void
nobody_knows_nothing_is_not_over(void)
{
	begin();
	check_int(one(0, RULE_SILENT, 700), 1);
	known = false;
	check_int(turn(60, NULL, 0), 0);
	check_int(turn(86400, NULL, 0), 0);
	known = true;
	check_int(turn(86460, NULL, 0), 1);
	check_int(out[0].act, FINDING_CLOSED);
	end();
}

/* What was told before a kill, given to another life. */
static void
after_a_restart_what_is_open_goes_on(void)
{
	struct finding told[3];
	struct condition c[2] = { of(RULE_SILENT, "a", 700), of(RULE_DROPPED, "b", 5) };
	struct buf record = { 0 };
	struct arena *keep = arena_new(1 << 20);

	begin();
	check_int(turn(0, c, 2), 2);
	for (unsigned i = 0; i < 2; i++) {
		record.n = 0;
		finding_encode(&record, &out[i]);
		must(finding_decode(&told[i], buf_span(&record), keep, NULL) == OK);
	}
	check_int(turn(60, &c[0], 1), 1);
	record.n = 0;
	finding_encode(&record, &out[0]);
	must(finding_decode(&told[2], buf_span(&record), keep, NULL) == OK);
	end();
	begin();
	for (unsigned i = 0; i < 3; i++)
		standing_load(standing, &told[i]);
	check_int(standing_sequence(standing), 2);
	sequence = 2;
	check_int(turn(120, &c[0], 1), 0);	/* open already, and b is closed */
	check_int(turn(180, NULL, 0), 1);
	check_int(out[0].act, FINDING_CLOSED);
	check(memcmp(out[0].id, told[0].id, sizeof out[0].id) == 0);
	check_int(out[0].opened_ns, told[0].opened_ns);
	buf_done(&record);
	arena_free(&keep);
	end();
}

static void
a_clock_that_is_put_back_does_not_keep_anything_waiting(void)
{
	begin();
	check_int(one(86400, RULE_SKEWED, 300), 0);
	check_int(one(0, RULE_SKEWED, 300), 0);
	check_int(one(120, RULE_SKEWED, 300), 1);
	check_int(turn(9000, NULL, 0), 0);
	check_int(turn(0, NULL, 0), 0);
	check_int(turn(7200, NULL, 0), 1);
	end();
}

static void
many_at_once_are_told_turn_by_turn(void)
{
	static struct condition c[STANDING_TURN + 44];
	char host[STANDING_TURN + 44][8];

	begin();
	for (unsigned i = 0; i < STANDING_TURN + 44; i++) {
		(void)snprintf(host[i], sizeof host[i], "m%u", i);
		c[i] = of(RULE_SILENT, host[i], 700);
	}
	check_int(turn(0, c, STANDING_TURN + 44), STANDING_TURN);
	check_int(turn(60, c, STANDING_TURN + 44), 44);
	check_int(turn(120, c, STANDING_TURN + 44), 0);
	end();
}

static void
each_rule_has_words_in_both_languages(void)
{
	for (unsigned i = 0; i < RULE_END; i++) {
		const struct watch_rule *rule = watch_rule((enum watch_rule_id)i);
		struct finding f = { .rule = span_str(rule->id), .value = 3700, .usual = 60,
		    .group = { .host = SPAN("web01"), .peer = SPAN("10.0.0.5"),
		    .subject = SPAN("đĩa") } };

		check(watch_rule_of(f.rule) == rule);
		check(rule->version > 0 && rule->why[0] != '\0' && rule->grew_times > 1);
		for (unsigned lang = LANG_VI; lang <= LANG_EN; lang++) {
			struct buf words = { 0 };

			watch_words(&words, &f, (enum watch_lang)lang);
			check(words.n > 10 && memchr(words.p, '{', words.n) == NULL);
			words.n = 0;
			watch_advice(&words, &f, (enum watch_lang)lang);
			check(words.n > 10 && memchr(words.p, '{', words.n) == NULL);
			check(watch_sure(&f, (enum watch_lang)lang)[0] != '\0');
			buf_done(&words);
		}
	}
	check(watch_rule_of(SPAN("somebody.elses")) == NULL);
}

/* What stands in the command is a name only: whoever shows a certificate chose it. */
static void
advice_names_whom_to_invite(void)
{
	static const char *const rule[] = { "certificate.revoked", "certificate.expired" };
	struct buf text = { 0 };

	for (size_t i = 0; i < 2; i++) {
		struct finding f = { .rule = span_str(rule[i]), .group = {
		    .subject = SPAN("xa-phu-my") } };

		text.n = 0;
		watch_advice(&text, &f, LANG_VI);
		check(span_holds(buf_span(&text), "trucban agent invite xa-phu-my, rồi"));
		check(span_holds(buf_span(&text), "trucban agent enrol MÃ --replace;"));
		text.n = 0;
		f.group.subject = SPAN("x;reboot");
		watch_advice(&text, &f, LANG_EN);
		check(span_holds(buf_span(&text), "trucban agent invite NAME, then trucban agent "
		    "enrol CODE --replace there;"));
	}
	buf_done(&text);
}

static void
sentences_name_the_source_and_the_amount(void)
{
	struct finding f = { .rule = SPAN("coverage.silent"), .value = 3700, .usual = 60,
	    .group = { .host = SPAN("web01"), .peer = SPAN("10.0.0.5"), .listener = SPAN("udp") } };
	struct buf words = { 0 };

	watch_words(&words, &f, LANG_VI);
	check_span(buf_span(&words), SPAN("web01 (10.0.0.5, udp) không gửi gì từ 1 giờ 1 phút, "
	    "thường lệ nghỉ lâu nhất 1 phút"));
	words.n = 0;
	f.rule = SPAN("coverage.lost");
	f.group = (struct finding_group){ .listener = SPAN("udp"),
	    .subject = SPAN("kernel_drops") };
	f.value = 12;
	watch_words(&words, &f, LANG_EN);
	check_span(buf_span(&words), SPAN("lost at this host: udp: kernel_drops grew by 12 in the "
	    "last hour"));
	buf_done(&words);
}

int
main(void)
{
	arena = arena_new(1 << 24);
	run(a_silence_is_opened_once_and_closed_by_the_first_record);
	run(a_condition_that_lasts_too_short_is_no_finding);
	run(a_condition_that_comes_and_goes_stays_one_finding);
	run(it_grows_when_there_is_much_more_to_tell_and_not_each_minute);
	run(what_opens_again_is_another_finding);
	run(sources_and_rules_stand_apart);
	run(nobody_knows_nothing_is_not_over);
	run(after_a_restart_what_is_open_goes_on);
	run(a_clock_that_is_put_back_does_not_keep_anything_waiting);
	run(many_at_once_are_told_turn_by_turn);
	run(each_rule_has_words_in_both_languages);
	run(advice_names_whom_to_invite);
	run(sentences_name_the_source_and_the_amount);
	arena_free(&arena);
	return check_done();
}
