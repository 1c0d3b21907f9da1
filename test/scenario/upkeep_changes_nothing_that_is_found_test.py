# SPDX-License-Identifier: Apache-2.0
"""Repacking and reindexing, asked for as an administrator would: what is found stays the same."""

import glob
import json
import os
import random
import subprocess
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


@pytest.mark.skipif(os.geteuid() != 0, reason='only root can become another user')
def test_a_store_that_root_copied_is_given_to_its_user_first(tmp_path):
    """What root restored cannot be read by the roles: that is said at once, with the remedy."""
    with Desk(tmp_path, listen=('tcp',), more='user: nobody\n') as desk:
        target, kept = desk.folder + '/backup', desk.folder + '/kept'
        fill(desk, rounds=1)
        before = found(desk)
        assert desk.command('backup', '--with-keys', target)[0] == 0
        assert desk.stop() == 0
        os.rename(desk.state, kept)
        said = desk.command('restore', '--state', desk.state, target)[1]
        assert 'chown -R trucban' in said
        desk.start(wait=False)
        assert desk.child.wait(30) == 3
        desk.child = None
        assert desk.said(b'give them to it: chown -R nobody')
        row = [json.loads(line) for line in
               desk.command('doctor', '--config', desk.conf, '--json')[1].splitlines()]
        assert any('chown -R nobody' in one.get('do', '') for one in row)
        subprocess.run(['chown', '-R', 'nobody:', desk.state], check=True)
        desk.start()
        assert {k: v for k, v in found(desk).items() if k in before} == before


def test_a_store_without_its_seal_key_says_so(tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        assert desk.stop() == 0
        os.unlink(desk.state + '/key/seal.key')
        desk.start(wait=False)
        assert desk.child.wait(30) == 3
        desk.child = None
        assert desk.said(b'there is no key/seal.key')


def test_a_backup_does_not_go_into_the_store_itself(tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        for target in (desk.state, desk.state + '/copy', desk.state + '/segment/../copy'):
            rc, _, said = desk.command('backup', target, check=False)
            assert rc == 3 and 'inside of the store' in said, said
        assert not os.path.exists(desk.state + '/copy')


def test_verify_is_told_what_it_can_use(tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        fill(desk, rounds=1)
        rc, said = desk.verify('--state', desk.state)
        assert rc == 3 and 'is a directory' in said, said
        for wrong in ('x', '-1', '0', '1e3'):
            rc, _, said = desk.command('verify', '--threads', wrong, check=False)
            assert rc == 2 and '--threads' in said, said
        own = found(desk).popitem()[0]
        stream, epoch, number = own.split(':')
        for name in (own, '%s:%s' % (stream, number)):
            rc, said = desk.verify('--prove', name)
            assert rc == 0 and 'record %s\n' % own in said, said
        rc, said = desk.verify('--prove', '%s:%d:%s' % (stream, int(epoch) + 1, number))
        assert rc == 3 and 'another life of the store' in said, said
