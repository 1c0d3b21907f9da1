# SPDX-License-Identifier: Apache-2.0
"""A finding waits as an alert; what people do with it is sealed first, done once, over kills."""

import glob
import http.client
import json
import os
import socket
import threading
import time

import pytest

from findings_open_and_close_test import DOORS, HASTE, MORE, act, talk
from harness import Desk, until


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / 'desk', listen=DOORS, more=MORE, env=HASTE) as d:
        yield d


def alert(desk, *words, check=True, lang='en'):
    return desk.command('alert', *words, check=check, env={'TRUCBAN_LANG': lang})


def alerts(desk, *words):
    return json.loads(alert(desk, 'list', '--json', *words)[1])


def ledger(desk, query):
    return desk.search(query, '--stream', 'ledger')


def api(desk, path, body=None):
    """(status, JSON) over the unix socket, as the page's requests are; None: GET."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(30)
        s.connect(os.path.join(desk.state, 'run/front.sock'))
        text = '' if body is None else body
        s.sendall(('%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: '
                   'application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n%s' % (
                       'GET' if body is None else 'POST', path, len(text.encode()), text)).encode())
        got = b''.join(iter(lambda: s.recv(65536), b''))
    head, _, rest = got.partition(b'\r\n\r\n')
    if b'chunked' in head:
        whole, rest_of = b'', rest
        while rest_of and not rest_of.startswith(b'0\r\n'):
            n, _, rest_of = rest_of.partition(b'\r\n')
            whole, rest_of = whole + rest_of[:int(n, 16)], rest_of[int(n, 16) + 2:]
        rest = whole
    return int(head.split()[1]), json.loads(rest) if rest.startswith(b'{') else rest


def silent(desk):
    """A source falls silent: the alert of it."""
    talk(desk, 'may-01')
    told = act(desk, 'coverage.silent', 'opened')
    return until('the alert', lambda: [a for a in alerts(desk)['alerts']
                                       if a['id'] == told['finding.id']], 20, 0.2)[0]


def test_a_silent_source_is_taken_given_and_decided_by_the_command(desk):
    one = silent(desk)
    assert one['state'] == 'new' and one['host'] == 'may-01' and one['level'] == 2
    rc, out, _ = alert(desk)
    assert rc == 1 and 'NOT TAKEN' in out and 'may-01' in out
    assert 'CHƯA TIẾP NHẬN' in alert(desk, lang='vi')[1]
    assert alert(desk, 'take', one['id'][:8], '--why', 'đang xem')[0] == 0
    assert alert(desk, 'assign', one['id'][:8], '--to', 'Trần Văn Bình')[0] == 0
    shown = json.loads(alert(desk, 'show', one['id'][:8], '--json')[1])
    assert (shown['state'], shown['assignee']) == ('taken', 'Trần Văn Bình')
    assert [n['act'] for n in shown['notes']] == ['alert-take', 'alert-assign']
    rc, _, err = alert(desk, 'done', one['id'][:8], check=False, lang='vi')
    assert rc == 3 and 'còn thiếu' in err, err
    assert alert(desk, 'done', one['id'][:8], '--why', 'đã cắm lại cáp')[0] == 0
    rc, _, err = alert(desk, 'take', one['id'][:8], check=False)
    assert rc != 0 and 'decided already' in err, err
    assert one['id'] not in [a['id'] for a in alerts(desk)['alerts']]
    # The ledger has each of them, sealed like all rows, found by its fields.
    rows = ledger(desk, 'alert:"%s"' % one['id'])
    assert sorted(r['act'] for r in rows) == ['alert-assign', 'alert-done', 'alert-take']
    assert {r['who'] for r in rows} == {'uid %d' % os.geteuid()}
    assert [r['_msg'] for r in rows if r['act'] == 'alert-done'] == ['đã cắm lại cáp']
    assert desk.command('verify')[0] == 0


def test_a_mute_hides_the_next_of_its_kind_until_it_is_lifted(desk):
    one = silent(desk)
    rc, _, err = alert(desk, 'mute', one['id'][:8], '--until', '2020-01-01T00:00:00Z', '--why',
                       'x', check=False)
    assert rc == 3 and 'in the past' in err, err
    assert alert(desk, 'mute', one['id'][:8], '--until', '2100-01-01T00:00:00+07:00', '--why',
                 'bảo trì')[0] == 0
    talk(desk, 'may-01', 1)
    act(desk, 'coverage.silent', 'closed')
    talk(desk, 'may-01', 40)
    until('a second silence, muted',
          lambda: [a for a in alerts(desk, '--muted')['alerts'] if a['id'] != one['id']], 40, 0.2)
    assert '1  coverage.silent may-01  until' in alert(desk, 'mutes')[1]
    assert alert(desk, 'unmute', '1')[0] == 0
    assert alert(desk, 'unmute', '1', check=False)[0] != 0


def test_acts_that_were_answered_are_there_once_whatever_dies(desk):
    """Notes from a thread while desk, front, keeper and the parent are killed."""
    one = silent(desk)
    done, stop = [], threading.Event()

    def work():
        n = 0
        while not stop.is_set():
            n += 1
            try:
                status, got = api(desk, '/api/alerts/%s/note' % one['id'], 'what=lan-%d' % n)
                if status == 200:
                    assert got['notes'], got
                    done.append(n)
            except (OSError, ValueError, IndexError):
                pass
            time.sleep(0.01)
    worker = threading.Thread(target=work)
    worker.start()
    try:
        for role in ('desk', 'keeper', 'desk', 'front', 'desk'):
            time.sleep(0.5)
            desk.kill_role(role)
        desk.kill()
        desk.start()
        time.sleep(0.5)
    finally:
        stop.set()
        worker.join()
    assert len(done) > 20
    notes = [n['text'] for n in api(desk, '/api/alerts/' + one['id'])[1]['notes']]
    assert len(notes) == len(set(notes)), 'an act that was done twice'
    assert not [n for n in done if 'lan-%d' % n not in notes]
    rows = [r['_msg'] for r in ledger(desk, 'act:=alert-note')]
    assert sorted(rows) == sorted(notes)


def test_a_view_that_is_thrown_away_or_broken_comes_back_the_same(desk):
    one = silent(desk)
    alert(desk, 'take', one['id'][:8], '--why', 'đang xem')
    before = api(desk, '/api/alerts/' + one['id'])
    for harm in ('removed', 'broken'):
        desk.kill()
        for path in glob.glob(desk.state + '/desk/view.db*'):
            if harm == 'removed':
                os.unlink(path)
            else:
                with open(path, 'r+b') as f:
                    f.write(b'\xff' * 4096)
        desk.start()
        after = until('the same', lambda: (lambda a: a if a[0] == 200 else None)(
            api(desk, '/api/alerts/' + one['id'])), 20, 0.2)
        assert (after[1]['state'], after[1]['notes']) == (before[1]['state'], before[1]['notes'])


def test_who_is_nobody_may_see_and_do_nothing(desk):
    one = silent(desk)
    for method, path in (('GET', '/api/alerts'), ('POST', '/api/alerts/%s/take' % one['id'])):
        c = http.client.HTTPConnection('127.0.0.1', desk.front_port, timeout=20)
        c.request(method, path, body='lang=en' if method == 'POST' else None)
        answer = c.getresponse()
        assert answer.status == 403 and json.loads(answer.read())['code'] == 'no-right'
    assert not ledger(desk, 'act:=alert-take')
    # What a GET asks is never an act.
    assert api(desk, '/api/alerts/%s/take' % one['id'])[0] == 404
