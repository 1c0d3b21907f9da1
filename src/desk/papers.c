/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Papers that a named person signed off, and what came back: the signed copy, the receipt of the
 * document system. The desk keeps what they are, whose they are and their SHA-256, never the files.
 *
 *	draft --sign--> signed --attach--> signed, with copies and receipts
 *	                   \--withdraw--> withdrawn
 *
 * Papers that are state secrets have no place here: who attaches one says how it is marked, and
 * everything but "none" is refused.
 */
#include "desk/office_int.h"

#include "desk/desk.h"
#include "desk/dutysql.h"
#include "desk/incident_int.h"

static const char schema[] =
    "CREATE TABLE paper(id TEXT PRIMARY KEY, form TEXT, title TEXT, name TEXT, sha256 TEXT,"
    " incident TEXT, about TEXT, number TEXT, signer TEXT, text TEXT, signed INT, who TEXT,"
    " seq INT, withdrawn INT, withdrawer TEXT, reason TEXT) WITHOUT ROWID;"
    "CREATE INDEX paper_sha256 ON paper(sha256);"
    "CREATE INDEX paper_incident ON paper(incident) WHERE incident IS NOT NULL;"
    "CREATE INDEX paper_signed ON paper(signed);"
    "CREATE TABLE paper_copy(seq INTEGER PRIMARY KEY, paper TEXT, kind TEXT, name TEXT,"
    " sha256 TEXT, number TEXT, at INT, time INT, who TEXT, text TEXT);"
    "CREATE INDEX paper_copy_paper ON paper_copy(paper);"
    "CREATE INDEX paper_copy_sha256 ON paper_copy(sha256);"
    "CREATE INDEX paper_copy_time ON paper_copy(time);";

#define P_PAPER	{ .name = "paper", .kind = PART_LINE, .required = true, .most = 16 }
#define P_SUM	{ .name = "sha256", .kind = PART_WORD, .required = true, .most = 64 }
#define P_FILE	{ .name = "name", .kind = PART_LINE, .required = true, .most = 255 }
#define P_MARK	{ .name = "mark", .kind = PART_WORD, .required = true, .most = 32 }
#define SECRET	" WHEN :mark <> 'none' THEN 'paper-secret'"
#define NO_PAPER \
    " WHEN NOT EXISTS(SELECT 1 FROM paper WHERE id = :paper) THEN 'no-paper'" \
    " WHEN (SELECT withdrawn FROM paper WHERE id = :paper) IS NOT NULL THEN 'paper-withdrawn'"
/* A line of the incident's timeline, where the paper is about one. */
#define PAPER_EVENT(TEXT) \
    "INSERT OR IGNORE INTO incident_event SELECT incident, :seq, :time, :who, :act, id || ' ' ||" \
    " title || ': ' || " TEXT ", NULL FROM paper WHERE id = :paper AND incident IS NOT NULL;"

static const struct part_act acts[] = {
	{ .name = "paper-sign", .path = "/api/papers", .rights = DESK_HEAD, .param = {
	    { .name = "form", .kind = PART_WORD, .required = true, .most = 64 },
	    { .name = "title", .kind = PART_LINE, .required = true, .most = 300 },
	    P_FILE, P_SUM, P_MARK, DUTY_SIGNER,
	    { .name = "incident", .kind = PART_LINE, .most = 16 },
	    { .name = "about", .kind = PART_LINE, .most = 300 },
	    { .name = "number", .kind = PART_LINE, .most = 100 }, P_WHAT },
	    .guard = "SELECT CASE" SECRET OFFICE_BAD_SUM DUTY_SIGNER_WRONG
	    " WHEN EXISTS(SELECT 1 FROM paper WHERE sha256 = :sha256 AND withdrawn IS NULL) THEN"
	    " 'paper-signed' WHEN :incident IS NULL THEN NULL" NO_INCIDENT(":incident") " END",
	    .fill = "SELECT " NEXT_ID("VB", "paper") " paper, " DUTY_SIGNER_FILL,
	    .apply = "INSERT OR IGNORE INTO paper(id, form, title, name, sha256, incident, about,"
	    " number, signer, text, signed, who, seq) VALUES(:paper, :form, :title, :name,"
	    " :sha256, :incident, :about, :number, :person, :what, :time, :who, :seq);"
	    PAPER_EVENT(":person || ', SHA-256 ' || :sha256"), .then = "/api/papers/{paper}" },
	{ .name = "paper-attach", .path = "/api/papers/{paper}/attach", .rights = DESK_ACT,
	    .param = { P_PAPER, P_FILE, P_SUM, P_MARK, P_AT,
	    { .name = "kind", .kind = PART_WORD, .required = true, .most = 16 },
	    { .name = "number", .kind = PART_LINE, .most = 100 }, P_WHAT },
	    .guard = "SELECT CASE" SECRET NO_PAPER OFFICE_BAD_SUM AHEAD(":at") " WHEN :kind NOT IN"
	    " ('signed', 'receipt', 'other') THEN 'bad-copy' WHEN :kind = 'receipt' AND :number IS"
	    " NULL THEN 'receipt-number' WHEN EXISTS(SELECT 1 FROM paper_copy WHERE paper ="
	    " :paper AND sha256 = :sha256 AND kind = :kind) THEN 'copy-there' END",
	    .apply = "INSERT OR IGNORE INTO paper_copy VALUES(:seq, :paper, :kind, :name, :sha256,"
	    " :number, coalesce(:at, :time), :time, :who, :what);"
	    PAPER_EVENT(":name || coalesce(', ' || :number, '') || ', SHA-256 ' || :sha256"),
	    .then = "/api/papers/{paper}" },
	{ .name = "paper-withdraw", .path = "/api/papers/{paper}/withdraw", .rights = DESK_HEAD,
	    .param = { P_PAPER, P_WHAT_NEEDED }, .guard = "SELECT CASE" NO_PAPER " END",
	    .apply = "UPDATE paper SET withdrawn = :time, withdrawer = :who, reason = :what WHERE"
	    " id = :paper;" PAPER_EVENT(":what"), .then = "/api/papers/{paper}" },
	{ .name = NULL },
};

#define COPY_OBJECT \
    "'kind', kind, 'name', name, 'sha256', sha256, 'number', number, 'at', stamp(at), 'time'," \
    " stamp(time), 'who', who, 'text', text"
#define PAPER_OBJECT \
    "'id', id, 'form', form, 'title', title, 'name', name, 'sha256', sha256, 'incident'," \
    " incident, 'about', about, 'number', number, 'signer', signer, 'signer_name', (SELECT" \
    " name FROM contact WHERE person = signer), 'text', text, 'signed'," \
    " stamp(signed), 'who', who, 'state', iif(withdrawn IS NULL, 'signed', 'withdrawn')," \
    " 'withdrawn', stamp(withdrawn), 'withdrawer', withdrawer, 'reason', reason, 'copies', " \
    ARRAY(COPY_OBJECT, "paper_copy WHERE paper = id ORDER BY seq")
/* By a file's sum: of the paper or of any copy. */
#define PAPER_WHERE \
    " WHERE (:incident IS NULL OR incident = :incident) AND (:form IS NULL OR form = :form) AND" \
    " (:sha256 IS NULL OR sha256 = :sha256 OR id IN (SELECT paper FROM paper_copy WHERE sha256" \
    " = :sha256)) AND (:text IS NULL OR instr(folded(id || ' ' || title || ' ' ||" \
    " coalesce(number, '') || ' ' || coalesce(about, '')), folded(:text)) > 0)"

static const struct part_view views[] = {
	{ .path = "/api/papers", .rights = DESK_READ, .param = {
	    { .name = "incident", .kind = PART_LINE, .most = 16 },
	    { .name = "form", .kind = PART_WORD }, { .name = "sha256", .kind = PART_WORD },
	    { .name = "text", .kind = PART_LINE }, P_LIMITS },
	    .sql = "SELECT json_object('total', (SELECT count(*) FROM paper" PAPER_WHERE "),"
	    " 'papers', " ARRAY(PAPER_OBJECT, "paper" PAPER_WHERE " ORDER BY signed DESC, id DESC"
	    " LIMIT min(:limit, 1000) OFFSET :offset") ")" },
	{ .path = "/api/papers/{paper}", .rights = DESK_READ, .param = { P_PAPER },
	    .sql = "SELECT json_object(" PAPER_OBJECT ") FROM paper WHERE id = :paper" },
	{ .path = NULL },
};

const struct part part_papers = { .name = "papers", .schema = schema, .act = acts,
	.view = views,
	.book = "SELECT signed, 'paper', id, who, 'paper-sign', title || ', ' || signer, seq FROM"
	    " paper WHERE incident IS NULL UNION ALL SELECT c.time, 'paper', c.paper, c.who,"
	    " 'paper-attach', c.name, c.seq FROM paper_copy c JOIN paper p ON p.id = c.paper WHERE"
	    " p.incident IS NULL" };
