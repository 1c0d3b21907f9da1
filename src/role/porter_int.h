/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the role porter share: see porter.c. */
#ifndef ROLE_PORTER_INT_H
#define ROLE_PORTER_INT_H

#include "sys/chan.h"
#include "ca/admit.h"
#include "ca/session.h"
#include "role/brief.h"
#include "role/ledger.h"
#include "role/role.h"
#include "role/visit.h"

struct porter {
	struct brief brief;
	const struct role_start *start;
	struct ledger *ledger;
	struct chan *keeper, *front;
	struct people people;
	struct sessions sessions;
	struct admit_rules rules;
	uint8_t key[PEOPLE_KEY_BYTES];
	struct why broken;		/* "": accounts can be read and written */
	int64_t minute;			/* of the wrong tries */
	unsigned wrong, wrong_untold;
	bool stopping;
};

/* One question or act under work. */
struct call {
	struct porter *r;
	const struct visit *visit;
	struct visitor who;
	struct session *session;	/* of who, or NULL */
	int64_t now_s;			/* wall clock */
	struct span path;		/* behind "/api/" */
	unsigned status;
	struct buf cookie, json;
	const char *word;		/* of a refusal, or NULL */
};

int64_t		porter_now_s(void);
/* Of a clock that never jumps. */
int64_t		porter_mono_s(void);

/* ---- porter.c ---- */

/* One act is in the ledger and on disk. ERR_BUSY: it is not, and must not happen. */
enum err	porter_ledger(struct porter *r, const struct ledger_act *act, struct why *why);
/* The front forgets whom it knows. */
void		porter_forget(struct porter *r);
/* A parameter of the call, or an empty span. */
struct span	call_param(const struct call *call, const char *name);
/* format=text: for a terminal, in the language of who asks. */
bool		call_is_text(const struct call *call);
const char	*call_say(const struct call *call, const char *vi, const char *en);
/* What is refused and why, one of the words of porter_words.c. OK: it is an answer. */
enum err	call_refuse(struct call *call, const char *word);

/* ---- porter_words.c ---- */

/* NULL: no word of ours. */
const char	*porter_words(const char *word, bool vi, unsigned *ret_status);

/* ---- porter_file.c ---- */

/* Reads the accounts, or begins with none. Never fails: r->broken says what is wrong. */
void		porter_open(struct porter *r);
/* Puts them on disk and in the place of ours; *people is empty then, or as it was. */
enum err	porter_keep(struct porter *r, struct people *people, struct why *why);
/*
 * An act of a person: its row of the ledger is on disk, then the accounts are. login: whose account
 * it is about. *people goes in any case.
 */
enum err	porter_change(struct call *call, const char *act, const char *login,
		    const char *what, struct people *people, struct why *why);

/* ---- porter_login.c: who is there, and what everybody may do for himself ---- */

/* Fills who and session by what was shown; touches: the session does not lie idle. */
void		porter_who(struct call *call);
unsigned	porter_rights(unsigned roles);
/* {"reader",...} */
void		porter_roles_put(struct buf *out, unsigned roles);
enum err	porter_login(struct call *call, struct why *why);
enum err	porter_logout(struct call *call, struct why *why);
enum err	porter_me(struct call *call, struct why *why);
enum err	porter_password(struct call *call, struct why *why);
enum err	porter_code(struct call *call, struct why *why);
/* Those that lay too long end, each with its row. */
void		porter_sessions_turn(struct porter *r);

/* ---- porter_users.c: what an administrator does, and tokens ---- */

enum err	porter_users(struct call *call, struct why *why);
enum err	porter_tokens(struct call *call, struct why *why);

#endif
