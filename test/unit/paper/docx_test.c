/* SPDX-License-Identifier: Apache-2.0 */
/* Documents become DOCX: whole zips, text that stays text, the same octets again. */
#include "paper/docx.h"

#include <zlib.h>

#include "base/cur.h"
#include "check.h"

static struct arena *arena;
static struct buf docx;
static struct why why;

static enum err
write_docx(struct span text)
{
	struct paper paper;

	arena_reset(arena);
	docx.n = 0;
	if (!check(paper_read(text, arena, &paper, &why) == OK))
		return ERR_FORMAT;
	return paper_docx(&docx, &paper, &why);
}

/* The octets of a member, found by the heads alone; every head and sum on the way is looked at. */
static struct span
part(const char *name)
{
	struct cur in = cur_of(buf_span(&docx));
	struct span found = { NULL, 0 };

	while (cur_u32(&in) == 0x04034b50 && !in.bad) {
		struct span path, bytes;
		uint32_t stamp, crc, size;
		size_t length;

		(void)cur_span(&in, 6);
		stamp = cur_u32(&in);
		crc = cur_u32(&in);
		size = cur_u32(&in);
		check(cur_u32(&in) == size);
		length = cur_u16(&in);
		check(cur_u16(&in) == 0);
		path = cur_span(&in, length);
		bytes = cur_span(&in, size);
		check(!in.bad && stamp == 0x00210000 && crc32(0, bytes.p, size) == crc);
		if (span_is(path, name))
			found = bytes;
	}
	return found;
}

static bool
has(const char *name, const char *words)
{
	struct span p = part(name);

	return p.n > 0 && memmem(p.p, p.n, words, strlen(words)) != NULL;
}

static unsigned
count(const char *words)
{
	struct span p = part("word/document.xml");
	unsigned n = 0;

	for (size_t i = 0; i + strlen(words) <= p.n; i++)
		n += memcmp(p.p + i, words, strlen(words)) == 0;
	return n;
}

static void
a_document_is_a_zip_of_its_parts(void)
{
	static const char *const name[] = { "[Content_Types].xml", "_rels/.rels",
	    "docProps/app.xml", "docProps/core.xml", "word/_rels/document.xml.rels",
	    "word/settings.xml", "word/styles.xml", "word/header1.xml", "word/header2.xml",
	    "word/footer1.xml", "word/footer2.xml", "word/document.xml" };

	check(write_docx(SPAN("paper 1 vi\ntitle\tBIÊN BẢN <1>\ntext\tMột\n")) == OK);
	for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
		check(part(name[i]).n > 0);
	check(docx.n > 22 && memcmp(docx.p + docx.n - 22, "PK\005\006", 4) == 0);
	check(has("docProps/core.xml", "<dc:title>BIÊN BẢN &lt;1&gt;</dc:title>"));
	check(has("docProps/core.xml", "<dc:language>vi-VN<"));
	check(write_docx(SPAN("paper 1 en\ntitle\tx\n")) == OK);
	check(has("word/styles.xml", "<w:lang w:val=\"en-US\""));
}

static void
what_is_in_a_cell_stays_text(void)
{
	check(write_docx(SPAN("paper 1 vi\ntext\t</w:t>&\"']]>\n")) == OK);
	check(has("word/document.xml", ">&lt;/w:t&gt;&amp;&quot;']]&gt;</w:t>"));
	check(write_docx(SPAN("paper 1 vi\ntext\ta\xef\xbf\xbe" "b\xef\xbf\xbf" "c\xef\xbf\xbd"
	    "\xf0\x9f\x98\x80\xc2\x85\n")) == OK);
	check(has("word/document.xml", ">a\xef\xbf\xbd" "b\xef\xbf\xbd" "c\xef\xbf\xbd"
	    "\xf0\x9f\x98\x80\xc2\x85<"));
	check(write_docx(SPAN("paper 1 vi\ndraft\t<b>&\nfoot\t<c>\t&\ntext\tx\n")) == OK);
	check(has("word/header1.xml", ">&lt;b&gt;&amp;<") && has("word/header2.xml", "&lt;b&gt;"));
	check(has("word/footer1.xml", ">&lt;c&gt;<") && has("word/footer2.xml", ">&amp;<"));
}

static void
the_same_document_gives_the_same_octets(void)
{
	static const char text[] = "paper 1 vi\ntitle\tBẢNG\ntable\t1 l\nrow\tx\n";
	struct buf first = { 0 };

	check(write_docx(span_str(text)) == OK);
	buf_put(&first, docx.p, docx.n);
	check(write_docx(span_str(text)) == OK && span_eq(buf_span(&first), buf_span(&docx)));
	buf_done(&first);
}

static void
heads_that_a_table_begins_with_are_repeated(void)
{
	check(write_docx(SPAN("paper 1 vi\ntable\t1 l\t2 r\nhead\ta\tb\nrow\tc\td\nhead\te\tf\n"
	    "table\t1 c\nrow\tg\n")) == OK);
	check(count("<w:tbl>") == 2 && count("</w:tbl>") == 2);
	check(count("<w:tblHeader/>") == 1 && count("<w:cantSplit/>") == 4);
	/* One behind the other would be one table. */
	check(count("</w:tbl>\n<w:tbl>") == 0);
	check(count("<w:gridCol w:w=\"3023\"/><w:gridCol w:w=\"6047\"/>") == 1);
	check(write_docx(SPAN("paper 1 vi\ntable\t1 l\ntext\tno rows\n")) == OK);
	check(count("<w:tbl>") == 0);
}

static void
columns_that_follow_each_other_are_one_table(void)
{
	check(write_docx(SPAN("paper 1 vi\npair-over\tA\tB\npair-ruled\tC\t\ndateline\tD\tE\n"
	    "text\tx\nsign\tF\tG\tH\tI\nsign\tF\tG\nsign-to\tJ\tK\tL\tM\n")) == OK);
	check(count("<w:tbl>") == 4 && count("RuleLeft") == 1 && count("RuleRight") == 0);
	check(count("<w:tr>") == 3 + 2 + 2 + 1);
}

static void
what_has_no_value_has_dots_to_write_upon(void)
{
	check(write_docx(SPAN("paper 1 vi\nfield\tA:\t\nfield\tB:\tc\nblank\t3\n")) == OK);
	check(count("<w:tab/>") == 4 && count("<w:pStyle w:val=\"Field\"/>") == 5);
}

static void
a_text_that_is_too_long_is_refused(void)
{
	struct paper_item item = { .kind = PAPER_TEXT, .ncell = 1 };
	struct paper_item *items = arena_zalloc(arena, 4000, sizeof item);
	struct paper paper = { .lang = "vi", .nitem = 4000, .item = items };
	struct span cell = { arena_zalloc(arena, PAPER_CELL_BYTES, 1), PAPER_CELL_BYTES };

	/* No such document is read: what would be, grows five times as long. */
	memset((void *)(uintptr_t)cell.p, '&', cell.n);
	item.cell = &cell;
	for (size_t i = 0; i < paper.nitem; i++)
		items[i] = item;
	docx.n = 0;
	check(paper_docx(&docx, &paper, &why) == ERR_LIMIT && docx.n == 0);
}

int
main(void)
{
	arena = arena_new((size_t)1 << 28);
	run(a_document_is_a_zip_of_its_parts);
	run(what_is_in_a_cell_stays_text);
	run(the_same_document_gives_the_same_octets);
	run(heads_that_a_table_begins_with_are_repeated);
	run(columns_that_follow_each_other_are_one_table);
	run(what_has_no_value_has_dots_to_write_upon);
	run(a_text_that_is_too_long_is_refused);
	buf_done(&docx);
	arena_free(&arena);
	return check_done();
}
