/* SPDX-License-Identifier: Apache-2.0 */
/* A pack of escalation out of any octets: taken whole, or refused with a sentence. */
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "role/escalation.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct escalation pack;
	struct why why = { "" };

	memset(&pack, 0x55, sizeof pack);
	if (escalation_parse(&pack, span_of(data, n), &why) != OK) {
		must(why.text[0] != '\0' && pack.name[0] == 0x55);
		return 0;
	}
	must(pack.name[0] != '\0' && pack.nrole <= ESCALATION_ROLES &&
	    pack.nstep <= ESCALATION_STEPS && pack.gaps_s > 0 && pack.handover_s > 0);
	for (unsigned i = 0; i < pack.nstep; i++) {
		const struct escalation_step *s = &pack.step[i];
		bool known = false;

		for (unsigned k = 0; k < pack.nrole; k++)
			known |= strcmp(pack.role[k].name, s->role) == 0;
		must(known && s->step >= 1 && s->after_s >= 0);
	}
	return 0;
}
