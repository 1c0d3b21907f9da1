/* SPDX-License-Identifier: Apache-2.0 */
/* A pack of incidents out of any octets: taken whole, or refused with a sentence. */
#include <string.h>

#include "base/must.h"
#include "role/incidentpack.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static struct incidentpack pack;
	struct why why = { "" };
	struct buf json = { 0 };

	memset(&pack, 0x55, sizeof pack.head);
	if (rulepack_parse(&pack, &incidentpack_kind, span_of(data, n), &why) != OK) {
		must(why.text[0] != '\0' && pack.head.name[0] == 0x55);
		return 0;
	}
	must(pack.nseverity > 0 && pack.nseverity <= INCIDENT_SEVERITIES);
	must(pack.nquestion <= INCIDENT_QUESTIONS && pack.nclock <= INCIDENT_CLOCKS);
	for (unsigned i = 0; i < pack.nplaybook; i++)
		must(pack.playbook[i].nstep > 0 && pack.playbook[i].step[0].evidence);
	incidentpack_json(&json, &pack);
	buf_done(&json);
	return 0;
}
