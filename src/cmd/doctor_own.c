/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of what `cert: own` rests on: the authority's files in ca/, the certificate that the
 * registrar shows (asked for over run/agent.sock: a look at a listener would be a refused
 * handshake, which is counted), and the roll of who may come in. doc/formats/agent.md.
 */
#include "cmd/doctor.h"

#include <fcntl.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <string.h>

#include "base/password.h"
#include "sys/clock.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "ca/authority.h"
#include "role/agents.h"
#include "cmd/agent.h"
#include "cmd/cmd.h"
#include "cmd/doctor_tls.h"

enum {
	FILE_BYTES = 64 << 10,
	ROLL_BYTES = 16 << 20,
	/* The registrar makes a new one when 60 of 90 days are left. */
	DESK_DAYS = 50,
	/* Clients' certificates, of a year, would end with it. */
	AUTHORITY_DAYS = 400,
	GONE_SHOWN = 3,
	DAY_S = 86400,
};

struct own {
	const struct doctor *d;
	struct agent_place place;
	struct authority *authority;
	struct buf cert, key, ca_roll, chain;
	struct roll roll;
	X509 *desk;			/* NULL: not known */
};

static void
own_done(struct own *o)
{
	if (o->key.cap > 0)
		explicit_bzero(o->key.p, o->key.cap);
	authority_free(&o->authority);
	roll_done(&o->roll);
	X509_free(o->desk);
	buf_done(&o->cert);
	buf_done(&o->key);
	buf_done(&o->ca_roll);
	buf_done(&o->chain);
}

static void
todo_backup(struct finding *f)
{
	finding_why(f, "%s", say("máy gửi bằng chứng thư của bàn trực không kết nối được",
	    "those who send with a certificate of this desk cannot connect"));
	finding_todo(f, "%s", say("đặt lại thư mục ca/ từ bản sao lưu có khóa (trucban backup "
	    "--with-keys), rồi: sudo systemctl restart trucban", "put ca/ there from a backup with "
	    "keys (trucban backup --with-keys), then: sudo systemctl restart trucban"));
}

/* ---- what may be wrong: each gives true when it said something ---- */

/* The files, each with what it costs when it cannot be read. */
static bool
files_are_bad(struct own *o, struct finding *f)
{
	const struct { const char *name; struct buf *text; size_t limit; } file[] = {
		{ "ca.crt", &o->cert, FILE_BYTES }, { "ca.key", &o->key, FILE_BYTES },
		{ "roll", &o->ca_roll, ROLL_BYTES },
	};
	struct why why = { "" };
	const char *name = "";
	int fd = -1;
	enum err rc;

	rc = o->d->state_fd >= 0 ? dir_open(&fd, o->d->state_fd, "ca", &why) : ERR_DENIED;
	for (size_t i = 0; rc == OK && i < sizeof file / sizeof file[0]; i++) {
		name = file[i].name;
		rc = file_read_whole(fd, name, file[i].limit, file[i].text, &why);
		/* Nobody was invited yet. */
		if (rc == ERR_ABSENT && i == 2)
			rc = OK;
	}
	file_close(&fd);
	if (rc == OK)
		return false;
	if (rc == ERR_DENIED) {
		finding_set(f, GRADE_SKIP, "%s", say("không đọc được thư mục ca/",
		    "ca/ cannot be read"));
		finding_todo(f, "%s", say("chạy lại bằng sudo", "run with sudo"));
	} else if (rc == ERR_ABSENT && name[0] == '\0') {
		finding_set(f, GRADE_OK, "%s", say("chưa có: được tạo ở lần khởi động đầu tiên",
		    "none yet: made at the first start"));
	} else {
		finding_set(f, GRADE_BAD, say("không đọc được ca/%s", "cannot read ca/%s"), name);
		todo_backup(f);
	}
	return true;
}

static bool
authority_is_bad(struct own *o, struct finding *f)
{
	char until[CIVIL_TEXT_BYTES + 1];
	struct why why;
	int64_t left;

	if (authority_load(&o->authority, buf_span(&o->cert), buf_span(&o->key), &why) != OK) {
		finding_set(f, GRADE_BAD, "%s", say(
		    "khóa ca/ca.key không phải của chứng thư ca/ca.crt",
		    "the key ca/ca.key is not that of the certificate ca/ca.crt"));
		todo_backup(f);
		return true;
	}
	if (o->ca_roll.n > 0 && roll_get(&o->roll, buf_span(&o->ca_roll), &why) != OK) {
		finding_set(f, GRADE_BAD, "%s", say("danh sách máy ca/roll bị hỏng",
		    "the roll of agents ca/roll is broken"));
		todo_backup(f);
		return true;
	}
	left = authority_until_s(o->authority) - clock_wall_ns() / CIVIL_SECOND_NS;
	if (left > (int64_t)AUTHORITY_DAYS * DAY_S)
		return false;
	finding_set(f, left > 0 ? GRADE_WARN : GRADE_BAD,
	    say("chứng thư gốc ca/ca.crt dùng được đến %s", "the authority ca/ca.crt is good until "
	    "%s"), agent_time(until, authority_until_s(o->authority), &o->place));
	finding_why(f, "%s", say("mọi chứng thư do nó cấp hết hạn cùng lúc",
	    "all certificates that it gave out end with it"));
	finding_todo(f, "%s", say(
	    "chuyển ca/ đi nơi khác, khởi động lại bàn trực, mời lại từng máy",
	    "move ca/ away, restart the desk, and invite every host anew"));
	return true;
}

/* Asks the registrar; a desk that does not run is another check's matter. */
static bool
desk_is_bad(struct own *o, struct finding *f)
{
	struct agents_ask ask = { .what = AGENTS_DESK };
	struct why why = { "" };
	BIO *bio;
	enum err rc;

	if (o->d->desk_rc != OK)
		return false;
	rc = agent_ask(&o->place, &ask, &o->chain, &why);
	if (rc != OK) {
		finding_set(f, rc == ERR_DENIED ? GRADE_SKIP : GRADE_BAD, "%s", say(
		    "tiến trình cấp chứng thư (registrar) không trả lời",
		    "the process that gives out certificates (registrar) does not answer"));
		if (rc != ERR_DENIED)
			finding_why(f, "%s", say("các cửa nhận cert: own không nhận ai",
			    "listeners with cert: own let nobody in"));
		finding_todo(f, "%s", rc == ERR_DENIED ?
		    say("chạy lại bằng sudo", "run with sudo") :
		    "journalctl -u trucban | grep registrar");
		return true;
	}
	bio = BIO_new_mem_buf(o->chain.p, (int)o->chain.n);
	o->desk = PEM_read_bio_X509(bio, NULL, password_none, NULL);
	BIO_free(bio);
	return false;
}

/* Signed by the authority whose files lie there, and with time enough? */
static bool
cert_is_bad(struct own *o, struct finding *f)
{
	BIO *bio;
	X509 *ca;
	int days = 0, seconds = 0;
	bool ours;

	if (o->desk == NULL)
		return false;
	bio = BIO_new_mem_buf(o->cert.p, (int)o->cert.n);
	ca = PEM_read_bio_X509(bio, NULL, password_none, NULL);
	ours = ca != NULL && X509_verify(o->desk, X509_get0_pubkey(ca)) == 1;
	X509_free(ca);
	BIO_free(bio);
	(void)ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(o->desk));
	if (ours && days >= DESK_DAYS)
		return false;
	if (!ours)
		finding_set(f, GRADE_BAD, "%s", say("bàn trực đang dùng chứng thư không do "
		    "ca/ca.crt ký: thư mục ca/ đã bị thay khi bàn trực đang chạy", "the desk shows "
		    "a certificate that ca/ca.crt did not sign: ca/ was replaced under it"));
	else
		finding_set(f, GRADE_WARN, say("chứng thư của bàn trực chỉ còn %d ngày, lẽ ra đã "
		    "được thay", "the desk's certificate has %d days left, and should have been "
		    "replaced"), days);
	finding_why(f, "%s", say("máy gửi sẽ từ chối kết nối", "senders refuse to connect"));
	finding_todo(f, "sudo systemctl restart trucban");
	return true;
}

static bool
is_any(const char *host)
{
	return host[0] == '\0' || strcmp(host, "0.0.0.0") == 0 || strcmp(host, "::") == 0;
}

/* By which hosts find the desk: what invitations name, and each listener's own address. */
static bool
names_are_bad(struct own *o, struct finding *f)
{
	const struct conf *c = o->d->conf;
	const char *at = c->agent_address;
	char host[DOCTOR_HOST_BYTES];
	bool fits;

	if (o->desk == NULL)
		return false;
	fits = at[0] == '\0' || doctor_cert_fits(o->desk, at, host);
	for (unsigned i = 0; fits && i < c->nlistener; i++) {
		at = c->listener[i].address;
		fits = !conf_is_own(c->listener[i].cert) ||
		    doctor_cert_fits(o->desk, at, host) || is_any(host);
	}
	if (fits)
		return false;
	finding_set(f, GRADE_BAD, say("chứng thư của bàn trực không có tên hay địa chỉ %s",
	    "the desk's certificate does not name %s"), host);
	finding_why(f, "%s", say("trạm chuyển tiếp và máy gửi có kiểm tra tên sẽ từ chối kết nối",
	    "relays, and senders that check the name, refuse to connect"));
	finding_todo(f, say("thêm %s vào agents: names trong cấu hình, rồi: sudo systemctl reload "
	    "trucban", "add %s to agents: names in the configuration, then: sudo systemctl reload "
	    "trucban"), host);
	return true;
}

/* Their records are kept by the listener's class, which may be shorter. */
static bool
classes_are_bad(struct own *o, struct finding *f)
{
	struct buf names = { 0 };
	const struct agent *first = NULL;
	unsigned n = 0;

	for (unsigned i = 0; i < o->roll.n; i++) {
		const struct agent *a = &o->roll.agent[i];

		if (a->state == AGENT_REVOKED || conf_class_index(o->d->conf, a->class) >= 0)
			continue;
		first = first != NULL ? first : a;
		if (n++ < GONE_SHOWN)
			buf_printf(&names, "%s%s (%s)", n > 1 ? ", " : "", a->name, a->class);
	}
	if (n > 0) {
		finding_set(f, GRADE_WARN, say("%u máy có loại lưu giữ không còn trong cấu hình: "
		    "%.*s%s", "the class of %u agents is gone from the configuration: %.*s%s"), n,
		    (int)names.n, (const char *)names.p, n > GONE_SHOWN ? ", ..." : "");
		finding_why(f, "%s", say("bản ghi của các máy này theo loại lưu giữ của cửa nhận, "
		    "có thể ngắn hơn", "their records are kept by the class of the listener, which "
		    "may be shorter"));
		finding_todo(f, say("đặt lại loại lưu giữ %s vào classes, hoặc ghi danh lại: "
		    "trucban agent invite %s --class LOẠI", "put the class %s back under classes, "
		    "or enrol anew: trucban agent invite %s --class CLASS"), first->class,
		    first->name);
	}
	buf_done(&names);
	return n > 0;
}

static void
own_well(const struct own *o, struct finding *f)
{
	char until[CIVIL_TEXT_BYTES + 1];
	struct issued desk = { .until_s = 0 };
	struct why why;
	unsigned n = 0;

	for (unsigned i = 0; i < o->roll.n; i++)
		n += o->roll.agent[i].state == AGENT_ENROLLED;
	if (o->desk != NULL && issued_read(&desk, buf_span(&o->chain), &why) == OK)
		finding_set(f, GRADE_OK, say("chứng thư của bàn trực dùng được đến %s, tự đổi "
		    "trước hạn; %u máy đã ghi danh", "the desk's certificate is good until %s and "
		    "renews itself; %u hosts enrolled"),
		    agent_time(until, desk.until_s, &o->place), n);
	else
		finding_set(f, GRADE_OK, say("khóa và chứng thư gốc khớp nhau; %u máy đã ghi danh",
		    "key and certificate of the authority fit; %u hosts enrolled"), n);
}

void
doctor_own(const struct doctor *d, struct finding *f)
{
	struct own o = { .d = d, .place = { .conf = d->conf, .configured = true } };

	if (d->conf_rc != OK || !conf_own(d->conf)) {
		finding_set(f, d->conf_rc != OK ? GRADE_SKIP : GRADE_OK, "%s", d->conf_rc != OK ?
		    say("chưa có cấu hình", "no configuration") : say("không dùng", "not used"));
		return;
	}
	(void)snprintf(o.place.state, sizeof o.place.state, "%s", d->state);
	if (!files_are_bad(&o, f) && !authority_is_bad(&o, f) && !desk_is_bad(&o, f) &&
	    !cert_is_bad(&o, f) && !names_are_bad(&o, f) && !classes_are_bad(&o, f))
		own_well(&o, f);
	own_done(&o);
}
