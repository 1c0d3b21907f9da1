# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: the desk takes a changed configuration, whole or not at all, and loses nothing."""

import os
import signal
import socket
import threading

import pytest

import certs
import relp
from harness import Desk, Sent, assert_kept, free_ports, until

SEAL = 'seal: {checkpoint: %ds}\n'


def hang_up(desk, words):
    """SIGHUP; waits until the desk has said that (again)."""
    before = desk.said(words)
    desk.child.send_signal(signal.SIGHUP)
    until(words.decode(), lambda: desk.said(words) > before, 40)


def change(desk, old, new):
    with open(desk.conf, encoding='utf-8') as f:
        text = f.read()
    assert old in text
    with open(desk.conf, 'w', encoding='utf-8') as f:
        f.write(text.replace(old, new))


def pids(desk):
    return {role: pid for pid, role in desk.children().items()}


class Pusher(threading.Thread):
    """A RELP sender that never stops; broken connections are opened again at once."""

    def __init__(self, desk):
        super().__init__(daemon=True)
        self.desk, self.sent, self.ending = desk, Sent(), threading.Event()
        self.error = None

    def run(self):
        try:
            while not self.ending.is_set():
                # A socket that stays open refuses nobody: connecting again never fails.
                self.sent.relp(self.desk.port['relp'], 100, again=lambda: None)
        except Exception as e:      # told to the test's own thread
            self.error = e

    def end(self):
        self.ending.set()
        self.join(60)
        assert not self.is_alive()
        assert self.error is None, self.error


def test_a_reload_under_load_loses_nothing_and_doubles_nothing(tmp_path):
    with Desk(tmp_path, listen=('relp',), more=SEAL % 2) as desk:
        pusher = Pusher(desk)
        pusher.start()
        until('records', lambda: len(pusher.sent.acked) > 500)
        for n in range(4):
            # Every role in turn, then all: store, classes (by name), front.
            change(desk, 'checkpoint: %ds' % (n + 2), 'checkpoint: %ds' % (n + 3))
            if n == 1:
                with open(desk.conf, 'a', encoding='utf-8') as f:
                    f.write('classes: [{name: standard, days: 90}, {name: long}]\n')
            if n == 2:
                change(desk, 'front:', 'event_lead: 3600s\nfront:\n  query_memory: 64MB')
            hang_up(desk, b'trucban: ready\n')
            have = len(pusher.sent.acked)
            until('more records', lambda h=have: len(pusher.sent.acked) > h + 200)
        pusher.end()
        assert len(pusher.sent.acked) == len(pusher.sent.sent)
        assert_kept(desk, pusher.sent)
        assert b'ended:' not in desk.log_text().encode()
        assert desk.stop() == 0
        rc, said = desk.verify()
        assert rc == 0, said


def test_only_the_roles_that_are_concerned_begin_anew(tmp_path):
    with Desk(tmp_path, listen=('relp',), more=SEAL % 2) as desk:
        before = pids(desk)
        hang_up(desk, b'reload: nothing changed')
        assert pids(desk) == before
        change(desk, 'checkpoint: 2s', 'checkpoint: 5s')
        hang_up(desk, b'trucban: ready\n')
        after = pids(desk)
        assert after['keeper'] != before['keeper']
        assert {r: p for r, p in after.items() if r != 'keeper'} == \
            {r: p for r, p in before.items() if r != 'keeper'}


def test_listeners_and_collected_files_come_and_go(tmp_path):
    log = tmp_path / 'logs' / 'app.log'
    log.parent.mkdir()
    with Desk(tmp_path, listen=('relp',)) as desk:
        port = free_ports(1)[0]
        old = desk.port['relp']
        with open(desk.conf, encoding='utf-8') as f:
            before = f.read()
        change(desk, 'front:', '  - {name: tcp, kind: tcp, address: "127.0.0.1:%d"}\n'
               'collect: {files: ["%s"]}\nfront:' % (port, log))
        hang_up(desk, b'trucban: ready\n')
        assert 'collector' in pids(desk)
        sent = Sent()
        sent.tcp(port, 20)
        sent.relp(old, 20)
        lines = Sent()
        log.write_bytes(b''.join(m + b'\n' for m, _ in lines.messages(20)))
        assert_kept(desk, sent, all_of=True)
        assert_kept(desk, lines, all_of=True)
        with open(desk.conf, 'w', encoding='utf-8') as f:
            f.write(before)
        hang_up(desk, b'trucban: ready\n')
        assert 'collector' not in pids(desk)
        assert not desk.accepts(port) and desk.accepts(old)


@pytest.mark.parametrize('what, words', [
    ('listen: [{name: x, kind: tpc, address: ":1"}]\n', b"'tpc' is not one of"),
    ('state: "/tmp/elsewhere"\n', b'state cannot change while the desk runs'),
    ('store: {encrypt: no}\n', b'store: encrypt cannot change'),
    ('nonsense: 7\n', b'nonsense'),
    ('listen: [{name: x, kind: tcp, address: "127.0.0.1:0", cert: /nowhere.pem, '
     'key: /nowhere.key}]\n', b'listener x: cannot open /nowhere.pem'),
    ('listen: [{name: x, kind: tcp, address: "127.0.0.1:%(taken)d"}]\n', b'listener x'),
])
def test_what_cannot_be_taken_is_said_and_changes_nothing(tmp_path, what, words):
    taken = socket.create_server(('127.0.0.1', 0))
    with Desk(tmp_path, listen=('relp',)) as desk:
        before = pids(desk)
        with open(desk.conf, encoding='utf-8') as f:
            good = f.read()
        with open(desk.conf, 'a', encoding='utf-8') as f:
            f.write('---\n' + what.replace('%(taken)d', str(taken.getsockname()[1])))
        hang_up(desk, b'the configuration of before stays')
        assert desk.said(words), desk.log_text()[-2000:]
        assert pids(desk) == before
        sent = Sent()
        sent.relp(desk.port['relp'], 10)
        assert_kept(desk, sent)
        with open(desk.conf, 'w', encoding='utf-8') as f:
            f.write(good)
        hang_up(desk, b'reload: nothing changed')
    taken.close()


def test_a_renewed_certificate_is_taken_up(tmp_path):
    authority = certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('desk')
    with Desk(tmp_path / 'desk', listen=('relp-tls',),
              options={'relp-tls': {'cert': cert, 'key': key}}) as desk:
        def shown():
            context = relp.client_context(authority.ca)
            with socket.create_connection(('127.0.0.1', desk.port['relp-tls']), 10) as s:
                return context.wrap_socket(s).getpeercert()['serialNumber']

        before = shown()
        authority.issue('desk')
        hang_up(desk, b'trucban: ready\n')
        renewed = shown()
        assert renewed != before
        with open(cert, 'w', encoding='utf-8') as f:    # half copied
            f.write('-----BEGIN CERTIFICATE-----\nMIIB')
        hang_up(desk, b'the configuration of before stays')
        assert desk.said(b'listener relp-tls: cannot use the certificate')
        assert shown() == renewed


def test_a_desk_with_a_broken_certificate_says_so_and_does_not_start(tmp_path):
    authority = certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('desk')
    os.truncate(key, 40)
    desk = Desk(tmp_path / 'desk', listen=('relp-tls',),
                options={'relp-tls': {'cert': cert, 'key': key}})
    desk.start(wait=False)
    assert desk.child.wait(20) == 3
    assert desk.said(b'cannot start: listener relp-tls: '), desk.log_text()


def test_the_service_manager_is_told(tmp_path):
    path = str(tmp_path / 'notify')
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(20)

    def heard(word):
        while True:
            lines = manager.recv(4096).decode().split('\n')
            if lines != ['WATCHDOG=1']:
                assert lines[0] == word, lines
                return lines

    desk = Desk(tmp_path / 'desk', listen=('relp',), more=SEAL % 2,
                env={'NOTIFY_SOCKET': path})
    with desk:
        heard('READY=1')
        change(desk, 'checkpoint: 2s', 'checkpoint: 3s')
        desk.child.send_signal(signal.SIGHUP)
        assert heard('RELOADING=1')[1].startswith('MONOTONIC_USEC=')
        heard('READY=1')
        os.unlink(desk.conf)
        desk.child.send_signal(signal.SIGHUP)
        heard('RELOADING=1')
        heard('READY=1')
        assert desk.said(b'the configuration of before stays')
