/* SPDX-License-Identifier: Apache-2.0 */
/* Is all there that was kept? For tests that move it about. */
#ifndef TEST_STORE_KEEP_WHOLE_H
#define TEST_STORE_KEEP_WHOLE_H

#include "test/unit/store/keep_back.h"
#include "test/unit/store/proof_store.h"

/* Rows 1..n of raw are there, once, in order, and verification finds nothing. */
static inline bool
whole(const struct place *p, uint64_t n)
{
	const uint8_t *key = p->keys.has_store_key ? p->keys.store_key : NULL;
	struct verdict v;
	struct back b;
	struct why why = { "" };
	bool good;

	good = check(back_read(&b, p->fd, key, STREAM_RAW, &why) == OK) && check(back_is(&b, n, 1));
	if (!good)
		printf("%llu rows, last %llu, %llu doubled; %s\n", (unsigned long long)b.n,
		    (unsigned long long)b.last, (unsigned long long)b.doubled, why.text);
	back_done(&b);
	verify(p, &v);
	if (!check(verdict_clean(&v))) {
		verdict_print(&v);
		good = false;
	}
	return good;
}

#endif
