/* SPDX-License-Identifier: Apache-2.0 */
/* role/change.c: which roles a changed configuration concerns. */
#include "role/change.h"

#include "check.h"
#include "wire/wire.h"

enum {
	INTAKE = 1u << WIRE_INTAKE, COLLECTOR = 1u << WIRE_COLLECTOR, KEEPER = 1u << WIRE_KEEPER,
	FRONT = 1u << WIRE_FRONT, TELLER = 1u << WIRE_TELLER,
	IMPORTER = 1u << WIRE_IMPORTER, REGISTRAR = 1u << WIRE_REGISTRAR, WATCH = 1u << WIRE_WATCH,
	SHIPPER = 1u << WIRE_SHIPPER, DESK = 1u << WIRE_DESK,
	PORTER = 1u << WIRE_PORTER
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
#define RULE(n)	"sample: [{name: s, listener: a, peer: 10.0.0.5, keep: " n ", who: w, why: y, " \
	"until: 2026-12-31}]\n"

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
	check_int(changed(ALL, ALL "front: {login: off}\n"), FRONT);
	check_int(changed(ALL, ALL "zone: \"+00:00\"\n"),
	    FRONT | INTAKE | COLLECTOR | IMPORTER | WATCH | DESK);
	check_int(changed(ALL, ALL "event_lead: 5s\n"), INTAKE | COLLECTOR | IMPORTER);
	check_int(changed(ALL, ALL "store: {segment_age: 5s}\n"), KEEPER);
	check_int(changed(ALL, ALL "store: {cold: /c}\n"), KEEPER | FRONT | WATCH | DESK);
	check_int(changed(ALL, ALL "store: {cold_after: 3}\n"), KEEPER);
	check_int(changed(ALL, ALL "store: {reserve: 9MB}\n"), KEEPER | WATCH);
	check_int(changed(ALL, BASE REST "classes: [{name: b, days: 4}, {name: c}]\n"),
	    KEEPER | WATCH);
	check_int(changed(ALL, BASE REST "classes: [{name: c}, {name: b, days: 3}]\n"),
	    KEEPER | INTAKE | COLLECTOR | IMPORTER | FRONT | WATCH);
	check_int(changed(ALL, ALL RULE("10")), INTAKE | FRONT);
	check_int(changed(ALL RULE("10"), ALL RULE("9")), INTAKE | FRONT);
	check_int(changed(ALL RULE("10"), "\n" ALL RULE("10")), 0);
	check_int(changed(ALL, ALL "incident_pack: /p.yaml\n"), DESK);
	check_int(changed(ALL, ALL "register_pack: /p.yaml\n"), DESK);
	check_int(changed(ALL, ALL "directive_pack: /p.yaml\n"), DESK);
	/* A preset with the same days is no difference. */
	check_int(changed(BASE "classes: [{name: c, days: 92}]\n", BASE
	    "classes: [{name: c, preset: level-3}]\n"), 0);
	check_int(changed(ALL, BASE CLASS "collect: {files: [/g]}\n"
	    "seal: {anchor: [{kind: file, target: /a}]}\n"), COLLECTOR);
	check_int(changed(ALL, BASE CLASS "collect: {files: [/f]}\n"
	    "seal: {anchor: [{kind: file, target: /a, every: 9s}]}\n"), TELLER | WATCH);
	check_int(changed(ALL, CLASS REST "state: /x\n"
	    "listen: [{name: a, kind: tcp, address: \":2\", class: c}]\n"), INTAKE);
	check_int(changed(ALL, BASE CLASS "collect: {files: [{path: /f, join: stamp}]}\n"
	    "seal: {anchor: [{kind: file, target: /a}]}\n"), COLLECTOR);
}

static void
a_role_that_comes_or_goes_is_concerned(void)
{
	check_int(changed(BASE CLASS, ALL), COLLECTOR | TELLER | WATCH);
	check_int(changed(ALL, BASE CLASS), COLLECTOR | TELLER | WATCH);
	check_int(changed(BASE CLASS, CLASS "state: /x\n"), INTAKE);
	/* What nobody does now and before is no change; imports and the watch always are. */
	check_int(changed("state: /x\n", "state: /x\nevent_lead: 5s\n"), IMPORTER);
	check_int(change_wanted(&now), KEEPER | FRONT | IMPORTER | WATCH | DESK | PORTER);
}

static void
the_registrar_comes_with_the_first_own_certificate(void)
{
	static const char plain[] = "state: /x\nlisten: [{name: a, kind: http, address: \":1\"}]\n",
	    own[] = "state: /x\n"
	    "listen: [{name: a, kind: http, address: \":1\", cert: own}]\n",
	    both[] = "state: /x\nlisten: [{name: a, kind: http, address: \":1\", cert: own, "
	    "ca: own, clients: required}]\n";
	char more[400];

	check_int(changed(plain, own), INTAKE | REGISTRAR);
	check_int(changed(own, both), INTAKE | REGISTRAR);
	check_int(changed(own, plain), INTAKE | REGISTRAR);
	(void)snprintf(more, sizeof more, "%sagents: {days: 30}\n", own);
	check_int(changed(own, more), REGISTRAR);
	(void)snprintf(more, sizeof more, "%sagents: {names: [a.example]}\n", own);
	check_int(changed(own, more), REGISTRAR);
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

#define RELAY	BASE CLASS "forward:\n  to: https://desk:6515\n  cert: /c\n  key: /k\n  ca: /a\n"

static void
a_relay_has_a_shipper_instead_of_a_store(void)
{
	check_int(changed(RELAY, RELAY "  spool: 8MB\n"), SHIPPER);
	check_int(changed(RELAY, RELAY "  rate: [{from: \"07:00\", to: \"18:00\", "
	    "limit: 512kbit}]\n"), SHIPPER);
	check_int(changed(RELAY, RELAY "event_lead: 5s\n"), INTAKE);
	check_int(changed(RELAY, RELAY "collect: {files: [/f]}\n"), COLLECTOR);
	check_int(change_wanted(&now), INTAKE | SHIPPER | COLLECTOR);
	check_int(changed(BASE CLASS, RELAY) & SHIPPER, SHIPPER);
	check_int(change_check(&old, &now, &why), ERR_DENIED);
}

int
main(void)
{
	run(lines_and_order_of_keys_change_nothing);
	run(each_part_concerns_the_roles_that_work_by_it);
	run(a_role_that_comes_or_goes_is_concerned);
	run(the_registrar_comes_with_the_first_own_certificate);
	run(what_only_a_restart_can_change_is_refused);
	run(a_relay_has_a_shipper_instead_of_a_store);
	return check_done();
}
