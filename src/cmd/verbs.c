/* SPDX-License-Identifier: Apache-2.0 */
/* See verbs.h. */
#include "cmd/verbs.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "web/client.h"
#include "cmd/api.h"
#include "cmd/cmd.h"
#include "cmd/desk.h"

enum { NAME_MAX_BYTES = 64 };

/* ---- what was said on the command line ---- */

/* Two digits that stand at p; -1: they do not. */
static int
two(const char *p)
{
	if (p[0] < '0' || p[0] > '9' || p[1] < '0' || p[1] > '9')
		return -1;
	return (p[0] - '0') * 10 + (p[1] - '0');
}

/* The day that stands before the hour, "24/11/2026" or "2026-11-24". */
static void
day_take(struct civil *c, const char *value)
{
	if (value[2] == '/' && value[5] == '/') {
		c->day = (uint8_t)two(value);
		c->month = (uint8_t)two(value + 3);
		c->year = two(value + 6) * 100 + two(value + 8);
	} else {
		c->year = two(value) * 100 + two(value + 2);
		c->month = (uint8_t)two(value + 5);
		c->day = (uint8_t)two(value + 8);
	}
}

/*
 * "now", "07:30" of today, "24/11/2026 07:30", "2026-11-24 07:30", by the clocks of the office;
 * else what it is: the desk says what is wrong with it.
 */
static void
time_put(char ret[CIVIL_TEXT_BYTES + 1], const char *value, int32_t zone_s)
{
	int64_t now_ns = clock_wall_ns();
	struct civil c;
	size_t n = strlen(value);
	const char *hour = n >= 5 ? value + n - 5 : value;
	int64_t ns;

	civil_split(&c, now_ns, zone_s);
	n = n < CIVIL_TEXT_BYTES ? n : CIVIL_TEXT_BYTES;
	memcpy(ret, value, n);
	ret[n] = '\0';
	if (strcmp(value, "now") == 0) {
		ret[civil_put((uint8_t *)ret, now_ns, 0, zone_s)] = '\0';
		return;
	}
	if ((n != 5 && n != 16) || hour[2] != ':' || two(hour) < 0 || two(hour + 3) < 0)
		return;
	if (n == 16)
		day_take(&c, value);
	c.hour = (uint8_t)two(hour);
	c.minute = (uint8_t)two(hour + 3);
	c.second = 0;
	c.nano = 0;
	if (civil_join(&ns, &c))
		ret[civil_put((uint8_t *)ret, ns, 0, zone_s)] = '\0';
}

/* The i-th name of a list with spaces; empty: there are fewer. */
static struct span
name_at(const char *names, unsigned i)
{
	for (;; i--) {
		size_t n = strcspn(names, " ");

		if (i == 0)
			return span_of(names, n);
		names += n;
		names += *names == ' ';
	}
}

static bool
is_time(const struct verbs *all, const char *name)
{
	struct span s;

	for (unsigned i = 0; (s = name_at(all->times, i)).n > 0; i++)
		if (span_is(s, name))
			return true;
	return false;
}

static void
field_put(struct verb_run *run, const char *name, const char *value)
{
	char text[CIVIL_TEXT_BYTES + 1];

	if (is_time(run->all, name)) {
		time_put(text, value, desk_zone_s(run->state));
		value = text;
	}
	form_add(&run->form, name, span_str(value));
}

/* What stands in a path: an id, a number, a name of the pack. */
static bool
path_ok(const char *value)
{
	return value[0] != '\0' && value[strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0';
}

/* Puts value into the path's place of that name; false: the path has none. */
static bool
path_put(struct buf *path, struct span name, struct span value)
{
	struct buf filled = { 0 };
	struct span s = buf_span(path);
	size_t at = 0;

	while (at < s.n && !(s.p[at] == '{' && at + name.n + 1 < s.n && s.p[at + name.n + 1] ==
	    '}' && memcmp(s.p + at + 1, name.p, name.n) == 0))
		at++;
	if (at == s.n)
		return false;
	buf_span_put(&filled, span_sub(s, 0, at));
	buf_span_put(&filled, value);
	buf_span_put(&filled, span_sub(s, at + name.n + 2, s.n));
	buf_done(path);
	*path = filled;
	return true;
}

/* Has the path a place that nothing was said for? */
static bool
is_open(const struct buf *path)
{
	return memchr(path->p, '{', path->n) != NULL;
}

/* "down=yes" answers a question. */
static int
answer_put(struct verb_run *run, const char *word)
{
	const char *equals = strchr(word, '=');
	char name[NAME_MAX_BYTES + 32];

	if (equals == NULL || equals - word > NAME_MAX_BYTES) {
		(void)fprintf(stderr, say("trucban %s: '%s' không phải CÂU_HỎI=yes, no hoặc "
		    "unsure\n", "trucban %s: '%s' is not QUESTION=yes, no or "
		    "unsure\n"), run->all->command, word);
		return EXIT_USAGE;
	}
	(void)snprintf(name, sizeof name, "answer.%.*s", (int)(equals - word), word);
	form_add(&run->form, name, span_str(equals + 1));
	run->answered = true;
	return EXIT_DONE;
}

static int
word_put(struct verb_run *run, unsigned i, const char *word)
{
	struct span name = name_at(run->verb->args, i);
	char text[NAME_MAX_BYTES];

	if (name.n == 0 || span_is(name, "..."))
		return run->verb->answers ? answer_put(run, word) : EXIT_USAGE;
	must(name.n < sizeof text);
	memcpy(text, name.p, name.n);
	text[name.n] = '\0';
	if (path_ok(word) && path_put(&run->path, name, span_str(word)))
		return EXIT_DONE;
	if (is_open(&run->path)) {
		(void)fprintf(stderr, say("trucban %s: '%s' không phải một mã\n",
		    "trucban %s: '%s' is no id\n"), run->all->command, word);
		return EXIT_USAGE;
	}
	field_put(run, text, word);
	return EXIT_DONE;
}

static bool
flag_put(struct verb_run *run, const char *word)
{
	for (const struct verb_flag *f = run->all->flag; f->word != NULL; f++)
		if (strcmp(word, f->word) == 0) {
			form_add(&run->form, f->name, span_str(f->value));
			return true;
		}
	return false;
}

/* --name value, --name=value; gives how many words it took, 0: it is wrong. */
static int
option_put(struct verb_run *run, char **word)
{
	const char *name = word[0] + 2, *value = strchr(name, '=');
	char text[NAME_MAX_BYTES];
	int n = value != NULL ? 1 : 2;

	(void)snprintf(text, sizeof text, "%.*s", (int)(value != NULL ? (size_t)(value - name) :
	    strlen(name)), name);
	if (strcmp(text, "json") == 0)
		return run->json = true;
	if (flag_put(run, text))
		return 1;
	value = value != NULL ? value + 1 : word[1];
	if (value == NULL)
		return 0;
	if (strcmp(text, "state") == 0)
		run->state = value;
	else if (run->all->file != NULL && strcmp(text, run->all->file) == 0)
		run->file = value;
	else
		field_put(run, text, value);
	/* Worse than any answer. */
	run->answered |= strcmp(text, "raise") == 0;
	return n;
}

static int
words_take(struct verb_run *run, char **word)
{
	unsigned n = 0;

	while (*word != NULL) {
		int took = 1, rc = EXIT_DONE;

		if (strncmp(*word, "--", 2) == 0)
			took = option_put(run, word);
		else
			rc = word_put(run, n++, *word);
		if (took == 0 || rc != EXIT_DONE)
			return EXIT_USAGE;
		word += took;
	}
	return is_open(&run->path) ? EXIT_USAGE : EXIT_DONE;
}

/* ---- asking and showing ---- */

static bool
on_line(void *ctx, const char *const *cell, int n)
{
	(void)ctx;
	must(n == 1);
	(void)printf("%s\n", cell[0]);
	return true;
}

static void
show(const struct verb_run *run, const struct buf *json, const char *print)
{
	struct buf text = { 0 };

	if (run->json)
		(void)fwrite(json->p, 1, json->n, stdout);
	else if (print != NULL)
		api_rows(buf_span(json), print, on_line, NULL);
	else {
		(void)api_text(buf_span(json), "$.text", &text);
		(void)fwrite(text.p, 1, text.n, stdout);
		(void)fputc('\n', stdout);
	}
	buf_done(&text);
}

/* path: with its NUL. */
static int
ask(struct verb_run *run, bool act, const struct buf *path, const char *print, struct buf *json)
{
	struct why why = { "" };
	enum err rc = api_ask(run->state, act, (const char *)path->p, buf_span(&run->form), json,
	    &why);

	run->form.n = 0;
	if (rc != OK)
		return api_failed(rc, run->state, &why);
	if (!act || print != NULL)
		show(run, json, print);
	return EXIT_DONE;
}

static int
question(struct verb_run *run, struct span of, const char *print)
{
	bool page = !run->json && print == NULL;
	struct buf path = { 0 }, json = { 0 };
	int code;

	if (page)
		buf_str(&path, "/api/pages");
	buf_span_put(&path, span_sub(of, page ? strlen("/api") : 0, of.n));
	buf_u8(&path, '\0');
	code = ask(run, false, &path, print, &json);
	buf_done(&path);
	buf_done(&json);
	return code;
}

int
verbs_show(struct verb_run *run, const char *path)
{
	return question(run, span_str(path), NULL);
}

static int
act(struct verb_run *run)
{
	const char *then = run->verb->then != NULL ? run->verb->then : run->all->then;
	const char *print = run->json ? "" : run->verb->print;
	struct buf json = { 0 }, id = { 0 }, path = { 0 };
	int code;

	buf_u8(&run->path, '\0');
	code = ask(run, true, &run->path, print, &json);
	if (code == EXIT_DONE && print == NULL && then != NULL) {
		buf_str(&path, then);
		if (api_value(buf_span(&json), "$.id", &id))
			(void)path_put(&path, SPAN("id"), buf_span(&id));
		code = question(run, buf_span(&path), NULL);
	}
	buf_done(&json);
	buf_done(&id);
	buf_done(&path);
	return code;
}

/* ---- the verbs ---- */

static int
usage(const struct verbs *all, const struct verb *v, FILE *to)
{
	(void)fprintf(to, say("Cách dùng: trucban %s %s\n", "Usage: trucban %s %s\n"),
	    all->command, say(v->vi, v->en));
	return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

static int
help(const struct verbs *all, FILE *to)
{
	(void)fputs(say(all->vi, all->en), to);
	for (const struct verb *v = all->verb; v->name != NULL; v++)
		(void)fprintf(to, "  %s\n", say(v->vi, v->en));
	(void)fputs(say("\n  --json             in đúng những gì API trả lời\n"
	    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n",
	    "\n  --json             print what the API answers\n"
	    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n"), to);
	return to == stdout ? EXIT_DONE : EXIT_USAGE;
}

static bool
wants_help(const char *word)
{
	return strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

static int
verb_run(struct verb_run *run, char **word)
{
	int code;

	buf_str(&run->path, run->verb->path);
	if (words_take(run, word) != EXIT_DONE)
		return usage(run->all, run->verb, stderr);
	code = run->all->own != NULL ? run->all->own(run) : -1;
	if (code >= 0)
		return code;
	return run->verb->act ? act(run) : question(run, buf_span(&run->path), run->verb->print);
}

int
verbs_main(const struct verbs *all, int argc, char **argv)
{
	struct verb_run run = { .all = all, .state = state_default() };
	bool none = argc < 2 || argv[1][0] == '-';
	int code;

	(void)signal(SIGPIPE, SIG_IGN);
	if (argc > 1 && wants_help(argv[1]))
		return help(all, stdout);
	for (const struct verb *v = all->verb; v->name != NULL && run.verb == NULL; v++)
		if (none || strcmp(argv[1], v->name) == 0)
			run.verb = v;
	if (run.verb == NULL)
		return help(all, stderr);
	for (int i = 2; i < argc; i++)
		if (wants_help(argv[i]))
			return usage(all, run.verb, stdout);
	code = verb_run(&run, argv + (none ? 1 : 2));
	buf_done(&run.path);
	buf_done(&run.form);
	return code;
}
