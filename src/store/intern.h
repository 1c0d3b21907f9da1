/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes and sources of all channels, each once: two channels that define the same thing, or one
 * that comes again, share it, and a journal file has its definition once. Inside of store, one
 * thread.
 */
#ifndef STORE_INTERN_H
#define STORE_INTERN_H

#include "model/digest.h"
#include "model/shape.h"

/* A shape or a source, with where the current journal file has it. */
struct def {
	struct def *next;		/* in its slot */
	uint64_t hash;
	uint32_t refs;
	struct shape *shape;		/* one of the two */
	struct source *source;
	uint8_t digest[SOURCE_DIGEST_BYTES];	/* of the source */
	uint64_t serial;		/* of the journal file that defines it; its id there */
	uint32_t id;
};

struct intern;

struct intern	*intern_new(void);
void		intern_free(struct intern **intern);
/* A reference of one's own; end it with intern_drop. ERR_FORMAT: code is not valid. */
enum err	intern_shape(struct intern *intern, struct span code, struct def **ret_def,
		    struct why *why);
enum err	intern_source(struct intern *intern, struct span code, struct def **ret_def,
		    struct why *why);
void		intern_drop(struct intern *intern, struct def *def);
/* Things there are, and octets of their encodings. */
size_t		intern_count(const struct intern *intern);
size_t		intern_bytes(const struct intern *intern);

static inline struct def *
def_hold(struct def *def)
{
	def->refs++;
	return def;
}

static inline struct span
def_code(const struct def *def)
{
	return def->shape != NULL ? def->shape->code : def->source->code;
}

#endif
