/* SPDX-License-Identifier: Apache-2.0 */
/* Tests evidence/held.c and chain.c: anchors out of what people keep, keys that were replaced. */
#include "check.h"

#include "base/must.h"
#include "evidence/chain.h"
#include "evidence/held.h"

enum { ENTRIES = 40 };

static struct digest hash[ENTRIES];

static enum err
tile(void *ctx, unsigned level, uint64_t index, unsigned width, const struct digest **ret,
    struct why *why)
{
	(void)ctx;
	(void)why;
	must(level == 0 && index == 0 && width <= ENTRIES);
	*ret = hash;
	return OK;
}

/* The tree's first `size` entries as a checkpoint. */
static struct checkpoint
tree(const char *origin, uint64_t size)
{
	struct tlog_reader reader = { tile, NULL, ENTRIES };
	struct checkpoint c = { .origin = span_str(origin), .size = size };

	for (unsigned i = 0; i < ENTRIES; i++)
		memset(hash[i].b, (int)i, DIGEST_BYTES);
	must(tlog_root(&reader, size, &c.root, NULL) == OK);
	return c;
}

static void
anchors_are_found_in_a_log(void)
{
	struct held held[HELD_MAX];
	struct buf text = { 0 };
	unsigned n = 0;

	for (uint64_t size = ENTRIES; size > 0; size -= 4) {
		struct checkpoint c = tree(size % 8 == 0 ? "trucban/a" : "trucban/b", size);

		buf_str(&text, "<110>1 - host trucban - - - ");
		anchor_put(&text, &c, (int64_t)size * 1000000000);
		buf_str(&text, "\nanother line\n");
	}
	check_int(held_list(held, &n, buf_span(&text), SPAN("trucban/a"), NULL), OK);
	check_int(n, 5);
	for (unsigned i = 0; i < n; i++) {
		check_int(held[i].size, 8 * (i + 1));
		check_int(held[i].time_ns, (int64_t)held[i].size * 1000000000);
	}
	/* Without an origin the first one that is found decides. */
	check_int(held_list(held, &n, buf_span(&text), (struct span){ NULL, 0 }, NULL), OK);
	check_int(held[n - 1].size, ENTRIES);
	check_int(held_list(held, &n, buf_span(&text), SPAN("trucban/c"), NULL), ERR_FORMAT);
	check_int(held_list(held, &n, SPAN(""), SPAN("trucban/a"), NULL), ERR_FORMAT);
	buf_done(&text);
}

static void
of_many_the_newest_are_kept_each_once(void)
{
	struct held held[HELD_MAX];
	struct buf text = { 0 };
	unsigned n = 0;

	for (unsigned i = 0; i < 3 * HELD_MAX; i++) {
		struct checkpoint c = tree("trucban/a", 1);

		c.size = 1 + (i * 7) % 100;
		anchor_put(&text, &c, 1000000000);
		buf_u8(&text, '\n');
	}
	check_int(held_list(held, &n, buf_span(&text), SPAN("trucban/a"), NULL), OK);
	check_int(n, HELD_MAX);
	for (unsigned i = 0; i < n; i++)
		check_int(held[i].size, 100 - HELD_MAX + 1 + i);
	/* But two roots of one size are both. */
	text.n = 0;
	for (unsigned i = 0; i < 4; i++) {
		struct checkpoint c = tree("trucban/a", 1 + i % 2);

		c.size = 9;
		anchor_put(&text, &c, 1000000000);
		buf_u8(&text, '\n');
	}
	check_int(held_list(held, &n, buf_span(&text), SPAN("trucban/a"), NULL), OK);
	check_int(n, 2);
	buf_done(&text);
}

static void
a_tree_is_led_to_from_each_size(void)
{
	struct tlog_reader reader = { tile, NULL, ENTRIES };
	struct checkpoint now = tree("trucban/a", ENTRIES);

	for (uint64_t size = 1; size <= ENTRIES; size++) {
		struct checkpoint c = tree("trucban/a", size);
		struct held held = { .size = size, .root = c.root, .time_ns = 7 }, got;
		struct buf text = { 0 };
		struct span rest;
		uint64_t line = 0;

		check_int(tlog_consistency(&reader, size, ENTRIES, &held.proof, NULL), OK);
		check_int(held_check(&held, &now, NULL), OK);
		held_put(&text, &held);
		rest = buf_span(&text);
		check_int(held_get(&got, &rest, &line, NULL), OK);
		check_int(held_check(&got, &now, NULL), OK);
		check(got.time_ns == 7 && rest.n == 0 && line == 2 + held.proof.n);
		check_int(held_get(&got, &rest, &line, NULL), ERR_MORE);
		for (size_t n = 0; n < text.n; n++) {
			rest = span_sub(buf_span(&text), 0, n);
			check_int(held_get(&got, &rest, &line, NULL), n == 0 ? ERR_MORE :
			    ERR_FORMAT);
		}
		held.root.b[0] ^= 1;
		check_int(held_check(&held, &now, NULL), ERR_PROOF);
		held.size = ENTRIES + 1;
		check_int(held_check(&held, &now, NULL), ERR_PROOF);
		buf_done(&text);
	}
}

static void
a_new_key_is_believed_by_the_old_ones_signature(void)
{
	static const uint8_t seed[3][32] = { { 1 }, { 2 }, { 3 } };
	uint8_t signature[LEAF_SIGNATURE_BYTES];
	struct note_key key[3];
	struct buf vkey[3] = { { 0 } }, what = { 0 }, text = { 0 };
	struct leaf_key leaf = { .reason = SPAN("yearly"), .signature = signature };
	struct chain_link link;
	struct span rest;
	uint64_t line = 0, read = 0;

	for (int i = 0; i < 3; i++) {
		note_key_of_seed(&key[i], "trucban/a", seed[i]);
		note_key_put(&vkey[i], &key[i]);
	}
	leaf.old_vkey = buf_span(&vkey[0]);
	leaf.new_vkey = buf_span(&vkey[1]);
	leaf_key_text(&what, leaf.old_vkey, leaf.new_vkey, leaf.reason);
	note_sign_raw(signature, buf_span(&what), seed[0]);
	chain_put(&text, &leaf);
	rest = buf_span(&text);
	check_int(chain_get(&link, &rest, &line, NULL), OK);
	check(note_key_eq(&link.old_key, &key[0]) && note_key_eq(&link.new_key, &key[1]));
	check_int(line, 5);
	check_int(chain_get(&link, &rest, &line, NULL), ERR_MORE);
	for (size_t i = 0; i < text.n; i++) {
		rest = buf_span(&text);
		text.p[i] ^= 1;
		read += chain_get(&link, &rest, &line, NULL) == OK;
		text.p[i] ^= 1;
		rest = span_of(text.p, i);
		check_int(chain_get(&link, &rest, &line, NULL), i > 0 ? ERR_FORMAT : ERR_MORE);
	}
	check_int(read, 0);
	/* Signed by another one. */
	note_sign_raw(signature, buf_span(&what), seed[2]);
	text.n = 0;
	chain_put(&text, &leaf);
	rest = buf_span(&text);
	check_int(chain_get(&link, &rest, &line, NULL), ERR_PROOF);
	for (int i = 0; i < 3; i++)
		buf_done(&vkey[i]);
	buf_done(&what);
	buf_done(&text);
}

int
main(void)
{
	run(anchors_are_found_in_a_log);
	run(of_many_the_newest_are_kept_each_once);
	run(a_new_key_is_believed_by_the_old_ones_signature);
	run(a_tree_is_led_to_from_each_size);
	return check_done();
}
