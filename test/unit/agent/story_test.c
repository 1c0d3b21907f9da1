/* SPDX-License-Identifier: Apache-2.0 */
/* Writers, rotations, crashes in any order: nothing is lost; nothing doubled but by a crash. */
#include "rig.h"

struct story {
	uint64_t dice;
	int written;
	int rotations;			/* since the last save */
	bool crashed;
};

static unsigned
dice(struct story *story, unsigned n)
{
	story->dice = story->dice * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(story->dice >> 33) % n;
}

static void
story_write(struct story *story)
{
	/* Less than FOLLOW_HEAD octets are too few to know a copy by. */
	int n = 5 + (int)dice(story, 40);

	add_lines("a.log", story->written, story->written + n);
	story->written += n;
}

/* Names move on by one, as logrotate has it; the oldest is removed once everything is read. */
static void
story_rotate(struct story *story, struct buf *saved, bool by_copy)
{
	/* Two rotations between two looks lose what the second one removes. */
	if (scan())
		save(saved);
	if (access(at("a.log"), F_OK) != 0)
		return;
	if (by_copy)
		read_all();
	must(rename(at("a.log.1"), at("a.log.2")) == 0 || errno == ENOENT);
	if (by_copy) {
		copy("a.log", "a.log.1");
		cut("a.log");
		scan();
	} else {
		must(rename(at("a.log"), at("a.log.1")) == 0 || errno == ENOENT);
	}
	story->rotations++;
}

static void
story_step(struct story *story, struct buf *saved, bool by_copy)
{
	const char *p = pattern;

	switch (dice(story, 8)) {
	case 0:
		story_rotate(story, saved, by_copy);
		break;
	case 1:
		if (scan())
			save(saved);
		break;
	case 2:
		(void)tail_read(tail, 1 + dice(story, 5000), on_line, NULL);
		break;
	case 3:
		scan();
		read_all();
		commit_all();
		save(saved);
		story->rotations = 0;
		break;
	case 4:
		/* What was rotated out of sight since the last save is gone for ever. */
		if (dice(story, 4) == 0 && story->rotations < 2) {
			tail_free(&tail);
			begin_with(&p, 1);
			tail_load(tail, buf_span(saved));
			story->crashed = true;
			break;
		}
		/* fall through */
	default:
		story_write(story);
	}
}

static void
story_tell(uint64_t seed, bool by_copy)
{
	struct story story = { .dice = seed };
	struct buf saved = { 0 };

	make_dir();
	(void)snprintf(pattern, sizeof pattern, seed % 2 == 0 ? "%s/a.log*" : "%s/a.log", dir);
	begin();
	for (int i = 0; i < 60; i++)
		story_step(&story, &saved, by_copy);
	for (int i = 0; i < 40; i++) {
		scan();
		read_all();
	}
	buf_u8(&got, 0);
	got.n--;
	for (int i = 0; i < story.written; i++) {
		char want[64];
		const char *first;

		(void)snprintf(want, sizeof want, "line number %d\n", i);
		first = strstr((char *)got.p, want);
		if (!check(first != NULL) || (!story.crashed &&
		    !check(strstr(first + 1, want) == NULL))) {
			printf("seed %llu: line %d of %d\n", (unsigned long long)seed, i,
			    story.written);
			break;
		}
	}
	check_int(counts().lost_bytes, 0);
	buf_done(&saved);
	drop_dir();
}

static void
nothing_is_lost_and_nothing_doubled_by_renaming(void)
{
	for (uint64_t seed = 0; seed < 40; seed++)
		story_tell(seed, false);
}

static void
nothing_is_lost_and_nothing_doubled_by_cutting(void)
{
	for (uint64_t seed = 1000; seed < 1040; seed += 2)
		story_tell(seed, true);
}

int
main(void)
{
	run(nothing_is_lost_and_nothing_doubled_by_renaming);
	run(nothing_is_lost_and_nothing_doubled_by_cutting);
	buf_done(&got);
	return check_done();
}
