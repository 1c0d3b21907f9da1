# SPDX-License-Identifier: Apache-2.0
"""Hostile senders at the doors of a real desk: it goes on, keeps or refuses, says so in a metric,
and its memory stays bounded.
"""

import gzip
import http.client
import os
import re
import resource
import socket
import ssl
import subprocess
import sys
import time
import zlib

import pytest

import certs
import relp
import senders
from harness import Desk, Sent, assert_kept, program, until

MB = 1 << 20
RECORD_MAX = 1 << 20            # LIMIT_RECORD_BYTES
MEMORY_MB = 96                  # a role may have this much, whatever is sent
COUNTER = re.compile(r'^trucban_intake_(\w+?)(?:_total)?\{listener="([^"]+)"\} (\d+)$', re.M)


def counters(desk):
    """'intake.LISTENER.NAME' -> value of what intake counts."""
    _, out, _ = desk.command('status', '--metrics')
    return {'intake.%s.%s' % (listener, name): int(value)
            for name, listener, value in COUNTER.findall(out)}


def until_counter(desk, name, least=1):
    return until('%s >= %d' % (name, least),
                 lambda: counters(desk).get(name, 0) >= least and counters(desk)[name])


def peak_mb(desk, role):
    """The most memory that the running process of this role ever had."""
    with open('/proc/%d/status' % desk.pid_of(role), encoding='utf-8') as f:
        return next(int(line.split()[1]) for line in f if line.startswith('VmHWM')) / 1024


def assert_well(desk):
    """No role ended, memory is bounded, records are taken and found."""
    assert not desk.said(b'ended:'), desk.log_text()[-2000:]
    for role in desk.roles():
        assert peak_mb(desk, role) < MEMORY_MB, (role, peak_mb(desk, role))
    sent = Sent()
    name = next(n for n in desk.port if '-' not in n)
    if name == 'http':
        sent.bulk(desk.port[name], 10)
    else:
        getattr(sent, name)(desk.port[name], 10)
    assert_kept(desk, sent, all_of=True)


# ---- too long ----

def gigabyte(port, head, tail=b''):
    """head, 1 GB, tail; what the desk answers, or the error."""
    part = b'x' * MB
    with socket.create_connection(('127.0.0.1', port), 60) as s:
        try:
            s.sendall(head)
            for _ in range(1024):
                s.sendall(part)
            s.sendall(tail)
            s.shutdown(socket.SHUT_WR)
            answer = b''
            while True:
                got = s.recv(65536)
                if not got:
                    return answer
                answer += got
        except OSError as e:
            return e


GB = 1 << 30
HTTP = b'POST %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n'
ITEM = b'{"create":{}}\n{"_msg":"'
LONG = [
    ('tcp', 'a count of ten digits', b'%d <13>' % GB, b'\n'),
    ('tcp', 'lines', b'<13>', b'\n'),
    ('http', 'JSON lines', HTTP % (b'/insert/jsonline', GB + 12) + b'{"_msg":"', b'"}\n'),
    ('http', '_bulk', HTTP % (b'/_bulk', GB + len(ITEM) + 3) + ITEM, b'"}\n'),
]


@pytest.mark.parametrize('door, way, head, tail', LONG, ids=[row[1] for row in LONG])
def test_a_record_of_a_gigabyte_is_cut_marked_and_counted(tmp_path, door, way, head, tail):
    with Desk(tmp_path, listen=(door,)) as desk:
        answer = gigabyte(desk.port[door], head, tail)
        assert not isinstance(answer, OSError), answer
        assert way not in ('JSON lines', '_bulk') or b' 200 ' in answer[:20]
        assert until_counter(desk, 'intake.%s.records_cut' % door) == 1
        cut = until_counter(desk, 'intake.%s.bytes_cut' % door)
        assert GB - RECORD_MAX <= cut <= GB
        found = until('the record', lambda: desk.search('_flags:cut | fields _raw, _flags'))
        assert len(found) == 1 and len(found[0]['_raw']) == RECORD_MAX
        assert_well(desk)


def test_a_relp_frame_of_a_gigabyte_ends_the_session(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        gigabyte(desk.port['relp'], b'1 open 0\n2 syslog 999999999 ')
        until_counter(desk, 'intake.relp.frames_bad')
        assert_well(desk)


def test_heads_and_lines_without_end_are_not_gathered(tmp_path):
    with Desk(tmp_path, listen=('http',)) as desk:
        answer = gigabyte(desk.port['http'], b'POST /_bulk HTTP/1.1\r\nX: ')
        assert isinstance(answer, OSError) or re.match(rb'HTTP/1.1 4\d\d', answer), answer[:80]
        until_counter(desk, 'intake.http.requests_bad')
        assert_well(desk)


# ---- bombs ----

def zeros_gzip(n):
    out, z = [], zlib.compressobj(9, zlib.DEFLATED, 31)
    for _ in range(n // MB):
        out.append(z.compress(bytes(MB)))
    return b''.join(out) + z.flush()


def zeros_zstd(n):
    done = subprocess.run(['zstd', '-q', '-c', '-3'], input=bytes(n), stdout=subprocess.PIPE,
                          check=True)
    return done.stdout


@pytest.mark.parametrize('coding, bomb', [('gzip', zeros_gzip), ('zstd', zeros_zstd)])
def test_a_body_that_expands_without_end_is_refused(tmp_path, coding, bomb):
    body = bomb(128 * MB)
    with Desk(tmp_path, listen=('http',)) as desk:
        for n in range(3):
            conn = senders.connection(desk.port['http'])
            try:
                status, _ = senders.request(conn, 'POST', '/insert/jsonline', body,
                                            {'Content-Encoding': coding})
                assert 400 <= status < 500, status
            except (OSError, http.client.HTTPException):
                pass        # answered and closed before all was sent
            finally:
                conn.close()
            until_counter(desk, 'intake.http.bodies_refused', n + 1)
        assert_well(desk)


def test_an_honest_compressed_body_is_kept(tmp_path):
    with Desk(tmp_path, listen=('http',)) as desk:
        sent = Sent()
        ids = sent.ids.many(5000)
        sent.sent += ids
        conn = senders.connection(desk.port['http'])
        status, _ = senders.request(
            conn, 'POST', '/_bulk', gzip.compress(senders.bulk_body(
                [senders.event(i) for i in ids])), {'Content-Encoding': 'gzip'})
        conn.close()
        assert status == 200
        assert_kept(desk, sent, all_of=True)


# ---- many connections ----

# Run by a process of its own, so that its descriptors are not ours: PORT N FIRST.
CROWD = '''
import resource, socket, sys
port, n, first = map(int, sys.argv[1:])
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
held = []
for i in range(n):
    s = socket.socket()
    s.bind(('127.0.%d.%d' % (1 + (first + i) // 200 // 250, 1 + (first + i) // 200 % 250), 0))
    s.connect(('127.0.0.1', port))
    held.append(s)
print('there', flush=True)
sys.stdin.read()
'''


def crowd(port, n, first=0):
    child = subprocess.Popen([sys.executable, '-c', CROWD, str(port), str(n), str(first)],
                             stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdout.readline() == b'there\n'
    return child


def test_ten_thousand_connections_that_say_nothing_hinder_nobody(tmp_path):
    # As many as may be where fewer descriptors are allowed: the desk takes what it is given.
    a_third = min(9990, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 200) // 3
    children = []
    with Desk(tmp_path, listen=('tcp', 'relp')) as desk:
        try:
            children = [crowd(desk.port['tcp'], a_third, a_third * n) for n in range(3)]
            until_counter(desk, 'intake.tcp.connections', 3 * a_third)
            sent = Sent()
            for _ in range(10):
                sent.tcp(desk.port['tcp'], 20)
            sent.relp(desk.port['relp'], 200)
            assert_kept(desk, sent, all_of=True)
            assert_well(desk)
        finally:
            for child in children:
                child.communicate()
        until('they are gone', lambda: counters(desk).get('intake.tcp.connections') == 0)
        assert_well(desk)


def test_one_address_gets_no_more_connections_than_its_share(tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        held = [socket.create_connection(('127.0.0.1', desk.port['tcp'])) for _ in range(1100)]
        assert until_counter(desk, 'intake.tcp.connections_refused', 50) <= 1100 - 1024 + 10
        other = Sent()
        with socket.create_connection(('127.0.0.1', desk.port['tcp']),
                                      source_address=('127.0.9.9', 0)) as s:
            s.sendall(senders.tcp_frames([m for m, _ in other.messages(5)]))
        assert_kept(desk, other, all_of=True)
        for s in held:
            s.close()
        until('they are gone', lambda: counters(desk).get('intake.tcp.connections') == 0)
        assert_well(desk)


def test_without_descriptors_accepting_pauses_and_goes_on(tmp_path):
    desk = Desk(tmp_path, listen=('tcp', 'relp'))
    old = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (1100, old[1]))
    desk.start()
    try:
        # The intake may have this many; it was raised, so it is lowered from outside again.
        resource.prlimit(desk.pid_of('intake'), resource.RLIMIT_NOFILE, (64, 64))
        held = [socket.create_connection(('127.0.0.1', desk.port['tcp'])) for _ in range(200)]
        # Who is connected already is served.
        sent = Sent()
        held[0].sendall(senders.tcp_frames([m for m, _ in sent.messages(20)]))
        assert_kept(desk, sent, all_of=True)
        until_counter(desk, 'intake.tcp.accept_pauses')
        for s in held:
            s.close()
        assert_well(desk)
    finally:
        desk.kill()
        resource.setrlimit(resource.RLIMIT_NOFILE, old)


# ---- TLS ----

@pytest.fixture
def secured(tmp_path):
    authority = certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('desk')
    tls = {'cert': cert, 'key': key}
    with Desk(tmp_path / 'desk', listen=('tcp-tls', 'relp-tls', 'http-tls', 'tcp'),
              options={'tcp-tls': tls, 'relp-tls': tls, 'http-tls': tls}) as desk:
        desk.context = relp.client_context(authority.ca)
        yield desk


GARBAGE = [b'<13>plain syslog\n', b'30 <13>1 - - - - - - - counted abc', b'1 open 0\n',
           b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', bytes(1000), os.urandom(3000),
           b'\x16\x03\x01\x40\x00' + os.urandom(2000), b'\x16\x03\x03\x00\x02\x01\x00',
           b'\x15\x03\x01\x00\x02\x02\x28', b'\x80\x2e\x01\x03\x01' + bytes(60), b'']


def test_no_garbage_passes_a_tls_door(secured):
    desk = secured
    for name in ('tcp-tls', 'relp-tls', 'http-tls'):
        for octets in GARBAGE:
            with socket.create_connection(('127.0.0.1', desk.port[name]), 20) as s:
                s.sendall(octets)
                s.shutdown(socket.SHUT_WR)
                try:
                    while s.recv(4096):
                        pass
                except ConnectionResetError:
                    pass
        until_counter(desk, 'intake.%s.handshakes_failed' % name, len(GARBAGE) - 1)
    assert not desk.search('_listener:in("tcp-tls", "relp-tls", "http-tls")')
    sent = Sent()
    sent.tcp(desk.port['tcp-tls'], 20, tls=desk.context)
    sent.relp(desk.port['relp-tls'], 20, tls=desk.context)
    assert_kept(desk, sent, all_of=True)
    assert_well(desk)


def test_handshakes_that_never_end_are_ended(secured):
    desk = secured
    held = [socket.create_connection(('127.0.0.1', desk.port['tcp-tls'])) for _ in range(400)]
    for s in held:
        s.sendall(b'\x16\x03\x01\x02\x00\x01')
    # More than LIMIT_HANDSHAKES: refused at once; others have a place as soon as they expire.
    until_counter(desk, 'intake.tcp-tls.connections_refused', 400 - 256 - 10)
    until_counter(desk, 'intake.tcp-tls.connections_expired', 200)
    sent = Sent()
    sent.tcp(desk.port['tcp-tls'], 20, tls=desk.context)
    assert_kept(desk, sent, all_of=True)
    for s in held:
        s.close()
    assert_well(desk)


def test_tls_at_a_plain_door_is_kept_as_it_came_and_harms_nothing(secured):
    desk = secured
    for _ in range(3):
        with pytest.raises((ssl.SSLError, OSError)):
            with socket.create_connection(('127.0.0.1', desk.port['tcp']), 5) as s:
                s.settimeout(0.3)
                desk.context.wrap_socket(s)
    assert_well(desk)


# ---- any octets ----

# No LF: that ends a line. Latin-1, half a sequence, a surrogate, an overlong one, NUL, controls.
ODD = [b'caf\xe9', b'\xc3', b'\xed\xa0\x80', b'\xc0\xaf', b'a\x00b', b'\x01\x02\x1b[31m\x7f',
       b'\xef\xbb\xbfbom', b'\xff\xfe\x00\x00', b'\xf4\x90\x80\x80 beyond']
BAD_UTF8 = {b'caf\xe9', b'\xc3', b'\xed\xa0\x80', b'\xc0\xaf', b'\xff\xfe\x00\x00',
            b'\xf4\x90\x80\x80 beyond'}


def odd_records(sent):
    """(record, flags) of each odd text, as syslog with an id in front."""
    for odd in ODD:
        flags = ['not_utf8'] if odd in BAD_UTF8 else []
        flags += ['has_nul'] if b'\x00' in odd else []
        for ident in sent.ids.many(1):
            sent.sent.append(ident)
            yield b'<13>1 2026-01-02T03:04:05Z h a - - - ' + ident.encode() + b' ' + odd, flags


@pytest.mark.parametrize('way', ['udp', 'count', 'lf', 'relp', 'json'])
def test_any_octets_come_back_exactly_and_are_marked(tmp_path, way):
    door = {'count': 'tcp', 'lf': 'tcp', 'json': 'http'}.get(way, way)
    with Desk(tmp_path, listen=(door,)) as desk:
        sent = Sent()
        records = list(odd_records(sent))
        if way == 'json':
            records = [(b'{"_msg":"' + r[37:] + b'"}', f) for r, f in records]
        octets = [r for r, _ in records]
        if way == 'udp':
            senders.udp_send(desk.port['udp'], octets)
        elif way == 'relp':
            client = relp.RelpClient(desk.port['relp'])
            client.open()
            client.post_many([(r, n) for n, r in enumerate(octets)])
            client.close()
            assert len(client.acked) == len(octets)
        elif way == 'json':
            conn = senders.connection(desk.port['http'])
            status, _ = senders.request(conn, 'POST', '/insert/jsonline',
                                        b'\n'.join(octets) + b'\n')
            assert 200 <= status < 300
            conn.close()
        else:
            senders.tcp_send(desk.port['tcp'], octets, framing=way)
        until('all records', lambda: len(desk.search(sent.prefix + '*')) == len(octets))
        for (record, flags), ident in zip(records, sent.sent):
            raw = subprocess.run([program(), 'search', '--raw', ident],
                                 env=dict(os.environ, TRUCBAN_STATE=desk.state),
                                 stdout=subprocess.PIPE, check=True).stdout
            assert raw == record + b'\n'
            _, out, _ = desk.command('search', '--json', ident + ' | fields _flags')
            for flag in ('not_utf8', 'has_nul'):
                assert (flag in out) == (flag in flags), (record, out)
        assert_well(desk)


def test_a_slow_sender_is_not_waited_for(tmp_path):
    """One octet at a time over hundreds of connections: memory and others do not suffer."""
    with Desk(tmp_path, listen=('tcp', 'http')) as desk:
        held = [socket.create_connection(('127.0.0.1', desk.port['tcp'])) for _ in range(300)]
        held += [socket.create_connection(('127.0.0.1', desk.port['http'])) for _ in range(300)]
        began = time.monotonic()
        for octet in b'POST /_bulk HTTP/1.1\r\nContent-Length: 99999\r\n':
            for s in held:
                s.sendall(bytes([octet]))
        assert_well(desk)
        assert time.monotonic() - began < 60
        for s in held:
            s.close()
        assert_well(desk)
