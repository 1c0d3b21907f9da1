/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ca/roll.c: who is good and until when; the file, whole and broken. */
#include "check.h"

#include "base/must.h"
#include "ca/roll.h"

static struct roll_cert
cert(uint8_t first, int64_t until_s)
{
	return (struct roll_cert){ .serial = { first }, .from_s = 100, .until_s = until_s };
}

static struct agent *
added(struct roll *roll, const char *name)
{
	struct agent *a = NULL;

	must(roll_add(roll, span_str(name), &a, NULL) == OK);
	return a;
}

static void
names_are_strict(void)
{
	static const char *const bad[] = { "", "-a", ".a", "a b", "a/b", "a\n", "\xc4\x91", "a=b",
	    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(!roll_is_name(span_str(bad[i])));
	check(roll_is_name(SPAN("web-01.example_vn")) && roll_is_name(SPAN("7")));
}

static void
two_certificates_of_an_agent_are_good_and_no_third(void)
{
	struct roll roll = { 0 };
	struct agent *a = added(&roll, "web");
	struct roll_cert one = cert(1, 1000), two = cert(2, 2000), three = cert(3, 3000);

	roll_certify(a, &one, NULL);
	roll_certify(a, &two, one.serial);
	check(roll_by_serial(&roll, one.serial, 500) == a);
	check(roll_by_serial(&roll, two.serial, 500) == a);
	roll_certify(a, &three, two.serial);
	check(roll_by_serial(&roll, one.serial, 500) == NULL);
	check(roll_by_serial(&roll, two.serial, 500) == a);
	check(roll_by_serial(&roll, two.serial, 2000) == NULL);
	check(roll_by_serial(&roll, three.serial, 2000) == a);
	/* The answer was lost: the second one renews once more, and stays. */
	roll_certify(a, &one, two.serial);
	check(roll_by_serial(&roll, two.serial, 500) == a);
	check(roll_by_serial(&roll, three.serial, 500) == NULL);
	roll_certify(a, &three, NULL);
	check(roll_by_serial(&roll, one.serial, 500) == NULL);
	roll_revoke(a, 600, SPAN("lost"));
	check(roll_by_serial(&roll, three.serial, 500) == NULL);
	check_int(a->state, AGENT_REVOKED);
	check_span(span_str(a->why), SPAN("lost"));
	roll_done(&roll);
}

/* The number of no certificate is all zeros. */
static void
a_place_without_a_certificate_is_nobodys(void)
{
	static const uint8_t none[ROLL_SERIAL_BYTES];
	struct roll roll = { 0 };

	(void)added(&roll, "web");
	check(roll_by_serial(&roll, none, 500) == NULL);
	check(roll_by_serial(&roll, none, -1) == NULL);
	check(roll_by_code(&roll, (uint8_t[CODE_HASH_BYTES]){ 0 }) == NULL);
	roll_done(&roll);
}

static void
fill(struct roll *roll)
{
	static const char *const name[] = { "m", "b", "z", "a", "c" };

	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++) {
		struct agent *a = added(roll, name[i]);
		struct roll_cert c = cert((uint8_t)(i + 1), 5000);

		a->code = (struct roll_code){ .hash = { (uint8_t)(i + 9) }, .until_s = 77,
		    .unit = i, .class = "long", .key = { 5 } };
		if (i > 1)
			roll_certify(a, &c, NULL);
		if (i == 4)
			roll_revoke(a, 12, SPAN("why"));
		a->unit = UINT64_MAX - i;
	}
}

static void
the_file_gives_back_what_was_put(void)
{
	struct roll one = { 0 }, two = { 0 };
	struct buf file = { 0 }, again = { 0 };

	fill(&one);
	roll_put(&file, &one, ROLL_FILE);
	check_int(roll_get(&two, buf_span(&file), NULL), OK);
	roll_put(&again, &two, ROLL_FILE);
	check_span(buf_span(&again), buf_span(&file));
	check(roll_find(&two, SPAN("z")) != NULL && roll_find(&two, SPAN("zz")) == NULL);
	check(roll_by_code(&two, (uint8_t[CODE_HASH_BYTES]){ 9 }) == roll_find(&two, SPAN("m")));
	roll_done(&one);
	roll_done(&two);
	buf_done(&file);
	buf_done(&again);
}

static void
what_is_shown_holds_nothing_of_a_code(void)
{
	struct roll one = { 0 }, two = { 0 };
	struct buf file = { 0 };

	fill(&one);
	roll_put(&file, &one, ROLL_SHOWN);
	check_int(roll_get(&two, buf_span(&file), NULL), OK);
	for (unsigned i = 0; i < two.n; i++)
		check(two.agent[i].code.hash[0] == 0 && two.agent[i].code.key[0] == 0);
	roll_done(&one);
	roll_done(&two);
	buf_done(&file);
}

static void
each_octet_changed_and_each_end_cut_is_refused(void)
{
	struct roll one = { 0 }, two = { 0 };
	struct buf file = { 0 };
	unsigned taken = 0;

	fill(&one);
	roll_put(&file, &one, ROLL_FILE);
	for (size_t i = 0; i < file.n; i++) {
		file.p[i] ^= 1;
		taken += roll_get(&two, buf_span(&file), NULL) == OK;
		file.p[i] ^= 1;
		taken += roll_get(&two, span_of(file.p, i), NULL) == OK;
	}
	check_int(taken, 0);
	roll_done(&one);
	buf_done(&file);
}

int
main(void)
{
	run(names_are_strict);
	run(two_certificates_of_an_agent_are_good_and_no_third);
	run(a_place_without_a_certificate_is_nobodys);
	run(the_file_gives_back_what_was_put);
	run(what_is_shown_holds_nothing_of_a_code);
	run(each_octet_changed_and_each_end_cut_is_refused);
	return check_done();
}
