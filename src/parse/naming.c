/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of names, and the roles that they give: see naming.h. */
#include "parse/naming.h"

#include <stdlib.h>

#include "base/buf.h"

struct chosen {
	struct buf text;		/* the lists, one after the other */
	struct parse_choice choice;	/* into text */
};

struct naming {
	const struct parse_names *usual;
	uint32_t last;			/* found last */
	uint32_t count;			/* with number 0 */
	struct chosen chosen[NAMINGS];
};

struct naming *
naming_new(const struct parse_names *usual)
{
	struct naming *naming = xcalloc(1, sizeof *naming);

	naming->usual = usual;
	naming->count = 1;
	return naming;
}

void
naming_free(struct naming **naming)
{
	if (*naming == NULL)
		return;
	for (uint32_t i = 0; i < (*naming)->count; i++)
		buf_done(&(*naming)->chosen[i].text);
	free(*naming);
	*naming = NULL;
}

/* ---- numbers ---- */

static bool
choice_eq(const struct parse_choice *a, const struct parse_choice *b)
{
	return span_eq(a->message, b->message) && span_eq(a->time, b->time) &&
	    span_eq(a->stream, b->stream) && span_eq(a->host, b->host) &&
	    span_eq(a->app, b->app);
}

/* The first n octets off *text. */
static struct span
part_take(struct span *text, size_t n)
{
	struct span part = span_sub(*text, 0, n);

	*text = span_sub(*text, n, SIZE_MAX);
	return part;
}

static void
choice_copy(struct chosen *to, const struct parse_choice *from)
{
	struct span text;

	buf_span_put(&to->text, from->message);
	buf_span_put(&to->text, from->time);
	buf_span_put(&to->text, from->stream);
	buf_span_put(&to->text, from->host);
	buf_span_put(&to->text, from->app);
	text = buf_span(&to->text);
	to->choice.message = part_take(&text, from->message.n);
	to->choice.time = part_take(&text, from->time.n);
	to->choice.stream = part_take(&text, from->stream.n);
	to->choice.host = part_take(&text, from->host.n);
	to->choice.app = part_take(&text, from->app.n);
}

uint32_t
naming_find(struct naming *naming, const struct parse_choice *choice)
{
	if (choice->message.n + choice->time.n + choice->stream.n + choice->host.n +
	    choice->app.n == 0)
		return 0;
	if (choice_eq(&naming->chosen[naming->last].choice, choice))
		return naming->last;
	for (uint32_t i = 1; i < naming->count; i++)
		if (choice_eq(&naming->chosen[i].choice, choice))
			return naming->last = i;
	if (naming->count == NAMINGS)
		return 0;
	choice_copy(&naming->chosen[naming->count], choice);
	return naming->last = naming->count++;
}

/* ---- roles ---- */

/* The first hole of this name among those without a role, unless the role is given already. */
static void
role_give(struct cut *cut, unsigned role, struct span name)
{
	for (uint32_t i = 0; cut->role_hole[role] == CUT_NO_HOLE && i < cut->n; i++)
		if (cut->hole[i].role == ROLE_NONE && span_eq(cut->hole[i].name, name)) {
			cut->hole[i].role = (uint8_t)role;
			cut->role_hole[role] = (uint16_t)i;
		}
}

static void
role_give_usual(struct cut *cut, unsigned role, const char *const *names)
{
	for (; cut->role_hole[role] == CUT_NO_HOLE && *names != NULL; names++)
		role_give(cut, role, span_str(*names));
}

/* list = [name] *("," [name]); blanks around a name are not of it. False: the list has ended. */
static bool
name_take(struct span *list, struct span *ret_name)
{
	const uint8_t *comma = list->n > 0 ? memchr(list->p, ',', list->n) : NULL;
	struct span name = span_sub(*list, 0, comma != NULL ? (size_t)(comma - list->p) : list->n);

	if (list->n == 0)
		return false;
	*list = span_sub(*list, comma != NULL ? name.n + 1 : name.n, SIZE_MAX);
	while (name.n > 0 && name.p[0] == ' ')
		name = span_sub(name, 1, SIZE_MAX);
	while (name.n > 0 && name.p[name.n - 1] == ' ')
		name.n--;
	*ret_name = name;
	return true;
}

static void
role_give_chosen(struct cut *cut, unsigned role, struct span list)
{
	struct span name;

	while (name_take(&list, &name))
		role_give(cut, role, name);
}

static bool
is_listed(const char *const *names, struct span name)
{
	for (; *names != NULL; names++)
		if (span_is(name, *names))
			return true;
	return false;
}

/* A stream is host and application: names that are usual for a host are that, others the latter. */
static void
stream_give(struct cut *cut, const struct parse_names *usual, struct span list)
{
	struct span name;

	while (name_take(&list, &name))
		role_give(cut, is_listed(usual->host, name) ? ROLE_HOST : ROLE_APP, name);
}

void
naming_give(const struct naming *naming, uint32_t number, struct cut *cut)
{
	const struct parse_choice *choice = &naming->chosen[number].choice;
	const struct parse_names *usual = naming->usual;

	cut->layout = number;
	role_give_chosen(cut, ROLE_MESSAGE, choice->message);
	role_give_chosen(cut, ROLE_TIME, choice->time);
	stream_give(cut, usual, choice->stream);
	role_give_chosen(cut, ROLE_HOST, choice->host);
	role_give_chosen(cut, ROLE_APP, choice->app);
	role_give_usual(cut, ROLE_MESSAGE, usual->message);
	role_give_usual(cut, ROLE_TIME, usual->time);
	role_give_usual(cut, ROLE_HOST, usual->host);
	role_give_usual(cut, ROLE_APP, usual->app);
}
