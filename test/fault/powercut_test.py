# SPDX-License-Identifier: Apache-2.0
"""The power is cut at any moment: what was acknowledged before is there afterwards, once.

A desk runs with the write log of src/sys/fault.h. After each round of acknowledged messages the
length of the log is noted. Then, for many points of the log, the disk is laid out as a cut there
may leave it, and a desk is started on that.
"""

import os
import random

import pytest

import powercut
import senders
from harness import Desk, Sent, assert_kept

ROUNDS = 14
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}


def repack(desk):
    """All segments so far become one of each kind."""
    for what in ('flush', 'repack'):
        status, said = senders.request(desk.front(), 'POST', '/trucban/ask',
                                       'what=%s&argument=all' % what, FORM)
        assert status == 200, said
    assert int(said.split()[0]) > 1, said


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """(desk, copy of its folder before, entries, [(entries so far, acknowledged)], sent)."""
    folder = tmp_path_factory.mktemp('recorded')
    log = str(folder / 'writes.log')
    more = 'seal: {checkpoint: 1s}\nstore: {segment_age: 1s, reserve: 16MB}\n'
    desk = Desk(folder, listen=('relp',), more=more)
    # A first life, so that keys and folders are on disk for sure.
    desk.start()
    desk.stop()
    before = desk.copy('before')
    sent = Sent()
    rounds = []
    desk.start(env={'WRITE_LOG': log})
    try:
        for i in range(ROUNDS):
            sent.relp(desk.port['relp'], 20 + i % 7 * 40)
            rounds.append((os.path.getsize(log), list(sent.acked)))
            if i == ROUNDS // 2:
                repack(desk)
                rounds.append((os.path.getsize(log), list(sent.acked)))
    finally:
        desk.stop()
    with open(log, 'rb') as f:
        octets = f.read()
    counted = [(len(powercut.parse(octets[:size])), acked) for size, acked in rounds]
    return desk, before, powercut.parse(octets), counted, sent


PARTS = 5       # the boundaries are shared out, so that each test ends soon


def boundaries(entries):
    """Points right before a sync of a file or directory, and right after it: each one with
    TRUCBAN_SLOW=1 in the environment, else one in four."""
    syncs = [i for i, e in enumerate(entries) if e.verb in ('sync', 'dirsync')]
    points = sorted({i for i in syncs} | {i + 1 for i in syncs} | {len(entries)})
    return points if 'TRUCBAN_SLOW' in os.environ else points[3::4] + points[-1:]


def others(entries, counted):
    """More points that hurt: right after acknowledgements, around renames, anywhere."""
    dice = random.Random(17)
    points = [n for n, _ in counted[::6]]
    names = [i for i, e in enumerate(entries) if e.verb in ('rename', 'unlink', 'create')]
    points += [dice.choice(names) + dice.randrange(2) for _ in range(8)]
    return sorted(points + [dice.randrange(len(entries)) for _ in range(6)])


def cut_at(recorded, point, choice, what):
    """The power fails behind entry number `point`; what was acknowledged by then is there."""
    desk, before, entries, counted, sent = recorded
    disk = powercut.Disk()
    disk.load(before, desk.state)
    for entry in entries[:point]:
        disk.apply(entry)
    disk.lay(desk.state, desk.state, choice)
    known = Sent()
    known.prefix, known.sent = sent.prefix, sent.sent
    known.acked = next((ids for n, ids in reversed(counted) if n <= point), [])
    with desk:
        assert_kept(desk, known)
        # A torn tail is nothing to worry about: no damage, no new epoch.
        assert not desk.said(b'epoch'), what
        desk.stop()
        rc, said = desk.verify()
        assert rc == 0, '%s: %s' % (what, said)


@pytest.mark.parametrize('part', range(PARTS))
def test_a_cut_at_any_sync_loses_nothing_that_was_acknowledged(recorded, part):
    """What came behind the last sync is dropped, torn or there, in turn."""
    for number, point in enumerate(boundaries(recorded[2])):
        if number % PARTS != part:
            continue
        kind = ('none', 'random', 'all', 'random')[number // PARTS % 4]
        cut_at(recorded, point, powercut.Choice(random.Random(number), kind),
               'cut at entry %d (%s)' % (point, kind))


@pytest.mark.parametrize('kind', ['none', 'random', 'all'])
def test_a_cut_anywhere_loses_nothing_that_was_acknowledged(recorded, kind):
    for number, point in enumerate(others(recorded[2], recorded[3])):
        cut_at(recorded, point, powercut.Choice(random.Random(number), kind),
               'cut at entry %d (%s)' % (point, kind))
