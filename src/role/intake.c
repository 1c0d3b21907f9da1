/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     read the sockets that it was given, parse, send rows to the keeper
 * may not: open a file, make a connection, see a key of the store
 * if it dies: clients that wait for an answer send again; what the kernel holds for its sockets
 *          waits for the next one; batches without an acknowledgement are lost with it for
 *          senders that never get one (UDP, plain TCP), and so are lines that wait for the rest
 *          of their record
 *
 * Certificates and tokens are read before the sandbox closes and are wiped from here when the
 * room has its own form of them.
 */
#include "role/intake.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/proc.h"
#include "sys/random.h"
#include "sys/sandbox.h"
#include "model/shape.h"
#include "wire/wire.h"
#include "role/brief.h"
#include "role/crash.h"
#include "role/cut.h"
#include "role/register.h"

enum {
	PEM_BYTES = 1 << 20,		/* a file of certificates */
	TOKEN_FILE_BYTES = 64 << 10,
	SPARE_FILES = 256,
	READY_BYTES = 1024,
};

struct intake_role {
	struct brief brief;
	struct cutter *cutter;
	struct event_base *base;
	struct event *parent_event, *report_event;
	struct intake *intake;
};

/* ---- the configuration ---- */

/* One word off the line; spaces and tabs before it are skipped. */
static struct span
word_take(struct span *line)
{
	struct span word;
	size_t n = 0;

	while (line->n > 0 && (line->p[0] == ' ' || line->p[0] == '\t'))
		*line = span_sub(*line, 1, SIZE_MAX);
	while (n < line->n && line->p[n] != ' ' && line->p[n] != '\t' && line->p[n] != '\r')
		n++;
	word = span_sub(*line, 0, n);
	*line = span_sub(*line, n, SIZE_MAX);
	return word;
}

enum err
tokens_read(struct intake_token token[INTAKE_TOKENS], unsigned *ret_n, struct span text,
    struct why *why)
{
	unsigned n = 0, number = 0;

	while (text.n > 0) {
		struct span line = span_cut(&text, '\n'), name, secret;

		number++;
		name = word_take(&line);
		secret = word_take(&line);
		if (name.n == 0 || name.p[0] == '#')
			continue;
		if (secret.n == 0 || word_take(&line).n > 0)
			return why_set(why, ERR_FORMAT, "line %u: not a name and a secret", number);
		if (n == INTAKE_TOKENS)
			return why_set(why, ERR_LIMIT, "line %u: more than %d tokens", number,
			    INTAKE_TOKENS);
		token[n++] = (struct intake_token){ name, secret };
	}
	if (n == 0)
		return why_set(why, ERR_FORMAT, "no token in it");
	*ret_n = n;
	return OK;
}

/* Appends the file when one is named. An empty one would be as good as none: a door without TLS. */
static enum err
file_take(struct buf *out, const char *path, size_t limit, struct why *why)
{
	enum err rc;

	if (path[0] == '\0' || conf_is_own(path))
		return OK;
	rc = file_read_named(path, limit, out, why);
	return rc == OK && out->n == 0 ? why_set(why, ERR_FORMAT, "%s is empty", path) : rc;
}

_Static_assert((int)CONF_SAMPLES <= (int)INTAKE_RULES, "one listener may have them all");

static void
rules_take(struct doors *d, unsigned i, const struct conf *conf)
{
	struct intake_listener *to = &d->listener[i];

	to->rule = d->rule[i];
	for (unsigned k = 0; k < conf->nsample; k++) {
		const struct conf_sample *s = &conf->sample[k];

		if (strcmp(s->listener, conf->listener[i].name) == 0)
			d->rule[i][to->nrule++] = (struct intake_rule){
			    .name = span_str(s->name), .peer = span_str(s->peer),
			    .keep = (uint64_t)s->keep, .below = (uint8_t)s->below,
			    .until_ns = s->until_ns };
	}
}

static enum err
door_open(struct doors *d, unsigned i, const struct conf *conf, int fd, struct why *why)
{
	static const uint8_t kind[CONF_KIND_END] = { [CONF_UDP] = INTAKE_UDP,
	    [CONF_TCP] = INTAKE_TCP, [CONF_RELP] = INTAKE_RELP, [CONF_HTTP] = INTAKE_HTTP };
	static const uint8_t clients[] = { [CONF_CLIENTS_NONE] = INTAKE_CLIENTS_ANY,
	    [CONF_CLIENTS_OPTIONAL] = INTAKE_CLIENTS_OPTIONAL,
	    [CONF_CLIENTS_REQUIRED] = INTAKE_CLIENTS_REQUIRED };
	const struct conf_listener *from = &conf->listener[i];
	struct intake_listener *to = &d->listener[i];
	int class = conf_class_index(conf, from->class);
	enum err rc;

	must(class >= 0 && from->kind >= 0 && from->kind < CONF_KIND_END);
	*to = (struct intake_listener){ .name = span_str(from->name), .fd = fd,
	    .kind = kind[from->kind], .clients = clients[from->clients], .class = (uint8_t)class,
	    .unit = (uint64_t)from->unit, .token = d->token[i], .own = conf_is_own(from->cert) };
	must(join_read(&to->join, span_str(from->join)));	/* the configuration was checked */
	to->trust = from->kind == CONF_UDP ? TRUST_CLAIM : TRUST_PEER;
	rules_take(d, i, conf);
	rc = file_take(&d->cert[i], from->cert, PEM_BYTES, why);
	if (rc == OK)
		rc = file_take(&d->key[i], from->key, PEM_BYTES, why);
	if (rc == OK)
		rc = file_take(&d->ca[i], from->ca, PEM_BYTES, why);
	if (rc == OK)
		rc = file_take(&d->token_text[i], from->token_file, TOKEN_FILE_BYTES, why);
	if (rc == OK && from->token_file[0] != '\0')
		rc = why_prefix(why, tokens_read(d->token[i], &to->ntoken,
		    buf_span(&d->token_text[i]), why), "%s", from->token_file);
	to->cert_pem = buf_span(&d->cert[i]);
	to->key_pem = buf_span(&d->key[i]);
	to->ca_pem = buf_span(&d->ca[i]);
	return rc;
}

enum err
doors_open(struct doors *doors, const struct conf *conf, const int *fd, int nfd,
    struct why *why)
{
	enum err rc = OK;

	if (nfd < 0 || (unsigned)nfd != conf->nlistener)
		return why_set(why, ERR_FORMAT, "%d sockets for %u listeners", nfd,
		    conf->nlistener);
	for (; rc == OK && doors->n < conf->nlistener; doors->n++)
		rc = why_prefix(why, door_open(doors, doors->n, conf, fd[doors->n], why),
		    "listener %s", conf->listener[doors->n].name);
	return rc;
}

void
doors_done(struct doors *doors)
{
	for (unsigned i = 0; i < doors->n; i++) {
		buf_wipe(&doors->cert[i]);
		buf_wipe(&doors->key[i]);
		buf_wipe(&doors->ca[i]);
		buf_wipe(&doors->token_text[i]);
	}
	doors->n = 0;
}

/* ---- events ---- */

static void
on_sample(void *arg, const char *text)
{
	(void)arg;
	(void)fprintf(stderr, "trucban: intake: %s\n", text);
}

/* The parent has checked it; with one that cannot be read nothing would be gained by ending. */
static void
register_apply(struct intake_role *role, struct span text)
{
	struct registry *registry = NULL;
	struct why why = { "" };

	if (register_take(&registry, text, &role->brief.conf, &why) == OK)
		intake_registry(role->intake, registry);
	else
		(void)fprintf(stderr, "trucban: intake: %s\n", why.text);
}

/* The parent is gone or says stop: answer what was begun and end. */
static void
on_parent(evutil_socket_t fd, short what, void *arg)
{
	struct intake_role *role = arg;
	struct chan_msg msg;
	enum err rc;

	(void)fd;
	(void)what;
	while ((rc = chan_recv(role->brief.parent, &msg, NULL)) == OK) {
		if (msg.type == WIRE_HELLO && msg.fd >= 0 && msg.body.n > 0 &&
		    msg.body.p[0] == WIRE_REGISTRAR)
			intake_registrar(role->intake, msg.fd);
		else if (msg.type == WIRE_HELLO && msg.fd >= 0)
			intake_keeper(role->intake, msg.fd);
		else
			file_close(&msg.fd);
		if (msg.type == WIRE_REGISTER)
			register_apply(role, msg.body);
		if (msg.type == WIRE_STOP)
			intake_stop(role->intake);
	}
	if (rc != ERR_MORE) {
		event_del(role->parent_event);
		intake_stop(role->intake);
	}
}

static void
on_report(evutil_socket_t fd, short what, void *arg)
{
	struct intake_role *role = arg;

	(void)fd;
	(void)what;
	if (!intake_has_keeper(role->intake))
		brief_lost_keeper(&role->brief, WIRE_INTAKE);
	intake_report(role->intake);
	(void)chan_flush(role->brief.parent, NULL);
}

/* ---- start ---- */

static enum err
intake_open(struct intake_role *role, const struct doors *doors, struct why *why)
{
	const struct timeval second = { 1, 0 };
	struct intake_conf conf = { .listener = doors->listener, .nlistener = doors->n,
	    .instance = random_u64(), .hash_seed = random_u64(), .sample = on_sample };

	role->base = event_base_new();
	must(role->base != NULL);
	role->cutter = cutter_new(&role->brief.conf, "");
	cutter_suspects(role->cutter, role->brief.suspect, role->brief.nsuspect);
	crash_watch(chan_fd(role->brief.parent));
	conf.base = role->base;
	conf.parser = cutter_ops();
	conf.parser_state = role->cutter;
	role->parent_event = event_new(role->base, chan_fd(role->brief.parent),
	    EV_READ | EV_PERSIST, on_parent, role);
	role->report_event = event_new(role->base, -1, EV_PERSIST, on_report, role);
	must(role->parent_event != NULL && role->report_event != NULL);
	(void)event_add(role->parent_event, NULL);
	(void)event_add(role->report_event, &second);
	return intake_new(&role->intake, &conf, why);
}

static enum err
rights_drop(struct intake_role *role, struct why *why)
{
	const struct proc_limits limits = { .files = LIMIT_CONNECTIONS + SPARE_FILES };
	const struct sandbox sandbox = { .groups = SANDBOX_NET };
	enum err rc;

	rc = proc_limit(&limits, why);
	if (rc == OK)
		rc = brief_drop_rights(&role->brief, why);
	if (rc == OK)
		rc = brief_sandbox(&sandbox, "intake", why);
	return rc;
}

static void
ready_say(const struct intake_role *role)
{
	const struct conf *conf = &role->brief.conf;
	char text[READY_BYTES] = "";
	size_t at = 0;

	for (unsigned i = 0; i < conf->nlistener && at < sizeof text; i++) {
		int n = snprintf(text + at, sizeof text - at, "%s%s %s", i > 0 ? ", " : "",
		    conf->listener[i].name, conf->listener[i].address);

		at += n > 0 ? (size_t)n : 0;
	}
	brief_ready(&role->brief, text);
}

int
intake_main(const struct role_start *start)
{
	struct intake_role *role = xcalloc(1, sizeof *role);
	struct doors *doors = xcalloc(1, sizeof *doors);
	struct why why = { "" };
	enum err rc;

	rc = brief_take(&role->brief, start->parent_fd, false, false, &why);
	if (rc == OK)
		rc = doors_open(doors, &role->brief.conf, start->listen_fd, start->nlisten, &why);
	if (rc == OK)
		rc = intake_open(role, doors, &why);
	doors_done(doors);
	free(doors);
	if (rc == OK)
		rc = rights_drop(role, &why);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban: intake: %s\n", why.text);
		return 3;
	}
	register_apply(role, buf_span(&role->brief.registry));
	buf_done(&role->brief.registry);
	for (int i = 0; i < start->nchan; i++)
		if (start->chan_role[i] == WIRE_REGISTRAR)
			intake_registrar(role->intake, start->chan_fd[i]);
		else
			intake_keeper(role->intake, start->chan_fd[i]);
	ready_say(role);
	while (!intake_stopped(role->intake))
		intake_turn(role->intake, INTAKE_WAIT);
	intake_report(role->intake);
	intake_free(&role->intake);
	cutter_free(&role->cutter);
	return 0;
}
