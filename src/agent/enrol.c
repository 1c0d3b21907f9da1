/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a host's papers, and when they are written: see enrol.h.
 *
 *	new.pem		the key of an enrolment that has no answer yet
 *	key.pem, ca.pem, desk, cert.pem		written in this order, then new.pem goes
 *
 * A crash leaves new.pem: the same code with the same key is answered again (agent.md, 4.6). Who is
 * refused before anything can have been issued leaves nothing.
 */
#include "agent/enrol.h"

#include <openssl/crypto.h>

#include "base/limits.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "ca/body.h"
#include "agent/enrol_int.h"

enum { FILE_BYTES = 64 << 10 };

static const char enrol_again[] = "it is not known whether the code was taken; run this again with "
    "the same code, which stays good for this host";

static void
secret_done(struct buf *b)
{
	if (b->p != NULL)
		OPENSSL_cleanse(b->p, b->cap);
	buf_done(b);
}

/*
 * The key of before, when an enrolment was interrupted and it can be used; else a new one, on disk
 * before its use. And the request that it signs.
 */
static enum err
key_get(int dirfd, struct buf *ret_key, struct buf *ret_request, bool *ret_before,
    struct why *why)
{
	enum err rc;

	rc = file_read_whole(dirfd, "new.pem", FILE_BYTES, ret_key, why);
	*ret_before = rc == OK && request_make(buf_span(ret_key), ret_request, why) == OK;
	if (*ret_before)
		return OK;
	if (rc != OK && rc != ERR_ABSENT)
		return rc;
	secret_done(ret_key);
	rc = request_new_key(ret_key, why);
	if (rc == OK)
		rc = request_make(buf_span(ret_key), ret_request, why);
	return rc == OK ? file_replace(dirfd, "new.pem", buf_span(ret_key), why) : rc;
}

/* What is of no use without the answer; as far as it goes: a later try does the same. */
static void
new_remove(int dirfd)
{
	static const char *const name[] = { "new.pem", "new.pem.tmp", "key.pem.tmp", "ca.pem.tmp",
	    "desk.tmp", "cert.pem.tmp" };

	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
		(void)file_unlink(dirfd, name[i], NULL);
	(void)dir_sync(dirfd, NULL);
}

static enum err
papers_put(int dirfd, const struct code *code, struct span key, struct span ca, struct span cert,
    struct why *why)
{
	struct buf desk = { 0 };
	enum err rc;

	buf_printf(&desk, strchr(code->host, ':') != NULL ? "[%s]:%u\n" : "%s:%u\n", code->host,
	    (unsigned)code->port);
	rc = file_replace(dirfd, "key.pem", key, why);
	if (rc == OK)
		rc = file_replace(dirfd, "ca.pem", ca, why);
	if (rc == OK)
		rc = file_replace(dirfd, "desk", buf_span(&desk), why);
	if (rc == OK)
		rc = file_replace(dirfd, "cert.pem", cert, why);
	if (rc == OK)
		rc = file_unlink(dirfd, "new.pem", why);
	if (rc == OK)
		rc = dir_sync(dirfd, why);
	buf_done(&desk);
	return rc;
}

/* Every file is one for its owner only: file_replace makes it so. */
enum err
enrol_begin(int dirfd, const struct code *code, enrol_slow *slow, struct why *why)
{
	struct buf key = { 0 }, request = { 0 }, body = { 0 }, pem = { 0 }, ca = { 0 };
	struct enrol_talk talk = { .host = code->host, .port = code->port,
	    .finger = code->finger, .path = "/agent/v1/enrol", .slow = slow };
	enum enrol_came came = ENROL_UNSENT;
	bool before = false;
	enum err rc;

	rc = key_get(dirfd, &key, &request, &before, why);
	if (rc == OK) {
		body_put(&body, code->secret, buf_span(&request));
		talk.body = buf_span(&body);
		rc = enrol_talk(&talk, &pem, &ca, &came, why);
	}
	if (rc == OK)
		rc = issued_check(buf_span(&pem), buf_span(&key), buf_span(&ca), why);
	if (rc == OK)
		rc = papers_put(dirfd, code, buf_span(&key), buf_span(&ca), buf_span(&pem), why);
	/* The key of a try before may have been taken: it stays until it is refused. */
	if (rc != OK && came == ENROL_UNSURE)
		rc = why_prefix(why, rc, "%s", enrol_again);
	else if (rc != OK && (came == ENROL_REFUSED || !before))
		new_remove(dirfd);
	secret_done(&key);
	secret_done(&body);
	buf_done(&request);
	buf_done(&pem);
	buf_done(&ca);
	return rc;
}

struct papers {
	struct buf key, cert, ca, desk;
};

static enum err
papers_read(struct papers *p, int dirfd, struct why *why)
{
	enum err rc;

	rc = file_read_whole(dirfd, "key.pem", FILE_BYTES, &p->key, why);
	if (rc == OK)
		rc = file_read_whole(dirfd, "cert.pem", FILE_BYTES, &p->cert, why);
	if (rc == OK)
		rc = file_read_whole(dirfd, "ca.pem", FILE_BYTES, &p->ca, why);
	if (rc == OK)
		rc = file_read_whole(dirfd, "desk", FILE_BYTES, &p->desk, why);
	if (rc == ERR_ABSENT)
		return why_set(why, rc, "this host is not enrolled; ask at the desk for a code "
		    "(trucban agent invite NAME), then: trucban agent enrol CODE");
	while (p->desk.n > 0 && p->desk.p[p->desk.n - 1] == '\n')
		p->desk.n--;
	return rc;
}

static void
papers_done(struct papers *p)
{
	secret_done(&p->key);
	buf_done(&p->cert);
	buf_done(&p->ca);
	buf_done(&p->desk);
}

static enum err
papers_renew(const struct papers *p, int dirfd, enrol_slow *slow, struct why *why)
{
	struct buf request = { 0 }, body = { 0 }, pem = { 0 }, ca = { 0 };
	enum enrol_came ignored;
	struct code desk;
	struct enrol_talk talk = { .host = desk.host, .ca_pem = buf_span(&p->ca),
	    .cert_pem = buf_span(&p->cert), .key_pem = buf_span(&p->key),
	    .path = "/agent/v1/renew", .slow = slow };
	enum err rc;

	rc = code_address(&desk, buf_span(&p->desk), why);
	talk.port = desk.port;
	if (rc == OK)
		rc = request_make(buf_span(&p->key), &request, why);
	if (rc == OK) {
		body_put(&body, NULL, buf_span(&request));
		talk.body = buf_span(&body);
		rc = enrol_talk(&talk, &pem, &ca, &ignored, why);
	}
	if (rc == OK)
		rc = issued_check(buf_span(&pem), buf_span(&p->key), buf_span(&ca), why);
	if (rc == OK)
		rc = file_replace(dirfd, "cert.pem", buf_span(&pem), why);
	buf_done(&request);
	buf_done(&body);
	buf_done(&pem);
	buf_done(&ca);
	return rc;
}

enum err
enrol_there(int dirfd, struct issued *ret, struct why *why)
{
	struct buf new = { 0 }, key = { 0 }, cert = { 0 };
	enum err rc;

	rc = file_read_whole(dirfd, "cert.pem", FILE_BYTES, &cert, why);
	if (rc == OK && file_read_whole(dirfd, "new.pem", FILE_BYTES, &new, NULL) == OK &&
	    file_read_whole(dirfd, "key.pem", FILE_BYTES, &key, NULL) == OK &&
	    span_eq(buf_span(&new), buf_span(&key)))
		rc = ERR_ABSENT;
	if (rc == OK)
		rc = issued_read(ret, buf_span(&cert), why);
	secret_done(&new);
	secret_done(&key);
	buf_done(&cert);
	return rc;
}

enum err
enrol_renew(int dirfd, enrol_slow *slow, struct why *why)
{
	struct papers papers = { .key = { 0 } };
	enum err rc;

	rc = papers_read(&papers, dirfd, why);
	if (rc == OK)
		rc = papers_renew(&papers, dirfd, slow, why);
	papers_done(&papers);
	return rc;
}

enum err
enrol_state(int dirfd, int64_t now_s, struct issued *ret, bool *ret_due, struct why *why)
{
	struct papers papers = { .key = { 0 } };
	enum err rc;

	rc = papers_read(&papers, dirfd, why);
	if (rc == OK)
		rc = issued_read(ret, buf_span(&papers.cert), why);
	if (rc == OK)
		*ret_due = ret->until_s - now_s <=
		    (ret->until_s - ret->from_s) / LIMIT_RENEW_PARTS;
	papers_done(&papers);
	return rc;
}
