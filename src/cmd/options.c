/* SPDX-License-Identifier: Apache-2.0 */
/* See options.h. What is wrong is told from what getopt_long leaves behind: optopt and optind. */
#include "cmd/options.h"

#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"

/* optopt 0: it is not known; else its value is missing, or it was given one. */
static void
long_tell(const char *command, const char *word)
{
	size_t n = strcspn(word, "=");

	if (optopt == 0)
		(void)fprintf(stderr, "%s: không có tùy chọn '%.*s', hoặc viết tắt chưa đủ để biết "
		    "là tùy chọn nào\n", command, (int)n, word);
	else if (word[n] == '=')
		(void)fprintf(stderr, "%s: tùy chọn '%.*s' không nhận giá trị\n", command, (int)n,
		    word);
	else
		(void)fprintf(stderr, "%s: tùy chọn '%s' cần một giá trị đi sau\n", command, word);
}

static void
short_tell(const char *command, const char *shorts)
{
	const char *known = optopt != ':' ? strchr(shorts, optopt) : NULL;

	(void)fprintf(stderr, known != NULL ? "%s: tùy chọn '-%c' cần một giá trị đi sau\n" :
	    "%s: không có tùy chọn '-%c'\n", command, optopt);
}

int
options_next(int argc, char **argv, const char *shorts, const struct option *longs)
{
	const char *word;
	int c;

	opterr = strcmp(say("vi", "en"), "en") == 0;
	c = getopt_long(argc, argv, shorts, longs, NULL);
	if (c != '?' || opterr != 0)
		return c;
	word = argv[optind - 1];
	if (strncmp(word, "--", 2) == 0)
		long_tell(argv[0], word);
	else
		short_tell(argv[0], shorts);
	return c;
}
