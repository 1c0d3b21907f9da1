/* SPDX-License-Identifier: Apache-2.0 */
#include "web/guard.h"

#include "check.h"

static void
numbers_and_names_without_a_dot_are_ours(void)
{
	static const char *const host[] = { "127.0.0.1:8514", "127.0.0.1", "localhost:8514",
	    "localhost", "trucban", "[::1]:8514", "[::1]", "192.0.2.7:80" };

	for (size_t i = 0; i < sizeof host / sizeof host[0]; i++)
		if (!check(guard_admits(&(struct guard_ask){ .host = host[i] })))
			printf("it was: %s\n", host[i]);
	check(guard_admits(&(struct guard_ask){ .host = NULL }));
}

static void
names_of_the_internet_are_not(void)
{
	static const char *const host[] = { "", ":80", "evil.example", "evil.example:8514",
	    "127.0.0.1.evil.example", "1.2.3", "1.2.3.4.5", "1.2.3.4x", "a.b", "localhost.",
	    "[::1", "[::1]x", "[evil.example]", "[]", "localhost:", "localhost:80:80",
	    "localhost:x", "1234.1.1.1", "evil.example:1.2.3.4" };

	for (size_t i = 0; i < sizeof host / sizeof host[0]; i++)
		if (!check(!guard_admits(&(struct guard_ask){ .host = host[i] })))
			printf("it was: %s\n", host[i]);
}

static void
pages_of_other_sites_are_refused(void)
{
	const char *host = "127.0.0.1:8514";

	check(guard_admits(&(struct guard_ask){ host, "http://127.0.0.1:8514", "same-origin" }));
	check(guard_admits(&(struct guard_ask){ host, NULL, "none" }));
	check(!guard_admits(&(struct guard_ask){ host, "http://evil.example", NULL }));
	check(!guard_admits(&(struct guard_ask){ host, "http://127.0.0.1:80", NULL }));
	check(!guard_admits(&(struct guard_ask){ host, "null", NULL }));
	check(!guard_admits(&(struct guard_ask){ host, "", NULL }));
	check(!guard_admits(&(struct guard_ask){ host, NULL, "cross-site" }));
	check(!guard_admits(&(struct guard_ask){ host, NULL, "same-site" }));
	check(!guard_admits(&(struct guard_ask){ NULL, "http://127.0.0.1:8514", NULL }));
}

int
main(void)
{
	run(numbers_and_names_without_a_dot_are_ours);
	run(names_of_the_internet_are_not);
	run(pages_of_other_sites_are_refused);
	return check_done();
}
