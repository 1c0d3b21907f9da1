/* SPDX-License-Identifier: Apache-2.0 */
/* cmd/reason.c: what the rooms say, as they say it today, is known to the table. */
#include "cmd/reason.h"

#include "check.h"
#include "cmd/cmd.h"
#include "model/registry.h"

static bool english;

const char *
say(const char *vi, const char *en)
{
	return english ? en : vi;
}

static struct buf out;

static const char *
reason(const char *text, bool known)
{
	out.n = 0;
	if (!check(reason_put(&out, text) == known))
		printf("%s\n", text);
	buf_u8(&out, '\0');
	return (const char *)out.p;
}

static int
no_class(const void *ctx, struct span class)
{
	(void)ctx;
	(void)class;
	return -1;
}

/* Every way in which a register can be wrong, through the reader itself. */
static void
all_that_a_register_is_refused_for_is_said_in_vietnamese(void)
{
	static const char *const broken[] = { "name\nx\n", "id,ip\nx,1\n", "id,id\nx,y\n",
	    "id\nx\n", "id,from\n,10.0.0.1\n", "id,from\nMáy 1,10.0.0.1\n",
	    "id,from\na,10.0.0\n", "id,from\na,10.0.0.1/8\n", "id,from,unit\na,10.0.0.1,x\n",
	    "id,from,pause\na,10.0.0.1,1x\n", "id,from,pause_office\na,10.0.0.1,0h\n",
	    "id,from,priority\na,10.0.0.1,urgent\n", "id,host,unit\na,web,3\n",
	    "id,from\na,10.0.0.1,x\n", "id,from\na,\"10.0.0.1\n", "id,from\na,\"10.0.0.1\"x\n",
	    "id,from\na,10.0.0.1\na,10.0.0.2\n", "id,from\na,10.0.0.1\nb,10.0.0.1\n",
	    "id,name,from\na,\xff,10.0.0.1\n", "id,name,from\na,\001,10.0.0.1\n",
	    "id,from,class\na,10.0.0.1,x\n" };

	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		struct registry *registry = NULL;
		struct why why = { "" };
		const char *said;
		enum err rc = registry_read(&registry, span_str(broken[i]), &why);

		if (rc == OK)
			rc = registry_resolve(registry, no_class, NULL, &why);
		if (!check(rc == ERR_FORMAT))
			printf("case %zu\n", i);
		said = reason(why.text, true);
		if (!check(strstr(said, "dòng ") != NULL && strstr(said, " is ") == NULL &&
		    strstr(said, " the ") == NULL && strstr(said, " a ") == NULL))
			printf("%s\n%s\n", why.text, said);
		registry_free(&registry);
	}
}

static void
values_stay_and_pieces_are_said_one_by_one(void)
{
	check(strcmp(reason("s.csv: register of sources: line 3: pause: '1:x' is no time; write it "
	    "as 90s, 15m, 2h or 3d, a year at most", true), "s.csv: sổ đăng ký nguồn: dòng 3: cột "
	    "pause: '1:x' không phải khoảng thời gian; viết như 90s, 15m, 2h hoặc 3d, dài nhất một "
	    "năm") == 0);
	check(strcmp(reason("cannot read a b.csv: cannot open a b.csv: No such file or directory",
	    true), "không đọc được a b.csv: không mở được a b.csv: không có tệp hoặc thư mục đó; "
	    "kiểm tra lại đường dẫn") == 0);
	check(strcmp(reason("", true), "") == 0);
	(void)reason("something that nobody has heard of", false);
	(void)reason(": ", true);
	(void)reason("line ", false);
}

static void
in_english_nothing_is_changed(void)
{
	english = true;
	check(strcmp(reason("line 3: something", true), "line 3: something") == 0);
	english = false;
}

int
main(void)
{
	run(all_that_a_register_is_refused_for_is_said_in_vietnamese);
	run(values_stay_and_pieces_are_said_one_by_one);
	run(in_english_nothing_is_changed);
	buf_done(&out);
	return check_done();
}
