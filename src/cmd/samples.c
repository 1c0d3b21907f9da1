/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of Prometheus text, read: see samples.h. */
#include "cmd/samples.h"

#include <stdio.h>
#include <stdlib.h>

static struct span
part_until(struct span *s, char end)
{
	const uint8_t *at = s->n > 0 ? memchr(s->p, end, s->n) : NULL;
	size_t n = at != NULL ? (size_t)(at - s->p) : s->n;
	struct span part = span_sub(*s, 0, n);

	*s = span_sub(*s, at != NULL ? n + 1 : n, s->n);
	return part;
}

/* LABEL="VALUE", a comma before it; a quote inside of the value stands behind a backslash. */
bool
samples_label(struct span *labels, struct span *ret_label, struct span *ret_value)
{
	struct span label, value = *labels;
	size_t n = 0;

	if (value.n > 0 && value.p[0] == ',')
		value = span_sub(value, 1, SIZE_MAX);
	label = part_until(&value, '=');
	if (value.n == 0 || value.p[0] != '"')
		return false;
	value = span_sub(value, 1, SIZE_MAX);
	while (n < value.n && value.p[n] != '"')
		n += value.p[n] == '\\' ? 2 : 1;
	*ret_label = label;
	*ret_value = span_sub(value, 0, n);
	*labels = span_sub(value, n + 1, SIZE_MAX);
	return true;
}

struct span
sample_value(const struct sample *s, const char *want)
{
	struct span label = s->label, value = s->value, labels = s->labels;

	do {
		if (span_is(label, want))
			return value;
	} while (samples_label(&labels, &label, &value));
	return SPAN("");
}

bool
samples_next(struct span *rest, struct sample *ret)
{
	while (rest->n > 0) {
		struct span line = part_until(rest, '\n');
		char number[32];
		size_t cut = line.n;

		if (!span_starts(line, SPAN("trucban_")))
			continue;
		while (cut > 0 && line.p[cut - 1] != ' ')
			cut--;
		(void)snprintf(number, sizeof number, "%.*s", (int)(line.n - cut),
		    (const char *)line.p + cut);
		ret->n = strtod(number, NULL);
		line = span_sub(line, 8, cut > 9 ? cut - 9 : 0);
		ret->name = part_until(&line, '{');
		ret->labels = line;
		if (!samples_label(&ret->labels, &ret->label, &ret->value))
			ret->label = ret->value = (struct span){ 0 };
		return true;
	}
	return false;
}

double
samples_sum(struct span text, const char *name, const char *value)
{
	struct sample s;
	double n = 0;

	while (samples_next(&text, &s)) {
		if (span_is(s.name, name) && (value == NULL || span_is(s.value, value)))
			n += s.n;
	}
	return n;
}

struct sample
samples_first(struct span text, const char *name)
{
	struct sample s;

	while (samples_next(&text, &s)) {
		if (span_is(s.name, name))
			return s;
	}
	return (struct sample){ .n = 0 };
}

struct span
samples_word(struct span text, const char *name)
{
	return samples_first(text, name).value;
}
