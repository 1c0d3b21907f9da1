/* SPDX-License-Identifier: Apache-2.0 */
/*
 * SQL of pages of plain text, {"text":...}, in the language of who asks. Inside of room desk only;
 * W() is in incident_int.h.
 */
#ifndef DESK_PAGESQL_H
#define DESK_PAGESQL_H

#define NL		"char(10)"
#define LINES(COLUMN, FROM) "(SELECT group_concat(" COLUMN ", " NL ") FROM (" FROM "))"
/* The same where COLUMN names the rows by an alias. */
#define LINES_AS(ALIAS, COLUMN, FROM) \
    "(SELECT group_concat(" COLUMN ", " NL ") FROM (" FROM ") " ALIAS ")"
#define OR_NONE(TEXT)	"coalesce(" TEXT ", " W("  không có", "  none") ")"
#define IN_LANG(VI, EN)	"CASE :lang WHEN 'en' THEN coalesce(" EN ", " VI ") ELSE " VI " END"
/* "còn 3 giờ 5 phút", "QUÁ HẠN 10 phút" */
#define LEFT(DUE) \
    "CASE WHEN " DUE " >= :now THEN " W("còn ", "left: ") " || lasts(" DUE " - :now, :lang)" \
    " ELSE " W("QUÁ HẠN ", "LATE BY ") " || lasts(:now - " DUE ", :lang) END"
#define ROW(VI, EN, VALUE) \
    " || coalesce(" W(VI, EN) " || ': ' || " VALUE " || " NL ", '')"
#define HEAD(VI, EN)	" || " NL " || " W(VI, EN) " || " NL " || "
/* What has several lines stays in its column. */
#define INDENTED(TEXT)	"replace(" TEXT ", " NL ", " NL " || '      ')"

#endif
