/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `trucban paper`: the papers of the duty desk, from forms of content/papers (doc/formats/form.md)
 * as DOCX to be edited and signed, as PDF or text. Values are those of the running desk when the
 * command line says what the paper is about, and those of a file; signing off is an act in the
 * ledger.
 */
#include "cmd/paper.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/file.h"
#include "cmd/api.h"
#include "cmd/cmd.h"
#include "cmd/options.h"
#include "cmd/print.h"
#include "cmd/reason.h"

static const char usage_vi[] =
    "Cách dùng: trucban paper [--form TỆP]\n"
    "           trucban paper TÊN --ask > GIÁ_TRỊ\n"
    "           trucban paper TÊN [VỀ] [--values GIÁ_TRỊ] --output TỆP.docx|.pdf|.txt\n"
    "                         [--final [--person AI]]\n"
    "           trucban paper sign TỆP --of TÊN --person AI [VỀ] [--number SỐ]\n"
    "           trucban paper attach VB TỆP --kind signed|receipt|other --mark none\n"
    "                         [--number SỐ] [--at LÚC]\n"
    "           trucban paper list [--incident SC] | show VB | check TỆP\n"
    "           trucban paper withdraw VB \"LÝ DO\"\n\n"
    "Giấy tờ của bàn trực theo thể thức Nghị định 30/2020/NĐ-CP. Không có TÊN: liệt kê các mẫu,\n"
    "căn cứ, nguồn, đã chính thức hay chưa. VỀ: bàn trực điền giá trị theo --incident SC,\n"
    "--evidence SỐ, --handover SỐ, --directive CD, --checklist KT, --office (sổ đăng ký), hoặc\n"
    "thời gian: --day, --week NGÀY, --month THÁNG, --from LÚC --to LÚC; không có VỀ thì không\n"
    "hỏi bàn trực. Giá trị nào thiếu thì in dòng chấm để điền tay. Giấy tờ là dự thảo cho tới\n"
    "khi một người ký duyệt: sổ của bàn trực niêm phong SHA-256 của tệp (mã VB-2026-0001), bản\n"
    "đã ký và phiếu tiếp nhận thì đính kèm sau. Không nhận giấy tờ có dấu độ mật.\n\n"
    "  --ask              in các giá trị mà mẫu cần, mỗi dòng TÊN, dấu tab, GIÁ TRỊ\n"
    "  --values TỆP       tệp giá trị ấy, đã điền; thay cho giá trị của bàn trực\n"
    "  --output TỆP       ghi ra tệp mới: .docx để sửa và ký, .pdf để lưu, .txt để xem\n"
    "  --final            không còn chữ DỰ THẢO: người có thẩm quyền đã duyệt; với VỀ thì ký\n"
    "                     duyệt luôn tệp này\n"
    "  --person AI        người ký duyệt, theo danh bạ trực\n"
    "  --form TỆP         mẫu riêng của cơ quan, thay cho TÊN\n"
    "  --state THƯ_MỤC    bàn trực có kho ở thư mục này (mặc định $TRUCBAN_STATE)\n";
static const char usage_en[] =
    "Usage: trucban paper [--form FILE]\n"
    "       trucban paper NAME --ask > VALUES\n"
    "       trucban paper NAME [ABOUT] [--values VALUES] --output FILE.docx|.pdf|.txt\n"
    "                     [--final [--person WHO]]\n"
    "       trucban paper sign FILE --of NAME --person WHO [ABOUT] [--number NUMBER]\n"
    "       trucban paper attach VB FILE --kind signed|receipt|other --mark none\n"
    "                     [--number NUMBER] [--at TIME]\n"
    "       trucban paper list [--incident SC] | show VB | check FILE\n"
    "       trucban paper withdraw VB \"WHY\"\n\n"
    "Papers of the duty desk in the layout of Decree 30/2020/NĐ-CP. Without NAME: lists the\n"
    "forms, what asks for them, where they come from, whether they are official. ABOUT: the\n"
    "desk fills in what it knows of --incident SC, --evidence NUMBER, --handover NUMBER,\n"
    "--directive CD, --checklist KT, --office (the registers), or a time: --day, --week DAY,\n"
    "--month MONTH, --from TIME --to TIME; without it no desk is asked.\n"
    "What has no value is printed as dots for the hand. A paper is a draft until a person signs\n"
    "it off: the ledger seals the file's SHA-256 (VB-2026-0001), and the signed copy and the\n"
    "receipt are attached later. Nothing that is marked as a state secret is taken.\n\n"
    "  --ask              print the values that the form takes, one a line: NAME, tab, VALUE\n"
    "  --values FILE      that file, filled in; stands in the place of what the desk knows\n"
    "  --output FILE      write a new file: .docx to edit and sign, .pdf to keep, .txt to read\n"
    "  --final            without the mark of a draft: a person has signed it off; with ABOUT\n"
    "                     it is signed off by this\n"
    "  --person WHO       who signs it off, one of the contacts\n"
    "  --form FILE        the office's own form in the place of NAME\n"
    "  --state DIR        the desk whose store is there (default $TRUCBAN_STATE)\n";

static int
failed(const struct paper_asked *asked, enum err rc, struct why *why)
{
	struct buf text = { 0 };

	if (asked->desk_failed)
		return api_failed(rc, asked->state, why);
	reason_cite(&text, rc, why->text);
	(void)fprintf(stderr, "trucban paper: %.*s\n", (int)text.n, (const char *)text.p);
	buf_done(&text);
	return rc == ERR_FORMAT || rc == ERR_LIMIT ? EXIT_USAGE : EXIT_COULD_NOT;
}

/* The form that was asked for: its own room when it is a file's. */
static enum err
form_get(const struct paper_asked *asked, struct buf *room, struct span *ret, struct why *why)
{
	enum err rc;

	if (asked->form == NULL)
		return paperbook_get(asked->name, ret, why);
	rc = file_read_named(asked->form, PAPERFORM_BYTES_MAX, room, why);
	*ret = buf_span(room);
	return rc;
}

static void
values_ask(const struct paperform *form)
{
	struct buf out = { 0 };

	paperform_ask(&out, form);
	(void)fwrite(out.p, 1, out.n, stdout);
	buf_done(&out);
}

static bool
ends_with(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n > m && strcmp(text + n - m, end) == 0;
}

static enum err
kind_of(const char *path, enum print_kind *ret_kind, struct why *why)
{
	static const char *const end[] = { [PRINT_DOCX] = ".docx", [PRINT_PDF] = ".pdf",
	    [PRINT_TEXT] = ".txt" };

	for (size_t i = 0; i < sizeof end / sizeof end[0]; i++)
		if (ends_with(path, end[i])) {
			*ret_kind = (enum print_kind)i;
			return OK;
		}
	return why_set(why, ERR_FORMAT, "the name of a paper's file ends with .docx, .pdf or "
	    ".txt");
}

/* Of the file, and of the desk where the command line says what it is about. */
static enum err
values_get(struct buf *ret, struct paper_asked *asked, const struct paperform *form,
    struct why *why)
{
	struct buf own = { 0 };
	enum err rc = OK;

	if (asked->values != NULL)
		rc = file_read_named(asked->values, PAPERFORM_VALUES_MAX, &own, why);
	if (rc == OK && paperfill_wanted(asked))
		rc = paperfill_values(ret, asked, form, buf_span(&own), why);
	else if (rc == OK)
		buf_span_put(ret, buf_span(&own));
	buf_done(&own);
	return rc;
}

static enum err
paper_write(struct paper_asked *asked, struct span text, const struct paperform *form,
    struct why *why)
{
	struct print_want want = { .final = asked->final };
	struct buf values = { 0 }, out = { 0 };
	enum err rc = kind_of(asked->output, &want.kind, why);

	if (rc == OK)
		rc = values_get(&values, asked, form, why);
	if (rc == OK)
		rc = print_form(&out, text, buf_span(&values), &want, why);
	if (rc == OK)
		rc = print_save(asked->output, buf_span(&out), why);
	/* Behind the file: what is signed but not there would be lost. */
	if (rc == OK && asked->final && paperfill_wanted(asked)) {
		rc = papersign_bytes(asked, asked->name != NULL ? asked->name : "own",
		    form->title, asked->output, buf_span(&out), why);
		if (rc != OK)
			(void)unlink(asked->output);
	}
	if (rc == OK && !asked->json)
		(void)printf(say("Đã ghi %s.\n", "Written: %s.\n"), asked->output);
	buf_done(&values);
	buf_done(&out);
	return rc;
}

static enum err
paper_run(struct paper_asked *asked, struct why *why)
{
	struct arena *arena;
	struct paperform form;
	struct buf room = { 0 };
	struct span text = { NULL, 0 };
	enum err rc;

	if (asked->name == NULL && asked->form == NULL)
		return paperbook_tell(why);
	arena = arena_new((size_t)1 << 24);
	rc = form_get(asked, &room, &text, why);
	if (rc == OK)
		rc = paperform_read(text, arena, &form, why);
	if (rc == OK && asked->ask)
		values_ask(&form);
	else if (rc == OK && asked->output != NULL)
		rc = paper_write(asked, text, &form, why);
	else if (rc == OK)
		rc = paperbook_tell_one(asked->form != NULL ? asked->form : asked->name, text,
		    why);
	buf_done(&room);
	arena_free(&arena);
	return rc;
}

static int
usage(int rc)
{
	(void)fputs(say(usage_vi, usage_en), rc == EXIT_DONE ? stdout : stderr);
	return rc;
}

/* Options that do not go together. */
static bool
is_wrong(const struct paper_asked *a, int nword)
{
	return nword > 0 || (a->name != NULL && a->form != NULL) ||
	    (a->name == NULL && a->form == NULL && (a->ask || a->output != NULL)) ||
	    (a->output == NULL && (a->values != NULL || a->final || paperfill_wanted(a))) ||
	    (a->ask && a->output != NULL);
}

enum { OPT_ASK = 256, OPT_FINAL, OPT_JSON, OPT_OFFICE, OPT_HELP, OPT_TEXTS };

/* Options with a value, and where it goes. */
#define TEXT(NAME)	{ #NAME, offsetof(struct paper_asked, NAME) }
static const struct {
	const char *name;
	size_t at;
} texts[] = { TEXT(form), TEXT(values), TEXT(output), TEXT(incident), TEXT(evidence),
	TEXT(handover), TEXT(from), TEXT(to), TEXT(day), TEXT(week), TEXT(month),
	TEXT(directive), TEXT(checklist), TEXT(of), TEXT(person), TEXT(about), TEXT(number),
	TEXT(kind), TEXT(mark), TEXT(at), TEXT(what), TEXT(state) };
#undef TEXT
enum { TEXTS = sizeof texts / sizeof texts[0] };

static bool
options_take(struct paper_asked *a, int argc, char **argv)
{
	struct option option[TEXTS + 6] = { { "ask", no_argument, NULL, OPT_ASK },
	    { "final", no_argument, NULL, OPT_FINAL }, { "json", no_argument, NULL, OPT_JSON },
	    { "office", no_argument, NULL, OPT_OFFICE }, { "help", no_argument, NULL, OPT_HELP } };
	int o;

	for (int i = 0; i < TEXTS; i++)
		option[5 + i] = (struct option){ texts[i].name, required_argument, NULL,
		    OPT_TEXTS + i };
	while ((o = options_next(argc, argv, "o:", option)) != -1) {
		if (o == OPT_HELP)
			a->help = true;
		else if (o == OPT_ASK)
			a->ask = true;
		else if (o == OPT_FINAL)
			a->final = true;
		else if (o == OPT_JSON)
			a->json = true;
		else if (o == OPT_OFFICE)
			a->office = true;
		else if (o == 'o')
			a->output = optarg;
		else if (o >= OPT_TEXTS && o < OPT_TEXTS + TEXTS)
			*(const char **)((char *)a + texts[o - OPT_TEXTS].at) = optarg;
		else
			return false;
	}
	return true;
}

int
cmd_paper(int argc, char **argv)
{
	struct paper_asked asked = { .state = state_default() };
	struct why why = { "" };
	int rc;

	if (!options_take(&asked, argc, argv))
		return EXIT_USAGE;
	if (asked.help)
		return usage(EXIT_DONE);
	if (optind < argc)
		asked.name = argv[optind++];
	rc = asked.name == NULL ? -1 : papersign_run(&asked, argv + optind, argc - optind, &why);
	if (rc < 0 && is_wrong(&asked, argc - optind))
		return usage(EXIT_USAGE);
	if (rc < 0)
		rc = (int)paper_run(&asked, &why);
	return rc == OK ? EXIT_DONE : failed(&asked, (enum err)rc, &why);
}
