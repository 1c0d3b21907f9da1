/* SPDX-License-Identifier: Apache-2.0 */
/* Units and classes by the register of sources, in a whole intake: doc/formats/register.md, 3. */
#include "fake.h"

#include "model/registry.h"

static const uint64_t own_unit = 7;	/* of fake.h's listeners */

static int
class_number(const void *ctx, struct span class)
{
	(void)ctx;
	return span_is(class, "long") ? 2 : -1;
}

static void
take(struct fake *fake, const char *text)
{
	struct registry *registry = NULL;
	struct why why = { "" };

	if (!check(registry_read(&registry, span_str(text), &why) == OK))
		printf("%s\n", why.text);
	check(registry_resolve(registry, class_number, NULL, &why) == OK);
	intake_registry(fake->intake, registry);
}

static const struct source *
sender(const struct fake *fake, uint32_t row)
{
	return fake->source[fake->row[row].source];
}

static void
a_row_gives_unit_and_class_to_open_connections_too(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);

	fake->auto_ack = true;
	fake_send(fake, fd, SPAN("<1>one\n"));
	take(fake, "id,from,unit,class\nx,127.0.0.1,17,long\n");
	fake_send(fake, fd, SPAN("<1>two\n"));
	take(fake, "id,from,unit\nx,127.0.0.0/8,8\n");
	fake_send(fake, fd, SPAN("<1>three\n"));
	intake_registry(fake->intake, NULL);
	fake_send(fake, fd, SPAN("<1>four\n"));
	fake_turns(fake, 5);
	if (check_int(fake->nrow, 4)) {
		check_int(sender(fake, 1)->unit, 17);
		check(fake->row[1].class == 2 && sender(fake, 1)->class == 2);
		check_int(sender(fake, 2)->unit, 8);
		check_int(fake->row[2].class, fake->row[0].class);
		check_int(sender(fake, 3)->unit, sender(fake, 0)->unit);
		check_int(fake->row[3].source, fake->row[0].source);
	}
	close(fd);
	fake_free(&fake);
}

static void
a_claimed_host_gives_nothing(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);

	take(fake, "id,from,host,unit\nnamed,127.0.0.1,web01,\nother,192.0.2.1,,9\n");
	fake_send(fake, fd, SPAN("@web01 app one\n@web02 app two\n"));
	fake_turns(fake, 2);
	check(fake->nrow == 2 && sender(fake, 0)->unit == sender(fake, 1)->unit);
	check_span(sender(fake, 0)->host, SPAN("web01"));
	check_int(sender(fake, 0)->unit, own_unit);
	close(fd);
	fake_free(&fake);
}

static void
datagrams_of_known_addresses_are_named_anew(void)
{
	struct fake *fake = fake_one(INTAKE_UDP);
	char text[64];
	int fd = -1;

	(void)snprintf(text, sizeof text, "127.0.0.1:%u", fake->port[0]);
	check_int(sock_connect(&fd, text, SOCK_KIND_DATAGRAM, 1000, NULL), OK);
	check(send(fd, "one", 3, 0) == 3);
	fake_turns(fake, 5);
	take(fake, "id,listener,unit\nx,door,5\n");
	check(send(fd, "two", 3, 0) == 3);
	fake_turns(fake, 5);
	if (check_int(fake->nrow, 2)) {
		check_int(sender(fake, 0)->unit, own_unit);
		check_int(sender(fake, 1)->unit, 5);
	}
	close(fd);
	fake_free(&fake);
}

/* Who waits for an answer of one class is not asked to wait for two. */
static void
relp_changes_its_class_when_all_answers_are_out(void)
{
	struct fake *fake = fake_one(INTAKE_RELP);
	int fd = fake_connect(fake, 0);

	fake_send(fake, fd, SPAN("1 open 46 relp_version=0\nrelp_software=t\ncommands=syslog\n"));
	(void)fake_got(fd);
	fake_send(fake, fd, SPAN("2 syslog 3 one\n"));
	take(fake, "id,from,class\nx,127.0.0.1,long\n");
	fake_send(fake, fd, SPAN("3 syslog 3 two\n4 syslog 5 three\n"));
	check_int(fake->nrow, 1);
	check_int(fake_got(fd).n, 0);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check_span(fake_got(fd), SPAN("2 rsp 6 200 OK\n"));
	if (check_int(fake->nrow, 3))
		check(fake->row[0].class != 2 && fake->row[1].class == 2 &&
		    fake->row[2].class == 2);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check_span(fake_got(fd), SPAN("3 rsp 6 200 OK\n4 rsp 6 200 OK\n"));
	/* Another unit of the same class goes on at once. */
	fake_send(fake, fd, SPAN("5 syslog 4 four\n"));
	take(fake, "id,from,class,unit\nx,127.0.0.1,long,9\n");
	fake_send(fake, fd, SPAN("6 syslog 4 five\n"));
	if (check_int(fake->nrow, 5))
		check(sender(fake, 3)->unit == own_unit && sender(fake, 4)->unit == 9);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	check_span(fake_got(fd), SPAN("5 rsp 6 200 OK\n6 rsp 6 200 OK\n"));
	close(fd);
	fake_free(&fake);
}

static void
a_request_that_has_begun_keeps_its_class(void)
{
	struct fake *fake = fake_one(INTAKE_HTTP);
	int fd = fake_connect(fake, 0);
	struct span got;

	fake_send(fake, fd, SPAN("POST /insert/jsonline HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 6\r\n\r\none\n"));
	take(fake, "id,from,class\nx,127.0.0.1,long\n");
	fake_send(fake, fd, SPAN("tw"));
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	got = fake_got(fd);
	check(fake_has(got, "HTTP/1.1 200 OK"));
	fake_send(fake, fd, SPAN("POST /insert/jsonline HTTP/1.1\r\nHost: x\r\n"
	    "Content-Length: 6\r\n\r\nthree\n"));
	fake_answer_all(fake, OK);
	fake_turns(fake, 4);
	got = fake_got(fd);
	check(fake_has(got, "HTTP/1.1 200 OK"));
	if (check_int(fake->nrow, 3))
		check(fake->row[0].class != 2 && fake->row[1].class != 2 &&
		    fake->row[2].class == 2);
	close(fd);
	fake_free(&fake);
}

/* A batch of a class that only the register gives is counted where it came from. */
static void
a_refusal_is_counted_at_the_door_of_its_rows(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	int fd = fake_connect(fake, 0);

	take(fake, "id,from,class\nx,127.0.0.1,long\n");
	fake_send(fake, fd, SPAN("<1>one\n"));
	fake_turns(fake, 2);
	fake_answer_all(fake, ERR_FULL);
	fake_turns(fake, 4);
	check_int(fake_counter(fake, "intake.door.rows_refused"), 1);
	close(fd);
	fake_free(&fake);
}

int
main(void)
{
	run(a_row_gives_unit_and_class_to_open_connections_too);
	run(a_claimed_host_gives_nothing);
	run(datagrams_of_known_addresses_are_named_anew);
	run(relp_changes_its_class_when_all_answers_are_out);
	run(a_request_that_has_begun_keeps_its_class);
	run(a_refusal_is_counted_at_the_door_of_its_rows);
	return check_done();
}
