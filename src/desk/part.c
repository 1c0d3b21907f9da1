/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of the desk, and the sentences of refusals: see part.h. */
#include "desk/part.h"

#include <string.h>

#include "desk/dutysql.h"
#include "desk/incident_int.h"
#include "desk/notice.h"
#include "desk/office_int.h"

const struct part *const desk_parts[] = { &part_alerts, &part_duty, &part_roster, &part_handover,
	&part_incident_pack, &part_incidents, &part_deadlines, &part_custody, &part_tasks,
	&part_demands, &part_incident_pages, &part_notices, &part_papers, &part_papervalues,
	&part_registers, &part_directives, &part_checklists, &part_office_pages, NULL };
const struct part_load *const desk_loads[] = { &duty_load, &incident_load, &notice_load,
	&registers_load, &directives_load, NULL };

/* What failed, and what to do. */
static const struct part_word words[] = {
	{ "no-alert", 404, "không có cảnh báo nào mang mã này; xem danh sách cảnh báo",
	    "no alert has this id; look at the list of alerts" },
	{ "alert-over", 409, "cảnh báo này đã được kết luận; không thay đổi được nữa",
	    "this alert was decided already; it cannot be changed any more" },
	{ "until-past", 400, "thời điểm kết thúc đã qua; ghi một thời điểm sau bây giờ",
	    "the end lies in the past; give a later time" },
	{ "no-mute", 404, "không có lệnh tắt cảnh báo nào mang số này, hoặc lệnh đã hết hạn",
	    "no mute has this number, or it has ended" },
	{ NULL, 0, NULL, NULL },
};

static const struct part_word *const tables[] = { words, duty_words, incident_words,
	notice_words, office_words };

const char *
desk_words(const char *word, bool vi, unsigned *ret_status)
{
	for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++)
		for (const struct part_word *w = tables[i]; w->word != NULL; w++)
			if (strcmp(w->word, word) == 0) {
				*ret_status = w->status;
				return vi ? w->vi : w->en;
			}
	return NULL;
}
