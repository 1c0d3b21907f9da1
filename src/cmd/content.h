/* SPDX-License-Identifier: Apache-2.0 */
/* Data files of content/ that travel inside of the program; tools/embed makes them. */
#ifndef CMD_CONTENT_H
#define CMD_CONTENT_H

#include "base/span.h"

extern const struct span content_coverage_vi;	/* content/papers/coverage.vi.txt */
extern const struct span content_coverage_en;	/* content/papers/coverage.en.txt */
extern const struct span content_handover_vi;	/* content/papers/handover.vi.txt, and so on */
extern const struct span content_incident_24h_vi;
extern const struct span content_incident_72h_vi;
extern const struct span content_incident_update_vi;
extern const struct span content_incident_final_vi;
extern const struct span content_incident_2017_first_vi;
extern const struct span content_incident_2017_end_vi;
extern const struct span content_duty_report_vi;
extern const struct span content_head_page_vi;
extern const struct span content_checklist_vi;
extern const struct span content_custody_vi;
extern const struct span content_directive_report_vi;
extern const struct span content_fallback_book_vi;
extern const struct span content_level_year_vi;
extern const struct span content_custody;	/* content/evidence/bien-ban.html */
extern const struct span content_sources;	/* content/sources.txt */
extern const struct span content_page;		/* content/evidence/cach-kiem-tra.txt */

#endif
