# SPDX-License-Identifier: Apache-2.0
"""Legal holds in a desk that is killed, moved, filled up, and whose clock jumps by a year."""

import json
import os
import threading
import time

import senders
from clock_test import DAY, Clock
from full_disk_test import ask, desk, fill, make_room, policy
from harness import Desk, Sent, assert_kept, until

__all__ = ['desk']


def hold(a_desk, *words, check=True):
    return a_desk.command('hold', *words, '--config', a_desk.conf, '--state', a_desk.state,
                          check=check)[0]


def holds(a_desk):
    out = a_desk.command('hold', 'list', '--json', '--config', a_desk.conf)[1]
    return {json.loads(line)['name'] for line in out.splitlines()}


def all_there(a_desk, sent):
    found = a_desk.found(sent.prefix)
    assert all(found[i] == 1 for i in sent.acked) and len(found) == len(sent.acked)


def ended(a_desk):
    """The segments end."""
    ask(a_desk, 'flush')
    ask(a_desk, 'checkpoint')


def test_held_records_outlive_their_days_kills_a_cold_move_repacking_and_reindex(tmp_path):
    clock = Clock(tmp_path / 'clock')
    cold = tmp_path / 'cold'
    cold.mkdir(mode=0o700)
    more = ('store: {encrypt: yes, segment_age: 1s, reserve: 16MB, cold: "%s", cold_after: 30}\n'
            'classes: [{name: standard, days: 90}]\n' % cold)
    with Desk(tmp_path / 'desk', listen=('relp',), more=more, env=clock.env()) as a_desk:
        held, free = Sent(), Sent()
        held.relp(a_desk.port['relp'], 200)
        assert_kept(a_desk, held)
        ended(a_desk)
        assert hold(a_desk, 'add', 'vụ 7', '--why', 'công văn 12', '--seq', '1-200') == 0
        free.relp(a_desk.port['relp'], 150)
        ended(a_desk)
        clock.jump(400 * DAY)
        ask(a_desk, 'expire')
        until('the others gone', lambda: not a_desk.found(free.prefix))
        all_there(a_desk, held)
        a_desk.kill_role('keeper')
        a_desk.wait_ready()
        for what in ('cool', 'expire', 'repack', 'expire'):
            ask(a_desk, what + '&argument=all')
            all_there(a_desk, held)
        assert [name for _, _, names in os.walk(cold) for name in names if name.endswith('.seg')]
        assert a_desk.stop() == 0
        a_desk.command('reindex', '--store', a_desk.state)
        a_desk.start()
        ask(a_desk, 'expire')
        all_there(a_desk, held)
        assert holds(a_desk) == {'vụ 7'}

        assert hold(a_desk, 'release', 'vụ 7', '--why', 'xong') == 0
        ask(a_desk, 'expire')
        until('all gone', lambda: not a_desk.found(held.prefix))
        clock.jump(0)
        assert a_desk.stop() == 0
        rc, said = a_desk.verify('--json')
        rows = [json.loads(line) for line in said.splitlines() if line.startswith('{')]
        assert not [row for row in rows if row.get('grade') == 'bad'], (rc, said)
        # That it began and ended is no deletion.
        assert len([row for row in rows if row.get('kind') == 'hold']) == 2, rows


def killed_in_between(a_desk, after_s, *words):
    """The exit code of a command during which the keeper is killed."""
    done = []
    asking = threading.Thread(target=lambda: done.append(hold(a_desk, *words, check=False)))
    asking.start()
    time.sleep(after_s)     # anywhere in it
    a_desk.kill_role('keeper')
    asking.join(90)
    a_desk.wait_ready()
    until('an answer', lambda: hold(a_desk, 'list', check=False) == 0)
    return done[0]


def test_what_a_command_confirmed_is_so_when_the_keeper_is_killed(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as a_desk:
        sent, sure, unsure = Sent(), set(), set()
        sent.relp(a_desk.port['relp'], 100)
        for number, after_s in enumerate((0.004, 0.01, 0.02)):
            name = 'h%d' % number
            assert hold(a_desk, 'add', 'k%d' % number, '--why', 'x') == 0
            sure.add('k%d' % number)
            if killed_in_between(a_desk, after_s, 'add', name, '--why', 'x') == 0:
                sure.add(name)
            else:
                unsure.add(name)
        if killed_in_between(a_desk, 0.01, 'release', 'k0', '--why', 'y') != 0:
            unsure.add('k0')
        sure.remove('k0')
        now = holds(a_desk)
        assert sure <= now <= sure | unsure, (sure - now, now - sure - unsure)
        assert_kept(a_desk, sent, covered=False)
        assert a_desk.stop() == 0
        rc, said = a_desk.verify()
        assert rc in (0, 1) and 'the hold k1 began' in said, said
        assert 'though the hold' not in said and 'does not know of the hold' not in said, said


@policy('shorten')
def test_a_full_disk_does_not_take_what_is_held_and_says_so(desk):
    held, late = Sent(), Sent()
    held.relp(desk.port['relp'], 300)
    ended(desk)
    assert hold(desk, 'add', 'vụ 8', '--why', 'x') == 0
    fill(desk)
    until('told', lambda: desk.said(b'are under a legal hold: they stay'), 30)
    all_there(desk, held)
    until('status tells', lambda: 'part of it is under a legal hold' in
          desk.command('status', check=False)[1])
    rc, out, _ = desk.command('doctor', '--config', desk.conf, check=False)
    assert 'the disk is full and this may not go' in out, out
    assert hold(desk, 'release', 'vụ 8', '--why', 'y') == 0
    until('the oldest gone', lambda: not desk.found(held.prefix), 30)
    make_room(desk)
    late.relp(desk.port['relp'], 100)
    assert len(late.acked) == 100
    assert senders.request(desk.front(), 'GET', '/health')[0] == 200
