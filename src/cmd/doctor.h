/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `trucban doctor` looks at: one row of a table for each check, one function each. A check
 * reads, changes nothing, and says one thing: how it stands, why that matters, what to do. Inside
 * of cmd.
 */
#ifndef CMD_DOCTOR_H
#define CMD_DOCTOR_H

#include "base/buf.h"
#include "base/err.h"
#include "store/key.h"
#include "store/store.h"
#include "role/conf.h"

enum grade {
	GRADE_OK,
	GRADE_SKIP,		/* cannot be looked at: another check says why */
	GRADE_WARN,		/* works, but a person should see to it */
	GRADE_BAD,		/* does not work, or will not for long */
	GRADE_END
};

struct finding {
	enum grade grade;
	struct buf what;	/* how it stands */
	struct buf why;		/* what follows from that; empty when it is well */
	struct buf todo;	/* a sentence or one command; empty when there is nothing to do */
};

struct doctor {
	/* NULL: the running desk's as it told when it began, or what ./run made, or serve's own */
	const char *conf_path;
	const char *state;		/* NULL: as the configuration says */
	char found_conf[4096];		/* conf_path, when it was looked for */
	struct conf *conf;		/* defaults when the file could not be read */
	enum err conf_rc;
	struct why conf_why;
	int state_fd;			/* -1: cannot be opened */
	struct why state_why;
	enum err keys_rc;
	struct why keys_why;
	struct keys keys;
	struct store *store;		/* NULL: cannot be opened, or there is none yet */
	enum err store_rc;
	struct why store_why;
	enum err desk_rc;		/* OK: it runs and is well */
	struct why desk_why;
	struct buf metrics;		/* its figures; empty when it does not tell them */
};

typedef void check_fn(const struct doctor *doctor, struct finding *f);

struct check_row {
	const char *name;		/* for --json */
	const char *vi, *en;
	check_fn *run;
};

/* In doctor_host.c, doctor_store.c, doctor_desk.c, doctor_relay.c; each ended by a NULL name. */
extern const struct check_row doctor_host[];
extern const struct check_row doctor_store[];
extern const struct check_row doctor_desk[];
extern const struct check_row doctor_relay[];	/* instead of desk and store */

/*
 * Opens what conf_path and state name, as far as it goes: what is missing is said in *_rc, *_why.
 * Call doctor_close in any case.
 */
void	doctor_open(struct doctor *doctor);
void	doctor_close(struct doctor *doctor);
/*
 * Of the commands that write the configuration or the register one works at a time in a folder, for
 * as long as dirfd is open. To be held before what will be changed is read. ERR_BUSY: another does.
 */
enum err	doctor_lock(int dirfd, const char *folder, struct why *why);

/* How it stands; formats are looked up by say(), so that both languages have the same arguments. */
void	finding_set(struct finding *f, enum grade grade, const char *format, ...)
	    __attribute__((format(printf, 3, 4)));
void	finding_why(struct finding *f, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));
void	finding_todo(struct finding *f, const char *format, ...)
	    __attribute__((format(printf, 2, 3)));
/* Frees what it says; it is well then. */
void	finding_done(struct finding *f);
/* The files of TLS and tokens; in doctor_tls.c. */
check_fn doctor_tls;
/* The desk's own authority, its certificate and those whom it lets in; in doctor_own.c. */
check_fn doctor_own;
/* What desk and relay have in common; in doctor_desk.c. */
check_fn doctor_conf, doctor_user, doctor_logs;
/* "12.3 GB" */
void	finding_size(char ret[32], uint64_t bytes);

#endif
