# SPDX-License-Identifier: Apache-2.0
"""What needs a person is found, told once, and closed when it is over; over kills, and sealed."""

import glob
import json
import os
import signal
import socket
import struct
import time

import pytest

import senders
from harness import Desk, Sent, until

MORE = 'seal: {checkpoint: 1s}\n'
# an hour in six seconds: ten minutes of silence are one second
HASTE = {'TRUCBAN_WATCH_HASTE': '600'}
DOORS = ('udp', 'tcp', 'http')


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / 'desk', listen=DOORS, more=MORE, env=HASTE) as d:
        yield d


def stream(desk, query='*', store=None):
    """The acts, in the order of the stream."""
    found = desk.search(query, '--stream', 'findings', store=store)
    return sorted(found, key=lambda act: int(act['_seq'].split(':')[2]))


def acts_of(desk, rule):
    return [act for act in stream(desk) if act['rule.id'] == rule]


def act(desk, rule, action):
    """Waits for the first of them."""
    def look():
        return [a for a in acts_of(desk, rule) if a['event.action'] == action]
    return until('%s of %s' % (action, rule), look, 40, 0.2)[0]


def moment(text):
    """Nanoseconds: one field is written with nine digits, the other without zeros at its end."""
    whole, _, part = text.rstrip('Z').partition('.')
    return whole, part.ljust(9, '0')


def findings(desk, *options):
    """(exit code, what `trucban findings --json` prints)."""
    rc, out, _ = desk.command('findings', '--json', *options)
    return rc, [json.loads(line) for line in out.splitlines()]


def talk(desk, host, n=40, pause=0.02):
    """So many records that its pauses are known."""
    sent = Sent()
    for _ in range(n):
        sent.tcp(desk.port['tcp'], 1, host=host)
        time.sleep(pause)


def assert_each_once(desk):
    """Sequences grow; each finding is opened once, closed at most once, and last."""
    acts, before, seen = stream(desk), 0, {}
    for one in acts:
        assert int(one['event.sequence']) >= before, acts
        before = int(one['event.sequence'])
        seen.setdefault(one['finding.id'], []).append(one['event.action'])
    for told in seen.values():
        assert told[0] == 'opened' and told.count('opened') == 1, seen
        assert 'closed' not in told[:-1], seen
    groups = [(one['rule.id'], one.get('host.name'), one.get('observer.name'),
               one.get('finding.subject'))
              for one in acts if seen[one['finding.id']][-1] != 'closed' and
              one['event.action'] == 'opened']
    assert len(groups) == len(set(groups)), groups
    return seen


def test_a_source_falls_silent_and_comes_back(desk):
    assert findings(desk) == (0, [])
    talk(desk, 'may-01')
    told = act(desk, 'coverage.silent', 'opened')
    assert told['host.name'] == 'may-01' and told['observer.name'] == 'tcp'
    assert told['event.kind'] == 'alert' and told['rule.level'] == 'medium'
    assert 600 <= int(told['finding.value']) < 3600
    assert 'không gửi gì' in told['_msg']
    rc, open_now = findings(desk)
    assert rc == 1 and [f['finding.id'] for f in open_now] == [told['finding.id']]
    assert open_now[0]['open'] is True and open_now[0]['advice'] and open_now[0]['sure']
    assert 'has sent nothing for' in desk.command('findings')[1]
    until('the metric', lambda: desk.metric('findings_open{severity="medium"}') == 1, 20, 0.2)
    rc, out, _ = desk.command('status')
    assert rc == 1 and '1 findings are open (1 medium)' in out
    talk(desk, 'may-01', 1)
    closed = act(desk, 'coverage.silent', 'closed')
    assert closed['finding.id'] == told['finding.id']
    assert moment(closed['finding.opened']) == moment(told['_time'])
    assert not [f for f in findings(desk)[1] if f['finding.id'] == told['finding.id']]
    again = findings(desk, '--since', '1h')[1]
    assert told['finding.id'] in [f['finding.id'] for f in again if f['open'] is False]
    assert_each_once(desk)


def test_the_register_says_who_is_missed_and_who_is_a_stranger(desk):
    desk.command('source', 'add', 'may-01', '--config', desk.conf, '--host', 'may-01',
                 '--pause', '10m')
    # Three records: what is usual for it nobody knows but the register.
    talk(desk, 'may-01', 3)
    talk(desk, 'may-la', 3)
    told = act(desk, 'coverage.silent', 'opened')
    assert told['host.name'] == 'may-01' and int(told['finding.usual']) == 600
    stranger = act(desk, 'coverage.unknown', 'opened')
    assert stranger['host.name'] == 'may-la' and stranger['rule.level'] == 'low'
    desk.command('source', 'add', 'may-la', '--config', desk.conf, '--host', 'may-la')
    assert act(desk, 'coverage.unknown', 'closed')['finding.id'] == stranger['finding.id']
    talk(desk, 'may-01', 1)
    act(desk, 'coverage.silent', 'closed')
    assert_each_once(desk)


def test_a_clock_that_is_off_is_found(desk):
    def send(seconds, n=40):
        stamp = senders.stamp(time.time() + seconds)
        senders.tcp_send(desk.port['tcp'], [
            b'<13>1 %s may-lech app - - - dong %d' % (stamp.encode(), i) for i in range(n)], 'lf')
    send(-1200)
    told = act(desk, 'coverage.skewed', 'opened')
    assert told['host.name'] == 'may-lech' and told['rule.level'] == 'low'
    assert 900 <= int(told['finding.value']) <= 1500
    send(0, 400)
    act(desk, 'coverage.skewed', 'closed')
    assert_each_once(desk)


def test_what_is_not_understood_is_found(desk):
    end = time.monotonic() + 30
    while not acts_of(desk, 'coverage.unparsed'):
        conn = senders.connection(desk.port['http'])
        garbage = b''.join(b'{"dong": %d\n' % i for i in range(20))
        assert senders.request(conn, 'POST', '/insert/jsonline', garbage)[0] < 300
        conn.close()
        assert time.monotonic() < end
        time.sleep(0.1)
    told = acts_of(desk, 'coverage.unparsed')[0]
    assert told['observer.name'] == 'http' and int(told['finding.value']) >= 10
    act(desk, 'coverage.unparsed', 'closed')
    assert_each_once(desk)


def test_datagrams_that_the_kernel_drops_are_found(desk):
    pid, body = desk.pid_of('intake'), senders.rfc5424('lu', text='x' * 8000, host='may-lu')
    os.kill(pid, signal.SIGSTOP)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            for _ in range(20000):
                sock.sendto(body, ('127.0.0.1', desk.port['udp']))
    finally:
        os.kill(pid, signal.SIGCONT)
    told = act(desk, 'coverage.lost', 'opened')
    assert told['observer.name'] == 'udp' and told['finding.subject'] == 'kernel_drops'
    assert told['rule.level'] == 'high' and int(told['finding.value']) > 0
    act(desk, 'coverage.lost', 'closed')
    assert_each_once(desk)


def test_each_finding_is_there_once_over_kills(desk):
    for turn in range(3):
        talk(desk, 'may-%d' % turn)
        for role in ('watch', 'keeper', 'watch'):
            desk.kill_role(role)
            time.sleep(0.15 * turn)
        desk.kill_role('watch')
    def silent():
        return {a['host.name'] for a in acts_of(desk, 'coverage.silent')
                if a['event.action'] == 'opened'}
    until('all three are silent', lambda: silent() == {'may-0', 'may-1', 'may-2'}, 40, 0.3)
    assert_each_once(desk)
    desk.kill()
    desk.start()
    talk(desk, 'may-0', 1)
    until('one is back', lambda: 'closed' in [a['event.action'] for a in acts_of(
        desk, 'coverage.silent') if a['host.name'] == 'may-0'], 40, 0.3)
    time.sleep(1)
    seen = assert_each_once(desk)
    still = [f['host.name'] for f in findings(desk)[1] if f['rule.id'] == 'coverage.silent']
    assert {'may-1', 'may-2'} <= set(still), (still, seen)
    assert desk.stop() == 0
    rc, said = desk.verify()
    assert rc == 0, said


def test_findings_do_not_feed_on_themselves(desk):
    talk(desk, 'may-01')
    act(desk, 'coverage.silent', 'opened')
    n = len(stream(desk))
    time.sleep(3)                           # half an hour of the watch
    later = stream(desk)
    assert {a['observer.name'] for a in later} <= {'tcp'}, later
    assert len(later) <= n + 1, later       # it may grow once
    assert desk.metric('findings_open') == 1


def test_a_finding_that_is_changed_on_disk_is_named(desk):
    talk(desk, 'may-01')
    told = act(desk, 'coverage.silent', 'opened')
    conn = desk.front()
    form = {'Content-Type': 'application/x-www-form-urlencoded'}
    assert senders.request(conn, 'POST', '/trucban/ask', b'what=flush', headers=form)[0] == 200
    conn.close()
    assert desk.stop() == 0
    copy = desk.copy()
    assert desk.verify(store=copy)[0] == 0
    assert told['finding.id'] in [a['finding.id'] for a in stream(desk, store=copy)]
    # raw, ledger and findings: a segment each
    for name in sorted(glob.glob(os.path.join(copy, 'segment', '*', '*.seg'))):
        with open(name, 'r+b') as f:
            data = f.read()
            f.seek(len(data) // 2)
            f.write(bytes([data[len(data) // 2] ^ 1]))
        rc, said = desk.verify(store=copy)
        assert rc != 0 and os.path.basename(name) in said, said
        with open(name, 'wb') as f:
            f.write(data)
    assert desk.verify(store=copy)[0] == 0


# ---- the desk itself ----

def test_an_anchor_that_is_not_reached_is_found_until_it_is(tmp_path):
    folder = tmp_path / 'usb'
    more = 'seal: {checkpoint: 1s, anchor: [{kind: file, target: "%s/anchors.txt"}]}\n' % folder
    with Desk(tmp_path / 'desk', listen=('tcp',), more=more, env=HASTE) as desk:
        told = act(desk, 'seal.anchor', 'opened')
        assert told['finding.subject'] == '%s/anchors.txt' % folder
        folder.mkdir()
        desk.kill_role('teller')            # it opens the folder once, before its sandbox
        closed = act(desk, 'seal.anchor', 'closed')
        assert closed['finding.id'] == told['finding.id']
        assert_each_once(desk)


def test_a_desk_that_did_not_run_says_so_and_blames_no_source(desk):
    talk(desk, 'may-01')
    desk.kill()
    desk.start(env={'TRUCBAN_CLOCK_OFFSET_NS': str(2 * 3600 * 10**9)})
    told = act(desk, 'desk.down', 'opened')
    assert told['rule.level'] == 'high'
    blamed = [a for a in acts_of(desk, 'coverage.silent') if a['_time'] <= told['_time']]
    assert not blamed, blamed
    act(desk, 'desk.down', 'closed')
    assert_each_once(desk)


def test_a_clock_that_jumps_is_found(tmp_path):
    offset = tmp_path / 'clock'
    offset.write_bytes(struct.pack('<q', 0))
    env = dict(HASTE, TRUCBAN_CLOCK_OFFSET_NS='@%s' % offset)
    with Desk(tmp_path / 'desk', listen=('tcp',), more=MORE, env=env) as desk:
        talk(desk, 'may-01', 5)
        until('a tick', lambda: desk.metric('findings_open{severity="low"}') == 0 and
              'trucban_findings_open' in desk.command('status', '--metrics')[1], 20, 0.2)
        with open(offset, 'r+b') as f:      # mapped: written in place
            f.write(struct.pack('<q', 7200 * 10**9))
        told = act(desk, 'desk.clock', 'opened')
        assert 7000 < int(told['finding.value']) < 7400
        act(desk, 'desk.clock', 'closed')
        assert_each_once(desk)
