# SPDX-License-Identifier: Apache-2.0
"""Who tries to come in with a dead certificate is named at the desk; a finding until it ends."""

import socket
import ssl
import threading

import pytest

import certs
from agents_enrol_with_a_code_test import Host, Office, stranger
from findings_open_and_close_test import act, acts_of
from harness import Desk, Sent, free_ports, until

FAST = 'seal: {checkpoint: 1s}\n'
# an hour in six seconds
HASTE = {'TRUCBAN_WATCH_HASTE': '600'}


class Trying:
    """Somebody who tries again and again while this is open."""

    def __init__(self, attempt):
        self.attempt = attempt
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        while not self.ended.wait(0.1):
            try:
                self.attempt()
            except OSError:         # ssl.SSLError is one
                pass

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, value, trace):
        self.ended.set()
        self.thread.join(10)


def status(desk, lang='en'):
    return desk.command('status', check=False, env={'TRUCBAN_LANG': lang})[1]


def figures(desk):
    _, out, _ = desk.command('status', '--metrics', check=False)
    return [line for line in out.splitlines() if line.startswith('trucban_intake_denied{')]


def test_a_revoked_host_that_keeps_trying_is_a_finding_until_it_stops(tmp_path):
    with Office(tmp_path / 'desk', more=FAST, env=HASTE) as desk:
        host = Host(tmp_path / 'host', desk)
        host.enrol(desk.invite('xa-phu-my'))
        desk.agent('revoke', 'xa-phu-my', '--why', 'test')

        def attempt():
            line = host.send('never')
            line.recv(1)

        with Trying(attempt):
            opened = act(desk, 'certificate.revoked', 'opened')
            assert opened['observer.name'] == 'tcp-tls' and opened['finding.subject'] == \
                'xa-phu-my' and opened['source.address'] == '127.0.0.1', opened
            assert 'source.user.name' not in opened or not opened['source.user.name']
            assert int(opened['finding.value']) > 0
            # The front asks the keeper once a second.
            until('status', lambda: 'tcp-tls did not let in 127.0.0.1 (xa-phu-my): a '
                  'certificate that was revoked' in status(desk))
            assert 'tcp-tls không cho 127.0.0.1 vào (xa-phu-my): chứng thư đã thu hồi' in \
                status(desk, 'vi')
            _, told, _ = desk.command('doctor', '--config', desk.conf, check=False)
            assert 'tcp-tls did not let in 127.0.0.1 (xa-phu-my): a certificate that was' in told
            assert 'trucban agent invite NAME' in told, told
            row = figures(desk)[0]
            assert row.startswith('trucban_intake_denied{listener="tcp-tls",peer="127.0.0.1",'
                                  'cause="revoked",certificate="xa-phu-my"} '), row
            _, text, _ = desk.command('findings', check=False)
            assert 'trucban agent invite' in text and 'xa-phu-my' in text, text
        act(desk, 'certificate.revoked', 'closed')
        assert [one['event.action'] for one in acts_of(desk, 'certificate.revoked')
                if one['event.action'] != 'grew'] == ['opened', 'closed']
        # Once an hour, not each time.
        with open(desk.log, encoding='utf-8') as f:
            said = [line for line in f if 'a certificate that was revoked' in line]
        assert len(said) == 1 and '"xa-phu-my"' in said[0], said


def door(folder, listen=('http', 'tcp-tls'), more=''):
    authority = certs.Authority(str(folder / 'ca'))
    cert, key = authority.issue('desk')
    desk = Desk(folder / 'desk', listen=listen, more=more, options={'tcp-tls': {
        'cert': cert, 'key': key, 'ca': authority.ca, 'clients': 'required'}})
    desk.authority = authority
    return desk


def connect(desk, context):
    with socket.create_connection(('127.0.0.1', desk.port['tcp-tls']), 10) as plain:
        with context.wrap_socket(plain, server_hostname='localhost') as sock:
            sock.recv(1)


@pytest.mark.parametrize('cause', ['expired', 'unknown', 'none', 'distrust'])
def test_the_cause_and_the_address_are_shown(tmp_path, cause):
    with door(tmp_path) as desk:
        context = stranger(desk)
        other = certs.Authority(str(tmp_path / 'other'), 'Other CA')
        if cause == 'distrust':
            context = ssl.create_default_context(cafile=other.ca)
        elif cause != 'none':
            # A name may be anything: what turns writing round is not let through to a terminal.
            name = 'cũ\u202e"' if cause == 'unknown' else 'fw-01'
            made = other if cause == 'unknown' else desk.authority
            cert, key = made.issue(name, days=-1 if cause == 'expired' else 1)
            context.load_cert_chain(cert, key)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            connect(desk, context)
        row = until('figure', lambda: figures(desk))[0]
        assert 'peer="127.0.0.1",cause="%s"' % cause in row and row.endswith('} 1'), row
        said = [line for line in status(desk).splitlines() if 'did not let in' in line]
        assert len(said) == 1 and '127.0.0.1' in said[0] and '1 times' in said[0], said
        if cause == 'unknown':
            assert '\u202e' not in said[0] and 'cũ' in said[0], said
            assert '\\u202e' in said[0].lower(), said
        if cause == 'expired':
            assert '(fw-01)' in said[0], said
        rc, out, _ = desk.command('status', '--json', check=False)
        assert '"cause":"%s"' % cause in out


def test_a_relay_refuses_strangers_and_goes_on(tmp_path):
    good = certs.Authority(str(tmp_path / 'line'))
    cert, key = good.issue('xa-phu-my')
    forward = ('forward:\n  to: "https://127.0.0.1:%d"\n  cert: "%s"\n  key: "%s"\n  ca: "%s"\n' %
               (free_ports(1)[0], cert, key, good.ca))
    with door(tmp_path, ('tcp', 'tcp-tls'), forward) as relay:
        def waits(n):
            return lambda: 'waiting_rows %d\n' % n in \
                relay.command('status', '--metrics', check=False)[1]

        sent = Sent()
        sent.tcp(relay.port['tcp'], 5)
        until('rows', waits(5))
        with pytest.raises((ssl.SSLError, ConnectionError)):
            connect(relay, stranger(relay))
        until('a line in the log', lambda: relay.said(b'tcp-tls: no certificate from'))
        # The list is with the shipper before what comes a report later.
        until('a refusal that was counted', lambda: 'handshakes_failed' in
              relay.command('status', '--metrics', check=False)[1])
        sent.tcp(relay.port['tcp'], 5)
        until('rows', waits(10))
        assert not relay.said(b'is closed')
