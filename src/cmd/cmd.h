/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The subcommands: one file and one row of the table in main.c each. A command gets its own name
 * as argv[0] and returns the exit code: 0 done, 1 found something that needs a person, 2 usage,
 * 3 could not.
 */
#ifndef CMD_CMD_H
#define CMD_CMD_H

enum { EXIT_DONE = 0, EXIT_FOUND = 1, EXIT_USAGE = 2, EXIT_COULD_NOT = 3 };

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *vi;		/* one line; NULL: not listed */
	const char *en;
};

int	cmd_serve(int argc, char **argv);
int	cmd_role(int argc, char **argv);
int	cmd_search(int argc, char **argv);
int	cmd_coverage(int argc, char **argv);
int	cmd_findings(int argc, char **argv);
int	cmd_alert(int argc, char **argv);
int	cmd_user(int argc, char **argv);
int	cmd_duty(int argc, char **argv);
int	cmd_incident(int argc, char **argv);
int	cmd_notify(int argc, char **argv);
int	cmd_verify(int argc, char **argv);
int	cmd_key(int argc, char **argv);
int	cmd_status(int argc, char **argv);
int	cmd_source(int argc, char **argv);
int	cmd_hold(int argc, char **argv);
int	cmd_retention(int argc, char **argv);
int	cmd_calendar(int argc, char **argv);
int	cmd_paper(int argc, char **argv);
int	cmd_register(int argc, char **argv);
int	cmd_directive(int argc, char **argv);
int	cmd_checklist(int argc, char **argv);
int	cmd_plan(int argc, char **argv);
int	cmd_doctor(int argc, char **argv);
int	cmd_backup(int argc, char **argv);
int	cmd_restore(int argc, char **argv);
int	cmd_reindex(int argc, char **argv);
int	cmd_evidence(int argc, char **argv);
int	cmd_import(int argc, char **argv);
int	cmd_agent(int argc, char **argv);
int	cmd_completion(int argc, char **argv);

/*
 * The text in the user's language: English when TRUCBAN_LANG, LC_ALL, LC_MESSAGES or LANG (the
 * first that is set) begins with "en", else Vietnamese.
 */
const char	*say(const char *vi, const char *en);
/* Where the running desk is: --state, else $TRUCBAN_STATE, else what serve would take. */
const char	*state_default(void);
/* The configuration that serve takes when none is named. */
#define CONF_DEFAULT	"/etc/trucban/trucban.yaml"
/* The rows of the table, ended by a NULL name. */
const struct command	*commands(void);

#endif
