/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every limit on foreign input, in one place, each with its reason. What passes one is cut,
 * folded into an overflow bucket or refused with this name, and counted; never grown into.
 */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

enum {
	/* A record: longer ones are cut and marked. The longest real Windows event is 64 KB. */
	LIMIT_RECORD_BYTES = 1 << 20,
	/* Lines joined to one record; what is more begins the next one, so nothing is lost. Java
	 * shows 1,024 frames of each of a chain of exceptions, 100 octets a frame. */
	LIMIT_JOIN_BYTES = 256 << 10,
	LIMIT_JOIN_LINES = 4096,
	/* A source that says nothing for so long inside of a record has ended it: the rest of a
	 * trace comes at once or its writer buffers for longer than anybody would wait. */
	LIMIT_JOIN_PAUSE_S = 2,
	/* Holes in a shape; the rest of a JSON object stays in one hole. Exchange audit has 200. */
	LIMIT_FIELDS = 1024,
	/* A field's name. LogsQL clients show names in columns; 255 is the file-name habit. */
	LIMIT_NAME_BYTES = 255,
	/* Fixed text of a shape; more is stored as an unparsed record. */
	LIMIT_SHAPE_BYTES = 65536,
	/* Depth of JSON objects that are taken apart; deeper ones stay whole as text. */
	LIMIT_JSON_DEPTH = 16,
	/* Arrays and lists inside of each other in an OpenTelemetry value: the writer's stack. */
	LIMIT_VALUE_DEPTH = 32,
	/* Shapes one channel may define; later new ones become one-hole shapes (overflow). */
	LIMIT_SHAPES = 16384,
	/* What a parser remembers of shapes with foreign names; later new ones overflow as above.
	 * 16,384 shapes of 60 named fields take half of it. */
	LIMIT_SHAPE_TABLE_BYTES = 64 << 20,
	/* Sources one channel may define; later new ones fall into the "other" source. */
	LIMIT_SOURCES = 65536,
	/* Rows of a batch and of a segment: row numbers fit 16 bits. */
	LIMIT_ROWS = 65536,
	/* A batch; 256 KB is the usual size, 4 MB the largest record with its table. */
	LIMIT_BATCH_BYTES = 4 << 20,
	/* Columns of a segment; fields beyond it are searched through the record's text. */
	LIMIT_COLUMNS = 4096,
	/* Retention classes and units in use at once: one open segment builder each. */
	LIMIT_CLASSES = 16,
	/* Legal holds at once: one bit each says which of them cover a segment. */
	LIMIT_HOLDS = 64,

	/* ---- people (src/ca) ---- */
	/* Accounts: an office's own people and its units' duty officers. The list is written anew
	 * with each change. */
	LIMIT_PEOPLE = 2000,
	/* Tokens of programs, all accounts: each is looked at for each question. */
	LIMIT_TOKENS = 1000,
	/* The list of accounts: 2,000 of 500 octets and 1,000 tokens of 250 are a third of it. */
	LIMIT_PEOPLE_BYTES = 4 << 20,
	/* Who is logged in at once; and one account: a desk, a phone, some forgotten ones. */
	LIMIT_SESSIONS = 1024,
	LIMIT_ACCOUNT_SESSIONS = 8,
	/* A password. Longer ones are no safer, and each octet is hashed for whoever sends it. */
	LIMIT_PASSWORD_BYTES = 256,
	/* Argon2id: 64 MB is what one guess costs of a graphics card's memory; with 2 passes it
	 * takes a tenth of a second, which nobody minds who logs in. Measured: doc/formats/
	 * people.md. */
	LIMIT_PASSWORD_MEMORY = 64 << 20,
	LIMIT_PASSWORD_PASSES = 2,

	/* ---- doors (src/intake) ---- */
	/* Connections at once, all listeners; a ministry has 5,000 devices that keep one open. */
	LIMIT_CONNECTIONS = 16384,
	/* From one address to one listener; a relay or a gateway opens tens. */
	LIMIT_PEER_CONNECTIONS = 1024,
	/* TLS handshakes begun and not finished: each costs a private key operation. */
	LIMIT_HANDSHAKES = 256,
	LIMIT_HANDSHAKE_S = 10,
	/* Parts of records not yet complete, all connections; above it they are cut. */
	LIMIT_PARTIAL_BYTES = 64 << 20,
	/* Batches sent and not acknowledged; above it the sockets are not read. */
	LIMIT_UNACKED_BYTES = 8 << 20,
	/* Octets waiting for one client that does not read its answers. */
	LIMIT_REPLY_BYTES = 1 << 20,
	/* The same for all clients together: large answers beyond it end their connection. */
	LIMIT_REPLIES_BYTES = 64 << 20,
	/* Answers that one RELP client waits for; the protocol's own window is 128. */
	LIMIT_RELP_WINDOW = 65536,
	/* Head of an HTTP request; Beats send 600 octets. */
	LIMIT_HTTP_HEAD_BYTES = 16384,
	LIMIT_HTTP_HEADERS = 64,
	/* Body of a request, coded and decoded; it is streamed, so this bounds time, not memory. */
	LIMIT_BODY_MB = 4096,
	/* A body that has to be there as a whole (Loki, OpenTelemetry), and all of them together.
	 * Collectors take 20 MB by default and send 1 to 4. */
	LIMIT_WHOLE_BYTES = 32 << 20,
	LIMIT_WHOLES_BYTES = 64 << 20,
	/* Decoded octets per coded one, after the first MB; repetitive logs reach 60 to 80. */
	LIMIT_EXPANSION = 200,
	/* Requests being decompressed at once, and the zstd window of one. */
	LIMIT_DECODERS = 64,
	LIMIT_ZSTD_WINDOW_LOG = 23,
	/* Documents in one _bulk request: its answer has an item for each. */
	LIMIT_BULK_ITEMS = 1 << 20,
	/* What relays say they lost: names of counters, of all of them, and their octets. A
	 * heartbeat has 512 in 65,535 octets: the other half is always there for the desk's own. */
	LIMIT_RELAY_COUNTERS = 256,
	LIMIT_RELAY_COUNTER_BYTES = 32 << 10,
	/* What of the counters each relay is sure of while others have more: four listeners that
	 * lose in four ways. What it has above that goes when another one lacks room. */
	LIMIT_RELAY_COUNTERS_SURE = 16,
	/* Spools that begin to send in an hour: each is remembered by the store for ever. Eighty
	 * relays that start anew three times. */
	LIMIT_RELAY_SPOOLS_HOURLY = 256,
	/* Of one relay: it may fail and start anew every four minutes, and cannot keep the others
	 * out. */
	LIMIT_RELAY_SPOOLS_EACH = 16,
	/* What a server that the desk or a relay asks may answer: a number, cosignatures. */
	LIMIT_HEARD_BYTES = 64 << 10,
	/* Turns from one retention class to another among the senders of one relay's batch, in
	 * their order: each is a frame of the journal. Batches have some hundreds of senders at
	 * most. */
	LIMIT_RELAY_TURNS = 4096,
	/* A relay's receive time that is older is not believed: a quarter without a line. */
	LIMIT_RELAY_AGE_DAYS = 92,
	/* An HTTP connection without a request, a head or a body without progress. */
	LIMIT_IDLE_S = 120,
	LIMIT_STALL_S = 30,
	/* Decoded segments that the front keeps for the next question: a hundred of syslog that
	 * were searched by an expression. With what it needs for one it stays below 350 MB. */
	LIMIT_SHELF_BYTES = 192 << 20,
	/* A query's text; Grafana sends in (...) with some thousand words. */
	LIMIT_QUERY_BYTES = 256 << 10,
	/* Parentheses, NOTs and queries inside of each other: the parser's stack. */
	LIMIT_QUERY_DEPTH = 64,
	/* Filters of one query; each may read a column. Longer lists belong into in (...). */
	LIMIT_QUERY_FILTERS = 4096,
	/* Records in one evidence package: the desk keeps 8 octets of each while it makes it, the
	 * command 48. */
	LIMIT_EVIDENCE_RECORDS = 2000000,
	/* Pipes of one query, and fields or functions of one pipe. */
	LIMIT_QUERY_PIPES = 64,
	LIMIT_QUERY_NAMES = 1024,

	/* ---- the register of sources ---- */
	/* Sources of a register: a ministry's servers and devices; they are matched at each new
	 * sender, and held against the record at each look at coverage. */
	LIMIT_REGISTER_ROWS = 4096,
	/* Its file: 255 octets a row, and a message between roles. */
	LIMIT_REGISTER_BYTES = 1 << 20,
	/* Agents and clients with a certificate of the desk's own: a ministry has 5,000 devices. */
	LIMIT_AGENTS = 8192,
	/* Enrolments and renewals that wait for the registrar at once; each is one signature. */
	LIMIT_ENROLS = 64,
	LIMIT_ENROL_S = 20,
	/* A certificate is renewed in the last of so many parts of its time. A third: of a year's
	 * certificate four months, so that a desk that is away for weeks costs nothing; of the
	 * shortest, a day and the day that it is dated back, sixteen hours: the timer comes every
	 * hour. */
	LIMIT_RENEW_PARTS = 3,
	/* What such a request may have: a code and a signing request, RSA 4096 has 1,700. */
	LIMIT_ENROL_BYTES = 12 << 10,

	/* ---- coverage (src/coverage) ---- */
	/* Hours that are shown one by one, two months; of a longer period days are. */
	LIMIT_COVERAGE_HOURS = 24 * 62,
	/* Steps of a period: ten years of days. */
	LIMIT_COVERAGE_STEPS = 3660,
	/* Sources times steps with rows: 1,000 sources of two months; they take 80 MB. */
	LIMIT_COVERAGE_CELLS = 2000000,
	/* Sources of a period: twice what the doors tell apart; they take 300 MB. */
	LIMIT_COVERAGE_SOURCES = 131072,
	/* Sources that are watched one by one, in memory all the time: 40 MB; a ministry has 5,000
	 * devices. Those of a listener beyond it are one. */
	LIMIT_WATCHED_SOURCES = 16384,
};

#endif
