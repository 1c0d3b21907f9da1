/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointer arithmetic, always behind a comparison with the end. See pull.h. */
#include "parse/pull.h"

#include "parse/scan.h"

struct pull
pull_of(struct span text)
{
	if (text.n == 0)
		text = SPAN("");
	if (span_starts(text, SPAN("\xef\xbb\xbf")))
		text = span_sub(text, 3, SIZE_MAX);
	return (struct pull){ .p = text.p, .end = text.p + text.n, .array = true };
}

/* The value at p; an object or array is not looked into. */
static enum err
value_take(struct pull *pull, const uint8_t *p, struct pulled *ret)
{
	const uint8_t *behind;

	if (p == pull->end)
		return ERR_FORMAT;
	pull->p = p;
	if (*p == '{' || *p == '[') {
		ret->kind = *p == '{' ? PULL_OBJECT : PULL_ARRAY;
		ret->value = span_of(p, (size_t)(pull->end - p));
		pull->unread = true;
		return OK;
	}
	if (*p == '"') {
		ret->kind = PULL_STRING;
		behind = scan_string(++p, pull->end);
	} else {
		ret->kind = PULL_LITERAL;
		behind = scan_literal(p, pull->end);
	}
	if (behind == NULL)
		return ERR_FORMAT;
	ret->value = span_of(p, (size_t)(behind - p));
	pull->p = ret->kind == PULL_STRING ? behind + 1 : behind;
	return OK;
}

static enum err
unread_pass(struct pull *pull)
{
	const uint8_t *behind = scan_nested(pull->p, pull->end);

	if (behind == NULL)
		return ERR_FORMAT;
	pull->p = behind;
	pull->unread = false;
	return OK;
}

/* string ws ":" ws at p; the octet behind, or NULL */
static const uint8_t *
key_take(const struct pull *pull, const uint8_t *p, struct pulled *ret)
{
	const uint8_t *quote;

	if (p == pull->end || *p != '"' || (quote = scan_string(p + 1, pull->end)) == NULL)
		return NULL;
	ret->key = span_of(p + 1, (size_t)(quote - p - 1));
	p = scan_space(quote + 1, pull->end);
	return p < pull->end && *p == ':' ? scan_space(p + 1, pull->end) : NULL;
}

enum err
pull_next(struct pull *pull, struct pulled *ret)
{
	const uint8_t *p;

	if (pull->unread && unread_pass(pull) != OK)
		return ERR_FORMAT;
	p = scan_space(pull->p, pull->end);
	pull->p = p;
	if (p == pull->end)
		return ERR_FORMAT;
	if (*p == (pull->array ? ']' : '}')) {
		pull->p++;
		return ERR_ABSENT;
	}
	if (pull->begun) {
		if (*p != ',')
			return ERR_FORMAT;
		p = scan_space(p + 1, pull->end);
	}
	pull->begun = true;
	ret->key = (struct span){ NULL, 0 };
	if (!pull->array && (p = key_take(pull, p, ret)) == NULL)
		return ERR_FORMAT;
	return value_take(pull, p, ret);
}

struct pull
pull_into(const struct pull *pull, const struct pulled *value)
{
	return (struct pull){ .p = pull->p + 1, .end = pull->end,
	    .array = value->kind == PULL_ARRAY };
}

void
pull_back(struct pull *outer, const struct pull *inner)
{
	outer->p = inner->p;
	outer->unread = false;
}

enum err
pull_span(struct pull *pull, struct pulled *value)
{
	const uint8_t *from = pull->p;

	if (!pull->unread)
		return OK;
	if (unread_pass(pull) != OK)
		return ERR_FORMAT;
	value->value = span_of(from, (size_t)(pull->p - from));
	return OK;
}

bool
pull_is(const struct pulled *member, const char *key, unsigned kind)
{
	return member->kind == kind && span_is(member->key, key);
}
