# SPDX-License-Identifier: Apache-2.0
"""A disk that is really full, of a small file system: each class has its policy, the desk lives.

Somebody else's file takes what is left. Searches and the ledger go on; when there is room again,
so does recording. Nothing acknowledged is lost but what a policy drops, under a signed leaf.
"""

import os
import subprocess
import threading

import pytest

import senders
from harness import Desk, Sent, assert_kept, until

SIZE_MB = 256       # journals are made 64 MB long
LEFT = 4 << 20      # less than the reserve of 16 MB
MORE = 'classes: [{name: standard, days: 0, full: %s}]\n'


@pytest.fixture
def desk(tmp_path, request):
    desk = Desk(tmp_path / 'desk', listen=('http', 'relp'), more=MORE % request.param,
                env={'TRUCBAN_WATCH_HASTE': '600'})
    os.makedirs(desk.state, 0o700)
    options = 'size=%dm,mode=0700' % SIZE_MB
    done = subprocess.run(['mount', '-t', 'tmpfs', '-o', options, 'tmpfs', desk.state],
                          stderr=subprocess.PIPE, check=False)
    if done.returncode != 0:
        pytest.skip('no small file system can be mounted here')
    try:
        desk.start()
        yield desk
    finally:
        desk.kill()
        subprocess.run(['umount', '-l', desk.state], check=True)


def policy(*names):
    return pytest.mark.parametrize('desk', names, indirect=True)


def free(desk):
    now = os.statvfs(desk.state)
    return now.f_bavail * now.f_frsize


def fill(desk, left=LEFT):
    """Somebody else's file."""
    with open(os.path.join(desk.state, 'somebody-elses'), 'ab') as f:
        os.posix_fallocate(f.fileno(), 0, f.tell() + free(desk) - left)
    until('a full disk', lambda: desk.said(b'the disk is full: '), 30)


def make_room(desk):
    os.remove(os.path.join(desk.state, 'somebody-elses'))
    until('room', lambda: desk.said(b'the disk has room again'), 30)


def ask(desk, what):
    status, answer = senders.request(desk.front(), 'POST', '/trucban/ask', 'what=' + what,
                                     {'Content-Type': 'application/x-www-form-urlencoded'})
    assert status == 200, answer


def ends_well(desk, sent, roles, dropped=0):
    """The same processes as before, all records, and a seal that holds and says what went."""
    assert desk.children() == roles
    assert_kept(desk, sent)
    assert desk.stop() == 0
    rc, said = desk.verify()
    assert rc == (1 if dropped else 0), said
    assert ('%d records were dropped because the disk was full' % dropped in said) == (dropped > 0)
    desk.start()
    assert_kept(desk, sent)


def told(desk, action):
    """Does the desk say so itself? Findings are taken even then."""
    return desk.search('rule.id:=store.trouble event.action:=' + action, '--stream', 'findings')


@policy('refuse')
def test_new_records_are_refused_by_name_until_there_is_room(desk):
    roles, sent, late = desk.children(), Sent(), Sent()
    sent.bulk(desk.port['http'], 300)
    assert len(sent.acked) == 300
    fill(desk)
    late.bulk(desk.port['http'], 200)
    assert late.acked == []
    until('the metric', lambda: desk.metric('rows_refused_full_total') >= 200)
    conn = senders.connection(desk.port['http'])
    status, answer = senders.request(conn, 'POST', '/insert/jsonline', '{"a": 1}\n')
    conn.close()
    assert status == 503 and b'could not be stored' in answer
    # It is looked at, and by whom is written down.
    assert_kept(desk, sent)
    asked = len(desk.search('act:=search', '--stream', 'ledger'))
    assert asked > 0
    # The row of a search is on its way to the disk while that search is answered.
    until('one more row', lambda: len(desk.search('act:=search', '--stream', 'ledger')) > asked)
    assert senders.request(desk.front(), 'GET', '/health')[0] == 200
    assert until('a finding', lambda: told(desk, 'opened'), 30)[0]['finding.subject'] == 'full'
    make_room(desk)
    until('its end', lambda: told(desk, 'closed'), 30)
    sent.bulk(desk.port['http'], 300)
    assert len(sent.acked) == 600
    assert not desk.found(late.prefix)
    ends_well(desk, sent, roles)


@policy('hold')
def test_senders_wait_until_there_is_room(desk):
    roles, sent, late = desk.children(), Sent(), Sent()
    sent.relp(desk.port['relp'], 300)
    fill(desk)
    waiting = threading.Thread(target=late.relp, args=(desk.port['relp'], 200))
    waiting.start()
    # Time for what must not come: an acknowledgement.
    assert_kept(desk, sent)
    assert late.acked == [] and not desk.found(late.prefix)
    assert desk.metric('rows_refused_full_total') == 0
    make_room(desk)
    waiting.join(60)
    assert len(late.acked) == 200
    assert_kept(desk, late, all_of=True)
    ends_well(desk, sent, roles)


@policy('shorten')
def test_the_oldest_records_go_under_a_signed_leaf(desk):
    roles, old, late = desk.children(), Sent(), Sent()
    old.relp(desk.port['relp'], 300)
    ask(desk, 'flush')
    ask(desk, 'checkpoint')
    assert_kept(desk, old)
    fill(desk)
    until('the oldest gone', lambda: desk.metric('segments_dropped_total'), 30)
    assert desk.said(b'segments of classes that may be shortened go')
    until('not found', lambda: not desk.found(old.prefix))
    late.relp(desk.port['relp'], 200)
    assert len(late.acked) == 200 and desk.metric('rows_refused_full_total') == 0
    make_room(desk)
    late.relp(desk.port['relp'], 100)
    ends_well(desk, late, roles, dropped=300)


@policy('refuse')
def test_without_an_octet_left_the_desk_starts_and_goes_on(desk):
    sent, late = Sent(), Sent()
    sent.relp(desk.port['relp'], 300)
    assert desk.stop() == 0
    with open(os.path.join(desk.state, 'somebody-elses'), 'wb') as f:
        os.posix_fallocate(f.fileno(), 0, free(desk))
    assert free(desk) == 0
    desk.start(wait=False)
    until('told', lambda: desk.said(b'full') or desk.said(b'No space'), 30)
    os.remove(os.path.join(desk.state, 'somebody-elses'))
    desk.wait_ready(60)
    late.bulk(desk.port['http'], 100)
    until('recording', lambda: late.acked or late.bulk(desk.port['http'], 100), 30, 0.5)
    assert_kept(desk, sent)
    assert_kept(desk, late)
