/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a field's text means: numbers, durations, sizes, times, addresses, and the order of two
 * texts. LogsQL "Numeric values", "Short numeric values", "Duration values"; times are those of
 * RFC 3339 with parts left off from the right. All arithmetic is on what is passed in.
 */
#ifndef QUERY_VALUE_H
#define QUERY_VALUE_H

#include "base/buf.h"
#include "base/span.h"

enum { NS_PER_US = 1000, NS_PER_MS = 1000000, NS_PER_S = 1000000000 };
#define NS_PER_MIN	(60 * (int64_t)NS_PER_S)
#define NS_PER_HOUR	(60 * NS_PER_MIN)
#define NS_PER_DAY	(24 * NS_PER_HOUR)

/* Decimal digits, '_' between them is skipped; no sign. */
bool	value_u64(struct span s, uint64_t *ret_v);
bool	value_i64(struct span s, int64_t *ret_v);
/* "0x1f", "0b101", "017", "1_000", "10KiB", "inf": an argument that counts something. */
bool	value_count(struct span s, uint64_t *ret_v);
/* "-12.5": no exponent, no suffix. */
bool	value_decimal(struct span s, double *ret_v);
/* "1h33m55s", "-2.5d"; at least one unit. */
bool	value_duration(struct span s, int64_t *ret_ns);
/* Decimal, exponent form, duration (ns), size (octets), hexadecimal; no time, no address. */
bool	value_plain_number(struct span s, double *ret_v);
/* value_plain_number, a whole RFC 3339 time (ns) or an IPv4 address. */
bool	value_number(struct span s, double *ret_v);
/* Canonical or not, but four parts of 0..255. */
bool	value_ipv4(struct span s, uint32_t *ret_v);
/* "1.2.3.4" or "1.2.3.0/24" */
bool	value_ipv4_net(struct span s, uint32_t *ret_low, uint32_t *ret_high);
/* A whole RFC 3339 time, 'T' or a space, zone needed. */
bool	value_time(struct span s, int64_t *ret_ns);

/*
 * A time as a query names it: RFC 3339 with parts left off, a Unix time (10, 13, 16 or 19
 * digits, seconds with a fraction), now, now-1h, 1h (before now). zone_s is added to times
 * without a zone. ret_end_ns: the last nanosecond of the day, hour, ... that it names.
 */
struct time_point {
	int64_t from_ns;
	int64_t end_ns;
};
bool	value_time_point(struct span s, int64_t now_ns, int32_t zone_s, struct time_point *ret);
/* "2023", "2023-04", "2023Z", "now": not a duration. */
bool	value_is_time_point(struct span s);
/* "08:00": ns since midnight. */
bool	value_clock(struct span s, int64_t *ret_ns);
/* First nanosecond of the month or year that holds ns. */
int64_t	value_month(int64_t ns);
int64_t	value_year(int64_t ns);
/* 0 Sunday .. 6 Saturday */
unsigned	value_weekday(int64_t ns);

/* <0, 0, >0: both numbers or times by value, else naturally (digits in text by value). */
int	value_compare(struct span a, struct span b);

/* Shortest decimal form without exponent: "0.1", "100000", "NaN", "+Inf". */
void	value_put_f64(struct buf *out, double v);
void	value_put_i64(struct buf *out, int64_t v);
/* "2026-11-23T04:05:06.123456789Z" without zeros at the end of the fraction; octets written. */
enum { VALUE_TIME_BYTES = 30 };
size_t	value_put_time(uint8_t at[VALUE_TIME_BYTES], int64_t ns);

#endif
