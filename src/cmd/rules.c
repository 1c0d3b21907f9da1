/* SPDX-License-Identifier: Apache-2.0 */
/* See rules.h. */
#include "cmd/rules.h"

#include <stdio.h>

#include "sys/file.h"
#include "cmd/cmd.h"
#include "cmd/doctor.h"
#include "cmd/jsonline.h"

static enum err
file_take(void *ret_pack, const struct rulepack_kind *kind, const char *path, struct why *why)
{
	struct buf text = { 0 };
	enum err rc = file_read_named(path, CONF_BYTES_MAX, &text, why);

	if (rc == OK)
		rc = rulepack_parse(ret_pack, kind, buf_span(&text), why);
	buf_done(&text);
	return rc == OK ? OK : why_prefix(why, rc, "%s", path);
}

int
rules_open(void *ret_pack, const struct rulepack_kind *kind, const char *path, struct doctor *d,
    const struct conf **ret_own)
{
	static const struct conf none;
	struct why why = { "" };
	enum err rc = path != NULL ? file_take(ret_pack, kind, path, &why) :
	    rulepack_own(ret_pack, kind, &why);

	if (rc != OK) {
		(void)fprintf(stderr, "trucban: %s\n", why.text);
		return path != NULL ? EXIT_FOUND : EXIT_COULD_NOT;
	}
	doctor_open(d);
	if (path == NULL && d->conf_rc != OK && d->conf_rc != ERR_ABSENT)
		(void)fprintf(stderr, "trucban: %s\n", d->conf_why.text);
	*ret_own = path == NULL && d->conf_rc == OK ? d->conf : &none;
	return EXIT_DONE;
}

void
rules_json(struct buf *line, const struct rulepack_words *w)
{
	jsonline_text(line, "law", w->law);
	jsonline_text(line, "article", w->article);
	jsonline_text(line, "effective", w->effective);
	jsonline_text(line, "source", w->source);
	jsonline_text(line, "status", rulepack_status(w));
	if (w->checked[0] != '\0')
		jsonline_text(line, "checked", w->checked);
	jsonline_text(line, "note", w->note);
}
