/* SPDX-License-Identifier: Apache-2.0 */
/* The figures of a running desk or relay, as /metrics has them. Inside of cmd. */
#ifndef CMD_SAMPLES_H
#define CMD_SAMPLES_H

#include "base/span.h"

/* One line of the text: trucban_NAME{LABEL="VALUE",LABEL="VALUE"} N. */
struct sample {
	struct span name;
	struct span label, value;	/* the first one, or empty; values as they are escaped */
	struct span labels;		/* those behind it: samples_label() */
	double n;
};

/* The next sample of *rest; false: there is none. */
bool		samples_next(struct span *rest, struct sample *ret);
/* The next label of *io_labels; false: there is none. */
bool		samples_label(struct span *io_labels, struct span *ret_label,
		    struct span *ret_value);
/* The value of that label of a sample, or empty. */
struct span	sample_value(const struct sample *sample, const char *label);
/* The sum of a metric's samples; of those with this label only, unless it is NULL. */
double		samples_sum(struct span text, const char *name, const char *value);
/* The first label of a metric's first sample, or empty. */
struct span	samples_word(struct span text, const char *name);
/* A metric's first sample, or one that is empty. */
struct sample	samples_first(struct span text, const char *name);

#endif
