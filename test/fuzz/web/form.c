/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters from outside; what was read, written and read again is the same. */
#include <stdlib.h>

#include "base/must.h"
#include "web/form.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const char *const name[] = { "query", "limit", "a" };
	struct form *form = NULL, *again = NULL;
	struct buf text = { 0 };

	if (form_read(&form, span_of(data, n), NULL) != OK)
		return 0;
	for (size_t i = 0; i < 3; i++)
		if (form_get(form, name[i]) != NULL)
			form_add(&text, name[i], span_str(form_get(form, name[i])));
	must(form_read(&again, buf_span(&text), NULL) == OK);
	for (size_t i = 0; i < 3; i++) {
		const char *a = form_get(form, name[i]), *b = form_get(again, name[i]);

		must((a == NULL) == (b == NULL) && (a == NULL || strcmp(a, b) == 0));
	}
	form_free(&form);
	form_free(&again);
	buf_done(&text);
	return 0;
}
