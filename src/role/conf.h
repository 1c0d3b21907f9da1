/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The configuration: one YAML file, read and checked by the parent (and by every role again from
 * the same text). Every key is one row of the tables in conf.c (role/keys.h).
 */
#ifndef ROLE_CONF_H
#define ROLE_CONF_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"
#include "role/role.h"

enum {
	CONF_NAME = 64, CONF_PATH = 256, CONF_FILES = 64, CONF_ANCHORS = 8,
	CONF_BYTES_MAX = 1 << 20	/* a configuration file; larger is a wrong file */
};

enum conf_kind { CONF_UDP, CONF_TCP, CONF_RELP, CONF_HTTP, CONF_KIND_END };
enum conf_clients { CONF_CLIENTS_NONE, CONF_CLIENTS_OPTIONAL, CONF_CLIENTS_REQUIRED };
enum conf_full { CONF_FULL_REFUSE, CONF_FULL_HOLD, CONF_FULL_SHORTEN };
enum conf_anchor_kind { CONF_ANCHOR_FILE, CONF_ANCHOR_SYSLOG, CONF_ANCHOR_MAIL,
	CONF_ANCHOR_WITNESS };

struct conf_listener {
	int64_t line;			/* of the file, for messages */
	char name[CONF_NAME];
	char address[CONF_PATH];
	int64_t kind;			/* enum conf_kind */
	char class[CONF_NAME];		/* name of a class; "" is the first one */
	int64_t unit;
	char cert[CONF_PATH];		/* PEM files; set = TLS */
	char key[CONF_PATH];
	char ca[CONF_PATH];		/* who may sign clients' certificates */
	int64_t clients;		/* enum conf_clients */
	char token_file[CONF_PATH];	/* http: NAME TOKEN per line; "" = anybody */
};

struct conf_class {
	int64_t line;
	char name[CONF_NAME];
	int64_t days;			/* 0: for ever */
	int64_t full;			/* enum conf_full */
};

struct conf_anchor {
	int64_t line;
	int64_t kind;			/* enum conf_anchor_kind */
	char target[CONF_PATH];		/* path, host:port, smtp://host:port/rcpt, https://... */
	char from[CONF_PATH];		/* mail: sender */
	int64_t every_s;		/* at most so often; 0: 5 minutes, mail once a day */
	char vkey[CONF_PATH];		/* witness: its verifier key */
};

struct conf {
	char state[CONF_PATH];
	char user[CONF_NAME];
	int64_t zone_minutes;		/* the office's zone, east positive */
	bool encrypt;
	int64_t checkpoint_s;
	int64_t segment_age_s;
	int64_t segment_bytes;
	int64_t reserve_bytes;
	int64_t lead_s;			/* how far an event time may lie ahead */
	char front_address[CONF_PATH];	/* HTTP; "" = none */
	char front_socket[CONF_PATH];	/* unix socket; "" = STATE/run/front.sock */
	int64_t query_bytes;		/* memory of all queries together */
	bool collect_journal;
	char collect_unit[CONF_NAME];
	char collect[CONF_FILES][CONF_PATH];
	unsigned ncollect;
	char cold[CONF_PATH];		/* second folder for closed days; "" = none */
	int64_t cold_days;		/* they go there when they are so old */
	struct conf_listener listener[ROLE_LISTENERS];
	unsigned nlistener;
	struct conf_class class[LIMIT_CLASSES];
	unsigned nclass;
	struct conf_anchor anchor[CONF_ANCHORS];
	unsigned nanchor;
};

/* What holds when nothing is said: one class "standard" of 365 days, no listener. */
void		conf_default(struct conf *ret_conf);
/*
 * Reads text over the defaults. ERR_FORMAT: "line 7: kind: 'tpc' is not one of udp,tcp,relp,http".
 * The result is checked as a whole too (names unique, classes known); ret_conf is set only by OK.
 */
enum err	conf_parse(struct conf *ret_conf, struct span text, struct why *why);
/* Appends what says that the store is in `state`, whatever the text says before. */
void		conf_override(struct buf *text, const char *state);
/* Index of a class by name ("" = 0), or -1. */
int		conf_class_index(const struct conf *conf, const char *name);

#endif
