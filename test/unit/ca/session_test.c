/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ca/session.c: who is found, who ends. */
#include "check.h"

#include "ca/session.h"

static struct sessions all;

static void
added(const char *login, uint8_t digest, int64_t now_s)
{
	struct session *s = session_add(&all, login);

	memcpy(s->login, login, strlen(login));
	s->digest[0] = digest;
	s->made_s = s->used_s = now_s;
	s->idle_s = 100;
}

static bool
is_there(uint8_t digest)
{
	return session_find(&all, (const uint8_t[SECRET_DIGEST_BYTES]){ digest }) != NULL;
}

static void
an_account_loses_all_of_its_own_and_no_other(void)
{
	all.n = 0;
	added("an", 1, 0);
	added("ba", 2, 0);
	added("an", 3, 0);
	added("ba", 4, 0);
	added("an", 5, 0);
	session_end_all(&all, "an");
	check_int(all.n, 2);
	check(is_there(2) && is_there(4) && !is_there(1) && !is_there(3) && !is_there(5));
	session_end(&all, session_find(&all, (const uint8_t[SECRET_DIGEST_BYTES]){ 2 }));
	check(!is_there(2) && is_there(4));
}

static void
one_that_lay_too_long_or_is_too_old_is_stale(void)
{
	struct session *s;

	all.n = 0;
	added("an", 1, 1000);
	check(session_stale(&all, 1099, 3600) == NULL);
	check(session_stale(&all, 1100, 3600) != NULL);
	s = session_find(&all, (const uint8_t[SECRET_DIGEST_BYTES]){ 1 });
	s->used_s = 4599;
	check(session_stale(&all, 4599, 3600) == NULL);
	check(session_stale(&all, 4600, 3600) == s);
}

static void
one_too_many_ends_the_one_that_lay_longest(void)
{
	all.n = 0;
	for (int i = 0; i < LIMIT_ACCOUNT_SESSIONS; i++)
		added("an", (uint8_t)(i + 1), 100 - i);
	added("an", 200, 200);
	check_int(all.n, LIMIT_ACCOUNT_SESSIONS);
	check(!is_there(LIMIT_ACCOUNT_SESSIONS) && is_there(1) && is_there(200));
}

int
main(void)
{
	run(an_account_loses_all_of_its_own_and_no_other);
	run(one_that_lay_too_long_or_is_too_old_is_stale);
	run(one_too_many_ends_the_one_that_lay_longest);
	return check_done();
}
