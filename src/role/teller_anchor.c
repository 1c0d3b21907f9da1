/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places outside of this machine, one kind each: doc/formats/seal.md, section 5. A server that does
 * not answer holds up nobody who is to be told: teller_wait goes on meanwhile.
 */
#include "role/teller_int.h"

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/must.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/sock.h"
#include "model/witness.h"
#include "role/heard.h"

enum { NET_TIMEOUT_S = 20 };

static enum err
tell_file(struct teller *t, struct place *p, struct why *why)
{
	const char *slash = strrchr(p->conf->target, '/');
	int fd = -1;
	enum err rc;

	if (p->dirfd < 0)
		return why_set(why, ERR_ABSENT, "the directory of %s was not there at the start",
		    p->conf->target);
	rc = file_open(&fd, p->dirfd, slash != NULL ? slash + 1 : p->conf->target, FILE_APPEND,
	    why);
	buf_u8(&t->line, '\n');
	if (rc == OK)
		rc = file_write_all(fd, buf_span(&t->line), why);
	if (rc == OK)
		rc = file_sync(fd, why);
	t->line.n--;
	file_close(&fd);
	return rc;
}

/* RFC 5424 by UDP (RFC 5426); facility 13 (log audit), severity 6. */
static enum err
tell_syslog(struct teller *t, struct place *p, struct why *why)
{
	uint8_t stamp[CIVIL_TEXT_BYTES];
	size_t n = civil_put(stamp, clock_wall_ns(), 3, 0);
	struct buf packet = { 0 };
	char host[256] = "-";
	int fd = -1;
	enum err rc;

	(void)gethostname(host, sizeof host - 1);
	buf_printf(&packet, "<110>1 %.*s %s trucban - anchor - %.*s", (int)n, (char *)stamp, host,
	    (int)t->line.n, (char *)t->line.p);
	rc = sock_connect(&fd, p->conf->target, SOCK_KIND_DATAGRAM, 2000, why);
	if (rc == OK && write(fd, packet.p, packet.n) != (ssize_t)packet.n)
		rc = why_set(why, ERR_IO, "the datagram could not be sent");
	file_close(&fd);
	buf_done(&packet);
	return rc;
}

struct upload {
	struct span left;
};

static size_t
on_upload(char *at, size_t size, size_t n, void *arg)
{
	struct upload *u = arg;
	size_t take = size * n < u->left.n ? size * n : u->left.n;

	memcpy(at, u->left.p, take);
	u->left = span_sub(u->left, take, u->left.n);
	return take;
}

static CURL *
curl_ready(const char *url)
{
	CURL *curl = curl_easy_init();

	must(curl != NULL);
	(void)curl_easy_setopt(curl, CURLOPT_URL, url);
	(void)curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)NET_TIMEOUT_S);
	(void)curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	return curl;
}

/* smtp://host:port/RECIPIENT (smtps too); the line is subject and body. */
static enum err
tell_mail(struct teller *t, struct place *p, struct why *why)
{
	const char *slash = strrchr(p->conf->target, '/');
	struct curl_slist *to = NULL;
	struct buf mail = { 0 };
	struct upload upload;
	char url[CONF_PATH];
	CURLcode code;
	CURL *curl;

	if (slash == NULL || slash[1] == '\0' || strchr(slash, '@') == NULL)
		return why_set(why, ERR_FORMAT, "the target of a mail anchor is "
		    "smtp://host:port/person@host");
	(void)snprintf(url, sizeof url, "%.*s", (int)(slash - p->conf->target), p->conf->target);
	buf_printf(&mail, "From: <%s>\r\nTo: <%s>\r\nSubject: %.*s\r\n"
	    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%.*s\r\n\r\n",
	    p->conf->from, slash + 1, (int)t->line.n, (char *)t->line.p, (int)t->line.n,
	    (char *)t->line.p);
	for (struct span rest = buf_span(&t->note); rest.n > 0;) {
		struct span line = span_cut(&rest, '\n');

		buf_printf(&mail, "%.*s\r\n", (int)line.n, (const char *)line.p);
	}
	upload.left = buf_span(&mail);
	curl = curl_ready(url);
	to = curl_slist_append(to, slash + 1);
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
	(void)curl_easy_setopt(curl, CURLOPT_USE_SSL, (long)CURLUSESSL_TRY);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_FROM, p->conf->from);
	(void)curl_easy_setopt(curl, CURLOPT_MAIL_RCPT, to);
	(void)curl_easy_setopt(curl, CURLOPT_UPLOAD, 1L);
	(void)curl_easy_setopt(curl, CURLOPT_READFUNCTION, on_upload);
	(void)curl_easy_setopt(curl, CURLOPT_READDATA, &upload);
	code = net_perform(t->net, curl, teller_wait, t);
	curl_slist_free_all(to);
	curl_easy_cleanup(curl);
	buf_done(&mail);
	return code == CURLE_OK ? OK : why_set(why, ERR_IO, "%s: %s", url,
	    curl_easy_strerror(code));
}

/* Cosignatures are kept beside the checkpoint that they are for. */
static enum err
cosignature_keep(struct teller *t, struct place *p, struct why *why)
{
	struct note_key key;
	struct buf kept = { 0 };
	char name[NOTE_NAME_BYTES + 32];
	uint64_t time_s;
	enum err rc;

	rc = note_key_get(&key, span_str(p->conf->vkey), why);
	buf_span_put(&kept, buf_span(&t->note));
	if (rc == OK)
		rc = witness_answer_get(&kept, &time_s, buf_span(&t->note),
		    buf_span(&t->answer), &key, why);
	(void)snprintf(name, sizeof name, "cosigned-%08x", key.id);
	if (rc == OK)
		rc = file_replace(t->anchor_fd, name, buf_span(&kept), why);
	buf_done(&kept);
	return rc;
}

static enum err
witness_post(struct teller *t, struct place *p, long *ret_status, struct why *why)
{
	struct tlog_reader reader = tiles_reader(t->tiles, t->checkpoint.size);
	struct tlog_proof proof;
	struct buf body = { 0 };
	char url[CONF_PATH + 32];
	CURLcode code;
	CURL *curl;
	enum err rc;

	rc = tlog_consistency(&reader, p->size, t->checkpoint.size, &proof, why);
	if (rc != OK)
		return rc;
	witness_request_put(&body, p->size, &proof, buf_span(&t->note));
	(void)snprintf(url, sizeof url, "%s/add-checkpoint", p->conf->target);
	curl = curl_ready(url);
	t->answer.n = 0;
	(void)curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.p);
	(void)curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)body.n);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, heard_take);
	(void)curl_easy_setopt(curl, CURLOPT_WRITEDATA, &t->answer);
	code = net_perform(t->net, curl, teller_wait, t);
	(void)curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, ret_status);
	curl_easy_cleanup(curl);
	buf_done(&body);
	return code == CURLE_OK ? OK : why_set(why, ERR_IO, "%s: %s", url,
	    curl_easy_strerror(code));
}

/* C2SP tlog-witness: after a 409 the witness's own size is the old one, once. */
static enum err
tell_witness(struct teller *t, struct place *p, struct why *why)
{
	long status = 0;
	enum err rc;

	rc = witness_post(t, p, &status, why);
	if (rc == OK && status == 409) {
		rc = witness_conflict_get(&p->size, buf_span(&t->answer), why);
		if (rc == OK && p->size > t->checkpoint.size)
			return why_set(why, ERR_PROOF, "the witness has seen %llu entries, "
			    "this tree has %llu: "
			    "the store was rolled back", (unsigned long long)p->size,
			    (unsigned long long)t->checkpoint.size);
		if (rc == OK)
			rc = witness_post(t, p, &status, why);
	}
	if (rc != OK)
		return rc;
	if (status != 200)
		return why_set(why, ERR_DENIED, "the witness answers %ld", status);
	return cosignature_keep(t, p, why);
}

typedef enum err tell_fn(struct teller *t, struct place *p, struct why *why);

static tell_fn *const tell[] = {
	[CONF_ANCHOR_FILE] = tell_file, [CONF_ANCHOR_SYSLOG] = tell_syslog,
	[CONF_ANCHOR_MAIL] = tell_mail, [CONF_ANCHOR_WITNESS] = tell_witness,
};

enum err
teller_anchor(struct teller *t, struct place *p, struct why *why)
{
	return tell[p->conf->kind](t, p, why);
}
