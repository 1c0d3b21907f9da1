/* SPDX-License-Identifier: Apache-2.0 */
/* Tests ca/secret.c: passwords, and random secrets as text. */
#include "check.h"

#include "ca/secret.h"

static void
a_hash_is_of_one_password_and_has_its_parameters(void)
{
	char one[SECRET_HASH_BYTES], two[SECRET_HASH_BYTES];

	secret_hash(one, SPAN("mật khẩu của tôi"));
	secret_hash(two, SPAN("mật khẩu của tôi"));
	check(span_starts(span_str(one), SPAN("$argon2id$v=19$m=65536,t=2,p=1$")));
	check(!span_eq(span_str(one), span_str(two)));
	check(secret_is(one, SPAN("mật khẩu của tôi")) && secret_is(two, SPAN("mật khẩu của tôi")));
	check(!secret_is(one, SPAN("mật khẩu của tồi")) && !secret_is(one, SPAN("")));
	check(!secret_is("", SPAN("")) && !secret_is("x", SPAN("x")));
}

static void
random_secrets_are_written_whole(void)
{
	static const uint8_t random[SECRET_RANDOM_BYTES] = { 0x01, 0xab, [31] = 0xf0 };
	uint8_t digest[SECRET_DIGEST_BYTES];
	struct buf out = { 0 };

	secret_put(&out, "tbk_", random);
	check_int(out.n, 4 + 64);
	check_span(span_sub(buf_span(&out), 0, 8), SPAN("tbk_01ab"));
	check_span(span_sub(buf_span(&out), 66, 2), SPAN("f0"));
	out.n = 0;
	secret_once_put(&out, random);
	check_span(buf_span(&out), SPAN("agvq-aaaa-aaaa-aaaa"));
	secret_digest(digest, SPAN("abc"));
	check(digest[0] == 0xba && digest[31] == 0xad);
	buf_done(&out);
}

static void
a_password_is_counted_in_characters(void)
{
	static const uint8_t raw[] = { 'a', 'b', 0xff, 'c' };
	char many[258];

	check(secret_is_password(SPAN("12345678"), 8) && !secret_is_password(SPAN("1234567"), 8));
	check(secret_is_password(SPAN("ổ khóa ở"), 8) && !secret_is_password(SPAN("ổ khóa"), 8));
	check(!secret_is_password(SPAN("1234567\n9"), 8));
	check(!secret_is_password(span_of(raw, sizeof raw), 1));
	memset(many, 'a', sizeof many);
	check(secret_is_password(span_of(many, 256), 8) &&
	    !secret_is_password(span_of(many, 257), 8));
}

int
main(void)
{
	secret_init();
	run(a_hash_is_of_one_password_and_has_its_parameters);
	run(random_secrets_are_written_whole);
	run(a_password_is_counted_in_characters);
	return check_done();
}
