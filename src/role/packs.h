/* SPDX-License-Identifier: Apache-2.0 */
/* Rule packs of content/ that travel inside of the program; tools/embed makes them. */
#ifndef ROLE_PACKS_H
#define ROLE_PACKS_H

#include "base/span.h"

extern const struct span pack_accounts;		/* content/packs/accounts-2026.yaml */
extern const struct span pack_calendar;		/* content/packs/calendar-2026.yaml */
extern const struct span pack_directive_2584;	/* content/directives/2584-2016.yaml */
extern const struct span pack_directive_14107;	/* content/directives/14107-2021.yaml */
extern const struct span pack_directive_2316;	/* content/directives/2316-2011.yaml */
extern const struct span pack_escalation;	/* content/packs/escalation.yaml */
extern const struct span pack_incident;		/* content/packs/incident-2026.yaml */
extern const struct span pack_registers;	/* content/packs/registers.yaml */
extern const struct span pack_retention;	/* content/packs/retention-2026.yaml */

#endif
