# SPDX-License-Identifier: Apache-2.0
"""Repacking and reindexing, asked for as an administrator would: what is found stays the same."""

import glob
import json
import os
import random
import urllib.parse

import pytest

import senders
from harness import Desk, until

FORM = {'Content-Type': 'application/x-www-form-urlencoded'}
ENCRYPT = {'plain': False, 'encrypted': True}


def records(n, some):
    for i, ident in enumerate(senders.Ids().next() for _ in range(n)):
        yield senders.rfc5424(ident, host='h%d' % (i % 5), pid=str(i),
                              text='user u%x from 10.1.%d.%d' % (some.getrandbits(24), i % 9, i))
        yield senders.rfc3164(ident, text='closed after %.3f s' % some.random())


def found(desk):
    """Every record with its fields, by its number."""
    told = desk.search(store=desk.state)
    by_number = {record['_seq']: record for record in told}
    assert len(by_number) == len(told)
    return by_number


def whole(desk):
    rc, said = desk.verify()
    assert rc == 0, said


def ask(desk, what, argument=''):
    form = urllib.parse.urlencode({'what': what, 'argument': argument})
    status, answer = senders.request(desk.front(), 'POST', '/trucban/ask', form, FORM)
    assert status == 200, answer
    return answer.decode()


def fill(desk, rounds=3):
    """So many segments, all of them under a checkpoint."""
    some = random.Random(11)
    for i in range(1, rounds + 1):
        senders.tcp_send(desk.port['tcp'], list(records(40, some)))
        until('the records', lambda n=80 * i: len(found(desk)) >= n)
        ask(desk, 'flush')
    ask(desk, 'checkpoint')


def sealed(desk):
    return sorted(glob.glob(desk.state + '/segment/*/*.seg'))


@pytest.mark.parametrize('kind', ENCRYPT)
def test_repacked_segments_hold_the_same_records(tmp_path, kind):
    with Desk(tmp_path, listen=('tcp',), encrypt=ENCRYPT[kind]) as desk:
        fill(desk)
        before, files = found(desk), sealed(desk)
        assert ask(desk, 'repack') == '0 segments repacked\n'    # the day is not over
        assert ask(desk, 'repack', 'all') == '%d segments repacked\n' % len(files)
        assert found(desk) == before
        whole(desk)
        assert desk.stop() == 0
        assert len(sealed(desk)) < len(files)
        assert found(desk) == before
        whole(desk)
        desk.start()
        assert {k: v for k, v in found(desk).items() if k in before} == before


@pytest.mark.parametrize('kind', ENCRYPT)
def test_derived_parts_that_are_lost_come_again(tmp_path, kind):
    desk = Desk(tmp_path, listen=('tcp',), encrypt=ENCRYPT[kind])
    with desk:
        fill(desk)
        assert desk.stop() == 0
    before, parts = found(desk), sorted(glob.glob(desk.state + '/segment/*/*.idx'))
    assert len(parts) >= 3
    os.remove(parts[0])
    with open(parts[1], 'r+b') as f:
        f.truncate(os.path.getsize(parts[1]) // 2)
    rc, out, said = desk.command('reindex', '--missing', '--json', '--store', desk.state)
    assert rc == 0, said
    told = [json.loads(line)['result'] for line in out.splitlines()]
    assert sorted(told) == ['kept'] * (len(parts) - 2) + ['made-times'] * 2
    assert found(desk) == before
    whole(desk)
    rc, out, said = desk.command('reindex', '--store', desk.state)
    assert rc == 0, said
    assert found(desk) == before
    whole(desk)


def test_a_second_backup_takes_derived_parts_that_were_made_again(tmp_path):
    with Desk(tmp_path, listen=('tcp',), encrypt=True) as desk:
        fill(desk)
        assert desk.stop() == 0
    target, again = desk.folder + '/backup', desk.folder + '/again'
    for _ in range(2):
        rc, _, said = desk.command('backup', '--offline', '--with-keys', target)
        assert rc == 0, said
        # The same size, other octets: each has a data key of its own.
        rc, _, said = desk.command('reindex', '--store', desk.state)
        assert rc == 0, said
    rc, _, said = desk.command('restore', '--state', again, target)
    assert rc == 0, said
    rc, said = desk.verify(store=again)
    assert rc == 0, said
    assert desk.search(store=again) == desk.search(store=desk.state)


def test_a_backup_takes_of_the_journal_what_is_used(tmp_path):
    """A journal's file is made as long as it may become; its copy takes no room for the rest."""
    target, again = str(tmp_path / 'backup'), str(tmp_path / 'again')
    with Desk(tmp_path / 'desk', listen=('tcp',)) as desk:
        fill(desk, rounds=1)
        made = sum(os.path.getsize(path) for path in glob.glob(desk.state + '/journal/*'))
        rc, _, said = desk.command('backup', '--with-keys', target)
        assert rc == 0, said
    assert made > 32 << 20
    for folder in (target, again):
        if folder == again:
            rc, _, said = desk.command('restore', '--state', again, target)
            assert rc == 0, said
        copied = glob.glob(folder + '/journal/*')
        assert sum(os.stat(path).st_blocks * 512 for path in copied) < 4 << 20, folder
    rc, said = desk.verify(store=again)
    assert rc == 0, said
    assert desk.search(store=again) == desk.search(store=target) != []
