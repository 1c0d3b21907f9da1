/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ca/people.c and people_file.c: who is who, and the file, whole and broken. */
#include "check.h"

#include "base/must.h"
#include "ca/people.h"

static const uint8_t key[PEOPLE_KEY_BYTES] = "a key of thirty-two octets......";
static const uint8_t nonce[PEOPLE_NONCE_BYTES] = { 1 };

static struct person *
added(struct people *people, const char *login, uint8_t roles)
{
	struct person *p = NULL;

	must(people_add(people, span_str(login), &p, NULL) == OK);
	p->roles = roles;
	return p;
}

static void
fill(struct people *people)
{
	struct person *p = added(people, "minh", PEOPLE_ADMIN | PEOPLE_AUDITOR);
	struct token *t = NULL;

	*p = (struct person){ .login = "minh", .name = "Trần Thị Minh", .roles = 48,
	    .has_code = true, .hash = "$argon2id$x", .once_until_s = 5, .seed = { 1, 2 },
	    .step = 1 << 20, .failed = 2, .locked_s = 7, .made_s = 8, .used_s = -9 };
	p = added(people, "an", PEOPLE_READER);
	p->disabled = p->no_code = true;
	must(people_token_add(people, &t, NULL) == OK);
	*t = (struct token){ .id = { 1, 2, 3, 4 }, .owner = "minh", .name = "Grafana", .roles = 1,
	    .hash = { 9 }, .made_s = 10, .until_s = 20 };
}

static void
logins_are_strict(void)
{
	static const char *const bad[] = { "", "An", "1a", "-a", "a b", "uid 0", "a/b", "a\n",
	    "\xc4\x91", "root=", "abcdefghijklmnopqrstuvwxyzabcdef" };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check(!people_is_login(span_str(bad[i])));
	check(people_is_login(SPAN("a")) && people_is_login(SPAN("minh.tt-2_x")));
	check(people_is_name(SPAN("Trần Thị Minh")) && people_is_name(SPAN("")));
	check(!people_is_name(SPAN("a\tb")) && !people_is_name(SPAN("\xff")));
}

static void
people_are_found_and_nobody_is_there_twice(void)
{
	struct people people = { 0 };
	struct person *p = NULL;

	fill(&people);
	check(people_find(&people, SPAN("an")) == &people.person[0]);
	check(people_find(&people, SPAN("ann")) == NULL);
	check_int(people_add(&people, SPAN("an"), &p, NULL), ERR_BUSY);
	check_int(people_count(&people, PEOPLE_ADMIN), 1);
	check_int(people_count(&people, PEOPLE_READER), 0);
	people_done(&people);
}

static void
a_token_is_good_until_its_end(void)
{
	struct people people = { 0 };
	const uint8_t hash[SECRET_DIGEST_BYTES] = { 9 };

	fill(&people);
	check(people_token_by_hash(&people, hash, 19) == &people.token[0]);
	check(people_token_by_hash(&people, hash, 20) == NULL);
	people_token_remove(&people, people_token_find(&people, (const uint8_t[]){ 1, 2, 3, 4 }));
	check(people_token_by_hash(&people, hash, 19) == NULL);
	people_done(&people);
}

static void
roles_are_read_by_their_names(void)
{
	check_int(people_roles_read(SPAN("officer,reader")), PEOPLE_OFFICER | PEOPLE_READER);
	check_int(people_roles_read(SPAN("")), 0);
	check_int(people_roles_read(SPAN("officer,root")), 0);
	check_int(people_roles_read(SPAN(",")), 0);
	check(people_role_name(PEOPLE_AUDITOR) != NULL && people_role_name(3) == NULL);
}

static void
the_file_gives_back_what_was_put(void)
{
	struct people one = { 0 }, two = { 0 };
	struct buf file = { 0 }, first = { 0 }, second = { 0 };
	const struct person *p;

	fill(&one);
	people_seal(&file, &one, key, nonce);
	check_int(people_open(&two, buf_span(&file), key, NULL), OK);
	people_put(&first, &one);
	people_put(&second, &two);
	check_span(buf_span(&first), buf_span(&second));
	p = people_find(&two, SPAN("minh"));
	check(p != NULL && p->roles == 48 && p->used_s == -9 && p->step == 1 << 20 && p->has_code &&
	    !p->disabled && strcmp(p->hash, "$argon2id$x") == 0);
	check(two.person[0].disabled && two.person[0].no_code && two.ntoken == 1);
	/* Nothing of it can be read from outside. */
	for (size_t i = 0; i + 4 <= file.n; i++)
		check(memcmp(file.p + i, "minh", 4) != 0 && memcmp(file.p + i, "argo", 4) != 0);
	people_done(&one);
	people_done(&two);
	buf_done(&file);
	buf_done(&first);
	buf_done(&second);
}

static void
each_octet_changed_and_each_end_cut_is_refused(void)
{
	static const uint8_t other[PEOPLE_KEY_BYTES] = "another";
	struct people one = { 0 }, two = { 0 };
	struct buf file = { 0 };
	unsigned taken = 0;

	fill(&one);
	people_seal(&file, &one, key, nonce);
	for (size_t i = 0; i < file.n; i++) {
		file.p[i] ^= 1;
		taken += people_open(&two, buf_span(&file), key, NULL) == OK;
		file.p[i] ^= 1;
		taken += people_open(&two, span_of(file.p, i), key, NULL) == OK;
	}
	check_int(people_open(&two, buf_span(&file), other, NULL), ERR_PROOF);
	buf_u8(&file, 0);
	taken += people_open(&two, buf_span(&file), key, NULL) == OK;
	check_int(taken, 0);
	people_done(&one);
	buf_done(&file);
}

/* What nobody of ours writes, behind a tag that fits. */
static void
a_body_that_breaks_the_rules_is_refused(void)
{
	struct people one = { 0 }, two = { 0 };
	struct buf body = { 0 };

	fill(&one);
	memcpy(one.token[0].owner, "nguoi", 6);
	people_put(&body, &one);
	check_int(people_get(&two, buf_span(&body), NULL), ERR_FORMAT);
	memcpy(one.token[0].owner, "minh", 5);
	one.person[0].roles = 0;
	body.n = 0;
	people_put(&body, &one);
	check_int(people_get(&two, buf_span(&body), NULL), ERR_FORMAT);
	one.person[0].roles = 1;
	memcpy(one.person[0].login, "zz", 3);
	body.n = 0;
	people_put(&body, &one);
	check_int(people_get(&two, buf_span(&body), NULL), ERR_FORMAT);
	people_done(&one);
	buf_done(&body);
}

int
main(void)
{
	run(logins_are_strict);
	run(people_are_found_and_nobody_is_there_twice);
	run(a_token_is_good_until_its_end);
	run(roles_are_read_by_their_names);
	run(the_file_gives_back_what_was_put);
	run(each_octet_changed_and_each_end_cut_is_refused);
	run(a_body_that_breaks_the_rules_is_refused);
	return check_done();
}
