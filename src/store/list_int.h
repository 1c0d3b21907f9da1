/* SPDX-License-Identifier: Apache-2.0 */
/* Between list_number.c and list_value.c: what the two halves of the list encodings share. */
#ifndef STORE_LIST_INT_H
#define STORE_LIST_INT_H

#include "store/list.h"
#include "store/stamp.h"

enum {
	/* Variants of INT. */
	INT_AFFIX = 1,		/* octets in front and behind */
	INT_PAD = 2,		/* zeros in front up to a width */
	INT_SCALE = 4,		/* the last digits stand behind a point */
	INT_HEX_LOWER = 8,
	INT_HEX_UPPER = 16,
	INT_KNOWN = 31,
	AFFIX_MAX = 255,
	PAD_MAX = 18,
	NIBBLE_MAX = 1024,	/* octets of one value */
	NIBBLE_UPPER = 1
};

struct number_form {
	uint8_t flags;
	struct span prefix, suffix;	/* of the first value */
	unsigned pad, scale;
};

struct nibble_form {
	struct span first;		/* the first value: the octets that do not differ */
	uint8_t flags;
	size_t n;
	uint16_t at[NIBBLE_MAX];	/* where they differ */
};

struct list_choice {
	uint8_t encoding;		/* CONST, INT, STAMP, IPV4, NIBBLE or STRING */
	const int64_t *num;		/* INT, STAMP, IPV4 */
	struct number_form number;
	struct stamp_form stamp;
	struct nibble_form nibble;
};

struct recipe {
	uint8_t encoding;
	const int64_t *num;		/* INT, STAMP, IPV4 */
	struct number_form number;
	struct stamp_form stamp;
	const struct nibble_form *nibble;
	size_t n;			/* NIBBLE: values; plane k / 2 has digit k of each */
	const uint8_t *plane;
};

static inline bool
is_digit(uint8_t c)
{
	return (uint8_t)(c - '0') <= 9;
}

static inline bool
is_hex(uint8_t c)
{
	return is_digit(c) || (uint8_t)((c | 0x20) - 'a') <= 5;
}

/*
 * Does the encoding give back all n values? Then num[] has their numbers and the form is set.
 */
bool	int_find(struct number_form *f, const struct span *v, size_t n, int64_t *num);
bool	ipv4_find(const struct span *v, size_t n, int64_t *num);
bool	stamps_find(struct stamp_form *form, const struct span *v, size_t n, int64_t *num);

/* One value; returns its octets. */
size_t	int_write(uint8_t *at, const struct number_form *f, int64_t v);
size_t	ipv4_write(uint8_t *at, uint32_t v);

/* The parameters before the integers. */
void	int_form_put(struct buf *dir, const struct number_form *f);

enum err	int_get(struct list_in *in, size_t n, struct list *ret, struct why *why);
enum err	ipv4_get(struct list_in *in, size_t n, struct list *ret, struct why *why);
enum err	stamps_get(struct list_in *in, size_t n, struct list *ret, struct why *why);

#endif
