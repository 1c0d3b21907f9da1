/* SPDX-License-Identifier: Apache-2.0 */
/* See deskpacks.h. */
#include "role/deskpacks.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"
#include "sys/file.h"
#include "desk/desk.h"
#include "role/conf.h"
#include "role/directivepack.h"
#include "role/incidentpack.h"
#include "role/registerpack.h"
#include "role/rulepack_int.h"

enum { PACK_BYTES = 1 << 20 };

static void
incident_put(struct buf *out, const void *pack)
{
	incidentpack_json(out, pack);
}

static void
registers_put(struct buf *out, const void *pack)
{
	registerpack_json(out, pack);
}

/* The office's one, beside the program's own. */
static void
directives_put(struct buf *out, const void *pack)
{
	struct directivepack *own = xcalloc(1, sizeof *own);
	const struct directivepack *office = pack;

	buf_str(out, "{\"templates\":[");
	for (unsigned i = 0; i < DIRECTIVE_OWN; i++) {
		memset(own, 0, sizeof *own);
		must(rulepack_own(own, directivepack_own[i], NULL) == OK);
		buf_str(out, i > 0 ? "," : "");
		directivepack_json(out, own);
	}
	if (office->head.name[0] != '\0') {
		buf_u8(out, ',');
		directivepack_json(out, office);
	}
	buf_str(out, "]}");
	free(own);
}

static const struct packed {
	const char *load, *key;		/* of the desk, of the configuration */
	size_t path_at;			/* in struct conf */
	const struct rulepack_kind *kind;
	void (*put)(struct buf *out, const void *pack);
} row[DESKPACKS] = {
	{ "incident", "incident_pack", offsetof(struct conf, incident_pack), &incidentpack_kind,
	    incident_put },
	{ "registers", "register_pack", offsetof(struct conf, register_pack), &registerpack_kind,
	    registers_put },
	{ "directives", "directive_pack", offsetof(struct conf, directive_pack),
	    &directivepack_kind, directives_put },
};

static enum err
one_take(struct buf *json, const struct packed *r, const struct conf *conf, struct why *why)
{
	const char *path = (const char *)conf + r->path_at;
	void *pack = xcalloc(1, r->kind->bytes);
	struct buf text = { 0 };
	bool own = path[0] == '\0';
	enum err rc = own ? OK : file_read_named(path, PACK_BYTES, &text, why);

	if (rc == OK && !own)
		rc = rulepack_parse(pack, r->kind, buf_span(&text), why);
	if (rc != OK)
		(void)fprintf(stderr, "trucban: desk: %s %s is not used, the program's own is: "
		    "%s\n", r->key, path, why->text);
	/* The pack of directives is one more, without an own one. */
	if ((own || rc != OK) && r->kind->own != NULL)
		rc = rulepack_own(pack, r->kind, why);
	else if (rc != OK)
		rc = OK;
	if (rc == OK)
		r->put(json, pack);
	buf_done(&text);
	free(pack);
	return rc;
}

enum err
deskpacks_take(struct deskpacks *packs, const struct conf *conf, struct why *why)
{
	enum err rc = OK;

	for (unsigned i = 0; i < DESKPACKS && rc == OK; i++)
		rc = one_take(&packs->json[i], &row[i], conf, why);
	return rc;
}

enum err
deskpacks_load(const struct deskpacks *packs, struct desk *desk, struct why *why)
{
	enum err rc = OK;

	for (unsigned i = 0; i < DESKPACKS && rc == OK; i++)
		rc = desk_load(desk, row[i].load, buf_span(&packs->json[i]), why);
	return rc;
}

void
deskpacks_done(struct deskpacks *packs)
{
	for (unsigned i = 0; i < DESKPACKS; i++)
		buf_done(&packs->json[i]);
}
