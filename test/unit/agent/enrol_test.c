/* SPDX-License-Identifier: Apache-2.0 */
/* Tests agent/enrol.c without a desk: what papers are there, and when they are due. */
#include "check.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "agent/enrol.h"

enum { FROM_S = 1800000000, PART_S = 86400 };

static char path[] = "/tmp/trucban-enrol-XXXXXX";
static int dirfd_ = -1;

static void
put(const char *name, struct span text)
{
	must(file_replace(dirfd_, name, text, NULL) == OK);
}

/* Papers that are good for LIMIT_RENEW_PARTS days, as an enrolment writes them. */
static void
papers_make(void)
{
	struct authority_cert of = { .serial = { 0x40, 1 }, .from_s = FROM_S, .name = "web",
	    .until_s = FROM_S + LIMIT_RENEW_PARTS * PART_S };
	struct buf key = { 0 }, pem = { 0 }, cert = { 0 };
	struct authority *a = NULL;
	struct request *request = NULL;

	must(authority_make(&a, &of, NULL) == OK && request_new_key(&key, NULL) == OK &&
	    request_make(buf_span(&key), &pem, NULL) == OK &&
	    request_read(&request, buf_span(&pem), NULL) == OK &&
	    authority_client(a, &of, request, &cert, NULL) == OK);
	put("key.pem", buf_span(&key));
	put("cert.pem", buf_span(&cert));
	put("ca.pem", SPAN("x"));
	put("desk", SPAN("10.0.0.5:6515\n"));
	request_free(&request);
	authority_free(&a);
	buf_done(&key);
	buf_done(&pem);
	buf_done(&cert);
}

static bool
due_at(int64_t now_s)
{
	struct issued issued;
	bool due = false;

	check_int(enrol_state(dirfd_, now_s, &issued, &due, NULL), OK);
	check(span_is(span_str(issued.name), "web"));
	return due;
}

static void
a_certificate_is_due_in_its_last_third(void)
{
	const int64_t last_s = FROM_S + (LIMIT_RENEW_PARTS - 1) * PART_S;

	papers_make();
	check(!due_at(FROM_S));
	check(!due_at(last_s - 1));
	check(due_at(last_s));
	check(due_at(last_s + 10 * PART_S));
}

static void
papers_that_were_half_written_are_none(void)
{
	struct issued issued;
	struct buf key = { 0 };

	must(file_unlink(dirfd_, "cert.pem", NULL) == OK);
	check_int(enrol_there(dirfd_, &issued, NULL), ERR_ABSENT);
	papers_make();
	check_int(enrol_there(dirfd_, &issued, NULL), OK);
	/* Another enrolment that was refused or broke off: these papers are whole. */
	put("new.pem", SPAN("another key"));
	check_int(enrol_there(dirfd_, &issued, NULL), OK);
	/* The last of the files was not written, or new.pem not removed. */
	must(file_read_whole(dirfd_, "key.pem", 4096, &key, NULL) == OK);
	put("new.pem", buf_span(&key));
	check_int(enrol_there(dirfd_, &issued, NULL), ERR_ABSENT);
	must(file_unlink(dirfd_, "new.pem", NULL) == OK);
	put("cert.pem", SPAN("no certificate"));
	check_int(enrol_there(dirfd_, &issued, NULL), ERR_FORMAT);
	buf_done(&key);
}

int
main(void)
{
	static const char *const name[] = { "key.pem", "cert.pem", "ca.pem", "desk" };

	must(mkdtemp(path) != NULL && dir_open(&dirfd_, AT_FDCWD, path, NULL) == OK);
	run(a_certificate_is_due_in_its_last_third);
	run(papers_that_were_half_written_are_none);
	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
		(void)file_unlink(dirfd_, name[i], NULL);
	(void)rmdir(path);
	return check_done();
}
