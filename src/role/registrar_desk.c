/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files of ca/ and what the desk shows: doc/formats/agent.md, sections 1 and 3. A file that is
 * there and cannot be read is never replaced: an authority that was made anew would make every
 * certificate worthless, and a roll would forget who was revoked.
 */
#include "role/registrar_int.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/must.h"
#include "sys/file.h"
#include "sys/random.h"
#include "wire/wire.h"

enum {
	FILE_BYTES = 64 << 10,
	ROLL_BYTES = 16 << 20,
	AUTHORITY_YEARS = 20,
	DESK_DAYS = 90,
	DAY_S = 86400,
	GONE_SHOWN = 10,		/* agents whose class is gone, by name */
};

/* ---- the authority ---- */

/*
 * The certificate is written last: where it is, the key is. What a crash left of a first start is
 * made again.
 */
static enum err
authority_new(struct registrar *r, struct why *why)
{
	int64_t now = registrar_now_s();
	struct authority_cert cert = { .from_s = now - ROLL_EARLY_S,
	    .until_s = now + (int64_t)AUTHORITY_YEARS * 365 * DAY_S };
	struct buf key = { 0 }, pem = { 0 };
	char name[64];
	enum err rc;

	random_bytes(cert.serial, sizeof cert.serial);
	authority_serial(cert.serial);
	(void)snprintf(name, sizeof name, "trucban CA %02x%02x%02x%02x", cert.serial[12],
	    cert.serial[13], cert.serial[14], cert.serial[15]);
	cert.name = name;
	rc = authority_make(&r->authority, &cert, why);
	if (rc != OK)
		return rc;
	authority_key_pem(r->authority, &key);
	authority_cert_pem(r->authority, &pem);
	rc = file_replace(r->start->store_fd, "ca.key", buf_span(&key), why);
	if (rc == OK)
		rc = file_replace(r->start->store_fd, "ca.crt", buf_span(&pem), why);
	explicit_bzero(key.p, key.n);
	buf_done(&key);
	buf_done(&pem);
	return rc;
}

static bool
is_there(const struct registrar *r, const char *name)
{
	return faccessat(r->start->store_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum err
authority_open(struct registrar *r, struct why *why)
{
	struct buf key = { 0 }, cert = { 0 };
	enum err rc;

	rc = file_read_whole(r->start->store_fd, "ca.crt", FILE_BYTES, &cert, why);
	if (rc == ERR_ABSENT && is_there(r, "roll")) {
		rc = why_set(why, ERR_ABSENT, "ca/roll is there without ca/ca.crt; put it and "
		    "ca/ca.key there from a backup made with --with-keys");
	} else if (rc == ERR_ABSENT) {
		rc = authority_new(r, why);
	} else if (rc == OK) {
		rc = file_read_whole(r->start->store_fd, "ca.key", FILE_BYTES, &key, why);
		if (rc == ERR_ABSENT)
			rc = why_set(why, rc, "there is no ca/ca.key, which signs; put it there "
			    "from a backup made with --with-keys");
		if (rc == OK)
			rc = why_prefix(why, authority_load(&r->authority, buf_span(&cert),
			    buf_span(&key), why), "ca/ca.crt and ca/ca.key");
	}
	if (key.p != NULL)
		explicit_bzero(key.p, key.n);
	buf_done(&key);
	buf_done(&cert);
	return rc;
}

/* ---- the roll ---- */

static enum err
roll_open(struct registrar *r, struct why *why)
{
	struct buf file = { 0 };
	enum err rc;

	rc = file_read_whole(r->start->store_fd, "roll", ROLL_BYTES, &file, why);
	if (rc == OK)
		rc = why_prefix(why, roll_get(&r->roll, buf_span(&file), why), "ca/roll");
	buf_done(&file);
	return rc == ERR_ABSENT ? OK : rc;
}

bool
registrar_class_gone(const struct registrar *r, const struct agent *a)
{
	return a->state != AGENT_REVOKED && conf_class_index(&r->brief.conf, a->class) < 0;
}

void
registrar_class_tell(const struct agent *a)
{
	(void)fprintf(stderr, "trucban: registrar: agent %s: its class %s is gone from the "
	    "configuration, and its records are kept by the class of the listener; put %s back "
	    "under classes, or enrol it anew: trucban agent invite %s --class CLASS\n", a->name,
	    a->class, a->class, a->name);
}

/* Once for each life of the registrar, which ends with a new list of classes. */
static void
classes_tell(const struct registrar *r)
{
	unsigned gone = 0;

	for (unsigned i = 0; i < r->roll.n; i++)
		if (registrar_class_gone(r, &r->roll.agent[i]) && gone++ < GONE_SHOWN)
			registrar_class_tell(&r->roll.agent[i]);
	if (gone > GONE_SHOWN)
		(void)fprintf(stderr, "trucban: registrar: and %u more agents whose class is gone; "
		    "see: trucban agent list\n", gone - GONE_SHOWN);
}

enum err
registrar_open(struct registrar *r, struct why *why)
{
	enum err rc = authority_open(r, why);

	if (rc == OK)
		rc = roll_open(r, why);
	if (rc == OK)
		classes_tell(r);
	return rc;
}

enum err
registrar_roll_keep(struct registrar *r, struct roll *roll, struct why *why)
{
	struct buf file = { 0 };
	enum err rc;

	roll_put(&file, roll, ROLL_FILE);
	rc = file_replace(r->start->store_fd, "roll", buf_span(&file), why);
	buf_done(&file);
	if (rc != OK)
		return why_prefix(why, rc, "the roll cannot be written");
	roll_done(&r->roll);
	r->roll = *roll;
	*roll = (struct roll){ 0 };
	return OK;
}

/* ---- the desk ---- */

static void
name_add(struct registrar *r, const char *name)
{
	size_t n = strlen(name);

	if (r->nname == REGISTRAR_NAMES || n == 0 || n >= sizeof r->name[0])
		return;
	memcpy(r->name[r->nname], name, n + 1);
	r->also[r->nname] = r->name[r->nname];
	r->nname++;
}

static void
address_add(struct registrar *r, const struct ifaddrs *i)
{
	char text[INET6_ADDRSTRLEN] = "";
	bool loop = (i->ifa_flags & IFF_LOOPBACK) != 0;

	if (i->ifa_addr == NULL)
		return;
	if (i->ifa_addr->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, i->ifa_addr, sizeof in);
		(void)inet_ntop(AF_INET, &in.sin_addr, text, sizeof text);
		if (r->address[0] == '\0' && !loop)
			(void)snprintf(r->address, sizeof r->address, "%s", text);
	} else if (i->ifa_addr->sa_family == AF_INET6) {
		struct sockaddr_in6 in;

		memcpy(&in, i->ifa_addr, sizeof in);
		/* Nobody connects to fe80:: without saying over which interface. */
		if (!IN6_IS_ADDR_LINKLOCAL(&in.sin6_addr))
			(void)inet_ntop(AF_INET6, &in.sin6_addr, text, sizeof text);
	}
	name_add(r, text);
}

void
registrar_names(struct registrar *r)
{
	char host[REGISTRAR_NAME_BYTES] = "";
	struct ifaddrs *list = NULL;

	for (unsigned i = 0; i < r->brief.conf.nagent_name; i++)
		name_add(r, r->brief.conf.agent_name[i]);
	(void)gethostname(host, sizeof host - 1);
	name_add(r, host);
	if (getifaddrs(&list) == 0)
		for (const struct ifaddrs *i = list; i != NULL; i = i->ifa_next)
			address_add(r, i);
	freeifaddrs(list);
}

enum err
registrar_desk(struct registrar *r, struct why *why)
{
	int64_t now = registrar_now_s();
	struct authority_cert cert = { .from_s = now - ROLL_EARLY_S,
	    .until_s = now + (int64_t)DESK_DAYS * DAY_S, .name = "trucban", .also = r->also,
	    .nalso = r->nname };
	struct buf chain = { 0 }, key = { 0 };
	enum err rc;

	random_bytes(cert.serial, sizeof cert.serial);
	authority_serial(cert.serial);
	rc = authority_desk(r->authority, &cert, &chain, &key, why);
	if (rc != OK)
		return rc;
	if (r->key.p != NULL)
		explicit_bzero(r->key.p, r->key.n);
	buf_done(&r->chain);
	buf_done(&r->key);
	r->chain = chain;
	r->key = key;
	r->ca.n = 0;
	authority_cert_pem(r->authority, &r->ca);
	r->desk_s = now;
	return OK;
}

static uint8_t
class_of(const struct registrar *r, const struct agent *a)
{
	int index = a->class[0] != '\0' ? conf_class_index(&r->brief.conf, a->class) : -1;

	return index < 0 ? CLIENT_CLASS_NONE : (uint8_t)index;
}

void
registrar_tell(struct registrar *r)
{
	struct clients head = { .chain = buf_span(&r->chain), .key = buf_span(&r->key),
	    .ca = buf_span(&r->ca) };
	struct buf list = { 0 }, out = { 0 };

	if (r->intake == NULL)
		return;
	for (unsigned i = 0; i < r->roll.n; i++) {
		const struct agent *a = &r->roll.agent[i];

		for (unsigned k = 0; k < ROLL_CERTS; k++) {
			struct client client = { .serial = span_of(a->cert[k].serial,
			    ROLL_SERIAL_BYTES), .name = span_str(a->name), .unit = a->unit,
			    .class = class_of(r, a), .until_s = a->cert[k].until_s };

			if (client.until_s == 0)
				continue;
			client_put(&list, &client);
			head.n++;
		}
	}
	/* One place, so that the key is wiped. */
	buf_reserve(&out, head.chain.n + head.key.n + head.ca.n + list.n + 64);
	clients_put(&out, &head);
	buf_span_put(&out, buf_span(&list));
	/* One that takes nothing has broken, and another one comes. */
	(void)chan_send(r->intake, &(struct chan_msg){ .type = WIRE_ROLL,
	    .body = buf_span(&out) }, NULL);
	explicit_bzero(out.p, out.n);
	buf_done(&out);
	buf_done(&list);
}
