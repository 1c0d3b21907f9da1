/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of messages as code: one row per type, with the payload's bounds and the check of
 * what is inside. Spec: doc/formats/roles.md, section "Messages". Nothing here keeps state, and
 * nothing trusts a length that came with the payload.
 */
#include "wire/wire.h"

#include "model/batch.h"
#include "model/denied.h"
#include "model/shape.h"
#include "wire/clients.h"

enum {
	HELLO_BYTES = 1 + 4 + 8,
	ID_BYTES = 4,
	ACK_BYTES = 8 + 4,
	KEY_BYTES = 1 + 32,
	PLACE_BYTES = 8 * 3,
	BESIDE_BYTES = 8 * 2,
	KEY_LAST = 1,
};

typedef enum err check_fn(struct cur *in, struct why *why);

struct rule {
	const char *name;
	size_t least, most;	/* octets of the payload */
	check_fn *check;	/* NULL: any octets */
};

/* hello = u8 role, u32 version, u64 instance */
static enum err
hello_check(struct cur *in, struct why *why)
{
	uint8_t role = cur_u8(in);
	uint32_t version = cur_u32(in);

	(void)cur_u64(in);
	if (role < WIRE_PARENT || role >= WIRE_ROLE_END)
		return why_set(why, ERR_FORMAT, "role %u is not known", role);
	if (version != WIRE_VERSION)
		return why_set(why, ERR_FORMAT, "version %u is not ours", version);
	return OK;
}

/* shape = u32 id, shape encoding (record.md section 1) */
static enum err
shape_check(struct cur *in, struct why *why)
{
	uint32_t id = cur_u32(in);
	struct shape *shape = NULL;
	enum err rc;

	if (id >= LIMIT_SHAPES)
		return why_set(why, ERR_FORMAT, "shape id %u is above the limit", id);
	rc = shape_new(&shape, cur_span(in, cur_left(in)), why);
	shape_free(&shape);
	return rc;
}

/* source = u32 id, source encoding (record.md section 2) */
static enum err
source_check(struct cur *in, struct why *why)
{
	uint32_t id = cur_u32(in);
	struct source *source = NULL;
	enum err rc;

	if (id >= LIMIT_SOURCES)
		return why_set(why, ERR_FORMAT, "source id %u is above the limit", id);
	rc = source_new(&source, cur_span(in, cur_left(in)), why);
	source_free(&source);
	return rc;
}

/* batch (record.md section 3): its head; the rows are the reader's to check, one by one. */
static enum err
batch_check(struct cur *in, struct why *why)
{
	struct batch_head head;

	return batch_head_read(&head, cur_span(in, cur_left(in)), why);
}

/* ack = u64 first sequence number (0: not told), u32 rows */
static enum err
ack_check(struct cur *in, struct why *why)
{
	uint32_t rows;

	(void)cur_u64(in);
	rows = cur_u32(in);
	if (rows > LIMIT_ROWS)
		return why_set(why, ERR_FORMAT, "%u rows", rows);
	return OK;
}

/* refuse = u8 err (not 0), text */
static enum err
refuse_check(struct cur *in, struct why *why)
{
	uint8_t err = cur_u8(in);

	if (err == OK || err > ERR_BUSY)
		return why_set(why, ERR_FORMAT, "result %u is not a refusal", err);
	(void)cur_span(in, cur_left(in));
	return OK;
}

/* answer = u8 err, octets */
static enum err
answer_check(struct cur *in, struct why *why)
{
	uint8_t err = cur_u8(in);

	if (err > ERR_BUSY)
		return why_set(why, ERR_FORMAT, "result %u is not known", err);
	(void)cur_span(in, cur_left(in));
	return OK;
}

/* counters = varint n, n * (bytes name, varint value) */
static enum err
counters_check(struct cur *in, struct why *why)
{
	uint64_t n = cur_varint(in);

	if (n > WIRE_COUNTER_MAX)
		return why_set(why, ERR_FORMAT, "%llu counters", (unsigned long long)n);
	for (; n > 0 && !in->bad; n--) {
		struct span name = cur_bytes(in);

		(void)cur_varint(in);
		if (!in->bad && (name.n < 1 || name.n > LIMIT_NAME_BYTES))
			return why_set(why, ERR_FORMAT, "a name of %zu octets", name.n);
	}
	return OK;
}

/* text without NUL */
static enum err
text_check(struct cur *in, struct why *why)
{
	struct span text = cur_span(in, cur_left(in));

	if (text.n > 0 && memchr(text.p, '\0', text.n) != NULL)
		return why_set(why, ERR_FORMAT, "text with a NUL");
	return OK;
}

/* ask = u8 enum wire_ask, bytes argument */
static enum err
ask_check(struct cur *in, struct why *why)
{
	uint8_t ask = cur_u8(in);

	if (ask < ASK_CHECKPOINT || ask >= ASK_END)
		return why_set(why, ERR_FORMAT, "request %u is not known", ask);
	(void)cur_bytes(in);
	return OK;
}

/* key = u8 which, 32 octets */
static enum err
key_check(struct cur *in, struct why *why)
{
	uint8_t which = cur_u8(in);

	if (which > KEY_LAST)
		return why_set(why, ERR_FORMAT, "key %u is not known", which);
	(void)cur_span(in, KEY_BYTES - 1);
	return OK;
}

/*
 * place = u64 content with its highest bit set, u64 from, u64 to above it [, u64 another content,
 * u64 its place]
 */
static enum err
place_rule(struct cur *in, struct why *why)
{
	uint64_t content = cur_u64(in);
	uint64_t from = cur_u64(in);
	uint64_t to = cur_u64(in);
	uint64_t beside;

	if (content >> 63 == 0 || to <= from)
		return why_set(why, ERR_FORMAT, "no place of a content");
	if (cur_left(in) == 0)
		return OK;
	beside = cur_u64(in);
	(void)cur_u64(in);
	if (beside >> 63 == 0 || beside == content)
		return why_set(why, ERR_FORMAT, "no other content beside it");
	return OK;
}

static enum err
enrol_rule(struct cur *in, struct why *why)
{
	struct enrol enrol;

	return enrol_read(&enrol, cur_span(in, cur_left(in)), why);
}

/* enrolled = u16 status (200 to 599), text */
static enum err
enrolled_rule(struct cur *in, struct why *why)
{
	uint16_t status = cur_u16(in);

	if (status < 200 || status > 599)
		return why_set(why, ERR_FORMAT, "status %u", status);
	return text_check(in, why);
}

static enum err
roll_rule(struct cur *in, struct why *why)
{
	struct clients clients;

	return clients_read(&clients, cur_span(in, cur_left(in)), why);
}

static enum err
denied_rule(struct cur *in, struct why *why)
{
	return denied_check(cur_span(in, cur_left(in)), why);
}

/* modem = u8 place, text */
static enum err
modem_rule(struct cur *in, struct why *why)
{
	(void)cur_u8(in);
	return text_check(in, why);
}

static const struct rule rules[WIRE_END] = {
	[WIRE_HELLO] = { "hello", HELLO_BYTES, HELLO_BYTES, hello_check },
	[WIRE_SHAPE] = { "shape", ID_BYTES + 4, WIRE_LIMIT, shape_check },
	[WIRE_SOURCE] = { "source", ID_BYTES + 8, ID_BYTES + 1536, source_check },
	[WIRE_BATCH] = { "batch", BATCH_HEAD_BYTES, LIMIT_BATCH_BYTES, batch_check },
	[WIRE_ACK] = { "ack", ACK_BYTES, ACK_BYTES, ack_check },
	[WIRE_REFUSE] = { "refuse", 1, 1 + WIRE_TEXT_BYTES, refuse_check },
	[WIRE_COUNTERS] = { "counters", 1, WIRE_LIMIT, counters_check },
	[WIRE_READY] = { "ready", 0, WIRE_TEXT_BYTES, text_check },
	[WIRE_STOP] = { "stop", 0, 0, NULL },
	[WIRE_CONF] = { "conf", 0, WIRE_CONF_BYTES, text_check },
	[WIRE_ASK] = { "ask", 2, 1 + 10 + WIRE_ASK_BYTES, ask_check },
	[WIRE_ANSWER] = { "answer", 1, WIRE_LIMIT, answer_check },
	[WIRE_KEY] = { "key", KEY_BYTES, KEY_BYTES, key_check },
	[WIRE_SUSPECT] = { "suspect", 8, 8, NULL },
	[WIRE_REGISTER] = { "register", 0, LIMIT_REGISTER_BYTES, text_check },
	[WIRE_PLACE] = { "place", PLACE_BYTES, PLACE_BYTES + BESIDE_BYTES, place_rule },
	[WIRE_ENROL] = { "enrol", 1 + CLIENT_SERIAL_BYTES + 2,
	    1 + CLIENT_SERIAL_BYTES + 4 + CLIENT_PEER_BYTES + LIMIT_ENROL_BYTES, enrol_rule },
	[WIRE_ENROLLED] = { "enrolled", 2, 2 + WIRE_ENROLLED_BYTES, enrolled_rule },
	[WIRE_ROLL] = { "roll", 4, WIRE_LIMIT, roll_rule },
	[WIRE_DENIED] = { "denied", 1, DENIED_LIST_BYTES, denied_rule },
	[WIRE_MODEM] = { "modem", 1, 1 + WIRE_TEXT_BYTES, modem_rule },
};

enum err
wire_check(uint16_t type, struct span payload, struct why *why)
{
	struct cur in = cur_of(payload);
	const struct rule *rule;
	enum err rc;

	if (type == 0 || type >= WIRE_END)
		return why_set(why, ERR_FORMAT, "message of type %u is not known", type);
	rule = &rules[type];
	if (payload.n < rule->least || payload.n > rule->most)
		return why_set(why, ERR_FORMAT, "message %s has %zu octets", rule->name,
		    payload.n);
	if (rule->check == NULL)
		return OK;
	rc = rule->check(&in, why);
	if (rc != OK)
		return why_prefix(why, rc, "message %s", rule->name);
	if (!cur_done(&in))
		return why_set(why, ERR_FORMAT, "message %s: %s", rule->name,
		    in.bad ? "ends early" : "octets follow");
	return OK;
}

const char *
wire_role_name(unsigned role)
{
	static const char *const name[WIRE_ROLE_END] = {
		[WIRE_PARENT] = "parent", [WIRE_INTAKE] = "intake",
		[WIRE_COLLECTOR] = "collector", [WIRE_KEEPER] = "keeper",
		[WIRE_FRONT] = "front", [WIRE_TELLER] = "teller",
		[WIRE_IMPORTER] = "importer", [WIRE_SHIPPER] = "shipper",
		[WIRE_REGISTRAR] = "registrar", [WIRE_WATCH] = "watch",
		[WIRE_DESK] = "desk", [WIRE_PORTER] = "porter",
	};

	if (role >= WIRE_ROLE_END || name[role] == NULL)
		return "unknown";
	return name[role];
}

void
wire_ack_encode(struct buf *out, uint64_t first_seq, uint32_t rows)
{
	buf_u64(out, first_seq);
	buf_u32(out, rows);
}

enum err
wire_ack_decode(struct span payload, uint64_t *ret_first_seq, uint32_t *ret_rows)
{
	struct cur in = cur_of(payload);
	enum err rc;

	rc = wire_check(WIRE_ACK, payload, NULL);
	if (rc != OK)
		return rc;
	*ret_first_seq = cur_u64(&in);
	*ret_rows = cur_u32(&in);
	return OK;
}
