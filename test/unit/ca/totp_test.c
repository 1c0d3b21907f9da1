/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ca/totp.c: the vectors of RFC 4226 and RFC 6238, and that a code is taken once. */
#include "check.h"

#include "ca/totp.h"

static const uint8_t seed[TOTP_SEED_BYTES] = "12345678901234567890";

static void
the_codes_of_rfc_4226_come_out(void)
{
	static const uint32_t code[] = { 755224, 287082, 359152, 969429, 338314, 254676, 287922,
	    162583, 399871, 520489 };

	for (uint64_t i = 0; i < 10; i++)
		check_int(totp_code(seed, sizeof seed, i), code[i]);
}

/* The last six of the eight digits of its table for SHA-1. */
static void
the_codes_of_rfc_6238_come_out(void)
{
	static const struct {
		uint64_t time_s;
		uint32_t code;
	} row[] = { { 59, 287082 }, { 1111111109, 81804 }, { 1111111111, 50471 },
	    { 1234567890, 5924 }, { 2000000000, 279037 }, { 20000000000, 353130 } };

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		check_int(totp_code(seed, sizeof seed, row[i].time_s / TOTP_STEP_S), row[i].code);
}

static void
a_code_is_good_once_and_around_its_time(void)
{
	uint64_t step = 0;

	check(totp_check(seed, SPAN("081804"), 1111111109, 0, &step));
	check_int(step, 1111111109 / 30);
	check(!totp_check(seed, SPAN("081804"), 1111111109, step, &step));
	check(totp_check(seed, SPAN("050471"), 1111111109 + 30, step, &step));
	check(!totp_check(seed, SPAN("081804"), 1111111109 + 30, step, &step));
	check(totp_check(seed, SPAN("081804"), 1111111109 + 30, 0, &step));
	check(totp_check(seed, SPAN("081804"), 1111111109 - 30, 0, &step));
	check(!totp_check(seed, SPAN("081804"), 1111111109 + 90, 0, &step));
	check(!totp_check(seed, SPAN("081804"), 1111111109 - 90, 0, &step));
}

/* Set back below the last code: nothing is good until the time comes again. */
static void
a_clock_set_back_lets_no_code_in_twice(void)
{
	uint64_t step = 0;

	check(totp_check(seed, SPAN("279037"), 2000000000, 0, &step));
	check(!totp_check(seed, SPAN("005924"), 1234567890, step, &step));
	check(!totp_check(seed, SPAN("755224"), -5, 0, &step));
	check(totp_check(seed, SPAN("287082"), 0, 0, &step));
	check_int(step, 1);
}

static void
what_is_no_code_is_refused(void)
{
	static const char *const bad[] = { "", "81804", "0081804", "08180a", "-81804", " 81804",
	    "081804\n" };
	uint64_t step = 7;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(!totp_check(seed, span_str(bad[i]), 1111111109, 0, &step));
	check_int(step, 7);
}

static void
the_address_for_the_phone_has_the_secret(void)
{
	struct buf out = { 0 };

	totp_uri(&out, seed, "an");
	check_span(buf_span(&out), SPAN("otpauth://totp/TrucBan:an?secret="
	    "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=TrucBan"));
	buf_done(&out);
}

int
main(void)
{
	run(the_codes_of_rfc_4226_come_out);
	run(the_codes_of_rfc_6238_come_out);
	run(a_code_is_good_once_and_around_its_time);
	run(a_clock_set_back_lets_no_code_in_twice);
	run(what_is_no_code_is_refused);
	run(the_address_for_the_phone_has_the_secret);
	return check_done();
}
