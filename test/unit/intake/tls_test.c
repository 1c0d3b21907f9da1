/* SPDX-License-Identifier: Apache-2.0 */
/* Tests intake/tls.c and TLS in intake/conn.c: syslog (RFC 5425), RELP and HTTP inside of it. */
#include "fake.h"

#include "sys/clock.h"
#include "intake/denials.h"
#include "intake/intake_int.h"

#include <stdio.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

/* A key and its certificate, in both forms. */
struct paper {
	EVP_PKEY *key;
	X509 *cert;
	struct buf key_pem, cert_pem;
};

static struct paper ca, server, client, stranger;
static long aged;		/* s that the next paper is later made than now */

static void
pem_out(struct buf *out, BIO *bio)
{
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	buf_put(out, p, (size_t)n);
	BIO_free(bio);
}

static void
name_add(X509 *cert, const char *text)
{
	X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, text);

	must(ext != NULL && X509_add_ext(cert, ext, -1) == 1);
	X509_EXTENSION_free(ext);
}

/* common: CN of the subject, or NULL; names: of the extension, or NULL. */
static void
paper_make(struct paper *paper, const char *common, const char *names, const struct paper *issuer)
{
	X509_NAME *subject;
	BIO *bio;

	paper->key = EVP_EC_gen("P-256");
	paper->cert = X509_new();
	must(paper->key != NULL && X509_set_version(paper->cert, 2) == 1);
	ASN1_INTEGER_set(X509_get_serialNumber(paper->cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(paper->cert), -3600 + aged);
	X509_gmtime_adj(X509_getm_notAfter(paper->cert), 3600 + aged);
	subject = X509_get_subject_name(paper->cert);
	must(X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_UTF8, (const uint8_t *)"test", -1,
	    -1, 0) == 1);
	if (common != NULL)
		must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
		    (const uint8_t *)common, -1, -1, 0) == 1);
	if (names != NULL)
		name_add(paper->cert, names);
	if (issuer == NULL) {
		X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, NID_basic_constraints,
		    "critical,CA:TRUE");

		must(X509_add_ext(paper->cert, ext, -1) == 1);
		X509_EXTENSION_free(ext);
		issuer = paper;
	}
	must(X509_set_issuer_name(paper->cert, X509_get_subject_name(issuer->cert)) == 1);
	must(X509_set_pubkey(paper->cert, paper->key) == 1);
	must(X509_sign(paper->cert, issuer->key, EVP_sha256()) > 0);
	bio = BIO_new(BIO_s_mem());
	must(PEM_write_bio_X509(bio, paper->cert) == 1);
	pem_out(&paper->cert_pem, bio);
	bio = BIO_new(BIO_s_mem());
	must(PEM_write_bio_PrivateKey(bio, paper->key, NULL, NULL, 0, NULL, NULL) == 1);
	pem_out(&paper->key_pem, bio);
}

static void
paper_done(struct paper *paper)
{
	EVP_PKEY_free(paper->key);
	X509_free(paper->cert);
	buf_done(&paper->key_pem);
	buf_done(&paper->cert_pem);
}

static struct intake_listener
tls_door(uint8_t kind, uint8_t clients)
{
	return (struct intake_listener){ .name = SPAN("tls"), .kind = kind, .trust = TRUST_PEER,
	    .clients = clients, .cert_pem = buf_span(&server.cert_pem),
	    .key_pem = buf_span(&server.key_pem), .ca_pem = buf_span(&ca.cert_pem) };
}

/* ---- a client ---- */

struct caller {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

static struct span
caller_got(struct caller *caller)
{
	static uint8_t room[65536];
	size_t n = 0, got;

	while (n < sizeof room && SSL_read_ex(caller->ssl, room + n, sizeof room - n, &got) == 1)
		n += got;
	ERR_clear_error();
	return span_of(room, n);
}

/* True when both sides have shaken hands. */
static bool
caller_begin(struct caller *caller, struct fake *fake, const struct paper *own)
{
	caller->ctx = SSL_CTX_new(TLS_client_method());
	if (own != NULL)
		must(SSL_CTX_use_certificate(caller->ctx, own->cert) == 1 &&
		    SSL_CTX_use_PrivateKey(caller->ctx, own->key) == 1);
	caller->fd = fake_connect(fake, 0);
	caller->ssl = SSL_new(caller->ctx);
	SSL_set_fd(caller->ssl, caller->fd);
	for (int i = 0; i < 50; i++) {
		if (SSL_connect(caller->ssl) == 1)
			break;
		fake_turns(fake, 2);
	}
	fake_turns(fake, 4);
	/* A refusal comes after the client's own last word (TLS 1.3). */
	(void)caller_got(caller);
	return SSL_is_init_finished(caller->ssl) == 1 && !fake_closed(caller->fd);
}

static void
caller_end(struct caller *caller)
{
	SSL_free(caller->ssl);
	SSL_CTX_free(caller->ctx);
	close(caller->fd);
	ERR_clear_error();
}

static void
caller_send(struct caller *caller, struct fake *fake, struct span s)
{
	while (s.n > 0) {
		size_t n = 0;

		if (SSL_write_ex(caller->ssl, s.p, s.n < 16000 ? s.n : 16000, &n) == 1)
			s = span_sub(s, n, SIZE_MAX);
		fake_turns(fake, 1);
	}
	fake_turns(fake, 4);
}

/* ---- tests ---- */

static void
records_come_through_tls_with_the_name_on_the_certificate(void)
{
	struct intake_listener listener = tls_door(INTAKE_TCP, INTAKE_CLIENTS_REQUIRED);
	struct fake *fake = fake_new(&listener, 1, 0);
	struct caller caller;
	const struct source *source;

	fake->auto_ack = true;
	check(caller_begin(&caller, fake, &client));
	caller_send(&caller, fake, SPAN("6 <1>one6 <1>two"));
	check_int(fake->nrow, 2);
	source = fake->source[fake->row[0].source];
	check_span(source->identity, SPAN("gateway-7"));
	check_span(source->peer, SPAN("127.0.0.1"));
	check_int(source->trust, TRUST_IDENTITY);
	caller_end(&caller);
	fake_free(&fake);
}

static void
a_certificate_without_common_name_is_known_by_its_first_dns_name(void)
{
	struct intake_listener listener = tls_door(INTAKE_TCP, INTAKE_CLIENTS_OPTIONAL);
	struct fake *fake = fake_new(&listener, 1, 0);
	struct paper nameless = { 0 };
	struct caller caller;

	fake->auto_ack = true;
	paper_make(&nameless, NULL, "IP:192.0.2.1,DNS:fw.example.vn", &ca);
	check(caller_begin(&caller, fake, &nameless));
	caller_send(&caller, fake, SPAN("6 <1>one"));
	check_int(fake->nrow, 1);
	check_span(fake->source[fake->row[0].source]->identity, SPAN("fw.example.vn"));
	caller_end(&caller);
	paper_done(&nameless);
	fake_free(&fake);
}

static void
whom_the_policy_does_not_know_stays_outside(void)
{
	static const struct { uint8_t clients; struct paper *own; bool in; } cases[] = {
		{ INTAKE_CLIENTS_REQUIRED, NULL, false },
		{ INTAKE_CLIENTS_REQUIRED, &stranger, false },
		{ INTAKE_CLIENTS_OPTIONAL, &stranger, false },
		{ INTAKE_CLIENTS_OPTIONAL, NULL, true },
		{ INTAKE_CLIENTS_ANY, NULL, true },
		{ INTAKE_CLIENTS_ANY, &stranger, true },
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct intake_listener listener = tls_door(INTAKE_TCP, cases[i].clients);
		struct fake *fake = fake_new(&listener, 1, 0);
		struct caller caller;

		fake->auto_ack = true;
		if (!check_int(caller_begin(&caller, fake, cases[i].own), cases[i].in))
			printf("case %zu\n", i);
		check_int(fake_counter(fake, "intake.tls.handshakes_failed"), !cases[i].in);
		if (cases[i].in) {
			caller_send(&caller, fake, SPAN("6 <1>one"));
			check_int(fake->nrow, 1);
			check_int(fake->source[fake->row[0].source]->identity.n, 0);
			check_int(fake->source[fake->row[0].source]->trust, TRUST_PEER);
		}
		caller_end(&caller);
		fake_free(&fake);
	}
}

/* What the door says of the only one who was not let in. */
static bool
denied_of(struct fake *fake, struct buf *list, struct denied *ret)
{
	struct cur in;

	denials_again(fake->intake->denials);
	must(denials_put(fake->intake->denials, clock_wall_ns() / 1000000000, list));
	in = cur_of(buf_span(list));
	if (!check_int(cur_varint(&in), 1))
		return false;
	denied_get(&in, ret);
	return check(cur_done(&in));
}

static void
who_was_not_let_in_is_known_by_address_cause_and_shown_name(void)
{
	struct paper expired = { 0 }, early = { 0 };
	const struct {
		const struct paper *own;
		enum denied_cause cause;
		const char *name;
	} row[] = {
		{ NULL, DENIED_NONE, "" }, { &stranger, DENIED_UNKNOWN, "gateway-7" },
		{ &expired, DENIED_EXPIRED, "old?" }, { &early, DENIED_EARLY, "new" } };

	aged = -7200;
	paper_make(&expired, "old\x01", NULL, &ca);
	aged = 7200;
	paper_make(&early, "new", NULL, &ca);
	aged = 0;
	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		struct intake_listener listener = tls_door(INTAKE_TCP, INTAKE_CLIENTS_REQUIRED);
		struct fake *fake = fake_new(&listener, 1, 0);
		struct buf list = { 0 };
		struct caller caller;
		struct denied d;

		check(!caller_begin(&caller, fake, row[i].own));
		if (check(denied_of(fake, &list, &d))) {
			check_int(d.cause, row[i].cause);
			check_span(d.name, span_str(row[i].name));
			check_span(d.peer, SPAN("127.0.0.1"));
			check_span(d.listener, SPAN("tls"));
			check_int(d.times, 1);
		}
		buf_done(&list);
		caller_end(&caller);
		fake_free(&fake);
	}
	paper_done(&expired);
	paper_done(&early);
}

static void
plain_text_on_a_tls_door_is_a_failed_handshake(void)
{
	struct intake_listener listener = tls_door(INTAKE_TCP, INTAKE_CLIENTS_ANY);
	struct fake *fake = fake_new(&listener, 1, 0);
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("<13>hello world, this is not TLS\n"));
	(void)fake_got(fd);
	check(fake_closed(fd));
	check_int(fake_counter(fake, "intake.tls.handshakes_failed"), 1);
	check_int(fake_counter(fake, "intake.tls.connections"), 0);
	close(fd);
	fake_free(&fake);
}

static void
relp_and_http_answer_through_tls_after_the_ack(void)
{
	struct intake_listener relp = tls_door(INTAKE_RELP, INTAKE_CLIENTS_ANY);
	struct intake_listener http = tls_door(INTAKE_HTTP, INTAKE_CLIENTS_ANY);
	struct fake *fake = fake_new(&relp, 1, 0);
	struct caller caller;

	check(caller_begin(&caller, fake, NULL));
	caller_send(&caller, fake, SPAN("1 open 30 relp_version=0\ncommands=syslog\n"
	    "2 syslog 3 one\n"));
	check(fake_has(caller_got(&caller), "1 rsp "));
	check_int(caller_got(&caller).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check_span(caller_got(&caller), SPAN("2 rsp 6 200 OK\n"));
	caller_end(&caller);
	fake_free(&fake);

	fake = fake_new(&http, 1, 0);
	check(caller_begin(&caller, fake, NULL));
	caller_send(&caller, fake, SPAN("POST /insert/jsonline HTTP/1.1\r\n"
	    "Content-Length: 3\r\n\r\n{}\n"));
	check_int(caller_got(&caller).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check(fake_has(caller_got(&caller), "HTTP/1.1 200 OK"));
	caller_end(&caller);
	fake_free(&fake);
}

static void
large_records_come_whole_through_tls(void)
{
	struct intake_listener listener = tls_door(INTAKE_TCP, INTAKE_CLIENTS_ANY);
	struct fake *fake = fake_new(&listener, 1, 0);
	uint8_t *big = xmalloc(700000);
	struct caller caller;

	fake->auto_ack = true;
	for (size_t i = 0; i < 700000; i++)
		big[i] = (uint8_t)('a' + i % 23);
	big[0] = '<';
	check(caller_begin(&caller, fake, NULL));
	caller_send(&caller, fake, SPAN("700000 "));
	caller_send(&caller, fake, span_of(big, 700000));
	caller_send(&caller, fake, SPAN("3 end"));
	check_int(fake->nrow, 2);
	check(span_eq(buf_span(&fake->row[0].raw), span_of(big, 700000)));
	check_span(buf_span(&fake->row[1].raw), SPAN("end"));
	free(big);
	caller_end(&caller);
	fake_free(&fake);
}

/* What a listener with this certificate and key says. */
static enum err
open_with(struct span cert, struct span key, struct span authority, uint8_t clients)
{
	struct intake_listener listener = tls_door(INTAKE_TCP, clients);
	struct intake_conf conf = { .listener = &listener, .nlistener = 1,
	    .parser = &fake_parser };
	struct intake *intake = NULL;
	struct why why = { "" };
	enum err rc;

	listener.cert_pem = cert;
	listener.key_pem = key;
	listener.ca_pem = authority;
	listener.fd = 0;
	conf.base = event_base_new();
	rc = intake_new(&intake, &conf, &why);
	check(rc == OK || why.text[0] != '\0');
	intake_free(&intake);
	event_base_free(conf.base);
	return rc;
}

static void
bad_certificates_and_keys_are_refused_at_the_start(void)
{
	struct span cert = buf_span(&server.cert_pem), key = buf_span(&server.key_pem);
	struct span authority = buf_span(&ca.cert_pem);

	check_int(open_with(SPAN("junk"), key, authority, INTAKE_CLIENTS_ANY), ERR_FORMAT);
	check_int(open_with(cert, SPAN("junk"), authority, INTAKE_CLIENTS_ANY), ERR_FORMAT);
	check_int(open_with(cert, SPAN(""), authority, INTAKE_CLIENTS_ANY), ERR_FORMAT);
	check_int(open_with(cert, buf_span(&client.key_pem), authority, INTAKE_CLIENTS_ANY),
	    ERR_FORMAT);
	check_int(open_with(cert, key, SPAN(""), INTAKE_CLIENTS_REQUIRED), ERR_FORMAT);
	check_int(open_with(cert, key, SPAN("junk"), INTAKE_CLIENTS_OPTIONAL), ERR_FORMAT);
}

int
main(void)
{
	paper_make(&ca, "test authority", NULL, NULL);
	paper_make(&server, "desk", "DNS:localhost", &ca);
	paper_make(&client, "gateway-7", "DNS:other", &ca);
	paper_make(&stranger, "gateway-7", NULL, NULL);
	run(records_come_through_tls_with_the_name_on_the_certificate);
	run(a_certificate_without_common_name_is_known_by_its_first_dns_name);
	run(whom_the_policy_does_not_know_stays_outside);
	run(who_was_not_let_in_is_known_by_address_cause_and_shown_name);
	run(plain_text_on_a_tls_door_is_a_failed_handshake);
	run(relp_and_http_answer_through_tls_after_the_ack);
	run(large_records_come_whole_through_tls);
	run(bad_certificates_and_keys_are_refused_at_the_start);
	paper_done(&ca);
	paper_done(&server);
	paper_done(&client);
	paper_done(&stranger);
	return check_done();
}
