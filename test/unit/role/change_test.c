/* SPDX-License-Identifier: Apache-2.0 */
/* role/change.c: which roles a changed configuration concerns. */
#include "role/change.h"

#include "check.h"
#include "wire/wire.h"

enum {
	INTAKE = 1u << WIRE_INTAKE, COLLECTOR = 1u << WIRE_COLLECTOR, KEEPER = 1u << WIRE_KEEPER,
	FRONT = 1u << WIRE_FRONT, TELLER = 1u << WIRE_TELLER,
	IMPORTER = 1u << WIRE_IMPORTER
};

static struct conf old, now;
static struct why why;

static unsigned
changed(const char *before, const char *after)
{
	check_int(conf_parse(&old, span_str(before), &why), OK);
	check_int(conf_parse(&now, span_str(after), &why), OK);
	return change_roles(&old, &now);
}

#define BASE	"state: /x\nlisten: [{name: a, kind: tcp, address: \":1\", class: c}]\n"
#define CLASS	"classes: [{name: b, days: 3}, {name: c}]\n"
#define REST	"collect: {files: [/f]}\nseal: {anchor: [{kind: file, target: /a}]}\n"
#define ALL	BASE CLASS REST

static void
lines_and_order_of_keys_change_nothing(void)
{
	check_int(changed(ALL, "# a remark\n\n" REST CLASS BASE), 0);
}

static void
each_part_concerns_the_roles_that_work_by_it(void)
{
	check_int(changed(ALL, ALL "front: {query_memory: 8MB}\n"), FRONT);
	check_int(changed(ALL, ALL "front: {address: \"\"}\n"), FRONT);
	check_int(changed(ALL, ALL "zone: \"+00:00\"\n"),
	    FRONT | INTAKE | COLLECTOR | IMPORTER);
	check_int(changed(ALL, ALL "event_lead: 5s\n"), INTAKE | COLLECTOR | IMPORTER);
	check_int(changed(ALL, ALL "store: {segment_age: 5s}\n"), KEEPER);
	check_int(changed(ALL, ALL "store: {cold: /c}\n"), KEEPER | FRONT);
	check_int(changed(ALL, ALL "store: {cold_after: 3}\n"), KEEPER);
	check_int(changed(ALL, BASE REST "classes: [{name: b, days: 4}, {name: c}]\n"), KEEPER);
	check_int(changed(ALL, BASE REST "classes: [{name: c}, {name: b, days: 3}]\n"),
	    KEEPER | INTAKE | COLLECTOR | IMPORTER);
	check_int(changed(ALL, BASE CLASS "collect: {files: [/g]}\n"
	    "seal: {anchor: [{kind: file, target: /a}]}\n"), COLLECTOR);
	check_int(changed(ALL, BASE CLASS "collect: {files: [/f]}\n"
	    "seal: {anchor: [{kind: file, target: /a, every: 9s}]}\n"), TELLER);
	check_int(changed(ALL, CLASS REST "state: /x\n"
	    "listen: [{name: a, kind: tcp, address: \":2\", class: c}]\n"), INTAKE);
}

static void
a_role_that_comes_or_goes_is_concerned(void)
{
	check_int(changed(BASE CLASS, ALL), COLLECTOR | TELLER);
	check_int(changed(ALL, BASE CLASS), COLLECTOR | TELLER);
	check_int(changed(BASE CLASS, CLASS "state: /x\n"), INTAKE);
	/* What nobody does now and before is no change; imports there always are. */
	check_int(changed("state: /x\n", "state: /x\nevent_lead: 5s\n"), IMPORTER);
	check_int(change_wanted(&now), KEEPER | FRONT | IMPORTER);
}

static void
what_only_a_restart_can_change_is_refused(void)
{
	(void)changed("state: /x\n", "state: /y\n");
	check_int(change_check(&old, &now, &why), ERR_DENIED);
	(void)changed("state: /x\n", "state: /x\nuser: u\n");
	check_int(change_check(&old, &now, &why), ERR_DENIED);
	(void)changed("state: /x\n", "state: /x\nstore: {encrypt: no}\n");
	check_int(change_check(&old, &now, &why), ERR_DENIED);
	(void)changed("state: /x\n", "state: /x\nseal: {checkpoint: 5s}\n");
	check_int(change_check(&old, &now, &why), OK);
}

int
main(void)
{
	run(lines_and_order_of_keys_change_nothing);
	run(each_part_concerns_the_roles_that_work_by_it);
	run(a_role_that_comes_or_goes_is_concerned);
	run(what_only_a_restart_can_change_is_refused);
	return check_done();
}
