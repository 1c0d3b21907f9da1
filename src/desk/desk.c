/* SPDX-License-Identifier: Apache-2.0 */
/* The view and its folding: see desk.h. Requests are in request.c. */
#include "desk/desk_int.h"

#include <stdlib.h>

#include "base/must.h"
#include "base/utf8.h"
#include "model/digest.h"

/* What the view knows of itself. */
static const char meta[] =
    "CREATE TABLE place(stream INTEGER PRIMARY KEY, seq INT, epoch INT);"
    "INSERT INTO place VALUES(1, 0, 0), (2, 0, 0);";

/* ---- statements ---- */

static size_t
acts_of(const struct part *part)
{
	size_t n = 0;

	while (part->act[n].name != NULL)
		n++;
	return n;
}

static size_t
views_of(const struct part *part)
{
	size_t n = 0;

	while (part->view[n].path != NULL)
		n++;
	return n;
}

static size_t
timers_of(const struct part *part)
{
	size_t n = 0;

	while (part->timer != NULL && part->timer[n].act != NULL)
		n++;
	return n;
}

static enum err
act_make(struct desk_act *a, sqlite3 *db, const struct part_act *kind, struct why *why)
{
	enum err rc = script_make(&a->guard, db, kind->guard, why);

	a->kind = kind;
	if (rc == OK)
		rc = script_make(&a->fill, db, kind->fill, why);
	return rc == OK ? script_make(&a->apply, db, kind->apply, why) : rc;
}

static enum err
part_make(struct desk *d, const struct part *part, struct why *why)
{
	size_t nact = acts_of(part), nview = views_of(part), ntimer = timers_of(part);
	enum err rc = script_make(&d->finding[d->nfinding++], d->db, part->finding, why);

	must(d->nact + nact <= DESK_ACTS_MAX && d->nview + nview <= DESK_VIEWS_MAX &&
	    d->ntimer + ntimer <= DESK_TIMERS_MAX && d->nfinding <= DESK_PARTS_MAX);
	for (size_t i = 0; rc == OK && i < nact; i++)
		rc = act_make(&d->act[d->nact++], d->db, &part->act[i], why);
	for (size_t i = 0; rc == OK && i < nview; i++) {
		d->view[d->nview].kind = &part->view[i];
		rc = script_make(&d->view[d->nview++].sql, d->db, part->view[i].sql, why);
	}
	for (size_t i = 0; rc == OK && i < ntimer; i++) {
		d->timer[d->ntimer].kind = &part->timer[i];
		rc = script_make(&d->timer[d->ntimer++].sql, d->db, part->timer[i].sql, why);
	}
	return rc;
}

static void
statements_done(struct desk *d)
{
	for (unsigned i = 0; i < d->nfinding; i++)
		script_done(&d->finding[i]);
	for (unsigned i = 0; i < d->nact; i++) {
		script_done(&d->act[i].guard);
		script_done(&d->act[i].fill);
		script_done(&d->act[i].apply);
	}
	for (unsigned i = 0; i < d->nview; i++)
		script_done(&d->view[i].sql);
	for (unsigned i = 0; i < d->ntimer; i++)
		script_done(&d->timer[i].sql);
	script_done(&d->place);
	d->nfinding = d->nact = d->nview = d->ntimer = 0;
}

static enum err
statements_make(struct desk *d, struct why *why)
{
	enum err rc = script_make(&d->place, d->db, "UPDATE place SET seq = :seq WHERE stream ="
	    " :stream", why);

	for (size_t i = 0; rc == OK && desk_parts[i] != NULL; i++)
		rc = part_make(d, desk_parts[i], why);
	if (rc != OK)
		statements_done(d);
	return rc;
}

/* ---- tables ---- */

/* What folds differently, or into other tables, has another number. */
static int32_t
version_of(void)
{
	struct buf text = { 0 };
	struct digest d;

	buf_str(&text, meta);
	for (size_t i = 0; desk_parts[i] != NULL; i++) {
		const struct part *part = desk_parts[i];

		buf_str(&text, part->schema);
		buf_str(&text, part->finding != NULL ? part->finding : "");
		buf_str(&text, part->open != NULL ? part->open : "");
		buf_str(&text, part->book != NULL ? part->book : "");
		for (size_t k = 0; part->act[k].name != NULL; k++) {
			buf_str(&text, part->act[k].name);
			buf_str(&text, part->act[k].apply);
		}
	}
	blake256(&d, buf_span(&text));
	buf_done(&text);
	return (int32_t)(d.b[0] | d.b[1] << 8 | d.b[2] << 16 | (d.b[3] & 0x7f) << 24);
}

static bool
on_name(void *ctx, sqlite3_stmt *stmt)
{
	struct buf *out = ctx;

	buf_printf(out, "DROP %s IF EXISTS \"%s\";", (const char *)sqlite3_column_text(stmt, 0),
	    (const char *)sqlite3_column_text(stmt, 1));
	return true;
}

static enum err
tables_drop(struct desk *d, struct why *why)
{
	struct buf drop = { 0 };
	struct script names;
	enum err rc = script_make(&names, d->db, "SELECT type, name FROM sqlite_schema WHERE type"
	    " IN ('table', 'view') AND name NOT LIKE 'sqlite_%' ORDER BY type DESC", why);

	if (rc == OK)
		rc = script_rows(&names, &(struct binds){ .n = 0 }, on_name, &drop, why);
	script_done(&names);
	buf_u8(&drop, '\0');
	if (rc == OK)
		rc = sql_exec(d->db, (const char *)drop.p, why);
	buf_done(&drop);
	return rc;
}

/* What every part has a share of. */
static void
shared_put(struct buf *sql)
{
	buf_str(sql, "CREATE VIEW open_matter(kind, id, level, title, since) AS SELECT"
	    " '', '', 0, '', 0 WHERE 0");
	for (size_t i = 0; desk_parts[i] != NULL; i++)
		if (desk_parts[i]->open != NULL)
			buf_printf(sql, " UNION ALL %s", desk_parts[i]->open);
	buf_str(sql, ";CREATE VIEW book_entry(time, kind, id, who, act, text, seq) AS SELECT"
	    " 0, '', '', '', '', '', 0 WHERE 0");
	for (size_t i = 0; desk_parts[i] != NULL; i++)
		if (desk_parts[i]->book != NULL)
			buf_printf(sql, " UNION ALL %s", desk_parts[i]->book);
	buf_u8(sql, ';');
}

static enum err
tables_make(struct desk *d, struct why *why)
{
	struct buf last = { 0 };
	enum err rc = sql_exec(d->db, "BEGIN", why);

	if (rc == OK)
		rc = tables_drop(d, why);
	if (rc == OK)
		rc = sql_exec(d->db, meta, why);
	for (size_t i = 0; rc == OK && desk_parts[i] != NULL; i++)
		rc = sql_exec(d->db, desk_parts[i]->schema, why);
	shared_put(&last);
	buf_printf(&last, "PRAGMA user_version = %d;", version_of());
	buf_u8(&last, '\0');
	if (rc == OK)
		rc = sql_exec(d->db, (const char *)last.p, why);
	buf_done(&last);
	if (rc == OK)
		return sql_exec(d->db, "COMMIT", why);
	(void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	return rc;
}

static bool
on_number(void *ctx, sqlite3_stmt *stmt)
{
	int64_t *to = ctx;

	*to = sqlite3_column_int64(stmt, 0);
	return false;
}

static enum err
number_ask(struct desk *d, const char *sql, int64_t *ret, struct why *why)
{
	struct script script;
	enum err rc = script_make(&script, d->db, sql, why);

	*ret = 0;
	if (rc == OK)
		rc = script_rows(&script, &(struct binds){ .n = 0 }, on_number, ret, why);
	script_done(&script);
	return rc;
}

static enum err
places_load(struct desk *d, struct why *why)
{
	int64_t findings = 0, ledger = 0, epoch = 0;
	enum err rc = number_ask(d, "SELECT seq FROM place WHERE stream = 1", &findings, why);

	if (rc == OK)
		rc = number_ask(d, "SELECT seq FROM place WHERE stream = 2", &ledger, why);
	if (rc == OK)
		rc = number_ask(d, "SELECT epoch FROM place WHERE stream = 2", &epoch, why);
	d->at[STREAM_FINDINGS] = (uint64_t)findings;
	d->at[STREAM_LEDGER] = (uint64_t)ledger;
	d->epoch = (uint32_t)epoch;
	return rc;
}

enum err
desk_new(struct desk **ret_desk, struct sqlite3 *db, struct why *why)
{
	struct desk *d = xcalloc(1, sizeof *d);
	int64_t version = 0;
	enum err rc;

	d->db = db;
	rc = sql_functions(db, why);
	if (rc == OK)
		rc = number_ask(d, "PRAGMA user_version", &version, why);
	if (rc == OK && version != version_of())
		rc = tables_make(d, why);
	if (rc == OK)
		rc = statements_make(d, why);
	if (rc == OK)
		rc = places_load(d, why);
	if (rc == OK)
		*ret_desk = d;
	else
		desk_free(&d);
	return rc;
}

void
desk_free(struct desk **desk)
{
	struct desk *d = *desk;

	if (d == NULL)
		return;
	statements_done(d);
	for (unsigned i = 0; i < DESK_LOADS_MAX; i++)
		buf_done(&d->load[i]);
	buf_done(&d->object);
	free(d);
	*desk = NULL;
}

/* ---- packs ---- */

/* Tables that were filled from a pack before are filled from this one. */
static enum err
load_run(struct desk *d, unsigned i, struct span json, struct why *why)
{
	struct binds binds = { .n = 0 };
	struct script script;
	enum err rc = script_make(&script, d->db, desk_loads[i]->sql, why);

	bind_text(&binds, SPAN("json"), json);
	if (rc == OK)
		rc = sql_exec(d->db, "SAVEPOINT load", why);
	if (rc == OK)
		rc = script_run(&script, &binds, why);
	script_done(&script);
	if (rc != OK)
		(void)sqlite3_exec(d->db, "ROLLBACK TO load", NULL, NULL, NULL);
	(void)sqlite3_exec(d->db, "RELEASE load", NULL, NULL, NULL);
	return rc;
}

enum err
desk_load(struct desk *d, const char *name, struct span json, struct why *why)
{
	for (unsigned i = 0; desk_loads[i] != NULL; i++) {
		enum err rc;

		must(i < DESK_LOADS_MAX);
		if (!span_is(span_str(name), desk_loads[i]->name))
			continue;
		rc = load_run(d, i, json, why);
		if (rc == OK) {
			d->load[i].n = 0;
			buf_span_put(&d->load[i], json);
		}
		return rc;
	}
	return why_set(why, ERR_ABSENT, "no part of the desk takes a pack named %s", name);
}

/* The tables are new and empty. */
static enum err
loads_again(struct desk *d, struct why *why)
{
	enum err rc = OK;

	for (unsigned i = 0; rc == OK && desk_loads[i] != NULL; i++)
		if (d->load[i].n > 0)
			rc = load_run(d, i, buf_span(&d->load[i]), why);
	return rc;
}

enum err
desk_forget(struct desk *d, struct why *why)
{
	enum err rc;

	statements_done(d);
	rc = tables_make(d, why);
	if (rc == OK)
		rc = statements_make(d, why);
	if (rc == OK)
		rc = loads_again(d, why);
	return rc == OK ? places_load(d, why) : rc;
}

/* ---- folding ---- */

enum err
desk_fold_begin(struct desk *d, struct why *why)
{
	return sql_exec(d->db, "BEGIN", why);
}

enum err
desk_fold_end(struct desk *d, struct why *why)
{
	return sql_exec(d->db, "COMMIT", why);
}

void
desk_fold_undo(struct desk *d)
{
	(void)sqlite3_exec(d->db, "ROLLBACK", NULL, NULL, NULL);
	(void)places_load(d, NULL);
}

uint64_t
desk_place(const struct desk *d, unsigned stream)
{
	must(stream < STREAM_END);
	return d->at[stream];
}

uint32_t
desk_epoch(const struct desk *d)
{
	return d->epoch;
}

enum err
desk_epoch_set(struct desk *d, uint32_t epoch, struct why *why)
{
	struct buf sql = { 0 };
	enum err rc;

	buf_printf(&sql, "UPDATE place SET epoch = %u", epoch);
	buf_u8(&sql, '\0');
	rc = sql_exec(d->db, (const char *)sql.p, why);
	buf_done(&sql);
	if (rc == OK)
		d->epoch = epoch;
	return rc;
}

static enum err
place_set(struct desk *d, unsigned stream, uint64_t seq, struct why *why)
{
	struct binds binds = { .n = 0 };
	enum err rc;

	bind_number(&binds, SPAN("seq"), (int64_t)seq);
	bind_number(&binds, SPAN("stream"), stream);
	rc = script_run(&d->place, &binds, why);
	if (rc == OK)
		d->at[stream] = seq;
	return rc;
}

static void
finding_bind(struct binds *b, const struct finding *f, uint64_t seq, char hex[])
{
	const struct finding_group *g = &f->group;

	for (unsigned i = 0; i < FINDING_ID_BYTES; i++) {
		hex[2 * i] = "0123456789abcdef"[f->id[i] >> 4];
		hex[2 * i + 1] = "0123456789abcdef"[f->id[i] & 15];
	}
	bind_text(b, SPAN("id"), span_of(hex, 2 * FINDING_ID_BYTES));
	bind_text(b, SPAN("act"), span_str(finding_act_name(f->act)));
	bind_text(b, SPAN("rule"), f->rule);
	bind_number(b, SPAN("version"), f->version);
	bind_number(b, SPAN("level"), f->level);
	bind_number(b, SPAN("unit"), (int64_t)g->unit);
	bind_text(b, SPAN("listener"), g->listener);
	bind_text(b, SPAN("peer"), g->peer);
	bind_text(b, SPAN("identity"), g->identity);
	bind_text(b, SPAN("host"), g->host);
	bind_text(b, SPAN("subject"), g->subject);
	bind_text(b, SPAN("message"), f->message);
	bind_number(b, SPAN("value"), (int64_t)f->value);
	bind_number(b, SPAN("usual"), (int64_t)f->usual);
	bind_text(b, SPAN("measure"), f->unit);
	bind_number(b, SPAN("time"), f->time_ns);
	bind_number(b, SPAN("opened"), f->opened_ns);
	bind_number(b, SPAN("from_ns"), f->from_ns);
	bind_number(b, SPAN("to_ns"), f->to_ns);
	bind_number(b, SPAN("from_seq"), (int64_t)f->from_seq);
	bind_number(b, SPAN("to_seq"), (int64_t)f->to_seq);
	bind_number(b, SPAN("seq"), (int64_t)seq);
}

enum err
desk_finding(struct desk *d, const struct finding *finding, uint64_t seq, struct why *why)
{
	struct binds binds = { .n = 0 };
	char hex[2 * FINDING_ID_BYTES];
	enum err rc = OK;

	finding_bind(&binds, finding, seq, hex);
	for (unsigned i = 0; rc == OK && i < d->nfinding; i++)
		rc = script_run(&d->finding[i], &binds, why);
	return rc == OK ? place_set(d, STREAM_FINDINGS, seq, why) : rc;
}

struct desk_act *
desk_act_of(struct desk *d, struct span name)
{
	for (unsigned i = 0; i < d->nact; i++)
		if (span_is(name, d->act[i].kind->name))
			return &d->act[i];
	return NULL;
}

enum err
desk_act(struct desk *d, const struct act *act, uint64_t seq, struct why *why)
{
	struct desk_act *a = desk_act_of(d, act->act);
	struct binds binds = { .n = 0 };
	enum err rc = OK;

	if (a != NULL) {
		desk_bind_act(&binds, a->kind, act, &d->object);
		bind_number(&binds, SPAN("seq"), (int64_t)seq);
		rc = sql_exec(d->db, "SAVEPOINT act", why);
		if (rc == OK)
			rc = script_run(&a->apply, &binds, why);
		/* A row that breaks a rule of the tables is one of a program that was wrong. */
		if (rc == ERR_FORMAT)
			rc = sql_exec(d->db, "ROLLBACK TO act", why);
		if (rc == OK)
			rc = sql_exec(d->db, "RELEASE act", why);
	}
	return rc == OK ? place_set(d, STREAM_LEDGER, seq, why) : rc;
}
