/* SPDX-License-Identifier: Apache-2.0 */
/* See admit.h. */
#include "ca/admit.h"

/* Of a password that nobody knows, with the parameters of secret_hash(). */
static const char nobody[SECRET_HASH_BYTES] = "$argon2id$v=19$m=65536,t=2,p=1$"
    "AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static bool
is_locked(struct person *p, const struct admit_rules *rules, int64_t now_s)
{
	if (p->locked_s == 0)
		return false;
	if (p->locked_s > now_s)
		p->locked_s = now_s;
	if (now_s - p->locked_s < rules->lock_s)
		return true;
	p->locked_s = 0;
	p->failed = 0;
	return false;
}

bool
admit_wrong(struct person *person, const struct admit_rules *rules, int64_t now_s)
{
	if (++person->failed < (uint64_t)rules->failures)
		return false;
	person->failed = 0;
	person->locked_s = now_s;
	return true;
}

static enum admit
failed(struct person *p, const struct admit_rules *rules, enum admit what, int64_t now_s)
{
	(void)admit_wrong(p, rules, now_s);
	return what;
}

enum admit
admit_try(struct person *person, const struct admit_rules *rules, struct span password,
    struct span code, int64_t now_s)
{
	bool good = secret_is(person->hash, password);

	if (person->disabled)
		return ADMIT_DISABLED;
	if (is_locked(person, rules, now_s))
		return ADMIT_LOCKED;
	if (!good)
		return failed(person, rules, ADMIT_NOT_PASSWORD, now_s);
	if (person->once_until_s != 0 && now_s >= person->once_until_s)
		return ADMIT_ONCE_OVER;
	if (person->has_code && !totp_check(person->seed, code, now_s, person->step,
	    &person->step))
		return failed(person, rules, ADMIT_NOT_CODE, now_s);
	person->failed = 0;
	person->used_s = now_s;
	return ADMIT_GOOD;
}

void
admit_nobody(struct span password)
{
	(void)secret_is(nobody, password);
}

const char *
admit_text(enum admit admit)
{
	static const char *const text[] = {
		[ADMIT_GOOD] = "", [ADMIT_NOT_PASSWORD] = "wrong password",
		[ADMIT_NOT_CODE] = "wrong code", [ADMIT_LOCKED] = "locked",
		[ADMIT_DISABLED] = "disabled",
		[ADMIT_ONCE_OVER] = "the password given out is too old",
	};

	return text[admit];
}

int64_t
admit_password(const struct person *person, const struct admit_rules *rules)
{
	return person->no_code ? rules->password_alone : rules->password_coded;
}

int64_t
admit_idle(const struct person *person, const struct admit_rules *rules)
{
	return (person->roles & PEOPLE_ADMIN) != 0 ? rules->idle_admin_s : rules->idle_s;
}
