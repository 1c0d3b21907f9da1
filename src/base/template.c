/* SPDX-License-Identifier: Apache-2.0 */
/* Forms filled in: see template.h. */
#include "base/template.h"

static void
value_put(struct buf *out, struct span value, enum template_kind kind)
{
	for (size_t i = 0; i < value.n; i++) {
		uint8_t c = value.p[i];

		if (c < 0x20 || c == 0x7f)
			buf_u8(out, ' ');
		else if (kind == TEMPLATE_HTML && strchr("&<>\"", c) != NULL)
			buf_printf(out, "&#%u;", c);
		else
			buf_u8(out, c);
	}
}

/* Where the two octets stand; NULL: nowhere. */
static const uint8_t *
mark(struct span text, const char two[2])
{
	return text.n > 0 ? memmem(text.p, text.n, two, 2) : NULL;
}

enum err
template_fill(struct buf *out, struct span form, enum template_kind kind,
    const struct template_value *value, size_t n, struct why *why)
{
	const uint8_t *at, *end;

	while ((at = mark(form, "{{")) != NULL) {
		struct span name;
		size_t i = 0;

		buf_put(out, form.p, (size_t)(at - form.p));
		form = span_sub(form, (size_t)(at - form.p) + 2, SIZE_MAX);
		end = mark(form, "}}");
		if (end == NULL)
			return why_set(why, ERR_FORMAT, "the form has {{ without }}");
		name = span_of(form.p, (size_t)(end - form.p));
		form = span_sub(form, name.n + 2, SIZE_MAX);
		while (i < n && !span_is(name, value[i].name))
			i++;
		if (i == n)
			return why_set(why, ERR_FORMAT, "the form asks for {{%.*s}}, which is not "
			    "known", name.n < 40 ? (int)name.n : 40, (const char *)name.p);
		value_put(out, value[i].value, kind);
	}
	buf_span_put(out, form);
	return OK;
}
