/* SPDX-License-Identifier: Apache-2.0 */
/* What verification found, said to a person or to a program, on standard output. */
#ifndef CMD_VERDICT_H
#define CMD_VERDICT_H

#include "store/proof.h"

/* One sentence, one line. */
void	verdict_finding_say(const struct proof_finding *finding);
/* What was looked at, what the result rests on, what it cannot exclude, how fast it was. */
void	verdict_result_say(const struct proof_result *result, int64_t spent_ns);
/* One JSON object, one line. */
void	verdict_finding_json(const struct proof_finding *finding);
void	verdict_result_json(const struct proof_result *result, int64_t spent_ns);

#endif
