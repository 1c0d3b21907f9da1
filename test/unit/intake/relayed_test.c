/* SPDX-License-Identifier: Apache-2.0 */
/* intake/relayed_body.c: relay.md section 3. */
#include "relayed.h"

#include "model/registry.h"

#include "check.h"

#define NOW	INT64_C(1790000000000000000)

static struct relayed_body body;
static struct sources *sources;
static struct buf code;
static struct why why;

static void
begin(void)
{
	sources = sources_new(1);
	relayed_begin(&body, sources, NOW);
	code.n = 0;
	relay_put(&code, RELAY_GROUP, (struct span){ NULL, 0 });
}

static void
end(void)
{
	relayed_body_done(&body);
	sources_free(&sources);
	relayed_forget();
}

/* "ID " and one hole. */
static void
shape_put(const char *head)
{
	struct hole hole = { .kind = HOLE_TEXT, .role = ROLE_MESSAGE, .name = SPAN("_msg") };
	const struct shape shape = { .format = FORMAT_LINE, .decoder = 1, .nhole = 1,
	    .head = span_str(head), .hole = &hole };
	struct buf out = { 0 };

	shape_encode(&out, &shape);
	relay_put(&code, RELAY_SHAPE, buf_span(&out));
	buf_done(&out);
}

static void
source_put(const char *listener, uint8_t trust)
{
	const struct source source = { .class = 7, .trust = trust, .unit = 1,
	    .listener = span_str(listener), .peer = SPAN("10.0.0.1"),
	    .identity = SPAN("somebody"), .host = SPAN("may01"), .app = SPAN("sshd") };
	struct buf out = { 0 };

	source_encode(&out, &source);
	relay_put(&code, RELAY_SOURCE, buf_span(&out));
	buf_done(&out);
}

/* n rows that say text. */
static void
batch_put(uint64_t number, unsigned n, const char *text, uint32_t shape, uint32_t source,
    int64_t recv_ns)
{
	struct batch_writer *w = batch_writer_new(STREAM_RAW, 7);
	struct span value = span_str(text);
	struct buf out = { 0 };

	for (unsigned i = 0; i < n; i++)
		must(batch_add(w, shape, source, &(struct row){ .recv_ns = recv_ns,
		    .event_ns = recv_ns, .nvalue = 1, .value = &value }) == OK);
	batch_finish(w, &out);
	relay_batch_put(&code, number << RELAY_PLACE_BITS, buf_span(&out));
	buf_done(&out);
	batch_writer_free(&w);
}

static enum err
read_it(void)
{
	return relayed_body_read(&body, buf_span(&code), &why);
}

static void
small_batches_become_one_and_sources_say_by_which_way(void)
{
	struct source *s = NULL;

	begin();
	shape_put("a ");
	source_put("tcp", TRUST_IDENTITY);
	source_put("file:/var/log/x", TRUST_LOCAL);
	batch_put(5, 2, "x", 0, 0, NOW - 5);
	batch_put(6, 3, "y", 0, 1, NOW - 4);
	body.place = UINT64_C(4) << RELAY_PLACE_BITS;
	check_int(read_it(), OK);
	check_int(body.npiece, 1);
	check_int(body.piece[0].rows, 5);
	check_int(relay_number(body.piece[0].from), 4);
	check_int(relay_number(body.piece[0].to), 6);
	check_int(body.shapes, 2);
	check_int(body.rows, 5);
	check_int(body.bytes, 5 * 3);
	/* 0 is the door's "other", 1 that of the rows' class. */
	check_int(sources_count(sources), 4);
	check_int(source_new(&s, sources_code(sources, 2), NULL), OK);
	check_span(s->listener, SPAN("xa/tcp"));
	check_span(s->identity, SPAN("xa"));
	check_span(s->peer, SPAN("10.0.0.1"));
	check_span(s->host, SPAN("may01"));
	check_int(s->class, 3);
	check_int(s->unit, 9);
	check_int(s->trust, TRUST_PEER);
	source_free(&s);
	check_int(source_new(&s, sources_code(sources, 3), NULL), OK);
	check_span(s->listener, SPAN("xa/file:/var/log/x"));
	check_int(s->trust, TRUST_IDENTITY);
	source_free(&s);
	end();
}

/* The unit of a sender, that the body says is 10.0.0.1 at this listener of relay xa. */
static uint64_t
unit_by(const char *text, const char *listener)
{
	struct registry *registry = NULL;
	struct source *s = NULL;
	uint64_t unit;

	must(registry_read(&registry, span_str(text), &why) == OK);
	begin();
	body.registry = registry;
	source_put(listener, TRUST_PEER);
	check_int(read_it(), OK);
	check_int(source_new(&s, sources_code(sources, sources_count(sources) - 1), NULL), OK);
	unit = s->unit;
	check_span(s->identity, SPAN("xa"));
	source_free(&s);
	end();
	registry_free(&registry);
	return unit;
}

static void
the_register_names_senders_of_this_relay_and_of_no_other(void)
{
	check_int(unit_by("id,listener,unit\nx,xa/udp,21\n", "udp"), 21);
	check_int(unit_by("id,listener,unit\nx,xa/udp,21\n", "tcp"), 9);
	check_int(unit_by("id,listener,from,unit\nx,xa/udp,,21\ny,xa/udp,10.0.0.0/8,22\n",
	    "udp"), 22);
	check_int(unit_by("id,identity,unit\nx,xa,23\n", "tcp"), 23);
	check_int(unit_by("id,identity,listener,unit\nx,xa,,23\ny,,xa/tcp,24\n", "tcp"), 24);
	/* What is the desk's, or another relay's. */
	check_int(unit_by("id,from,unit\nx,10.0.0.1,25\n", "udp"), 9);
	check_int(unit_by("id,listener,unit\nx,door,26\n", "door"), 9);
	check_int(unit_by("id,listener,unit\nx,xb/udp,27\n", "xb/udp"), 9);
	check_int(unit_by("id,listener,unit\nx,xb/udp,27\n", "../xb/udp"), 9);
	check_int(unit_by("id,identity,unit\nx,xb,28\n", "udp"), 9);
	check_int(unit_by("id,identity,unit\nx,somebody,28\n", "udp"), 9);
}

static void
a_relay_is_not_called_as_the_desks_own_files(void)
{
	check(relay_name_is_good(SPAN("xa")) && relay_name_is_good(SPAN("file-xa")));
	check(!relay_name_is_good(SPAN("file:")) && !relay_name_is_good(SPAN("file:x")));
	check(!relay_name_is_good(SPAN("import:")) && !relay_name_is_good(SPAN("xa/b")));
}

/* ---- classes ---- */

static int
class_number(const void *ctx, struct span class)
{
	(void)ctx;
	return span_is(class, "long") ? 5 : span_is(class, "short") ? 6 : -1;
}

static struct registry *
classes_by(const char *text)
{
	struct registry *registry = NULL;

	must(registry_read(&registry, span_str(text), &why) == OK);
	must(registry_resolve(registry, class_number, NULL, &why) == OK);
	return registry;
}

/* Listeners a, b, c are sources 0, 1, 2; rows as said: "abca" are four, each says its letter. */
static void
mixed_put(uint64_t number, const char *rows)
{
	struct batch_writer *w = batch_writer_new(STREAM_RAW, 7);
	struct buf out = { 0 };

	for (const char *p = rows; *p != '\0'; p++) {
		struct span value = span_of(p, 1);

		must(batch_add(w, 0, (uint32_t)(*p - 'a'), &(struct row){ .recv_ns = NOW,
		    .event_ns = NOW, .nvalue = 1, .value = &value }) == OK);
	}
	batch_finish(w, &out);
	relay_batch_put(&code, number << RELAY_PLACE_BITS, buf_span(&out));
	buf_done(&out);
	batch_writer_free(&w);
}

static void
mixed_begin(const struct registry *registry, uint64_t from, uint64_t part)
{
	begin();
	body.registry = registry;
	body.place = from << RELAY_PLACE_BITS;
	body.part = part;
	shape_put("");
	source_put("a", TRUST_PEER);
	source_put("b", TRUST_PEER);
	source_put("c", TRUST_PEER);
}

struct want {
	uint8_t class;
	bool moves_part;
	uint32_t from_number, from_done, to_number, to_done;
	const char *rows;
};

static uint64_t
place_of(uint32_t number, uint32_t done)
{
	return (uint64_t)number << RELAY_PLACE_BITS | done;
}

/* Rows of a piece, each one letter. */
static void
rows_check(const struct relayed_piece *p, const char *want)
{
	struct hole hole = { .kind = HOLE_TEXT, .role = ROLE_MESSAGE, .name = SPAN("_msg") };
	const struct shape shape = { .nhole = 1, .hole = &hole }, *shapes[2] = { &shape, &shape };
	struct batch_tables tables = { .shape = shapes };
	static struct batch_reader reader;
	struct batch_head head;
	struct buf whole = { 0 };
	struct row row;
	char got[16] = "";
	size_t n = 0;

	buf_span_put(&whole, buf_span(&p->head));
	buf_span_put(&whole, buf_span(&p->code));
	must(batch_head_read(&head, buf_span(&whole), NULL) == OK);
	check_int(head.class, p->class);
	batch_reader_init(&reader, &head, &tables);
	while (batch_next(&reader, &row, NULL) == OK && n < sizeof got - 1)
		got[n++] = (char)row.value[0].p[0];
	check_span(span_str(got), span_str(want));
	check_int(p->rows, n);
	buf_done(&whole);
}

static void
pieces_check(const struct want *want, size_t n)
{
	uint64_t place = body.piece != NULL && !want[0].moves_part ? body.piece[0].from :
	    body.piece[0].beside;

	check_int(body.npiece, n);
	for (size_t i = 0; i < n && i < body.npiece; i++) {
		const struct relayed_piece *p = &body.piece[i];

		check_int(p->class, want[i].class);
		check_int(p->moves_part, want[i].moves_part);
		check_int(p->from, place_of(want[i].from_number, want[i].from_done));
		check_int(p->to, place_of(want[i].to_number, want[i].to_done));
		if (p->moves_part)
			check_int(p->beside, place);
		else
			place = p->to;
		rows_check(p, want[i].rows);
	}
}

/* A batch of the relay moves its place with the last of its pieces. */
static void
rows_of_one_batch_get_the_classes_of_their_senders(void)
{
	static const struct want want[] = {
		{ 3, false, 4, 0, 5, 0, "aa" },
		{ 5, false, 5, 0, 6, 0, "bb" },
		{ 3, true, 0, 0, 7, 1, "aa" },
		{ 5, true, 7, 1, 7, 2, "b" },
		{ 6, false, 6, 0, 8, 0, "ccc" },
		{ 6, true, 7, 2, 9, 1, "c" },
		{ 5, false, 8, 0, 9, 0, "bb" } };
	struct registry *r = classes_by("id,listener,class\nb,xa/b,long\nc,xa/c,short\n");

	mixed_begin(r, 4, 0);
	mixed_put(5, "aa");
	mixed_put(6, "bb");
	mixed_put(7, "abcac");
	mixed_put(8, "c");
	mixed_put(9, "cbb");
	check_int(read_it(), OK);
	pieces_check(want, sizeof want / sizeof want[0]);
	check_int(body.piece[1].beside, 0);
	check_int(body.piece[4].beside, place_of(7, 2));
	check_int(body.piece[6].beside, place_of(9, 1));
	check_int(body.part, place_of(9, 1));
	check_int(body.rows, 13);
	end();
	registry_free(&r);
}

/* Sources up to the second one are on disk; by now they would be of other classes. */
static void
what_is_on_disk_in_part_is_not_taken_again(void)
{
	static const struct want one[] = { { 3, false, 6, 0, 8, 0, "cca" } },
	    two[] = { { 5, true, 7, 2, 7, 3, "c" }, { 6, false, 6, 0, 7, 0, "d" } };
	struct registry *r;

	mixed_begin(NULL, 6, place_of(7, 2));
	mixed_put(7, "abcbca");
	mixed_put(8, "a");
	check_int(read_it(), OK);
	pieces_check(one, 1);
	check_int(body.piece[0].beside, place_of(7, 2));
	check_int(body.rows, 3);
	end();
	r = classes_by("id,listener,class\nx,xa/a,short\nc,xa/c,long\nd,xa/d,short\n");
	mixed_begin(r, 6, place_of(7, 2));
	source_put("d", TRUST_PEER);
	mixed_put(7, "abcd");
	check_int(read_it(), OK);
	pieces_check(two, 2);
	check_int(body.piece[1].beside, place_of(7, 3));
	end();
	registry_free(&r);
	/* A relay that says something else now. */
	mixed_begin(NULL, 6, place_of(7, 2));
	mixed_put(7, "ab");
	check_int(read_it(), ERR_FORMAT);
	end();
}

static void
large_ones_become_several_at_places_of_batches(void)
{
	char text[100001];

	memset(text, 'z', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	begin();
	shape_put("a ");
	source_put("tcp", TRUST_PEER);
	for (uint64_t i = 1; i <= 9; i++)
		batch_put(i, 1, text, 0, 0, NOW);
	check_int(read_it(), OK);
	check_int(body.npiece, 3);
	for (size_t i = 0; i < body.npiece; i++) {
		check_int(relay_number(body.piece[i].from), i * 3);
		check_int(relay_number(body.piece[i].to), i * 3 + 3);
	}
	end();
}

static int64_t
time_of_row(const struct relayed_piece *p)
{
	struct batch_head head;
	struct buf whole = { 0 };
	int64_t t;

	buf_span_put(&whole, buf_span(&p->head));
	buf_span_put(&whole, buf_span(&p->code));
	must(batch_head_read(&head, buf_span(&whole), NULL) == OK);
	t = head.base_ns;
	buf_done(&whole);
	return t;
}

static void
times_that_cannot_be_are_ours(void)
{
	static const int64_t day = INT64_C(86400000000000);
	const struct { int64_t is, becomes; } times[] = { { NOW - 5, NOW - 5 },
		{ NOW + 1, NOW }, { NOW - 92 * day, NOW - 92 * day }, { NOW - 92 * day - 1, NOW },
		{ 0, NOW }, { INT64_MIN, NOW }, { INT64_MAX, NOW } };

	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
		begin();
		shape_put("a ");
		source_put("tcp", TRUST_PEER);
		batch_put(1, 1, "x", 0, 0, times[i].is);
		check_int(read_it(), OK);
		check_int(time_of_row(&body.piece[0]), times[i].becomes);
		end();
	}
}

static void
shapes_without_room_leave_the_octets_as_they_are(void)
{
	char head[3] = "a ";

	begin();
	source_put("tcp", TRUST_PEER);
	for (; head[0] < 'a' + ADOPTED + 1; head[0]++)
		shape_put(head);
	batch_put(1, 1, "x", ADOPTED, 0, NOW);
	check_int(read_it(), OK);
	check_int(body.shapes, 1);
	check_span(span_sub(buf_span(&body.record), 0, 3), SPAN("e x"));
	check(span_holds(buf_span(&body.piece[0].code), "e x"));
	end();
}

static void
each_rule_is_looked_at(void)
{
	for (unsigned rule = 0; rule < 8; rule++) {
		static const char *const said[] = { "rule 11", "rule 13", "rule 13", "rule 13",
			"rule 15", "rule 15", "rule 2", "rule 11" };

		begin();
		shape_put("a ");
		source_put("tcp", TRUST_PEER);
		batch_put(1, 1, "x", 0, 0, NOW);
		if (rule == 0)
			batch_put(1, 1, "x", 0, 0, NOW);
		else if (rule == 1)
			batch_put(2, 1, "x", 1, 0, NOW);
		else if (rule == 2)
			batch_put(2, 1, "x", 0, 1, NOW);
		else if (rule == 3) {
			relay_put(&code, RELAY_GROUP, (struct span){ NULL, 0 });
			batch_put(2, 1, "x", 0, 0, NOW);
		} else if (rule == 4)
			relay_put(&code, RELAY_COUNTERS, SPAN("\x21"));
		else if (rule == 5)
			relay_put(&code, RELAY_COUNTERS, SPAN("\1\7udp.all\1"));
		else if (rule == 6)
			buf_put(&code, "\7\0", 2);
		else
			body.place = UINT64_C(1) << RELAY_PLACE_BITS;
		check_int(read_it(), ERR_FORMAT);
		if (!check(strncmp(why.text, said[rule], strlen(said[rule])) == 0))
			printf("%u: %s\n", rule, why.text);
		end();
	}
}

static void
counters_are_checked_and_handed_on(void)
{
	begin();
	relay_put(&code, RELAY_COUNTERS, SPAN("\1\x10udp.kernel_drops\5"));
	check_int(read_it(), OK);
	check_int(body.npiece, 0);
	check_int(body.counters.n, 19);
	end();
}

int
main(void)
{
	run(small_batches_become_one_and_sources_say_by_which_way);
	run(the_register_names_senders_of_this_relay_and_of_no_other);
	run(a_relay_is_not_called_as_the_desks_own_files);
	run(rows_of_one_batch_get_the_classes_of_their_senders);
	run(what_is_on_disk_in_part_is_not_taken_again);
	run(large_ones_become_several_at_places_of_batches);
	run(times_that_cannot_be_are_ours);
	run(shapes_without_room_leave_the_octets_as_they_are);
	run(each_rule_is_looked_at);
	run(counters_are_checked_and_handed_on);
	buf_done(&code);
	return check_done();
}
