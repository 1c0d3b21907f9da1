/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes parse/unpack.c: the first octet says the form, the rest is the body. Every record goes
 * through the parser; what the writers of the forms made must be JSON, and it must be the same when
 * the body is taken apart again.
 */
#include <stdint.h>

#include "../../unit/parse/rig.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct parse_config config = { .seed = 1, .zone_s = 7 * 3600 };
static struct rig rig;

/* What is copied from JSON is only as good as it was; what is written anew is good. */
static bool
is_ours(unsigned form)
{
	return form != UNPACK_LOKI_JSON && form != UNPACK_OTLP_JSON;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpack *one = unpack_new(), *two = unpack_new();
	struct unpacked a, b;
	unsigned form;
	enum err rc;

	if (size < 1)
		goto out;
	form = data[0] % UNPACK_FORMS;
	rig_init(&rig, &config);
	unpack_begin(one, (enum unpack_form)form, span_of(data + 1, size - 1));
	unpack_begin(two, (enum unpack_form)form, span_of(data + 1, size - 1));
	do {
		struct parsed parsed;
		struct why why;

		rc = unpack_next(one, &a, &why);
		must(unpack_next(two, &b, &why) == rc);
		must(span_eq(a.record, b.record) && a.cut == b.cut && a.skipped == b.skipped);
		if (rc != OK || rig.nshape > LIMIT_SHAPES / 2)
			break;
		must(a.record.n > 0 && a.record.n <= LIMIT_RECORD_BYTES);
		rig_parse(&rig, form == UNPACK_ENTRY ? parse_journal : parse_json, a.record,
		    &parsed);
		must(parsed.format != FORMAT_UNPARSED || !is_ours(form) || a.cut > 0);
	} while (rc == OK);
	must(rc != OK || rig.nshape > 0);
	rig_done(&rig);
out:
	unpack_free(&one);
	unpack_free(&two);
	return 0;
}
