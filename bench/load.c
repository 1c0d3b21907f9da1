/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sender for the benches: the lines of a file, as fast as the other side takes them, over one
 * way in. Prints "name value unit" lines: rate, and for the ways with an answer the latency from
 * the last octet written to the answer read.
 *
 *	load tcp  ADDRESS PORT FILE COUNT            newline framing, no answers
 *	load relp ADDRESS PORT FILE COUNT WINDOW
 *	load http ADDRESS PORT FILE COUNT LINES-PER-POST CONNECTIONS PATH
 *	load bodies ADDRESS PORT FILE COUNT LINES-PER-POST CONNECTIONS PATH TYPE
 *						FILE: bodies, each behind its length and a newline
 *	load udp  ADDRESS PORT FILE COUNT
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { BLOCK = 1 << 18, CONNECTIONS_MAX = 64, LATENCY_MAX = 1 << 22 };

static const char *text, *text_end;
static const char *next_line;
static double *latency;
static size_t nlatency;

static void
fail(const char *what)
{
	perror(what);
	exit(3);
}

static double
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void
file_map(const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || fstat(fd, &st) != 0 || st.st_size == 0)
		fail(path);
	text = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, fd, 0);
	if (text == MAP_FAILED)
		fail("mmap");
	text_end = text + st.st_size;
	next_line = text;
	(void)close(fd);
}

/* The next line without its newline; begins again at the end of the file. */
static const char *
line(size_t *n)
{
	const char *from = next_line, *lf;

	if (from >= text_end)
		from = text;
	lf = memchr(from, '\n', (size_t)(text_end - from));
	if (lf == NULL)
		lf = text_end;
	*n = (size_t)(lf - from);
	next_line = lf + 1;
	return from;
}

static int
dial(const char *address, const char *port, int type)
{
	struct sockaddr_in to = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)strtoul(port, NULL, 10)) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), one = 1;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1)
		fail("address");
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0)
		fail("connect");
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	return fd;
}

static void
write_all(int fd, const char *p, size_t n)
{
	while (n > 0) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno != EINTR)
			fail("write");
		if (w > 0) {
			p += w;
			n -= (size_t)w;
		}
	}
}

static void
latency_add(double s)
{
	if (nlatency < LATENCY_MAX)
		latency[nlatency++] = s;
}

static int
by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void
report(const char *what, size_t count, double seconds)
{
	struct rusage u;

	(void)getrusage(RUSAGE_SELF, &u);
	(void)printf("%s.rate %.0f msg/s\n", what, (double)count / seconds);
	(void)printf("%s.seconds %.3f s\n", what, seconds);
	(void)printf("%s.sender_cpu %.3f s\n", what, (double)u.ru_utime.tv_sec +
	    (double)u.ru_stime.tv_sec + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6);
	if (nlatency == 0)
		return;
	qsort(latency, nlatency, sizeof *latency, by_value);
	(void)printf("%s.ack_p50_ms %.2f ms\n", what, latency[nlatency / 2] * 1e3);
	(void)printf("%s.ack_p99_ms %.2f ms\n", what, latency[nlatency * 99 / 100] * 1e3);
	(void)printf("%s.ack_max_ms %.2f ms\n", what, latency[nlatency - 1] * 1e3);
}

static void
run_tcp(int fd, size_t count)
{
	static char block[BLOCK + (1 << 20)];
	size_t have = 0;

	for (size_t i = 0; i < count; i++) {
		size_t n;
		const char *p = line(&n);

		if (n >= 1 << 20)
			continue;
		memcpy(block + have, p, n);
		have += n;
		block[have++] = '\n';
		if (have >= BLOCK) {
			write_all(fd, block, have);
			have = 0;
		}
	}
	write_all(fd, block, have);
	(void)shutdown(fd, SHUT_WR);
	while (read(fd, block, sizeof block) > 0)
		;
}

static void
run_udp(int fd, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		size_t n;
		const char *p = line(&n);

		(void)send(fd, p, n, 0);
	}
}

/* ---- RELP ---- */

struct relp {
	int fd;
	char in[1 << 16];
	size_t nin;
	size_t acked;
	double *sent;
	size_t window;
};

/* Counts whole "TXNR rsp LEN ...\n" answers in the buffer. */
static void
relp_scan(struct relp *r)
{
	char *at = r->in, *end = r->in + r->nin;

	for (;;) {
		char *len, *data;
		unsigned long txnr = strtoul(at, &len, 10), n;

		if (len + 5 >= end || memcmp(len, " rsp ", 5) != 0)
			break;
		n = strtoul(len + 5, &data, 10);
		if (data + (n > 0 ? n + 2 : 1) > end)
			break;
		at = data + (n > 0 ? n + 2 : 1);
		latency_add(now() - r->sent[txnr % r->window]);
		r->acked++;
	}
	r->nin = (size_t)(end - at);
	memmove(r->in, at, r->nin);
	r->in[r->nin] = '\0';
}

static void
relp_read(struct relp *r, bool wait)
{
	ssize_t n = recv(r->fd, r->in + r->nin, sizeof r->in - 1 - r->nin, wait ? 0 : MSG_DONTWAIT);

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		fail("relp: connection ended");
	if (n > 0) {
		r->nin += (size_t)n;
		r->in[r->nin] = '\0';
		relp_scan(r);
	}
}

static void
run_relp(int fd, size_t count, size_t window)
{
	static const char offer[] = "relp_version=0\nrelp_software=load\ncommands=syslog";
	static char block[BLOCK + (1 << 20)];
	struct relp r = { .fd = fd, .window = window };
	size_t have;

	r.sent = calloc(window, sizeof *r.sent);
	have = (size_t)snprintf(block, sizeof block, "1 open %zu %s\n", sizeof offer - 1, offer);
	write_all(fd, block, have);
	while (r.acked == 0)
		relp_read(&r, true);
	nlatency = 0;
	have = 0;
	for (size_t i = 0; i < count; i++) {
		size_t n;
		const char *p = line(&n);

		while (i + 2 - r.acked > window) {
			if (have > 0)
				write_all(fd, block, have);
			have = 0;
			relp_read(&r, true);
		}
		r.sent[(i + 2) % window] = now();
		have += (size_t)snprintf(block + have, 64, "%zu syslog %zu ", i + 2, n);
		memcpy(block + have, p, n);
		have += n;
		block[have++] = '\n';
		if (have >= BLOCK / 8) {
			write_all(fd, block, have);
			have = 0;
			relp_read(&r, false);
		}
	}
	write_all(fd, block, have);
	while (r.acked < count + 1)
		relp_read(&r, true);
}

/* ---- HTTP ---- */

struct post {
	int fd;
	double sent;
	char in[4096];
	size_t nin;
	size_t left;		/* octets of an answer's body that are still to come */
	size_t lines;
};

static char *body;
static bool framed;
static const char *type = "application/x-ndjson";

/* The file's next body, as it is. */
static size_t
body_take(void)
{
	const char *at = next_line < text_end ? next_line : text;
	char *from;
	size_t n = strtoul(at, &from, 10);

	if (n > 64 << 20 || (size_t)(text_end - from) <= n)
		fail("a body's length");
	memcpy(body, from + 1, n);
	next_line = from + 1 + n;
	return n;
}

static size_t
body_make(size_t lines)
{
	size_t have = 0;

	if (framed)
		return body_take();
	for (size_t i = 0; i < lines; i++) {
		size_t n;
		const char *p = line(&n);

		if (have + n + 2 > 64 << 20)
			break;
		memcpy(body + have, p, n);
		have += n;
		body[have++] = '\n';
	}
	return have;
}

static void
post_send(struct post *c, const char *path, size_t lines)
{
	char head[512];
	size_t n = body_make(lines);
	int h = snprintf(head, sizeof head, "POST %s HTTP/1.1\r\nHost: x\r\n"
	    "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n", path, type, n);

	write_all(c->fd, head, (size_t)h);
	write_all(c->fd, body, n);
	c->lines = lines;
	c->nin = 0;
	c->sent = now();
}

/* True once the whole answer is there. Our own servers send Content-Length or nothing. */
static bool
post_answer(struct post *c)
{
	ssize_t n = read(c->fd, c->in + c->nin, sizeof c->in - 1 - c->nin);
	char *end, *len;
	size_t want, have;

	if (n <= 0)
		fail("http: connection ended");
	if (c->left > 0) {
		c->left -= (size_t)n;
		return c->left == 0;
	}
	c->nin += (size_t)n;
	c->in[c->nin] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (end == NULL)
		return false;
	if (memcmp(c->in + 9, "20", 2) != 0) {
		(void)fprintf(stderr, "http: %.60s\n", c->in);
		exit(3);
	}
	len = strcasestr(c->in, "content-length:");
	want = len != NULL && len < end ? strtoul(len + 15, NULL, 10) : 0;
	have = (size_t)(c->in + c->nin - (end + 4));
	c->left = want > have ? want - have : 0;
	c->nin = 0;
	return c->left == 0;
}

static void
run_http(const char *address, const char *port, size_t count, size_t lines, unsigned connections,
    const char *path)
{
	static struct post conn[CONNECTIONS_MAX];
	struct pollfd set[CONNECTIONS_MAX];
	size_t sent = 0, done = 0;

	body = malloc((64 << 20) + 4096);
	for (unsigned i = 0; i < connections; i++) {
		conn[i].fd = dial(address, port, SOCK_STREAM);
		set[i] = (struct pollfd){ .fd = conn[i].fd, .events = POLLIN };
		if (sent < count) {
			post_send(&conn[i], path, lines);
			sent += lines;
		}
	}
	while (done < sent) {
		if (poll(set, connections, -1) < 0)
			fail("poll");
		for (unsigned i = 0; i < connections; i++) {
			if ((set[i].revents & (POLLIN | POLLHUP)) == 0 || !post_answer(&conn[i]))
				continue;
			latency_add(now() - conn[i].sent);
			done += conn[i].lines;
			conn[i].lines = 0;
			if (sent < count) {
				post_send(&conn[i], path, lines);
				sent += lines;
			}
		}
	}
}

int
main(int argc, char **argv)
{
	double from;
	size_t count;

	if (argc < 6) {
		(void)fprintf(stderr, "load tcp|udp|relp|http|bodies ADDRESS PORT FILE COUNT "
		    "[...]\n");
		return 2;
	}
	file_map(argv[4]);
	count = strtoul(argv[5], NULL, 10);
	latency = malloc(sizeof *latency * LATENCY_MAX);
	from = now();
	if (strcmp(argv[1], "tcp") == 0)
		run_tcp(dial(argv[2], argv[3], SOCK_STREAM), count);
	else if (strcmp(argv[1], "udp") == 0)
		run_udp(dial(argv[2], argv[3], SOCK_DGRAM), count);
	else if (strcmp(argv[1], "relp") == 0 && argc > 6)
		run_relp(dial(argv[2], argv[3], SOCK_STREAM), count, strtoul(argv[6], NULL, 10));
	else if (strcmp(argv[1], "http") == 0 && argc > 8)
		run_http(argv[2], argv[3], count, strtoul(argv[6], NULL, 10),
		    (unsigned)strtoul(argv[7], NULL, 10), argv[8]);
	else if (strcmp(argv[1], "bodies") == 0 && argc > 9) {
		framed = true;
		type = argv[9];
		run_http(argv[2], argv[3], count, strtoul(argv[6], NULL, 10),
		    (unsigned)strtoul(argv[7], NULL, 10), argv[8]);
	} else
		return 2;
	report(argv[1], count, now() - from);
	return 0;
}
