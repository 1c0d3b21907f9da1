/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban agent` at the desk: questions to the registrar over STATE/run/agent.sock. */
#include "cmd/agent.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "sys/chan.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/sock.h"
#include "ca/authority.h"
#include "ca/roll.h"
#include "role/agents.h"
#include "cmd/cmd.h"
#include "cmd/status_relay.h"

enum { CONNECT_MS = 2000, ANSWER_MS = 30000, QUEUE_BYTES = 1 << 20, TEXT_BYTES = 480 };

static enum err
answer_take(struct chan *chan, struct buf *ret, struct why *why)
{
	struct chan_msg msg;
	struct span text;
	enum err rc, told;

	rc = chan_recv_wait(chan, &msg, ANSWER_MS, why);
	if (rc != OK)
		return why_set(why, ERR_BUSY, "the desk's registrar gives no answer; is some "
		    "listener still with cert: own");
	file_close(&msg.fd);
	rc = agents_answer_read(&told, &text, msg.body, why);
	if (rc != OK)
		return rc;
	if (told != OK)
		return why_set(why, told, "%.*s", (int)(text.n < TEXT_BYTES ? text.n : TEXT_BYTES),
		    text.n > 0 ? (const char *)text.p : "");
	buf_span_put(ret, text);
	return OK;
}

enum err
agent_ask(const struct agent_place *place, const struct agents_ask *ask, struct buf *ret,
    struct why *why)
{
	char address[sizeof place->state + 32];
	struct buf body = { 0 };
	struct chan *chan;
	int fd = -1;
	enum err rc;

	(void)snprintf(address, sizeof address, "unix:%s/run/agent.sock", place->state);
	rc = sock_connect(&fd, address, SOCK_KIND_STREAM, CONNECT_MS, why);
	if (rc != OK) {
		rc = why_prefix(why, rc, "no desk answers; is it running (trucban serve), and "
		    "some listener cert: own");
		return status_relay_instead(rc, place->state, place->conf, why);
	}
	chan = chan_new(fd, AGENTS_LIMIT, QUEUE_BYTES);
	agents_ask_put(&body, ask);
	rc = chan_send_wait(chan, &(struct chan_msg){ .type = AGENTS_ASK,
	    .body = buf_span(&body) }, CONNECT_MS, why);
	if (rc == OK)
		rc = answer_take(chan, ret, why);
	chan_free(&chan);
	buf_done(&body);
	return rc;
}

static enum err
ask_desk(const struct agent_args *args, const struct agents_ask *ask, struct buf *ret,
    struct why *why)
{
	struct agent_place place;
	enum err rc = agent_place_find(&place, args, why);

	if (rc == OK)
		rc = agent_ask(&place, ask, ret, why);
	agent_place_done(&place);
	return rc;
}

/*
 * The certificate that this name has now, for people; false: none, or nobody tells. Between this
 * and what follows it another may be given out: the registrar refuses by itself.
 */
static bool
former_find(const struct agent_args *args, char made[CIVIL_TEXT_BYTES + 1],
    char until[CIVIL_TEXT_BYTES + 1])
{
	struct agents_ask ask = { .what = AGENTS_LIST };
	struct agent_place place;
	struct roll roll = { 0 };
	struct buf out = { 0 };
	const struct agent *a = NULL;
	struct why why;
	enum err rc;

	rc = agent_place_find(&place, args, &why);
	if (rc == OK)
		rc = agent_ask(&place, &ask, &out, &why);
	if (rc == OK && roll_get(&roll, buf_span(&out), &why) == OK)
		a = roll_find(&roll, span_str(args->what));
	if (a != NULL && a->cert[0].until_s <= clock_wall_ns() / CIVIL_SECOND_NS)
		a = NULL;
	if (a != NULL) {
		(void)agent_time(made, roll_made_s(&a->cert[0]), &place);
		(void)agent_time(until, a->cert[0].until_s, &place);
	}
	roll_done(&roll);
	buf_done(&out);
	agent_place_done(&place);
	return a != NULL;
}

static struct agents_ask
ask_of(const struct agent_args *args, uint8_t what, const char *text)
{
	return (struct agents_ask){ .what = what,
	    .name = span_str(args->what != NULL ? args->what : ""),
	    .class = span_str(args->class), .unit = args->unit, .days = args->days,
	    .text = span_str(text) };
}

/* ---- invite ---- */

enum err
agent_invite(const struct agent_args *args, struct why *why)
{
	struct agents_ask ask = ask_of(args, AGENTS_INVITE, args->address);
	char made[CIVIL_TEXT_BYTES + 1], until[CIVIL_TEXT_BYTES + 1];
	bool former = former_find(args, made, until);
	struct buf code = { 0 };
	struct code parts;
	enum err rc;

	rc = ask_desk(args, &ask, &code, why);
	if (rc == OK)
		rc = code_get(&parts, buf_span(&code), why);
	if (rc == OK) {
		(void)printf("%.*s\n", (int)code.n, (const char *)code.p);
		(void)fprintf(stderr, say("\nMã mời cho %s, dùng một lần, trong %llu ngày. Đưa qua "
		    "đường tin cậy (ai có mã thì ghi danh được). Ở máy đó:\n"
		    "  trucban agent enrol MÃ\nMáy đó sẽ kết nối tới %s cổng %u.\n",
		    "\nA code for %s, good once, for %llu days. Hand it over by a way that you "
		    "trust (who has it can enrol). On that host:\n"
		    "  trucban agent enrol CODE\nIt will connect to %s, port %u.\n"), args->what,
		    (unsigned long long)(args->days > 0 ? args->days : 7), parts.host,
		    (unsigned)parts.port);
		if (former)
			(void)fprintf(stderr, say("Chú ý: %s đã có chứng thư, cấp lúc %s, dùng "
			    "được đến %s. Chứng thư đó còn dùng được cho tới khi có máy ghi danh "
			    "bằng mã này, rồi hết hiệu lực ngay.\n",
			    "Note: %s has a certificate already, made %s, good until %s. It stays "
			    "good until a host enrols with this code, and ends then.\n"),
			    args->what, made, until);
		explicit_bzero(&parts, sizeof parts);
		explicit_bzero(code.p, code.n);
	}
	buf_done(&code);
	return rc;
}

/* ---- issue ---- */

static enum err
issued_write(const struct agent_args *args, struct span key, struct span pem, struct why *why)
{
	const uint8_t *end = memmem(pem.p, pem.n, "-----END CERTIFICATE-----\n", 26);
	char name[256];
	size_t n = end != NULL ? (size_t)(end - pem.p) + 26 : pem.n;
	int fd = -1;
	enum err rc;

	rc = dir_open(&fd, AT_FDCWD, args->out, why);
	(void)snprintf(name, sizeof name, "%s.key", args->what);
	if (rc == OK)
		rc = file_replace(fd, name, key, why);
	(void)snprintf(name, sizeof name, "%s.crt", args->what);
	if (rc == OK)
		rc = file_replace(fd, name, span_sub(pem, 0, n), why);
	if (rc == OK)
		rc = file_replace(fd, "ca.crt", span_sub(pem, n, SIZE_MAX), why);
	file_close(&fd);
	return rc;
}

/* Before a certificate is asked for, which would be lost: can the files be written? */
static enum err
out_check(const struct agent_args *args, struct why *why)
{
	int fd = -1;
	enum err rc;

	rc = dir_make(AT_FDCWD, args->out, 0700, why);
	if (rc == OK)
		rc = dir_open(&fd, AT_FDCWD, args->out, why);
	if (rc == OK && faccessat(fd, ".", W_OK | X_OK, AT_EACCESS) != 0)
		rc = why_set(why, ERR_DENIED, "%s cannot be written by this user", args->out);
	file_close(&fd);
	return rc;
}

/* What goes into a configuration says where the files are, whatever the shell's folder was. */
static void
issued_tell(const struct agent_args *args)
{
	char *whole = realpath(args->out, NULL);
	const char *out = whole != NULL ? whole : args->out;

	(void)printf(say("Đã ghi %s/%s.key (giữ kín), %s/%s.crt, %s/ca.crt. Với rsyslog:\n"
	    "  $DefaultNetstreamDriverCAFile %s/ca.crt\n"
	    "  $DefaultNetstreamDriverCertFile %s/%s.crt\n"
	    "  $DefaultNetstreamDriverKeyFile %s/%s.key\n",
	    "Wrote %s/%s.key (keep it secret), %s/%s.crt and %s/ca.crt. For rsyslog:\n"
	    "  $DefaultNetstreamDriverCAFile %s/ca.crt\n"
	    "  $DefaultNetstreamDriverCertFile %s/%s.crt\n"
	    "  $DefaultNetstreamDriverKeyFile %s/%s.key\n"), out, args->what, out, args->what, out,
	    out, out, args->what, out, args->what);
	free(whole);
}

/* The key is made here and not sent: the registrar sees a request, as from any host. */
enum err
agent_issue(const struct agent_args *args, struct why *why)
{
	struct agents_ask ask = ask_of(args, AGENTS_ISSUE, "");
	struct buf key = { 0 }, request = { 0 }, pem = { 0 };
	char made[CIVIL_TEXT_BYTES + 1], until[CIVIL_TEXT_BYTES + 1];
	bool former = args->replace && former_find(args, made, until);
	enum err rc;

	if (args->out == NULL)
		return why_set(why, ERR_FORMAT, "say where to write the files: -o DIR");
	ask.flags = args->replace ? AGENTS_REPLACE : 0;
	rc = out_check(args, why);
	if (rc == OK)
		rc = request_new_key(&key, why);
	if (rc == OK)
		rc = request_make(buf_span(&key), &request, why);
	ask.text = buf_span(&request);
	if (rc == OK)
		rc = ask_desk(args, &ask, &pem, why);
	if (rc == OK)
		rc = issued_write(args, buf_span(&key), buf_span(&pem), why);
	if (rc == OK)
		issued_tell(args);
	if (rc == OK && former)
		(void)fprintf(stderr, say("Chứng thư trước đó của %s (cấp lúc %s, dùng được đến "
		    "%s) đã hết hiệu lực.\n",
		    "The certificate that %s had before (made %s, good until %s) has ended.\n"),
		    args->what, made, until);
	if (key.p != NULL)
		explicit_bzero(key.p, key.n);
	buf_done(&key);
	buf_done(&request);
	buf_done(&pem);
	return rc;
}

enum err
agent_revoke(const struct agent_args *args, struct why *why)
{
	struct agents_ask ask = ask_of(args, AGENTS_REVOKE, args->why);
	struct buf out = { 0 };
	enum err rc;

	rc = ask_desk(args, &ask, &out, why);
	if (rc == OK && span_is(buf_span(&out), AGENTS_UNINVITED))
		(void)printf(say("Đã hủy lời mời %s: mã mời không dùng được nữa. Máy này chưa có "
		    "chứng thư nào.\n", "The invitation of %s is cancelled: its code is good no "
		    "more. It had no certificate.\n"), args->what);
	else if (rc == OK)
		(void)printf(say("Đã thu hồi chứng thư của %s; kết nối của máy này bị đóng.\n",
		    "The certificates of %s are revoked; its connections are closed.\n"),
		    args->what);
	buf_done(&out);
	return rc;
}
