/* SPDX-License-Identifier: Apache-2.0 */
/* See telling.h. */
#include "role/telling.h"

#include <stddef.h>
#include <string.h>

#include "model/json.h"
#include "notify/letter.h"
#include "role/conf.h"
#include "role/keys.h"

#define TEXT(f)		.type = KEY_TEXT, .at = offsetof(struct telling_channel, f), \
	.max = (int64_t)sizeof(((struct telling_channel *)0)->f)
#define VALUE(t, f)	.type = KEY_##t, .at = offsetof(struct telling_channel, f)
#define BEAT(t, f)	.type = KEY_##t, .at = offsetof(struct conf, telling.f)

/* They are compared as memory. */
_Static_assert(sizeof(struct telling_channel) == 7 * sizeof(int64_t) + TELLING_NAME + 7 +
    4 * TELLING_TEXT + TELLING_ARGS * TELLING_ARG, "no padding");

const struct key telling_channel_key[] = {
	{ VALUE(LINE, line) },
	{ .name = "name", .type = KEY_TEXT, .at = offsetof(struct telling_channel, name),
	    .max = TELLING_NAME, .required = true },
	{ .name = "kind", VALUE(CHOICE, kind), .choice = "smtp,webhook,sms,command",
	    .required = true },
	{ .name = "target", TEXT(target), .required = true },
	{ .name = "from", TEXT(from) },
	{ .name = "user", TEXT(user) },
	{ .name = "secret_file", TEXT(secret_file) },
	{ .name = "tls", VALUE(CHOICE, tls), .choice = "starttls,none" },
	{ .name = "rings", VALUE(CHOICE, rings), .choice = "critical,none" },
	{ .name = "ring", VALUE(SECONDS, ring_s), .min = 5, .max = 60 },
	{ .name = "uses", VALUE(CHOICE, uses), .choice = "phone,mail" },
	{ .name = "args", .type = KEY_LIST, .at = offsetof(struct telling_channel, arg),
	    .max = TELLING_ARGS, .size = TELLING_ARG,
	    .count_at = offsetof(struct telling_channel, narg) },
	{ .name = NULL },
};

const struct key telling_beat_key[] = {
	{ .name = "url", BEAT(TEXT, beat_url), .max = TELLING_TEXT },
	{ .name = "every", BEAT(SECONDS, beat_s), .min = 10, .max = 86400 },
	{ .name = "mail", BEAT(TEXT, beat_mail), .max = TELLING_TEXT },
	{ .name = "mail_every", BEAT(SECONDS, beat_mail_s), .min = 60, .max = 7 * 86400 },
	{ .name = NULL },
};

static bool
starts(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool
is_web(const char *url)
{
	return starts(url, "https://") || starts(url, "http://");
}

/* A word of the API, which the name of what rings by it is too. */
static bool
name_ok(const char *name)
{
	size_t n = strlen(name), ring = strlen(TELLING_RING);

	return n > 0 && strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789._-") == n &&
	    (n < ring || strcmp(name + n - ring, TELLING_RING) != 0);
}

static const char *
smtp_wrong(const struct telling_channel *c)
{
	bool implicit = starts(c->target, "smtps://");
	const char *host = strstr(c->target, "://");

	if (!implicit && !starts(c->target, "smtp://"))
		return "target is smtp://HOST:PORT, or smtps://HOST:PORT";
	if (strpbrk(host + 3, "/@ ") != NULL || host[3] == '\0')
		return "target is HOST:PORT only; to whom it goes, the contacts say";
	if (!letter_address_ok(span_str(c->from)))
		return "from is the sender's address: desk@example.gov.vn";
	if ((c->user[0] != '\0') != (c->secret_file[0] != '\0'))
		return "user and secret_file, which holds the password, belong together";
	if (c->user[0] != '\0' && !implicit && c->tls == TELLING_TLS_NONE)
		return "a password does not go over a line without TLS; take tls: none away";
	return NULL;
}

/* What is wrong with it, or NULL. */
static const char *
channel_wrong(const struct telling_channel *c)
{
	if (!name_ok(c->name))
		return "name has letters a-z, digits, '.', '_', '-' only, and does not end "
		    "in -ring";
	if (c->secret_file[0] != '\0' && c->secret_file[0] != '/')
		return "secret_file is the whole path of a file, from / on";
	if (c->kind == TELLING_SMTP)
		return smtp_wrong(c);
	if (c->kind == TELLING_WEBHOOK && !is_web(c->target))
		return "target is an https:// address";
	if (c->kind == TELLING_WEBHOOK && c->secret_file[0] == '\0')
		return "say secret_file: the key that signs what is sent";
	if (c->kind == TELLING_SMS && !starts(c->target, "/"))
		return "target is the modem's device, such as /dev/ttyUSB0";
	if (c->kind == TELLING_COMMAND && !starts(c->target, "/"))
		return "target is the whole path of a program, from / on; no shell runs it";
	return NULL;
}

static const char *
beat_wrong(const struct telling *t)
{
	unsigned smtp = 0;

	for (unsigned i = 0; i < t->nchannel; i++)
		smtp += t->channel[i].kind == TELLING_SMTP;
	if (t->beat_url[0] != '\0' && !is_web(t->beat_url))
		return "url is an https:// address";
	if (t->beat_mail[0] != '\0' && !letter_address_ok(span_str(t->beat_mail)))
		return "mail is an address: watch@example.gov.vn";
	if (t->beat_mail[0] != '\0' && smtp == 0)
		return "mail goes by a channel of kind smtp; say one under notify";
	return NULL;
}

enum err
telling_check(const struct telling *t, struct why *why)
{
	const char *what;

	for (unsigned i = 0; i < t->nchannel; i++) {
		const struct telling_channel *c = &t->channel[i];

		what = channel_wrong(c);
		for (unsigned k = 0; k < i && what == NULL; k++)
			if (strcmp(t->channel[k].name, c->name) == 0)
				what = "another channel has its name";
		if (what != NULL)
			return why_set(why, ERR_FORMAT, "line %lld: notify: %s: %s",
			    (long long)c->line, c->name, what);
	}
	what = beat_wrong(t);
	return what == NULL ? OK : why_set(why, ERR_FORMAT, "heartbeat: %s", what);
}

bool
telling_differs(const struct telling *a, const struct telling *b)
{
	struct telling_channel x, y;

	for (unsigned i = 0; a->nchannel == b->nchannel && i < a->nchannel; i++) {
		x = a->channel[i];
		y = b->channel[i];
		x.line = y.line = 0;
		if (memcmp(&x, &y, sizeof x) != 0)
			return true;
	}
	return a->nchannel != b->nchannel || a->beat_s != b->beat_s ||
	    a->beat_mail_s != b->beat_mail_s || strcmp(a->beat_url, b->beat_url) != 0 ||
	    strcmp(a->beat_mail, b->beat_mail) != 0;
}

bool
telling_any(const struct telling *t)
{
	return t->nchannel > 0 || t->beat_url[0] != '\0';
}

static void
channel_put(struct buf *out, const struct telling_channel *c, bool ring)
{
	static const char *const kind[] = { "smtp", "webhook", "sms", "command" };
	const char *uses = c->kind == TELLING_SMTP ? "mail" : c->kind == TELLING_WEBHOOK ? "none" :
	    c->kind == TELLING_COMMAND && c->uses == TELLING_USES_MAIL ? "mail" : "phone";
	struct buf name = { 0 };

	buf_printf(&name, "%s%s", c->name, ring ? TELLING_RING : "");
	buf_str(out, out->p[out->n - 1] == '[' ? "{\"name\":" : ",{\"name\":");
	json_string(out, buf_span(&name));
	buf_printf(out, ",\"kind\":\"%s\",\"uses\":\"%s\",\"critical\":%d}",
	    ring ? "ring" : kind[c->kind], uses, ring);
	buf_done(&name);
}

void
telling_json(struct buf *out, const struct telling *t)
{
	buf_str(out, "{\"channels\":[");
	for (unsigned i = 0; i < t->nchannel; i++) {
		const struct telling_channel *c = &t->channel[i];

		channel_put(out, c, false);
		if (c->kind == TELLING_SMS && c->rings == TELLING_RINGS_CRITICAL)
			channel_put(out, c, true);
	}
	buf_str(out, "]}");
}
