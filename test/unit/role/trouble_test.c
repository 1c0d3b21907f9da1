/* SPDX-License-Identifier: Apache-2.0 */
/* role/trouble.c: what curl, OpenSSL and desks say, told apart. */
#include <curl/curl.h>
#include <errno.h>

#include "check.h"
#include "role/trouble.h"

static enum trouble
of(struct trouble_seen seen)
{
	return trouble_of(&seen);
}

static enum trouble
of_text(const char *text)
{
	return of((struct trouble_seen){ .code = CURLE_RECV_ERROR, .text = text });
}

static void
alerts_of_tls_are_known_by_their_numbers(void)
{
	struct trouble_seen expired = { .code = CURLE_RECV_ERROR, .now_s = 100, .until_s = 99,
	    .text = "OpenSSL SSL_read: error:0A000415:SSL routines::x, errno 0" };

	check_int(of_text("OpenSSL SSL_read: error:0A000414:SSL routines::sslv3 alert certificate "
	    "revoked, errno 0"), TROUBLE_REVOKED);
	check_int(of_text("error:0A000414:SSL routines::ssl/tls alert certificate revoked"),
	    TROUBLE_REVOKED);
	check_int(of_text("error:0A000418:SSL routines::tlsv1 alert unknown ca"),
	    TROUBLE_UNKNOWN);
	check_int(of_text("error:0A00045C:SSL routines::tlsv13 alert certificate required"),
	    TROUBLE_UNSHOWN);
	check_int(of_text("error:0A000412:SSL routines::sslv3 alert bad certificate"),
	    TROUBLE_UNFIT);
	check_int(of_text("error:0A00010B:SSL routines::wrong version number"), TROUBLE_NO_DESK);
	check_int(of(expired), TROUBLE_EXPIRED);
	expired.until_s = 101;
	check_int(of(expired), TROUBLE_CLOCK);
	check_int(of_text("error:0A000126:SSL routines::unexpected eof"), TROUBLE_OTHER);
	check_int(of_text("error:"), TROUBLE_OTHER);
	check_int(of_text("Connection reset by peer"), TROUBLE_OTHER);
	check_int(of_text(NULL), TROUBLE_OTHER);
}

static void
the_desks_own_certificate_is_told_by_what_was_wrong_with_it(void)
{
	static const struct { long verify; enum trouble is; } row[] = {
		{ 0, TROUBLE_DESK_NAME }, { 1, TROUBLE_DESK_NAME }, { 62, TROUBLE_DESK_NAME },
		{ 9, TROUBLE_CLOCK }, { 10, TROUBLE_DESK_EXPIRED }, { 2, TROUBLE_DESK_UNKNOWN },
		{ 18, TROUBLE_DESK_UNKNOWN }, { 19, TROUBLE_DESK_UNKNOWN },
		{ 20, TROUBLE_DESK_UNKNOWN }, { 21, TROUBLE_DESK_UNKNOWN }, { 26, TROUBLE_OTHER },
	};

	for (size_t i = 0; i < sizeof row / sizeof row[0]; i++)
		check_int(of((struct trouble_seen){ .code = CURLE_PEER_FAILED_VERIFICATION,
		    .verify = row[i].verify, .text = "SSL certificate problem" }), row[i].is);
}

static void
the_way_is_told_by_how_far_it_went(void)
{
	check_int(of((struct trouble_seen){ .code = CURLE_COULDNT_RESOLVE_HOST }), TROUBLE_NO_NAME);
	check_int(of((struct trouble_seen){ .code = CURLE_COULDNT_CONNECT,
	    .os_error = ECONNREFUSED }), TROUBLE_CLOSED);
	check_int(of((struct trouble_seen){ .code = CURLE_COULDNT_CONNECT,
	    .os_error = EHOSTUNREACH }), TROUBLE_AWAY);
	check_int(of((struct trouble_seen){ .code = CURLE_COULDNT_CONNECT, .proxied = true,
	    .os_error = ECONNREFUSED }), TROUBLE_PROXY);
	check_int(of((struct trouble_seen){ .code = CURLE_OPERATION_TIMEDOUT }), TROUBLE_AWAY);
	check_int(of((struct trouble_seen){ .code = CURLE_COULDNT_RESOLVE_PROXY }), TROUBLE_PROXY);
	check_int(of((struct trouble_seen){ .status = 503 }), TROUBLE_WAIT);
	check_int(of((struct trouble_seen){ .status = 429 }), TROUBLE_WAIT);
	check_int(of((struct trouble_seen){ .status = 401 }), TROUBLE_UNSHOWN);
	check_int(of((struct trouble_seen){ .status = 200 }), TROUBLE_NO_DESK);
	check_int(of((struct trouble_seen){ .status = 500 }), TROUBLE_ERROR);
}

static void
each_has_a_word_of_its_own_and_sentences_in_both_languages(void)
{
	for (unsigned i = 0; i < TROUBLE_END; i++) {
		const struct trouble_row *row = trouble_row((enum trouble)i);

		check_int(trouble_named(span_str(row->word)), i);
		check((row->vi[0] != '\0') == (i != TROUBLE_NONE));
		check((row->en[0] != '\0') == (i != TROUBLE_NONE));
		check((row->do_vi[0] != '\0') == (row->do_en[0] != '\0'));
		check((row->do_en[0] != '\0') == (i > TROUBLE_FIRST));
	}
	check_int(trouble_named(SPAN("")), TROUBLE_OTHER);
	check_int(trouble_named(SPAN("from another version")), TROUBLE_OTHER);
}

static void
names_are_put_into_what_to_do(void)
{
	struct buf out = { 0 };

	trouble_todo(&out, "invite {name} at {to}{", SPAN("xa-phu-my"), SPAN("https://d"));
	check_span(buf_span(&out), SPAN("invite xa-phu-my at https://d{"));
	out.n = 0;
	trouble_todo(&out, "{name}", SPAN(""), SPAN(""));
	check_span(buf_span(&out), SPAN("NAME"));
	buf_done(&out);
}

int
main(void)
{
	run(alerts_of_tls_are_known_by_their_numbers);
	run(the_desks_own_certificate_is_told_by_what_was_wrong_with_it);
	run(the_way_is_told_by_how_far_it_went);
	run(each_has_a_word_of_its_own_and_sentences_in_both_languages);
	run(names_are_put_into_what_to_do);
	return check_done();
}
