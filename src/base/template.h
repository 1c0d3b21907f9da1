/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Texts that are data: a form of content/ with {{name}} where a value goes. The wording of a record
 * of delivery is the office's and the law's, not the program's.
 */
#ifndef BASE_TEMPLATE_H
#define BASE_TEMPLATE_H

#include "base/buf.h"
#include "base/err.h"

struct template_value {
	const char *name;
	struct span value;
};

enum template_kind { TEMPLATE_TEXT, TEMPLATE_HTML };

/*
 * Appends the form with its values; in HTML they are escaped, and in both no line feed or control
 * character of a value stays. ERR_FORMAT names what the form asks for and is not known.
 */
enum err	template_fill(struct buf *out, struct span form, enum template_kind kind,
		    const struct template_value *value, size_t n, struct why *why);

#endif
