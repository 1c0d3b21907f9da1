# SPDX-License-Identifier: Apache-2.0
"""A record that makes a role crash whenever it is looked at: set aside after two crashes, and the
desk goes on. Planted by FAIL_CRASH_ON (src/sys/fault.h).
"""

import http.client
import json
import os
import threading

import pytest

import senders
from harness import Desk, Sent, assert_kept, until

POISON = 'xqpoison7'


def plant(role, call):
    return {'FAIL_CRASH_ON': POISON, 'FAIL_ROLE': role, 'FAIL_CALL': call}


def crashes(desk, role):
    return desk.said(b'trucban: %s ended: killed by signal 11' % role.encode())


def send_poison(desk, sent, good):
    """One bad record; others come and go meanwhile, on connections of their own."""
    failed = []

    def others():
        try:
            good.relp(desk.port['relp'], 300, again=desk.wait_ready, window=1)
        except Exception as e:      # told to the test's own thread
            failed.append(e)

    thread = threading.Thread(target=others)
    thread.start()
    sent.relp(desk.port['relp'], 1, again=desk.wait_ready, text=POISON)
    thread.join(60)
    assert not thread.is_alive() and not failed, failed


def test_a_record_that_crashes_the_parser_is_kept_whole_after_two_lives(tmp_path):
    bad, good = Sent(), Sent()
    with Desk(tmp_path, listen=('relp',), env=plant('intake', 'cut')) as desk:
        send_poison(desk, bad, good)
        assert crashes(desk, 'intake') == 2
        assert desk.said(b'intake crashed twice over one record, which is kept whole') == 1
        until('the metric', lambda: desk.metric('intake_rows_set_aside_total') == 1)
        assert_kept(desk, good)
        # It is there, octet by octet, and found; only its fields were not taken apart.
        assert_kept(desk, bad)
        assert POISON in desk.search(POISON)[0]['_msg']
        # Another such record is another suspect; the first one does not crash anybody again.
        bad.relp(desk.port['relp'], 1, again=desk.wait_ready, text=POISON + ' once more')
        assert crashes(desk, 'intake') == 4
        assert_kept(desk, bad)
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


def post(desk, path, body):
    """Sends until there is an answer, as shippers do."""
    for _ in range(5):
        conn = senders.connection(desk.port['http'])
        try:
            return senders.request(conn, 'POST', path, body, {'Content-Type': 'application/json'})
        except (OSError, http.client.HTTPException):
            desk.wait_ready()
            until('the door', lambda: desk.accepts(desk.port['http']))
        finally:
            conn.close()
    raise AssertionError('no answer')


def test_a_body_that_crashes_its_reader_is_refused_and_an_entry_kept_after_two_lives(tmp_path):
    loki = json.dumps({'streams': [{'stream': {}, 'values': [['1', POISON]]}]}).encode()
    with Desk(tmp_path, listen=('http',), env=plant('intake', 'unpack')) as desk:
        assert post(desk, '/loki/api/v1/push', loki) == (
            400, b'this body made the desk crash twice\n')
        assert crashes(desk, 'intake') == 2
        # A journal would never go on without it.
        assert post(desk, '/upload', b'MESSAGE=%s\n\n' % POISON.encode())[0] == 202
        assert crashes(desk, 'intake') == 4
        until('the entry', lambda: len(desk.search(POISON)) == 1)
        assert post(desk, '/upload', b'MESSAGE=good\n\n')[0] == 202
        until('the next', lambda: len(desk.search('MESSAGE:=good OR good')) == 1)


def test_a_line_that_crashes_the_collector_is_kept_whole_after_two_lives(tmp_path):
    log = tmp_path / 'logs' / 'app.log'
    log.parent.mkdir()
    lines = Sent()
    pairs = lines.messages(40)
    text = [m for m, _ in pairs]
    text[20] += b' ' + POISON.encode()
    log.write_bytes(b''.join(m + b'\n' for m in text))
    with Desk(tmp_path / 'desk', listen=('relp',), env=plant('collector', 'cut'),
              more='collect: {files: ["%s"]}\n' % log) as desk:
        until('all lines', lambda: set(desk.found(lines.prefix)) == set(lines.sent), 40)
        assert crashes(desk, 'collector') == 2
        until('the metric', lambda: desk.metric('collector_rows_set_aside_total') == 1)
        assert POISON in desk.search(POISON)[0]['_msg']
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


def test_a_batch_that_crashes_the_keeper_is_set_aside_after_two_lives(tmp_path):
    bad, good = Sent(), Sent()
    with Desk(tmp_path, listen=('relp',), env=plant('keeper', 'keep_batch')) as desk:
        bad.relp(desk.port['relp'], 1, again=desk.wait_ready, text=POISON)
        assert crashes(desk, 'keeper') == 2
        until('the metric', lambda: desk.metric('rows_set_aside_total') >= 1)
        names = os.listdir(os.path.join(desk.state, 'quarantine'))
        assert len(names) == 1 and names[0].endswith('.batch')
        with open(os.path.join(desk.state, 'quarantine', names[0]), 'rb') as f:
            assert POISON.encode() in f.read()
        good.relp(desk.port['relp'], 300)
        assert_kept(desk, good)
        assert crashes(desk, 'keeper') == 2
        _, out, _ = desk.command('doctor', '--config', desk.conf, check=False)
        assert 'quarantine' in out and ' 1' in out
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


@pytest.mark.parametrize('role', ['intake', 'keeper'])
def test_a_role_that_dies_without_a_record_at_hand_blames_none(tmp_path, role):
    with Desk(tmp_path, listen=('relp',)) as desk:
        for _ in range(3):
            sent = Sent()
            sent.relp(desk.port['relp'], 100)
            desk.kill_role(role, 11)
        sent = Sent()
        sent.relp(desk.port['relp'], 100, again=desk.wait_ready)
        assert_kept(desk, sent)
        assert not desk.said(b'crashed twice')
        assert desk.metric('rows_set_aside_total') == 0
        assert not os.listdir(os.path.join(desk.state, 'quarantine'))
