/* SPDX-License-Identifier: Apache-2.0 */
/* Tests what many connections cost: intake/conn.c under a crowd. */
#include "fake.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "sys/proc.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

struct crowd {
	pid_t pid;
	int done;	/* readable when all are there */
	int hold;	/* closing it ends them */
};

/* n connections of a process of its own, so that its descriptors are not ours. */
static void
crowd_run(uint16_t port, unsigned n, int done, int hold)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	char c = 'x';

	for (unsigned i = 0; i < n; i++) {
		int fd = socket(AF_INET, SOCK_STREAM, 0);

		if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
		    send(fd, "one\ntwo\n", 8, 0) != 8)
			_exit(1);
	}
	(void)!write(done, &c, 1);
	(void)!read(hold, &c, 1);
	_exit(0);
}

static struct crowd
crowd_begin(uint16_t port, unsigned n)
{
	struct crowd crowd;
	int done[2], hold[2];

	must(pipe(done) == 0 && pipe(hold) == 0);
	crowd.pid = fork();
	must(crowd.pid >= 0);
	if (crowd.pid == 0) {
		close(hold[1]);
		crowd_run(port, n, done[1], hold[0]);
	}
	close(done[1]);
	close(hold[0]);
	must(fcntl(done[0], F_SETFL, O_NONBLOCK) == 0);
	crowd.done = done[0];
	crowd.hold = hold[1];
	return crowd;
}

static int
crowd_end(struct crowd *crowd)
{
	int status = -1;

	close(crowd->hold);
	close(crowd->done);
	(void)waitpid(crowd->pid, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
ten_thousand_idle_connections_cost_less_than_two_kb_each(void)
{
	struct intake_listener listener = door(INTAKE_TCP);
	struct fake *fake = fake_new(&listener, 1, 10000);
	uint64_t pss, before, after;
	struct rlimit files;
	struct crowd crowd;
	char c;

	(void)getrlimit(RLIMIT_NOFILE, &files);
	if (files.rlim_cur < 10100) {
		fake_free(&fake);
		skip("fewer than 10,100 descriptors are allowed");
	}
	fake->auto_ack = true;
	fake->keep_rows = false;
	fake_turns(fake, 10);
	check_int(proc_memory_kb(0, &pss, &before, NULL), OK);
	crowd = crowd_begin(fake->port[0], 10000);
	while (read(crowd.done, &c, 1) < 0)
		fake_turns(fake, 10);
	fake_turns(fake, 200);
	check_int(fake_counter(fake, "intake.door.connections"), 10000);
	check_int(fake->total, 20000);
	check_int(fake_counter(fake, "intake.bytes_incomplete"), 0);
	check_int(proc_memory_kb(0, &pss, &after, NULL), OK);
	if (!SANITIZED)
		check((after - before) * 1024 / 10000 < 2048);
	check_int(crowd_end(&crowd), 0);
	fake_turns(fake, 400);
	check_int(fake_counter(fake, "intake.door.connections"), 0);
	fake_free(&fake);
}

static void
without_a_free_descriptor_accepting_pauses_and_goes_on(void)
{
	struct fake *fake = fake_one(INTAKE_TCP);
	struct rlimit files, few;
	struct crowd crowd;
	char c;

	fake->auto_ack = true;
	fake_turns(fake, 4);
	check_int(getrlimit(RLIMIT_NOFILE, &files), 0);
	crowd = crowd_begin(fake->port[0], 60);
	few = files;
	few.rlim_cur = 40;
	check_int(setrlimit(RLIMIT_NOFILE, &few), 0);
	while (read(crowd.done, &c, 1) < 0)
		fake_turns(fake, 1);
	fake_turns(fake, 100);
	check(fake_counter(fake, "intake.door.connections") < 40);
	/* Once per pause, not once per turn. */
	check_int(fake_counter(fake, "intake.door.accept_pauses"), 1);
	check_int(setrlimit(RLIMIT_NOFILE, &files), 0);
	for (int i = 0; i < 40 && fake->total < 120; i++) {
		usleep(50000);
		fake_turns(fake, 10);
	}
	check_int(fake->total, 120);
	check_int(crowd_end(&crowd), 0);
	fake_free(&fake);
}

int
main(void)
{
	run(ten_thousand_idle_connections_cost_less_than_two_kb_each);
	run(without_a_free_descriptor_accepting_pauses_and_goes_on);
	return check_done();
}
