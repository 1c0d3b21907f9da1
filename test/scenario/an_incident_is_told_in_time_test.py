# SPDX-License-Identifier: Apache-2.0
"""An incident from the telephone call to its end; no answered act is lost or done twice."""

import http.client
import json
import os
import re
import signal
import socket
import threading
import time
import urllib.parse

import pytest

from harness import Desk, program, until

ANSWERS = ('national=no', 'interrupted=no', 'level3=yes', 'control=unsure', 'data=no',
           'public=no', 'beyond=no')
HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'


class UnixHTTP(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__('desk', timeout=30)
        self.unix = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(self.unix)


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / 'desk') as d:
        yield d


def api(desk, path, **fields):
    """(status, what the desk says); fields: an act."""
    c = UnixHTTP(desk.socket)
    try:
        if fields:
            c.request('POST', path, urllib.parse.urlencode(fields),
                      {'Content-Type': 'application/x-www-form-urlencoded'})
        else:
            c.request('GET', path)
        answer = c.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        c.close()


def incident(desk, *args, code=0):
    got, out, err = desk.command('incident', *args, check=False)
    assert got == code, (args, out, err)
    return out if code == 0 else err


def opened(desk):
    page = incident(desk, 'open', 'Trang chủ bị thay nội dung', 'Thấy chữ lạ', '--t0', 'now',
                    '--how', 'citizen', '--teller', 'Bà Hoa', '--system', 'Cổng', '--level', '3')
    return page.split()[0]


def test_the_whole_story_by_the_command_line(desk):
    sc = opened(desk)
    assert re.fullmatch(r'SC-\d{4}-0001', sc)
    page = incident(desk, 'show', sc)
    assert 'NOT JUDGED YET' in page and '[thong-bao-24h]' in page and '[bao-ngay]' in page
    assert 'level3: ' in incident(desk, 'severity', sc)
    page = incident(desk, 'severity', sc, *ANSWERS)
    assert 'How bad: Serious incident' in page and '[bao-ngay]' not in page
    page = incident(desk, 'playbook', sc, 'thay-doi-giao-dien', '--person', 'An')
    assert page.index('EVIDENCE: task #1 ') < page.index('trucban incident sent')
    incident(desk, 'evidence', sc, 'web01.dd', '--sha256', HASH, '--giver', 'An', '--taker',
             'Bình', '--place', 'két số 2')
    assert 'held by Chi, Công an' in incident(desk, 'custody', sc, '1', '--giver', 'Bình',
                                              '--taker', 'Chi', '--place', 'Công an')
    assert 'trucban: a deadline still runs' in incident(
        desk, 'close', sc, 'x', '--sure', 'likely', '--remedy', 'y', '--lessons', 'z', code=3)
    for clock in ('thong-bao-24h', 'bao-cao-72h'):
        page = incident(desk, 'sent', sc, clock, '--channel', 'văn bản', '--to', 'A05',
                        '--receipt', '12/TN')
    assert page.count('no. 12/TN') == 2
    for task in range(1, 9):
        incident(desk, 'done', str(task), 'xong')
    page = incident(desk, 'close', sc, 'lỗ hổng plugin', '--sure', 'likely', '--remedy', 'vá',
                    '--lessons', 'cập nhật sớm')
    assert 'State: closed' in page and 'Cause: lỗ hổng plugin (likely)' in page
    incident(desk, 'decision', sc, 'x', code=3)
    incident(desk, 'note', sc, 'tin thêm')
    assert 'no incident' in incident(desk, 'list')
    assert sc in incident(desk, 'list', '--all')
    got, rows, _ = desk.command('search', '--stream', 'ledger', '--json', 'act:notice-sent')
    assert got == 0 and rows.count('"act":"notice-sent"') == 2 and '12/TN' in rows


def test_what_the_desk_refuses_is_said_and_not_done(desk):
    assert 'lies ahead' in incident(desk, 'open', 'x', 'y', '--t0', '2099-01-01 07:30', '--how',
                                    'phone', '--teller', 'z', code=3)
    assert 'Usage: trucban incident note' in incident(desk, 'note', code=2)
    assert 'is no id' in incident(desk, 'note', '../alerts', 'x', code=2)
    incident(desk, 'show', 'SC-2026-0001', code=3)
    status, said = api(desk, '/api/incidents?state=all')
    assert status == 200 and said['total'] == 0


def test_a_pack_is_checked_by_line(tmp_path):
    own = os.path.join(os.path.dirname(__file__), '..', '..', 'content', 'packs',
                       'incident-2026.yaml')
    with open(own, encoding='utf-8') as f:
        text = f.read()
    desk = Desk(tmp_path / 'none')
    assert desk.command('incident', 'pack', '--pack', own)[0] == 0
    wrong = tmp_path / 'wrong.yaml'
    for change, said in ((('    article: ', '    articel: '), 'articel'),
                         (('    article: "Điều 31 khoản 2 điểm d"\n', ''), "'article' is missing"),
                         (('after: 24h', 'after: soon'), "'soon'")):
        wrong.write_text(text.replace(*change, 1), encoding='utf-8')
        code, _, err = desk.command('incident', 'pack', '--pack', str(wrong), check=False)
        assert code == 1 and said in err and re.search(r'line \d+: ', err), err
    assert program()


def test_the_office_s_own_pack_is_used_and_a_wrong_one_said(tmp_path):
    own = os.path.join(os.path.dirname(__file__), '..', '..', 'content', 'packs',
                       'incident-2026.yaml')
    with open(own, encoding='utf-8') as f:
        text = f.read()
    pack = tmp_path / 'incident-office.yaml'
    pack.write_text(text.replace('pack: incident-2026', 'pack: incident-office'),
                    encoding='utf-8')
    with Desk(tmp_path / 'desk', more='incident_pack: "%s"\n' % pack) as d:
        assert '(incident-office, ' in incident(d, 'pack')
        sc = opened(d)
        incident(d, 'severity', sc, *ANSWERS)
        assert api(d, '/api/incidents/' + sc)[1]['pack'] == 'incident-office'
        assert 'DEADLINE NEAR' in until('the warning to tell at once', lambda: (
            lambda page: page if 'DEADLINE NEAR' in page else None)(incident(d, 'show', sc)))
        pack.write_text('pack: x\ncolour: red\n', encoding='utf-8')
        d.kill_role('desk')
        assert "incident_pack %s is not used" % pack in d.log_text()
        until('the desk', lambda: '(incident-2026, ' in incident(d, 'pack'))


def test_a_desk_killed_at_any_moment_loses_no_answered_act(desk):
    status, said = api(desk, '/api/incidents', title='x', what='y', how='phone', teller='z',
                       t0=time.strftime('%Y-%m-%dT%H:%M:00Z', time.gmtime()))
    assert status == 200
    sc, answered, tried = said['id'], set(), []
    end = threading.Event()

    def write():
        while not end.is_set():
            text = 'ghi chú %d' % len(tried)
            tried.append(text)
            try:
                if api(desk, '/api/incidents/%s/note' % sc, what=text)[0] == 200:
                    answered.add(text)
            except (OSError, http.client.HTTPException, ValueError):
                pass

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for _ in range(4):
            seen = len(answered)
            until('acts', lambda n=seen: len(answered) >= n + 10, 60)
            desk.kill_role('desk', signal.SIGKILL)
    finally:
        end.set()
        writer.join()
    until('the desk', lambda: api(desk, '/api/incidents')[0] == 200, 30)

    def events():
        said = api(desk, '/api/incidents/%s/events?limit=1000' % sc)[1]
        return [e['text'] for e in said['events'] if e['act'] == 'incident-note']

    texts = events()
    assert answered and answered <= set(texts) <= set(tried)
    assert len(texts) == len(set(texts))
    # Thrown away, it is made again as it was.
    before = api(desk, '/api/incidents/%s/events?limit=1000' % sc)[1]
    desk.stop()
    for name in os.listdir(os.path.join(desk.state, 'desk')):
        os.unlink(os.path.join(desk.state, 'desk', name))
    desk.start()
    until('the desk', lambda: api(desk, '/api/incidents')[0] == 200, 30)
    after = until('the view', lambda: (lambda a: a if a.get('total') == before['total'] else None)(
        api(desk, '/api/incidents/%s/events?limit=1000' % sc)[1]), 30)
    assert after == before
