/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a DOCX has beside its text: content types and relationships (ECMA-376 part 2), styles,
 * settings, headers and footers (part 1, 17), properties. See docx.h. The order of elements is the
 * schema's: Word refuses a file that has another.
 */
#include "paper/docx_int.h"

#define HALF(half)	"<w:sz w:val=\"" half "\"/><w:szCs w:val=\"" half "\"/>"
#define SERIF		"Times New Roman"
#define EQUAL		"Courier New"
#define FONT(name)	"<w:rFonts w:ascii=\"" name "\" w:hAnsi=\"" name "\" w:eastAsia=\"" name \
			"\" w:cs=\"" name "\"/>"
#define BOLD		DOCX_BOLD
#define ITALIC		"<w:i/><w:iCs/>"
#define BEFORE(twips)	"<w:spacing w:before=\"" twips "\"/>"
#define CENTER		"<w:jc w:val=\"center\"/>"
#define BOTH		"<w:jc w:val=\"both\"/>"
/* From the label or the margin to the right margin: dots to write upon. */
#define DOTS		"<w:tabs><w:tab w:val=\"right\" w:leader=\"dot\" w:pos=\"9071\"/></w:tabs>"
#define RULE		"<w:keepNext/><w:pBdr><w:top w:val=\"single\" w:sz=\"4\" w:space=\"1\" " \
			"w:color=\"000000\"/></w:pBdr><w:spacing w:before=\"40\" w:line=\"60\" " \
			"w:lineRule=\"exact\"/>"

_Static_assert(DOCX_WIDE == 9071, "the tab stops of DOTS and of the header stand there");

/* Looks as draw.c has them: points, millimetres of 56.7 twips. */
static const struct style {
	const char *id, *name, *paragraph, *run;
} styles[] = {
	{ "Pair", NULL, CENTER, BOLD HALF("24") },
	{ "PairOver", NULL, CENTER, HALF("24") },
	{ "PairRuled", NULL, CENTER, BOLD },
	{ "Dateline", NULL, BEFORE("85") CENTER, "" },
	{ "DatelineRight", NULL, BEFORE("85") CENTER, ITALIC },
	{ "RuleLeft", NULL, RULE "<w:ind w:left=\"1026\" w:right=\"1026\"/>", HALF("4") },
	{ "RuleRight", NULL, RULE "<w:ind w:left=\"1570\" w:right=\"1570\"/>", HALF("4") },
	{ "RuleMiddle", NULL, RULE "<w:ind w:left=\"3628\" w:right=\"3628\"/>", HALF("4") },
	{ "Title", "Title", "<w:keepNext/>" BEFORE("283") CENTER, BOLD HALF("30") },
	{ "Under", NULL, BEFORE("28") CENTER, ITALIC },
	{ "Subject", NULL, "<w:keepNext/>" BEFORE("28") CENTER, BOLD },
	{ "Heading1", "heading 1", "<w:keepNext/><w:keepLines/>" BEFORE("227")
	    "<w:outlineLvl w:val=\"0\"/>", BOLD },
	{ "Text", NULL, BEFORE("91") BOTH, "" },
	{ "Note", NULL, BEFORE("91") BOTH, HALF("22") },
	{ "Mono", NULL, "<w:wordWrap w:val=\"0\"/>" BEFORE("91"), FONT(EQUAL) HALF("19") },
	{ "Indent", NULL, BEFORE("91") "<w:ind w:firstLine=\"567\"/>" BOTH, "" },
	{ "Point", NULL, "<w:tabs><w:tab w:val=\"left\" w:pos=\"964\"/></w:tabs>" BEFORE("91")
	    "<w:ind w:left=\"964\" w:hanging=\"397\"/>" BOTH, "" },
	{ "Field", NULL, DOTS BEFORE("91"), "" },
	{ "Head", NULL, "<w:keepNext/>" CENTER, BOLD HALF("21") },
	{ "CellLeft", NULL, "", HALF("21") },
	{ "CellRight", NULL, "<w:jc w:val=\"right\"/>", HALF("21") },
	{ "CellMiddle", NULL, CENTER, HALF("21") },
	{ "Sign", NULL, "<w:keepNext/><w:keepLines/>" BEFORE("283") CENTER, BOLD },
	{ "SignName", NULL, "<w:keepLines/>" BEFORE("1474") CENTER, BOLD },
	{ "To", NULL, "<w:keepNext/>" BEFORE("283"), BOLD ITALIC HALF("24") },
	{ "ToLine", NULL, "", HALF("22") },
	{ "Gap", NULL, "<w:spacing w:line=\"91\" w:lineRule=\"exact\"/>", HALF("4") },
	{ "Header", "header", "<w:tabs><w:tab w:val=\"center\" w:pos=\"4535\"/>"
	    "<w:tab w:val=\"right\" w:pos=\"9071\"/></w:tabs>", "" },
	{ "Footer", "footer", CENTER, FONT(EQUAL) HALF("17") },
};

static const char *
language(const struct paper *paper)
{
	return strcmp(paper->lang, "en") == 0 ? "en-US" : "vi-VN";
}

static void
styles_put(struct buf *out, const struct paper *paper)
{
	buf_printf(out, DOCX_XML "<w:styles" DOCX_NAMESPACES "><w:docDefaults><w:rPrDefault><w:rPr>"
	    FONT(SERIF) "<w:color w:val=\"000000\"/>" HALF("26") "<w:lang w:val=\"%s\" "
	    "w:eastAsia=\"%s\"/></w:rPr></w:rPrDefault><w:pPrDefault/>"
	    "</w:docDefaults><w:style w:type=\"paragraph\" w:default=\"1\" w:styleId=\"Normal\">"
	    "<w:name w:val=\"Normal\"/></w:style>\n", language(paper), language(paper));
	for (size_t i = 0; i < sizeof styles / sizeof styles[0]; i++) {
		const struct style *s = &styles[i];

		buf_printf(out, "<w:style w:type=\"paragraph\"%s w:styleId=\"%s\"><w:name "
		    "w:val=\"%s\"/><w:basedOn w:val=\"Normal\"/><w:pPr>%s</w:pPr><w:rPr>%s"
		    "</w:rPr></w:style>\n", s->name != NULL ? "" : " w:customStyle=\"1\"", s->id,
		    s->name != NULL ? s->name : s->id, s->paragraph, s->run);
	}
	buf_str(out, "</w:styles>\n");
}

/* ---- what packages want ---- */

static void
types_put(struct buf *out, const struct paper *paper)
{
	static const char *const part[][2] = {
		{ "word/document", "wordprocessingml.document.main" },
		{ "word/styles", "wordprocessingml.styles" },
		{ "word/settings", "wordprocessingml.settings" },
		{ "word/header1", "wordprocessingml.header" },
		{ "word/header2", "wordprocessingml.header" },
		{ "word/footer1", "wordprocessingml.footer" },
		{ "word/footer2", "wordprocessingml.footer" },
		{ "docProps/app", "extended-properties" },
	};

	(void)paper;
	buf_str(out, DOCX_XML "<Types xmlns=\"http://schemas.openxmlformats.org/package/2006/"
	    "content-types\"><Default Extension=\"rels\" ContentType=\"application/vnd."
	    "openxmlformats-package.relationships+xml\"/><Default Extension=\"xml\" "
	    "ContentType=\"application/xml\"/><Override PartName=\"/docProps/core.xml\" "
	    "ContentType=\"application/vnd.openxmlformats-package.core-properties+xml\"/>\n");
	for (size_t i = 0; i < sizeof part / sizeof part[0]; i++)
		buf_printf(out, "<Override PartName=\"/%s.xml\" ContentType=\"application/vnd."
		    "openxmlformats-officedocument.%s+xml\"/>\n", part[i][0], part[i][1]);
	buf_str(out, "</Types>\n");
}

#define RELATIONS	DOCX_XML "<Relationships xmlns=\"http://schemas.openxmlformats.org/" \
			"package/2006/relationships\">"
#define OFFICE		"http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

static void
relations_put(struct buf *out, const struct paper *paper)
{
	(void)paper;
	buf_str(out, RELATIONS
	    "<Relationship Id=\"rId1\" Type=\"" OFFICE "officeDocument\" "
	    "Target=\"word/document.xml\"/>"
	    "<Relationship Id=\"rId2\" Type=\"http://schemas.openxmlformats.org/package/2006/"
	    "relationships/metadata/core-properties\" Target=\"docProps/core.xml\"/>"
	    "<Relationship Id=\"rId3\" Type=\"" OFFICE "extended-properties\" "
	    "Target=\"docProps/app.xml\"/></Relationships>\n");
}

static void
text_relations_put(struct buf *out, const struct paper *paper)
{
	static const char *const part[] = { "styles", "settings", "header1", "header2", "footer1",
	    "footer2" };

	(void)paper;
	buf_str(out, RELATIONS);
	for (unsigned i = 0; i < sizeof part / sizeof part[0]; i++) {
		/* "header2" is of the type "header". */
		int type = (int)strcspn(part[i], "12");

		buf_printf(out, "<Relationship Id=\"rId%u\" Type=\"" OFFICE "%.*s\" "
		    "Target=\"%s.xml\"/>", i + 1, type, part[i], part[i]);
	}
	buf_str(out, "</Relationships>\n");
}

/* ---- properties ---- */

static void
core_put(struct buf *out, const struct paper *paper)
{
	buf_str(out, DOCX_XML "<cp:coreProperties xmlns:cp=\"http://schemas.openxmlformats.org/"
	    "package/2006/metadata/core-properties\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\">"
	    "<dc:title>");
	docx_text(out, paper->title);
	buf_printf(out, "</dc:title><dc:creator>trucban</dc:creator><dc:language>%s</dc:language>"
	    "</cp:coreProperties>\n", language(paper));
}

static void
app_put(struct buf *out, const struct paper *paper)
{
	(void)paper;
	buf_str(out, DOCX_XML "<Properties xmlns=\"http://schemas.openxmlformats.org/"
	    "officeDocument/2006/extended-properties\"><Application>trucban</Application>"
	    "</Properties>\n");
}

/* Without the mode Word opens the file as one of 2007. */
static void
settings_put(struct buf *out, const struct paper *paper)
{
	buf_printf(out, DOCX_XML "<w:settings" DOCX_NAMESPACES "><w:compat><w:compatSetting "
	    "w:name=\"compatibilityMode\" w:uri=\"http://schemas.microsoft.com/office/word\" "
	    "w:val=\"15\"/></w:compat><w:themeFontLang w:val=\"%s\"/></w:settings>\n",
	    language(paper));
}

/* ---- margins ---- */

static void
header_put(struct buf *out, const struct paper *paper, bool numbered)
{
	buf_str(out, DOCX_XML "<w:hdr" DOCX_NAMESPACES "><w:p><w:pPr><w:pStyle w:val=\"Header\"/>"
	    "</w:pPr><w:r><w:tab/></w:r>");
	if (numbered)
		buf_str(out, "<w:r><w:fldChar w:fldCharType=\"begin\"/></w:r><w:r><w:instrText "
		    "xml:space=\"preserve\"> PAGE </w:instrText></w:r><w:r><w:fldChar "
		    "w:fldCharType=\"separate\"/></w:r><w:r><w:t>2</w:t></w:r><w:r><w:fldChar "
		    "w:fldCharType=\"end\"/></w:r>");
	if (paper->draft != NULL) {
		buf_str(out, "<w:r><w:tab/></w:r>");
		docx_run(out, paper->draft->cell[0], BOLD HALF("22"));
	}
	buf_str(out, "</w:p></w:hdr>\n");
}

/* The first page has no number. */
static void
first_header_put(struct buf *out, const struct paper *paper)
{
	header_put(out, paper, false);
}

static void
other_header_put(struct buf *out, const struct paper *paper)
{
	header_put(out, paper, true);
}

static void
footer_put(struct buf *out, const struct paper *paper)
{
	buf_str(out, DOCX_XML "<w:ftr" DOCX_NAMESPACES ">");
	for (unsigned i = 0; i < (paper->foot != NULL ? paper->foot->ncell : 1); i++) {
		buf_str(out, "<w:p><w:pPr><w:pStyle w:val=\"Footer\"/></w:pPr>");
		if (paper->foot != NULL)
			docx_run(out, paper->foot->cell[i], "");
		buf_str(out, "</w:p>");
	}
	buf_str(out, "</w:ftr>\n");
}

/* ---- all of them ---- */

const char *
docx_part(struct buf *out, const struct paper *paper, unsigned i)
{
	static const struct part {
		const char *name;
		void (*put)(struct buf *out, const struct paper *paper);
	} parts[] = {
		{ "[Content_Types].xml", types_put },
		{ "_rels/.rels", relations_put },
		{ "docProps/app.xml", app_put },
		{ "docProps/core.xml", core_put },
		{ "word/_rels/document.xml.rels", text_relations_put },
		{ "word/settings.xml", settings_put },
		{ "word/styles.xml", styles_put },
		{ "word/header1.xml", first_header_put },
		{ "word/header2.xml", other_header_put },
		{ "word/footer1.xml", footer_put },
		{ "word/footer2.xml", footer_put },
	};

	if (i >= sizeof parts / sizeof parts[0])
		return NULL;
	parts[i].put(out, paper);
	return parts[i].name;
}
