/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parameters of a request, application/x-www-form-urlencoded, made and read. Read strictly: what is
 * not name=value&... with whole percent signs is refused, so that nobody sees another query than
 * the one that runs.
 */
#ifndef WEB_FORM_H
#define WEB_FORM_H

#include "base/buf.h"
#include "base/err.h"

/* Appends name=value with & before all but the first, percent-encoded. */
void		form_add(struct buf *form, const char *name, struct span value);

enum { FORM_PARAMS = 64 };

struct form;

/* ERR_FORMAT: a broken percent sign, a NUL, a parameter without name; ERR_LIMIT: too many. */
enum err	form_read(struct form **ret_form, struct span text, struct why *why);
void		form_free(struct form **form);
/* The first value with this name, or NULL. Belongs to the form. */
const char	*form_get(const struct form *form, const char *name);
/* The i-th name and its value; false: there are fewer. They belong to the form. */
bool		form_at(const struct form *form, unsigned i, const char **ret_name,
		    const char **ret_value);

#endif
