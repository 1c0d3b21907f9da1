/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Measures keep by itself: syslog rows of 172 octets, encoded before the clock starts, through
 * validation, digests, LZ4, journal and sync. Not a test; run it by hand:
 *
 *	store_journal_bench DIRECTORY [ROWS [ROWS-PER-BATCH [encrypt]]]
 *
 * "keeper thread" is the CPU of the thread that calls keep; "all" adds those of journal and mill.
 */
#include <sys/stat.h>

#include "test/unit/store/keep_rows.h"

enum { BATCHES = 64 };

static int
time_cmp(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	uint64_t rows = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000000;
	uint32_t per = argc > 3 ? (uint32_t)strtoul(argv[3], NULL, 10) : 1000;
	uint8_t key[32] = { 1 }, seed[32] = { 2 };
	struct keep_conf conf = { .seal_seed = seed, .origin = "trucban/bench", .machine = "",
	    .store_key = argc > 4 ? key : NULL, .nclass = 1, .class = { { "standard", 0, 0 } } };
	struct keep *keep = NULL;
	struct buf batch[BATCHES] = { 0 }, status = { 0 };
	struct keep_event event;
	struct writer w;
	struct why why = { "" };
	uint64_t given = 0, acked = 0, busy = 0;
	int64_t wall, all, mine, offered = 0, *took;
	size_t nbatch, n = 0;
	bool held = false;

	if (argc < 2)
		return 2;
	(void)mkdir(argv[1], 0700);
	conf.dirfd = open(argv[1], O_RDONLY | O_DIRECTORY);
	if (conf.dirfd < 0 || keep_open(&keep, &conf, &why) != OK) {
		printf("cannot open: %s\n", why.text);
		return 1;
	}
	writer_open(&w, keep, 1, STREAM_RAW, 0, 16);
	for (size_t i = 0; i < BATCHES; i++)
		writer_batch(&w, per, &batch[i]);
	printf("%u rows per batch, %zu octets a row encoded\n", per, batch[0].n / per);

	nbatch = rows / per + 2;
	took = xcalloc(nbatch, sizeof *took);

	wall = clock_mono_ns();
	all = clock_process_ns();
	mine = clock_thread_ns();
	while (acked < rows) {
		while (given < rows && !held) {
			int64_t before = clock_thread_ns();
			enum err rc;

			took[given / per] = took[given / per] == 0 ? clock_mono_ns() :
			    took[given / per];
			rc = keep_batch(keep, w.channel, given,
			    buf_span(&batch[given / per % BATCHES]), &why);
			offered += clock_thread_ns() - before;
			if (rc == ERR_BUSY) {
				held = true;
				busy++;
				break;
			}
			must(rc == OK);
			given += per;
			if (given / per % 8 == 0)
				break;
		}
		if (held || given >= rows)
			keep_wait(keep, 100);
		else
			keep_turn(keep);
		while (keep_event(keep, &event)) {
			if (event.type == KEEP_ACK) {
				acked += event.rows;
				took[event.ticket / per] = clock_mono_ns() -
				    took[event.ticket / per];
				n++;
			}
			if (event.type == KEEP_RESUME)
				held = false;
			if (event.type == KEEP_ALARM)
				printf("%.*s\n", (int)event.text.n, (const char *)event.text.p);
		}
	}
	wall = clock_mono_ns() - wall;
	mine = clock_thread_ns() - mine;
	keep_status(keep, &status);
	keep_close(&keep);
	all = clock_process_ns() - all;
	printf("%llu rows durable in %.3f s: %.0f rows/s\n", (unsigned long long)acked,
	    (double)wall / 1e9, (double)acked * 1e9 / (double)wall);
	printf("CPU per row: keep_batch %.0f ns, keeper thread %.0f ns, all %.0f ns; busy %llu\n",
	    (double)offered / (double)acked, (double)mine / (double)acked,
	    (double)all / (double)acked, (unsigned long long)busy);
	qsort(took, n, sizeof *took, time_cmp);
	printf("batch to acknowledgement: half %.2f ms, 99 %% %.2f ms, longest %.2f ms\n",
	    (double)took[n / 2] / 1e6, (double)took[n - n / 100 - 1] / 1e6,
	    (double)took[n - 1] / 1e6);
	free(took);
	printf("%.*s\n", (int)status.n, (const char *)status.p);
	writer_close(&w);
	for (size_t i = 0; i < BATCHES; i++)
		buf_done(&batch[i]);
	buf_done(&status);
	return 0;
}
