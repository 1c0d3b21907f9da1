/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of store/key.h's rotation, looked at from behind a crash: see rotation.h. */
#include "role/rotation.h"

#include <string.h>

#include "base/arena.h"
#include "base/must.h"
#include "sys/file.h"
#include "model/checkpoint.h"
#include "model/leaf.h"
#include "model/note.h"
#include "store/key.h"
#include "store/tiles.h"

#define NEXT_KEY	"key/seal-next.key"

enum { ARENA_BYTES = 1 << 20, ENTRIES_BACK = 64 };	/* seal.md section 6, rule 1 */

/* Is the KEY leaf that names this key among the last entries under the checkpoint? */
static bool
leaf_is_signed(int dirfd, struct span vkey)
{
	struct arena *arena = arena_new(ARENA_BYTES);
	struct buf note = { 0 }, bundle = { 0 };
	struct checkpoint checkpoint = { .size = 0 };
	struct tiles *tiles = NULL;
	struct note parsed;
	struct span entry;
	struct leaf leaf;
	bool found = false;
	enum err rc;

	rc = tiles_open(&tiles, dirfd, NULL);
	if (rc == OK)
		rc = tiles_note(tiles, &note, NULL);
	if (rc == OK)
		rc = note_parse(&parsed, buf_span(&note), NULL);
	if (rc == OK)
		rc = checkpoint_get(&checkpoint, parsed.text, NULL);
	for (uint64_t i = checkpoint.size; rc == OK && !found && i > 0 &&
	    checkpoint.size - i < ENTRIES_BACK; i--) {
		bundle.n = 0;
		arena_reset(arena);
		rc = tiles_entry(tiles, i - 1, checkpoint.size, &bundle, &entry, NULL);
		if (rc == OK && leaf_decode(&leaf, entry, arena, NULL) == OK)
			found = leaf.type == LEAF_KEY && span_eq(leaf.u.key.new_vkey, vkey);
	}
	buf_done(&note);
	buf_done(&bundle);
	tiles_close(&tiles);
	arena_free(&arena);
	return found;
}

enum err
rotation_look(struct rotation *ret_rotation, int dirfd, uint8_t seal_seed[32], struct why *why)
{
	struct buf vkey = { 0 }, seed = { 0 };
	enum err rc;

	ret_rotation->pending = false;
	rc = keys_rotate_pending(dirfd, &vkey, why);
	if (rc == OK)
		rc = file_read_whole(dirfd, NEXT_KEY, KEY_BYTES, &seed, why);
	if (rc == OK && seed.n != KEY_BYTES)
		rc = why_set(why, ERR_FORMAT, NEXT_KEY " has %zu octets", seed.n);
	if (rc == OK && leaf_is_signed(dirfd, buf_span(&vkey))) {
		rc = keys_rotate_end(dirfd, why);
		if (rc == OK)
			memcpy(seal_seed, seed.p, KEY_BYTES);
	} else if (rc == OK) {
		ret_rotation->pending = true;
		memcpy(ret_rotation->seed, seed.p, KEY_BYTES);
	}
	if (seed.n > 0)
		explicit_bzero(seed.p, seed.n);
	buf_done(&seed);
	buf_done(&vkey);
	return rc == ERR_ABSENT ? OK : rc;
}

enum err
rotation_resume(struct rotation *rotation, struct keep *keep, int dirfd, bool *ret_going,
    struct why *why)
{
	bool pending;

	must(rotation != NULL);		/* or the sanitizer's own check makes NULL look possible */
	pending = rotation->pending;
	*ret_going = pending && keep_rotate_resume(keep, rotation->seed);
	explicit_bzero(rotation, sizeof *rotation);
	return pending && !*ret_going ? keys_rotate_undo(dirfd, why) : OK;
}
