/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the rule pack says of incidents (role/incidentpack.h), in tables: how bad, which clocks
 * run, what to do step by step. No ledger folds them.
 *
 * JSON: {"name", "version", "title", "profile": of an incident that names none, "severities": [],
 * "questions": [], "clocks": [], "playbooks": [{..., "steps": []}]}
 */
#include "desk/incident_int.h"

static const char schema[] =
    "CREATE TABLE pack(name TEXT, version TEXT, title TEXT, profile TEXT);"
    "CREATE TABLE pack_severity(profile TEXT, level INT, name TEXT, title TEXT, english TEXT,"
    " note TEXT, law TEXT, article TEXT, effective TEXT, source TEXT, status TEXT,"
    " PRIMARY KEY(profile, level)) WITHOUT ROWID;"
    /* needs: another question, that must not be answered no. */
    "CREATE TABLE pack_question(number INTEGER PRIMARY KEY, name TEXT UNIQUE, profile TEXT,"
    " level INT, needs TEXT, title TEXT, english TEXT, note TEXT, law TEXT, article TEXT,"
    " effective TEXT, source TEXT, status TEXT);"
    "CREATE TABLE pack_clock(name TEXT PRIMARY KEY, profile TEXT, level INT, starts TEXT,"
    " after INT, recipient TEXT, warn TEXT, title TEXT, english TEXT, note TEXT, law TEXT,"
    " article TEXT, effective TEXT, source TEXT, status TEXT) WITHOUT ROWID;"
    "CREATE TABLE pack_playbook(name TEXT PRIMARY KEY, title TEXT, english TEXT, note TEXT,"
    " law TEXT, article TEXT, effective TEXT, source TEXT, status TEXT) WITHOUT ROWID;"
    "CREATE TABLE pack_step(playbook TEXT, number INT, title TEXT, english TEXT, evidence INT,"
    " within INT, PRIMARY KEY(playbook, number)) WITHOUT ROWID;";

#define COLUMN(NAME)	" value ->> '" NAME "'"
#define WORDS \
    COLUMN("title") "," COLUMN("english") "," COLUMN("note") "," COLUMN("law") "," \
    COLUMN("article") "," COLUMN("effective") "," COLUMN("source") "," COLUMN("status")

const struct part_load incident_load = { "incident",
    "DELETE FROM pack; DELETE FROM pack_severity; DELETE FROM pack_question;"
    "DELETE FROM pack_clock; DELETE FROM pack_playbook; DELETE FROM pack_step;"
    "INSERT INTO pack SELECT :json ->> 'name', :json ->> 'version', :json ->> 'title',"
    " :json ->> 'profile';"
    "INSERT INTO pack_severity SELECT" COLUMN("profile") "," COLUMN("level") "," COLUMN("name")
    "," WORDS " FROM json_each(:json, '$.severities');"
    "INSERT INTO pack_question SELECT key," COLUMN("name") "," COLUMN("profile") ","
    COLUMN("level") "," COLUMN("needs") "," WORDS " FROM json_each(:json, '$.questions');"
    "INSERT INTO pack_clock SELECT" COLUMN("name") "," COLUMN("profile") "," COLUMN("level") ","
    COLUMN("starts") ", (value ->> 'after') * 1000000000," COLUMN("recipient") ","
    " value -> 'warn'," WORDS " FROM json_each(:json, '$.clocks');"
    "INSERT INTO pack_playbook SELECT" COLUMN("name") "," WORDS
    " FROM json_each(:json, '$.playbooks');"
    "INSERT INTO pack_step SELECT p.value ->> 'name', s.key + 1, s.value ->> 'title',"
    " s.value ->> 'english', s.value ->> 'evidence', (s.value ->> 'within') * 1000000000 FROM"
    " json_each(:json, '$.playbooks') p, json_each(p.value, '$.steps') s;" };

#define PACK_WORDS \
    "'name', name, 'title', title, 'english', english, 'note', note, 'law', law, 'article'," \
    " article, 'effective', effective, 'source', source, 'status', status"

static const struct part_act acts[] = { { .name = NULL } };

static const struct part_view views[] = {
	{ .path = "/api/packs/incident", .rights = DESK_READ, .param = { { .name = NULL } },
	    .sql = "SELECT json_object('name', name, 'version', version, 'title', title,"
	    " 'profile', profile, 'severities', " ARRAY("'profile', profile, 'level', level, "
	    PACK_WORDS, "pack_severity ORDER BY profile, level") ", 'questions', "
	    ARRAY("'profile', profile, 'level', level, 'needs', needs, " PACK_WORDS,
	    "pack_question ORDER BY number") ", 'clocks', " ARRAY("'profile', profile, 'level',"
	    " level, 'starts', starts, 'after', after / 1000000000, 'recipient', recipient,"
	    " 'warn', json(warn), " PACK_WORDS, "pack_clock ORDER BY profile, after, name")
	    ", 'playbooks', " ARRAY(PACK_WORDS ", 'steps', " ARRAY("'title', title, 'english',"
	    " english, 'evidence', evidence, 'within', within / 1000000000", "pack_step WHERE"
	    " playbook = name ORDER BY number"), "pack_playbook ORDER BY name")
	    ") FROM pack" },
	{ .path = NULL },
};

const struct part part_incident_pack = { .name = "incident pack", .schema = schema, .act = acts,
	.view = views };
