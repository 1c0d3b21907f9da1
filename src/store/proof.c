/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Verification, see proof.h: the order of things, and what comes from outside of the store: keys,
 * checkpoint, anchors. doc/formats/seal.md section 6, rules 1, 2 and 16.
 *
 * The journal is read before the segments: rows that move from one to the other meanwhile are met
 * twice, not never. Rows that are nowhere are looked for again in a newer checkpoint and manifest
 * before anything is said: retention may have come by.
 */
#include "store/proof_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "model/line.h"
#include "sys/file.h"
#include "store/manifest_int.h"

enum {
	KEY_GRACE = 64,			/* entries that the old key may sign behind its end */
	TEXT_BYTES = 1024
};

typedef unsigned long long ull;

const char *
proof_kind_name(unsigned kind)
{
	static const char *const name[PROOF_KIND_END] = {
		[PROOF_CHECKPOINT] = "checkpoint", [PROOF_KEY] = "key", [PROOF_TREE] = "tree",
		[PROOF_LEAF] = "leaf", [PROOF_EPOCH] = "epoch", [PROOF_CLOCK] = "clock",
		[PROOF_GAP] = "gap", [PROOF_LOSS] = "loss", [PROOF_MISSING] = "missing",
		[PROOF_DOUBLE] = "double", [PROOF_ROW] = "row", [PROOF_DROP] = "drop",
		[PROOF_SEGMENT] = "segment", [PROOF_MANIFEST] = "manifest",
		[PROOF_JOURNAL] = "journal", [PROOF_ROLLBACK] = "rollback",
		[PROOF_HOLD] = "hold",
	};

	return kind < PROOF_KIND_END ? name[kind] : "unknown";
}

const char *
proof_grade_name(unsigned grade)
{
	static const char *const name[PROOF_GRADE_END] = {
		[PROOF_NOTE] = "note", [PROOF_WARN] = "warning", [PROOF_BAD] = "bad",
	};

	return grade < PROOF_GRADE_END ? name[grade] : "unknown";
}

/* ---- telling ---- */

void
proof_say(struct proof *p, enum proof_kind kind, enum proof_grade grade,
    const struct proof_place *place, const char *format, ...)
{
	char text[TEXT_BYTES];
	struct proof_finding finding = { .kind = kind, .grade = grade, .rule = place->rule,
	    .stream = place->first_seq > 0 ? place->stream : PROOF_NO_STREAM,
	    .first_seq = place->first_seq, .last_seq = place->last_seq,
	    .file = place->file != NULL ? place->file : "",
	    .offset = place->has_offset ? place->offset : UINT64_MAX,
	    .since_ns = place->since_ns, .text = text };
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof text, format, args);
	va_end(args);
	/* Texts of entries are foreign. */
	for (char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	lock_take(&p->lock);
	p->result.count[grade]++;
	p->options->finding(p->options->ctx, &finding);
	lock_give(&p->lock);
}

bool
proof_step(struct proof *p, uint64_t bytes)
{
	bool go;

	lock_take(&p->lock);
	p->done_bytes += bytes;
	if (p->done_bytes > p->all_bytes)
		p->all_bytes = p->done_bytes;
	if (!p->stopped && p->options->progress != NULL &&
	    !p->options->progress(p->options->ctx, p->done_bytes, p->all_bytes))
		p->stopped = true;
	go = !p->stopped;
	lock_give(&p->lock);
	return go;
}

/* ---- keys and checkpoint, rules 1 and 2 ---- */

static enum err
checkpoint_read(struct proof *p, struct why *why)
{
	enum err rc;

	p->note_text.n = 0;
	rc = tiles_note(p->tiles, &p->note_text, why);
	if (rc == OK)
		rc = note_parse(&p->note, buf_span(&p->note_text), why);
	if (rc == OK)
		rc = checkpoint_get(&p->checkpoint, p->note.text, why);
	return rc;
}

/* Without a readable checkpoint there is no tree to compare with: said, and nothing is sealed. */
static void
checkpoint_begin(struct proof *p)
{
	struct why why = { "" };
	enum err rc = checkpoint_read(p, &why);

	if (rc == OK)
		return;
	memset(&p->checkpoint, 0, sizeof p->checkpoint);
	p->note.nsignature = 0;
	proof_say(p, PROOF_CHECKPOINT, PROOF_BAD, PROOF_PLACE(1, .file = "seal/checkpoint"),
	    rc == ERR_ABSENT ? "there is none%s" : "%s", rc == ERR_ABSENT ? "" : why.text);
}

/* Is the key one of the tree's, and how old? Its place in the chain, or nkey. */
static unsigned
chain_find(const struct proof_stand *stand, const struct note_key *key)
{
	unsigned i = 0;

	while (i < stand->nkey && !note_key_eq(&stand->key[i], key))
		i++;
	return i;
}

/* The keys that may have signed: the newest; a little after a change the one before it. */
static unsigned
signers(const struct proof *p, struct note_key ret[2])
{
	const struct proof_stand *stand = &p->stand;
	unsigned n = 0;

	ret[n++] = stand->key[stand->nkey - 1];
	if (stand->nkey > 1 && p->checkpoint.size - stand->key_index <= KEY_GRACE)
		ret[n++] = stand->key[stand->nkey - 2];
	return n;
}

/* The keys that we go by: those of desks that were given, else the store's own. */
static void
anchor_of_trust(struct proof *p)
{
	struct proof_stand *stand = &p->stand;
	const struct note_key *given = NULL;
	bool leads = false;

	for (size_t i = 0; i < p->options->ntrusted; i++) {
		const struct note_key *key = &p->options->trusted[i];

		if (key->kind != NOTE_ED25519)
			continue;
		if (given == NULL || note_check(&p->note, key, NULL, NULL) == OK)
			given = key;
		leads = leads || chain_find(stand, key) < stand->nkey;
	}
	p->result.trusted = given != NULL;
	if (stand->nkey > 0) {
		if (leads || given == NULL)
			return;
	} else if (given != NULL) {
		stand->key[stand->nkey++] = *given;
		return;
	} else if (p->has_keys) {
		stand->key[0] = p->keys.vkey;
		stand->nkey = 1;
		return;
	}
	p->result.trusted = false;
	proof_say(p, PROOF_KEY, PROOF_BAD, PROOF_PLACE(1, .file = "seal/checkpoint"),
	    stand->nkey > 0 ? "no key that is trusted leads to the one that signs here" :
	    "there is no key to check the signature with");
}

static void
signature_judge(struct proof *p)
{
	struct note_key key[2];
	struct why why = { "" };
	size_t index = 0;
	unsigned n;

	anchor_of_trust(p);
	if (p->stand.nkey == 0 || p->note.nsignature == 0)
		return;
	n = signers(p, key);
	if (note_check_any(&p->note, key, n, &index, &why) != OK) {
		p->result.trusted = false;
		proof_say(p, PROOF_CHECKPOINT, PROOF_BAD, PROOF_PLACE(1,
		    .file = "seal/checkpoint"), "%s", why.text);
	} else if (!span_is(p->checkpoint.origin, key[index].name)) {
		p->result.trusted = false;
		proof_say(p, PROOF_CHECKPOINT, PROOF_BAD, PROOF_PLACE(1,
		    .file = "seal/checkpoint"), "it is of another desk than its key");
	}
	if (p->has_keys && chain_find(&p->stand, &p->keys.vkey) == p->stand.nkey)
		proof_say(p, PROOF_KEY, PROOF_BAD, PROOF_PLACE(1, .file = "key/seal.vkey"),
		    "it is not the key that signs here");
}

static void
keys_begin(struct proof *p)
{
	struct why why = { "" };
	enum err rc = keys_load(&p->keys, p->dirfd, &why);

	p->has_keys = rc == OK;
	p->store_key = p->options->store_key;
	if (p->store_key == NULL && keys_store_key(p->own_key, p->dirfd, NULL) == OK)
		p->store_key = p->own_key;
	/* A copy for others may come without keys; one that is damaged is no such copy. */
	if (rc != OK && rc != ERR_ABSENT && rc != ERR_DENIED)
		proof_say(p, PROOF_KEY, PROOF_BAD, PROOF_PLACE(1, .file = "key"), "%s", why.text);
}

/* ---- anchors, rule 16 ---- */

static void
anchor_judge(struct proof *p, const struct checkpoint *anchor, int64_t time_ns)
{
	struct tlog_reader reader = tiles_reader(p->tiles, p->checkpoint.size);
	struct proof_place place = { .rule = 16, .since_ns = time_ns };
	char code[CHECKPOINT_SHORT_BYTES];
	struct digest root;
	struct why why = { "" };

	checkpoint_short(code, anchor);
	if (!span_eq(anchor->origin, p->checkpoint.origin)) {
		proof_say(p, PROOF_ROLLBACK, PROOF_WARN, &place,
		    "the anchor %s is of another desk: %.*s", code, (int)anchor->origin.n,
		    (const char *)anchor->origin.p);
		return;
	}
	if (anchor->size > p->checkpoint.size) {
		place.since_ns = p->stand.beat_ns;
		proof_say(p, PROOF_ROLLBACK, PROOF_BAD, &place, "rolled back: the anchor %s has "
		    "%llu entries, the store has %llu", code, (ull)anchor->size,
		    (ull)p->checkpoint.size);
		return;
	}
	if (tlog_root(&reader, anchor->size, &root, &why) != OK) {
		proof_say(p, PROOF_ROLLBACK, PROOF_BAD, &place,
		    "the anchor %s cannot be compared: %s", code, why.text);
		return;
	}
	if (memcmp(root.b, anchor->root.b, DIGEST_BYTES) != 0) {
		proof_say(p, PROOF_ROLLBACK, PROOF_BAD, &place, "forked: the first %llu entries "
		    "are not those of the anchor %s", (ull)anchor->size, code);
		return;
	}
	p->result.anchors++;
	if (time_ns > p->result.anchor_ns)
		p->result.anchor_ns = time_ns;
}

/* When the tree had that size: the time of its last entry; for notes, which carry none. */
static int64_t
time_of_size(struct proof *p, uint64_t size)
{
	struct leaf_reader reader = { .index = UINT64_MAX };
	struct leaf leaf = { .time_ns = 0 };

	if (size > 0 && size <= p->stand.entries && leaf_reader_open(&reader, p, NULL) == OK)
		(void)leaf_reader_get(&reader, size - 1, &leaf, NULL);
	leaf_reader_close(&reader);
	return leaf.time_ns;
}

/* A signed note: the anchor's signature is checked by the keys of the chain. */
static bool
anchor_note(struct proof *p, struct span text, bool *ret_is_note)
{
	struct checkpoint anchor;
	struct note note;

	*ret_is_note = note_parse(&note, text, NULL) == OK &&
	    checkpoint_get(&anchor, note.text, NULL) == OK;
	if (!*ret_is_note)
		return false;
	if (p->stand.nkey > 0 && note_check_any(&note, p->stand.key, p->stand.nkey, NULL,
	    NULL) != OK)
		proof_say(p, PROOF_ROLLBACK, PROOF_WARN, PROOF_PLACE(16),
		    "the anchor is not signed by this desk");
	anchor_judge(p, &anchor, time_of_size(p, anchor.size));
	return true;
}

/* One signed note, or text in which some lines hold anchors. */
static enum err
anchors(struct proof *p, struct why *why)
{
	struct span rest = p->options->against, line;
	struct buf ended = { 0 };
	bool is_note;
	uint64_t found = 0;

	if (rest.n == 0)
		return OK;
	if (anchor_note(p, rest, &is_note) || is_note)
		return OK;
	buf_span_put(&ended, rest);
	buf_u8(&ended, '\n');
	rest = buf_span(&ended);
	while (line_next(&rest, &line)) {
		struct checkpoint anchor;
		int64_t time_ns;
		enum err rc = anchor_get(&anchor, &time_ns, line, NULL);

		if (rc == ERR_FORMAT)
			proof_say(p, PROOF_ROLLBACK, PROOF_WARN, PROOF_PLACE(16),
			    "an anchor line is damaged or mistyped: %.*s", (int)line.n,
			    (const char *)line.p);
		found += rc != ERR_ABSENT;
		if (rc == OK)
			anchor_judge(p, &anchor, time_ns);
	}
	buf_done(&ended);
	if (found > 0)
		return OK;
	return why_set(why, ERR_FORMAT, "no checkpoint and no anchor line to compare with");
}

/* Witnesses' cosignatures on the checkpoint itself need their keys: given among the trusted. */
static void
witnesses(struct proof *p)
{
	for (size_t i = 0; i < p->options->ntrusted; i++) {
		const struct note_key *key = &p->options->trusted[i];
		uint64_t time_s = 0;

		if (key->kind != NOTE_COSIGNATURE ||
		    note_check(&p->note, key, &time_s, NULL) != OK ||
		    time_s > INT64_MAX / 1000000000)
			continue;
		p->result.anchors++;
		if ((int64_t)time_s * 1000000000 > p->result.anchor_ns)
			p->result.anchor_ns = (int64_t)time_s * 1000000000;
	}
}

/* ---- the manifest ---- */

/* The manifest is read again later; what is still wrong then was said. */
static void
manifest_say(struct proof *p, enum proof_said what, const char *text)
{
	if ((p->said & (unsigned)what) == 0)
		proof_say(p, PROOF_MANIFEST, PROOF_BAD, PROOF_PLACE(14, .file = "manifest"), "%s",
		    text);
	p->said |= (unsigned)what;
}

/* Octets behind the last record: being written this moment, torn, or changed. */
static void
manifest_end_judge(struct proof *p)
{
	uint64_t size = 0;

	if (manifest_refresh(p->manifest, NULL) != OK ||
	    file_size(p->manifest->fd, &size, NULL) != OK || size <= p->manifest->end)
		return;
	if (manifest_refresh(p->manifest, NULL) == OK && size > p->manifest->end &&
	    (p->said & SAID_TAIL) == 0) {
		p->said |= SAID_TAIL;
		proof_say(p, PROOF_MANIFEST, PROOF_WARN, PROOF_PLACE(14, .file = "manifest",
		    PROOF_AT(p->manifest->end)), "the last octets are no record");
	}
}

static enum err
manifest_begin(struct proof *p, struct why *why)
{
	uint8_t id[STORE_ID_BYTES];
	enum err rc;

	manifest_close(&p->manifest);
	rc = manifest_open(&p->manifest, p->dirfd, MANIFEST_READ, why);
	if (rc == ERR_FORMAT || rc == ERR_PROOF) {
		manifest_say(p, SAID_UNREADABLE, why != NULL ? why->text : "");
		return OK;
	}
	if (rc != OK)
		return rc;
	if (manifest_damaged(p->manifest))
		manifest_say(p, SAID_DAMAGED, "records of it cannot be read");
	if (p->has_keys) {
		store_id_of(id, p->keys.origin);
		if (memcmp(id, manifest_store_id(p->manifest), sizeof id) != 0)
			manifest_say(p, SAID_OTHER_STORE,
			    "it is of another store than key/seal.vkey");
	}
	if (manifest_encrypted(p->manifest) && p->store_key == NULL)
		return why_set(why, ERR_DENIED, "the store is encrypted and there is no "
		    "store key; put it at key/store.key, or name its file with --store-key");
	if (manifest_encrypted(p->manifest) && !proof_key_fits(p))
		return why_set(why, ERR_DENIED, "%s is not the key that this store is encrypted "
		    "with", p->options->store_key != NULL ? "the store key" : "key/store.key");
	manifest_end_judge(p);
	p->all_bytes = p->done_bytes + p->checkpoint.size * 200;
	for (size_t i = 0; i < manifest_count(p->manifest); i++)
		p->all_bytes += manifest_segment(p->manifest, i)->bytes;
	return OK;
}

/* ---- all ---- */

static bool
rows_lack(const struct proof *p)
{
	for (uint64_t i = 0; i < p->rows.n / 64 + 1 && i * 64 < p->rows.n; i++)
		if ((p->rows.word[i] & ~p->gone.word[i] & ~p->found.word[i]) != 0)
			return true;
	return false;
}

/*
 * Something is nowhere. When the keeper signed meanwhile, its newer tree and manifest may say why:
 * entries that DROP it, segments that hold it now.
 */
static enum err
look_again(struct proof *p, struct why *why)
{
	uint64_t size = p->checkpoint.size;
	enum err rc = OK;

	if (!rows_lack(p) || checkpoint_read(p, NULL) != OK || p->checkpoint.size <= size)
		return OK;
	rc = proof_tree(p, why);
	if (rc == OK)
		rc = proof_journal(p, why);
	if (rc == OK)
		rc = manifest_begin(p, why);
	for (size_t i = 0; rc == OK && i < manifest_count(p->manifest); i++)
		proof_segment_found(p, i);
	return rc;
}

static enum err
run(struct proof *p, struct why *why)
{
	enum err rc;

	keys_begin(p);
	rc = tiles_open(&p->tiles, p->dirfd, why);
	if (rc != OK)
		return rc;
	checkpoint_begin(p);
	rc = manifest_begin(p, why);
	if (rc == OK) {
		proof_state_load(p);
		rc = proof_tree(p, why);
	}
	if (rc == OK && p->manifest != NULL && !p->stopped)
		proof_hold_manifest(p);
	if (rc == OK)
		proof_epochs(p);
	signature_judge(p);
	if (rc == OK && p->manifest != NULL)
		rc = proof_journal(p, why);
	/* Once more: segments that were made meanwhile are needed, old ones may be gone. */
	if (rc == OK && p->manifest != NULL)
		rc = manifest_begin(p, why);
	if (rc == OK && p->manifest != NULL)
		rc = proof_segments(p, why);
	if (rc == OK && p->manifest != NULL && !p->stopped)
		rc = look_again(p, why);
	if (rc != OK || p->stopped)
		return rc;
	proof_missing(p);
	proof_runs(p);
	proof_journal_rows(p);
	proof_journal_tail(p);
	rc = anchors(p, why);
	witnesses(p);
	return rc == OK ? proof_state_save(p, why) : rc;
}

static void
result_fill(struct proof *p)
{
	struct proof_result *result = &p->result;

	if (p->checkpoint.origin.n < sizeof result->origin && p->checkpoint.origin.n > 0) {
		memcpy(result->origin, p->checkpoint.origin.p, p->checkpoint.origin.n);
		checkpoint_short(result->code, &p->checkpoint);
	}
	result->entries = p->checkpoint.size;
	result->first_ns = p->stand.first_ns;
	result->last_ns = p->stand.beat_ns;
}

enum err
proof_verify(int dirfd, const struct proof_options *options, struct proof_result *ret_result,
    struct why *why)
{
	struct proof *p = xcalloc(1, sizeof *p);
	enum err rc;

	p->options = options;
	p->dirfd = dirfd;
	p->arena = arena_new(PROOF_ARENA);
	p->stand.key_index = UINT64_MAX;
	lock_init(&p->lock);
	rc = run(p, why);
	if (rc == OK && p->stopped)
		rc = why_set(why, ERR_BUSY, "stopped");
	result_fill(p);
	*ret_result = p->result;
	lock_done(&p->lock);
	manifest_close(&p->manifest);
	tiles_close(&p->tiles);
	keys_wipe(&p->keys);
	explicit_bzero(p->own_key, sizeof p->own_key);
	bits_done(&p->rows);
	bits_done(&p->gone);
	bits_done(&p->found);
	bits_done(&p->segment);
	buf_done(&p->note_text);
	arena_free(&p->arena);
	free(p->bundle_root);
	free(p->epoch);
	free(p->run);
	free(p->held);
	free(p->known);
	free(p->seen);
	free(p);
	return rc;
}
