/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests intake/enrols.c and door_enrol.c: a registrar that this program plays says who may come in;
 * certificates are made by the room ca, as the real one does.
 */
#include "fake.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "ca/authority.h"
#include "sys/clock.h"
#include "wire/clients.h"

/* What one client holds. */
struct papers {
	struct buf key, cert;
	uint8_t serial[ROLL_SERIAL_BYTES];
};

static struct authority *ours, *theirs;
static struct papers web, db, stranger;
static struct buf chain, chain_key, ca_pem;
static struct chan *registrar;

static int64_t
now_s(void)
{
	return clock_wall_ns() / 1000000000;
}

static struct authority_cert
say(uint8_t number, const char *name)
{
	return (struct authority_cert){ .serial = { 0x40, number }, .name = name,
	    .from_s = now_s() - 60, .until_s = now_s() + 3600 };
}

static struct authority *
authority_of(const char *name)
{
	struct authority_cert cert = say(1, name);
	struct authority *a = NULL;

	must(authority_make(&a, &cert, NULL) == OK);
	return a;
}

static void
papers_make(struct papers *p, const struct authority *a, uint8_t number, const char *name)
{
	struct authority_cert cert = say(number, name);
	struct request *request = NULL;
	struct buf pem = { 0 };

	memcpy(p->serial, cert.serial, sizeof p->serial);
	must(request_new_key(&p->key, NULL) == OK &&
	    request_make(buf_span(&p->key), &pem, NULL) == OK &&
	    request_read(&request, buf_span(&pem), NULL) == OK &&
	    authority_client(a, &cert, request, &p->cert, NULL) == OK);
	request_free(&request);
	buf_done(&pem);
}

/* ---- the registrar ---- */

static void
registrar_begin(struct fake *fake)
{
	int pair[2];

	must(chan_pair(pair, NULL) == OK);
	chan_free(&registrar);
	registrar = chan_new(pair[1], WIRE_LIMIT, 1 << 20);
	intake_registrar(fake->intake, pair[0]);
}

struct let_in {
	const struct papers *papers;
	const char *name;
	uint64_t unit;
	uint8_t class;
	int64_t until_s;
};

static void
roll_say(struct fake *fake, const struct let_in *list, unsigned n)
{
	struct clients head = { .chain = buf_span(&chain), .key = buf_span(&chain_key),
	    .ca = buf_span(&ca_pem), .n = n };
	struct buf out = { 0 };

	clients_put(&out, &head);
	for (unsigned i = 0; i < n; i++)
		client_put(&out, &(struct client){ .serial = span_of(list[i].papers->serial,
		    ROLL_SERIAL_BYTES), .name = span_str(list[i].name), .unit = list[i].unit,
		    .class = list[i].class, .until_s = list[i].until_s });
	check_int(wire_check(WIRE_ROLL, buf_span(&out), NULL), OK);
	check_int(chan_send_wait(registrar, &(struct chan_msg){ .type = WIRE_ROLL,
	    .body = buf_span(&out) }, 1000, NULL), OK);
	buf_done(&out);
	fake_turns(fake, 4);
}

static void
told(struct fake *fake, uint64_t tag, uint16_t status, const char *text)
{
	struct buf out = { 0 };

	buf_u16(&out, status);
	buf_str(&out, text);
	check_int(chan_send_wait(registrar, &(struct chan_msg){ .type = WIRE_ENROLLED,
	    .tag = tag, .body = buf_span(&out) }, 1000, NULL), OK);
	buf_done(&out);
	fake_turns(fake, 4);
}

/* ---- a client ---- */

struct caller {
	SSL_CTX *ctx;
	SSL *ssl;
	int fd;
};

static struct span
caller_got(struct caller *c)
{
	static uint8_t room[65536];
	size_t n = 0, got;

	while (n < sizeof room && SSL_read_ex(c->ssl, room + n, sizeof room - n, &got) == 1)
		n += got;
	ERR_clear_error();
	return span_of(room, n);
}

static bool
caller_begin(struct caller *c, struct fake *fake, const struct papers *own)
{
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (own != NULL) {
		BIO *cert = BIO_new_mem_buf(own->cert.p, (int)own->cert.n);
		BIO *key = BIO_new_mem_buf(own->key.p, (int)own->key.n);
		X509 *x = PEM_read_bio_X509(cert, NULL, NULL, NULL);
		EVP_PKEY *k = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);

		must(SSL_CTX_use_certificate(c->ctx, x) == 1 &&
		    SSL_CTX_use_PrivateKey(c->ctx, k) == 1);
		X509_free(x);
		EVP_PKEY_free(k);
		BIO_free(cert);
		BIO_free(key);
	}
	c->fd = fake_connect(fake, 0);
	c->ssl = SSL_new(c->ctx);
	SSL_set_fd(c->ssl, c->fd);
	for (int i = 0; i < 50 && SSL_connect(c->ssl) != 1; i++)
		fake_turns(fake, 2);
	fake_turns(fake, 4);
	(void)caller_got(c);
	return SSL_is_init_finished(c->ssl) == 1 && !fake_closed(c->fd);
}

static void
caller_end(struct caller *c)
{
	SSL_free(c->ssl);
	SSL_CTX_free(c->ctx);
	close(c->fd);
	ERR_clear_error();
}

static void
caller_send(struct caller *c, struct fake *fake, struct span s)
{
	size_t n = 0;

	must(SSL_write_ex(c->ssl, s.p, s.n, &n) == 1 && n == s.n);
	fake_turns(fake, 6);
}

static struct intake_listener
own_door(uint8_t kind, uint8_t clients)
{
	return (struct intake_listener){ .name = SPAN("own"), .kind = kind, .trust = TRUST_PEER,
	    .clients = clients, .own = true, .unit = 1, .class = 2 };
}

static bool
gets_in(struct fake *fake, const struct papers *papers)
{
	struct caller c;
	bool in = caller_begin(&c, fake, papers);

	caller_end(&c);
	fake_turns(fake, 4);
	return in;
}

/* ---- tests ---- */

static void
nobody_is_let_in_before_the_registrar_has_spoken(void)
{
	struct intake_listener listener = own_door(INTAKE_TCP, INTAKE_CLIENTS_REQUIRED);
	struct let_in in = { &web, "web", 0, CLIENT_CLASS_NONE, now_s() + 100 };
	struct fake *fake = fake_new(&listener, 1, 0);

	check(!gets_in(fake, &web));
	registrar_begin(fake);
	fake_turns(fake, 4);
	check(!gets_in(fake, &web));
	check_int(fake_counter(fake, "intake.own.connections_accepted"), 0);
	roll_say(fake, &in, 1);
	check(gets_in(fake, &web));
	fake_free(&fake);
}

static void
only_who_stands_in_the_list_is_let_in(void)
{
	struct intake_listener listener = own_door(INTAKE_TCP, INTAKE_CLIENTS_REQUIRED);
	struct let_in in[] = { { &web, "web", 0, CLIENT_CLASS_NONE, now_s() + 100 },
	    { &db, "db", 0, CLIENT_CLASS_NONE, now_s() - 1 } };
	struct fake *fake = fake_new(&listener, 1, 0);

	registrar_begin(fake);
	roll_say(fake, in, 2);
	check(gets_in(fake, &web));
	check(!gets_in(fake, &db));		/* its time has passed */
	check(!gets_in(fake, &stranger));	/* another authority's, with a number of ours */
	check(!gets_in(fake, NULL));
	check_int(fake_counter(fake, "intake.own.handshakes_failed"), 3);
	fake_free(&fake);
}

static void
unit_class_and_name_are_those_of_the_list(void)
{
	struct intake_listener listener = own_door(INTAKE_TCP, INTAKE_CLIENTS_REQUIRED);
	struct let_in in[] = { { &web, "web-new", 77, 5, now_s() + 100 },
	    { &db, "db", 78, CLIENT_CLASS_NONE, now_s() + 100 } };
	struct fake *fake = fake_new(&listener, 1, 0);
	const struct source *source;
	struct caller c;

	fake->auto_ack = true;
	registrar_begin(fake);
	roll_say(fake, in, 2);
	check(caller_begin(&c, fake, &web));
	caller_send(&c, fake, SPAN("6 <1>one"));
	caller_end(&c);
	check(caller_begin(&c, fake, &db));
	caller_send(&c, fake, SPAN("6 <1>two"));
	caller_end(&c);
	check_int(fake->nrow, 2);
	source = fake->source[fake->row[0].source];
	check_span(source->identity, SPAN("web-new"));
	check_int(source->trust, TRUST_IDENTITY);
	check_int(source->unit, 77);
	check_int(fake->row[0].class, 5);
	source = fake->source[fake->row[1].source];
	check_int(source->unit, 78);
	check_int(fake->row[1].class, 2);
	fake_free(&fake);
}

/* A class of the list is not that of the listener: answers must find who waits all the same. */
static void
relp_is_acknowledged_in_the_class_of_the_list(void)
{
	struct intake_listener listener = own_door(INTAKE_RELP, INTAKE_CLIENTS_REQUIRED);
	struct let_in in = { &web, "web", 1, 5, now_s() + 100 };
	struct fake *fake = fake_new(&listener, 1, 0);
	struct caller c;

	registrar_begin(fake);
	roll_say(fake, &in, 1);
	check(caller_begin(&c, fake, &web));
	caller_send(&c, fake, SPAN("1 open 30 relp_version=0\ncommands=syslog\n"
	    "2 syslog 3 one\n"));
	check(fake_has(caller_got(&c), "1 rsp "));
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check_span(caller_got(&c), SPAN("2 rsp 6 200 OK\n"));
	caller_end(&c);
	fake_free(&fake);
}

static void
connections_end_when_the_list_names_them_no_more(void)
{
	struct intake_listener listener = own_door(INTAKE_TCP, INTAKE_CLIENTS_OPTIONAL);
	struct let_in in[] = { { &web, "web", 0, 0, now_s() + 100 },
	    { &db, "db", 0, 0, now_s() + 100 } };
	struct fake *fake = fake_new(&listener, 1, 0);
	struct caller one, two, none;

	registrar_begin(fake);
	roll_say(fake, in, 2);
	check(caller_begin(&one, fake, &web));
	check(caller_begin(&two, fake, &db));
	check(caller_begin(&none, fake, NULL));
	roll_say(fake, in + 1, 1);
	(void)caller_got(&one);
	check(fake_closed(one.fd) && !fake_closed(two.fd) && !fake_closed(none.fd));
	/* The registrar's end changes nothing; another one's word does. */
	chan_free(&registrar);
	fake_turns(fake, 4);
	check(!fake_closed(two.fd));
	registrar_begin(fake);
	roll_say(fake, in, 0);
	(void)caller_got(&two);
	check(fake_closed(two.fd) && !fake_closed(none.fd));
	caller_end(&one);
	caller_end(&two);
	caller_end(&none);
	fake_free(&fake);
}

/* It may come no more; what came before is the record's. */
static void
lines_of_who_is_sent_away_are_kept_and_counted(void)
{
	for (unsigned joins = 0; joins < 2; joins++) {
		struct intake_listener listener = own_door(INTAKE_TCP, INTAKE_CLIENTS_REQUIRED);
		struct let_in in = { &web, "web", 0, 0, now_s() + 100 };
		struct fake *fake;
		struct caller c;

		if (joins == 1)
			must(join_read(&listener.join, SPAN("indent")));
		fake = fake_new(&listener, 1, 0);
		fake->auto_ack = true;
		registrar_begin(fake);
		roll_say(fake, &in, 1);
		check(caller_begin(&c, fake, &web));
		caller_send(&c, fake, SPAN("one\n two\nthree"));
		roll_say(fake, &in, 0);
		fake_turns(fake, 4);
		(void)caller_got(&c);
		check(fake_closed(c.fd));
		check_int(fake->nrow, joins == 1 ? 2 : 3);
		check_span(raw(fake, 0), joins == 1 ? SPAN("one\n two") : SPAN("one"));
		check_span(raw(fake, fake->nrow - 1), SPAN("three"));
		check_int(fake_counter(fake, "intake.own.records"), fake->nrow);
		caller_end(&c);
		fake_free(&fake);
	}
}

static void
http_wants_a_certificate_from_all_but_who_enrols(void)
{
	struct intake_listener listener = own_door(INTAKE_HTTP, INTAKE_CLIENTS_REQUIRED);
	struct fake *fake = fake_new(&listener, 1, 0);
	struct chan_msg msg;
	struct enrol enrol;
	struct caller c;

	registrar_begin(fake);
	roll_say(fake, NULL, 0);
	check(caller_begin(&c, fake, NULL));
	caller_send(&c, fake, SPAN("POST /insert/jsonline HTTP/1.1\r\nContent-Length: 3\r\n\r\n"
	    "{}\n"));
	check(fake_has(caller_got(&c), "HTTP/1.1 401 "));
	caller_send(&c, fake, SPAN("POST /agent/v1/renew HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"));
	check(fake_has(caller_got(&c), "HTTP/1.1 401 "));
	caller_send(&c, fake, SPAN("POST /agent/v1/enrol HTTP/1.1\r\nContent-Length: 4\r\n\r\n"
	    "body"));
	check_int(caller_got(&c).n, 0);
	check_int(chan_recv_wait(registrar, &msg, 1000, NULL), OK);
	check_int(msg.type, WIRE_ENROL);
	check_int(enrol_read(&enrol, msg.body, NULL), OK);
	check_span(enrol.body, SPAN("body"));
	check_span(enrol.peer, SPAN("127.0.0.1"));
	check_int(enrol.what, ENROL_CODE);
	told(fake, msg.tag + 1, 200, "of nobody");
	check_int(caller_got(&c).n, 0);
	told(fake, msg.tag, 200, "a certificate");
	check(fake_has(caller_got(&c), "HTTP/1.1 200 OK"));
	/* The connection goes on. */
	caller_send(&c, fake, SPAN("GET /health HTTP/1.1\r\n\r\n"));
	check(fake_has(caller_got(&c), "HTTP/1.1 401 "));
	check_int(fake->nrow, 0);
	caller_end(&c);
	fake_free(&fake);
}

static void
a_renewal_names_the_certificate_that_was_shown(void)
{
	struct intake_listener listener = own_door(INTAKE_HTTP, INTAKE_CLIENTS_REQUIRED);
	struct let_in in = { &web, "web", 0, 0, now_s() + 100 };
	struct fake *fake = fake_new(&listener, 1, 0);
	struct chan_msg msg;
	struct enrol enrol;
	struct caller c;

	registrar_begin(fake);
	roll_say(fake, &in, 1);
	check(caller_begin(&c, fake, &web));
	caller_send(&c, fake, SPAN("POST /agent/v1/renew HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"));
	check_int(chan_recv_wait(registrar, &msg, 1000, NULL), OK);
	check_int(enrol_read(&enrol, msg.body, NULL), OK);
	check_int(enrol.what, ENROL_RENEW);
	check_span(enrol.serial, span_of(web.serial, sizeof web.serial));
	told(fake, msg.tag, 410, "used: no\n");
	check(fake_has(caller_got(&c), "HTTP/1.1 410 Gone"));
	caller_end(&c);
	fake_free(&fake);
}

static void
who_waits_is_told_when_the_registrar_ends(void)
{
	struct intake_listener listener = own_door(INTAKE_HTTP, INTAKE_CLIENTS_OPTIONAL);
	struct fake *fake = fake_new(&listener, 1, 0);
	struct caller c, gone;

	registrar_begin(fake);
	roll_say(fake, NULL, 0);
	check(caller_begin(&c, fake, NULL) && caller_begin(&gone, fake, NULL));
	caller_send(&c, fake, SPAN("POST /agent/v1/enrol HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"));
	caller_send(&gone, fake, SPAN("POST /agent/v1/enrol HTTP/1.1\r\nContent-Length: 1\r\n\r\n"
	    "x"));
	caller_end(&gone);
	fake_turns(fake, 4);
	chan_free(&registrar);
	fake_turns(fake, 4);
	check(fake_has(caller_got(&c), "HTTP/1.1 503 "));
	caller_send(&c, fake, SPAN("POST /agent/v1/enrol HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"));
	check(fake_has(caller_got(&c), "HTTP/1.1 503 "));
	caller_end(&c);
	fake_free(&fake);
}

static void
long_chunked_and_coded_bodies_are_refused_unread(void)
{
	static const char *const head[] = { "Content-Length: 12289\r\n",
	    "Transfer-Encoding: chunked\r\n", "Content-Length: 4\r\nContent-Encoding: gzip\r\n" };
	struct intake_listener listener = own_door(INTAKE_HTTP, INTAKE_CLIENTS_REQUIRED);

	for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
		struct fake *fake = fake_new(&listener, 1, 0);
		char text[200];
		struct caller c;
		int n = snprintf(text, sizeof text, "POST /agent/v1/enrol HTTP/1.1\r\n%s\r\n",
		    head[i]);

		registrar_begin(fake);
		roll_say(fake, NULL, 0);
		check(caller_begin(&c, fake, NULL));
		caller_send(&c, fake, span_of(text, (size_t)n));
		check(fake_has(caller_got(&c), "HTTP/1.1 41"));
		caller_end(&c);
		fake_free(&fake);
	}
}

/* The body that enrols has no business where the certificate is another authority's. */
static void
a_door_without_an_own_certificate_enrols_nobody(void)
{
	struct intake_listener listener = { .name = SPAN("own"), .kind = INTAKE_HTTP };
	struct fake *fake = fake_new(&listener, 1, 0);
	int fd = fake_connect(fake, 0);

	registrar_begin(fake);
	fake_send(fake, fd, SPAN("POST /agent/v1/enrol HTTP/1.1\r\nContent-Length: 1\r\n\r\nx"));
	check(fake_has(fake_got(fd), "HTTP/1.1 413 "));
	close(fd);
	fake_free(&fake);
}

static void
nonsense_of_the_registrar_ends_its_channel_only(void)
{
	struct intake_listener listener = own_door(INTAKE_TCP, INTAKE_CLIENTS_REQUIRED);
	struct let_in in = { &web, "web", 0, 0, now_s() + 100 };
	struct fake *fake = fake_new(&listener, 1, 0);
	struct chan_msg msg;

	registrar_begin(fake);
	roll_say(fake, &in, 1);
	must(chan_send_wait(registrar, &(struct chan_msg){ .type = WIRE_ROLL,
	    .body = SPAN("\1c\1k\1a\0") }, 1000, NULL) == OK);
	fake_turns(fake, 4);
	check(chan_recv_wait(registrar, &msg, 1000, NULL) != OK);
	check(gets_in(fake, &web));
	fake_free(&fake);
}

int
main(void)
{
	struct authority_cert desk = say(9, "trucban");

	ours = authority_of("ours");
	theirs = authority_of("theirs");
	papers_make(&web, ours, 2, "web");
	papers_make(&db, ours, 3, "db");
	papers_make(&stranger, theirs, 2, "web");
	must(authority_desk(ours, &desk, &chain, &chain_key, NULL) == OK);
	authority_cert_pem(ours, &ca_pem);
	run(nobody_is_let_in_before_the_registrar_has_spoken);
	run(only_who_stands_in_the_list_is_let_in);
	run(unit_class_and_name_are_those_of_the_list);
	run(relp_is_acknowledged_in_the_class_of_the_list);
	run(connections_end_when_the_list_names_them_no_more);
	run(lines_of_who_is_sent_away_are_kept_and_counted);
	run(http_wants_a_certificate_from_all_but_who_enrols);
	run(a_renewal_names_the_certificate_that_was_shown);
	run(who_waits_is_told_when_the_registrar_ends);
	run(long_chunked_and_coded_bodies_are_refused_unread);
	run(a_door_without_an_own_certificate_enrols_nobody);
	run(nonsense_of_the_registrar_ends_its_channel_only);
	chan_free(&registrar);
	authority_free(&ours);
	authority_free(&theirs);
	for (size_t i = 0; i < 3; i++) {
		struct papers *p = i == 0 ? &web : i == 1 ? &db : &stranger;

		buf_done(&p->key);
		buf_done(&p->cert);
	}
	buf_done(&chain);
	buf_done(&chain_key);
	buf_done(&ca_pem);
	return check_done();
}
