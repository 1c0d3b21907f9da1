/* SPDX-License-Identifier: Apache-2.0 */
/* What a role hears before its work: see brief.h. */
#include "role/brief.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/dir.h"
#include "sys/proc.h"
#include "wire/wire.h"
#include "store/cold.h"

enum { BRIEF_WAIT_MS = 10000, BRIEF_QUEUE = 1 << 20 };

static enum err
brief_message(struct brief *b, const struct chan_msg *msg, struct why *why)
{
	enum err rc;

	if (msg->fd >= 0)
		(void)close(msg->fd);
	rc = wire_check(msg->type, msg->body, why);
	if (rc != OK)
		return rc;
	if (msg->type == WIRE_SUSPECT) {
		struct cur in = cur_of(msg->body);

		if (b->nsuspect < BRIEF_SUSPECTS)
			b->suspect[b->nsuspect++] = cur_u64(&in);
		return OK;
	}
	if (msg->type == WIRE_REGISTER) {
		b->registry.n = 0;
		buf_span_put(&b->registry, msg->body);
		return OK;
	}
	if (msg->type == WIRE_CONF) {
		b->conf_text.n = 0;
		buf_span_put(&b->conf_text, msg->body);
		return conf_parse(&b->conf, msg->body, why);
	}
	if (msg->type != WIRE_KEY)
		return why_set(why, ERR_FORMAT, "message %u before the configuration", msg->type);
	if (msg->body.p[0] == 0) {
		memcpy(b->store_key, msg->body.p + 1, sizeof b->store_key);
		b->has_store_key = true;
	} else {
		memcpy(b->seal_seed, msg->body.p + 1, sizeof b->seal_seed);
		b->has_seal_seed = true;
	}
	return OK;
}

/* No core file ever: it would hold keys or records. Keys: nobody else reads this memory either. */
static enum err
memory_close(const struct brief *b, struct why *why)
{
	return proc_limit(&(struct proc_limits){ .secret = b->secret }, why);
}

enum err
brief_take(struct brief *ret_brief, int parent_fd, bool wants_store_key, bool wants_seal_seed,
    struct why *why)
{
	struct brief *b = ret_brief;
	struct chan_msg msg;
	enum err rc = OK;

	memset(b, 0, sizeof *b);
	b->parent = chan_new(parent_fd, WIRE_LIMIT, BRIEF_QUEUE);
	do {
		rc = chan_recv_wait(b->parent, &msg, BRIEF_WAIT_MS, why);
		if (rc == OK)
			rc = brief_message(b, &msg, why);
	} while (rc == OK && (b->conf.nclass == 0 ||
	    (wants_store_key && b->conf.encrypt && !b->has_store_key) ||
	    (wants_seal_seed && !b->has_seal_seed)));
	b->secret = wants_store_key || wants_seal_seed;
	return rc == OK ? memory_close(b, why) : rc;
}

enum err
brief_drop_rights(const struct brief *brief, struct why *why)
{
	enum err rc;

	if (geteuid() != 0 || brief->conf.user[0] == '\0')
		return OK;
	rc = proc_drop_rights(brief->conf.user, why);
	/* Again: another user's memory is what fs.suid_dumpable says. */
	return rc == OK ? memory_close(brief, why) : rc;
}

enum err
brief_drop_rights_in_groups(const struct brief *brief, struct why *why)
{
	if (geteuid() != 0 || brief->conf.user[0] == '\0')
		return OK;
	return proc_drop_rights_in_groups(brief->conf.user, why);
}

unsigned
brief_cold(int store_fd, int *ret_fd)
{
	/* Behind the link: a name's last part is never followed. */
	return dir_open(ret_fd, store_fd, COLD_LINK "/.", NULL) == OK;
}

enum err
brief_sandbox(const struct sandbox *sandbox, const char *role, struct why *why)
{
	struct sandbox_state state = { .missing = "" };
	enum err rc;

	rc = sandbox_enter(sandbox, &state, why);
	if (rc == OK && state.missing[0] != '\0')
		(void)fprintf(stderr, "trucban: %s: %s\n", role, state.missing);
	return rc;
}

/* Without its parent a role can neither be stopped nor helped: it ends, and another one begins. */
static void
parent_tell(const struct brief *brief, const struct chan_msg *msg)
{
	struct why why = { "" };

	if (chan_send(brief->parent, msg, &why) == OK)
		return;
	(void)fprintf(stderr, "trucban: the parent cannot be told: %s\n", why.text);
	_exit(3);
}

void
brief_ready(const struct brief *brief, const char *text)
{
	parent_tell(brief, &(struct chan_msg){ .type = WIRE_READY, .body = span_str(text) });
}

void
brief_lost_keeper(const struct brief *brief, uint8_t role)
{
	struct buf body = { 0 };

	buf_u8(&body, role);
	buf_u32(&body, WIRE_VERSION);
	buf_u64(&body, 0);
	parent_tell(brief, &(struct chan_msg){ .type = WIRE_HELLO, .body = buf_span(&body) });
	buf_done(&body);
}
