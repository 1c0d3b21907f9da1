/* SPDX-License-Identifier: Apache-2.0 */
/* `trucban completion`: the words that follow, for bash; from the same table as the help. */
#include "cmd/cmd.h"

#include <stdio.h>

int
cmd_completion(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	(void)puts("_trucban() {\n"
	    "\tlocal word=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]}\n"
	    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then");
	(void)printf("\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (const struct command *c = commands(); c->name != NULL; c++)
		if (c->vi != NULL)
			(void)printf("%s ", c->name);
	(void)puts("--help --version' -- \"$word\")\n"
	    "\telif [ \"${word#-}\" != \"$word\" ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W "
	    "\"$(trucban \"$command\" --help 2>/dev/null |\n"
	    "\t\t    grep -o -- '--[a-z-]*' | sort -u)\" -- \"$word\")\n"
	    "\telif [ \"$command\" = evidence ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'export' -- \"$word\")\n"
	    "\telif [ \"$command\" = source ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W \"list unknown add set remove import"
	    " export\n"
	    "\t\t    $(trucban source 2>/dev/null | sed -n 's/^  \\([a-z-]*\\) .*/\\1/p')\" -- "
	    "\"$word\")\n"
	    "\telif [ \"$command\" = agent ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'invite issue list revoke enrol renew' "
	    "-- \"$word\")\n"
	    "\telif [ \"$command\" = user ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'first add list set disable enable password"
	    " totp-reset token' -- \"$word\")\n"
	    "\telif [[ \"$command\" =~ ^(incident|duty|directive|checklist)$ ]] &&"
	    " [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$(trucban \"$command\" --help 2>/dev/null |"
	    "\n"
	    "\t\t    sed -n 's/^  \\([a-z][a-z]*\\) *.*/\\1/p')\" -- \"$word\")\n"
	    "\telif [ \"$command\" = notify ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'list tries channels test' -- \"$word\")\n"
	    "\telif [ \"$command\" = hold ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'add list release' -- \"$word\")\n"
	    "\telif [ \"$command\" = paper ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W \"sign attach list show check withdraw"
	    " $(trucban paper 2>/dev/null |\n"
	    "\t\t    sed -n 's/^\\([a-z][a-z0-9-]*\\) .*/\\1/p')\" -- \"$word\")\n"
	    "\telif [ \"$command\" = register ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'list show set remove import export"
	    " expiring' -- \"$word\")\n"
	    "\telif [ \"$command\" = retention ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'show presets sample' -- \"$word\")\n"
	    "\telif [ \"$command\" = retention ] && [ \"$COMP_CWORD\" -eq 3 ] &&"
	    " [ \"${COMP_WORDS[2]}\" = sample ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'add remove' -- \"$word\")\n"
	    "\telif [ \"$command\" = key ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'show fingerprint rotate escrow' -- \"$word\")"
	    "\n"
	    "\telif [ \"${COMP_WORDS[COMP_CWORD-1]}\" = --stream ]; then\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -W 'raw ledger findings' -- \"$word\")\n"
	    "\telse\n"
	    "\t\tmapfile -t COMPREPLY < <(compgen -f -- \"$word\")\n"
	    "\tfi\n"
	    "}\n"
	    "complete -F _trucban trucban");
	return EXIT_DONE;
}
