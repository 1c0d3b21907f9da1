/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Papers that are signed off: see paper.h. The file stays with the office; the desk seals its
 * SHA-256, and here it is looked up again.
 */
#include "cmd/paper.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "sys/file.h"
#include "web/client.h"
#include "cmd/api.h"
#include "cmd/cmd.h"
#include "cmd/filesum.h"

enum { FILE_BYTES = 256 << 20, PATH_BYTES = 128 };

static void
text_add(struct buf *form, const char *name, const char *value)
{
	if (value != NULL)
		form_add(form, name, span_str(value));
}

/* ---- showing ---- */

struct showing {
	bool quiet;
	unsigned count;
};

static bool
on_paper(void *ctx, const char *const *cell, int n)
{
	struct showing *showing = ctx;

	must(n == 8);
	showing->count++;
	if (showing->quiet)
		return true;
	(void)printf(say("%s  %s%s\n    ký duyệt: %s, %s%s%s\n    %s  %s\n",
	    "%s  %s%s\n    signed off: %s, %s%s%s\n    %s  %s\n"), cell[0], cell[1],
	    strcmp(cell[2], "withdrawn") == 0 ? say("  (ĐÃ THU HỒI)", "  (WITHDRAWN)") : "",
	    cell[3], api_time(cell[4]), cell[5][0] != '\0' ? ", " : "", cell[5], cell[6], cell[7]);
	return true;
}

static bool
on_copy(void *ctx, const char *const *cell, int n)
{
	(void)ctx;
	must(n == 5);
	(void)printf("    + %s: %s%s%s, %s\n      %s\n", strcmp(cell[0], "signed") == 0 ?
	    say("bản đã ký", "signed copy") : strcmp(cell[0], "receipt") == 0 ?
	    say("phiếu tiếp nhận", "receipt") : say("tệp khác", "other"), cell[1],
	    cell[2][0] != '\0' ? ", " : "", cell[2], api_time(cell[3]), cell[4]);
	return true;
}

#define PAPER_CELLS \
    "value ->> 'id', value ->> 'title', value ->> 'state', coalesce(value ->> 'signer_name'," \
    " value ->> 'signer'), value ->> 'signed', coalesce(value ->> 'incident', value ->> 'about'," \
    " ''), value ->> 'sha256', value ->> 'name'"

/* One paper, or a list of them with {"papers": [...]}. */
static unsigned
papers_print(const struct paper_asked *a, struct span json)
{
	struct showing showing = { .quiet = a->json };

	if (a->json)
		(void)fwrite(json.p, 1, json.n, stdout);
	api_rows(json, "SELECT " PAPER_CELLS " FROM json_each(coalesce(:json -> 'papers',"
	    " json_array(json(:json))))", on_paper, &showing);
	if (!a->json)
		api_rows(json, "SELECT value ->> 'kind', value ->> 'name', value ->> 'number',"
		    " value ->> 'at', value ->> 'sha256' FROM json_each(:json, '$.copies')",
		    on_copy, NULL);
	return showing.count;
}

/* ---- verbs ---- */

static enum err
act(struct paper_asked *a, const char *path, const struct buf *form, struct why *why)
{
	struct buf json = { 0 };
	enum err rc = api_ask(a->state, true, path, buf_span(form), &json, why);

	a->desk_failed = rc != OK;
	if (rc == OK)
		(void)papers_print(a, buf_span(&json));
	buf_done(&json);
	return rc;
}

enum err
papersign_bytes(struct paper_asked *a, const char *form_name, struct span title, const char *path,
    struct span bytes, struct why *why)
{
	const char *const about[] = { a->about, a->handover, a->evidence, a->directive,
	    a->checklist, a->day, a->week, a->month, a->from };
	const char *said = NULL;
	struct buf form = { 0 };
	enum err rc;

	form_add(&form, "form", span_str(form_name));
	form_add(&form, "title", title);
	form_add(&form, "mark", span_str(a->mark != NULL ? a->mark : "none"));
	text_add(&form, "incident", a->incident);
	for (size_t i = 0; i < sizeof about / sizeof about[0] && said == NULL; i++)
		said = about[i];
	text_add(&form, "about", said);
	text_add(&form, "person", a->person);
	text_add(&form, "number", a->number);
	text_add(&form, "what", a->what);
	filesum_add(&form, path, bytes);
	rc = act(a, "/api/papers", &form, why);
	buf_done(&form);
	return rc;
}

/* word: FILE. */
static enum err
sign(struct paper_asked *a, char **word, struct why *why)
{
	struct arena *arena = arena_new((size_t)1 << 24);
	struct buf bytes = { 0 };
	struct paperform form;
	struct span text;
	enum err rc = a->of == NULL ? why_set(why, ERR_FORMAT, "which form is it of? --of FORM") :
	    paperbook_get(a->of, &text, why);

	if (rc == OK)
		rc = paperform_read(text, arena, &form, why);
	if (rc == OK)
		rc = file_read_named(word[0], FILE_BYTES, &bytes, why);
	if (rc == OK)
		rc = papersign_bytes(a, a->of, form.title, word[0], buf_span(&bytes), why);
	buf_done(&bytes);
	arena_free(&arena);
	return rc;
}

static enum err
id_check(const char *id, struct why *why)
{
	if (strlen(id) <= 16 && id[strspn(id, "VB-0123456789")] == '\0')
		return OK;
	return why_set(why, ERR_FORMAT, "'%s' is no id of a paper, as VB-2026-0001", id);
}

/* word: VB FILE. */
static enum err
attach(struct paper_asked *a, char **word, struct why *why)
{
	struct buf bytes = { 0 }, form = { 0 };
	char path[PATH_BYTES];
	enum err rc = id_check(word[0], why);

	if (rc == OK && (a->kind == NULL || a->mark == NULL))
		rc = why_set(why, ERR_FORMAT, "say what the file is, --kind signed|receipt|other, "
		    "and how it is marked, --mark none when it is no state secret");
	if (rc == OK)
		rc = file_read_named(word[1], FILE_BYTES, &bytes, why);
	if (rc == OK) {
		(void)snprintf(path, sizeof path, "/api/papers/%s/attach", word[0]);
		text_add(&form, "kind", a->kind);
		text_add(&form, "mark", a->mark);
		text_add(&form, "number", a->number);
		text_add(&form, "at", a->at);
		text_add(&form, "what", a->what);
		filesum_add(&form, word[1], buf_span(&bytes));
		rc = act(a, path, &form, why);
	}
	buf_done(&bytes);
	buf_done(&form);
	return rc;
}

static enum err
question(struct paper_asked *a, const char *path, const struct buf *form, unsigned *ret_count,
    struct why *why)
{
	struct buf json = { 0 };
	enum err rc = api_ask(a->state, false, path, buf_span(form), &json, why);

	a->desk_failed = rc != OK;
	if (rc == OK)
		*ret_count = papers_print(a, buf_span(&json));
	buf_done(&json);
	return rc;
}

static enum err
list(struct paper_asked *a, char **word, struct why *why)
{
	struct buf form = { 0 };
	unsigned count = 0;
	enum err rc;

	(void)word;
	text_add(&form, "incident", a->incident);
	rc = question(a, "/api/papers", &form, &count, why);
	if (rc == OK && count == 0 && !a->json)
		(void)puts(say("chưa có giấy tờ nào được ký duyệt", "no paper was signed off yet"));
	buf_done(&form);
	return rc;
}

static enum err
show(struct paper_asked *a, char **word, struct why *why)
{
	struct buf form = { 0 };
	char path[PATH_BYTES];
	unsigned count;
	enum err rc = id_check(word[0], why);

	(void)snprintf(path, sizeof path, "/api/papers/%s", word[0]);
	return rc == OK ? question(a, path, &form, &count, why) : rc;
}

/* Whether this very file was signed off, or came back. */
static enum err
check(struct paper_asked *a, char **word, struct why *why)
{
	struct buf bytes = { 0 }, form = { 0 };
	unsigned count = 0;
	enum err rc = file_read_named(word[0], FILE_BYTES, &bytes, why);

	if (rc == OK) {
		filesum_only(&form, buf_span(&bytes));
		rc = question(a, "/api/papers", &form, &count, why);
	}
	if (rc == OK && count == 0)
		rc = why_set(why, ERR_FORMAT, "nobody signed this very file off: it is a draft, or "
		    "was changed since");
	buf_done(&bytes);
	buf_done(&form);
	return rc;
}

static enum err
withdraw(struct paper_asked *a, char **word, struct why *why)
{
	struct buf form = { 0 };
	char path[PATH_BYTES];
	enum err rc = id_check(word[0], why);

	(void)snprintf(path, sizeof path, "/api/papers/%s/withdraw", word[0]);
	form_add(&form, "what", span_str(word[1]));
	if (rc == OK)
		rc = act(a, path, &form, why);
	buf_done(&form);
	return rc;
}

int
papersign_run(struct paper_asked *a, char **word, int nword, struct why *why)
{
	static const struct {
		const char *name;
		int nword;
		enum err (*run)(struct paper_asked *asked, char **word, struct why *why);
	} verb[] = { { "sign", 1, sign }, { "attach", 2, attach }, { "list", 0, list },
	    { "show", 1, show }, { "check", 1, check }, { "withdraw", 2, withdraw } };

	for (size_t i = 0; i < sizeof verb / sizeof verb[0]; i++) {
		if (strcmp(a->name, verb[i].name) != 0)
			continue;
		if (nword != verb[i].nword)
			return (int)why_set(why, ERR_FORMAT, "'%s' takes %d words; see: trucban "
			    "paper --help", a->name, verb[i].nword);
		return (int)verb[i].run(a, word, why);
	}
	return -1;
}
