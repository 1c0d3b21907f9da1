/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Of the configuration: by which channels people outside are told (`notify:`), and the sign of
 * life that goes out (`heartbeat:`). Every key is a row in telling.c.
 */
#ifndef ROLE_TELLING_H
#define ROLE_TELLING_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"

enum { TELLING_CHANNELS = 8, TELLING_NAME = 57, TELLING_TEXT = 256, TELLING_ARGS = 8,
	TELLING_ARG = 128 };

enum telling_kind { TELLING_SMTP, TELLING_WEBHOOK, TELLING_SMS, TELLING_COMMAND };
enum telling_tls { TELLING_STARTTLS, TELLING_TLS_NONE };
enum telling_rings { TELLING_RINGS_CRITICAL, TELLING_RINGS_NONE };
enum telling_uses { TELLING_USES_PHONE, TELLING_USES_MAIL };

struct telling_channel {
	int64_t line;			/* of the file, for messages */
	int64_t kind;			/* enum telling_kind */
	int64_t tls;			/* smtp: enum telling_tls; smtps:// is TLS from the start */
	int64_t rings;			/* sms: enum telling_rings */
	int64_t ring_s;			/* sms: for so long; 0: TELLING_RING_S */
	int64_t uses;			/* command: enum telling_uses */
	char name[TELLING_NAME + 7];	/* as the ledger has it */
	char target[TELLING_TEXT];	/* smtp://HOST:PORT, https://..., /dev/ttyUSB0, a program */
	char from[TELLING_TEXT];	/* smtp: sender */
	char user[TELLING_TEXT];	/* smtp: whose password is in secret_file */
	char secret_file[TELLING_TEXT];	/* smtp: password; webhook: key of the signature */
	char arg[TELLING_ARGS][TELLING_ARG];	/* command */
	unsigned narg, none;		/* none: no room between fields */
};

enum { TELLING_RING_S = 25, TELLING_BEAT_S = 300, TELLING_BEAT_MAIL_S = 86400 };

struct telling {
	struct telling_channel channel[TELLING_CHANNELS];
	unsigned nchannel;
	char beat_url[TELLING_TEXT];	/* asked as long as the desk works; "" = none */
	int64_t beat_s;
	char beat_mail[TELLING_TEXT];	/* to whom, by the first smtp channel; "" = nobody */
	int64_t beat_mail_s;
};

/* Behind a channel's name: the one that rings. */
#define TELLING_RING	"-ring"

enum err	telling_check(const struct telling *telling, struct why *why);
/* Lines of the file are no difference. */
bool		telling_differs(const struct telling *a, const struct telling *b);
/* Something goes out. */
bool		telling_any(const struct telling *telling);
/* The channels as the desk takes them: desk_load "notify". */
void		telling_json(struct buf *out, const struct telling *telling);

#endif
