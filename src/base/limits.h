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
	/* Shapes one channel may define; later new ones become one-hole shapes (overflow). */
	LIMIT_SHAPES = 16384,
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
};

#endif
