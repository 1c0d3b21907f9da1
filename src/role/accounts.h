/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers that accounts and log-ins go by, as data: content/packs/accounts-2026.yaml, inside of
 * the program. Each says where it was read.
 */
#ifndef ROLE_ACCOUNTS_H
#define ROLE_ACCOUNTS_H

#include "base/err.h"
#include "base/span.h"
#include "ca/admit.h"

/* ERR_FORMAT: "line 7: rules: failures: ...", or which one is missing. */
enum err	accounts_parse(struct admit_rules *ret_rules, struct span text, struct why *why);
/* The one inside of the program. */
enum err	accounts_own(struct admit_rules *ret_rules, struct why *why);

#endif
