/* SPDX-License-Identifier: Apache-2.0 */
/* The URL standard's application/x-www-form-urlencoded, section 5: see form.h. */
#include "web/form.h"

#include <stdlib.h>

#include "base/must.h"

struct param {
	size_t name, value;		/* C strings at these places of text */
};

struct form {
	struct buf text;
	struct param param[FORM_PARAMS];
	unsigned n;
};

static bool
is_plain(uint8_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	    c == '-' || c == '_' || c == '.' || c == '~';
}

void
form_add(struct buf *form, const char *name, struct span value)
{
	if (form->n > 0)
		buf_u8(form, '&');
	buf_str(form, name);
	buf_u8(form, '=');
	for (size_t i = 0; i < value.n; i++)
		if (is_plain(value.p[i]))
			buf_u8(form, value.p[i]);
		else
			buf_printf(form, "%%%02X", value.p[i]);
}

static unsigned
hex_of(uint8_t c)
{
	uint8_t low = c | 0x20;

	return c >= '0' && c <= '9' ? c - 0x30u : low >= 'a' && low <= 'f' ? low - 0x57u : 99;
}

/* Appends `in` without its coding, and a NUL. */
static enum err
part_read(struct buf *text, struct span in, struct why *why)
{
	for (size_t i = 0; i < in.n; i++) {
		uint8_t c = in.p[i];

		if (c == '%') {
			unsigned high = in.n - i > 2 ? hex_of(in.p[i + 1]) : 99;
			unsigned low = in.n - i > 2 ? hex_of(in.p[i + 2]) : 99;

			if (high > 15 || low > 15)
				return why_set(why, ERR_FORMAT, "a %% in the parameters is not "
				    "followed by two hexadecimal digits; write it as %%25");
			c = (uint8_t)(high << 4 | low);
			i += 2;
		} else if (c == '+') {
			c = ' ';
		}
		if (c == 0)
			return why_set(why, ERR_FORMAT, "there is a NUL in the parameters");
		buf_u8(text, c);
	}
	buf_u8(text, 0);
	return OK;
}

static enum err
param_read(struct form *form, struct span in, struct why *why)
{
	const uint8_t *eq = memchr(in.p, '=', in.n);
	size_t n = eq != NULL ? (size_t)(eq - in.p) : in.n;
	struct param *param;
	enum err rc;

	if (n == 0)
		return why_set(why, ERR_FORMAT, "a parameter has no name; write "
		    "name=value&name=value");
	if (form->n == FORM_PARAMS)
		return why_set(why, ERR_LIMIT, "more than %d parameters", FORM_PARAMS);
	param = &form->param[form->n];
	param->name = form->text.n;
	rc = part_read(&form->text, span_sub(in, 0, n), why);
	param->value = form->text.n;
	if (rc == OK)
		rc = part_read(&form->text, span_sub(in, n + 1, in.n), why);
	form->n += rc == OK;
	return rc;
}

enum err
form_read(struct form **ret_form, struct span text, struct why *why)
{
	struct form *form = xcalloc(1, sizeof *form);
	enum err rc = OK;

	while (text.n > 0 && rc == OK) {
		const uint8_t *end = memchr(text.p, '&', text.n);
		size_t n = end != NULL ? (size_t)(end - text.p) : text.n;

		if (n > 0)
			rc = param_read(form, span_sub(text, 0, n), why);
		text = span_sub(text, n + 1, text.n);
	}
	if (rc == OK) {
		*ret_form = form;
		form = NULL;
	}
	form_free(&form);
	return rc;
}

void
form_free(struct form **form)
{
	if (*form == NULL)
		return;
	buf_done(&(*form)->text);
	free(*form);
	*form = NULL;
}

const char *
form_get(const struct form *form, const char *name)
{
	for (unsigned i = 0; i < form->n; i++)
		if (strcmp((const char *)form->text.p + form->param[i].name, name) == 0)
			return (const char *)form->text.p + form->param[i].value;
	return NULL;
}

bool
form_at(const struct form *form, unsigned i, const char **ret_name, const char **ret_value)
{
	if (i >= form->n)
		return false;
	*ret_name = (const char *)form->text.p + form->param[i].name;
	*ret_value = (const char *)form->text.p + form->param[i].value;
	return true;
}
