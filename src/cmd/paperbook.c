/* SPDX-License-Identifier: Apache-2.0 */
/* The forms of content/papers that travel inside of the program: see paper.h. */
#include "cmd/paper.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/content.h"

static const struct ours {
	const char *name;
	const struct span *text;
} ours[] = {
	{ "incident-24h", &content_incident_24h_vi },
	{ "incident-72h", &content_incident_72h_vi },
	{ "incident-update", &content_incident_update_vi },
	{ "incident-final", &content_incident_final_vi },
	{ "incident-2017-first", &content_incident_2017_first_vi },
	{ "incident-2017-end", &content_incident_2017_end_vi },
	{ "duty-report", &content_duty_report_vi },
	{ "head-page", &content_head_page_vi },
	{ "handover", &content_handover_vi },
	{ "custody", &content_custody_vi },
	{ "fallback-book", &content_fallback_book_vi },
	{ "directive-report", &content_directive_report_vi },
	{ "checklist", &content_checklist_vi },
	{ "level-year", &content_level_year_vi },
};

static void
line_tell(const char *before, struct span text)
{
	(void)printf("    %s%.*s\n", before, (int)text.n, (const char *)text.p);
}

/* What fills it. */
static void
about_tell(const struct paperform *form)
{
	static const struct {
		const char *about, *vi, *en;
	} row[] = {
		{ "incident", "--incident SC", "--incident SC" },
		{ "evidence", "--evidence SỐ", "--evidence NUMBER" },
		{ "handover", "--handover SỐ", "--handover NUMBER" },
		{ "time", "--day NGÀY, --week NGÀY, --month THÁNG, --from LÚC --to LÚC",
		    "--day DAY, --week DAY, --month MONTH, --from TIME --to TIME" },
		{ "directive", "--directive CD", "--directive CD" },
		{ "checklist", "--checklist KT", "--checklist KT" },
		{ "office", "--office", "--office" },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		if (span_is(form->about, row[i].about))
			line_tell(say("Lấy số liệu: ", "Filled by: "),
			    span_str(say(row[i].vi, row[i].en)));
}

enum err
paperbook_tell_one(const char *name, struct span text, struct why *why)
{
	struct arena *arena = arena_new((size_t)1 << 24);
	struct paperform form;
	enum err rc = paperform_read(text, arena, &form, why);

	if (rc == OK) {
		(void)printf("%-20s %.*s\n", name, (int)form.title.n, (const char *)form.title.p);
		about_tell(&form);
		line_tell(say("Căn cứ: ", "Law: "), form.law);
		line_tell(say("Nguồn: ", "Source: "), form.source);
		line_tell(form.official ? say("Mẫu chính thức: ", "Official: ") :
		    say("Mẫu tự soạn: ", "Of our own: "), form.status);
	}
	arena_free(&arena);
	return rc;
}

enum err
paperbook_tell(struct why *why)
{
	enum err rc = OK;

	for (size_t i = 0; i < sizeof ours / sizeof ours[0] && rc == OK; i++)
		rc = paperbook_tell_one(ours[i].name, *ours[i].text, why);
	return rc;
}

enum err
paperbook_get(const char *name, struct span *ret, struct why *why)
{
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		if (strcmp(name, ours[i].name) == 0) {
			*ret = *ours[i].text;
			return OK;
		}
	return why_set(why, ERR_FORMAT, "there is no form '%s'; see: trucban paper", name);
}
