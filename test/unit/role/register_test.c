/* SPDX-License-Identifier: Apache-2.0 */
/* role/register.c: the register's file, held against the configuration; what the ledger says. */
#include "role/register.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"

static struct conf conf;
static struct why why;

static void
conf_take(const char *more)
{
	struct buf text = { 0 };

	buf_printf(&text, "state: /x\nlisten: [{name: door, kind: tcp, address: \":1\"}]\n"
	    "classes: [{name: first}, {name: short}]\n%s", more);
	check(conf_parse(&conf, buf_span(&text), &why) == OK);
	buf_done(&text);
}

static struct registry *
taken(const char *text)
{
	struct registry *registry = NULL;

	if (!check(register_take(&registry, span_str(text), &conf, &why) == OK))
		printf("%s\n", why.text);
	return registry;
}

static void
refused(const char *text, const char *words)
{
	struct registry *registry = NULL;

	check(register_take(&registry, span_str(text), &conf, &why) == ERR_FORMAT);
	if (!check(registry == NULL && strstr(why.text, words) != NULL))
		printf("%s\n", why.text);
}

static void
classes_and_listeners_are_those_of_the_configuration(void)
{
	struct registry *r;

	conf_take("");
	r = taken("id,from,class,listener\nx,10.0.0.1,short,door\ny,10.0.0.2\n");
	check_int(registry_row(r, 0)->class_number, 1);
	check_int(registry_row(r, 1)->class_number, REGISTRY_ANY_CLASS);
	registry_free(&r);
	refused("id,from,class\nx,10.0.0.1,shrot\n", "line 2: class: there is no class shrot");
	refused("id,listener\nx,dor\n", "line 2: listener: there is no listener dor");
	r = taken("id,listener\nx,xa/udp\ny,xa/file:/var/log/messages\n");
	check_int(registry_rows(r), 2);
	registry_free(&r);
	refused("id,listener\nx,xa/\n", "line 2: listener: there is no listener xa/");
	refused("id,listener\nx,/udp\n", "there is no listener /udp");
	refused("id,listener\nx,file:/var/log/x\n", "there is no listener file:");
	refused("id,from\nx,10\n", "register of sources: line 2: from:");
}

static void
the_file_lies_beside_the_configuration_or_where_it_says(void)
{
	char dir[] = "/tmp/trucban-register-XXXXXX", path[REGISTER_PATH], file[64];
	struct buf out = { 0 }, more = { 0 };
	FILE *f;

	check(mkdtemp(dir) != NULL);
	conf_take("");
	check(register_path(path, &conf, "/etc/trucban/trucban.yaml", &why) == OK);
	check(strcmp(path, "/etc/trucban/sources.csv") == 0);
	check(register_path(path, &conf, "here.yaml", &why) == OK);
	check(strcmp(path, "sources.csv") == 0);
	(void)snprintf(file, sizeof file, "%s/trucban.yaml", dir);
	check(register_load(&out, &conf, file, &why) == OK && out.n == 0);
	buf_printf(&more, "register: %s/other.csv\n", dir);
	buf_u8(&more, '\0');
	conf_take((const char *)more.p);
	check(register_load(&out, &conf, file, &why) == ERR_ABSENT);
	check(strstr(why.text, "touch") != NULL);
	check(register_path(path, &conf, file, &why) == OK);
	f = fopen(path, "w");
	check(f != NULL && fputs("id,from\n", f) >= 0 && fclose(f) == 0);
	check(register_load(&out, &conf, file, &why) == OK);
	check_span(buf_span(&out), SPAN("id,from\n"));
	(void)unlink(path);
	(void)rmdir(dir);
	buf_done(&out);
	buf_done(&more);
}

static void
a_change_names_what_went_and_what_came(void)
{
	struct registry *old, *now;
	struct buf out = { 0 };
	struct span text;

	conf_take("");
	old = taken("id,from,unit\na,10.0.0.1,1\nb,10.0.0.2,2\nc,10.0.0.3,3\n");
	now = taken("id;unit;from\nc;3;10.0.0.3\na;9;10.0.0.1\nd;4;10.0.0.4\n");
	register_change_put(&out, old, now);
	text = buf_span(&out);
	check(span_starts(text, SPAN("sha256=")));
	check(span_holds(text, "; rows=3\n-a,,,10.0.0.1,,,,1,,,,,,\n-b,,,10.0.0.2,,,,2,,,,,,\n"
	    "+a,,,10.0.0.1,,,,9,,,,,,\n+d,,,10.0.0.4,,,,4,,,,,,"));
	check(!span_holds(text, "10.0.0.3"));
	registry_free(&old);
	registry_free(&now);
	buf_done(&out);
}

int
main(void)
{
	run(classes_and_listeners_are_those_of_the_configuration);
	run(the_file_lies_beside_the_configuration_or_where_it_says);
	run(a_change_names_what_went_and_what_came);
	return check_done();
}
