/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tests role/intake.c: its token files, and the role as a process of its own in its sandbox, with
 * this program as parent, keeper and sender.
 */
#include "check.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "model/batch.h"
#include "role/intake.h"
#include "sys/chan.h"
#include "sys/sock.h"
#include "wire/wire.h"

static void
token_files_are_read_line_by_line(void)
{
	static const char *const bad[] = { "", "# none\n", "name\n", "name secret more\n",
	    "a b\nname", "\n\n" };
	struct intake_token token[INTAKE_TOKENS];
	unsigned n = 9;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (!check_int(tokens_read(token, &n, span_str(bad[i]), NULL), ERR_FORMAT))
			printf("accepted: %s\n", bad[i]);
	check_int(n, 9);
	check_int(tokens_read(token, &n, SPAN("# senders\nanna\t secret\r\n\n  binh x"), NULL), OK);
	check_int(n, 2);
	check_span(token[0].name, SPAN("anna"));
	check_span(token[0].secret, SPAN("secret"));
	check_span(token[1].secret, SPAN("x"));
}

struct desk {
	pid_t pid;
	struct chan *parent, *keeper;
	uint16_t port[4];
};

static void
desk_start(struct desk *desk)
{
	static const char conf[] = "state: /var/lib/trucban\nuser: \"\"\nlisten:\n"
	    "  - { name: t, kind: tcp, address: \"127.0.0.1:0\" }\n"
	    "  - { name: u, kind: udp, address: \"127.0.0.1:0\" }\n"
	    "  - { name: r, kind: relp, address: \"127.0.0.1:0\" }\n"
	    "  - { name: h, kind: http, address: \"127.0.0.1:0\" }\n";
	struct role_start start = { .store_fd = -1, .nchan = 1, .nlisten = 4 };
	int parent[2], keeper[2];

	must(chan_pair(parent, NULL) == OK && chan_pair(keeper, NULL) == OK);
	for (int i = 0; i < 4; i++) {
		struct sock_spec spec = { .kind = i == 1 ? SOCK_KIND_DATAGRAM : SOCK_KIND_STREAM };
		struct sock_addr addr;

		start.listen_fd[i] = -1;
		must(sock_listen(&start.listen_fd[i], "127.0.0.1:0", &spec, NULL) == OK);
		must(sock_own_addr(start.listen_fd[i], &addr, NULL) == OK);
		desk->port[i] = ntohs(((const struct sockaddr_in *)&addr.u.any)->sin_port);
	}
	start.parent_fd = parent[1];
	start.chan_fd[0] = keeper[1];
	start.chan_role[0] = WIRE_KEEPER;
	desk->pid = fork();
	must(desk->pid >= 0);
	if (desk->pid == 0) {
		close(parent[0]);
		close(keeper[0]);
		_exit(intake_main(&start));
	}
	close(parent[1]);
	close(keeper[1]);
	for (int i = 0; i < 4; i++)
		close(start.listen_fd[i]);
	desk->parent = chan_new(parent[0], WIRE_LIMIT, 1 << 20);
	desk->keeper = chan_new(keeper[0], WIRE_LIMIT, 1 << 20);
	must(chan_send_wait(desk->parent, &(struct chan_msg){ .type = WIRE_CONF,
	    .body = span_of(conf, sizeof conf - 1) }, 5000, NULL) == OK);
}

/* Answers batches until `rows` rows were stored. */
static uint32_t
keep_rows(struct desk *desk, uint32_t rows)
{
	struct chan_msg msg;
	uint32_t got = 0;

	while (got < rows && chan_recv_wait(desk->keeper, &msg, 5000, NULL) == OK) {
		struct batch_head head;
		struct buf ack = { 0 };

		check_int(wire_check(msg.type, msg.body, NULL), OK);
		if (msg.type != WIRE_BATCH)
			continue;
		check_int(batch_head_read(&head, msg.body, NULL), OK);
		got += head.nrow;
		wire_ack_encode(&ack, 1, head.nrow);
		check_int(chan_send_wait(desk->keeper, &(struct chan_msg){ .type = WIRE_ACK,
		    .tag = msg.tag, .body = buf_span(&ack) }, 5000, NULL), OK);
		buf_done(&ack);
	}
	return got;
}

static int
client(const struct desk *desk, int i, enum sock_kind kind, const char *text)
{
	char address[64];
	int fd = -1;

	(void)snprintf(address, sizeof address, "127.0.0.1:%u", desk->port[i]);
	check_int(sock_connect(&fd, address, kind, 2000, NULL), OK);
	check_int(send(fd, text, strlen(text), 0), strlen(text));
	return fd;
}

/* Waits until the peer has said something. */
static bool
says(int fd, const char *want)
{
	char room[4096] = "";
	size_t n = 0;

	for (int i = 0; i < 500 && n < sizeof room - 1; i++) {
		ssize_t got = recv(fd, room + n, sizeof room - 1 - n, 0);

		if (got > 0)
			n += (size_t)got;
		if (strstr(room, want) != NULL)
			return true;
		if (got < 0)
			usleep(10000);
	}
	return false;
}

static void
the_role_serves_all_doors_inside_its_sandbox_and_ends_when_told(void)
{
	struct desk desk = { .pid = 0 };
	struct chan_msg msg;
	int status = -1, fd[4];

	desk_start(&desk);
	check_int(chan_recv_wait(desk.parent, &msg, 10000, NULL), OK);
	check_int(msg.type, WIRE_READY);
	fd[0] = client(&desk, 0, SOCK_KIND_STREAM, "<13>Nov 23 04:05:06 host app[1]: hello\n");
	check_int(keep_rows(&desk, 1), 1);
	fd[1] = client(&desk, 1, SOCK_KIND_DATAGRAM, "<13>Nov 23 04:05:06 host app[1]: hello");
	check_int(keep_rows(&desk, 1), 1);
	fd[2] = client(&desk, 2, SOCK_KIND_STREAM, "1 open 30 relp_version=0\ncommands=syslog\n"
	    "2 syslog 5 hello\n");
	check_int(keep_rows(&desk, 1), 1);
	check(says(fd[2], "2 rsp 6 200 OK\n"));
	fd[3] = client(&desk, 3, SOCK_KIND_STREAM, "POST /insert/jsonline HTTP/1.1\r\n"
	    "Content-Length: 17\r\n\r\n{\"_msg\":\"hello\"}\n");
	check_int(keep_rows(&desk, 1), 1);
	check(says(fd[3], "HTTP/1.1 200 OK"));
	check_int(chan_send_wait(desk.parent, &(struct chan_msg){ .type = WIRE_STOP }, 1000, NULL),
	    OK);
	check_int(waitpid(desk.pid, &status, 0), desk.pid);
	check(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	for (int i = 0; i < 4; i++)
		close(fd[i]);
	chan_free(&desk.parent);
	chan_free(&desk.keeper);
}

int
main(void)
{
	run(token_files_are_read_line_by_line);
	run(the_role_serves_all_doors_inside_its_sandbox_and_ends_when_told);
	return check_done();
}
