# SPDX-License-Identifier: Apache-2.0
"""`trucban coverage` adds up to the last record with what clients sent, over kills and floods."""

import os
import shutil
import signal
import socket
import subprocess
import time

import pytest

import certs
import relp
import senders
from harness import Desk, Sent, assert_covered, assert_kept, until

MORE = 'seal: {checkpoint: 1s}\ncollect: {files: ["%s"]}\n'
DOORS = ('udp', 'tcp', 'tcp-tls', 'relp', 'http')
FLOOD_MAX = 200000


@pytest.fixture
def desk(tmp_path):
    authority = certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('desk')
    log = tmp_path / 'logs' / 'app.log'
    log.parent.mkdir()
    log.write_bytes(b'')
    options = {'tcp-tls': {'cert': cert, 'key': key, 'ca': authority.ca, 'clients': 'required'}}
    with Desk(tmp_path / 'desk', listen=DOORS, options=options, more=MORE % log) as d:
        d.tls = relp.client_context(authority.ca, *authority.issue('may-chu-01'))
        d.file = str(log)
        yield d


def sealed(desk):
    """Coverage once a heartbeat has sealed what the doors, who tell every second, count now."""
    told = senders.stamp(time.time() + 2)
    until('a heartbeat', lambda: desk.coverage().period.get('losses_counted_to', '') > told)
    return assert_covered(desk)


def of_doors(told):
    return {door: told.sum('source', 'rows', listener=door)
            for door in {line['listener'] for line in told.of('source')}}


def send_all(desk, sent, n):
    sent.udp(desk.port['udp'], n, host='may-udp')
    sent.tcp(desk.port['tcp'], n, host='may-tcp')
    sent.tcp(desk.port['tcp-tls'], n, tls=desk.tls, host='may-tls')
    sent.relp(desk.port['relp'], n, host='may-relp')
    sent.bulk(desk.port['http'], n)
    lines = sent.ids.many(n)
    sent.sent += lines
    with open(desk.file, 'ab') as f:
        f.write(b''.join(senders.rfc3164(i, host='may-file') + b'\n' for i in lines))
    assert_kept(desk, sent, all_of=True)


# ---- what came ----

def test_records_of_every_door_are_counted_by_source_over_kills(desk):
    sent = Sent()
    for role in ('intake', 'keeper', 'front', None):
        send_all(desk, sent, 50)
        if role is not None:
            desk.kill_role(role)
            desk.wait_ready()
    told = sealed(desk)
    doors = of_doors(told)
    assert {doors[d] for d in DOORS} == {200} and len(doors) == 6, doors
    assert sum(doors.values()) == len(sent.sent) == 1200
    assert told.sum('source', 'rows', host='may-relp', listener='relp') == 200
    assert told.of('source', identity='may-chu-01', trust='identity')
    assert not told.of('loss', grade='lost'), told.of('loss')
    # the harness asks whether the door is open, without a handshake
    assert {line['name'] for line in told.of('remark')} == {'handshakes_failed'}, told.of('remark')
    desk.stop()
    copy = desk.copy()                      # encrypted, opened with the key in it
    assert of_doors(assert_covered(desk, store=copy)) == doors


@pytest.mark.skipif(shutil.which('logger') is None, reason='no logger')
def test_what_logger_sends_is_counted(desk):
    for way in (['--udp'], ['--tcp', '--octet-count']):
        for framing in ([], ['--rfc3164']):
            door = way[0][2:]
            subprocess.run(['logger', '--server', '127.0.0.1', '--port', str(desk.port[door])] +
                           way + framing + ['một dòng'], check=True, timeout=20)
    until('records of logger', lambda: int(desk.coverage().period['rows']) == 4)
    assert of_doors(desk.coverage()) == {'udp': 2, 'tcp': 2}


def test_garbage_and_what_is_too_long_is_counted(desk):
    sent = Sent()
    garbage = b''.join(b'{"dong": %d\n' % i for i in range(40))
    conn = senders.connection(desk.port['http'])
    assert senders.request(conn, 'POST', '/insert/jsonline', garbage)[0] < 300
    senders.udp_send(desk.port['udp'], [b'\x80\x81 khong phai syslog %d' % i for i in range(40)])
    senders.tcp_send(desk.port['tcp'], [b'<13>1 - - - - - - ' + b'x' * (1 << 20)] * 3, 'lf')
    sent.tcp(desk.port['tcp'], 60)
    assert_kept(desk, sent, all_of=True)
    until('the garbage', lambda: int(desk.coverage().period['rows']) == 143)
    told = sealed(desk)
    assert of_doors(told) == {'http': 40, 'udp': 40, 'tcp': 63}
    assert told.sum('source', 'cut') == 3 == told.lost('tcp', 'records_cut')
    assert told.sum('source', 'unparsed', listener='http') == 40 == int(told.period['unparsed'])
    assert told.of('remark', verdict='unparsed', listener='http')[0]['value'] == '40'
    # What the status says of the doors is the sum of two numbers of this page.
    assert told.sum('source', 'plain_lines', listener='udp') == 40 == int(
        told.period['plain_lines'])
    status = desk.command('status', '--state', desk.state, check=False)[1]
    assert '80 records not understood, or plain lines' in ' '.join(status.split()), status
    assert 'plain lines (of no format, kept as they came) 40' in desk.command(
        'coverage', check=False)[1]


def test_numbers_of_a_sender_tell_what_never_came(desk):
    sent = Sent()
    for n in list(range(1, 50)) + list(range(55, 100)) + [52]:
        sent.tcp(desk.port['tcp'], 1, data='[meta sequenceId="%d"]' % n, host='may-so')
    assert_kept(desk, sent, all_of=True)
    told = sealed(desk)
    assert told.period['missing_estimate'] == '4'
    assert told.of('remark', verdict='missing')[0]['host'] == 'may-so'


# ---- what did not ----

def kernel_drops(port):
    """As the kernel tells, for all sockets of a UDP port."""
    found = 0
    with open('/proc/net/udp', encoding='ascii') as f:
        for line in list(f)[1:]:
            word = line.split()
            if int(word[1].rpartition(':')[2], 16) == port:
                found += int(word[-1])
    return found


def flood(desk, least):
    """More datagrams than the socket holds while nobody reads; how many were sent."""
    port, pid, n = desk.port['udp'], desk.pid_of('intake'), 0
    wanted = kernel_drops(port) + least
    body = senders.rfc5424('lu', text='x' * 8000, host='may-lu')
    os.kill(pid, signal.SIGSTOP)
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            while kernel_drops(port) < wanted and n < FLOOD_MAX:
                for _ in range(50):
                    sock.sendto(body, ('127.0.0.1', port))
                n += 50
    finally:
        os.kill(pid, signal.SIGCONT)
    return n


def read_all(desk, sent):
    """All of them were read and kept, or dropped: by the socket's own count."""
    def here():
        told = desk.coverage()
        return told.sum('source', 'rows', listener='udp') + read_all.before + \
            kernel_drops(desk.port['udp']) == sent
    until('the flood to be read', here, 60, 0.3)


def test_what_the_kernel_drops_is_what_was_sent_and_did_not_come(desk):
    sent, read_all.before = 0, 0
    for least, then in ((200, 'intake'), (50, 'keeper'), (100, 'stop'), (300, None)):
        sent += flood(desk, least)
        read_all(desk, sent)
        told = sealed(desk)
        received = told.sum('source', 'rows', listener='udp')
        assert told.lost('udp', 'kernel_drops') == sent - received > 0, (sent, told.lines)
        lost, = told.of('remark', verdict='lost')
        assert (lost['door'], int(lost['value'])) == ('udp', sent - received)
        if then == 'stop':
            read_all.before += kernel_drops(desk.port['udp'])
            assert desk.stop() == 0         # the next socket counts from 0
            desk.start()
        elif then is not None:
            desk.kill_role(then)
            desk.wait_ready()
