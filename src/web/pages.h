/* SPDX-License-Identifier: Apache-2.0 */
/* Files of web/, inside of the program: tools/embed makes them. Inside of page.c only. */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "base/span.h"

/* Name of the octets, path, type. One row a file; src/web/meson.build has the same names. */
#define PAGES(X) \
	X(index_html, "/", HTML) \
	X(page_css, "/web/page.css", CSS) \
	X(screens_css, "/web/screens.css", CSS) \
	X(icon_svg, "/web/icon.svg", SVG) \
	X(alerts_js, "/web/alerts.js", SCRIPT) \
	X(api_js, "/web/api.js", SCRIPT) \
	X(app_js, "/web/app.js", SCRIPT) \
	X(chart_js, "/web/chart.js", SCRIPT) \
	X(complete_js, "/web/complete.js", SCRIPT) \
	X(dom_js, "/web/dom.js", SCRIPT) \
	X(duty_js, "/web/duty.js", SCRIPT) \
	X(incident_js, "/web/incident.js", SCRIPT) \
	X(incidents_js, "/web/incidents.js", SCRIPT) \
	X(kit_js, "/web/kit.js", SCRIPT) \
	X(login_js, "/web/login.js", SCRIPT) \
	X(notices_js, "/web/notices.js", SCRIPT) \
	X(now_js, "/web/now.js", SCRIPT) \
	X(people_js, "/web/people.js", SCRIPT) \
	X(qr_js, "/web/qr.js", SCRIPT) \
	X(record_js, "/web/record.js", SCRIPT) \
	X(requests_js, "/web/requests.js", SCRIPT) \
	X(search_js, "/web/search.js", SCRIPT) \
	X(sound_js, "/web/sound.js", SCRIPT) \
	X(sources_js, "/web/sources.js", SCRIPT) \
	X(time_js, "/web/time.js", SCRIPT) \
	X(words_js, "/web/words.js", SCRIPT) \
	X(words_admin_js, "/web/words_admin.js", SCRIPT) \
	X(words_en_js, "/web/words_en.js", SCRIPT) \
	X(words_vi_js, "/web/words_vi.js", SCRIPT)

#define FILE_DECLARE(name, path, type) extern const struct span page_##name;
PAGES(FILE_DECLARE)

#endif
