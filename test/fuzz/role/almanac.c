/* SPDX-License-Identifier: Apache-2.0 */
/* A pack of days out of any octets: taken whole, or refused with a sentence. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/almanac.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct almanac pack;
	struct why why = { "" };

	memset(&pack, 0x55, sizeof pack);
	if (rulepack_parse(&pack, &almanac_kind, span_of(data, n), &why) != OK) {
		must(why.text[0] != '\0' && pack.head.name[0] == 0x55);
		return 0;
	}
	must(pack.head.name[0] != '\0' && pack.nday <= ALMANAC_DAYS);
	for (unsigned i = 0; i < pack.nday; i++) {
		const struct almanac_day *d = &pack.day[i];
		struct due_span s;

		must(d->words.law[0] != '\0' &&
		    almanac_find(pack.day, pack.nday, d->words.name) == d);
		/* 20,000 is in the year 2024. */
		if (due_next(&d->due, 20000, &s))
			must(s.last >= 20000 && s.first <= s.last && s.day >= s.first);
	}
	return 0;
}
