/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main() for a fuzz target where libFuzzer is not: runs given files, then mutations of them.
 *
 *	fuzz_NAME [-runs=N] [-max_total_time=T] [-seed=S] [-max_len=L] [FILE or DIRECTORY]...
 *
 * The N mutations depend on nothing but the seed and the corpus (files sorted by name): bits
 * flipped, octets changed, inserted, deleted, copied, two entries spliced, integers and digits put
 * in that break careless readers. After T seconds it stops early. The last line is what ./check
 * counts. When an input kills the program, it is written to ./crash-HASH first. Built with
 * -Dfuzz=true by clang, the same targets link libFuzzer instead and this file is empty.
 */
#ifndef FUZZ_LIBFUZZER

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int	LLVMFuzzerInitialize(int *argc, char ***argv) __attribute__((weak));
/* Of the sanitizers, when they are linked in: they end the process without a signal. */
void	__sanitizer_set_death_callback(void (*callback)(void)) __attribute__((weak));
/* Asked for by the sanitizers: undefined behaviour ends the run too. */
const char	*__ubsan_default_options(void);

const char *
__ubsan_default_options(void)
{
	return "halt_on_error=1:abort_on_error=1:print_stacktrace=1";
}

struct input {
	uint8_t *p;
	size_t n;
};

static struct input *corpus;
static size_t ncorpus;
static size_t max_len = 65536;
static uint64_t state;		/* of the pseudo-random sequence */
static unsigned long ninput;

/* What runs now: for the crash file. */
static const uint8_t *now_p;
static size_t now_n;

/* splitmix64 */
static uint64_t
dice(void)
{
	uint64_t z = state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

/* 0 .. n - 1 */
static size_t
pick(size_t n)
{
	return n == 0 ? 0 : (size_t)(dice() % n);
}

/* ---- when it dies ---- */

/* FNV-1a; only names the file. Called from a signal handler: nothing but system calls here. */
static void
crash_save(void)
{
	static const char digit[] = "0123456789abcdef";
	char name[] = "crash-0000000000000000\n";
	uint64_t hash = 0xcbf29ce484222325u;
	ssize_t done;
	int fd;

	for (size_t i = 0; i < now_n; i++)
		hash = (hash ^ now_p[i]) * 0x100000001b3u;
	for (size_t i = 0; i < 16; i++)
		name[6 + i] = digit[hash >> (60 - 4 * i) & 15];
	(void)!write(STDERR_FILENO, "fuzz: input saved as ", 21);
	(void)!write(STDERR_FILENO, name, sizeof name - 1);
	name[sizeof name - 2] = '\0';
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	for (size_t at = 0; fd >= 0 && at < now_n; at += (size_t)done) {
		done = write(fd, now_p + at, now_n - at);
		if (done <= 0)
			break;
	}
	if (fd >= 0)
		(void)close(fd);
}

static void
on_signal(int signal)
{
	crash_save();
	(void)raise(signal);	/* the default action is back: SA_RESETHAND */
}

static void
crash_watch(void)
{
	static const int fatal[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGALRM };
	static uint8_t stack[65536];
	struct sigaction act;
	stack_t alt;

	memset(&alt, 0, sizeof alt);
	alt.ss_sp = stack;
	alt.ss_size = sizeof stack;
	memset(&act, 0, sizeof act);
	act.sa_handler = on_signal;
	act.sa_flags = (int)(SA_RESETHAND | SA_NODEFER | SA_ONSTACK);
	if (__sanitizer_set_death_callback != NULL) {
		__sanitizer_set_death_callback(crash_save);
		(void)sigaction(SIGABRT, &act, NULL);
		(void)sigaction(SIGALRM, &act, NULL);
		return;
	}
	(void)sigaltstack(&alt, NULL);
	for (size_t i = 0; i < sizeof fatal / sizeof fatal[0]; i++)
		(void)sigaction(fatal[i], &act, NULL);
}

/* ---- running ---- */

static void
die(const char *what)
{
	perror(what);
	exit(2);
}

/* In a piece of exactly this size, so that a sanitizer sees the first octet too many. */
static void
run_one(const uint8_t *p, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);

	if (copy == NULL)
		die("malloc");
	if (n > 0)
		memcpy(copy, p, n);
	now_p = copy;
	now_n = n;
	(void)alarm(30);
	(void)LLVMFuzzerTestOneInput(copy, n);
	(void)alarm(0);
	now_n = 0;
	ninput++;
	free(copy);
}

static void
corpus_add(uint8_t *p, size_t n)
{
	corpus = realloc(corpus, (ncorpus + 1) * sizeof *corpus);
	if (corpus == NULL)
		die("realloc");
	corpus[ncorpus++] = (struct input){ p, n };
}

static void
load_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	size_t n = 0, cap = 0, got;
	uint8_t *p = NULL;

	if (file == NULL)
		die(path);
	do {
		if (cap - n < 4096) {
			cap = cap * 2 + 8192;
			p = realloc(p, cap);
			if (p == NULL)
				die("realloc");
		}
		got = fread(p + n, 1, cap - n, file);
		n += got;
	} while (got > 0);
	(void)fclose(file);
	corpus_add(p, n);
}

static void
load(const char *path)
{
	struct dirent **entry;
	struct stat st;
	char name[4096];
	int n;

	if (stat(path, &st) < 0)
		die(path);
	if (!S_ISDIR(st.st_mode)) {
		load_file(path);
		return;
	}
	n = scandir(path, &entry, NULL, alphasort);
	if (n < 0)
		die(path);
	for (int i = 0; i < n; i++) {
		if (entry[i]->d_name[0] != '.') {
			(void)snprintf(name, sizeof name, "%s/%s", path, entry[i]->d_name);
			load(name);
		}
		free(entry[i]);
	}
	free(entry);
}

/* ---- mutations: each changes in->p, which has room for max_len ---- */

static void
mutate_bit(struct input *in)
{
	if (in->n > 0)
		in->p[pick(in->n)] ^= (uint8_t)(1 << pick(8));
}

static void
mutate_octet(struct input *in)
{
	static const char odd[] = "\0\t\n\r \"\\<>[]{}:,=-+.0123456789%/'"
		"\x7f\x80\xc0\xe2\xed\xf4\xff";

	if (in->n > 0)
		in->p[pick(in->n)] = pick(2) ? (uint8_t)odd[pick(sizeof odd - 1)] : (uint8_t)dice();
}

static void
insert(struct input *in, const uint8_t *p, size_t n)
{
	size_t at = pick(in->n + 1);

	if (n > max_len - in->n)
		n = max_len - in->n;
	memmove(in->p + at + n, in->p + at, in->n - at);
	memcpy(in->p + at, p, n);
	in->n += n;
}

static void
mutate_insert(struct input *in)
{
	uint8_t some[16];
	size_t n = 1 + pick(sizeof some);
	bool same = pick(2);

	for (size_t i = 0; i < n; i++)
		some[i] = same && i > 0 ? some[0] : (uint8_t)dice();
	insert(in, some, n);
}

static void
mutate_delete(struct input *in)
{
	size_t at, n;

	if (in->n == 0)
		return;
	at = pick(in->n);
	n = 1 + pick(pick(4) ? 8 : in->n - at);
	if (n > in->n - at)
		n = in->n - at;
	memmove(in->p + at, in->p + at + n, in->n - at - n);
	in->n -= n;
}

/* A piece of itself, or of another entry, once more at some place. */
static void
mutate_copy(struct input *in)
{
	const struct input *from = pick(2) ? in : &corpus[pick(ncorpus)];
	uint8_t some[512];
	size_t at, n;

	if (from->n == 0)
		return;
	at = pick(from->n);
	n = 1 + pick(sizeof some);
	if (n > from->n - at)
		n = from->n - at;
	memcpy(some, from->p + at, n);
	insert(in, some, n);
}

/* The head of this and the tail of another entry. */
static void
mutate_splice(struct input *in)
{
	const struct input *other = &corpus[pick(ncorpus)];
	size_t head = pick(in->n + 1), from = pick(other->n + 1), n = other->n - from;

	if (n > max_len - head)
		n = max_len - head;
	memcpy(in->p + head, other->p + from, n);
	in->n = head + n;
}

/* Over what is there: 1, 2, 4 or 8 octets, either end first. */
static void
mutate_integer(struct input *in)
{
	static const uint64_t odd[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0x8000, 0xffff,
		0x10000, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX,
		(uint64_t)INT64_MIN, UINT64_MAX, 10, 16, 1000, 1024, 4096, 65537 };
	uint64_t v = odd[pick(sizeof odd / sizeof odd[0])] + (uint64_t)pick(3) - 1;
	size_t n = (size_t)1 << pick(4), at;
	bool big = pick(2);

	if (in->n < n)
		return;
	at = pick(in->n - n + 1);
	for (size_t i = 0; i < n; i++)
		in->p[at + i] = (uint8_t)(v >> 8 * (big ? n - 1 - i : i));
}

/* For text formats: a number that is too long, too big, negative. */
static void
mutate_number(struct input *in)
{
	static const char *const odd[] = { "0", "-1", "00", "191", "192", "255", "256", "1000",
		"65535", "65536", "2147483647", "2147483648", "4294967295", "4294967296",
		"9223372036854775807", "9223372036854775808", "18446744073709551615",
		"18446744073709551616", "99999999999999999999999", "1e309", "0.1", "-0", "NaN" };
	const char *text = odd[pick(sizeof odd / sizeof odd[0])];

	insert(in, (const uint8_t *)text, strlen(text));
}

static void
mutate(struct input *in)
{
	static void (*const how[])(struct input *in) = { mutate_bit, mutate_octet, mutate_insert,
		mutate_delete, mutate_copy, mutate_splice, mutate_integer, mutate_number };

	for (size_t n = (size_t)1 << pick(4); n > 0; n--)
		how[pick(sizeof how / sizeof how[0])](in);
}

/* seconds: 0 is for ever. */
static void
run_mutations(unsigned long runs, time_t seconds)
{
	time_t end = time(NULL) + seconds;
	struct input in;
	const struct input *from;

	in.p = malloc(max_len + 1);
	if (in.p == NULL)
		die("malloc");
	for (unsigned long i = 0; i < runs; i++) {
		if (seconds > 0 && i % 64 == 0 && time(NULL) >= end)
			break;
		from = &corpus[pick(ncorpus)];
		in.n = from->n < max_len ? from->n : max_len;
		memcpy(in.p, from->p, in.n);
		mutate(&in);
		run_one(in.p, in.n);
	}
	free(in.p);
}

int
main(int argc, char **argv)
{
	const char *name = strrchr(argv[0], '/');
	static uint8_t none[1];
	unsigned long runs = 0;
	time_t seconds = 0;

	name = name != NULL ? name + 1 : argv[0];
	if (strncmp(name, "fuzz_", 5) == 0)
		name += 5;
	if (LLVMFuzzerInitialize != NULL)
		(void)LLVMFuzzerInitialize(&argc, &argv);
	crash_watch();
	for (int i = 1; i < argc; i++) {
		if (strncmp(argv[i], "-runs=", 6) == 0)
			runs = strtoul(argv[i] + 6, NULL, 10);
		else if (strncmp(argv[i], "-max_total_time=", 16) == 0)
			seconds = (time_t)strtol(argv[i] + 16, NULL, 10);
		else if (strncmp(argv[i], "-seed=", 6) == 0)
			state = strtoul(argv[i] + 6, NULL, 10);
		else if (strncmp(argv[i], "-max_len=", 9) == 0)
			max_len = strtoul(argv[i] + 9, NULL, 10);
		else if (argv[i][0] != '-')
			load(argv[i]);
	}
	for (size_t i = 0; i < ncorpus; i++)
		run_one(corpus[i].p, corpus[i].n);
	if (ncorpus == 0)
		corpus_add(none, 0);
	run_mutations(runs, seconds);
	printf("fuzz %s: %lu inputs\n1 passed, 0 failed, 0 skipped\n", name, ninput);
	return 0;
}

#else
typedef int fuzz_driver_is_empty;
#endif
