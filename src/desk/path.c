/* SPDX-License-Identifier: Apache-2.0 */
/* UNSAFE: pointers into a pattern. See path.h. */
#include "desk/path.h"

#include "base/must.h"

/* The name that begins behind '{'; *pattern is moved behind '}'. */
static struct span
name_take(const char **pattern)
{
	const char *end = strchr(*pattern, '}');
	struct span name;

	must(end != NULL);
	name = span_of(*pattern, (size_t)(end - *pattern));
	*pattern = end + 1;
	return name;
}

bool
path_match(const char *pattern, struct span path, struct path_names *ret)
{
	size_t at = 0;

	*ret = (struct path_names){ .n = 0 };
	while (*pattern != '\0') {
		size_t from = at;

		if (*pattern != '{') {
			if (at == path.n || path.p[at++] != (uint8_t)*pattern++)
				return false;
			continue;
		}
		pattern++;
		while (at < path.n && path.p[at] != '/')
			at++;
		must(ret->n < PATH_NAMES_MAX);
		ret->name[ret->n++] = (struct act_field){ name_take(&pattern),
		    span_sub(path, from, at - from) };
		if (at == from)
			return false;
	}
	return at == path.n;
}

void
path_fill(struct buf *out, const char *pattern, const struct act *act)
{
	while (*pattern != '\0') {
		char name[ACT_NAME_BYTES + 1];
		struct span s;

		if (*pattern != '{') {
			buf_u8(out, (uint8_t)*pattern++);
			continue;
		}
		pattern++;
		s = name_take(&pattern);
		must(s.n < sizeof name);
		memcpy(name, s.p, s.n);
		name[s.n] = '\0';
		buf_span_put(out, act_value(act, name));
	}
}
