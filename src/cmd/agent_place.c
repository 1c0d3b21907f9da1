/* SPDX-License-Identifier: Apache-2.0 */
/* Where `trucban agent` finds the desk or the host's papers: see agent.h. */
#include "cmd/agent.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "sys/file.h"
#include "cmd/cmd.h"
#include "cmd/desk.h"

/* state: as it was named, and may be another's than the file says; NULL: as the file says. */
static enum err
conf_read(struct agent_place *place, const char *path, const char *state, struct why *why)
{
	struct buf text = { 0 };
	enum err rc;

	rc = file_read_named(path, CONF_BYTES_MAX, &text, why);
	if (rc == OK && state != NULL)
		conf_override(&text, state);
	if (rc == OK)
		rc = why_prefix(why, conf_parse(place->conf, buf_span(&text), why), "%s", path);
	place->configured = rc == OK;
	buf_done(&text);
	return rc;
}

enum err
agent_place_find(struct agent_place *ret, const struct agent_args *args, struct why *why)
{
	bool said = args->state != NULL || getenv("TRUCBAN_STATE") != NULL;
	const char *state = args->state;
	enum desk_conf from;
	char found[4096];
	enum err rc = OK;

	*ret = (struct agent_place){ .conf = xcalloc(1, sizeof *ret->conf) };
	conf_default(ret->conf);
	if (args->config != NULL) {
		rc = conf_read(ret, args->config, state, why);
	} else {
		from = desk_conf_find(found, sizeof found, state);
		if (from == DESK_CONF_TOLD && state == NULL)
			state = state_default();
		/* Who names a directory needs no configuration; the usual one may be another's. */
		if (!said || from != DESK_CONF_USUAL)
			rc = conf_read(ret, found, state, why);
		if (rc == ERR_ABSENT || rc == ERR_DENIED)
			rc = OK;
	}
	ret->known = said || ret->configured;
	(void)snprintf(ret->state, sizeof ret->state, "%s", state != NULL ? state :
	    ret->configured && ret->conf->state[0] != '\0' ? ret->conf->state :
	    state_default());
	return rc;
}

void
agent_place_done(struct agent_place *place)
{
	free(place->conf);
	place->conf = NULL;
}

const char *
agent_time(char text[CIVIL_TEXT_BYTES + 1], int64_t s, const struct agent_place *place)
{
	int32_t zone_s = (int32_t)place->conf->zone_minutes * 60;
	size_t n = s > 0 ? civil_put((uint8_t *)text, s * CIVIL_SECOND_NS, 0, zone_s) : 0;

	text[n] = '\0';
	return text;
}
