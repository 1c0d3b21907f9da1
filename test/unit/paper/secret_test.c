/* SPDX-License-Identifier: Apache-2.0 */
/* paper/secret.c: which documents are marked as state secrets. */
#include "paper/secret.h"

#include <stdio.h>

#include "check.h"

static void
a_mark_is_a_cell_of_its_own(void)
{
	static const char *const marked[] = { "MẬT", "text\tTỐI MẬT\n", "field\tĐộ mật:\tMật\n",
	    "a\nunder\t tuyệt mật. \ntext\tx\n", "row\t1\tmật" };
	static const char *const free_of_it[] = { "", "text\tmật khẩu bị lộ\n", "text\tMất\n",
	    "text\tbí mật\n", "field\tĐộ mật:\tkhông\n", "text\tmat\n", "\t\n\t" };
	struct why why;

	for (size_t i = 0; i < sizeof marked / sizeof marked[0]; i++)
		if (!check(secret_check(span_str(marked[i]), &why) == ERR_DENIED))
			printf("case %zu\n", i);
	for (size_t i = 0; i < sizeof free_of_it / sizeof free_of_it[0]; i++)
		if (!check(secret_check(span_str(free_of_it[i]), &why) == OK))
			printf("case %zu\n", i);
}

int
main(void)
{
	run(a_mark_is_a_cell_of_its_own);
	return check_done();
}
