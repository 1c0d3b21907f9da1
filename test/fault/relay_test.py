# SPDX-License-Identifier: Apache-2.0
"""A relay and its desk die in turn, the line is cut, the spool is torn, full or an old one: what
was acknowledged is at the desk, and once."""

import http.server
import os
import shutil
import signal
import ssl
import threading

import certs
import pytest

from harness import Sent, assert_covered, assert_kept, until
from relays import NAME, Pair

PART = 400


@pytest.fixture
def pair(tmp_path):
    with Pair(tmp_path) as p:
        yield p


def stream(pair, sent, stop):
    """Sends over RELP until told to stop, through whatever happens."""
    while not stop.is_set():
        sent.relp(pair.relay.port['relp'], PART, again=lambda: stop.wait(0.1))


def under_load(pair, act):
    sent, stop = Sent(), threading.Event()
    thread = threading.Thread(target=stream, args=(pair, sent, stop))
    thread.start()
    try:
        act()
    finally:
        stop.set()
        thread.join(60)
    assert len(sent.acked) >= PART
    assert_kept(pair.desk, sent, seconds=60)
    pair.relay.until_sent()
    assert_covered(pair.desk)
    assert pair.desk.verify()[0] == 0


@pytest.mark.parametrize('where, role', [('relay', 'shipper'), ('relay', 'intake'),
                                         ('desk', 'intake'), ('desk', 'keeper')])
def test_kills_of_a_role_during_transfer_cost_nothing(pair, where, role):
    def act():
        for _ in range(5):
            getattr(pair, where).kill_role(role)
    under_load(pair, act)


def test_classes_of_senders_behind_a_relay_hold_over_kills_and_new_registers(tmp_path):
    doors = ('relp', 'relp-hai', 'relp-ba')
    classes = {'more': 'classes: [{name: first, days: 90}, {name: long, days: 400}]\n'}
    with Pair(tmp_path, listen=doors, desk_options=classes) as pair:
        register = os.path.join(pair.desk.folder, 'sources.csv')

        def registered(*rows):
            with open(register + '.new', 'w', encoding='utf-8') as f:
                f.write('\n'.join(('id,listener,unit,class',) + rows) + '\n')
            os.rename(register + '.new', register)
            taken = pair.desk.said(b'register of sources')
            os.kill(pair.desk.child.pid, signal.SIGHUP)
            return taken

        def send(sent, door, stop):
            while not stop.is_set():
                sent.relp(pair.relay.port[door], 100, again=lambda: stop.wait(0.1))

        one, two = ('hai,%s/relp-hai,22,long' % NAME, 'ba,%s/relp-ba,23,first' % NAME), \
            ('hai,%s/relp-hai,22,first' % NAME, 'mot,%s/relp,21,long' % NAME)
        registered(*one)
        sent, stop = {d: Sent() for d in doors}, threading.Event()
        threads = [threading.Thread(target=send, args=(sent[d], d, stop)) for d in doors]
        for t in threads:
            t.start()
        try:
            for i in range(6):
                pair.desk.kill_role(('keeper', 'intake')[i % 2])
                registered(*(one, two)[i % 2])
            pair.desk.kill()
            pair.desk.start()
        finally:
            stop.set()
            for t in threads:
                t.join(60)
        for d in doors:
            assert len(sent[d].acked) >= 100
            assert_kept(pair.desk, sent[d], seconds=60)
        pair.relay.until_sent()
        told = assert_covered(pair.desk).of('source')
        found = {(s['listener'], s['unit'], s['class']) for s in told if s.get('identity')}
        assert len({c for _, _, c in found}) == 2 and len(found) > len(doors), found
        assert pair.desk.verify()[0] == 0


def test_kills_of_the_whole_relay_and_the_whole_desk_cost_nothing(pair):
    def act():
        for _ in range(2):
            pair.relay.kill()
            pair.relay.start()
            pair.desk.kill()
            pair.desk.start()
    under_load(pair, act)


def test_cuts_of_the_line_during_transfer_cost_nothing(pair):
    def act():
        for _ in range(5):
            until('something is on its way', lambda up=pair.line.up: pair.line.up > up, 60)
            pair.line.cut()
            until('they wait', lambda: pair.relay.waits() > 0)
            pair.line.restore()
    under_load(pair, act)


def waiting(pair, n=600):
    """n records that are acknowledged and wait on the relay."""
    pair.line.cut()
    sent = Sent()
    sent.relp(pair.relay.port['relp'], n)
    until('they wait', lambda: pair.relay.waits() >= n)
    return sent


@pytest.mark.parametrize('tail', [b'\0' * 300, b'TBSPBLK1' + b'\x55' * 200, b'T'])
def test_a_torn_end_of_the_spool_is_cut_off(pair, tail):
    sent = waiting(pair)
    pair.relay.kill()
    with open(pair.relay.spool_files()[-1], 'ab') as f:
        f.write(tail)
    pair.relay.start()
    pair.line.restore()
    assert_kept(pair.desk, sent, all_of=True)
    pair.relay.until_sent()
    assert 'spool.damaged' not in pair.relay.figures()


@pytest.mark.parametrize('where, counted', [('block', 'rows_lost'), ('head', 'damaged')])
def test_a_damaged_block_is_counted_and_the_rest_goes_on(pair, where, counted):
    sent = waiting(pair, 100)
    more = Sent()
    more.relp(pair.relay.port['relp'], 100)
    pair.relay.kill()
    with open(pair.relay.spool_files()[0], 'r+b') as f:
        f.seek(160 + (80 + 40 if where == 'block' else 20))
        octet = f.read(1)
        f.seek(-1, os.SEEK_CUR)
        f.write(bytes([octet[0] ^ 1]))
    pair.relay.start()
    pair.line.restore()
    until('all went', lambda: pair.relay.figures().get('connected') == 1 and
          pair.relay.waits() == 0, 30)
    found = len(pair.desk.found(sent.prefix)) + len(pair.desk.found(more.prefix))
    assert 100 <= found < 200
    lost = int(pair.relay.figures()['spool.' + counted])
    assert lost == (200 - found if where == 'block' else 1)


def test_a_full_spool_lets_senders_wait(tmp_path):
    with Pair(tmp_path, spool='4MB') as pair:
        pair.line.cut()
        sent, stop = Sent(), threading.Event()

        def push():
            while not stop.is_set():
                sent.relp(pair.relay.port['relp'], PART, again=lambda: stop.wait(0.2),
                          seconds=300, text=os.urandom(6000).hex())

        thread = threading.Thread(target=push)
        thread.start()
        try:
            until('a full spool', lambda: pair.relay.figures().get('spool_full') == 1, 60)
            assert sum(map(os.path.getsize, pair.relay.spool_files())) < 8 << 20
            assert 'full' in pair.relay.command('status', check=False)[1]
        finally:
            stop.set()
            pair.line.restore()
            thread.join(120)
        assert_kept(pair.desk, sent, seconds=60)
        pair.relay.until_sent()


def test_a_desk_with_another_certificate_gets_nothing(pair, tmp_path):
    sent = waiting(pair)
    cert, key = certs.Authority(str(tmp_path / 'other'), 'Other CA').issue('desk')
    own = [os.path.join(pair.desk.authority.folder, 'desk' + end) for end in ('.pem', '.key')]
    for name in own:
        shutil.copy(name, name + '.own')
    pair.desk.stop()
    shutil.copy(cert, own[0])
    shutil.copy(key, own[1])
    pair.desk.start()
    pair.line.restore()
    words = 'was not signed by the authority in forward: ca'
    until('it says why', lambda: words in pair.relay.command('status', check=False)[1], 30)
    assert not pair.desk.found(sent.prefix)
    pair.desk.stop()
    for name in own:
        shutil.copy(name + '.own', name)
    pair.desk.start()
    assert_kept(pair.desk, sent, all_of=True, seconds=90)


def test_a_relay_that_the_desk_does_not_know_keeps_what_it_has(pair, tmp_path):
    cert, key = certs.Authority(str(tmp_path / 'other'), 'Other CA').issue(NAME)
    own = [os.path.join(pair.desk.authority.folder, NAME + end) for end in ('.pem', '.key')]
    saved = [open(name, 'rb').read() for name in own]
    sent = waiting(pair)
    for name, other in zip(own, (cert, key)):
        shutil.copy(other, name)
    pair.relay.kill()
    pair.relay.start()
    pair.line.restore()
    until('it is refused', lambda: pair.relay.figures().get('connected') == 0 and
          pair.line.up > 0, 30)
    assert pair.relay.waits() >= 600
    assert not pair.desk.found(sent.prefix)
    for name, text in zip(own, saved):
        with open(name, 'wb') as f:
            f.write(text)
    pair.relay.kill()
    pair.relay.start()
    assert_kept(pair.desk, sent, all_of=True, seconds=60)


def test_an_old_spool_that_is_copied_back_doubles_nothing(pair):
    sent = waiting(pair)
    pair.relay.kill()
    spool = os.path.join(pair.relay.state, 'spool')
    shutil.copytree(spool, spool + '.old')
    pair.relay.start()
    pair.line.restore()
    later = Sent()
    later.relp(pair.relay.port['relp'], 100)
    assert_kept(pair.desk, sent, all_of=True)
    assert_kept(pair.desk, later, all_of=True)
    pair.relay.until_sent()
    pair.relay.kill()
    shutil.rmtree(spool)
    shutil.copytree(spool + '.old', spool)
    pair.line.cut()
    pair.relay.start()
    latest = Sent()
    latest.relp(pair.relay.port['relp'], 300)
    pair.line.restore()
    pair.relay.until_sent()
    for one in (sent, later, latest):
        assert_kept(pair.desk, one, all_of=True)


def test_a_relay_that_is_set_back_behind_its_desk_leaves_nothing_out(pair):
    """As a snapshot of a running machine: other records in places that the desk is beyond."""
    first = Sent()
    for _ in range(8):
        first.relp(pair.relay.port['relp'], 10)
        assert_kept(pair.desk, first, all_of=True)
    pair.relay.kill()
    instance, head = pair.relay.spool_files()[-1], 160
    with open(instance, 'rb') as f:
        before = f.read(head)
    pair.line.cut()
    pair.relay.start()
    later = Sent()
    later.relp(pair.relay.port['relp'], 3)
    until('they wait', lambda: pair.relay.waits() >= 3)
    pair.relay.kill()
    with open(pair.relay.spool_files()[-1], 'r+b') as f:
        f.write(before)
    os.unlink(instance)
    pair.relay.start()
    pair.line.restore()
    pair.relay.until_sent()
    assert_kept(pair.desk, later, all_of=True)
    assert_kept(pair.desk, first, all_of=True)
    assert pair.relay.figures()['spool.diverged'] == 1


def test_a_desk_that_is_set_back_takes_what_is_new(pair):
    old = Sent()
    old.relp(pair.relay.port['relp'], 100)
    assert_kept(pair.desk, old, all_of=True)
    pair.relay.until_sent()
    pair.desk.stop()
    copy = pair.desk.copy()
    pair.desk.start()
    gone = Sent()
    gone.relp(pair.relay.port['relp'], 100)
    assert_kept(pair.desk, gone, all_of=True)
    pair.relay.until_sent()
    pair.desk.kill()
    shutil.rmtree(pair.desk.state)
    os.rename(copy, pair.desk.state)
    pair.desk.start()
    new = Sent()
    new.relp(pair.relay.port['relp'], 100)
    assert_kept(pair.desk, new, all_of=True, seconds=60)
    assert_kept(pair.desk, old, all_of=True)
    assert not pair.desk.found(gone.prefix)


@pytest.mark.parametrize('call, errno', [
    ('file_pwrite_all', 'EIO'), ('file_pwrite_all', 'ENOSPC'), ('file_pwrite_all', 'torn'),
    ('file_pwrite_all', 'short'), ('file_sync_data', 'EIO'), ('file_sync_data', 'ENOSPC'),
    ('file_unlink', 'EIO'), ('file_pread_all', 'EIO')])
def test_a_call_of_the_shipper_that_fails_costs_nothing(pair, call, errno):
    pair.relay.stop()
    pair.relay.start(env={'FAIL_ROLE': 'shipper', 'FAIL_CALL': call, 'FAIL_ERRNO': errno,
                          'FAIL_AT': '3'})
    sent = Sent()
    for _ in range(3):
        sent.relp(pair.relay.port['relp'], 50, again=pair.relay.wait_ready)
    assert_kept(pair.desk, sent, seconds=60)
    pair.relay.kill()
    pair.relay.start()
    assert_kept(pair.desk, sent, seconds=60)
    pair.relay.until_sent()
    assert_covered(pair.desk)


class Refuses(http.server.BaseHTTPRequestHandler):
    """A desk that finds fault with everything."""

    def answer(self, status, text):
        self.rfile.read(int(self.headers.get('Content-Length', 0)))
        self.send_response(status)
        self.send_header('Content-Length', str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def do_GET(self):
        self.answer(200, b'place 0\n')

    def do_POST(self):
        self.answer(400, b'rule 13\n')

    def log_message(self, *args):
        pass


def test_what_the_desk_cannot_read_is_set_aside_and_counted(tmp_path):
    with Pair(tmp_path) as pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*[os.path.join(pair.desk.authority.folder, 'desk' + end)
                                  for end in ('.pem', '.key')])
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Refuses)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        good = pair.line.target
        pair.line.cut()
        pair.line.target = server.server_address[1]
        sent = Sent()
        sent.relp(pair.relay.port['relp'], 30)
        pair.line.restore()
        until('set aside', lambda: pair.relay.figures().get('spool.rows_refused') == 30, 60)
        assert pair.relay.waits() == 0
        assert os.path.getsize(os.path.join(pair.relay.state, 'spool', 'refused')) > 0
        assert '400' in pair.relay.command('status', check=False)[1]
        pair.line.cut()
        server.shutdown()
        pair.line.target = good
        pair.line.restore()
        later = Sent()
        later.relp(pair.relay.port['relp'], 30)
        assert_kept(pair.desk, later, all_of=True, seconds=90)
