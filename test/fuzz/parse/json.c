/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes parse_json(): each line in a parser that remembers the lines before, and in a new one.
 * Both must give the same shape: the short way through known shapes is the long way's twin.
 */
#include <stdint.h>

#include "../../unit/parse/rig.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct parse_config config = { .seed = 1, .zone_s = 7 * 3600 };
static struct rig warm, cold;

static void
line_try(struct span line, parse_fn *parse)
{
	struct parsed one, two;

	rig_parse(&warm, parse, line, &one);
	rig_init(&cold, &config);
	rig_parse(&cold, parse, line, &two);
	must(span_eq(parser_shape(warm.parser, one.shape_id),
	    parser_shape(cold.parser, two.shape_id)));
	must(one.flags == two.flags && one.event_ns == two.event_ns);
	must(span_eq(one.host, two.host) && span_eq(one.app, two.app));
	rig_done(&cold);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct lines lines = lines_of(span_of(data, size), LINES_COMPLETE);
	struct span line;

	if (size > LIMIT_RECORD_BYTES)
		return 0;
	rig_init(&warm, &config);
	while (lines_next(&lines, &line))
		line_try(line, parse_json);
	line_try(span_of(data, size), parse_journal);
	rig_done(&warm);
	return 0;
}
