# SPDX-License-Identifier: Apache-2.0
"""The test helpers work: against rsyslog, a server that is not ours, and against known octets."""

import collections
import json
import os
import random
import shutil
import subprocess
import threading
import http.server

import pytest

import certs
import harness
import powercut
import relp
import senders

CONF = '''
module(load="imrelp")
module(load="imtcp")
module(load="imudp")
ruleset(name="all") {
    action(type="omfile" file="%s" template="RSYSLOG_SyslogProtocol23Format")
}
input(type="imrelp" address="127.0.0.1" port="%d" ruleset="all")
input(type="imtcp" address="127.0.0.1" port="%d" ruleset="all")
input(type="imudp" address="127.0.0.1" port="%d" ruleset="all")
'''


@pytest.fixture
def rsyslog(tmp_path):
    """rsyslog on three ports of its own; yields (relp, tcp, udp, reader of what it wrote)."""
    ports = harness.free_ports(3)
    out = tmp_path / 'out.log'
    conf = tmp_path / 'rsyslog.conf'
    conf.write_text(CONF % (out, *ports))
    binary = shutil.which('rsyslogd') or '/usr/sbin/rsyslogd'
    child = subprocess.Popen([binary, '-n', '-f', str(conf), '-i', str(tmp_path / 'pid')],
                             stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL)
    desk = harness.Desk(tmp_path / 'none', listen=())
    harness.until('rsyslog', lambda: desk.accepts(ports[0]) and desk.accepts(ports[1]))

    def read(n):
        harness.until('%d lines' % n, lambda: out.exists() and out.read_text().count('\n') >= n)
        return collections.Counter(harness.ID.findall(out.read_text()))
    yield (*ports, read)
    child.kill()
    child.wait()


def test_relp_messages_arrive_and_are_acknowledged(rsyslog):
    sent = harness.Sent()
    sent.relp(rsyslog[0], 500)
    assert sent.acked == sent.sent
    assert len(sent.latency) == 500
    assert harness.losses(rsyslog[3](500), sent) == ([], [], [])


@pytest.mark.parametrize('framing', ['count', 'lf'])
def test_tcp_messages_arrive_in_both_framings(rsyslog, framing):
    sent = harness.Sent()
    sent.tcp(rsyslog[1], 200, framing)
    assert set(rsyslog[3](200)) == set(sent.sent)


def test_udp_messages_arrive(rsyslog):
    sent = harness.Sent()
    sent.udp(rsyslog[2], 50)
    assert set(rsyslog[3](50)) == set(sent.sent)


def parse_all(octets):
    """Frames that the RELP reader finds when the octets come one by one."""
    client = relp.RelpClient.__new__(relp.RelpClient)
    client.rest = b''
    frames = []
    for i in range(len(octets)):
        client.rest += octets[i:i + 1]
        frame = client.parse()
        if frame is not None:
            frames.append(frame)
    return frames


def test_relp_frames_are_read_however_they_are_cut():
    assert parse_all(b'1 rsp 6 200 OK\n2 rsp 0\n999999999 rsp 3 a b\n') == [
        (1, b'rsp', b'200 OK'), (2, b'rsp', b''), (999999999, b'rsp', b'a b')]
    assert relp.RelpClient.frame(7, b'close') == b'7 close 0\n'


@pytest.mark.parametrize('octets', [b'x rsp 1 a\n', b'1 rsp x\n', b'1 rsp 1 ab', b'1 rsp -1 a\n'])
def test_relp_nonsense_is_refused(octets):
    with pytest.raises(relp.RelpError):
        parse_all(octets)


def test_losses_are_seen():
    sent = harness.Sent()
    a, b, c, d = (i for _, i in sent.messages(4))
    sent.acked = [a, b, c]
    sent.twice = {c}
    found = collections.Counter({a: 1, c: 2, d: 2, 'zq000000000000001': 1})
    assert harness.losses(found, sent) == ([b], [d], ['zq000000000000001'])


class Bulk(http.server.BaseHTTPRequestHandler):
    """Keeps every event but those that ask to be refused."""

    def do_POST(self):
        lines = self.rfile.read(int(self.headers['Content-Length'])).decode().splitlines()
        items = [{'create': {'status': 400 if json.loads(e).get('refuse') else 201}}
                 for e in lines[1::2]]
        body = json.dumps({'errors': False, 'items': items}).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def test_bulk_tells_kept_events_from_refused_ones():
    server = http.server.HTTPServer(('127.0.0.1', 0), Bulk)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    conn = senders.connection(server.server_port)
    kept = senders.bulk_send(conn, [senders.event('a'), senders.event('b', refuse=True)])
    conn.close()
    server.shutdown()
    thread.join()
    server.server_close()
    assert kept == [True, False]


def test_certificates_are_made_and_loaded(tmp_path):
    authority = certs.Authority(str(tmp_path))
    cert, key = authority.issue('may01')
    context = relp.client_context(authority.ca, cert, key)
    assert context.get_ca_certs()
    assert os.stat(key).st_mode & 0o77 == 0


def test_messages_have_the_shape_that_the_standards_say():
    m = senders.rfc5424('zq1', when=1700000000.25)
    assert m == ('<134>1 2023-11-14T22:13:20.250000Z may01 thu 100 - - zq1 '
                 'trực ban kiểm tra').encode()
    assert senders.tcp_frames([b'abc'], 'count') == b'3 abc'
    assert senders.tcp_frames([b'abc'], 'lf') == b'abc\n'
    ids = senders.Ids()
    assert harness.ID.fullmatch(ids.next())


# ---- power cuts ----

LOG = (b'mkdir 0 0 /s/j\ndirsync 0 0 /s\n'
       b'create 0 0 /s/j/a\nwrite 0 4 /s/j/a\nold\n\nsync 0 0 /s/j/a\ndirsync 0 0 /s/j\n'
       b'write 4 4 /s/j/a\nnew\n\nmark 0 0 acknowledged 17\n'
       b'create 0 0 /s/j/b\nwrite 0 2 /s/j/b\nx\n\nrename 0 0 /s/j/b\t/s/j/c\n')


def laid(tmp_path, entries, kind, seed=1):
    disk = powercut.Disk()
    for entry in entries:
        disk.apply(entry)
    top = disk.lay('/s', str(tmp_path / 'cut'), powercut.Choice(random.Random(seed), kind))
    found = {}
    for where, _, files in os.walk(top):
        for name in files:
            with open(os.path.join(where, name), 'rb') as f:
                found[os.path.relpath(os.path.join(where, name), top)] = f.read()
    return found, disk


def test_a_cut_keeps_what_was_synced(tmp_path):
    found, disk = laid(tmp_path, powercut.parse(LOG), 'none')
    assert found == {'j/a': b'old\n'}
    assert disk.marks == ['acknowledged 17']


def test_a_cut_may_keep_everything(tmp_path):
    found, _ = laid(tmp_path, powercut.parse(LOG), 'all')
    assert found == {'j/a': b'old\nnew\n', 'j/c': b'x\n'}


def test_a_cut_may_keep_anything_between(tmp_path):
    seen = set()
    for seed in range(60):
        found, _ = laid(tmp_path, powercut.parse(LOG), 'random', seed)
        assert found['j/a'].startswith(b'old\n')
        seen.add(tuple(sorted(found)))
    assert seen == {('j/a',), ('j/a', 'j/b'), ('j/a', 'j/c')}


def test_a_synced_file_without_a_synced_name_may_be_gone(tmp_path):
    log = powercut.parse(b'create 0 0 /s/a\nwrite 0 1 /s/a\nx\nsync 0 0 /s/a\n')
    assert laid(tmp_path, log, 'none')[0] == {}
    assert laid(tmp_path, log, 'all')[0] == {'a': b'x'}


def test_sectors_of_one_write_are_torn_apart(tmp_path):
    log = powercut.parse(b'create 0 0 /s/a\ndirsync 0 0 /s\ntruncate 2048 0 /s/a\nsync 0 0 /s/a\n'
                         b'write 0 2048 /s/a\n' + b'x' * 2048 + b'\n')
    shapes = set()
    for seed in range(40):
        octets = laid(tmp_path, log, 'random', seed)[0]['a']
        assert len(octets) == 2048
        shapes.add(tuple(octets[i:i + 512] == b'x' * 512 for i in range(0, 2048, 512)))
        assert all(octets[i:i + 512] in (b'x' * 512, bytes(512)) for i in range(0, 2048, 512))
    assert len(shapes) > 8


def test_a_log_that_is_cut_is_read_to_its_last_whole_entry():
    whole = powercut.parse(LOG)
    for n in range(len(LOG)):
        entries = powercut.parse(LOG[:n])
        assert entries == whole[:len(entries)]
