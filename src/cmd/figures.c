/* SPDX-License-Identifier: Apache-2.0 */
/* See figures.h. */
#include "cmd/figures.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

const char *
figure_count(double n)
{
	static char text[8][32];
	static unsigned turn;
	char *at = text[turn++ % 8], digits[24];
	/* Above, the digits are no longer true, nor is there room for them. */
	size_t len = (size_t)snprintf(digits, sizeof digits, "%.0f", n < 1e18 ? n : 1e18), k = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			at[k++] = *say(".", ",");
		at[k++] = digits[i];
	}
	at[k] = '\0';
	return at;
}

const char *
figure_tenths(double n)
{
	static char text[4][32];
	static unsigned turn;
	char *at = text[turn++ % 4], *point;

	(void)snprintf(at, 32, "%.1f", n < 1e18 ? n : 1e18);
	point = strchr(at, '.');
	if (point != NULL)
		*point = *say(",", ".");
	return at;
}
