/* SPDX-License-Identifier: Apache-2.0 */
/* See register.h. */
#include "role/register.h"

#include <stdio.h>
#include <string.h>

#include "sys/file.h"
#include "wire/relay.h"

enum err
register_path(char ret[REGISTER_PATH], const struct conf *conf, const char *conf_path,
    struct why *why)
{
	const char *slash = strrchr(conf_path, '/');
	int n;

	if (conf->register_path[0] != '\0')
		n = snprintf(ret, REGISTER_PATH, "%s", conf->register_path);
	else
		n = snprintf(ret, REGISTER_PATH, "%.*ssources.csv",
		    (int)(slash != NULL ? slash - conf_path + 1 : 0), conf_path);
	return n > 0 && n < REGISTER_PATH ? OK :
	    why_set(why, ERR_LIMIT, "the register's path is too long");
}

enum err
register_load(struct buf *out, const struct conf *conf, const char *conf_path, struct why *why)
{
	char path[REGISTER_PATH];
	enum err rc = register_path(path, conf, conf_path, why);

	if (rc == OK)
		rc = file_read_named(path, LIMIT_REGISTER_BYTES, out, why);
	if (rc == ERR_ABSENT && conf->register_path[0] == '\0')
		return OK;
	return rc == ERR_ABSENT ? why_set(why, rc, "register: there is no file %s; make an empty "
	    "one: touch '%s'", path, path) : rc;
}

/* ---- against the configuration ---- */

static int
class_number(const void *ctx, struct span class)
{
	const struct conf *conf = ctx;

	for (unsigned i = 0; i < conf->nclass; i++)
		if (span_is(class, conf->class[i].name))
			return (int)i;
	return -1;
}

static bool
is_listener(const struct conf *conf, struct span name)
{
	for (unsigned i = 0; i < conf->nlistener; i++)
		if (span_is(name, conf->listener[i].name))
			return true;
	return false;
}

/* RELAY/LISTENER: which relays there are, and what doors they have, is not known here. */
static bool
is_relays(struct span name)
{
	struct span relay = registry_relay(name);

	return relay_name_is_good(relay) && name.n > relay.n + 1;
}

static enum err
listeners_check(const struct registry *registry, const struct conf *conf, struct why *why)
{
	for (uint32_t i = 0; i < registry_rows(registry); i++) {
		const struct registry_row *row = registry_row(registry, i);

		if (row->listener.n > 0 && !is_listener(conf, row->listener) &&
		    !is_relays(row->listener))
			return why_set(why, ERR_FORMAT, "line %u: listener: there is no listener "
			    "%.*s; take it away, or name one of the configuration, or one of a "
			    "relay as RELAY/LISTENER", row->line,
			    (int)row->listener.n, (const char *)row->listener.p);
	}
	return OK;
}

enum err
register_take(struct registry **ret_registry, struct span text, const struct conf *conf,
    struct why *why)
{
	struct registry *registry = NULL;
	enum err rc;

	rc = registry_read(&registry, text, why);
	if (rc == OK)
		rc = registry_resolve(registry, class_number, conf, why);
	if (rc == OK)
		rc = listeners_check(registry, conf, why);
	if (rc != OK) {
		registry_free(&registry);
		return why_prefix(why, rc, "register of sources");
	}
	*ret_registry = registry;
	return OK;
}

/* ---- for the ledger ---- */

/* Rows of one that the other has not, or has otherwise. */
static void
rows_put(struct buf *out, const struct registry *one, const struct registry *other, char mark)
{
	struct buf a = { 0 }, b = { 0 };

	for (uint32_t i = 0; one != NULL && i < registry_rows(one); i++) {
		const struct registry_row *row = registry_row(one, i);
		uint32_t same = other != NULL ? registry_find(other, row->id) : REGISTRY_NONE;

		a.n = b.n = 0;
		registry_row_put(&a, row);
		if (same != REGISTRY_NONE)
			registry_row_put(&b, registry_row(other, same));
		if (span_eq(buf_span(&a), buf_span(&b)))
			continue;
		buf_u8(out, '\n');
		buf_u8(out, (uint8_t)mark);
		buf_put(out, a.p, a.n - 1);
	}
	buf_done(&a);
	buf_done(&b);
}

void
register_change_put(struct buf *out, const struct registry *old, const struct registry *now)
{
	const uint8_t *sum = registry_sha256(now);

	buf_str(out, "sha256=");
	for (unsigned i = 0; i < REGISTRY_SHA256; i++)
		buf_printf(out, "%02x", sum[i]);
	buf_printf(out, "; rows=%u", registry_rows(now));
	rows_put(out, old, now, '-');
	rows_put(out, now, old, '+');
}
