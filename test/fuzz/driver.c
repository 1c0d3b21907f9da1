/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main() of every fuzzer: feeds the corpus files, then mutations of them, to
 * LLVMFuzzerTestOneInput. With -Dfuzz=true it hands over to clang's libFuzzer, which sees
 * coverage; without, it is a plain program that any compiler builds and that gives the same
 * inputs for the same seed. Both take the same words:
 *
 *	fuzz_x [-runs=N] [-max_total_time=S] [-seed=N] [-max_len=N] [-dict=FILE] FILE|FOLDER...
 *
 * An input that ends the process is written to crash-HASH in $FUZZ_CRASHES (else where we
 * stand); give that file as the only argument to see it again. Owns its whole process; never
 * opens anything but the files named. UNSAFE: pointer arithmetic, on arrays that it made.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifdef FUZZ_LIBFUZZER

int	LLVMFuzzerRunDriver(int *argc, char ***argv,
	    int (*callback)(const uint8_t *data, size_t size));

int
main(int argc, char **argv)
{
	int rc = LLVMFuzzerRunDriver(&argc, &argv, LLVMFuzzerTestOneInput);

	printf("%d passed, %d failed, 0 skipped\n", rc == 0, rc != 0);
	return rc;
}

#else

#include "base/must.h"

enum { ENTRY_MAX = 4096, WORD_MAX = 256, WORD_BYTES = 64 };

struct entry {
	uint8_t *p;		/* heap; one owner: corpus[] */
	size_t n;
};

static struct entry corpus[ENTRY_MAX];
static size_t ncorpus;
static uint8_t word[WORD_MAX][WORD_BYTES];
static size_t word_n[WORD_MAX], nword;
static uint64_t dice = 1;
static size_t max_len = 4096;

/* What is being tried now, for crash_save(): plain values that a signal handler may read. */
static const uint8_t *volatile now_p;
static volatile size_t now_n;

/* The weak ones exist in the sanitizer build only. */
__attribute__((weak)) void	__sanitizer_set_death_callback(void (*callback)(void));

/* xorshift64*: same numbers everywhere for the same seed. */
static uint64_t
roll(void)
{
	dice ^= dice >> 12;
	dice ^= dice << 25;
	dice ^= dice >> 27;
	return dice * 0x2545f4914f6cdd1dU;
}

static size_t
roll_below(size_t n)
{
	return n > 0 ? (size_t)(roll() % n) : 0;
}

/* Writes the current input once; only calls that are safe in a signal handler. */
static void
crash_save(void)
{
	static const char hex[] = "0123456789abcdef";
	static char name[4096];
	const char *dir = getenv("FUZZ_CRASHES");
	uint64_t h = 14695981039346656037U;
	size_t at = 0;
	int fd;

	if (now_p == NULL)
		return;
	for (size_t i = 0; i < now_n; i++)
		h = (h ^ now_p[i]) * 1099511628211U;
	for (; dir != NULL && dir[at] != '\0' && at < sizeof name - 32; at++)
		name[at] = dir[at];
	if (at > 0)
		name[at++] = '/';
	memcpy(name + at, "crash-", 6);
	at += 6;
	for (int i = 0; i < 16; i++, h <<= 4)
		name[at++] = hex[h >> 60];
	name[at] = '\0';
	fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return;
	if (write(fd, now_p, now_n) == (ssize_t)now_n) {
		(void)!write(2, "input saved: ", 13);
		(void)!write(2, name, at);
		(void)!write(2, "\n", 1);
	}
	close(fd);
	now_p = NULL;
}

static void
crash_signal(int number)
{
	crash_save();
	signal(number, SIG_DFL);
	raise(number);
}

static void
crash_watch(void)
{
	static const int number[] = { SIGABRT, SIGALRM, SIGSEGV, SIGBUS, SIGFPE, SIGILL };
	size_t end = sizeof number / sizeof number[0];

	if (__sanitizer_set_death_callback != NULL) {
		__sanitizer_set_death_callback(crash_save);
		end = 2;	/* the sanitizer itself reports the others */
	}
	for (size_t i = 0; i < end; i++)
		signal(number[i], crash_signal);
}

/* A copy of exact size, so that the sanitizer sees the first octet read too far. */
static void
try_input(const uint8_t *p, size_t n)
{
	uint8_t *copy = xmemdup(p, n);

	now_n = n;
	now_p = copy;
	alarm(20);		/* one input that takes longer is a finding */
	(void)LLVMFuzzerTestOneInput(copy, n);
	now_p = NULL;
	free(copy);
}

static void
corpus_add(const char *path)
{
	FILE *f = fopen(path, "rb");
	struct entry e = { 0 };
	size_t got;

	if (f == NULL) {
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
		exit(2);
	}
	if (ncorpus == ENTRY_MAX) {
		fclose(f);
		return;
	}
	do {
		e.p = xrealloc(e.p, e.n + 65536);
		got = fread(e.p + e.n, 1, 65536, f);
		e.n += got;
	} while (got > 0);
	fclose(f);
	corpus[ncorpus++] = e;
}

static int
visible(const struct dirent *d)
{
	return d->d_name[0] != '.';
}

static int
path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static void
corpus_add_path(const char *path)
{
	struct dirent **name = NULL;
	int n;

	if (!path_is_dir(path)) {
		corpus_add(path);
		return;
	}
	n = scandir(path, &name, visible, alphasort);
	if (n < 0) {
		fprintf(stderr, "cannot read folder %s: %s\n", path, strerror(errno));
		exit(2);
	}
	for (int i = 0; i < n; i++) {
		char full[4096];

		(void)snprintf(full, sizeof full, "%s/%s", path, name[i]->d_name);
		corpus_add(full);
		free(name[i]);
	}
	free(name);
}

static int
hex_digit(char c)
{
	const char *at = c != '\0' ? strchr("0123456789abcdef", c | 0x20) : NULL;

	return at != NULL ? (int)(at - "0123456789abcdef") : -1;
}

/* A dictionary line as libFuzzer reads it: name="text", with \\ \" \xAB. */
static void
dict_line(const char *line)
{
	const char *s = strchr(line, '"');
	size_t n = 0;

	if (line[0] == '#' || s == NULL || nword == WORD_MAX)
		return;
	for (s++; *s != '\0' && *s != '"' && n < WORD_BYTES; s++) {
		if (s[0] == '\\' && s[1] == 'x' && hex_digit(s[2]) >= 0 && hex_digit(s[3]) >= 0) {
			word[nword][n++] = (uint8_t)(hex_digit(s[2]) << 4 | hex_digit(s[3]));
			s += 3;
			continue;
		}
		if (s[0] == '\\' && s[1] != '\0')
			s++;
		word[nword][n++] = (uint8_t)*s;
	}
	word_n[nword] = n;
	nword += n > 0;
}

static void
dict_read(const char *path)
{
	char line[1024];
	FILE *f = fopen(path, "r");

	if (f == NULL) {
		fprintf(stderr, "cannot open %s: %s\n", path, strerror(errno));
		exit(2);
	}
	while (fgets(line, sizeof line, f) != NULL)
		dict_line(line);
	fclose(f);
}

/* Opens a hole of n octets at `at`; shortens n when there is no room. */
static size_t
hole_open(uint8_t *p, size_t *len, size_t at, size_t n)
{
	if (n > max_len - *len)
		n = max_len - *len;
	memmove(p + at + n, p + at, *len - at);
	*len += n;
	return n;
}

static void
mutate_number(uint8_t *p, size_t *len)
{
	static const uint64_t edge[] = { 0, 1, 0x7f, 0x80, 0xff, 0x100, 0x7fff, 0xffff, 0x10000,
	    0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, INT64_MAX, UINT64_MAX };
	uint64_t v = edge[roll_below(sizeof edge / sizeof edge[0])];
	size_t n = (size_t)1 << roll_below(4);
	size_t at = roll_below(*len + 1);

	if (roll_below(3) == 0) {
		char text[24];
		size_t digits = (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)v);

		n = hole_open(p, len, at, digits);
		memcpy(p + at, text, n);
		return;
	}
	for (size_t i = 0; i < n && at + i < *len; i++, v >>= 8)
		p[at + i] = (uint8_t)v;
}

/* Takes a piece of another entry and puts it in here. */
static void
mutate_splice(uint8_t *p, size_t *len)
{
	const struct entry *e = &corpus[roll_below(ncorpus)];
	size_t from = roll_below(e->n), n = 1 + roll_below(64);
	size_t at = roll_below(*len + 1);

	if (e->n == 0)
		return;
	if (n > e->n - from)
		n = e->n - from;
	n = hole_open(p, len, at, n);
	memcpy(p + at, e->p + from, n);
}

static void
mutate_repeat(uint8_t *p, size_t *len)
{
	uint8_t piece[64];
	size_t at = roll_below(*len), n = 1 + roll_below(sizeof piece);

	if (*len == 0)
		return;
	if (n > *len - at)
		n = *len - at;
	memcpy(piece, p + at, n);
	for (size_t times = 1 + roll_below(8); times > 0; times--) {
		size_t got = hole_open(p, len, at, n);

		memcpy(p + at, piece, got);
	}
}

static void
mutate_cut(uint8_t *p, size_t *len)
{
	size_t at = roll_below(*len), n = 1 + roll_below(32);

	if (roll_below(8) == 0)
		n = *len;
	if (n > *len - at)
		n = *len - at;
	memmove(p + at, p + at + n, *len - at - n);
	*len -= n;
}

static void
mutate_word(uint8_t *p, size_t *len)
{
	size_t i = roll_below(nword), at = roll_below(*len + 1);
	size_t n = hole_open(p, len, at, word_n[i]);

	memcpy(p + at, word[i], n);
}

static void
mutate(uint8_t *p, size_t *len)
{
	size_t at = roll_below(*len);

	switch (roll_below(nword > 0 ? 8 : 7)) {
	case 0:
		if (*len > 0)
			p[at] ^= (uint8_t)(1U << roll_below(8));
		break;
	case 1:
		if (*len > 0)
			p[at] = (uint8_t)roll();
		break;
	case 2:
		if (hole_open(p, len, at, 1) == 1)
			p[at] = (uint8_t)roll();
		break;
	case 3:
		mutate_cut(p, len);
		break;
	case 4:
		mutate_number(p, len);
		break;
	case 5:
		mutate_splice(p, len);
		break;
	case 6:
		mutate_repeat(p, len);
		break;
	default:
		mutate_word(p, len);
		break;
	}
}

static unsigned long long
fuzz(unsigned long long runs, time_t seconds)
{
	uint8_t *work = xmalloc(max_len);
	time_t end = time(NULL) + seconds;
	unsigned long long done = 0;

	for (; done < runs; done++) {
		const struct entry *e = &corpus[roll_below(ncorpus)];
		size_t n = e->n < max_len ? e->n : max_len;

		if (seconds > 0 && done % 64 == 0 && time(NULL) >= end)
			break;
		memcpy(work, e->p, n);
		for (size_t i = 1 + roll_below(6); i > 0; i--)
			mutate(work, &n);
		try_input(work, n);
	}
	free(work);
	return done;
}

static const char *
option(const char *arg, const char *name)
{
	size_t n = strlen(name);

	return strncmp(arg, name, n) == 0 ? arg + n : NULL;
}

int
main(int argc, char **argv)
{
	unsigned long long runs = 20000, done = 0;
	time_t seconds = 0;
	const char *v;

	crash_watch();
	corpus[ncorpus++] = (struct entry){ xcalloc(1, 1), 0 };
	for (int i = 1; i < argc; i++) {
		if ((v = option(argv[i], "-runs=")) != NULL)
			runs = strtoull(v, NULL, 10);
		else if ((v = option(argv[i], "-max_total_time=")) != NULL)
			seconds = (time_t)strtoll(v, NULL, 10);
		else if ((v = option(argv[i], "-seed=")) != NULL)
			dice = strtoull(v, NULL, 10) | 1;
		else if ((v = option(argv[i], "-max_len=")) != NULL)
			max_len = strtoull(v, NULL, 10);
		else if ((v = option(argv[i], "-dict=")) != NULL)
			dict_read(v);
		else if (argv[i][0] != '-')
			corpus_add_path(argv[i]);
	}
	for (size_t i = 0; i < ncorpus; i++)
		try_input(corpus[i].p, corpus[i].n);
	/* One file alone is a crash to be looked at: it is tried and nothing else. */
	if (argc != 2 || argv[1][0] == '-' || path_is_dir(argv[1]))
		done = fuzz(runs, seconds);
	printf("%zu files, %llu mutations\n1 passed, 0 failed, 0 skipped\n", ncorpus - 1, done);
	return 0;
}

#endif
