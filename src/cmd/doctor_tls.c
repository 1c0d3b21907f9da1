/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of the listeners' files: certificates, their keys, tokens. Senders refuse a certificate
 * that has expired or names another machine, and nothing here shows that records stay away; a key
 * that others can read is no secret. OpenSSL reads them as the doors will.
 */
#include "cmd/doctor_tls.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/password.h"
#include "sys/file.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"

enum { PEM_BYTES = 1 << 20, EXPIRY_DAYS = 30 };

/* What is known of one listener's certificate. */
struct tls_files {
	const struct conf_listener *listener;
	X509 *cert;			/* NULL: not read */
	EVP_PKEY *key;
};

static void
todo_certificate(struct finding *f)
{
	finding_why(f, "%s", say("máy gửi sẽ từ chối kết nối", "senders refuse to connect"));
	finding_todo(f, "%s", say(
	    "xin chứng thư mới, đặt vào đó, rồi: sudo systemctl reload trucban",
	    "get a new certificate, put it there, then: sudo systemctl reload trucban"));
}

/* ---- reading ---- */

static BIO *
pem_open(struct buf *text, const char *path)
{
	struct why why;

	if (file_read_named(path, PEM_BYTES, text, &why) != OK || text->n == 0)
		return NULL;
	return BIO_new_mem_buf(text->p, (int)text->n);
}

static void
tls_files_read(struct tls_files *t)
{
	struct buf text = { 0 };
	BIO *bio = pem_open(&text, t->listener->cert);

	if (bio != NULL)
		t->cert = PEM_read_bio_X509(bio, NULL, password_none, NULL);
	BIO_free(bio);
	text.n = 0;
	bio = pem_open(&text, t->listener->key);
	if (bio != NULL)
		t->key = PEM_read_bio_PrivateKey(bio, NULL, password_none, NULL);
	BIO_free(bio);
	if (text.cap > 0)
		explicit_bzero(text.p, text.cap);
	buf_done(&text);
}

static void
tls_files_done(struct tls_files *t)
{
	X509_free(t->cert);
	EVP_PKEY_free(t->key);
}

/* ---- what may be wrong: each gives true when it said something ---- */

static bool
pair_is_bad(const struct tls_files *t, struct finding *f)
{
	const struct conf_listener *l = t->listener;
	const char *path = t->cert == NULL ? l->cert : l->key;

	if (t->cert != NULL && t->key != NULL && X509_check_private_key(t->cert, t->key) == 1)
		return false;
	if (t->cert == NULL || t->key == NULL)
		finding_set(f, GRADE_BAD, say("%s: %s không phải là %s dạng PEM",
		    "%s: %s is no %s in PEM"), l->name, path, t->cert == NULL ?
		    say("chứng thư", "certificate") :
		    say("khóa không có mật khẩu", "key without a password"));
	else
		finding_set(f, GRADE_BAD, say("%s: khóa %s không phải của chứng thư %s",
		    "%s: the key %s is not that of the certificate %s"), l->name, l->key, l->cert);
	finding_why(f, "%s", say("cửa nhận này không mở được ở lần khởi động sau",
	    "this listener cannot open at the next start"));
	finding_todo(f, "%s", say("sửa cert và key của cửa nhận này trong cấu hình cho khớp nhau",
	    "mend cert and key of this listener in the configuration so that they fit"));
	return true;
}

/* Days from now, and whether it is ahead. */
static bool
time_ahead(const ASN1_TIME *time, int *ret_days)
{
	int days = 0, seconds = 0;

	if (ASN1_TIME_diff(&days, &seconds, NULL, time) != 1)
		return false;
	*ret_days = days < 0 ? -days : days;
	return days > 0 || seconds > 0;
}

static bool
time_is_bad(const struct tls_files *t, struct finding *f)
{
	const struct conf_listener *l = t->listener;
	int days = 0;

	if (time_ahead(X509_get0_notBefore(t->cert), &days)) {
		finding_set(f, GRADE_BAD, say("%s: chứng thư %s chưa đến ngày có hiệu lực",
		    "%s: the certificate %s is not valid yet"), l->name, l->cert);
		finding_why(f, "%s", say("máy gửi sẽ từ chối kết nối",
		    "senders refuse to connect"));
		finding_todo(f, "%s", say("xem đồng hồ của máy này có đúng không",
		    "see whether the clock of this machine is right"));
		return true;
	}
	if (!time_ahead(X509_get0_notAfter(t->cert), &days))
		finding_set(f, GRADE_BAD, say("%s: chứng thư %s đã hết hạn %d ngày trước",
		    "%s: the certificate %s expired %d days ago"), l->name, l->cert, days);
	else if (days < EXPIRY_DAYS)
		finding_set(f, GRADE_WARN, say("%s: chứng thư %s còn %d ngày là hết hạn",
		    "%s: the certificate %s expires in %d days"), l->name, l->cert, days);
	else
		return false;
	todo_certificate(f);
	return true;
}

/* Who may read what only the owner should. */
static bool
mode_is_bad(const char *listener, const char *path, struct finding *f)
{
	struct stat st;

	if (path[0] == '\0' || stat(path, &st) != 0 || (st.st_mode & 0077) == 0)
		return false;
	finding_set(f, (st.st_mode & 0007) != 0 ? GRADE_BAD : GRADE_WARN,
	    say("%s: người khác đọc được %s (quyền %04o)", "%s: others can read %s (mode %04o)"),
	    listener, path, (unsigned)(st.st_mode & 07777));
	finding_why(f, "%s", say("ai đọc được thì giả làm bàn trực hoặc máy gửi được",
	    "who reads it can pretend to be the desk, or a sender"));
	finding_todo(f, "chmod 0600 %s", path);
	return true;
}

/* Is it this machine's name, whole or up to the first dot? "*.domain" fits all that has no dot. */
static bool
name_fits(const char *name, const char *host)
{
	size_t label = strcspn(host, ".");

	if (strncmp(name, "*.", 2) == 0)
		return host[label] == '\0' || strcasecmp(name + 1, host + label) == 0;
	if (strcasecmp(name, host) == 0)
		return true;
	return strncasecmp(name, host, label) == 0 && (name[label] == '\0' ||
	    (name[label] == '.' && host[label] == '\0'));
}

static bool
cert_names(X509 *cert, const char *host)
{
	GENERAL_NAMES *names = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
	char common[DOCTOR_HOST_BYTES] = "";
	bool fits = false;

	for (int i = 0; i < sk_GENERAL_NAME_num(names); i++) {
		const GENERAL_NAME *name = sk_GENERAL_NAME_value(names, i);

		/* OpenSSL puts a NUL behind it; one inside ends the comparison, and is no match. */
		fits = fits || (name->type == GEN_DNS && name_fits((const char *)
		    ASN1_STRING_get0_data(name->d.dNSName), host));
	}
	if (names == NULL && X509_NAME_get_text_by_NID(X509_get_subject_name(cert), NID_commonName,
	    common, sizeof common) > 0)
		fits = name_fits(common, host);
	GENERAL_NAMES_free(names);
	return fits;
}

bool
doctor_cert_fits(X509 *cert, const char *at, char host[DOCTOR_HOST_BYTES])
{
	const char *colon = strrchr(at, ':');
	size_t n = colon != NULL ? (size_t)(colon - at) : 0;

	if (n > 1 && at[0] == '[')
		(void)snprintf(host, DOCTOR_HOST_BYTES, "%.*s", (int)n - 2, at + 1);
	else
		(void)snprintf(host, DOCTOR_HOST_BYTES, "%.*s", (int)n, at);
	return host[0] != '\0' && (X509_check_ip_asc(cert, host, 0) == 1 ||
	    X509_check_host(cert, host, 0, 0, NULL) == 1);
}

static bool
name_is_bad(const struct tls_files *t, struct finding *f)
{
	const struct conf_listener *l = t->listener;
	char host[DOCTOR_HOST_BYTES] = "", at[DOCTOR_HOST_BYTES];

	(void)gethostname(host, sizeof host - 1);
	if (cert_names(t->cert, host) || doctor_cert_fits(t->cert, l->address, at))
		return false;
	finding_set(f, GRADE_WARN, say("%s: chứng thư %s không có tên máy này (%s)",
	    "%s: the certificate %s does not name this machine (%s)"), l->name, l->cert, host);
	finding_why(f, "%s", say("máy gửi có kiểm tra tên sẽ từ chối kết nối",
	    "senders that check the name refuse to connect"));
	finding_todo(f, "%s", say("xin chứng thư có tên mà máy gửi dùng; bỏ qua nếu tên đó đã có",
	    "get one with the name that senders use; nothing to do when that name is in it"));
	return true;
}

/* ---- the check ---- */

/* Files of TLS and tokens are read at every start. */
static bool
path_is_bad(const struct conf_listener *l, const char *path, struct finding *f)
{
	int error;

	if (path[0] == '\0' || conf_is_own(path) || eaccess(path, R_OK) == 0)
		return false;
	error = errno;
	finding_set(f, error == EACCES ? GRADE_SKIP : GRADE_BAD,
	    say("%s: không đọc được %s: %s", "%s: cannot read %s: %s"), l->name, path,
	    strerror(error));
	finding_todo(f, "%s", f->grade == GRADE_SKIP ? say("chạy lại bằng sudo", "run with sudo") :
	    say("đặt tệp vào đó, hoặc sửa đường dẫn trong cấu hình",
	    "put the file there, or mend its path in the configuration"));
	return true;
}

/* Who says which clients are good: without a certificate in it the listener does not open. */
static bool
ca_is_bad(const struct conf_listener *l, struct finding *f)
{
	struct buf text = { 0 };
	BIO *bio = l->ca[0] != '\0' ? pem_open(&text, l->ca) : NULL;
	X509 *ca = bio != NULL ? PEM_read_bio_X509(bio, NULL, password_none, NULL) : NULL;
	bool bad = l->ca[0] != '\0' && ca == NULL;

	X509_free(ca);
	BIO_free(bio);
	buf_done(&text);
	if (!bad)
		return false;
	finding_set(f, GRADE_BAD, say("%s: %s không phải là chứng thư dạng PEM",
	    "%s: %s is no certificate in PEM"), l->name, l->ca);
	finding_why(f, "%s", say("cửa nhận này không mở được ở lần khởi động sau",
	    "this listener cannot open at the next start"));
	finding_todo(f, "%s", say("đặt chứng thư của nơi cấp chứng thư cho máy gửi vào đó",
	    "put the certificate of the authority of the senders' certificates there"));
	return true;
}

/* What is wrong with this listener's files, the worst first. */
static bool
listener_is_bad(const struct conf_listener *l, struct finding *f)
{
	struct tls_files t = { .listener = l };
	bool bad;

	if (path_is_bad(l, l->cert, f) || path_is_bad(l, l->key, f) || path_is_bad(l, l->ca, f) ||
	    path_is_bad(l, l->token_file, f))
		return true;
	/* The desk's own is made by the registrar, and made anew long before it expires. */
	if (l->cert[0] == '\0' || conf_is_own(l->cert))
		return mode_is_bad(l->name, l->token_file, f);
	tls_files_read(&t);
	bad = pair_is_bad(&t, f) || ca_is_bad(l, f) || time_is_bad(&t, f) ||
	    mode_is_bad(l->name, l->key, f) || mode_is_bad(l->name, l->token_file, f) ||
	    (l->address[0] != '\0' && name_is_bad(&t, f));
	tls_files_done(&t);
	return bad;
}

static unsigned
files_named(const struct conf_listener *l)
{
	const char *const path[] = { l->cert, l->key, l->ca, l->token_file };
	unsigned n = 0;

	for (size_t i = 0; i < sizeof path / sizeof path[0]; i++)
		n += path[i][0] != '\0' && !conf_is_own(path[i]);
	return n;
}

static void
listener_look(const struct conf_listener *l, struct finding *worst, unsigned *io_n)
{
	struct finding one = { .grade = GRADE_OK };

	*io_n += files_named(l);
	if (listener_is_bad(l, &one) && one.grade > worst->grade) {
		struct finding swap = *worst;

		*worst = one;
		one = swap;
	}
	finding_done(&one);
}

/* What a relay shows to its desk is looked at as a listener's files; it has no name to fit. */
static void
forward_look(const struct conf *conf, struct finding *worst, unsigned *io_n)
{
	struct conf_listener l = { .name = "forward" };

	(void)snprintf(l.cert, sizeof l.cert, "%s", conf->forward_cert);
	(void)snprintf(l.key, sizeof l.key, "%s", conf->forward_key);
	(void)snprintf(l.ca, sizeof l.ca, "%s", conf->forward_ca);
	listener_look(&l, worst, io_n);
}

void
doctor_tls(const struct doctor *d, struct finding *f)
{
	struct finding worst = { .grade = GRADE_OK };
	unsigned n = 0;

	for (unsigned i = 0; i < d->conf->nlistener; i++)
		listener_look(&d->conf->listener[i], &worst, &n);
	if (conf_forwards(d->conf))
		forward_look(d->conf, &worst, &n);
	if (worst.grade != GRADE_OK)
		*f = worst;
	else if (n == 0)
		finding_set(f, GRADE_OK, "%s", say("không dùng", "not used"));
	else
		finding_set(f, GRADE_OK, say("%u tệp đọc được và đúng",
		    "%u files can be read and fit"), n);
}
