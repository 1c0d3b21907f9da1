# SPDX-License-Identifier: Apache-2.0
"""A relay that does not reach its desk says why, and what to do, in words of who runs it."""

import re
import socket
import ssl
import threading

import pytest

import certs
from agents_enrol_with_a_code_test import Host, Office
from harness import Desk, Sent, free_ports, until
from relays import desk_for_relays


class Server:
    """Answers 503 behind TLS with this certificate."""

    def __init__(self, cert, key):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            try:
                plain = self.listener.accept()[0]
            except OSError:
                return
            try:
                with self.context.wrap_socket(plain, server_side=True) as sock:
                    sock.recv(65536)
                    sock.sendall(b'HTTP/1.1 503 Busy\r\nContent-Length: 9\r\n\r\ndisk full')
            except OSError:
                plain.close()


def relay(folder, to, cert, key, ca):
    return Desk(folder, listen=('tcp',), more='forward:\n  to: "https://%s"\n  cert: "%s"\n'
                '  key: "%s"\n  ca: "%s"\n  spool: 64MB\n' % (to, cert, key, ca))


def says(desk, cause, vi, en, todo):
    """status and doctor say this, in both languages; the library's words come last."""
    def told():
        rc, out, _ = desk.command('status', '--metrics', check=False)
        return rc == 0 and re.search('relay_trouble.cause="%s",' % cause, out)

    until('cause ' + cause, told)
    for lang, want in (('vi', vi), ('en', en)):
        rc, status, err = desk.command('status', check=False, env={'TRUCBAN_LANG': lang})
        assert rc == 1 and want in status and todo in status, (status, err)
        # A line of what happened ends with the words in brackets, when there are any.
        line = [text for text in status.splitlines() if want in text][0]
        assert line.endswith(want) or line.endswith(')'), line
        rc, doctor, _ = desk.command('doctor', '--json', '--config', desk.conf, check=False,
                                     env={'TRUCBAN_LANG': lang})
        row = [text for text in doctor.splitlines() if '"check":"line"' in text][0]
        assert rc == 1 and want in row and todo in row and '"result":"bad"' in row, row
    assert 'the spool here keeps what comes meanwhile' in status
    return status


def certificates(tmp_path):
    good = certs.Authority(str(tmp_path / 'ca'))
    return good, certs.Authority(str(tmp_path / 'other'), 'Other CA')


WAYS = {
    'closed': ('cổng đã đóng', 'nobody listens on that port', 'forward: to'),
    'no-name': ('không tìm được địa chỉ của bàn trực', 'name cannot be resolved', 'forward: to'),
    'wait': ('bàn trực đang bận và bảo đợi', 'says to wait', 'trucban status'),
    'desk-expired': ("chứng thư của bàn trực đã hết hạn", "the desk's certificate has expired",
                     'date'),
    'desk-name': ('không phải tên ghi trong chứng thư của bàn trực',
                  "not one that the desk's certificate is for", 'forward: to'),
    'desk-unknown': ('không do nơi ghi trong forward: ca ký',
                     'not signed by the authority in forward: ca', 'trucban agent invite'),
}


@pytest.mark.parametrize('cause', sorted(WAYS))
def test_the_way_to_the_desk_is_told_apart(tmp_path, cause):
    good, other = certificates(tmp_path)
    cert, key = good.issue('xa-phu-my')
    server = Server(*good.issue('desk', **{'desk-expired': {'days': -1}, 'desk-name': {
        'names': ['desk.example']}}.get(cause, {})))
    to = {'closed': '127.0.0.1:%d' % free_ports(1)[0],
          'no-name': 'desk.invalid:6514'}.get(cause, '127.0.0.1:%d' % server.port)
    ca = other.ca if cause == 'desk-unknown' else good.ca
    with relay(tmp_path / 'relay', to, cert, key, ca) as one:
        says(one, cause, *WAYS[cause])


@pytest.mark.parametrize('cause, vi, en', [
    ('expired', 'chứng thư của trạm này đã hết hạn', "this relay's certificate has expired"),
    ('unknown', 'bàn trực không biết nơi đã ký chứng thư của trạm này',
     "the desk does not know who signed this relay's certificate")])
def test_what_the_desk_finds_wrong_with_the_certificate_is_told(tmp_path, cause, vi, en):
    _, other = certificates(tmp_path)
    with desk_for_relays(str(tmp_path / 'desk'), str(tmp_path / 'ca')) as desk:
        cert, key = desk.authority.issue('xa-phu-my', days=-1) if cause == 'expired' else \
            other.issue('xa-phu-my')
        to = '127.0.0.1:%d' % desk.port['http-relay']
        with relay(tmp_path / 'relay', to, cert, key, desk.authority.ca) as one:
            says(one, cause, vi, en, 'trucban agent invite')


def test_who_asks_a_relay_for_records_is_told_where_they_are(tmp_path):
    good, _ = certificates(tmp_path)
    cert, key = good.issue('xa-phu-my')
    to = '127.0.0.1:%d' % free_ports(1)[0]
    with relay(tmp_path / 'relay', to, cert, key, good.ca) as one:
        until('status', lambda: one.command('status', '--metrics', check=False)[0] == 0)
        for words in (['search', '*'], ['coverage'], ['findings']):
            for where in ([], ['--store', one.state]):
                rc, out, err = one.command(*words, *where, check=False)
                assert rc == 3 and not out, (words, rc, out)
                assert 'this is a relay' in err and to in err and 'trucban status' in err, err
                assert 'Is it running' not in err
            err = one.command(*words, check=False, env={'TRUCBAN_LANG': 'vi'})[2]
            assert 'đây là trạm chuyển tiếp' in err and to in err, err


def test_a_relay_whose_certificate_was_taken_back_says_so_by_its_name(tmp_path):
    with Office(tmp_path / 'desk') as desk:
        host = Host(tmp_path / 'relay' / 'state', desk)
        (tmp_path / 'relay').mkdir()
        snippet = host.enrol(desk.invite('xa-phu-my'))
        desk.agent('revoke', 'xa-phu-my', '--why', 'test')
        with Desk(tmp_path / 'relay', listen=('tcp',),
                  more=snippet) as one:
            sent = Sent()
            sent.tcp(one.port['tcp'], 10)
            until('rows in the spool', lambda: 'waiting_rows 10' in
                  one.command('status', '--metrics', check=False)[1])
            status = says(one, 'revoked', 'bàn trực đã thu hồi chứng thư của trạm này',
                          "the desk has taken this relay's certificate back",
                          'trucban agent invite xa-phu-my')
            assert 'trucban agent enrol CODE --replace' in status and '10 records' in status
            assert re.search(r'back \(.*alert certificate revoked', status), status
            # The office's time, and no estimate out of a few seconds.
            assert re.search(r'since 20[0-9T:-]+\+07:00', status), status
            assert 'not known yet for how long there is room' in status
