/* SPDX-License-Identifier: Apache-2.0 */
/* Legal holds in the manifest's state: records 8 and 9 of manifest.md section 2. */
#include "store/manifest_int.h"

#include "base/must.h"

static size_t
hold_place(const struct manifest *m, const struct pin *hold)
{
	size_t i = 0;

	while (i < m->nhold && !pin_same(&m->hold[i], hold))
		i++;
	return i;
}

bool
manifest_apply_hold(struct manifest *m, struct cur *in)
{
	struct pin hold;
	size_t at;

	pin_get(in, &hold);
	if (!cur_done(in))
		return false;
	at = hold_place(m, &hold);
	if (at == LIMIT_HOLDS)
		return false;
	if (m->hold == NULL)
		m->hold = xcalloc(LIMIT_HOLDS, sizeof m->hold[0]);
	m->hold[at] = hold;
	m->nhold += at == m->nhold;
	return true;
}

bool
manifest_apply_release(struct manifest *m, struct cur *in)
{
	struct pin hold;
	size_t at;

	pin_get(in, &hold);
	if (!cur_done(in))
		return false;
	at = hold_place(m, &hold);
	if (at == m->nhold)
		return true;
	memmove(&m->hold[at], &m->hold[at + 1], (m->nhold - at - 1) * sizeof m->hold[0]);
	m->nhold--;
	return true;
}

size_t
manifest_holds(const struct manifest *manifest)
{
	return manifest->nhold;
}

const struct pin *
manifest_hold(const struct manifest *manifest, size_t index)
{
	must(index < manifest->nhold);
	return &manifest->hold[index];
}
