/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One request over TLS to a desk that is known beforehand: see enrol_int.h. Who answers is checked
 * inside of the handshake: a chain without the desk's authority ends it, and nothing of ours but a
 * hello has been sent. Names in the certificate do not matter: the authority signs for no other
 * server than the desk.
 */
#include "agent/enrol_int.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/must.h"
#include "base/password.h"
#include "sys/clock.h"
#include "sys/file.h"

enum { GREET_S = 15, ANSWER_S = 40, SLOW_S = 3, ANSWER_BYTES = 128 << 10,
    STATUS_OK = 200, STATUS_BUSY = 503 };

/* How the desk was checked; for the sentence. */
struct check {
	const struct enrol_talk *talk;
	X509 *ca;			/* found, ours */
	bool stranger;			/* no certificate of the desk's authority was shown */
	int error;			/* of OpenSSL, behind that */
};

/* ---- the socket ---- */

#define SECOND_NS	INT64_C(1000000000)

/* How long one stage may take, and whether the caller was told that it does. */
struct patience {
	const struct enrol_talk *talk;
	int fd;
	enum enrol_stage stage;
	int64_t slow_ns, end_ns;
	bool told, late;		/* late: the time is over */
};

/* False: it is late. */
static bool
fd_wait(struct patience *p, short events)
{
	struct pollfd poll_fd = { .fd = p->fd, .events = events };

	for (;;) {
		int64_t now = clock_mono_ns();
		int64_t until = !p->told && p->slow_ns < p->end_ns ? p->slow_ns : p->end_ns;

		p->late = now >= p->end_ns;
		if (p->late)
			return false;
		if (!p->told && now >= p->slow_ns) {
			p->told = true;
			if (p->talk->slow != NULL)
				p->talk->slow(p->talk->host, p->talk->port, p->stage,
				    (unsigned)((p->end_ns - now) / SECOND_NS) + 1);
			continue;
		}
		if (poll(&poll_fd, 1, (int)((until - now) / 1000000) + 1) > 0)
			return true;
	}
}

/* May the call that returned rc be made again? */
static bool
ssl_again(struct patience *p, SSL *ssl, int rc)
{
	int error = SSL_get_error(ssl, rc);

	if (error == SSL_ERROR_WANT_READ)
		return fd_wait(p, POLLIN);
	return error == SSL_ERROR_WANT_WRITE && fd_wait(p, POLLOUT);
}

static int
connect_error(struct patience *p, const struct addrinfo *to)
{
	int error = 0;
	socklen_t n = sizeof error;

	if (connect(p->fd, to->ai_addr, to->ai_addrlen) == 0)
		return 0;
	if (errno != EINPROGRESS)
		return errno;
	if (!fd_wait(p, POLLOUT))
		return ETIMEDOUT;
	return getsockopt(p->fd, SOL_SOCKET, SO_ERROR, &error, &n) == 0 ? error : errno;
}

/* Each address of the name has its share of the time that is left. */
static enum err
socket_open(struct patience *p, struct why *why)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	const struct enrol_talk *talk = p->talk;
	int64_t end_ns = p->end_ns;
	struct addrinfo *list = NULL;
	char port[8];
	int rc, error = 0, left = 0;

	(void)snprintf(port, sizeof port, "%u", (unsigned)talk->port);
	rc = getaddrinfo(talk->host, port, &hints, &list);
	if (rc != 0)
		return why_set(why, ERR_ABSENT, "the desk's name %s is not known here: %s",
		    talk->host, gai_strerror(rc));
	for (const struct addrinfo *i = list; i != NULL; i = i->ai_next)
		left++;
	for (const struct addrinfo *i = list; i != NULL; i = i->ai_next, left--) {
		p->fd = socket(i->ai_family, i->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
		    i->ai_protocol);
		if (p->fd < 0)
			continue;
		p->end_ns = clock_mono_ns() + (end_ns - clock_mono_ns()) / left;
		error = connect_error(p, i);
		if (error == 0)
			break;
		file_close(&p->fd);
	}
	freeaddrinfo(list);
	p->end_ns = end_ns;
	if (p->fd < 0)
		return why_errno(why, ERR_ABSENT, error, "the desk is not reached at %s:%u; see "
		    "whether the address is right and a firewall lets it through", talk->host,
		    (unsigned)talk->port);
	return OK;
}

/* ---- who answers ---- */

static X509 *
cert_read(struct span pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
	X509 *cert = PEM_read_bio_X509(bio, NULL, password_none, NULL);

	BIO_free(bio);
	return cert;
}

/* The certificate in the chain that the fingerprint is of. */
static X509 *
pinned_find(STACK_OF(X509) *chain, const uint8_t finger[CODE_FINGER_BYTES])
{
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	for (int i = 0; i < sk_X509_num(chain); i++) {
		X509 *cert = sk_X509_value(chain, i);

		if (X509_digest(cert, EVP_sha256(), digest, &n) == 1 &&
		    n >= CODE_FINGER_BYTES && memcmp(digest, finger, CODE_FINGER_BYTES) == 0 &&
		    X509_up_ref(cert) == 1)
			return cert;
	}
	return NULL;
}

/* A server's certificate, signed by this authority alone, whose time it is. */
static int
chain_check(X509 *cert, X509 *ca, int *ret_error)
{
	X509_STORE *store = X509_STORE_new();
	X509_STORE_CTX *ctx = X509_STORE_CTX_new();
	int good;

	must(store != NULL && ctx != NULL);
	good = X509_STORE_add_cert(store, ca) == 1 &&
	    X509_STORE_CTX_init(ctx, store, cert, NULL) == 1 &&
	    X509_STORE_CTX_set_purpose(ctx, X509_PURPOSE_SSL_SERVER) == 1 &&
	    X509_verify_cert(ctx) == 1;
	*ret_error = good ? X509_V_OK : X509_STORE_CTX_get_error(ctx);
	X509_STORE_CTX_free(ctx);
	X509_STORE_free(store);
	return good;
}

/* In the place of OpenSSL's own look at the chain: its list of authorities is none of ours. */
static int
desk_verify(X509_STORE_CTX *ctx, void *arg)
{
	struct check *check = arg;
	int good = 0;

	check->ca = check->talk->ca_pem.n > 0 ? cert_read(check->talk->ca_pem) :
	    pinned_find(X509_STORE_CTX_get0_untrusted(ctx), check->talk->finger);
	check->stranger = check->ca == NULL;
	if (!check->stranger)
		good = chain_check(X509_STORE_CTX_get0_cert(ctx), check->ca, &check->error);
	X509_STORE_CTX_set_error(ctx, good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
	return good;
}

static enum err
check_say(const struct check *check, struct why *why)
{
	char now[32] = "";
	time_t clock = time(NULL);
	struct tm tm;

	if (check->stranger)
		return why_set(why, ERR_PROOF, "who answers at %s:%u is not the desk of this code: "
		    "its certificate has another fingerprint; somebody may stand in between, "
		    "nothing was told to him", check->talk->host, (unsigned)check->talk->port);
	(void)strftime(now, sizeof now, "%Y-%m-%d %H:%M:%S UTC", gmtime_r(&clock, &tm));
	if (check->error == X509_V_ERR_CERT_HAS_EXPIRED)
		return why_set(why, ERR_PROOF, "the desk's certificate is expired by this "
		    "machine's clock, which says %s; set the clock right", now);
	if (check->error == X509_V_ERR_CERT_NOT_YET_VALID)
		return why_set(why, ERR_PROOF, "the desk's certificate is not valid yet by this "
		    "machine's clock, which says %s; set the clock right", now);
	return why_set(why, ERR_PROOF, "who answers at %s:%u is not the desk of this code (%s); "
	    "somebody may stand in between, nothing was told to him", check->talk->host,
	    (unsigned)check->talk->port, X509_verify_cert_error_string(check->error));
}

/* ---- request and answer ---- */

static enum err
request_send(SSL *ssl, struct patience *p, struct why *why)
{
	const struct enrol_talk *talk = p->talk;
	struct buf out = { 0 };
	size_t n = 0;
	enum err rc = OK;
	int got;

	buf_reserve(&out, talk->body.n + 512);	/* one place for a secret, which is wiped */
	buf_printf(&out, "POST %s HTTP/1.1\r\nHost: trucban\r\nConnection: close\r\n"
	    "Content-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", talk->path, talk->body.n);
	buf_span_put(&out, talk->body);
	do
		got = SSL_write_ex(ssl, out.p, out.n, &n);
	while (got != 1 && ssl_again(p, ssl, got));
	if (got != 1)
		rc = why_set(why, ERR_ABSENT, "the desk has closed the connection");
	OPENSSL_cleanse(out.p, out.n);
	buf_done(&out);
	return rc;
}

/* Octets of the body that the head promises; SIZE_MAX: nothing that we understand. */
static size_t
length_said(struct span head)
{
	static const struct span name = { (const uint8_t *)"\r\nContent-Length: ", 18 };
	const uint8_t *at = memmem(head.p, head.n, name.p, name.n);
	size_t v = 0;

	if (at == NULL)
		return SIZE_MAX;
	for (at += name.n; at < head.p + head.n && *at >= '0' && *at <= '9'; at++) {
		v = v * 10 + (size_t)(*at - '0');
		if (v > ANSWER_BYTES)
			return SIZE_MAX;
	}
	return v;
}

/* answer = "HTTP/1.1 " 3DIGIT ... CRLF CRLF body */
static enum err
answer_split(struct span answer, unsigned *ret_status, struct span *ret_body, struct why *why)
{
	const uint8_t *end = memmem(answer.p, answer.n, "\r\n\r\n", 4);
	struct span head = { answer.p, 0 };
	unsigned status = 0;

	if (end != NULL)
		head.n = (size_t)(end - answer.p);
	if (head.n < 12 || !span_starts(head, SPAN("HTTP/1.1 ")))
		return why_set(why, ERR_ABSENT, "the desk's answer is not whole");
	for (unsigned i = 9; i < 12; i++)
		status = head.p[i] >= '0' && head.p[i] <= '9' ?
		    status * 10 + (unsigned)(head.p[i] - '0') : 0;
	*ret_body = span_sub(answer, head.n + 4, SIZE_MAX);
	if (status < 100 || ret_body->n != length_said(head))
		return why_set(why, ERR_ABSENT, "the desk's answer is not whole");
	*ret_status = status;
	return OK;
}

static enum err
answer_judge(unsigned status, struct span body, struct buf *ret_pem, struct why *why)
{
	enum err rc = status == 403 || status == 410 || status == 401 ? ERR_DENIED :
	    status == 429 || status == STATUS_BUSY ? ERR_BUSY : ERR_FORMAT;

	if (status == STATUS_OK) {
		buf_span_put(ret_pem, body);
		return OK;
	}
	while (body.n > 0 && (body.p[body.n - 1] == '\n' || body.p[body.n - 1] == '\r'))
		body.n--;
	/* Foreign words on our screen: nothing that moves a cursor. */
	for (size_t i = 0; i < body.n; i++)
		if (body.p[i] < 0x20 || body.p[i] == 0x7f)
			body.n = i;
	return why_set(why, rc, "the desk says: %.*s", (int)(body.n < 300 ? body.n : 300),
	    (const char *)body.p);
}

static enum err
answer_read(SSL *ssl, struct patience *p, struct buf *ret_pem, enum enrol_came *ret_came,
    struct why *why)
{
	struct buf in = { 0 };
	struct span body = { NULL, 0 };
	unsigned status = 0;
	size_t n = 1;
	enum err rc = OK;
	int got = 1;

	do {
		buf_reserve(&in, 16384);
		got = SSL_read_ex(ssl, in.p + in.n, 16384, &n);
		in.n += got == 1 ? n : 0;
	} while (in.n < ANSWER_BYTES && (got == 1 || ssl_again(p, ssl, got)));
	/* A client's refusal comes here: TLS 1.3 has let us write before it. */
	if (in.n == 0 && SSL_get_error(ssl, got) == SSL_ERROR_SSL)
		rc = why_set(why, ERR_DENIED, "the desk has closed the connection; it does not "
		    "take this certificate: it was revoked, replaced or has expired");
	else if (p->late)
		rc = why_set(why, ERR_ABSENT, "the desk at %s:%u took the request and gave no "
		    "answer within %d s; see there: trucban status", p->talk->host,
		    (unsigned)p->talk->port, ANSWER_S);
	else if (in.n == 0)
		rc = why_set(why, ERR_ABSENT, "the desk has closed the connection");
	if (rc == OK)
		rc = answer_split(buf_span(&in), &status, &body, why);
	if (rc == OK) {
		rc = answer_judge(status, body, ret_pem, why);
		if (status != STATUS_OK && status != STATUS_BUSY)
			*ret_came = ENROL_REFUSED;
	}
	ERR_clear_error();
	buf_done(&in);
	return rc;
}

/* ---- all of it ---- */

static enum err
own_use(SSL_CTX *ctx, const struct enrol_talk *talk, struct why *why)
{
	BIO *bio;
	EVP_PKEY *key;
	X509 *cert;
	bool fits;

	if (talk->cert_pem.n == 0)
		return OK;
	cert = cert_read(talk->cert_pem);
	bio = BIO_new_mem_buf(talk->key_pem.p, (int)talk->key_pem.n);
	key = PEM_read_bio_PrivateKey(bio, NULL, password_none, NULL);
	fits = cert != NULL && key != NULL && SSL_CTX_use_certificate(ctx, cert) == 1 &&
	    SSL_CTX_use_PrivateKey(ctx, key) == 1;
	EVP_PKEY_free(key);
	BIO_free(bio);
	X509_free(cert);
	ERR_clear_error();
	return fits ? OK : why_set(why, ERR_FORMAT, "key.pem and cert.pem do not fit; enrol again "
	    "with a new code");
}

/* The handshake, within what is left of the time to greet. */
static enum err
greet(SSL *ssl, struct patience *p, const struct check *check, struct why *why)
{
	bool told;
	int rc;

	p->stage = ENROL_GREETS;
	do
		rc = SSL_connect(ssl);
	while (rc != 1 && ssl_again(p, ssl, rc));
	if (rc == 1)
		return OK;
	told = check->stranger || check->error != X509_V_OK;
	ERR_clear_error();
	if (told)
		return check_say(check, why);
	if (p->late)
		return why_set(why, ERR_ABSENT, "no TLS at %s:%u: it takes the connection and says "
		    "nothing for %d s; is that the desk's listener of kind http with cert: "
		    "own, and does no firewall hold it up?", p->talk->host,
		    (unsigned)p->talk->port, GREET_S);
	return why_set(why, ERR_ABSENT, "no TLS at %s:%u; is that the desk's listener of kind http "
	    "with cert: own?", p->talk->host, (unsigned)p->talk->port);
}

static enum err
talk_over(SSL *ssl, struct patience *p, struct check *check, struct buf *ret_pem,
    struct buf *ret_ca, enum enrol_came *ret_came, struct why *why)
{
	enum err rc = greet(ssl, p, check, why);
	BIO *bio;
	char *pem;
	long n;

	if (rc != OK)
		return rc;
	must(check->ca != NULL);
	*ret_came = ENROL_UNSURE;
	p->stage = ENROL_ANSWERS;
	p->slow_ns = clock_mono_ns() + SLOW_S * SECOND_NS;
	p->end_ns = clock_mono_ns() + ANSWER_S * SECOND_NS;
	rc = request_send(ssl, p, why);
	if (rc == OK)
		rc = answer_read(ssl, p, ret_pem, ret_came, why);
	if (rc != OK)
		return rc;
	bio = BIO_new(BIO_s_mem());
	must(bio != NULL && PEM_write_bio_X509(bio, check->ca) == 1);
	n = BIO_get_mem_data(bio, &pem);
	buf_put(ret_ca, pem, (size_t)n);
	BIO_free(bio);
	return OK;
}

enum err
enrol_talk(const struct enrol_talk *talk, struct buf *ret_pem, struct buf *ret_ca,
    enum enrol_came *ret_came, struct why *why)
{
	int64_t now = clock_mono_ns();
	struct patience p = { .talk = talk, .fd = -1, .stage = ENROL_CONNECTS,
	    .slow_ns = now + SLOW_S * SECOND_NS, .end_ns = now + GREET_S * SECOND_NS };
	struct check check = { .talk = talk };
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
	SSL *ssl = NULL;
	enum err rc;

	must(ctx != NULL);
	*ret_came = ENROL_UNSENT;
	/* TLS writes with write(2): a desk that went away must not end the process. */
	(void)signal(SIGPIPE, SIG_IGN);
	SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION);
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx, desk_verify, &check);
	rc = own_use(ctx, talk, why);
	if (rc == OK)
		rc = socket_open(&p, why);
	if (rc == OK) {
		ssl = SSL_new(ctx);
		must(ssl != NULL && SSL_set_fd(ssl, p.fd) == 1);
		rc = talk_over(ssl, &p, &check, ret_pem, ret_ca, ret_came, why);
		(void)SSL_shutdown(ssl);
	}
	X509_free(check.ca);
	SSL_free(ssl);
	SSL_CTX_free(ctx);
	ERR_clear_error();
	file_close(&p.fd);
	return rc;
}
