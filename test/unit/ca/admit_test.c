/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ca/admit.c: locks, also with a clock that jumps, and what a try changes. */
#include "check.h"

#include "ca/admit.h"

static const struct admit_rules rules = { .failures = 3, .lock_s = 900, .idle_s = 900,
    .idle_admin_s = 300, .password_coded = 8, .password_alone = 14 };
static char hash[SECRET_HASH_BYTES];

static struct person
person(void)
{
	struct person p = { .login = "an", .roles = PEOPLE_OFFICER };

	memcpy(p.hash, hash, sizeof hash);
	return p;
}

static enum admit
tried(struct person *p, const char *password, int64_t now_s)
{
	return admit_try(p, &rules, span_str(password), SPAN(""), now_s);
}

static void
wrong_tries_in_a_row_lock_for_a_time(void)
{
	struct person p = person();

	check_int(tried(&p, "no", 1000), ADMIT_NOT_PASSWORD);
	check_int(tried(&p, "no", 1000), ADMIT_NOT_PASSWORD);
	check_int(tried(&p, "right", 1000), ADMIT_GOOD);
	check_int(p.failed, 0);
	for (int i = 0; i < 3; i++)
		check_int(tried(&p, "no", 2000), ADMIT_NOT_PASSWORD);
	check_int(p.locked_s, 2000);
	check_int(tried(&p, "right", 2000), ADMIT_LOCKED);
	check_int(tried(&p, "right", 2899), ADMIT_LOCKED);
	check_int(tried(&p, "right", 2900), ADMIT_GOOD);
	check_int(p.locked_s, 0);
}

/* However far: nobody is locked for longer than the lock is, and nobody is let in by it. */
static void
a_clock_set_back_makes_no_lock_longer(void)
{
	struct person p = person();

	for (int i = 0; i < 3; i++)
		(void)tried(&p, "no", 1000000000);
	check_int(tried(&p, "right", 5000), ADMIT_LOCKED);
	check_int(tried(&p, "right", 5899), ADMIT_LOCKED);
	check_int(tried(&p, "right", 5900), ADMIT_GOOD);
}

static void
a_code_is_wanted_once_it_was_set_up(void)
{
	struct person p = person();
	uint32_t code;
	char text[8] = "000000";

	p.has_code = true;
	memcpy(p.seed, "12345678901234567890", sizeof p.seed);
	check_int(tried(&p, "right", 1000), ADMIT_NOT_CODE);
	check_int(p.failed, 1);
	code = totp_code(p.seed, sizeof p.seed, 1000 / TOTP_STEP_S);
	for (int i = 5; i >= 0; i--, code /= 10)
		text[i] = (char)('0' + code % 10);
	check_int(admit_try(&p, &rules, SPAN("right"), span_str(text), 1000), ADMIT_GOOD);
	check_int(admit_try(&p, &rules, SPAN("right"), span_str(text), 1000), ADMIT_NOT_CODE);
}

static void
who_is_disabled_or_came_too_late_is_refused(void)
{
	struct person p = person();

	p.once_until_s = 5000;
	check_int(tried(&p, "right", 4999), ADMIT_GOOD);
	check_int(tried(&p, "right", 5000), ADMIT_ONCE_OVER);
	p.disabled = true;
	check_int(tried(&p, "right", 1000), ADMIT_DISABLED);
	check_int(tried(&p, "no", 1000), ADMIT_DISABLED);
	check_int(p.failed, 0);
}

static void
who_shows_no_code_has_a_longer_password_and_an_administrator_a_shorter_rest(void)
{
	struct person p = person();

	check_int(admit_password(&p, &rules), 8);
	check_int(admit_idle(&p, &rules), 900);
	p.no_code = true;
	p.roles |= PEOPLE_ADMIN;
	check_int(admit_password(&p, &rules), 14);
	check_int(admit_idle(&p, &rules), 300);
}

/* It is the parameters of ours that take the time: the text must be one that is understood. */
static void
the_hash_of_nobody_has_our_parameters(void)
{
	char none[SECRET_HASH_BYTES] = "$argon2id$v=19$m=65536,t=2,p=1$";

	check(span_starts(span_str(hash), span_str(none)));
	admit_nobody(SPAN("x"));
}

int
main(void)
{
	secret_init();
	secret_hash(hash, SPAN("right"));
	run(wrong_tries_in_a_row_lock_for_a_time);
	run(a_clock_set_back_makes_no_lock_longer);
	run(a_code_is_wanted_once_it_was_set_up);
	run(who_is_disabled_or_came_too_late_is_refused);
	run(who_shows_no_code_has_a_longer_password_and_an_administrator_a_shorter_rest);
	run(the_hash_of_nobody_has_our_parameters);
	return check_done();
}
