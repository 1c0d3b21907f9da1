# SPDX-License-Identifier: Apache-2.0
"""The power is cut while segments move to the cold folder: every record is there afterwards, once.

As powercut_test.py, of two folders: both disks lose at the same moment what was not synced.
"""

import os
import random
import shutil
import urllib.parse

import pytest

import powercut
import senders
from harness import Desk, Sent, assert_kept

SEGMENTS = 3


def ask(desk, what, argument=''):
    conn = senders.UnixConnection(desk.socket, 60.0)
    conn.request('POST', '/trucban/ask', urllib.parse.urlencode(
        {'what': what, 'argument': argument}),
                 {'Content-Type': 'application/x-www-form-urlencoded'})
    answer = conn.getresponse()
    text = answer.read().decode('utf-8')
    conn.close()
    assert answer.status == 200, text
    return text


@pytest.fixture(scope='module')
def recorded(tmp_path_factory):
    """(desk, cold folder, copies of both before, entries, sent)."""
    folder = tmp_path_factory.mktemp('recorded')
    log = str(folder / 'writes.log')
    cold = str(folder / 'cold')
    os.mkdir(cold, 0o700)
    desk = Desk(folder, listen=('relp',),
                more='store: {cold: "%s", cold_after: 1, reserve: 16MB}\n' % cold)
    sent = Sent()
    desk.start()
    try:
        for _ in range(SEGMENTS):
            sent.relp(desk.port['relp'], 30)
            ask(desk, 'flush')
    finally:
        desk.stop()
    before, cold_before = desk.copy('before'), str(folder / 'cold-before')
    shutil.copytree(cold, cold_before)
    desk.start(env={'WRITE_LOG': log})
    try:
        assert 'segments moved' in ask(desk, 'cool', 'all')
    finally:
        desk.stop()
    return desk, cold, before, cold_before, powercut.read(log), sent


def cuts(entries, cold):
    """Before what leaves for the cold folder goes, and some of all that is done to either."""
    near = [i for i, e in enumerate(entries) if e.path.startswith(cold) or
            (e.verb == 'unlink' and '/segment/' in e.path)]
    gone = [i + 1 for i in near if entries[i].verb == 'unlink']
    assert len(gone) >= 2 * SEGMENTS
    dice = random.Random(29)
    return sorted(dice.sample(gone, 6) + dice.sample(near, min(len(near), 14)))


@pytest.mark.parametrize('kind', ['none', 'random', 'all'])
def test_a_cut_while_segments_move_loses_nothing_and_doubles_nothing(recorded, kind):
    desk, cold, before, cold_before, entries, sent = recorded
    points = cuts(entries, cold)
    for number, point in enumerate(points):
        disk = powercut.Disk()
        disk.load(before, desk.state)
        disk.load(cold_before, cold)
        for entry in entries[:point]:
            disk.apply(entry)
        for root in (desk.state, cold):
            disk.lay(root, root, powercut.Choice(random.Random(number), kind))
        where = 'cut at entry %d (%s)' % (point, kind)
        found = desk.found(sent.prefix, store=desk.state)
        assert len(found) == len(sent.acked) and set(found.values()) == {1}, where
        # A desk goes on with it, now and then: to start one takes longer.
        if number % 8 == 0:
            with desk:
                assert 'segments moved' in ask(desk, 'cool', 'all')
                assert_kept(desk, sent)
                desk.stop()
        rc, said = desk.verify()
        assert rc == 0, '%s: %s' % (where, said)
