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

	/* ---- coverage (src/coverage) ---- */
	/* Hours that are shown one by one, two months; of a longer period days are. */
	LIMIT_COVERAGE_HOURS = 24 * 62,
	/* Steps of a period: ten years of days. */
	LIMIT_COVERAGE_STEPS = 3660,
	/* Sources times steps with rows: 1,000 sources of two months; they take 80 MB. */
	LIMIT_COVERAGE_CELLS = 2000000,
	/* Sources of a period: twice what the doors tell apart; they take 300 MB. */
	LIMIT_COVERAGE_SOURCES = 131072,
};

#endif
