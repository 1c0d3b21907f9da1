# SPDX-License-Identifier: Apache-2.0
"""What comes to a relay is at its desk, once, in its order, and says by which way it came."""

import json
import os
import signal
import time

import pytest

import relp
import senders
from harness import ID, Sent, assert_covered, assert_kept, until
from relays import NAME, Pair


@pytest.fixture
def pair(tmp_path):
    with Pair(tmp_path) as p:
        yield p


def ways(desk):
    return {(s['listener'], s.get('peer', ''), s['identity'], s['trust'])
            for s in assert_covered(desk).of('source') if s.get('identity')}


def in_order(desk, sent):
    """The ids in the order in which the desk numbered them."""
    rows = [(int(r['_seq'].rsplit(':', 1)[1]), ID.search(json.dumps(r)).group())
            for r in desk.search(sent.prefix + '*')]
    return [i for _, i in sorted(rows)]


def test_records_reach_the_desk_with_their_source(pair):
    sent = Sent()
    sent.tcp(pair.relay.port['tcp'], 50, host='may-tinh-7')
    sent.relp(pair.relay.port['relp'], 50)
    sent.udp(pair.relay.port['udp'], 50)
    assert_kept(pair.desk, sent, all_of=True)
    pair.relay.until_sent()
    assert ways(pair.desk) == {(NAME + '/tcp', '127.0.0.1', NAME, 'peer'),
                               (NAME + '/relp', '127.0.0.1', NAME, 'peer'),
                               (NAME + '/udp', '127.0.0.1', NAME, 'claim')}
    found = pair.desk.search(sent.prefix + '*', '--limit', '1')[0]
    assert found['hostname'] in ('may01', 'may-tinh-7')
    assert pair.desk.verify()[0] == 0


def test_files_of_the_relay_itself_are_named_by_its_certificate(tmp_path):
    log = tmp_path / 'app.log'
    sent = Sent()
    with Pair(tmp_path, listen=('tcp',), more='collect:\n  files:\n    - "%s"\n' % log) as pair:
        log.write_bytes(b''.join(m + b'\n' for m, _ in sent.messages(200)))
        assert_kept(pair.desk, sent, all_of=True)
        assert ways(pair.desk) == {('%s/file:%s' % (NAME, log), '', NAME, 'identity')}


def test_a_line_that_is_cut_costs_nothing_and_keeps_the_order(pair):
    sent = Sent()
    sent.tcp(pair.relay.port['tcp'], 300)
    pair.line.cut()
    for _ in range(5):
        sent.tcp(pair.relay.port['tcp'], 200)
        until('they wait', lambda: pair.relay.waits() > 0)
    status = pair.relay.command('status', check=False)
    assert status[0] == 1 and 'does not reach the desk' in status[1], status[1]
    pair.line.restore()
    assert_kept(pair.desk, sent, all_of=True)
    pair.relay.until_sent()
    assert in_order(pair.desk, sent) == sent.sent
    assert pair.relay.figures()['connected'] == 1
    assert pair.relay.command('status')[0] == 0


def test_a_lone_record_does_not_wait_for_company(pair):
    sent = Sent()
    pair.relay.until_sent()
    sent.relp(pair.relay.port['relp'], 1)
    until('it is there', lambda: pair.desk.found(sent.prefix), 20)
    until('the relay says so', lambda: pair.relay.figures()['rows_sent_total'] == 1)


def test_a_reload_takes_another_desk_and_another_limit(pair):
    sent = Sent()
    sent.tcp(pair.relay.port['tcp'], 100)
    assert_kept(pair.desk, sent, all_of=True)
    with open(pair.relay.conf, encoding='utf-8') as f:
        text = f.read()
    with open(pair.relay.conf, 'w', encoding='utf-8') as f:
        f.write(text + '  rate:\n    - { from: "00:00", to: "24:00", limit: 800kbit }\n')
    pair.relay.child.send_signal(signal.SIGHUP)
    until('the shipper began anew',
          lambda: pair.relay.said(b'trucban: shipper ready') == 2, 30)
    sent.tcp(pair.relay.port['tcp'], 100)
    assert_kept(pair.desk, sent, all_of=True)


def test_what_was_lost_at_the_relay_is_in_the_coverage_of_the_desk(pair):
    sent = Sent()
    sent.tcp(pair.relay.port['tcp'], 10)
    senders.tcp_send(pair.relay.port['tcp'], [b'x' * (1200 * 1024)], 'lf')
    assert_kept(pair.desk, sent, all_of=True, covered=False)

    def told():
        pair.desk.command('status')
        return pair.desk.metric('last_seq{stream="raw"}') >= 11 and \
            pair.relay.figures().get('tcp.records_cut') == 1

    until('it is counted', told)

    def covered():
        pair.desk.stop()        # the last heartbeat is sealed then
        pair.desk.start()
        return pair.desk.coverage().lost(NAME + '/tcp', 'records_cut')

    assert until('it is covered', covered, 60, 1) == 1
    pair.desk.stop()            # another life of the desk does not count it again
    pair.desk.start()
    until('connected again', lambda: pair.relay.figures()['connected'] == 1)
    pair.desk.stop()
    pair.desk.start()
    assert pair.desk.coverage().lost(NAME + '/tcp', 'records_cut') == 1


def test_a_limit_of_the_line_is_kept(tmp_path):
    octets_s, burst = 25000, 48 << 10
    rate = '  rate:\n    - { from: "00:00", to: "24:00", limit: 200kbit }\n'
    with Pair(tmp_path, forward=rate) as pair:
        until('connected', lambda: pair.relay.figures().get('connected') == 1)
        sent = Sent()
        up, begin = pair.line.up, time.monotonic()
        for _ in range(40):
            sent.relp(pair.relay.port['relp'], 1, text=os.urandom(4000).hex())
        assert_kept(pair.desk, sent, all_of=True, seconds=60, covered=False)
        assert pair.line.up - up > 3 * burst
        assert pair.line.up - up < octets_s * (time.monotonic() - begin) + burst


def test_the_doctor_knows_a_relay(pair):
    def looks():
        out = pair.relay.command('doctor', '--json', '--config', pair.relay.conf)[1]
        return {row['check']: row for row in map(json.loads, out.splitlines())}

    until('connected', lambda: pair.relay.figures().get('connected') == 1)
    found = looks()
    assert found['line']['result'] == found['spool']['result'] == 'ok', found
    # The tests' certificates are good for a day.
    assert found['certificates']['what'].startswith('forward: the certificate')
    assert 'store' not in found
    pair.line.cut()
    sent = Sent()
    sent.relp(pair.relay.port['relp'], 10)
    until('not connected', lambda: pair.relay.figures().get('connected') == 0)
    found = looks()
    assert found['line']['result'] == 'bad', found['line']
    assert 'https://' in found['line']['do'] and 'the spool here keeps' in \
        found['line']['why'], found


# ---- what the door refuses ----

def ask(pair, method, path, body=None, own=True):
    certificate = [os.path.join(pair.desk.authority.folder, NAME + end)
                   for end in ('.pem', '.key')] if own else []
    context = relp.client_context(pair.desk.authority.ca, *certificate)
    conn = senders.connection(pair.desk.port['http-relay'], tls=context)
    try:
        return senders.request(conn, method, path, body)
    finally:
        conn.close()


def test_another_version_is_told_which_one_is_spoken(pair):
    status, answer = ask(pair, 'GET', '/relay/v2/place?instance=1')[:2]
    assert status == 426 and b'version 1' in answer


def entry(kind, body=b''):
    n, length = len(body), b''
    while n >= 0x80:
        length += bytes([n & 0x7f | 0x80])
        n >>= 7
    return bytes([kind]) + length + bytes([n]) + body


BROKEN = [b'\x07', entry(9), entry(0, b'x'), entry(3, b'short'), entry(1, b'rubbish'),
          entry(2, b'rubbish'), entry(3, bytes(8) + b'batch'), entry(4, b'\x01\x03abc\x01'),
          entry(0) + entry(3, (1 << 24).to_bytes(8, 'little') + bytes([0, 0, 1, 0, 0, 0]) +
                           bytes(8) + bytes([1, 0, 0, 0, 1, 0, 0, 0]) + bytes(8) + b'\x00\x00')]


@pytest.mark.parametrize('body', BROKEN)
def test_a_broken_body_is_refused_whole(pair, body):
    before = pair.desk.metric('rows_total')
    status = ask(pair, 'POST', '/relay/v1/rows?instance=5&from=0', body)[0]
    assert status == 400
    assert ask(pair, 'GET', '/relay/v1/place?instance=5')[1] == b'place 0\n'
    assert pair.desk.metric('rows_total') == before


def test_a_relay_shows_a_certificate(tmp_path):
    with Pair(tmp_path, desk_options={'clients': 'optional'}) as pair:
        for method, path in (('GET', 'place'), ('POST', 'rows')):
            status, answer = ask(pair, method, '/relay/v1/%s?instance=5' % path, b'' if
                                 method == 'POST' else None, own=False)[:2]
            assert status == 403 and b'certificate' in answer
