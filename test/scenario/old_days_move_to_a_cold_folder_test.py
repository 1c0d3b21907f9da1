# SPDX-License-Identifier: Apache-2.0
"""store: cold: segments of older days move to a second folder and are found there as before.

When its disk is missing the desk takes records and says what cannot be read; a backup has it all.
"""

import json
import os
import shutil
import signal
import sys
import urllib.parse

import pytest

import senders
from harness import Desk, Sent, TOP, assert_kept, until

sys.path.insert(0, os.path.join(TOP, 'test', 'second'))

import store as second  # noqa: E402

MORE = 'store: {cold: "%s", cold_after: 1, reserve: 16MB, encrypt: %s}\n'


def desk_of(tmp_path, encrypt='yes'):
    cold = os.path.join(str(tmp_path), 'cold')
    os.mkdir(cold, 0o700)
    return Desk(tmp_path / 'desk', ('relp',), MORE % (cold, encrypt)), cold


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


def files(folder):
    return sorted(os.path.relpath(os.path.join(top, name), folder)
                  for top, _, names in os.walk(folder) for name in names)


def moved(desk, n=40):
    """Sends records and has the segments that they are in moved."""
    sent = Sent()
    sent.relp(desk.port['relp'], n)
    ask(desk, 'flush')
    assert 'segments moved' in ask(desk, 'cool', 'all')
    assert not files(os.path.join(desk.state, 'segment'))
    return sent


def assert_whole(desk, store=None):
    rc, text = desk.verify(store=store)
    assert rc == 0, text


@pytest.mark.parametrize('encrypt', ['yes', 'no'])
def test_what_moved_is_found_verified_and_read_by_others(tmp_path, encrypt):
    desk, cold = desk_of(tmp_path, encrypt)
    with desk:
        sent = [moved(desk)]
        kept = files(os.path.join(cold, 'segment'))
        assert kept and all(name.endswith(('.seg', '.idx')) for name in kept)
        assert os.readlink(os.path.join(desk.state, 'cold')) == cold
        until('told', lambda: desk.metric('segments_cold') == len(kept) // 2)
        assert desk.metric('segments_away') == 0
        sent.append(Sent())
        sent[1].relp(desk.port['relp'], 10)
        for one in sent:
            assert_kept(desk, one)
        assert_whole(desk)
        desk.kill_role('keeper')
        sent.append(moved(desk, 5))
        for one in sent:
            assert_kept(desk, one)
        rc, out, _ = desk.command('doctor', '--config', desk.conf, '--json')
        row = {r['check']: r for r in map(json.loads, out.splitlines())}['cold']
        # Here both are on one disk, which a person should see to.
        assert (rc, row['result']) == (0, 'warn') and cold in row['what'], row
        assert desk.stop() == 0
        assert_whole(desk)
    other = second.Store(desk.state)
    assert not other.bad and not other.notes
    text = b'\n'.join(row.octets for row in other.rows())
    assert all(ident.encode() in text for one in sent for ident in one.acked)


def test_a_missing_disk_is_said_and_stops_nothing(tmp_path):
    desk, cold = desk_of(tmp_path)
    with desk:
        old = moved(desk)
        assert desk.stop() == 0
        os.rename(cold, cold + '-away')
        desk.start()
        until('told', lambda: desk.said(b'segments cannot be read and none can move'))
        new = Sent()
        new.relp(desk.port['relp'], 20)
        ask(desk, 'flush')
        until('told', lambda: desk.metric('segments_away') > 0)
        # Not fewer rows in silence: it fails, and names the days.
        rc, _, err = desk.command('search', '--limit', '0', old.prefix + '*', check=False)
        assert rc != 0 and 'records received from' in err and 'mount its disk' in err, err
        assert 'not there' in ask(desk, 'cool', 'all')
        rc, out, _ = desk.command('doctor', '--config', desk.conf, '--json')
        row = {r['check']: r for r in map(json.loads, out.splitlines())}['cold']
        assert (rc, row['result']) == (1, 'bad') and 'reload' in row['do'], row
        rc, out = desk.verify()
        assert rc == 1 and 'mount its disk' in out, out
        rc, _, err = desk.command('backup', os.path.join(desk.folder, 'none'), check=False)
        assert rc not in (0, 1) and 'mount its disk' in err, err
        # What came since is in the store's own folder.
        os.rename(cold + '-away', cold)
        begun = desk.said(b'trucban: front ready')
        desk.child.send_signal(signal.SIGHUP)
        until('front again', lambda: desk.said(b'trucban: front ready') > begun)
        for one in (old, new):
            assert_kept(desk, one)
        assert 'segments moved' in ask(desk, 'cool', 'all')
        until('told', lambda: desk.metric('segments_away') == 0)
        for one in (old, new):
            assert_kept(desk, one)
        assert desk.stop() == 0
        assert_whole(desk)


def test_a_backup_has_both_folders_and_can_be_restored_to_one_or_two(tmp_path):
    desk, cold = desk_of(tmp_path)
    backup = os.path.join(str(tmp_path), 'backup')
    with desk:
        sent = [moved(desk)]
        desk.command('backup', '--with-keys', backup)
        sent.append(Sent())
        sent[1].relp(desk.port['relp'], 10)
        ask(desk, 'flush')
        desk.command('backup', '--with-keys', backup)
        before = files(os.path.join(backup, 'segment'))
        # What moves between two backups is not copied again, to another place.
        ask(desk, 'cool', 'all')
        desk.command('backup', '--with-keys', backup)
        assert set(before) <= set(files(os.path.join(backup, 'segment')))
        assert not os.path.lexists(os.path.join(backup, 'cold'))
        assert desk.stop() == 0
    assert_whole(desk, backup)
    one = os.path.join(str(tmp_path), 'one')
    desk.command('restore', '--state', one, backup)
    assert_whole(desk, one)
    two, other = os.path.join(str(tmp_path), 'two'), os.path.join(str(tmp_path), 'other')
    os.mkdir(other, 0o700)
    desk.command('restore', '--state', two, '--cold', other, backup)
    assert_whole(desk, two)
    assert not files(os.path.join(two, 'segment'))
    assert files(os.path.join(other, 'segment')) == files(os.path.join(one, 'segment'))
    # A desk goes on with it.
    shutil.rmtree(desk.state)
    os.rename(two, desk.state)
    with open(desk.conf, encoding='utf-8') as f:
        text = f.read().replace(cold, other)
    with open(desk.conf, 'w', encoding='utf-8') as f:
        f.write(text)
    with desk:
        sent.append(moved(desk, 5))
        for each in sent:
            assert_kept(desk, each)
        assert desk.stop() == 0
        assert_whole(desk)
