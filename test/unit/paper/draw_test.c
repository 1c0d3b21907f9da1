/* SPDX-License-Identifier: Apache-2.0 */
/* Documents become files: pages, the same octets again, what cannot be written. */
#include "paper/draw.h"

#include <pango/pango.h>

#include "base/buf.h"
#include "check.h"

/* fontconfig keeps what it read of the system's fonts until the process ends. */
const char	*__lsan_default_suppressions(void);

const char *
__lsan_default_suppressions(void)
{
	return "leak:libfontconfig\n";
}

/* Its own thread reads the fonts; it was not built to be watched. */
const char	*__tsan_default_suppressions(void);

const char *
__tsan_default_suppressions(void)
{
	return "race:libfontconfig\n";
}

/* What the library has to say against our use of it: nothing. */
static void
on_complaint(const char *domain, GLogLevelFlags level, const char *text, void *ctx)
{
	(void)level;
	(void)ctx;
	printf("%s: %s\n", domain, text);
	check(false);
}

static struct arena *arena;
static struct buf pdf;
static struct why why;
static size_t room = SIZE_MAX;

static bool
take(void *ctx, struct span bytes)
{
	(void)ctx;
	if (pdf.n + bytes.n > room)
		return false;
	buf_span_put(&pdf, bytes);
	return true;
}

static enum err
draw(struct span text)
{
	struct paper paper;

	arena_reset(arena);
	pdf.n = 0;
	if (!check(paper_read(text, arena, &paper, &why) == OK))
		return ERR_FORMAT;
	return paper_draw(&paper, &(struct draw_out){ .write = take }, &why);
}

/* As the file's own page objects say. */
static unsigned
pages(void)
{
	static const char mark[] = "/Type /Page %";
	unsigned n = 0;

	for (size_t i = 0; i + sizeof mark - 1 <= pdf.n; i++)
		n += memcmp(pdf.p + i, mark, sizeof mark - 1) == 0;
	return n;
}

static void
a_document_is_a_pdf_of_so_many_pages(void)
{
	struct buf text = { 0 };

	check(draw(SPAN("paper 1 vi\ntitle\tBẢNG XÁC NHẬN\ntext\tMột\n")) == OK);
	check(pdf.n > 1000 && memcmp(pdf.p, "%PDF-", 5) == 0 && pages() == 1);
	check(draw(SPAN("paper 1 vi\npage\npage\ntext\tx\n")) == OK && pages() == 3);
	buf_str(&text, "paper 1 vi\ntable\t1 l\t1 r\nhead\ta\tb\n");
	for (int i = 0; i < 500; i++)
		buf_str(&text, "row\tmáy chủ\t1.234\n");
	check(draw(buf_span(&text)) == OK && pages() > 8 && pages() < 20);
	buf_done(&text);
}

static void
the_same_document_gives_the_same_octets(void)
{
	static const char text[] = "paper 1 vi\ntitle\tBẢNG\ntext\tĐã nhận\nmono\t00ff\n";
	struct buf first = { 0 };

	check(draw(span_str(text)) == OK);
	buf_put(&first, pdf.p, pdf.n);
	check(draw(span_str(text)) == OK && span_eq(buf_span(&first), buf_span(&pdf)));
	buf_done(&first);
}

/* Its letters are shapes of a font: what can be counted is that each page has more to draw. */
static void
a_foot_is_on_every_page(void)
{
	static const char more[] = "page\ntext\tx\npage\ntext\ty\n";
	struct buf text = { 0 };
	size_t bare;

	buf_printf(&text, "paper 1 vi\ntext\tz\n%s", more);
	check(draw(buf_span(&text)) == OK && pages() == 3);
	bare = pdf.n;
	text.n = 0;
	buf_printf(&text, "paper 1 vi\ntext\tz\n%sfoot\tABCD-EFGH-IJKL-MNOP\tdấu vân tay\n", more);
	check(draw(buf_span(&text)) == OK && pages() == 3);
	check(pdf.n > bare + 3 * 60);
	buf_done(&text);
}

static void
what_a_hand_writes_upon_takes_its_room(void)
{
	struct buf text = { 0 };

	buf_str(&text, "paper 1 vi\ndraft\tDỰ THẢO\n");
	for (int i = 0; i < 4; i++)
		buf_str(&text, "blank\t40\nfield\tCấp độ:\t\npoint\ta)\tx\n");
	check(draw(buf_span(&text)) == OK && pages() == 5);
	text.n = 0;
	buf_str(&text, "paper 1 vi\nfield\t");
	for (int i = 0; i < 3000; i++)
		buf_str(&text, "dài ");
	buf_str(&text, "\t\n");
	check(draw(buf_span(&text)) == OK && pages() > 1 && pages() < 6);
	buf_done(&text);
}

/* Nothing of it stays at the foot of the page before. */
static void
a_signature_stays_on_one_page(void)
{
	static const char *const sign[] = { "sign\tA\tB\n", "sign\tA\tB\tC\tD\n",
	    "sign-to\tNơi nhận:\t- A;\t- B.\tC\tD\n" };

	for (size_t i = 0; i < sizeof sign / sizeof sign[0]; i++) {
		struct buf text = { 0 };

		buf_printf(&text, "paper 1 vi\nspace\t225\n%s", sign[i]);
		check(draw(buf_span(&text)) == OK && pages() == 2);
		text.n = 0;
		buf_printf(&text, "paper 1 vi\nspace\t190\n%s", sign[i]);
		check(draw(buf_span(&text)) == OK && pages() == 1);
		buf_done(&text);
	}
}

static void
texts_that_no_page_holds_end(void)
{
	struct buf text = { 0 };

	buf_str(&text, "paper 1 vi\ntable\t1 l\nrow\t");
	for (int i = 0; i < 15000; i++)
		buf_str(&text, "ạ ");
	buf_str(&text, "\ntext\t");
	for (int i = 0; i < 15000; i++)
		buf_str(&text, "x ");
	buf_str(&text, "\nspace\t250\nspace\t250\nspace\t250\nsign\ta\tb\n");
	check(draw(buf_span(&text)) == OK && pages() > 3);
	buf_done(&text);
}

static void
more_pages_than_anybody_prints_are_refused(void)
{
	struct buf text = { 0 };

	buf_str(&text, "paper 1 vi\n");
	for (int i = 0; i <= DRAW_PAGES_MAX; i++)
		buf_str(&text, "page\n");
	check(draw(buf_span(&text)) == ERR_LIMIT);
	buf_done(&text);
}

static void
a_full_disk_is_said(void)
{
	room = 100;
	check(draw(SPAN("paper 1 vi\ntext\tx\n")) == ERR_IO);
	room = SIZE_MAX;
}

int
main(void)
{
	g_log_set_default_handler(on_complaint, NULL);
	arena = arena_new((size_t)1 << 28);
	run(a_document_is_a_pdf_of_so_many_pages);
	run(the_same_document_gives_the_same_octets);
	run(a_foot_is_on_every_page);
	run(what_a_hand_writes_upon_takes_its_room);
	run(a_signature_stays_on_one_page);
	run(texts_that_no_page_holds_end);
	run(more_pages_than_anybody_prints_are_refused);
	run(a_full_disk_is_said);
	buf_done(&pdf);
	arena_free(&arena);
	return check_done();
}
