/* SPDX-License-Identifier: Apache-2.0 */
/* Strings of three headers: see guard.h. */
#include "web/guard.h"

#include <string.h>
#include <strings.h>

static bool
is_digits(const char *s, size_t n)
{
	return strspn(s, "0123456789") >= n;
}

/* "", ":80" */
static bool
is_port(const char *s)
{
	return s[0] == '\0' || (s[0] == ':' && s[1] != '\0' && is_digits(s + 1, strlen(s + 1)));
}

/* Four numbers with dots; what they are worth is not our matter: no name ends in a number. */
static bool
is_ipv4(const char *s, size_t n)
{
	size_t i = 0;

	for (int part = 0; part < 4; part++) {
		size_t digits = strspn(s + i, "0123456789");

		if (digits == 0 || digits > 3)
			return false;
		i += digits;
		if (part < 3 && s[i++] != '.')
			return false;
	}
	return i == n;
}

static bool
host_is_ours(const char *host)
{
	size_t n;

	if (host[0] == '[') {
		n = strspn(host + 1, "0123456789abcdefABCDEF:.");
		return n > 0 && host[n + 1] == ']' && is_port(host + n + 2);
	}
	n = strcspn(host, ":");
	if (n == 0 || !is_port(host + n))
		return false;
	return memchr(host, '.', n) == NULL || is_ipv4(host, n);
}

/* Where the host of a site begins; NULL: it is none. */
static const char *
site_host(const char *site)
{
	if (site == NULL)
		return NULL;
	if (strncmp(site, "https://", 8) == 0)
		return site + 8;
	return strncmp(site, "http://", 7) == 0 ? site + 7 : NULL;
}

bool
guard_is_site(const char *url)
{
	const char *host = site_host(url);
	size_t n = host == NULL ? 0 : strspn(host, "abcdefghijklmnopqrstuvwxyz0123456789.-");

	return n > 0 && is_port(host + n);
}

bool
guard_admits(const struct guard_ask *ask)
{
	const char *site = ask->fetch_site, *origin = ask->origin, *own = site_host(ask->site);

	if (ask->host != NULL && !host_is_ours(ask->host) &&
	    (own == NULL || strcasecmp(ask->host, own) != 0))
		return false;
	if (site != NULL && strcasecmp(site, "same-origin") != 0 && strcasecmp(site, "none") != 0)
		return false;
	if (origin == NULL || (own != NULL && strcasecmp(origin, ask->site) == 0))
		return true;
	return ask->host != NULL && strncasecmp(origin, "http://", 7) == 0 &&
	    strcasecmp(origin + 7, ask->host) == 0;
}
