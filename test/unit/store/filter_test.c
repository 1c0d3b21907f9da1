/* SPDX-License-Identifier: Apache-2.0 */
/* What a segment holds is never denied, and what it does not hold mostly is. */
#include "check.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fold.h"
#include "rows.h"
#include "store/builder.h"
#include "store/filter.h"
#include "store/group.h"
#include "store/segment_int.h"
#include "store/token.h"
#include "sys/file.h"

static uint64_t
token_of(struct span word, bool entity)
{
	uint8_t folded[4096];

	must(word.n <= sizeof folded);
	return store_token_hash(span_of(folded, fold(folded, word)), entity);
}

/* ---- tokens ---- */

static void
a_number_is_readable_in_its_token(void)
{
	uint64_t token = token_of(SPAN("4625"), false);

	check((token & TOKEN_DIGITS) != 0);
	check_int(token_length(token), 4);
	check_int(token_number(token), 4625);
	check(token == token_of_number(4625));
	check(token != token_of(SPAN("04625"), false));
	check_int(token_length(token_of(SPAN("04625"), false)), 5);
	check((token_of(SPAN("123456789012345678"), false) & TOKEN_DIGITS) == 0);
	check((token_of(SPAN(""), false) & TOKEN_DIGITS) == 0);
}

static unsigned
entities_of(struct span text, struct span *ret, unsigned most)
{
	size_t at = 0;
	unsigned n = 0;

	while (n < most && store_entity_next(text, &at, &ret[n]))
		n++;
	return n;
}

static void
entities_are_found_wherever_they_stand(void)
{
	static const struct {
		const char *text;
		const char *entity;
	} one[] = {
		{ "from 10.0.0.1 port 22", "10.0.0.1" },
		{ "(192.168.4.255)", "192.168.4.255" },
		{ "x=550e8400-e29b-41d4-a716-446655440000;",
		    "550e8400-e29b-41d4-a716-446655440000" },
		{ "mac 00:1A:2b:3c:4d:5e.", "00:1A:2b:3c:4d:5e" },
		{ "00-1a-2b-3c-4d-5e", "00-1a-2b-3c-4d-5e" },
		{ "<bob.smith@example.com>", "smith@example" },
		{ "d41d8cd98f00b204e9800998ecf8427e", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "d41d8cd98f00b204e9800998ecf8427e.", "d41d8cd98f00b204e9800998ecf8427e" },
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "1:1:1:1:1:1:1:1", "1:1:1:1:1:1:1:1" },
	};
	static const char *const none[] = { "10.0.0", "256.1.1.1", "1.2.3.4567", "12:34:56", "@",
	    "a @b", "550e8400-e29b-41d4-a716", "00:1a:2b:3c:4d:5", "d41d8cd98f00b204e9800998ecf84",
	    "", "a1.2.3.4x" };
	struct span found[8];

	for (size_t i = 0; i < sizeof one / sizeof one[0]; i++) {
		if (check_int(entities_of(span_str(one[i].text), found, 8), 1))
			check_span(found[0], span_str(one[i].entity));
	}
	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
		check_int(entities_of(span_str(none[i]), found, 8), 0);
	check_int(entities_of(SPAN("1.2.3.4.5"), found, 8), 2);
	check_span(found[1], SPAN("2.3.4.5"));
}

/* The quick look, and the long one behind it, agree in texts made of pieces of entities. */
static void
no_entity_is_passed_over(void)
{
	static const char *const part[] = { "10", "255", "1a", "00", "f00d", "550e8400", "e29b",
	    "446655440000", "d41d8cd98f00b204e9800998ecf8427e", "bob", "x", " ", ".", ".", "-",
	    "-", ":", ":", "@" };
	uint64_t dice = 1;
	size_t entities = 0;

	for (unsigned round = 0; round < 20000; round++) {
		struct buf text = { 0 };
		struct span s;
		size_t at = 0, end, mark = dice % 3;

		for (unsigned n = 0; n < 20; n++) {
			dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
			/* Mostly a word and one joining octet in turns. */
			buf_str(&text, n % 2 == 1 && dice >> 61 != 0 ?
			    part[13 + 2 * mark] : part[(dice >> 33) % 19]);
		}
		s = buf_span(&text);
		for (; at < s.n; at = end + 1) {
			for (end = at; end < s.n && ascii_is_word(s.p[end]);)
				end++;
			if (end == at || token_entity_end(s, at, end) == 0)
				continue;
			entities++;
			check(token_entity_may(s, at, end));
		}
		buf_done(&text);
	}
	check(entities > 1000);
}

/* ---- filters of segments ---- */

static bool
is_hex(struct span s, size_t at)
{
	size_t n = 0;

	while (n < 4 && at + n < s.n && s.p[at + n] != 0 &&
	    strchr("0123456789abcdefABCDEF", s.p[at + n]) != NULL)
		n++;
	return n == 4;
}

/* What stands in the value, as JSON and RFC 5424 mean it. */
static struct span
meant(struct span raw, uint8_t kind, uint8_t *room)
{
	size_t n = 0;

	if (kind == HOLE_TEXT || kind == HOLE_JSON_LITERAL || kind == HOLE_JSON_VALUE)
		return raw;
	for (size_t i = 0; i < raw.n; i++) {
		uint8_t c = raw.p[i], next = i + 1 < raw.n ? raw.p[i + 1] : 0;

		if (c != '\\' || i + 1 == raw.n ||
		    (kind == HOLE_SD_VALUE && next != '"' && next != '\\' && next != ']')) {
			room[n++] = c;
			continue;
		}
		i++;
		if (kind == HOLE_JSON_STRING && next == 'u' && !is_hex(raw, i + 1)) {
			n += rune_put(room + n, RUNE_BAD);
		} else if (kind == HOLE_JSON_STRING && next == 'u') {
			char hex[5] = { (char)raw.p[i + 1], (char)raw.p[i + 2],
			    (char)raw.p[i + 3], (char)raw.p[i + 4], 0 };

			n += rune_put(room + n, (uint32_t)strtoul(hex, NULL, 16));
			i += 4;
		} else if (kind == HOLE_JSON_STRING && next != 0 && strchr("bfnrt", next)) {
			room[n++] = '\n';
		} else {
			room[n++] = next;
		}
	}
	return span_of(room, n);
}

/* Words and entities of a value that the filter denies. */
static unsigned
denied_of(const struct filter *f, struct span text)
{
	struct span part;
	unsigned denied = 0;
	size_t at = 0;

	while (word_next(text, &at, &part)) {
		uint8_t folded[1024];
		size_t n = part.n <= sizeof folded ? fold(folded, part) : 0;

		if (n > 0 && !filter_may_hold(f, store_token_hash(span_of(folded, n), false))) {
			printf("denied: \"%.*s\" of \"%.*s\"\n", (int)n, (char *)folded,
			    (int)text.n, (const char *)text.p);
			denied++;
		}
	}
	at = 0;
	while (store_entity_next(text, &at, &part))
		denied += part.n <= 1024 && !filter_may_hold(f, token_of(part, true));
	return denied;
}

static unsigned
denied_in(struct segment *s, const struct filter *f)
{
	const uint16_t *shape;
	struct why why;
	unsigned denied = 0;

	must(segment_shape_index(s, &shape, &why) == OK);
	for (uint32_t i = 0; i < segment_columns(s); i++)
		must(segment_column_text(s, i, NULL, &why) == OK);
	for (uint32_t row = 0; row < segment_rows(s); row++) {
		const struct shape *sh = segment_shape(s, shape[row]);
		struct span value[LIMIT_FIELDS];

		must(segment_values(s, row, value, &why) == OK);
		for (uint32_t i = 0; i < sh->nhole; i++) {
			uint8_t *room = xmalloc(2 * value[i].n + 1);

			denied += denied_of(f, meant(value[i], sh->hole[i].kind, room));
			free(room);
		}
	}
	return denied;
}

static void
filter_of(struct pack *pack, struct filter *ret)
{
	struct span section;
	struct cur c;
	struct list_in in = { &c, pack, NULL };
	struct why why = { "" };

	if (!check_int(derived_section(pack, DERIVED_FILTER, &section, &why), OK))
		return;
	c = cur_of(section);
	if (!check_int(filter_get(&in, ret, &why), OK))
		printf("%s\n", why.text);
	check(cur_done(&c));
}

static void
frame_add(struct builder *b, struct rows *r, uint32_t rows, uint32_t leaf)
{
	struct batch_writer *writer = batch_writer_new(0, 2);
	uint8_t seed[32] = { 1 };
	struct rows_tables tables;
	struct batch_head head;
	struct buf code = { 0 };
	uint32_t before = r->n;

	rows_add(r, writer, rows, false);
	batch_finish(writer, &code);
	must(batch_head_read(&head, buf_span(&code), NULL) == OK);
	rows_tables(&tables, r, &head);
	builder_frame(b, &head, &tables.tables, 1 + before);
	builder_leaf(b, leaf, seed);
	buf_done(&code);
	batch_writer_free(&writer);
}

/* Everything in the builder's rows is in the filter that it writes. */
static void
segment_denies_nothing(struct builder *b, uint64_t seed)
{
	struct segment_info info;
	struct segment_memory *memory;
	struct segment *s = NULL;
	struct pack *pack = NULL;
	struct filter f;

	memory = builder_to_memory(b, &info);
	must(segment_open_memory(&s, memory, NULL, PACK_CHECK, NULL) == OK);
	must(pack_open_memory(&pack, buf_span(&memory->derived), "derived", NULL, PACK_CHECK,
	    NULL) == OK);
	filter_of(pack, &f);
	if (!check_int(denied_in(s, &f), 0))
		printf("seed %llu\n", (unsigned long long)seed);
	pack_close(&pack);
	segment_free(&s);
	segment_memory_drop(&memory);
}

static void
nothing_that_is_there_is_denied(void)
{
	for (uint64_t seed = 100; seed < 140; seed++) {
		struct builder_conf conf = { .class = 2, .epoch = 1, .level = 1 };
		struct builder *b = builder_new(&conf);
		struct rows r;

		rows_init(&r, seed);
		frame_add(b, &r, 20 + (uint32_t)(seed * seed % 900), 1);
		segment_denies_nothing(b, seed);
		builder_free(&b);
		rows_done(&r);
	}
}

/* Texts of one field, cut at every sort of escape: put together from parts by dice. */
static void
escaped_add(struct rows *r, struct batch_writer *writer, struct span *value)
{
	static const char *const part[] = { "\\u00e9", "\\n", "\\\"", "\\\\", "\\V", "\\\xc4\xa3",
	    "\\u0020", "=", "/", "'", " ", " /", "ab", "7", "uid=", ": ", ".", "-", "f0", "\xa6",
	    "\xc3\xa9", "\\t", "2026-11-23T07:00:00Z", "Label: ", "\\u", "\\/", "x" };
	struct row row = { .nvalue = 2, .value = value, .recv_ns = 1790000000000000000 };
	struct buf text = { 0 };

	for (uint32_t n = 1 + rows_below(r, 14); n > 0; n--)
		buf_span_put(&text, rows_pick(r, part, sizeof part / sizeof part[0]));
	value[0] = value[1] = buf_span(&text);
	if (rows_below(r, 3) > 0)
		value[0] = span_sub(value[0], 0, text.n / 2);
	must(batch_add(writer, 0, 0, &row) == OK);
	buf_done(&text);
}

static void
a_word_with_escapes_is_never_denied(void)
{
	for (uint64_t seed = 1; seed < 60; seed++) {
		struct batch_writer *writer = batch_writer_new(0, 2);
		struct builder_conf conf = { .class = 2, .epoch = 1, .level = 1 };
		struct builder *b = builder_new(&conf);
		struct hole hole[2] = {
			{ .kind = (uint8_t)(seed % HOLE_KIND_END), .name = SPAN("a") },
			{ .kind = (uint8_t)(seed / 2 % 2), .role = ROLE_MESSAGE,
			    .name = SPAN("msg") },
		};
		struct shape parts = { .format = 1, .decoder = 1, .nhole = 2, .hole = hole };
		struct span value[2];
		struct rows_tables tables;
		struct batch_head head;
		struct buf code = { 0 };
		struct rows r;

		rows_init(&r, seed);
		shape_free(&r.shape[0]);
		shape_encode(&code, &parts);
		must(shape_new(&r.shape[0], buf_span(&code), NULL) == OK);
		code.n = 0;
		for (uint32_t i = 0; i < 20 + seed * 20; i++)
			escaped_add(&r, writer, value);
		batch_finish(writer, &code);
		must(batch_head_read(&head, buf_span(&code), NULL) == OK);
		rows_tables(&tables, &r, &head);
		builder_frame(b, &head, &tables.tables, 1);
		builder_leaf(b, 1, (const uint8_t[32]){ 1 });
		segment_denies_nothing(b, seed);
		buf_done(&code);
		batch_writer_free(&writer);
		builder_free(&b);
		rows_done(&r);
	}
}

static struct span
word_at(char *text, unsigned i)
{
	(void)snprintf(text, 32, "w%ux%xq", i, i * 2654435761U);
	return span_str(text);
}

static void
few_that_are_not_there_pass(void)
{
	struct filter_maker *m = filter_maker_new();
	struct buf dir = { 0 }, file = { 0 };
	struct pack_head head = { .kind = PACK_DERIVED };
	struct list_out out = { pack_writer_new(&head, NULL, 1), &dir, NULL };
	struct pack *pack = NULL;
	struct filter f;
	struct hold hold = { 0 };
	struct cur c;
	unsigned passed = 0;
	char text[32];

	for (unsigned i = 0; i < 50000; i++)
		filter_text(m, word_at(text, i));
	filter_put(m, &out);
	pack_finish(out.pack, buf_span(&dir), &file);
	pack_writer_free(&out.pack);
	must(pack_open_memory(&pack, buf_span(&file), "f", NULL, PACK_CHECK, NULL) == OK);
	c = cur_of(pack_body(pack));
	must(filter_get(&(struct list_in){ &c, pack, &hold }, &f, NULL) == OK);
	for (unsigned i = 0; i < 50000; i++)
		check(filter_may_hold(&f, token_of(word_at(text, i), false)));
	for (unsigned i = 50000; i < 250000; i++)
		passed += filter_may_hold(&f, token_of(word_at(text, i), false));
	check(passed < 200000 / 800);
	check(f.nbit < 50000 * 24);
	pack_close(&pack);
	filter_maker_free(&m);
	buf_done(&dir);
	buf_done(&file);
}

static void
dense_numbers_and_stamps_are_not_filed_one_by_one(void)
{
	struct filter_about about = { .flags = FILTER_STAMPS | FILTER_UUIDS,
	    .lengths = 1U << 2 | 1U << 6, .nrange = 1, .range = { { 5000, 6000 } } };

	check(filter_about_holds(&about, token_of(SPAN("5500"), false)));
	check(!filter_about_holds(&about, token_of(SPAN("4999"), false)));
	check(filter_about_holds(&about, token_of(SPAN("59"), false)));
	check(filter_about_holds(&about, token_of(SPAN("123456"), false)));
	check(!filter_about_holds(&about, token_of(SPAN("12345"), false)));
	check(filter_about_holds(&about, token_of(SPAN("123456Z"), false)));
	check(filter_about_holds(&about, token_of(SPAN("15T05"), false)));
	check(filter_about_holds(&about, token_of(SPAN("Nov"), false)));
	check(filter_about_holds(&about, token_of(SPAN("e29b"), false)));
	check(!filter_about_holds(&about, token_of(SPAN("sshd"), false)));
	check(!filter_about_holds(&about, token_of(SPAN("10.0.0.1"), true)));
}

/* ---- groups ---- */

enum { SEGMENTS = 300 };

/* SEGMENTS segments of a store, each with a word of its own. */
static void
store_fill(int dirfd, const uint8_t *key, struct segment_info *info)
{
	struct builder_conf conf = { .class = 2, .epoch = 1, .level = 1, .store_key = key };
	struct rows r;
	int day = -1;
	char name[64], text[SEGMENT_NAME];

	must(mkdirat(dirfd, "segment", 0700) == 0);
	rows_init(&r, 5);
	segment_day(text, 1790000000000000000);
	(void)snprintf(name, sizeof name, "segment/%s", text);
	must(mkdirat(dirfd, name, 0700) == 0);
	must(dir_open(&day, dirfd, name, NULL) == OK);
	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct builder *b = builder_new(&conf);

		frame_add(b, &r, 3 + i % 50 * (i % 7), i);
		must(builder_write(b, day, i + 1, &info[i], NULL) == OK);
		builder_free(&b);
	}
	close(day);
	rows_done(&r);
}

static int
remove_each(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static unsigned
disagreements(int dirfd, const uint8_t *key, const struct segment_info *info,
    struct groups *groups)
{
	unsigned wrong = 0;

	for (unsigned i = 0; i < SEGMENTS; i++) {
		struct pack *pack = NULL;
		struct filter f;
		char text[32];

		must(derived_open(&pack, dirfd, &info[i], key, NULL) == OK);
		filter_of(pack, &f);
		wrong += !groups_have(groups, &info[i]);
		for (unsigned k = 0; k < 40 && groups_have(groups, &info[i]); k++) {
			uint64_t token = k == 0 ? token_of(SPAN("session"), false) : k < 20 ?
			    token_of_number(k * 531) : token_of(word_at(text, k), false);

			wrong += groups_may_hold(groups, &info[i], token) !=
			    filter_may_hold(&f, token);
		}
		pack_close(&pack);
	}
	return wrong;
}

/* A file that is cut, changed or named wrongly is none; the keeper makes it again. */
static void
broken_is_none(int dirfd, const uint8_t *key, const uint8_t *id, const struct segment_info *info)
{
	static const char name[] = "filter/0000000000000001.tbf";
	static const char other[] = "filter/0000000000000002.tbf";
	struct groups *groups = groups_new(dirfd, key);
	struct buf file = { 0 }, bad = { 0 };

	must(file_read_whole(dirfd, name, 64 << 20, &file, NULL) == OK);
	for (size_t n = 0; n < 3; n++) {
		bad.n = 0;
		buf_span_put(&bad, span_sub(buf_span(&file), 0, n == 0 ? file.n / 2 : file.n));
		if (n == 1)
			bad.p[bad.n - 60] ^= 1;		/* of the trailer */
		must(file_unlink(dirfd, name, NULL) == OK);
		must(file_replace(dirfd, n == 2 ? other : name, buf_span(&bad), NULL) == OK);
		check_int(groups_refresh(groups, NULL), OK);
		check(!groups_have(groups, &info[0]));
		check_int(group_tend(dirfd, id, key, info, SEGMENTS, NULL), OK);
		check_int(groups_refresh(groups, NULL), OK);
		check(groups_have(groups, &info[0]));
		check(faccessat(dirfd, other, F_OK, 0) != 0);
		groups_free(&groups);
		groups = groups_new(dirfd, key);
	}
	groups_free(&groups);
	buf_done(&file);
	buf_done(&bad);
}

static void
a_group_says_what_its_filters_say(void)
{
	static const uint8_t key[32] = "a store key of thirty-two octets", id[16] = "store";
	static struct segment_info info[SEGMENTS];

	for (int encrypted = 0; encrypted < 2; encrypted++) {
		const uint8_t *k = encrypted ? key : NULL;
		char folder[] = "/tmp/filter_test.XXXXXX";
		struct segment_info other;
		struct groups *groups;
		struct why why = { "" };
		int dirfd;

		must(mkdtemp(folder) != NULL);
		dirfd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		store_fill(dirfd, k, info);
		/* Too few at first; then all. */
		check_int(group_tend(dirfd, id, k, info, 100, &why), OK);
		groups = groups_new(dirfd, k);
		check_int(groups_refresh(groups, &why), OK);
		check(!groups_have(groups, &info[0]));
		if (!check_int(group_tend(dirfd, id, k, info, SEGMENTS, &why), OK))
			printf("%s\n", why.text);
		check_int(groups_refresh(groups, &why), OK);
		check_int(disagreements(dirfd, k, info, groups), 0);
		/* Its number came again, for other rows: that is not the segment of the group. */
		other = info[0];
		other.first_seq += 1000000;
		other.last_seq += 1000000;
		check(groups_have(groups, &info[0]) && !groups_have(groups, &other));
		broken_is_none(dirfd, k, id, info);
		check_int(groups_refresh(groups, &why), OK);
		/* All segments gone: so is the file. */
		check_int(group_tend(dirfd, id, k, info, 0, &why), OK);
		check_int(groups_refresh(groups, &why), OK);
		check(!groups_have(groups, &info[0]));
		groups_free(&groups);
		close(dirfd);
		check_int(nftw(folder, remove_each, 16, FTW_DEPTH | FTW_PHYS), 0);
	}
}

int
main(void)
{
	run(a_number_is_readable_in_its_token);
	run(entities_are_found_wherever_they_stand);
	run(no_entity_is_passed_over);
	run(nothing_that_is_there_is_denied);
	run(a_word_with_escapes_is_never_denied);
	run(few_that_are_not_there_pass);
	run(dense_numbers_and_stamps_are_not_filed_one_by_one);
	run(a_group_says_what_its_filters_say);
	return check_done();
}
