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

	check(guard_admits(&(struct guard_ask){ host, "http://127.0.0.1:8514", "same-origin",
	    NULL }));
	check(guard_admits(&(struct guard_ask){ host, NULL, "none", NULL }));
	check(!guard_admits(&(struct guard_ask){ host, "http://evil.example", NULL, NULL }));
	check(!guard_admits(&(struct guard_ask){ host, "http://127.0.0.1:80", NULL, NULL }));
	check(!guard_admits(&(struct guard_ask){ host, "null", NULL, NULL }));
	check(!guard_admits(&(struct guard_ask){ host, "", NULL, NULL }));
	check(!guard_admits(&(struct guard_ask){ host, NULL, "cross-site", NULL }));
	check(!guard_admits(&(struct guard_ask){ host, NULL, "same-site", NULL }));
	check(!guard_admits(&(struct guard_ask){ NULL, "http://127.0.0.1:8514", NULL, NULL }));
}

static void
a_site_of_its_own_is_ours_and_no_other_one(void)
{
	const char *site = "https://desk.example.gov.vn", *host = "desk.example.gov.vn";
	static const char *const good[] = { "https://desk.example", "http://desk:8080",
	    "https://10.0.0.5:443" };
	static const char *const bad[] = { "", "https://", "desk.example", "https://desk.example/",
	    "https://desk.example/x", "https://a b", "ftp://desk", "https://desk:", "https://:80",
	    "https://u@desk" };

	check(guard_admits(&(struct guard_ask){ host, site, "same-origin", site }));
	check(guard_admits(&(struct guard_ask){ "127.0.0.1:8514", site, "same-origin", site }));
	check(guard_admits(&(struct guard_ask){ "127.0.0.1:8514", "http://127.0.0.1:8514", NULL,
	    site }));
	check(!guard_admits(&(struct guard_ask){ "other.example.gov.vn", NULL, NULL, site }));
	check(!guard_admits(&(struct guard_ask){ host, "https://evil.example", NULL, site }));
	check(!guard_admits(&(struct guard_ask){ host, "https://desk.example.gov.vn.evil.example",
	    NULL, site }));
	check(!guard_admits(&(struct guard_ask){ host, site, "cross-site", site }));
	check(!guard_admits(&(struct guard_ask){ host, site, NULL, "" }));
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		check(guard_is_site(good[i]));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(!guard_is_site(bad[i])))
			printf("it was: %s\n", bad[i]);
}

int
main(void)
{
	run(numbers_and_names_without_a_dot_are_ours);
	run(names_of_the_internet_are_not);
	run(pages_of_other_sites_are_refused);
	run(a_site_of_its_own_is_ours_and_no_other_one);
	return check_done();
}
