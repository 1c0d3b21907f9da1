/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who may ask over TCP while there is no login: not the pages of other sites that somebody has open
 * in a browser on this machine. They are told by what browsers say about them, and by a Host that
 * is a name of the Internet (a name that was made to point here: DNS rebinding).
 */
#ifndef WEB_GUARD_H
#define WEB_GUARD_H

#include <stdbool.h>

/* The values of the headers, NULL where there is none; and what the configuration says. */
struct guard_ask {
	const char *host, *origin, *fetch_site;
	const char *site;		/* our name behind what encrypts, "https://desk.example";
					 * NULL or "": none */
};

/*
 * Host: a number (IPv4, [IPv6]), a name without a dot, which no stranger can own, with or without a
 * port, or the site's. Origin: none, "http://" and the Host itself, or the site. Sec-Fetch-Site:
 * none, same-origin, none at all.
 */
bool	guard_admits(const struct guard_ask *ask);
/* site = ("http://" / "https://") host [":" port], in lower case */
bool	guard_is_site(const char *url);

#endif
