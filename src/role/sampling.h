/* SPDX-License-Identifier: Apache-2.0 */
/* Rules by which records are not kept (conf: sample), told to the ledger: who, why, until when. */
#ifndef ROLE_SAMPLING_H
#define ROLE_SAMPLING_H

#include <stdint.h>

struct conf;
struct conf_sample;
struct ledger;

/* Rows for those in force from *io_told on; what finds no room is told at the next call. */
void	sampling_tell(struct ledger *ledger, const struct conf *conf, int64_t now_ns,
	    unsigned *io_told);
/* "warning": what `below` says; "any". */
const char	*sampling_severity(const struct conf_sample *sample);

#endif
