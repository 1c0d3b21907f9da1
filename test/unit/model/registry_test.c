/* SPDX-License-Identifier: Apache-2.0 */
/* model/address.c and the register of sources: doc/formats/register.md. */
#include "check.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/must.h"
#include "model/registry.h"

/* ---- addresses ---- */

static void
addresses_are_read_as_they_are_written(void)
{
	static const struct {
		const char *text;
		uint8_t want[ADDRESS_BYTES];
	} row[] = {
		{ "192.0.2.7", { [10] = 0xff, 0xff, 192, 0, 2, 7 } },
		{ "0.0.0.0", { [10] = 0xff, 0xff } },
		{ "::", { 0 } }, { "::1", { [15] = 1 } }, { "1::", { [1] = 1 } },
		{ "2001:db8::7", { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 } },
		{ "2001:DB8:0:0:0:0:0:7", { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 } },
		{ "::ffff:192.0.2.7", { [10] = 0xff, 0xff, 192, 0, 2, 7 } },
		{ "64:ff9b::192.0.2.33", { 0, 0x64, 0xff, 0x9b, [12] = 192, 0, 2, 33 } },
		{ "1:2:3:4:5:6:7::", { 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7 } },
	};
	static const char *const bad[] = { "", ":", "1", "1.2.3", "1.2.3.4.5", "1.2.3.256",
	    "01.2.3.4", "1.2.3.4 ", "1:2", ":1", "1:", "1:::2", "::1::", "12345::", "g::",
	    "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::8", "fe80::1%eth0", "1:2:3:4:5:6:7:1.2.3.4",
	    "::1.2.3", "1.2.3.4::" };
	uint8_t got[ADDRESS_BYTES];

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++) {
		check(address_read(got, span_str(row[i].text)));
		check_span(span_of(got, sizeof got), span_of(row[i].want, sizeof got));
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(!address_read(got, span_str(bad[i]))))
			printf("  %s\n", bad[i]);
}

static void
networks_have_zeros_behind_their_length(void)
{
	static const char *const bad[] = { "10.0.0.5/8", "10.0.0.0/33", "10.0.0.0/", "10/8",
	    "10.0.0.0/-1", "10.0.0.0/008x", "2001:db8::/129", "2001:db8::1/64", "/8", "web01" };
	uint8_t got[ADDRESS_BYTES], bits;
	struct why why;

	check(network_read(got, &bits, SPAN("10.1.0.0/16"), &why) == OK && bits == 112);
	check(network_read(got, &bits, SPAN("10.1.2.3"), &why) == OK && bits == 128);
	check(network_read(got, &bits, SPAN("0.0.0.0/0"), &why) == OK && bits == 96);
	check(network_read(got, &bits, SPAN("2001:db8::/32"), &why) == OK && bits == 32);
	check(network_read(got, &bits, SPAN("::/0"), &why) == OK && bits == 0);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check(network_read(got, &bits, span_str(bad[i]), &why) == ERR_FORMAT))
			printf("  %s\n", bad[i]);
}

/* ---- reading ---- */

static struct registry *
taken(const char *text)
{
	struct registry *r = NULL;
	struct why why = { "" };

	if (!check(registry_read(&r, span_str(text), &why) == OK))
		printf("  %s\n", why.text);
	return r;
}

static void
refused(const char *text, const char *words)
{
	struct registry *r = NULL;
	struct why why = { "" };

	check(registry_read(&r, span_str(text), &why) != OK && r == NULL);
	if (!check(strstr(why.text, words) != NULL))
		printf("  '%s' is not in '%s'\n", words, why.text);
}

static void
a_spreadsheet_is_read_with_its_marks(void)
{
	struct registry *r = taken("\xef\xbb\xbf" "id;name;from;unit;pause;pause_office\r\n"
	    "web01;\"Máy chủ \"\"web\"\"; số 1\";10.0.0.5; 7 ;1h;15m\r\n;;;;;\r\n"
	    "fw;;10.0.0.1");
	const struct registry_row *row;

	if (r == NULL)
		return;
	check_int(registry_rows(r), 2);
	row = registry_row(r, 0);
	check_span(row->name, SPAN("Máy chủ \"web\"; số 1"));
	check(row->unit == 7 && row->has_unit && row->pause_s == 3600 && row->office_s == 900);
	check(row->line == 2 && row->bits == 128);
	row = registry_row(r, 1);
	check(row->line == 4 && !row->has_unit && row->class_number == REGISTRY_ANY_CLASS);
	check_int(registry_find(r, SPAN("fw")), 1);
	check_int(registry_find(r, SPAN("nobody")), REGISTRY_NONE);
	registry_free(&r);
	r = taken("");
	check_int(registry_rows(r), 0);
	registry_free(&r);
	r = taken("id\tfrom\nx\t10.0.0.1\n");
	check_int(registry_rows(r), 1);
	registry_free(&r);
}

static void
what_is_wrong_is_said_with_its_line(void)
{
	refused("name,from\nx,1.2.3.4\n", "line 1: column id is missing");
	refused("id,form\nx,1.2.3.4\n", "line 1: there is no column 'form'");
	refused("id,from,from\n", "line 1: column from is there twice");
	refused("id,from\nx,1.2.3\n", "line 2: from: '1.2.3' is no address");
	refused("id,from\n\n\nx,10.0.0.5/8\n", "line 4: from: '10.0.0.5/8' is an address with");
	refused("id,from\nmáy,1.2.3.4\n", "line 2: id: 'máy' is no id");
	refused("id,from\n,1.2.3.4\n", "line 2: : a source needs an id");
	refused("id,name\nx,y\n", "line 2: x: it does not say who sends");
	refused("id,host,unit\nx,web01,3\n", "line 2: x: a host is what records claim");
	refused("id,host,class\nx,web01,short\n", "no unit and no class");
	refused("id,from,unit\nx,1.2.3.4,-1\n", "line 2: unit: '-1' is no unit");
	refused("id,from,unit\nx,1.2.3.4,9223372036854775808\n", "is no unit");
	refused("id,from,pause\nx,1.2.3.4,1 week\n", "line 2: pause: '1 week' is no time");
	refused("id,from,pause\nx,1.2.3.4,0s\n", "is no time");
	refused("id,from,pause\nx,1.2.3.4,367d\n", "is no time");
	refused("id,from,priority\nx,1.2.3.4,urgent\n", "not one of high, normal, low");
	refused("id,from\nx,1.2.3.4,9\n", "line 2: '9' stands in a column without a name");
	refused("id,name,from\nx,\"a,1.2.3.4\n", "line 2: a quote is opened");
	refused("id,name,from\nx,\"a\"b,1.2.3.4\n", "line 2: text behind a closing quote");
	refused("id,name,from\nx,M\xe1y,1.2.3.4\n", "line 2: not UTF-8");
	refused("id,name,from\nx,a\001,1.2.3.4\n", "line 2: control characters");
	refused("id,from\nx,1.2.3.4\ny,1.2.3.5\nx,1.2.3.6\n", "line 4: has the same id as line 2");
	refused("id,from,host\nx,1.2.3.4,Web\ny,1.2.3.4,web\n",
	    "line 3: is about the same senders as line 2");
	refused("id,listener,identity\nx,xa/udp,xb\n", "line 2: x: its listener is one of relay "
	    "xa, its identity is another");
	refused("id,listener,identity\nx,xa/udp,xa\ny,xa/udp,\n",
	    "line 3: is about the same senders as line 2");
	refused("id,from\nx,10.0.0.0/8\n\ny,10.0.0.0/8\n", "line 4: is about the same senders");
}

static void
rows_beyond_the_limit_are_refused(void)
{
	struct registry *r = NULL;
	struct buf text = { 0 };
	struct why why = { "" };
	uint8_t *large;

	buf_str(&text, "id,from\n");
	for (unsigned i = 0; i < LIMIT_REGISTER_ROWS; i++)
		buf_printf(&text, "s%u,10.%u.%u.1\n", i, i >> 8, i & 255);
	check(registry_read(&r, buf_span(&text), &why) == OK);
	check_int(registry_rows(r), LIMIT_REGISTER_ROWS);
	check_int(registry_match(r, &(struct registry_sender){ .peer = SPAN("10.3.9.1") },
	    REGISTRY_ATTESTED), 3 * 256 + 9);
	registry_free(&r);
	buf_str(&text, "more,192.0.2.1\n");
	check(registry_read(&r, buf_span(&text), &why) == ERR_LIMIT);
	buf_done(&text);
	large = xcalloc(1, LIMIT_REGISTER_BYTES + 1);
	check(registry_read(&r, span_of(large, LIMIT_REGISTER_BYTES + 1), &why) == ERR_LIMIT);
	free(large);
}

static void
a_register_is_written_as_it_is_read(void)
{
	static const char text[] =
	    "id,name,kind,from,host,listener,identity,unit,system,class,priority,pause,"
	    "pause_office,contact\n"
	    "web01,\"Cổng; \"\"một cửa\"\", số 1\",nginx,10.0.0.5,,http,web01.example,7,"
	    "Một cửa,short,high,1h,90s,\" An \"\n"
	    "pc,,,10.1.0.0/16,,,,0,,,,3d,,\n";
	struct registry *r = taken(text);
	struct buf out = { 0 };

	registry_head_put(&out);
	for (uint32_t i = 0; r != NULL && i < registry_rows(r); i++)
		registry_row_put(&out, registry_row(r, i));
	check_span(buf_span(&out), span_str(text));
	buf_done(&out);
	registry_free(&r);
}

/* ---- matching ---- */

struct asked {
	const char *listener, *peer, *identity, *host;
	const char *claimed, *attested;		/* ids; "": none */
};

static void
id_check(const struct registry *r, const struct asked *a, enum registry_trust trust,
    const char *want)
{
	const struct registry_sender s = { span_str(a->listener), span_str(a->peer),
	    span_str(a->identity), span_str(a->host) };
	uint32_t row = registry_match(r, &s, trust);

	check_span(row == REGISTRY_NONE ? SPAN("") : registry_row(r, row)->id, span_str(want));
}

static void
the_most_specific_row_counts(void)
{
	static const struct asked asked[] = {
		{ "udp", "10.0.0.9", "", "other", "relay", "relay" },
		{ "udp", "10.0.0.9", "", "WEB01", "behind", "relay" },
		{ "udp", "10.0.0.10", "", "web01", "net24", "net24" },
		{ "tcp", "10.0.0.10", "", "web01", "net24tcp", "net24tcp" },
		{ "udp", "10.7.7.7", "", "", "net8", "net8" },
		{ "udp", "10.7.7.7", "agent", "", "agent", "agent" },
		{ "udp", "10.0.0.9", "agent", "web01", "agent9", "agent9" },
		{ "udp", "192.0.2.1", "", "mail", "claims", "" },
		{ "relp", "192.0.2.1", "", "", "door", "door" },
		{ "relp", "192.0.2.1", "", "mail", "door", "door" },
		{ "udp", "192.0.2.1", "", "", "", "" },
		{ "udp", "2001:db8::5", "", "", "six", "six" },
		{ "udp", "unix", "", "", "", "" },
		{ "", "", "", "", "", "" },
		/* Behind a relay: of its own network, unless the row says which relay or door. */
		{ "xa/udp", "10.0.0.10", "xa", "", "", "" },
		{ "agent/udp", "10.0.0.9", "agent", "web01", "agent9", "agent9" },
		{ "xa/udp", "10.7.7.7", "xa", "mail", "claims", "" },
		/* A listener, and one sender behind it: more than what is said of the relay. */
		{ "xb/udp", "10.0.0.10", "xb", "", "xbudp", "xbudp" },
		{ "xb/udp", "10.0.0.9", "xb", "web01", "xb9", "xb9" },
		{ "xb/tcp", "10.0.0.9", "xb", "", "xb", "xb" },
		{ "xb/file:/var/log/a", "", "xb", "", "xbfile", "xbfile" },
		/* Nobody has them by an address, by a name alone, or from another relay. */
		{ "xa/xb/udp", "10.0.0.9", "xa", "", "", "" },
		{ "xa/udp", "10.0.0.9", "xa", "", "", "" },
		{ "xb/udp", "10.0.0.9", "xa", "", "", "" },
		{ "xb/udp", "10.0.0.9", "", "", "", "" },
		{ "file:/var/log/a", "10.7.7.7", "", "", "net8", "net8" },
	};
	struct registry *r = taken("id,from,host,identity,listener\n"
	    "net8,10.0.0.0/8\nnet24,10.0.0.0/24\nnet24tcp,10.0.0.0/24,,,tcp\n"
	    "relay,10.0.0.9\nbehind,10.0.0.9,web01\nagent,,,agent\nagent9,10.0.0.9,,agent\n"
	    "claims,,mail\ndoor,,,,relp\nsix,2001:db8::/32\n"
	    "xb,,,xb\nxbudp,,,,xb/udp\nxb9,10.0.0.9,,,xb/udp\n"
	    "xbfile,,,xb,xb/file:/var/log/a\n");

	for (size_t i = 0; r != NULL && i < sizeof asked / sizeof asked[0]; i++) {
		id_check(r, &asked[i], REGISTRY_CLAIMED, asked[i].claimed);
		id_check(r, &asked[i], REGISTRY_ATTESTED, asked[i].attested);
	}
	registry_free(&r);
	check_int(registry_match(NULL, &(struct registry_sender){ .peer = SPAN("::1") },
	    REGISTRY_CLAIMED), REGISTRY_NONE);
}

static int
class_number(const void *ctx, struct span class)
{
	(void)ctx;
	return span_is(class, "short") ? 3 : -1;
}

static void
classes_get_their_numbers_or_are_refused(void)
{
	struct registry *r = taken("id,from,class\na,10.0.0.1,short\nb,10.0.0.2\n");
	struct why why;

	check(registry_resolve(r, class_number, NULL, &why) == OK);
	check_int(registry_row(r, 0)->class_number, 3);
	check_int(registry_row(r, 1)->class_number, REGISTRY_ANY_CLASS);
	registry_free(&r);
	r = taken("id,from,class\na,10.0.0.1,shrot\n");
	check(registry_resolve(r, class_number, NULL, &why) == ERR_FORMAT);
	check(strstr(why.text, "line 2: class: there is no class shrot") != NULL);
	registry_free(&r);
}

int
main(void)
{
	run(addresses_are_read_as_they_are_written);
	run(networks_have_zeros_behind_their_length);
	run(a_spreadsheet_is_read_with_its_marks);
	run(what_is_wrong_is_said_with_its_line);
	run(rows_beyond_the_limit_are_refused);
	run(a_register_is_written_as_it_is_read);
	run(the_most_specific_row_counts);
	run(classes_get_their_numbers_or_are_refused);
	return check_done();
}
