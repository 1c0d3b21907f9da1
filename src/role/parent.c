/* SPDX-License-Identifier: Apache-2.0 */
/*
 * may:     bind sockets, open the store's directory and the keys, start roles, pass descriptors
 * may not: read one octet from the network, parse a record, believe a child's message
 * if it dies: every role ends with it (parent-death signal); the service manager starts it again
 *
 * One table of children, one loop. A child that ends is started again after a growing pause; when
 * it was the keeper, the writers are handed channels to the new one and send again what was not
 * acknowledged.
 * SIGHUP: the configuration is read anew; roles that work by what changed are stopped in order, as
 * at the end, and started again. Their sockets stay open here meanwhile, so that clients wait.
 */
#include "role/parent_int.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/chan.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/notify.h"
#include "sys/proc.h"
#include "wire/wire.h"
#include "role/change.h"
#include "role/launch.h"
#include "role/opened.h"
#include "role/role.h"
#include "role/suspects.h"

static const uint8_t writers[] = { WIRE_INTAKE, WIRE_COLLECTOR, WIRE_FRONT, WIRE_TELLER,
    WIRE_IMPORTER, WIRE_REGISTRAR, WIRE_WATCH, WIRE_DESK, WIRE_PORTER };
/* Roles that have a channel to each other. */
static const uint8_t peers[PEERS][2] = { { WIRE_INTAKE, WIRE_REGISTRAR },
    { WIRE_FRONT, WIRE_DESK }, { WIRE_FRONT, WIRE_PORTER }, { WIRE_TELLER, WIRE_DESK } };

/* Keeper, or what has its place on a relay: it takes from the others. */
static bool
is_writer(uint8_t role)
{
	return role != WIRE_KEEPER && role != WIRE_SHIPPER;
}

static struct child *
taker(struct parent *p)
{
	return &p->child[p->child[WIRE_SHIPPER].role != 0 ? WIRE_SHIPPER : WIRE_KEEPER];
}

/* ---- one child ---- */

/*
 * The keeper's end of a new channel; the writer's end waits in keeper_fd or goes to the running
 * writer at once.
 */
static enum err
keeper_end_make(struct child *writer, int *ret_fd, struct why *why)
{
	uint8_t body[13] = { WIRE_KEEPER, WIRE_VERSION };
	struct chan_msg msg = { .type = WIRE_HELLO, .body = span_of(body, sizeof body) };
	int pair[2];
	enum err rc;

	rc = chan_pair(pair, why);
	if (rc != OK)
		return rc;
	file_close(&writer->keeper_fd);
	if (writer->pid > 0 && writer->chan != NULL) {
		rc = chan_send_fd(writer->chan, &msg, pair[1], why);
		file_close(&pair[1]);
		if (rc != OK)
			(void)fprintf(stderr, "trucban: cannot hand a channel to %s: %s\n",
			    wire_role_name(writer->role), why->text);
	} else {
		writer->keeper_fd = pair[1];
	}
	*ret_fd = pair[0];
	return OK;
}

/* A writer that starts while the keeper runs: the keeper gets its end by message. */
static enum err
writer_end_make(struct parent *p, struct child *writer, struct why *why)
{
	uint8_t body[13] = { writer->role, WIRE_VERSION };
	struct chan_msg msg = { .type = WIRE_HELLO, .body = span_of(body, sizeof body) };
	struct child *keeper = taker(p);
	int pair[2];
	enum err rc;

	if (writer->keeper_fd >= 0)
		return OK;
	rc = chan_pair(pair, why);
	if (rc != OK)
		return rc;
	if (keeper->pid > 0)
		rc = chan_send_fd(keeper->chan, &msg, pair[0], why);
	file_close(&pair[0]);
	writer->keeper_fd = pair[1];
	return rc;
}

/* The other of the pair i; 0: this role is none of it. */
static uint8_t
peer_of(uint8_t role, unsigned i)
{
	for (unsigned k = 0; k < 2; k++)
		if (peers[i][k] == role)
			return peers[i][1 - k];
	return 0;
}

/*
 * Whoever of a pair starts makes their channel; the other's end waits in its peer_fd or goes to it
 * at once.
 */
static enum err
peer_end_make(struct parent *p, struct child *c, unsigned i, struct why *why)
{
	uint8_t role = peer_of(c->role, i);
	struct child *other = &p->child[role];
	uint8_t body[13] = { c->role, WIRE_VERSION };
	struct chan_msg msg = { .type = WIRE_HELLO, .body = span_of(body, sizeof body) };
	int pair[2];
	enum err rc;

	if (role == 0 || other->role == 0 || c->peer_fd[i] >= 0)
		return OK;
	rc = chan_pair(pair, why);
	if (rc != OK)
		return rc;
	c->peer_fd[i] = pair[0];
	file_close(&other->peer_fd[i]);
	if (other->pid <= 0 || other->chan == NULL) {
		other->peer_fd[i] = pair[1];
		return OK;
	}
	rc = chan_send_fd(other->chan, &msg, pair[1], why);
	file_close(&pair[1]);
	return rc;
}

/*
 * A writer says, each second, that it has no channel. A keeper that begins anew brings one; when it
 * runs all the same, the channel was closed over something that must not be, and the writer begins
 * anew: who waits for an acknowledgement sends again.
 */
static void
channel_lost(struct parent *p, struct child *writer)
{
	struct child *keeper = taker(p);

	if (keeper->pid <= 0 || !keeper->ready || ++writer->lost < LOST_MOST)
		return;
	(void)fprintf(stderr, "trucban: %s has lost the keeper, ending it\n",
	    wire_role_name(writer->role));
	(void)kill(writer->pid, SIGKILL);
}

static enum err
launch_fill(struct parent *p, struct child *c, struct launch *launch, struct why *why)
{
	enum err rc = OK;

	if (c->role == WIRE_KEEPER || c->role == WIRE_FRONT || c->role == WIRE_TELLER ||
	    c->role == WIRE_WATCH || c->role == WIRE_DESK)
		launch_add(launch, p->open.state_fd, "s");
	if (c->role == WIRE_COLLECTOR)
		launch_add(launch, p->open.collector_fd, "s");
	if (c->role == WIRE_SHIPPER)
		launch_add(launch, p->open.spool_fd, "s");
	if (c->role == WIRE_PORTER)
		launch_add(launch, p->open.people_fd, "s");
	for (size_t i = 0; !is_writer(c->role) && rc == OK && i < sizeof writers; i++) {
		int fd = -1;

		if (p->child[writers[i]].role == 0)
			continue;
		rc = keeper_end_make(&p->child[writers[i]], &fd, why);
		if (rc == OK)
			launch_add_chan(launch, fd, writers[i]);
	}
	if (is_writer(c->role)) {
		rc = writer_end_make(p, c, why);
		if (rc == OK)
			launch_add_chan(launch, c->keeper_fd, WIRE_KEEPER);
	}
	for (unsigned i = 0; rc == OK && i < PEERS; i++) {
		rc = peer_end_make(p, c, i, why);
		if (rc == OK && c->peer_fd[i] >= 0)
			launch_add_chan(launch, c->peer_fd[i], peer_of(c->role, i));
	}
	for (unsigned i = 0; c->role == WIRE_INTAKE && i < p->open.conf->nlistener; i++)
		launch_add(launch, p->open.listen_fd[i], "l");
	for (unsigned i = 0; c->role == WIRE_FRONT && i < 2; i++)
		if (p->open.front_fd[i] >= 0)
			launch_add(launch, p->open.front_fd[i], "l");
	if (c->role == WIRE_IMPORTER)
		launch_add(launch, p->open.import_fd, "l");
	if (c->role == WIRE_REGISTRAR) {
		launch_add(launch, p->open.ca_fd, "s");
		launch_add(launch, p->open.agent_fd, "l");
	}
	return rc;
}

static void
key_send(struct child *c, uint8_t which, const uint8_t key[32], struct why *why)
{
	uint8_t body[33];

	body[0] = which;
	memcpy(body + 1, key, 32);
	(void)chan_send(c->chan, &(struct chan_msg){ .type = WIRE_KEY,
	    .body = span_of(body, sizeof body) }, why);
	explicit_bzero(body, sizeof body);
}

/* Doors give units and classes by it, the front shows names, the watch misses who is silent. */
void
parent_register_send(struct parent *p, struct child *c)
{
	struct why why = { "" };

	if ((c->role != WIRE_INTAKE && c->role != WIRE_FRONT && c->role != WIRE_WATCH) ||
	    c->chan == NULL)
		return;
	if (chan_send(c->chan, &(struct chan_msg){ .type = WIRE_REGISTER,
	    .body = buf_span(&p->open.registry) }, &why) != OK)
		(void)fprintf(stderr, "trucban: cannot hand the register to %s: %s\n",
		    wire_role_name(c->role), why.text);
}

/* What a role needs before anything else: its configuration, and keys for whom they are. */
static void
child_brief(struct parent *p, struct child *c)
{
	struct why why = { "" };

	suspects_send(&p->suspects, c->role, c->chan);
	parent_register_send(p, c);
	(void)chan_send(c->chan, &(struct chan_msg){ .type = WIRE_CONF,
	    .body = buf_span(&p->open.text) }, &why);
	if (p->open.conf->encrypt && (c->role == WIRE_KEEPER || c->role == WIRE_FRONT ||
	    c->role == WIRE_WATCH || c->role == WIRE_DESK))
		key_send(c, 0, p->open.store_key, &why);
	if (p->open.conf->encrypt && c->role == WIRE_PORTER)
		key_send(c, 0, p->open.people_key, &why);
	if (c->role == WIRE_KEEPER)
		key_send(c, 1, p->open.seal_seed, &why);
}

static enum err
child_start(struct parent *p, struct child *c, struct why *why)
{
	struct launch launch = { .n = 0 };
	struct proc_spec spec = { .role = wire_role_name(c->role) };
	int pair[2] = { -1, -1 };
	enum err rc;

	rc = chan_pair(pair, why);
	if (rc != OK)
		return rc;
	launch_add(&launch, pair[1], "p");
	rc = launch_fill(p, c, &launch, why);
	spec.arg = launch.argp;
	spec.fd = launch.fd;
	spec.narg = spec.nfd = launch.n;
	if (rc == OK)
		rc = proc_start(&c->pid, &spec, why);
	if (!is_writer(c->role))
		launch_close(&launch);
	file_close(&c->keeper_fd);
	for (unsigned i = 0; i < PEERS; i++)
		file_close(&c->peer_fd[i]);
	file_close(&pair[1]);
	if (rc != OK) {
		file_close(&pair[0]);
		c->pid = 0;
		return rc;
	}
	c->chan = chan_new(pair[0], WIRE_LIMIT, QUEUE_BYTES);
	c->started_ns = clock_mono_ns();
	c->ready = false;
	c->lost = 0;
	for (unsigned i = 1; !is_writer(c->role) && i < CHILD_MAX; i++)
		p->child[i].lost = 0;
	child_brief(p, c);
	return OK;
}

/* ---- the loop ---- */

/* When every role does its work: to the service manager, once. */
void
parent_ready_tell(struct parent *p)
{
	for (unsigned i = 1; i < CHILD_MAX; i++)
		if (p->child[i].role != 0 && !p->child[i].ready)
			return;
	if (p->told_ready)
		return;
	p->told_ready = true;
	(void)notify_send("READY=1", NULL);
	(void)fprintf(stderr, "trucban: ready\n");
}

/* A shipper's sentence, for the service manager; one line, whatever it is. */
static void
status_tell(struct span text)
{
	char line[512];
	int n = snprintf(line, sizeof line, "STATUS=%.*s", (int)(text.n < 400 ? text.n : 400),
	    (const char *)text.p);

	for (int i = 0; i < n; i++)
		if ((unsigned char)line[i] < ' ')
			line[i] = ' ';
	(void)notify_send(line, NULL);
}

static void
child_message(struct parent *p, struct child *c, const struct chan_msg *msg)
{
	struct why why = { "" };

	if (msg->fd >= 0)
		(void)close(msg->fd);
	if (msg->type == WIRE_READY && !c->ready && wire_check(WIRE_READY, msg->body, &why) == OK) {
		c->ready = true;
		(void)fprintf(stderr, "trucban: %s ready: %.*s\n", wire_role_name(c->role),
		    (int)(msg->body.n < 400 ? msg->body.n : 400), (const char *)msg->body.p);
	} else if (msg->type == WIRE_READY && c->role == WIRE_SHIPPER &&
	    wire_check(WIRE_READY, msg->body, &why) == OK) {
		status_tell(msg->body);
	}
	if (msg->type == WIRE_HELLO && is_writer(c->role))
		channel_lost(p, c);
	if (msg->type == WIRE_REGISTER && c->role == WIRE_FRONT)
		p->register_read = true;
	if (msg->type == WIRE_MODEM && c->role == WIRE_TELLER)
		parent_modem(p, c, msg);
	if (msg->type == WIRE_CONF && c->role == WIRE_FRONT)
		p->reload = true;
	if (msg->type == WIRE_SUSPECT && wire_check(WIRE_SUSPECT, msg->body, &why) == OK) {
		struct cur in = cur_of(msg->body);

		suspects_add(&p->suspects, c->role, cur_u64(&in));
	}
	parent_ready_tell(p);
}

static void
child_read(struct parent *p, struct child *c)
{
	struct why why = { "" };
	struct chan_msg msg;
	enum err rc;

	while ((rc = chan_recv(c->chan, &msg, &why)) == OK)
		child_message(p, c, &msg);
	if (rc == ERR_FORMAT) {
		(void)fprintf(stderr, "trucban: %s sends nonsense, ending it: %s\n",
		    wire_role_name(c->role), why.text);
		(void)kill(c->pid, SIGKILL);
	}
	if (rc != ERR_MORE)
		chan_free(&c->chan);
}

static void
child_ended(struct parent *p, struct child *c, const struct proc_end *end)
{
	int64_t lived_s = (clock_mono_ns() - c->started_ns) / 1000000000;

	/* Its last words. */
	if (c->chan != NULL)
		child_read(p, c);
	chan_free(&c->chan);
	c->pid = 0;
	if (p->stopping)
		return;
	if (c->planned) {
		c->planned = false;
		c->again_ns = 0;
		return;
	}
	c->restarts++;
	c->pause_s = lived_s > 60 ? 0 : c->pause_s * 2 + (c->pause_s == 0 && c->restarts > 2);
	if (c->pause_s > PAUSE_MAX_S)
		c->pause_s = PAUSE_MAX_S;
	c->again_ns = clock_mono_ns() + c->pause_s * 1000000000;
	(void)fprintf(stderr, "trucban: %s ended: %s; starting it again in %lld s\n",
	    wire_role_name(c->role), end->text, (long long)c->pause_s);
}

void
parent_reap(struct parent *p)
{
	struct proc_end end;
	struct why why;

	while (proc_reap(&end, &why) == OK)
		for (unsigned i = 1; i < CHILD_MAX; i++)
			if (p->child[i].pid == end.pid && end.pid > 0)
				child_ended(p, &p->child[i], &end);
}

static void
children_start(struct parent *p)
{
	/* Who takes from the others first: it makes the channels that they are started with. */
	static const uint8_t order[] = { WIRE_KEEPER, WIRE_SHIPPER, WIRE_FRONT, WIRE_TELLER,
	    WIRE_COLLECTOR, WIRE_INTAKE, WIRE_IMPORTER, WIRE_REGISTRAR, WIRE_WATCH,
	    WIRE_DESK, WIRE_PORTER };
	struct why why = { "" };

	for (size_t i = 0; i < sizeof order && !p->stopping; i++) {
		struct child *c = &p->child[order[i]];

		if (c->role == 0 || c->pid > 0 || clock_mono_ns() < c->again_ns)
			continue;
		if (child_start(p, c, &why) != OK) {
			(void)fprintf(stderr, "trucban: cannot start %s: %s\n",
			    wire_role_name(c->role), why.text);
			c->again_ns = clock_mono_ns() + 5000000000;
		}
	}
}

static void
signals_take(struct parent *p)
{
	int sig;

	while (proc_signal_next(p->signal_fd, &sig, NULL) == OK) {
		if (sig == SIGTERM || sig == SIGINT)
			p->stopping = true;
		if (sig == SIGHUP)
			p->reload = true;
	}
	parent_reap(p);
}

/* One turn: waits at most wait_ms for a signal or a message. */
void
parent_turn(struct parent *p, int wait_ms)
{
	struct pollfd set[CHILD_MAX + 1];
	struct child *of[CHILD_MAX + 1];
	nfds_t n = 0;

	set[n] = (struct pollfd){ .fd = p->signal_fd, .events = POLLIN };
	of[n++] = NULL;
	for (unsigned i = 1; i < CHILD_MAX; i++) {
		struct child *c = &p->child[i];

		if (c->chan == NULL)
			continue;
		set[n] = (struct pollfd){ .fd = chan_fd(c->chan), .events = POLLIN };
		if (chan_queued(c->chan) > 0)
			set[n].events |= POLLOUT;
		of[n++] = c;
	}
	if (poll(set, n, wait_ms) <= 0)
		return;
	for (nfds_t i = 1; i < n; i++) {
		if ((set[i].revents & POLLOUT) != 0)
			(void)chan_flush(of[i]->chan, NULL);
		if ((set[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0)
			child_read(p, of[i]);
	}
	if (set[0].revents != 0)
		signals_take(p);
}

static void
parent_loop(struct parent *p)
{
	int64_t watch_ms = notify_watchdog_ns() / 1000000;
	int wait_ms = watch_ms > 0 && watch_ms < 1000 ? (int)watch_ms : 500;

	while (!p->stopping) {
		children_start(p);
		parent_turn(p, wait_ms);
		parent_reap(p);
		(void)notify_send("WATCHDOG=1", NULL);
		if (p->reload && !p->stopping)
			parent_reload(p);
		if (p->register_read && !p->stopping)
			parent_register(p);
	}
	(void)notify_send("STOPPING=1", NULL);
	parent_end(p);
}

int
parent_run(const char *conf_path, const char *state)
{
	static const int sig[] = { SIGTERM, SIGINT, SIGHUP, SIGCHLD };
	struct parent p = { .signal_fd = -1 };
	struct why why = { "" };
	enum err rc;

	for (unsigned i = 0; i < CHILD_MAX; i++) {
		p.child[i].keeper_fd = -1;
		for (unsigned k = 0; k < PEERS; k++)
			p.child[i].peer_fd[k] = -1;
	}
	/* It reads the keys, to hand them on. */
	rc = proc_limit(&(struct proc_limits){ .secret = true }, &why);
	/* First: who finds the lock taken may tell it to look at its configuration at once. */
	if (rc == OK)
		rc = proc_signals(&p.signal_fd, sig, sizeof sig / sizeof sig[0], &why);
	if (rc == OK)
		rc = opened_make(&p.open, conf_path, state, &why);
	if (rc != OK) {
		(void)fprintf(stderr, "trucban: cannot start: %s\n", why.text);
	} else {
		for (uint8_t i = 1; i < CHILD_MAX; i++)
			p.child[i].role = (change_wanted(p.open.conf) >> i & 1) != 0 ? i : 0;
		parent_loop(&p);
	}
	opened_done(&p.open);
	return rc == OK ? 0 : 3;
}
