/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes parse_syslog() and parse_line(): the whole input as one record, then its lines in one
 * parser. What must hold of each answer is in rig.h; above all that no octet is lost.
 */
#include <stdint.h>

#include "../../unit/parse/rig.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct parse_config config = { .seed = 1, .zone_s = 7 * 3600 };
	static struct rig rig;
	struct lines lines = lines_of(span_of(data, size), LINES_COMPLETE);
	struct parsed parsed;
	struct span line;

	if (size > LIMIT_RECORD_BYTES)
		return 0;
	rig_init(&rig, &config);
	rig_parse(&rig, parse_syslog, span_of(data, size), &parsed);
	rig_parse(&rig, parse_line, span_of(data, size), &parsed);
	while (lines_next(&lines, &line))
		rig_parse(&rig, parse_syslog, line, &parsed);
	rig_done(&rig);
	return 0;
}
