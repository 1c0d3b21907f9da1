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
#include "role/almanac.h"
#include "role/preset.h"
#include "role/role.h"
#include "role/telling.h"

enum {
	CONF_NAME = 64, CONF_PATH = 256, CONF_FILES = 64, CONF_ANCHORS = 8,
	CONF_NAMES = 8, CONF_DAYS = 16, CONF_SAMPLES = 16, CONF_RATES = 16,
	CONF_BYTES_MAX = 1 << 20	/* a configuration file; larger is a wrong file */
};

/* Longest rule that joins lines: "start:" and a mask. */
enum { CONF_JOIN = 80 };

enum conf_kind { CONF_UDP, CONF_TCP, CONF_RELP, CONF_HTTP, CONF_KIND_END };
enum conf_clients { CONF_CLIENTS_NONE, CONF_CLIENTS_OPTIONAL, CONF_CLIENTS_REQUIRED };
enum conf_login { CONF_LOGIN_REQUIRED, CONF_LOGIN_OFF };
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
	char cert[CONF_PATH];		/* PEM files; set = TLS; "own": the desk's authority's */
	char key[CONF_PATH];
	char ca[CONF_PATH];		/* who may sign clients' certificates; "own" */
	int64_t clients;		/* enum conf_clients */
	char token_file[CONF_PATH];	/* http: NAME TOKEN per line; "" = anybody */
	char join[CONF_JOIN];		/* tcp: which lines are one record (model/join.h) */
};

struct conf_collect {
	int64_t line;
	char path[CONF_PATH];		/* shell pattern */
	char join[CONF_JOIN];
};

struct conf_class {
	int64_t line;
	char name[CONF_NAME];
	int64_t days;			/* 0: for ever; without it those of the preset */
	bool days_said;
	char preset[CONF_NAME];		/* "" = none; else days are not fewer than it says */
	int64_t full;			/* enum conf_full */
};

/* Records of one source that are not kept, by order: who, why, until when. */
struct conf_sample {
	int64_t line;
	char name[CONF_NAME];
	char listener[CONF_NAME];	/* of kind udp or tcp */
	char peer[CONF_NAME];		/* address */
	int64_t keep;			/* one of so many; 0: none */
	int64_t below;			/* only those less severe; 0: all */
	char who[CONF_NAME];
	char why[CONF_PATH];
	char until[RULEPACK_DATE];	/* the last day, in the office's zone */
	int64_t until_ns;		/* its end */
};

struct conf_anchor {
	int64_t line;
	int64_t kind;			/* enum conf_anchor_kind */
	char target[CONF_PATH];		/* path, host:port, smtp://host:port/rcpt, https://... */
	char from[CONF_PATH];		/* mail: sender */
	int64_t every_s;		/* at most so often; 0: 5 minutes, mail once a day */
	char vkey[CONF_PATH];		/* witness: its verifier key */
};

/* How much of the line a relay may take, at which hours. */
struct conf_rate {
	int64_t line;
	int64_t from_min, to_min;	/* of the day, in the office's zone; over midnight too */
	int64_t bytes_s;
};

struct conf {
	char state[CONF_PATH];
	char user[CONF_NAME];
	char register_path[CONF_PATH];	/* "": sources.csv beside this file */
	int64_t zone_minutes;		/* the office's zone, east positive */
	bool encrypt;
	int64_t checkpoint_s;
	int64_t segment_age_s;
	int64_t segment_bytes;
	int64_t reserve_bytes;
	int64_t lead_s;			/* how far an event time may lie ahead */
	char front_address[CONF_PATH];	/* HTTP; "" = none */
	char front_url[CONF_PATH];	/* as people's browsers know it, "https://desk.example",
					 * behind what encrypts; "" = by its address */
	int64_t front_login;		/* enum conf_login */
	char front_socket[CONF_PATH];	/* unix socket; "" = STATE/run/front.sock */
	int64_t query_bytes;		/* memory of all queries together */
	bool collect_journal;
	char collect_unit[CONF_NAME];
	struct conf_collect collect[CONF_FILES];
	unsigned ncollect;
	char cold[CONF_PATH];		/* second folder for closed days; "" = none */
	int64_t cold_days;		/* they go there when they are so old */
	char agent_address[CONF_PATH];	/* HOST:PORT that invitations name; "" = found out */
	char agent_name[CONF_NAMES][CONF_PATH];	/* more names of the desk, for its certificate */
	unsigned nagent_name;
	int64_t agent_days;		/* a client's certificate is good for so long */
	struct conf_listener listener[ROLE_LISTENERS];
	unsigned nlistener;
	struct conf_class class[LIMIT_CLASSES];
	unsigned nclass;
	struct preset preset[PRESETS_MAX];	/* the office's own */
	unsigned npreset;
	struct almanac_day day[CONF_DAYS];	/* the office's own */
	unsigned nday;
	char incident_pack[CONF_PATH];	/* a file; "" = the one inside of the program */
	char register_pack[CONF_PATH];	/* the same */
	char directive_pack[CONF_PATH];	/* one more template; "" = none */
	struct conf_sample sample[CONF_SAMPLES];
	unsigned nsample;
	struct conf_anchor anchor[CONF_ANCHORS];
	unsigned nanchor;
	struct telling telling;		/* who is told outside, and the sign of life */
	char forward_to[CONF_PATH];	/* the desk, https://HOST:PORT; "" = this is a desk */
	char forward_cert[CONF_PATH];	/* PEM files: this relay's own, who signs the desk's */
	char forward_key[CONF_PATH];
	char forward_ca[CONF_PATH];
	char forward_proxy[CONF_PATH];	/* http://HOST:PORT; "" = none */
	int64_t forward_spool_bytes;
	struct conf_rate rate[CONF_RATES];	/* the first that fits */
	unsigned nrate;
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
/* It sends what comes to another desk, and keeps no store. */
static inline bool
conf_forwards(const struct conf *conf)
{
	return conf->forward_to[0] != '\0';
}

/* A listener's cert or ca: not a file, but what the desk's own authority makes. */
bool		conf_is_own(const char *path);
/* Some listener has its certificate from the desk's own authority: there is a registrar. */
bool		conf_own(const struct conf *conf);
/* Index of a class by name ("" = 0), or -1. */
int		conf_class_index(const struct conf *conf, const char *name);

#endif
