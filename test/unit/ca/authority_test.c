/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ca/authority.c, request.c and issued.c; chains are also shown to the program openssl. */
#include "check.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/must.h"
#include "ca/authority.h"

extern char **environ;

static struct authority_cert
say(uint8_t number, const char *name)
{
	int64_t now = time(NULL);

	return (struct authority_cert){ .serial = { 0x40, number }, .from_s = now - 3600,
	    .until_s = now + 86400, .name = name };
}

static struct authority *
made(const char *name)
{
	struct authority_cert cert = say(1, name);
	struct authority *a = NULL;

	must(authority_make(&a, &cert, NULL) == OK);
	return a;
}

/* A client's papers, signed. */
static void
client_make(const struct authority *a, struct buf *key, struct buf *cert)
{
	struct authority_cert of = say(7, "web-01");
	struct request *request = NULL;
	struct buf pem = { 0 };

	must(request_new_key(key, NULL) == OK && request_make(buf_span(key), &pem, NULL) == OK);
	check_int(request_read(&request, buf_span(&pem), NULL), OK);
	check_int(authority_client(a, &of, request, cert, NULL), OK);
	request_free(&request);
	buf_done(&pem);
}

static void
file_put(const char *path, struct span text)
{
	FILE *f = fopen(path, "w");

	must(f != NULL && fwrite(text.p, 1, text.n, f) == text.n && fclose(f) == 0);
}

/* The exit code of `openssl verify`, silent. */
static int
openssl_verify(const char *purpose, struct span ca, struct span cert)
{
	char dir[] = "/tmp/ca-test-XXXXXX", ca_path[64], cert_path[64];
	const char *argv[] = { "openssl", "verify", "-x509_strict", "-purpose", purpose,
	    "-CAfile", ca_path, cert_path, NULL };
	posix_spawn_file_actions_t quiet;
	int status = -1;
	pid_t pid;

	must(mkdtemp(dir) != NULL);
	(void)snprintf(ca_path, sizeof ca_path, "%s/ca", dir);
	(void)snprintf(cert_path, sizeof cert_path, "%s/cert", dir);
	file_put(ca_path, ca);
	file_put(cert_path, cert);
	must(posix_spawn_file_actions_init(&quiet) == 0 &&
	    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0) == 0 &&
	    posix_spawn_file_actions_addopen(&quiet, 2, "/dev/null", O_WRONLY, 0) == 0);
	if (posix_spawnp(&pid, argv[0], &quiet, NULL, (char **)(uintptr_t)argv, environ) == 0)
		(void)waitpid(pid, &status, 0);
	posix_spawn_file_actions_destroy(&quiet);
	(void)unlink(ca_path);
	(void)unlink(cert_path);
	(void)rmdir(dir);
	return status;
}

static void
openssl_takes_what_is_issued_for_its_purpose_only(void)
{
	static const char *const names[] = { "desk.example.vn", "10.0.0.5", "fd00::5", "x,IP:1",
	    "bad name", "" };
	struct authority *a = made("Trực Ban CA"), *b = made("another");
	struct authority_cert of = say(9, "trucban");
	struct buf ca = { 0 }, other = { 0 }, key = { 0 }, cert = { 0 }, chain = { 0 };

	of.also = names;
	of.nalso = sizeof names / sizeof names[0];
	authority_cert_pem(a, &ca);
	authority_cert_pem(b, &other);
	client_make(a, &key, &cert);
	check_int(openssl_verify("sslclient", buf_span(&ca), buf_span(&cert)), 0);
	check(openssl_verify("sslserver", buf_span(&ca), buf_span(&cert)) != 0);
	check(openssl_verify("sslclient", buf_span(&other), buf_span(&cert)) != 0);
	check_int(authority_desk(a, &of, &chain, &key, NULL), OK);
	check_int(openssl_verify("sslserver", buf_span(&ca), buf_span(&chain)), 0);
	check(openssl_verify("sslclient", buf_span(&ca), buf_span(&chain)) != 0);
	buf_done(&ca);
	buf_done(&other);
	buf_done(&key);
	buf_done(&cert);
	buf_done(&chain);
	authority_free(&a);
	authority_free(&b);
}

static void
an_authority_comes_back_from_its_files(void)
{
	struct authority *a = made("one"), *b = made("two"), *back = NULL;
	struct buf cert = { 0 }, key = { 0 }, other = { 0 };
	uint8_t one[CODE_FINGER_BYTES], two[CODE_FINGER_BYTES];

	authority_cert_pem(a, &cert);
	authority_key_pem(a, &key);
	authority_key_pem(b, &other);
	check_int(authority_load(&back, buf_span(&cert), buf_span(&other), NULL), ERR_FORMAT);
	check_int(authority_load(&back, SPAN(""), buf_span(&key), NULL), ERR_FORMAT);
	check_int(authority_load(&back, buf_span(&cert), buf_span(&key), NULL), OK);
	authority_finger(a, one);
	check(issued_finger(two, buf_span(&cert), NULL) == OK);
	check(memcmp(one, two, sizeof one) == 0);
	check(authority_until_s(back) > time(NULL) + 86000);
	authority_free(&back);
	authority_free(&a);
	authority_free(&b);
	buf_done(&cert);
	buf_done(&key);
	buf_done(&other);
}

static void
a_client_knows_its_certificate_and_refuses_another(void)
{
	struct authority *a = made("one"), *b = made("one");
	struct buf key = { 0 }, cert = { 0 }, ca = { 0 }, other = { 0 }, stranger = { 0 };
	struct issued issued;

	authority_cert_pem(a, &ca);
	authority_cert_pem(b, &other);
	client_make(a, &key, &cert);
	must(request_new_key(&stranger, NULL) == OK);
	check_int(issued_check(buf_span(&cert), buf_span(&key), buf_span(&ca), NULL), OK);
	check_int(issued_check(buf_span(&cert), buf_span(&key), buf_span(&other), NULL),
	    ERR_PROOF);
	check_int(issued_check(buf_span(&cert), buf_span(&stranger), buf_span(&ca), NULL),
	    ERR_PROOF);
	check_int(issued_check(buf_span(&ca), buf_span(&key), buf_span(&ca), NULL), ERR_PROOF);
	check_int(issued_read(&issued, buf_span(&cert), NULL), OK);
	check_span(span_str(issued.name), SPAN("web-01"));
	check(issued.serial[0] == 0x40 && issued.serial[1] == 7);
	check(issued.until_s - issued.from_s == 86400 + 3600);
	authority_free(&a);
	authority_free(&b);
	buf_done(&key);
	buf_done(&cert);
	buf_done(&ca);
	buf_done(&other);
	buf_done(&stranger);
}

/* ---- requests ---- */

static enum err
request_of(EVP_PKEY *key)
{
	struct request *request = NULL;
	struct buf pem = { 0 }, csr = { 0 };
	BIO *bio = BIO_new(BIO_s_mem());
	char *p;
	enum err rc;

	must(key != NULL && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
	buf_put(&pem, (BIO_get_mem_data(bio, &p), p), (size_t)BIO_get_mem_data(bio, &p));
	must(request_make(buf_span(&pem), &csr, NULL) == OK);
	rc = request_read(&request, buf_span(&csr), NULL);
	request_free(&request);
	EVP_PKEY_free(key);
	BIO_free(bio);
	buf_done(&pem);
	buf_done(&csr);
	return rc;
}

static void
keys_of_few_kinds_are_taken(void)
{
	check_int(request_of(EVP_EC_gen("P-256")), OK);
	check_int(request_of(EVP_EC_gen("P-384")), OK);
	check_int(request_of(EVP_EC_gen("P-521")), ERR_FORMAT);
	check_int(request_of(EVP_EC_gen("secp256k1")), ERR_FORMAT);
	check_int(request_of(EVP_RSA_gen(2048)), OK);
	check_int(request_of(EVP_RSA_gen(1024)), ERR_FORMAT);
	check_int(request_of(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")), OK);
}

/* Base64 has letters with bits that mean nothing: what is taken all the same is the same key. */
static void
a_request_changed_anywhere_is_refused_or_the_same(void)
{
	uint8_t own[ROLL_KEY_BYTES], other[ROLL_KEY_BYTES];
	struct request *request = NULL;
	struct buf key = { 0 }, pem = { 0 };
	unsigned taken = 0;

	must(request_new_key(&key, NULL) == OK && request_make(buf_span(&key), &pem, NULL) == OK);
	must(request_read(&request, buf_span(&pem), NULL) == OK);
	request_key(request, own);
	request_free(&request);
	for (size_t i = 0; i < pem.n; i++) {
		uint8_t was = pem.p[i];

		pem.p[i] = was == 'A' ? 'B' : 'A';
		if (request_read(&request, buf_span(&pem), NULL) == OK) {
			request_key(request, other);
			taken += memcmp(own, other, sizeof own) != 0;
		}
		request_free(&request);
		pem.p[i] = was;
	}
	check_int(taken, 0);
	for (size_t n = 0; n + 1 < pem.n; n++)
		check(request_read(&request, span_of(pem.p, n), NULL) != OK);
	buf_str(&pem, "more");
	check_int(request_read(&request, buf_span(&pem), NULL), ERR_FORMAT);
	buf_done(&key);
	buf_done(&pem);
}

static void
what_is_no_request_is_refused(void)
{
	static const char *const bad[] = { "", "-----BEGIN CERTIFICATE REQUEST-----\n",
	    "-----BEGIN CERTIFICATE REQUEST-----\n\n-----END CERTIFICATE REQUEST-----\n",
	    "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n",
	    "-----BEGIN CERTIFICATE REQUEST-----\n!!!!\n-----END CERTIFICATE REQUEST-----\n" };
	struct request *request = NULL;
	struct buf key = { 0 };

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		check_int(request_read(&request, span_str(bad[i]), NULL), ERR_FORMAT);
	must(request_new_key(&key, NULL) == OK);
	check_int(request_read(&request, buf_span(&key), NULL), ERR_FORMAT);
	buf_done(&key);
}

/* Under a desk that is started by hand OpenSSL would ask at the terminal, and wait. */
static void
a_key_with_a_password_is_not_read_and_nobody_is_asked(void)
{
	struct authority *a = made("desk"), *read = NULL;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());
	struct buf cert = { 0 }, pem = { 0 };
	char *p = NULL;
	long n;

	must(key != NULL && bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key,
	    EVP_aes_128_cbc(), "secret", 6, NULL, NULL) == 1);
	n = BIO_get_mem_data(bio, &p);
	buf_put(&pem, p, (size_t)n);
	authority_cert_pem(a, &cert);
	check_int(authority_load(&read, buf_span(&cert), buf_span(&pem), NULL), ERR_FORMAT);
	check_int(request_make(buf_span(&pem), &cert, NULL), ERR_FORMAT);
	BIO_free(bio);
	EVP_PKEY_free(key);
	authority_free(&a);
	buf_done(&cert);
	buf_done(&pem);
}

int
main(void)
{
	run(a_key_with_a_password_is_not_read_and_nobody_is_asked);
	run(openssl_takes_what_is_issued_for_its_purpose_only);
	run(an_authority_comes_back_from_its_files);
	run(a_client_knows_its_certificate_and_refuses_another);
	run(keys_of_few_kinds_are_taken);
	run(a_request_changed_anywhere_is_refused_or_the_same);
	run(what_is_no_request_is_refused);
	return check_done();
}
