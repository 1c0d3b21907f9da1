/* SPDX-License-Identifier: Apache-2.0 */
/* Configuration, directories, keys, sockets, in this order: see opened.h. */
#include "role/opened.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/must.h"
#include "sys/dir.h"
#include "sys/file.h"
#include "sys/notify.h"
#include "sys/proc.h"
#include "sys/sock.h"
#include "wire/wire.h"
#include "ca/secret.h"
#include "store/key.h"
#include "role/change.h"
#include "role/intake.h"
#include "role/register.h"

static enum err
dirs_open(struct opened *p, const char *path, struct why *why)
{
	static const char *const of_desk[] = { "journal", "segment", "seal", "filter",
	    "quarantine", "collector", "run", "state", "anchor", "ca",
	    "desk", "people" };
	static const char *const of_relay[] = { "collector", "run", "spool" };
	bool relay = conf_forwards(p->conf);
	const char *const *sub = relay ? of_relay : of_desk;
	size_t nsub = relay ? sizeof of_relay / sizeof sub[0] : sizeof of_desk / sizeof sub[0];
	int error = mkdir(path, 0700) != 0 ? errno : 0;
	enum err rc;

	if (error != 0 && error != EEXIST)
		return why_errno(why, file_err(error), error, "cannot make the directory %s", path);
	rc = dir_open(&p->state_fd, AT_FDCWD, path, why);
	for (size_t i = 0; rc == OK && i < nsub; i++) {
		rc = dir_make(p->state_fd, sub[i], 0700, why);
		if (rc == ERR_BUSY)
			rc = OK;
	}
	if (rc == OK)
		rc = dir_open(&p->collector_fd, p->state_fd, "collector", why);
	if (rc == OK && relay)
		rc = dir_open(&p->spool_fd, p->state_fd, "spool", why);
	if (rc == OK && !relay)
		rc = dir_open(&p->ca_fd, p->state_fd, "ca", why);
	if (rc == OK && !relay)
		rc = dir_open(&p->people_fd, p->state_fd, "people", why);
	if (rc == OK)
		rc = file_lock(&p->lock_fd, p->state_fd, "lock", why);
	return rc;
}

/*
 * Where commands that are given the store alone find the configuration of its desk. A full disk
 * does not keep a desk from starting: without it they ask for --config, an old one would lie. The
 * store's user may have put a link in place of run/, and root may be who starts.
 */
static enum err
conf_tell(const struct opened *p, struct why *why)
{
	char *path = realpath(p->conf_path, NULL);
	struct why ours = { "it is not there" };
	int run_fd = -1;
	enum err rc;

	rc = dir_open(&run_fd, p->state_fd, "run", why);
	if (rc == OK && (path == NULL || file_replace(run_fd, OPENED_CONF_NAME, span_str(path),
	    &ours) != OK)) {
		(void)fprintf(stderr, "trucban: commands will not find the configuration by "
		    "--state alone: %s\n", ours.text);
		(void)file_unlink(run_fd, OPENED_CONF_NAME, NULL);
	}
	file_close(&run_fd);
	free(path);
	return rc;
}

struct owner {
	int dirfd;
	uid_t uid;
	gid_t gid;
};

static enum err
key_own(void *arg, const struct dir_entry *entry, struct why *why)
{
	const struct owner *o = arg;

	if (entry->kind == DIR_FILE &&
	    fchownat(o->dirfd, entry->name, o->uid, o->gid, AT_SYMLINK_NOFOLLOW) != 0)
		return why_set(why, ERR_DENIED, "cannot give key/%s to its user", entry->name);
	return OK;
}

static enum err
keys_own(struct opened *p, uid_t uid, gid_t gid, struct why *why)
{
	struct owner owner = { .dirfd = -1, .uid = uid, .gid = gid };
	enum err rc;

	rc = dir_open(&owner.dirfd, p->state_fd, "key", why);
	if (rc == OK)
		rc = dir_each(owner.dirfd, key_own, &owner, why);
	file_close(&owner.dirfd);
	return rc;
}

/* A store that root copied here could not be read by the roles, however often they begin. */
static enum err
owner_check(const struct opened *p, uid_t uid, struct why *why)
{
	struct stat st;

	if (fstatat(p->state_fd, "manifest", &st, AT_SYMLINK_NOFOLLOW) != 0 || st.st_uid == uid)
		return OK;
	return why_set(why, ERR_DENIED, "the files of %s do not belong to user %s; give them to "
	    "it: chown -R %s: '%s'", p->conf->state, p->conf->user, p->conf->user, p->conf->state);
}

/* As root: the directories belong to the user that the roles become. */
static enum err
dirs_own(struct opened *p, struct why *why)
{
	static const char *const sub[] = { ".", "journal", "segment", "seal", "filter", "key",
	    "quarantine", "collector", "run", "state", "anchor", "ca", "desk", "people", "spool",
	    "lock" };
	uid_t uid;
	gid_t gid;
	enum err rc;

	if (geteuid() != 0 || p->conf->user[0] == '\0')
		return OK;
	rc = proc_user(p->conf->user, &uid, &gid, why);
	if (rc == OK)
		rc = owner_check(p, uid, why);
	if (rc != OK)
		return rc;
	if (!conf_forwards(p->conf))
		rc = keys_own(p, uid, gid, why);
	/* A desk has no spool, a relay no store. */
	for (size_t i = 0; rc == OK && i < sizeof sub / sizeof sub[0]; i++)
		if (fchownat(p->state_fd, sub[i], uid, gid, AT_SYMLINK_NOFOLLOW) != 0 &&
		    errno != ENOENT)
			return why_set(why, ERR_DENIED, "cannot give %s/%s to user %s",
			    p->conf->state, sub[i], p->conf->user);
	return rc;
}

/* Made at the first start; a store is encrypted from its first day or never. */
static enum err
keys_take(struct opened *p, struct why *why)
{
	struct keys keys;
	enum err rc;

	rc = keys_load(&keys, p->state_fd, why);
	if (rc == ERR_ABSENT) {
		rc = keys_make(p->state_fd, p->conf->encrypt ? KEY_MAKE_ENCRYPTED : KEY_MAKE_PLAIN,
		    why);
		if (rc == OK)
			rc = keys_load(&keys, p->state_fd, why);
	}
	if (rc != OK)
		return rc;
	if (!keys.has_seed && faccessat(p->state_fd, "key/seal.key", F_OK, 0) != 0 &&
	    errno == ENOENT)
		rc = why_set(why, ERR_ABSENT, "there is no key/seal.key, which signs; put it there "
		    "from a backup made with --with-keys");
	else if (!keys.has_seed)
		rc = why_set(why, ERR_DENIED, "cannot read key/seal.key; start as root or as the "
		    "user that owns the store");
	else if (p->conf->encrypt && !keys.has_store_key)
		rc = why_set(why, ERR_ABSENT, "the store has no store key: it was made without "
		    "encryption (store: encrypt: no)");
	store_id_of(p->store_id, keys.origin);
	memcpy(p->seal_seed, keys.seed, sizeof p->seal_seed);
	memcpy(p->store_key, keys.store_key, sizeof p->store_key);
	secret_key_of(p->people_key, keys.store_key, SPAN("trucban people 1"));
	keys_wipe(&keys);
	return rc;
}

/* As root: what was made in it belongs to the user that the roles become. */
static enum err
cold_own(const struct opened *p, struct why *why)
{
	static const char *const made[] = { COLD_SEGMENTS, COLD_LINK "/store" };
	uid_t uid;
	gid_t gid;
	enum err rc;

	if (geteuid() != 0 || p->conf->user[0] == '\0')
		return OK;
	rc = proc_user(p->conf->user, &uid, &gid, why);
	for (size_t i = 0; rc == OK && i < sizeof made / sizeof made[0]; i++)
		if (fchownat(p->state_fd, made[i], uid, gid, AT_SYMLINK_NOFOLLOW) != 0 &&
		    errno != ENOENT)
			rc = why_set(why, ERR_DENIED, "cannot give it to user %s", p->conf->user);
	return rc;
}

/* A desk without its cold folder works: what is in there cannot be read, and nothing moves. */
static void
cold_take(struct opened *p)
{
	struct why why = { "" };
	enum err rc = OK;

	if (p->conf->cold[0] != '\0') {
		rc = cold_claim(p->state_fd, p->conf->cold, p->store_id, &why);
		if (rc == OK)
			rc = cold_own(p, &why);
	}
	if (rc != OK)
		(void)fprintf(stderr, "trucban: store: cold: %s is not used: %s\n",
		    p->conf->cold, why.text);
}

/*
 * Its disk may have been mounted anew, which no look at it tells: the sandbox of who reads and
 * writes there names the folder of the mount before.
 */
static unsigned
cold_roles(const struct opened *p)
{
	char path[COLD_PATH];

	return cold_path(path, p->state_fd, NULL) == OK ?
	    1u << WIRE_KEEPER | 1u << WIRE_FRONT : 0;
}

static int
passed_socket(const struct notify_socket *passed, unsigned n, const char *name)
{
	for (unsigned i = 0; i < n; i++)
		if (strcmp(passed[i].name, name) == 0)
			return passed[i].fd;
	return -1;
}

/* Where the front's unix socket is, as an address. */
static void
front_path(char *ret, size_t size, const struct conf *conf)
{
	if (conf->front_socket[0] != '\0')
		(void)snprintf(ret, size, "unix:%s", conf->front_socket);
	else
		(void)snprintf(ret, size, "unix:%s/run/front.sock", conf->state);
}

static bool
is_taken(const struct opened *now, int fd)
{
	for (unsigned i = 0; i < ROLE_LISTENERS; i++)
		if (now->listen_fd[i] == fd)
			return true;
	return false;
}

/* A socket of before for this address and protocol that nobody has now, or -1. */
static int
kept_listener(const struct opened *now, const struct opened *old, const struct conf_listener *want)
{
	for (unsigned i = 0; i < old->conf->nlistener; i++) {
		const struct conf_listener *l = &old->conf->listener[i];

		if (strcmp(l->address, want->address) == 0 &&
		    (l->kind == CONF_UDP) == (want->kind == CONF_UDP) &&
		    !is_taken(now, old->listen_fd[i]))
			return old->listen_fd[i];
	}
	return -1;
}

static enum err
listener_bind(struct opened *now, const struct opened *old, unsigned i, struct why *why)
{
	const struct conf_listener *l = &now->conf->listener[i];
	struct sock_spec spec = { .kind = l->kind == CONF_UDP ? SOCK_KIND_DATAGRAM :
	    SOCK_KIND_STREAM, .receive_bytes = l->kind == CONF_UDP ? 16 << 20 : 0 };
	int fd = passed_socket(old->passed, old->npassed, l->name);

	if (fd < 0)
		fd = kept_listener(now, old, l);
	now->listen_fd[i] = fd;
	if (fd >= 0)
		return OK;
	return why_prefix(why, sock_listen(&now->listen_fd[i], l->address, &spec, why),
	    "listener %s", l->name);
}

static enum err
front_bind(int fd[2], const struct opened *old, const struct conf *conf, struct why *why)
{
	struct sock_spec unix_spec = { .kind = SOCK_KIND_STREAM, .unix_mode = 0666 };
	struct sock_spec spec = { .kind = SOCK_KIND_STREAM };
	char path[CONF_PATH + 32], before[CONF_PATH + 32];
	enum err rc = OK;

	front_path(path, sizeof path, conf);
	front_path(before, sizeof before, old->conf);
	fd[0] = strcmp(path, before) == 0 ? old->front_fd[0] : -1;
	if (fd[0] < 0)
		rc = sock_listen(&fd[0], path, &unix_spec, why);
	if (rc != OK || conf->front_address[0] == '\0')
		return rc;
	fd[1] = passed_socket(old->passed, old->npassed, "front");
	if (fd[1] < 0 && strcmp(conf->front_address, old->conf->front_address) == 0)
		fd[1] = old->front_fd[1];
	if (fd[1] < 0)
		rc = sock_listen(&fd[1], conf->front_address, &spec, why);
	return rc;
}

/* Beside the front's; its address cannot change while the desk runs. */
static enum err
unix_bind(int *ret_fd, int old_fd, const char *name, const struct conf *conf, struct why *why)
{
	struct sock_spec spec = { .kind = SOCK_KIND_STREAM, .unix_mode = 0666 };
	char path[CONF_PATH + 32];

	*ret_fd = old_fd;
	if (old_fd >= 0)
		return OK;
	(void)snprintf(path, sizeof path, "unix:%s/run/%s.sock", conf->state, name);
	return sock_listen(ret_fd, path, &spec, why);
}

static bool
holds(const struct opened *o, int fd)
{
	for (unsigned i = 0; i < o->npassed; i++)
		if (o->passed[i].fd == fd)
			return true;
	for (unsigned i = 0; i < ROLE_LISTENERS; i++)
		if (o->listen_fd[i] == fd)
			return true;
	return fd == o->front_fd[0] || fd == o->front_fd[1];
}

/* Closes what `o` has and `other` has not. */
static void
sockets_close(struct opened *o, const struct opened *other)
{
	for (unsigned i = 0; i < ROLE_LISTENERS; i++)
		if (o->listen_fd[i] >= 0 && !holds(other, o->listen_fd[i]))
			file_close(&o->listen_fd[i]);
	for (unsigned i = 0; i < 2; i++)
		if (o->front_fd[i] >= 0 && !holds(other, o->front_fd[i]))
			file_close(&o->front_fd[i]);
}

static void
sockets_none(struct opened *o)
{
	for (unsigned i = 0; i < ROLE_LISTENERS; i++)
		o->listen_fd[i] = -1;
	o->front_fd[0] = o->front_fd[1] = o->import_fd = o->agent_fd = -1;
}

/* The sockets of `now`: those of `old` that fit, the others bound. */
static enum err
sockets_bind(struct opened *now, const struct opened *old, struct why *why)
{
	enum err rc = OK;

	for (unsigned i = 0; rc == OK && i < now->conf->nlistener; i++)
		rc = listener_bind(now, old, i, why);
	/* What a relay took can be asked for at its desk. */
	if (rc != OK || conf_forwards(now->conf))
		return rc;
	rc = front_bind(now->front_fd, old, now->conf, why);
	if (rc == OK)
		rc = unix_bind(&now->import_fd, old->import_fd, "import", now->conf, why);
	/* Without a registrar nobody would answer on it. */
	now->agent_fd = old->agent_fd;
	if (rc == OK && conf_own(now->conf))
		rc = unix_bind(&now->agent_fd, old->agent_fd, "agent", now->conf, why);
	return rc;
}

/* By which a file is known again: a certificate is renewed under its old name. */
static uint64_t
file_facts(const char *path)
{
	uint64_t fact[4] = { 0 };
	struct stat st;

	if (path[0] != '\0' && !conf_is_own(path) && stat(path, &st) == 0) {
		fact[0] = (uint64_t)st.st_ino;
		fact[1] = (uint64_t)st.st_size;
		fact[2] = (uint64_t)st.st_mtim.tv_sec;
		fact[3] = (uint64_t)st.st_mtim.tv_nsec;
	}
	return hash64(span_of((const uint8_t *)fact, sizeof fact));
}

static uint64_t
files_look(const struct conf *conf)
{
	uint64_t sum = 0;

	for (unsigned i = 0; i < conf->nlistener; i++) {
		const struct conf_listener *l = &conf->listener[i];

		sum = sum * 31 + file_facts(l->cert);
		sum = sum * 31 + file_facts(l->key);
		sum = sum * 31 + file_facts(l->ca);
		sum = sum * 31 + file_facts(l->token_file);
	}
	sum = sum * 31 + file_facts(conf->forward_cert);
	sum = sum * 31 + file_facts(conf->forward_key);
	return sum * 31 + file_facts(conf->forward_ca);
}

/* The same for what a relay shows to its desk. */
static enum err
forward_try(const struct conf *conf, struct why *why)
{
	const char *const path[] = { conf->forward_cert, conf->forward_key, conf->forward_ca };
	struct buf text = { 0 };
	enum err rc = OK;

	for (size_t i = 0; rc == OK && conf_forwards(conf) && i < 3; i++) {
		text.n = 0;
		rc = file_read_named(path[i], CONF_BYTES_MAX, &text, why);
		if (rc == OK && text.n == 0)
			rc = why_set(why, ERR_FORMAT, "%s is empty", path[i]);
	}
	if (text.cap > 0)
		explicit_bzero(text.p, text.cap);
	buf_done(&text);
	return why_prefix(why, rc, "forward");
}

/* What intake could not begin with is told before anything is begun, or begun anew. */
static enum err
files_try(const struct conf *conf, struct why *why)
{
	struct doors *doors = xcalloc(1, sizeof *doors);
	int fd[ROLE_LISTENERS];
	enum err rc;

	memset(fd, 0xff, sizeof fd);	/* no sockets yet */
	rc = doors_open(doors, conf, fd, (int)conf->nlistener, why);
	for (unsigned i = 0; rc == OK && i < doors->n; i++)
		rc = why_prefix(why, intake_try(&doors->listener[i], why), "listener %s",
		    conf->listener[i].name);
	doors_done(doors);
	free(doors);
	return rc;
}

/* Can every role take it? */
static enum err
register_try(struct span text, const struct conf *conf, struct why *why)
{
	struct registry *registry = NULL;
	enum err rc = register_take(&registry, text, conf, why);

	registry_free(&registry);
	return rc;
}

static enum err
conf_load(struct opened *p, const char *path, const char *state, struct why *why)
{
	enum err rc;

	p->text.n = p->registry.n = 0;
	rc = file_read_named(path, CONF_BYTES_MAX - 2 * CONF_PATH, &p->text, why);
	if (rc == ERR_ABSENT)
		return why_set(why, rc, "there is no file %s; name another with --config, or copy "
		    "the sample content/config/trucban.yaml there", path);
	if (rc == OK && state != NULL)
		conf_override(&p->text, state);
	if (rc == OK)
		rc = why_prefix(why, conf_parse(p->conf, buf_span(&p->text), why), "%s", path);
	if (rc == OK)
		rc = register_load(&p->registry, p->conf, path, why);
	if (rc == OK)
		rc = register_try(buf_span(&p->registry), p->conf, why);
	if (rc == OK)
		rc = files_try(p->conf, why);
	return rc == OK ? forward_try(p->conf, why) : rc;
}

enum err
opened_make(struct opened *ret_opened, const char *conf_path, const char *state, struct why *why)
{
	struct opened *o = ret_opened;
	enum err rc;

	*o = (struct opened){ .state_fd = -1, .lock_fd = -1, .collector_fd = -1,
	    .ca_fd = -1, .people_fd = -1, .spool_fd = -1,
	    .conf_path = conf_path, .state = state };
	sockets_none(o);
	o->conf = xcalloc(1, sizeof *o->conf);
	rc = conf_load(o, conf_path, state, why);
	if (rc == OK)
		rc = dirs_open(o, o->conf->state, why);
	if (rc == OK)
		rc = conf_tell(o, why);
	if (rc == OK && !conf_forwards(o->conf))
		rc = keys_take(o, why);
	if (rc == OK)
		rc = dirs_own(o, why);
	if (rc == OK && !conf_forwards(o->conf))
		cold_take(o);
	if (rc == OK)
		rc = notify_listen(o->passed, &o->npassed, why);
	/* Its own sockets of before: none. */
	if (rc == OK)
		rc = sockets_bind(o, o, why);
	o->files = files_look(o->conf);
	return rc;
}

enum err
opened_register(struct opened *opened, struct why *why)
{
	struct buf text = { 0 };
	enum err rc;

	rc = register_load(&text, opened->conf, opened->conf_path, why);
	if (rc == OK)
		rc = register_try(buf_span(&text), opened->conf, why);
	if (rc == OK && !span_eq(buf_span(&text), buf_span(&opened->registry))) {
		buf_done(&opened->registry);
		opened->registry = text;
		opened->registry_new = true;
		return OK;
	}
	buf_done(&text);
	return rc;
}

enum err
opened_reload(struct opened *opened, unsigned *ret_roles, struct why *why)
{
	struct opened now = *opened;
	enum err rc;

	now.conf = xcalloc(1, sizeof *now.conf);
	now.text = now.registry = (struct buf){ 0 };
	sockets_none(&now);
	rc = conf_load(&now, opened->conf_path, opened->state, why);
	if (rc == OK)
		rc = change_check(opened->conf, now.conf, why);
	if (rc == OK)
		rc = sockets_bind(&now, opened, why);
	if (rc != OK) {
		sockets_close(&now, opened);
		buf_done(&now.text);
		buf_done(&now.registry);
		free(now.conf);
		goto out;
	}
	now.files = files_look(now.conf);
	now.registry_new |= !span_eq(buf_span(&now.registry), buf_span(&opened->registry));
	if (!conf_forwards(now.conf))
		cold_take(&now);
	*ret_roles = change_roles(opened->conf, now.conf);
	if (now.files != opened->files && now.conf->nlistener > 0)
		*ret_roles |= 1u << WIRE_INTAKE;
	if (now.files != opened->files && conf_forwards(now.conf))
		*ret_roles |= 1u << WIRE_SHIPPER;
	if (!conf_forwards(now.conf))
		*ret_roles |= cold_roles(&now);
	sockets_close(opened, &now);
	buf_done(&opened->text);
	buf_done(&opened->registry);
	free(opened->conf);
	*opened = now;
out:
	explicit_bzero(now.store_key, sizeof now.store_key);
	explicit_bzero(now.people_key, sizeof now.people_key);
	explicit_bzero(now.seal_seed, sizeof now.seal_seed);
	return rc;
}

void
opened_done(struct opened *opened)
{
	explicit_bzero(opened->store_key, sizeof opened->store_key);
	explicit_bzero(opened->people_key, sizeof opened->people_key);
	explicit_bzero(opened->seal_seed, sizeof opened->seal_seed);
	buf_done(&opened->text);
	buf_done(&opened->registry);
	free(opened->conf);
	opened->conf = NULL;
}
