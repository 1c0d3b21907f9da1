/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parent opens modems for the teller, which cannot open devices: those of the configuration,
 * by their places in it, as often as it asks (a modem that was pulled out comes back).
 */
#include "role/parent_int.h"

#include <stdio.h>

#include "sys/file.h"
#include "sys/serial.h"

void
parent_modem(struct parent *p, struct child *c, const struct chan_msg *msg)
{
	const struct telling *t = &p->open.conf->telling;
	struct why why = { "" };
	struct buf body = { 0 };
	unsigned place;
	int fd = -1;
	enum err rc;

	if (wire_check(WIRE_MODEM, msg->body, &why) != OK)
		return;
	place = msg->body.p[0];
	if (place >= t->nchannel || t->channel[place].kind != TELLING_SMS)
		return;
	rc = serial_open(&fd, t->channel[place].target, &why);
	buf_u8(&body, (uint8_t)place);
	if (rc == OK) {
		rc = chan_send_fd(c->chan, &(struct chan_msg){ .type = WIRE_MODEM,
		    .body = buf_span(&body) }, fd, &why);
	} else {
		buf_str(&body, why.text);
		rc = chan_send(c->chan, &(struct chan_msg){ .type = WIRE_MODEM,
		    .body = buf_span(&body) }, &why);
	}
	if (rc != OK)
		(void)fprintf(stderr, "trucban: cannot hand a modem to %s: %s\n",
		    wire_role_name(c->role), why.text);
	file_close(&fd);
	buf_done(&body);
}
