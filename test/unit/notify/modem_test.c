/* SPDX-License-Identifier: Apache-2.0 */
/* notify/modem.c: both sides of the talk, with the times given by hand. */
#include "check.h"
#include "notify/modem.h"

#define SECOND INT64_C(1000000000)

static struct modem *modem;
static int64_t now;

/* What it sent since. */
static bool
sent(const char *text)
{
	bool is = span_is(modem_out(modem), text);

	if (!is)
		printf("not %s but %.*s\n", text, (int)modem_out(modem).n,
		    (const char *)modem_out(modem).p);
	modem_written(modem, modem_out(modem).n);
	return is;
}

static void
hears(const char *text)
{
	modem_take(modem, span_str(text), now);
}

static void
begin_sms(const char *text)
{
	modem = modem_new();
	now = 7 * SECOND;
	modem_sms(modem, SPAN("0900"), span_str(text), now);
}

static void
up_to_the_prompt(void)
{
	check(sent("AT\r"));
	hears("AT\r\r\nOK\r\n");
	check(sent("ATE0\r"));
	hears("ATE0\r\r\nOK\r\n");
	check(sent("AT+CMGF=1\r"));
	hears("\r\nOK\r\n");
	check(sent("AT+CSMP=17,167,0,8\r"));
	hears("\r\n+CMTI: \"SM\",3\r\n\r\nOK\r\n");
	check(sent("AT+CSCS=\"UCS2\"\r"));
	hears("\r\nO");
	hears("K\r\n");
	check(sent("AT+CMGS=\"0030003900300030\"\r"));
}

static void
an_sms_goes_out_in_ucs2(void)
{
	begin_sms("Trực");
	up_to_the_prompt();
	hears("\r\n> ");
	check(sent("005400721EF10063\x1a"));
	hears("\r\n^RSSI: 17\r\n+CMGS: 42\r\n");
	check_int(modem_state(modem), MODEM_WORKS);
	hears("\r\nOK\r\n");
	check_int(modem_state(modem), MODEM_DONE);
	check_span(span_str(modem_result(modem)), SPAN("+CMGS: 42"));
	modem_rest(modem);
	check_int(modem_state(modem), MODEM_IDLE);
	modem_free(&modem);
}

static void
an_error_ends_it_with_its_words(void)
{
	begin_sms("x");
	up_to_the_prompt();
	hears("\r\n> ");
	check(sent("0078\x1a"));
	hears("\r\n+CMS ERROR: 38\r\n");
	check_int(modem_state(modem), MODEM_FAILED);
	check_span(span_str(modem_result(modem)), SPAN("AT+CMGS: +CMS ERROR: 38"));
	check(sent("\x1b"));
	/* Words without a question change nothing. */
	hears("OK\r\n> ERROR\r\n");
	check_int(modem_state(modem), MODEM_FAILED);
	check(sent(""));
	modem_rest(modem);
	modem_ring(modem, SPAN("113"), SECOND, now);
	check(sent("AT\r"));
	hears("ERROR\r\n");
	check_span(span_str(modem_result(modem)), SPAN("AT: ERROR"));
	modem_free(&modem);
}

static void
silence_ends_it_too(void)
{
	begin_sms("x");
	check(sent("AT\r"));
	now = modem_next_ns(modem);
	check_int(now, 10 * SECOND);
	modem_turn(modem, now - 1);
	check_int(modem_state(modem), MODEM_WORKS);
	modem_turn(modem, now);
	check_span(span_str(modem_result(modem)), SPAN("AT: no answer"));
	check(modem_next_ns(modem) == INT64_MAX);
	modem_free(&modem);
	begin_sms("x");
	up_to_the_prompt();
	modem_gone(modem);
	check_span(span_str(modem_result(modem)), SPAN("AT+CMGS: the modem is gone"));
	modem_free(&modem);
}

static void
begin_ring(void)
{
	modem = modem_new();
	now = 0;
	modem_ring(modem, SPAN("+84900"), 20 * SECOND, now);
	check(sent("AT\r"));
	hears("OK\r\n");
	check(sent("ATE0\r"));
	hears("OK\r\n");
	check(sent("ATD+84900;\r"));
}

static void
a_call_rings_and_is_hung_up(void)
{
	begin_ring();
	hears("OK\r\n");
	now = 20 * SECOND;
	modem_turn(modem, now);
	check(sent("AT+CHUP\r"));
	hears("OK\r\n");
	check_int(modem_state(modem), MODEM_DONE);
	check_span(span_str(modem_result(modem)), SPAN("rang"));
	modem_free(&modem);
	/* A modem that does not know the command, or says nothing, has rung all the same. */
	for (unsigned i = 0; i < 2; i++) {
		begin_ring();
		modem_turn(modem, now += 20 * SECOND);
		check(sent("AT+CHUP\r"));
		if (i == 0)
			hears("ERROR\r\n");
		else
			modem_turn(modem, now += 10 * SECOND);
		check_int(modem_state(modem), MODEM_DONE);
		modem_free(&modem);
	}
}

static void
who_is_busy_was_not_reached_but_who_hangs_up_was(void)
{
	static const struct {
		const char *says;
		int64_t after;
		enum modem_state state;
	} row[] = { { "BUSY\r\n", 1, MODEM_FAILED }, { "NO CARRIER\r\n", 2, MODEM_FAILED },
	    { "NO DIALTONE\r\n", 0, MODEM_FAILED }, { "NO CARRIER\r\n", 6, MODEM_DONE },
	    { "NO ANSWER\r\n", 3, MODEM_DONE }, { "+CME ERROR: 10\r\n", 9, MODEM_FAILED } };

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		begin_ring();
		hears("OK\r\n");
		now += row[i].after * SECOND;
		hears(row[i].says);
		check_int(modem_state(modem), row[i].state);
		modem_free(&modem);
	}
}

static void
a_text_that_is_too_long_is_cut_at_a_whole_letter(void)
{
	static const char sixty_nine[] = "012345678901234567890123456789012345678901234567890123"
	    "456789012345678";
	struct buf text = { 0 };

	buf_str(&text, sixty_nine);
	buf_str(&text, "\xf0\x9f\x98\x80z");
	buf_u8(&text, '\0');
	begin_sms((const char *)text.p);
	up_to_the_prompt();
	hears("> ");
	check_int(modem_out(modem).n, 69 * 4 + 1);
	modem_free(&modem);
	buf_done(&text);
}

static void
lines_without_end_fill_no_memory(void)
{
	begin_sms("x");
	for (unsigned i = 0; i < 100000; i++)
		hears("AT+AT+AT");
	hears("\r\nOK\r\n");
	check(sent("AT\rATE0\r"));
	modem_free(&modem);
}

static void
numbers_are_taken_as_people_write_them(void)
{
	static const char *const bad[] = { "", "12", "0900 000 00x", "09+00", "0900;ATH", "\"0900",
	    "123456789012345678901", "0900\r" };
	struct buf out = { 0 };

	check(modem_number(&out, SPAN("+84 (90) 000-00.01")));
	check_span(buf_span(&out), SPAN("+84900000001"));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(!modem_number(&out, span_str(bad[i])));
	check_int(out.n, 12);
	buf_done(&out);
}

int
main(void)
{
	run(an_sms_goes_out_in_ucs2);
	run(an_error_ends_it_with_its_words);
	run(silence_ends_it_too);
	run(a_call_rings_and_is_hung_up);
	run(who_is_busy_was_not_reached_but_who_hangs_up_was);
	run(a_text_that_is_too_long_is_cut_at_a_whole_letter);
	run(lines_without_end_fill_no_memory);
	run(numbers_are_taken_as_people_write_them);
	return check_done();
}
