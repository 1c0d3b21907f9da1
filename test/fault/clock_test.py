# SPDX-License-Identifier: Apache-2.0
"""The clock jumps while the desk runs: what came is kept in its order, and nothing expires by it.

A page that all roles share says by how much their wall clock is wrong (src/sys/clock.h).
"""

import datetime
import json
import struct

from harness import Desk, Sent, assert_kept, until

DAY = 86400
MORE = ('seal: {checkpoint: 1s}\nstore: {segment_age: 1s, reserve: 16MB}\n'
        'classes: [{name: standard, days: 90}]\n')


class Clock:
    def __init__(self, path):
        self.path = str(path)
        self.jump(0)

    def jump(self, seconds):
        """The same file, written in place: it is mapped."""
        with open(self.path, 'r+b' if self.made() else 'wb') as f:
            f.write(struct.pack('<q', int(seconds * 1e9)))

    def made(self):
        try:
            with open(self.path, 'rb'):
                return True
        except OSError:
            return False

    def env(self):
        return {'TRUCBAN_CLOCK_OFFSET_NS': '@' + self.path}


def desk_of(tmp_path, clock):
    return Desk(tmp_path / 'desk', listen=('relp',), more=MORE, env=clock.env())


def send(desk, n=100):
    sent = Sent()
    sent.relp(desk.port['relp'], n)
    assert_kept(desk, sent, covered=False)
    return sent


def received(desk, sent):
    """Times of receipt in the order of the sequence numbers, in s since 1970."""
    rows = desk.search(sent.prefix + '* | sort by (_seq) | fields _recv, _seq')
    return [datetime.datetime.fromisoformat(row['_recv'][:19] + '+00:00').timestamp()
            for row in rows]


def until_signed(desk):
    """What came so far is under a checkpoint: they go on, by the clock that never jumps."""
    size = desk.metric('signed_leaves')
    until('checkpoints', lambda: desk.metric('signed_leaves') > size + 1)


def kinds(desk):
    """What verify says, as a set of (grade, kind)."""
    _, said = desk.verify('--json')
    rows = [json.loads(line) for line in said.splitlines() if line.startswith('{')]
    return {(row['grade'], row['kind']) for row in rows if row['type'] == 'finding'}


def test_a_day_back_is_written_down_and_told_by_verify(tmp_path):
    clock = Clock(tmp_path / 'clock')
    with desk_of(tmp_path, clock) as desk:
        before = send(desk)
        until_signed(desk)      # an entry of the tree that says what the time was
        clock.jump(-DAY)
        after = send(desk)
        until_signed(desk)
        first, second = received(desk, before), received(desk, after)
        assert abs(second[0] - first[-1] + DAY) < 60
        clock.jump(0)
        last = send(desk)
        for sent in (before, after, last):
            assert_kept(desk, sent)
        assert not desk.said(b'ended:')
        assert desk.stop() == 0
        # Numbers are gapless and each row is what was sealed: only the clock is named.
        assert kinds(desk) == {('warning', 'clock')}


def test_a_year_ahead_drops_nothing_and_is_told(tmp_path):
    clock = Clock(tmp_path / 'clock')
    with desk_of(tmp_path, clock) as desk:
        before = send(desk)
        until('a segment', lambda: desk.metric('segments'))
        clock.jump(366 * DAY)
        ahead = send(desk)
        assert abs(received(desk, ahead)[0] - received(desk, before)[-1] - 366 * DAY) < 60
        # Each start looks at once whether rows are to go.
        for _ in range(2):
            assert desk.stop() == 0
            desk.start()
            until('told', lambda: desk.said(b'days ahead of what retention goes by'))
            until_signed(desk)
            assert desk.metric('segments_dropped_total') == 0
            assert_kept(desk, before)
            assert_kept(desk, ahead)
        clock.jump(0)
        back = send(desk)
        assert_kept(desk, back)
        assert desk.stop() == 0
        assert kinds(desk) == {('warning', 'clock')}


def test_a_clock_of_1970_or_2200_stops_nothing(tmp_path):
    clock = Clock(tmp_path / 'clock')
    with desk_of(tmp_path, clock) as desk:
        kept = [send(desk)]
        for when in (10 * DAY, 84000 * DAY, 0):
            now = datetime.datetime.now(datetime.timezone.utc).timestamp()
            clock.jump(when - now if when else 0)
            kept.append(send(desk))
            until_signed(desk)
        for sent in kept:
            assert_kept(desk, sent, covered=False)
        assert not desk.said(b'ended:'), desk.log_text()
        assert desk.stop() == 0
        assert kinds(desk) == {('warning', 'clock')}
