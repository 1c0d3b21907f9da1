/* SPDX-License-Identifier: Apache-2.0 */
/* A rule pack out of any octets: taken whole, or refused with a sentence. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/preset.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct preset_pack pack;
	struct why why = { "" };

	memset(&pack, 0x55, sizeof pack);
	if (rulepack_parse(&pack, &preset_kind, span_of(data, n), &why) != OK) {
		must(why.text[0] != '\0' && pack.head.name[0] == 0x55);
		return 0;
	}
	must(pack.head.name[0] != '\0' && pack.npreset <= PRESETS_MAX);
	for (unsigned i = 0; i < pack.npreset; i++)
		must(pack.preset[i].days >= 1 && pack.preset[i].words.law[0] != '\0' &&
		    preset_find(pack.preset, pack.npreset, pack.preset[i].words.name) ==
		    &pack.preset[i]);
	return 0;
}
