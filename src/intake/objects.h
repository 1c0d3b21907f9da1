/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where does an object end in a stream of JSON objects, one behind the other with or without white
 * space (Splunk's event collector)? Braces and brackets outside of strings are counted; whether
 * the object is one is the parser's to say. Pure, and like framing.h: an object that lies whole in
 * the input is handed out in place.
 */
#ifndef INTAKE_OBJECTS_H
#define INTAKE_OBJECTS_H

#include "intake/framing.h"

struct objects {
	uint32_t depth;
	bool string, escape;	/* in a string; behind a backslash in it */
	bool emptied;		/* hold was handed out */
	uint64_t cut;
	struct buf hold;
};

/* As framing_next; ERR_FORMAT: something that is no object begins. */
enum err	objects_next(struct objects *objects, struct span *io_input, size_t most,
		    struct frame *ret_frame);
/* True between two objects. */
bool		objects_are_whole(const struct objects *objects);
void		objects_done(struct objects *objects);

#endif
