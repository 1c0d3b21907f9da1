/* SPDX-License-Identifier: Apache-2.0 */
/* See keepconf.h. */
#include "role/keepconf.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "sys/file.h"

enum { MACHINE_ID_DIGITS = 32 };

_Static_assert((int)CONF_FULL_REFUSE == KEEP_FULL_REFUSE && (int)CONF_FULL_HOLD == KEEP_FULL_HOLD &&
    (int)CONF_FULL_SHORTEN == KEEP_FULL_SHORTEN, "one order of policies");

void
keepconf_fill(struct keep_conf *ret_conf, const struct brief *brief, int dirfd)
{
	const struct conf *c = &brief->conf;

	*ret_conf = (struct keep_conf){ .dirfd = dirfd,
	    .store_key = brief->has_store_key ? brief->store_key : NULL,
	    .seal_seed = brief->seal_seed, .nclass = c->nclass,
	    .checkpoint_ns = c->checkpoint_s * 1000000000,
	    .segment_age_ns = c->segment_age_s * 1000000000,
	    .segment_bytes = (uint64_t)c->segment_bytes,
	    .reserve_bytes = (uint64_t)c->reserve_bytes,
	    .cold_after_days = c->cold[0] != '\0' ? (uint32_t)c->cold_days : 0 };
	for (unsigned i = 0; i < c->nclass; i++) {
		struct keep_class *class = &ret_conf->class[i];

		(void)snprintf(class->name, sizeof class->name, "%s", c->class[i].name);
		class->days = (uint32_t)c->class[i].days;
		class->full = (uint8_t)c->class[i].full;
	}
}

void
keepconf_machine(char ret[KEEPCONF_MACHINE])
{
	struct buf text = { 0 };
	size_t n = 0;

	if (file_read_whole(AT_FDCWD, "/etc/machine-id", KEEPCONF_MACHINE, &text, NULL) == OK)
		for (; n < text.n && n < MACHINE_ID_DIGITS && text.p[n] > ' '; n++)
			ret[n] = (char)text.p[n];
	ret[n] = '\0';
	buf_done(&text);
}
