/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes in, shape and values out: doc/formats/record.md, section 1. A record is cut, never
 * changed: the shape's pieces and the values, written one after the other, are its octets again,
 * for every input. What no format explains is kept whole (FORMAT_LINE, FORMAT_UNPARSED).
 *
 * A parser remembers the shapes it has seen and gives them small ids in order of first use; the
 * channel to the keeper uses the same ids. It is bounded: past LIMIT_SHAPES (or
 * LIMIT_SHAPE_TABLE_BYTES) a record with a new shape keeps its format but becomes one hole of
 * text with the name `_msg`; its time, host and application are still found.
 */
#ifndef PARSE_PARSE_H
#define PARSE_PARSE_H

#include "base/span.h"
#include "model/batch.h"
#include "parse/bulk.h"
#include "parse/guess.h"
#include "parse/lines.h"
#include "parse/split.h"
#include "parse/unpack.h"

struct parser;

/* Field names for the roles of a JSON object, best first, each list ended by NULL. */
struct parse_names {
	const char *const *message;
	const char *const *time;
	const char *const *host;
	const char *const *app;
};

struct parse_config {
	uint64_t seed;		/* random: nobody shall aim at the table of shapes */
	int64_t lead_ns;	/* believed ahead of the receive time; 0 = 24 h, < 0 = no end */
	int64_t lag_ns;		/* believed behind it; <= 0 = no end */
	int32_t zone_s;		/* of stamps without an offset, seconds east of Greenwich */
	const struct parse_names *names;	/* NULL = the default lists; borrowed */
};

/*
 * Fields that a client or its protocol chose for its records, each a list of names with commas
 * between, the best first, or empty. stream: host and application, decoder.md section 4; what it
 * says is tried before host and app.
 */
struct parse_choice {
	struct span message;
	struct span time;
	struct span stream;
	struct span host;
	struct span app;
};

/* A record, cut. Everything borrows from the record and the parser until the next call. */
struct parsed {
	uint32_t shape_id;
	bool shape_is_new;		/* first use of this id */
	uint8_t format;			/* enum record_format */
	uint8_t flags;			/* of the row, without CUT: that is the caller's */
	uint32_t nvalue;
	const struct span *value;
	int64_t event_ns;
	struct span host;		/* its claim, decoded, at most 255 octets, or empty */
	struct span app;
};

struct parser	*parser_new(const struct parse_config *config);
void		parser_free(struct parser **parser);

/* The encoding of a shape that was given out; stays as long as the parser. */
struct span	parser_shape(const struct parser *parser, uint32_t shape_id);
/*
 * From now on a stamp without a year lies as near to this as it can; 0: to the receive time, as in
 * the beginning.
 */
void		parser_near(struct parser *parser, int64_t near_ns);
/*
 * The number of a table's header (FORMAT_CSV: its first row; FORMAT_W3C: its line "#Fields:"), for
 * parse_row. PARSE_NO_HEADER: it names no column, or the parser remembers too many already.
 */
enum { PARSE_NO_HEADER = 0, PARSE_HEADERS = 1024, PARSE_HEADERS_BYTES = 16 << 20 };
uint32_t	parser_header(struct parser *parser, unsigned format, struct span header);
/*
 * The id of a shape that another parser made, by its encoding. PARSE_NO_SHAPE: it is none, or there
 * is no room for more of them; records of it can be kept by parse_whole.
 */
#define PARSE_NO_SHAPE	UINT32_MAX
uint32_t	parser_adopt(struct parser *parser, struct span code);
/* How many ids were given out. */
uint32_t	parser_shapes(const struct parser *parser);

/*
 * One record each; record.n <= LIMIT_RECORD_BYTES, longer ones are cut by whoever framed them.
 *
 * parse_syslog: RFC 5424; RFC 3164 and what is sent under its name, with or without PRI; a JSON
 * object; else a plain line. parse_line: the same without PRI, for lines of a file: a line of
 * markup is no syslog message. parse_json: one JSON object, else FORMAT_UNPARSED. parse_journal:
 * a journal entry as a JSON object (journalctl -o json), else FORMAT_UNPARSED. parse_whole: not
 * looked into, FORMAT_UNPARSED. parse_access: a line of an access log, else as parse_line.
 * parse_row: under that header. parse_heading: a header itself, kept whole, FORMAT_CSV or
 * FORMAT_W3C. parse_json_chosen: parse_json with a client's fields tried before
 * the parser's own; so many different choices are known, later ones change nothing.
 */
void	parse_syslog(struct parser *parser, struct span record, int64_t recv_ns,
	    struct parsed *ret_parsed);
void	parse_line(struct parser *parser, struct span record, int64_t recv_ns,
	    struct parsed *ret_parsed);
void	parse_json(struct parser *parser, struct span record, int64_t recv_ns,
	    struct parsed *ret_parsed);
void	parse_json_chosen(struct parser *parser, const struct parse_choice *choice,
	    struct span record, int64_t recv_ns, struct parsed *ret_parsed);
void	parse_journal(struct parser *parser, struct span record, int64_t recv_ns,
	    struct parsed *ret_parsed);
void	parse_whole(struct parser *parser, struct span record, int64_t recv_ns,
	    struct parsed *ret_parsed);
void	parse_access(struct parser *parser, struct span record, int64_t recv_ns,
	    struct parsed *ret_parsed);
void	parse_row(struct parser *parser, uint32_t header, struct span record, int64_t recv_ns,
	    struct parsed *ret_parsed);
void	parse_heading(struct parser *parser, unsigned format, struct span record, int64_t recv_ns,
	    struct parsed *ret_parsed);

#endif
