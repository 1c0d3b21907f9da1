/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Giving up rights: see sandbox.h. In order: no new privileges (the others rest on it), files
 * (Landlock), capabilities, system calls (last: it forbids the steps before).
 *
 * Landlock by raw system calls, because the C library has none and the headers of Debian 12 know
 * version 1 of 7 only. kernel Documentation/userspace-api/landlock.rst.
 */
#include "sys/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <seccomp.h>

#include "sys/file.h"
#include "sys/sandbox_int.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANDBOX_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANDBOX_SANITIZED 1
#endif
#endif
#ifndef SANDBOX_SANITIZED
#define SANDBOX_SANITIZED 0
#endif

#ifdef __SANITIZE_ADDRESS__
/* The search for leaks at the end traces the process, which no role allows: it would never end. */
static bool entered;

int		__lsan_is_turned_off(void);
int
__lsan_is_turned_off(void)
{
	return entered;
}
#endif

/* ---- Landlock ---- */

/* struct landlock_ruleset_attr as of version 6; the kernel is told how much of it counts. */
struct sandbox_ruleset {
	uint64_t files;
	uint64_t net;
	uint64_t scopes;
};

/* The constants that the headers may lack, with the version that brought them. */
#define FS_REFER (1ull << 13)			/* 2 */
#define FS_TRUNCATE (1ull << 14)		/* 3 */
#define NET_BIND_CONNECT_TCP 3ull		/* 4 */
#define FS_IOCTL_DEV (1ull << 15)		/* 5 */
#define SCOPE_ABSTRACT_UNIX (1ull << 0)		/* 6 */
#define SCOPE_SIGNAL (1ull << 1)		/* 6 */

#define FS_ALL_1 ((1ull << 13) - 1)
#define FS_OF_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | \
	LANDLOCK_ACCESS_FS_EXECUTE | FS_TRUNCATE | FS_IOCTL_DEV)
#define FS_READING (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITING (FS_READING | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_REMOVE_DIR | \
	LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_MAKE_DIR | \
	LANDLOCK_ACCESS_FS_MAKE_REG | FS_REFER | FS_TRUNCATE)

/* 0: not in this kernel, or not switched on. */
static int
sandbox_landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return abi > 0 ? (int)abi : 0;
}

static uint64_t
sandbox_files_known(int abi)
{
	uint64_t known = FS_ALL_1;

	if (abi >= 2)
		known |= FS_REFER;
	if (abi >= 3)
		known |= FS_TRUNCATE;
	if (abi >= 5)
		known |= FS_IOCTL_DEV;
	return known;
}

enum err
sandbox_allow(int ruleset, int fd, uint64_t rights, struct why *why)
{
	struct landlock_path_beneath_attr below;
	struct stat st;

	if (fstat(fd, &st) < 0)
		return why_errno(why, ERR_IO, errno, "cannot allow a directory");
	memset(&below, 0, sizeof below);
	below.parent_fd = fd;
	below.allowed_access = S_ISDIR(st.st_mode) ? rights : rights & FS_OF_FILES;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &below, 0) < 0)
		return why_errno(why, ERR_IO, errno, "cannot allow a directory");
	return OK;
}

static enum err
sandbox_allow_below(int ruleset, const int *dir, unsigned ndir, uint64_t rights, struct why *why)
{
	enum err rc = OK;

	for (unsigned i = 0; rc == OK && i < ndir; i++)
		rc = sandbox_allow(ruleset, dir[i], rights, why);
	return rc;
}

enum err
sandbox_ruleset_make(int *ret_fd, uint64_t *ret_rights, struct why *why)
{
	int abi = sandbox_landlock_abi();
	struct sandbox_ruleset rules = { .files = sandbox_files_known(abi),
	    .scopes = abi >= 6 ? SCOPE_SIGNAL : 0 };

	if (abi == 0)
		return why_set(why, ERR_ABSENT, "the kernel has no Landlock, or it is off");
	*ret_fd = (int)syscall(SYS_landlock_create_ruleset, &rules, abi >= 6 ? sizeof rules :
	    sizeof rules.files, 0);
	if (*ret_fd < 0)
		return why_errno(why, ERR_IO, errno, "cannot make file rules");
	*ret_rights = rules.files;
	return OK;
}

static enum err
sandbox_allow_all(int ruleset, const struct sandbox *s, uint64_t known, struct why *why)
{
	uint64_t writing = FS_WRITING;
	int proc = -1;
	enum err rc;

	if ((s->groups & SANDBOX_NET_OUT) != 0)
		writing |= LANDLOCK_ACCESS_FS_MAKE_SOCK;
	rc = sandbox_allow_below(ruleset, s->read_dir, s->nread_dir, FS_READING & known, why);
	if (rc == OK)
		rc = sandbox_allow_below(ruleset, s->write_dir, s->nwrite_dir, writing & known,
		    why);
	if (rc == OK && SANDBOX_SANITIZED && dir_open(&proc, AT_FDCWD, "/proc", NULL) == OK)
		rc = sandbox_allow_below(ruleset, &proc, 1, FS_READING & known, why);
	file_close(&proc);
	return rc;
}

static enum err
sandbox_files(const struct sandbox *s, int abi, struct why *why)
{
	struct sandbox_ruleset rules = { .files = sandbox_files_known(abi) };
	size_t size = abi >= 6 ? sizeof rules : abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	int fd;
	enum err rc;

	if (abi >= 4 && (s->groups & SANDBOX_NET_OUT) == 0)
		rules.net = NET_BIND_CONNECT_TCP;
	if (abi >= 6 && (s->groups & SANDBOX_NET_OUT) == 0)
		rules.scopes |= SCOPE_ABSTRACT_UNIX;
	if (abi >= 6 && (s->groups & SANDBOX_SPAWN) == 0)
		rules.scopes |= SCOPE_SIGNAL;
	/* Programs may be run where fork and exec are allowed at all. */
	if ((s->groups & SANDBOX_SPAWN) != 0)
		rules.files &= ~(uint64_t)LANDLOCK_ACCESS_FS_EXECUTE;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	if (fd < 0)
		return why_errno(why, ERR_IO, errno, "cannot make file rules");
	rc = sandbox_allow_all(fd, s, rules.files, why);
	if (rc == OK && syscall(SYS_landlock_restrict_self, fd, 0) < 0)
		rc = why_errno(why, ERR_IO, errno, "cannot enforce file rules");
	file_close(&fd);
	return rc;
}

/* ---- capabilities ---- */

static enum err
sandbox_capabilities(struct why *why)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	/* Needs a right that a plain user does not have, who then has none to lose either. */
	for (int cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	memset(data, 0, sizeof data);
	if (syscall(SYS_capset, &head, data) < 0)
		return why_errno(why, ERR_IO, errno, "cannot give up capabilities");
	memset(data, 0xff, sizeof data);
	if (syscall(SYS_capget, &head, data) < 0)
		return why_errno(why, ERR_IO, errno, "cannot read capabilities");
	for (int i = 0; i < 2; i++)
		if ((data[i].effective | data[i].permitted | data[i].inheritable) != 0)
			return why_set(why, ERR_DENIED, "capabilities are still there");
	return OK;
}

/* ---- system calls ---- */

static int
sandbox_add_calls(scmp_filter_ctx filter, const int *call)
{
	int rc = 0;

	for (; rc == 0 && *call != SANDBOX_END; call++) {
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, *call, 0);
		/* Not on this architecture. */
		if (rc == -EDOM)
			rc = 0;
	}
	return rc;
}

static int
sandbox_add_rules(scmp_filter_ctx filter, const struct sandbox_rule *rule)
{
	struct scmp_arg_cmp test;
	uint32_t action;
	uint64_t value;
	int rc = 0;

	for (; rc == 0 && rule->call != SANDBOX_END; rule++) {
		action = rule->error == 0 ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO((uint32_t)rule->error);
		value = rule->value == SANDBOX_OWN_PID ? (uint64_t)getpid() : rule->value;
		test = (struct scmp_arg_cmp){ (unsigned)(rule->argument < 0 ? 0 : rule->argument),
			SCMP_CMP_MASKED_EQ, rule->mask, value };
		rc = seccomp_rule_add_array(filter, action, rule->call,
		    rule->argument < 0 ? 0 : 1, &test);
		if (rc == -EDOM)
			rc = 0;
	}
	return rc;
}

static int
sandbox_fill(scmp_filter_ctx filter, unsigned groups)
{
	const struct sandbox_table *t;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < sandbox_ntable; i++) {
		t = &sandbox_tables[i];
		if ((t->any != 0 && (groups & t->any) == 0) || (groups & t->none) != 0)
			continue;
		if (t->call != NULL)
			rc = sandbox_add_calls(filter, t->call);
		if (rc == 0 && t->rule != NULL)
			rc = sandbox_add_rules(filter, t->rule);
	}
	return rc;
}

static enum err
sandbox_system_calls(const struct sandbox *s, struct why *why)
{
	uint32_t refuse = s->action == SANDBOX_SOFT ? SCMP_ACT_ERRNO(EPERM) :
	    SCMP_ACT_KILL_PROCESS;
	unsigned groups = s->groups;
	scmp_filter_ctx filter;
	int rc;

	if (SANDBOX_SANITIZED)
		groups |= SANDBOX_SANITIZER | SANDBOX_FILE_READ;
	filter = seccomp_init(refuse);
	if (filter == NULL)
		return why_set(why, ERR_IO, "cannot make a system call filter");
	rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
	if (rc == 0)
		rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = sandbox_fill(filter, groups);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc == 0 ? OK : why_errno(why, ERR_IO, -rc, "cannot filter system calls");
}

/* ---- all together ---- */

/* One more thing that this kernel could not do. */
static void
sandbox_lack(struct sandbox_state *state, const char *what, const char *reason)
{
	size_t n = strlen(state->missing);

	(void)snprintf(state->missing + n, sizeof state->missing - n, "%s%s (%s)",
	    n > 0 ? "; " : "", what, reason);
}

/* Rules of Landlock and seccomp bind the thread that asks, and those that it starts later. */
static bool
sandbox_alone(void)
{
	struct stat st;

	return SANDBOX_SANITIZED || stat("/proc/self/task", &st) < 0 || st.st_nlink <= 3;
}

enum err
sandbox_enter(const struct sandbox *s, struct sandbox_state *ret_state, struct why *why)
{
	struct sandbox_state state = { 0 };
	struct why lack;

	if (!sandbox_alone())
		return why_set(why, ERR_DENIED, "cannot enter the sandbox: threads are running");
	state.landlock_abi = sandbox_landlock_abi();
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0)
		state.no_new_privs = true;
	else
		sandbox_lack(&state, "no new privileges", "the kernel refused");
	if (state.landlock_abi == 0)
		sandbox_lack(&state, "file rules", "the kernel has no Landlock, or it is off");
	else if (sandbox_files(s, state.landlock_abi, &lack) == OK)
		state.landlock = true;
	else
		sandbox_lack(&state, "file rules", lack.text);
	if (sandbox_capabilities(&lack) == OK)
		state.no_capabilities = true;
	else
		sandbox_lack(&state, "capabilities", lack.text);
#ifdef __SANITIZE_ADDRESS__
	entered = true;
#endif
	if (sandbox_system_calls(s, &lack) == OK)
		state.seccomp = true;
	else
		sandbox_lack(&state, "system calls", lack.text);
	if (ret_state != NULL)
		*ret_state = state;
	if (s->strict && state.missing[0] != '\0')
		return why_set(why, ERR_DENIED, "the sandbox is not whole: %s", state.missing);
	return OK;
}

void
sandbox_probe(struct sandbox_state *ret_state)
{
	struct sandbox_state state = { 0 };

	state.landlock_abi = sandbox_landlock_abi();
	state.landlock = state.landlock_abi > 0;
	state.no_new_privs = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) >= 0;
	/* With no filter given the kernel says EFAULT when it knows filters. */
	state.seccomp = prctl(PR_SET_SECCOMP, 2, NULL, 0, 0) < 0 && errno == EFAULT;
	state.no_capabilities = true;
	if (!state.landlock)
		sandbox_lack(&state, "file rules", "the kernel has no Landlock, or it is off");
	if (!state.seccomp)
		sandbox_lack(&state, "system calls", "the kernel has no seccomp filters");
	*ret_state = state;
}
