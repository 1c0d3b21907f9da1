# SPDX-License-Identifier: Apache-2.0
"""A host enrols with a one-time code; what it sends then has its name and unit; until revoked."""

import base64
import functools
import hashlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess

import pytest

import senders
from a_source_is_connected_test import rsyslog, send
from harness import Desk, free_ports, until

OWN = {'cert': 'own', 'ca': 'own', 'clients': 'required'}
MORE = 'classes:\n  - {name: standard, days: 365}\n  - {name: long, days: 0}\n'


class Office(Desk):
    """A desk with doors of its own certificate, and the commands of both sides."""

    def __init__(self, folder, more=MORE, **args):
        super().__init__(folder, listen=('http', 'tcp-tls', 'relp-tls'), more=more,
                         options={name: dict(OWN) for name in ('http', 'tcp-tls', 'relp-tls')},
                         **args)

    def agent(self, *words, check=0, env=None):
        rc, out, err = self.command('agent', *words, check=False, env=env)
        assert rc == check, (rc, out, err)
        return out if check == 0 else err

    def invite(self, name, *more):
        return self.agent('invite', name, *more).split()[0]

    def agents(self):
        return {a['name']: a for a in map(json.loads, self.agent('list', '--json').splitlines())}


class Host:
    """Where `trucban agent enrol` runs."""

    def __init__(self, folder, desk):
        self.state = str(folder)
        self.desk = desk
        self.papers = os.path.join(self.state, 'agent')

    def enrol(self, code, *more, check=0):
        return self.desk.agent('enrol', code, *more, check=check,
                               env={'TRUCBAN_STATE': self.state})

    def renew(self, check=0):
        return self.desk.agent('renew', check=check, env={'TRUCBAN_STATE': self.state})

    def path(self, name):
        return os.path.join(self.papers, name)

    def read(self, name):
        with open(self.path(name), 'rb') as f:
            return f.read()

    def context(self):
        return context(self.path('ca.pem'), self.path('cert.pem'), self.path('key.pem'))

    def connect(self, door='tcp-tls'):
        plain = socket.create_connection(('127.0.0.1', self.desk.port[door]), 10)
        plain.settimeout(10)
        return self.context().wrap_socket(plain, server_hostname='127.0.0.1')

    def send(self, text, door='tcp-tls'):
        line = self.connect(door)
        line.sendall(b'<13>1 - host app - - - %s\n' % text.encode())
        return line


def context(ca, cert=None, key=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.load_verify_locations(ca)
    if cert:
        made.load_cert_chain(cert, key)
    return made


@pytest.fixture
def desk(tmp_path):
    with Office(tmp_path / 'desk') as d:
        yield d


def record(desk, word, **fields):
    """The one record with this word, when it is there with these fields."""
    query = word + ''.join(' _%s:="%s"' % item for item in fields.items())
    rows = until(query, lambda: desk.search(query))
    assert len(rows) == 1, rows
    return rows[0]


def acts(desk, act):
    """What the ledger says of it: (who, what)."""
    return [(row.get('who', ''), row['_msg'])
            for row in desk.search('act:=%s' % act, '--stream', 'ledger')]


def post(desk, path, body, tls, headers=None):
    """(status, text) of one request to the desk's http door."""
    conn = senders.connection(desk.port['http'], tls=tls)
    status, text = senders.request(conn, 'POST', path, body, headers or {})[:2]
    conn.close()
    return status, text.decode('utf-8', 'replace')


def stranger(desk):
    """A client without a certificate that takes any desk."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def is_refused(host):
    """Asks the http door, which would answer. TLS 1.3 tells a client after its own last word."""
    conn = senders.connection(host.desk.port['http'], tls=host.context())
    try:
        return senders.request(conn, 'GET', '/health')[0] != 200
    except (ssl.SSLError, ConnectionError, http.client.HTTPException):
        return True
    finally:
        conn.close()


# ---- the way of a host ----

def test_from_invitation_to_revocation(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    code = desk.invite('web-01', '--unit', '7', '--class', 'long')
    assert re.fullmatch(r'([A-Z2-7]{4}-){14}[A-Z2-7]{4}', code)
    assert desk.agents()['web-01']['state'] == 'invited'

    snippet = host.enrol(code)
    assert 'forward:' in snippet and 'https://127.0.0.1:%d' % desk.port['http'] in snippet
    assert os.stat(host.path('key.pem')).st_mode & 0o777 == 0o600
    assert not os.path.exists(host.path('new.pem'))
    here = desk.agents()['web-01']
    assert (here['state'], here['unit'], here['class']) == ('enrolled', '7', 'long')

    line = host.send('wordone')
    record(desk, 'wordone', identity='web-01', unit='7', trust='identity')

    desk.agent('revoke', 'web-01', '--why', 'stolen "laptop"')
    assert line.recv(1) == b''                  # the connection that was open is closed
    assert is_refused(host)
    for door in ('tcp-tls', 'relp-tls'):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            again = host.send('refused', door)
            if again.recv(1) == b'':
                raise ConnectionError
    assert not desk.search('refused')
    assert desk.said(b'tcp-tls: a certificate that was revoked, replaced or never given out from')
    here = desk.agents()['web-01']
    assert (here['state'], here['why'], here['serial']) == ('revoked', 'stolen "laptop"', '')
    assert 'it does not take this certificate' in host.renew(check=1)

    assert [who for who, _ in acts(desk, 'agent-enrol')] == ['web-01']
    assert [what for _, what in acts(desk, 'agent-revoke')][0].endswith('why=stolen "laptop"')
    assert len(acts(desk, 'agent-invite')) == 1
    assert code not in desk.log_text()


def test_http_takes_records_of_those_with_a_certificate_only(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('app', '--unit', '3'))
    line = b'{"_msg":"wordhttp","_time":"0"}\n'
    assert post(desk, '/insert/jsonline', line, stranger(desk))[0] == 401
    assert post(desk, '/insert/jsonline', line, host.context())[0] == 200
    record(desk, 'wordhttp', identity='app', unit='3')


def test_openssl_agrees_with_what_was_issued(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('web'))
    for purpose, code in (('sslclient', 0), ('sslserver', 2)):
        done = subprocess.run(['openssl', 'verify', '-x509_strict', '-purpose', purpose, '-CAfile',
                               host.path('ca.pem'), host.path('cert.pem')], check=False,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        assert done.returncode == code
    said = subprocess.run(['openssl', 's_client', '-connect', '127.0.0.1:%d' % desk.port['tcp-tls'],
                           '-CAfile', host.path('ca.pem'), '-cert', host.path('cert.pem'), '-key',
                           host.path('key.pem'), '-verify_return_error', '-verify_ip', '127.0.0.1',
                           '-quiet', '-no_ign_eof'], check=False, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, input=b'<13>1 - h a - - - words_client\n')
    assert said.returncode == 0, said.stderr
    record(desk, 'words_client', identity='web')


def test_any_syslog_client_gets_key_and_certificate(desk, tmp_path):
    out = str(tmp_path / 'for-rsyslog')
    desk.agent('issue', 'fw-3', '--unit', '9', '-o', out)
    assert sorted(os.listdir(out)) == ['ca.crt', 'fw-3.crt', 'fw-3.key']
    tls = context(out + '/ca.crt', out + '/fw-3.crt', out + '/fw-3.key')
    plain = socket.create_connection(('127.0.0.1', desk.port['tcp-tls']), 10)
    with tls.wrap_socket(plain, server_hostname='127.0.0.1') as line:
        line.sendall(b'<13>1 - h a - - - wordissued\n')
    record(desk, 'wordissued', identity='fw-3', unit='9')


RSYSLOG = """global(DefaultNetstreamDriverCAFile="%(out)s/ca.crt"
  DefaultNetstreamDriverCertFile="%(out)s/fw.crt" DefaultNetstreamDriverKeyFile="%(out)s/fw.key")
action(type="omfwd" target="127.0.0.1" port="%(port)d" protocol="tcp" StreamDriver="ossl"
  StreamDriverMode="1" StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="trucban"
  TCP_Framing="octet-counted" action.resumeInterval="1" action.resumeRetryCount="-1")
"""


def test_rsyslog_sends_with_what_was_issued_and_stops_when_it_is_revoked(desk, tmp_path):
    out = str(tmp_path / 'papers')
    desk.agent('issue', 'fw', '--unit', '4', '-o', out)
    with rsyslog(str(tmp_path), RSYSLOG % {'out': out, 'port': desk.port['tcp-tls']}) as port:
        send(port, b'<13>1 2026-11-23T10:00:00Z may07 thu - - - wordrsyslog\n')
        record(desk, 'wordrsyslog', identity='fw', unit='4')
        failed = desk.metric('intake_handshakes_failed_total')
        desk.agent('revoke', 'fw', '--why', 'test')

        def refused():
            send(port, b'<13>1 2026-11-23T10:00:00Z may07 thu - - - wordlate\n')
            return desk.metric('intake_handshakes_failed_total') > failed
        until('refusal', refused, 60, 0.3)
    assert not desk.search('wordlate')


# ---- codes ----

def test_a_code_is_good_once(desk, tmp_path):
    code = desk.invite('web')
    Host(tmp_path / 'one', desk).enrol(code)
    assert 'used' in Host(tmp_path / 'two', desk).enrol(code, check=3)
    assert acts(desk, 'agent-refused')[0][1] == 'web: used'


def test_an_answer_that_was_lost_is_given_again(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    code = desk.invite('web')
    host.enrol(code)
    # As a crash of the host leaves it before the answer is on its disk.
    os.rename(host.path('key.pem'), host.path('new.pem'))
    for name in ('cert.pem', 'ca.pem', 'desk'):
        os.unlink(host.path(name))
    host.enrol(code)
    host.send('wordagain')
    record(desk, 'wordagain', identity='web')


def test_a_later_code_replaces_the_one_before(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    first, second = desk.invite('web'), desk.invite('web', '--unit', '5')
    assert 'unknown' in host.enrol(first, check=3)
    host.enrol(second)
    host.send('wordlater')
    record(desk, 'wordlater', identity='web', unit='5')


def test_who_enrols_anew_takes_the_place_of_the_one_before(desk, tmp_path):
    old, new = Host(tmp_path / 'old', desk), Host(tmp_path / 'new', desk)
    old.enrol(desk.invite('web'))
    code = desk.invite('web')
    line = old.send('wordold')
    record(desk, 'wordold', identity='web')
    new.enrol(code)
    assert line.recv(1) == b'' and is_refused(old)
    new.send('wordnew')
    record(desk, 'wordnew', identity='web')


def test_mistyped_and_foreign_codes_are_told_apart(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    code = desk.invite('web')
    typed = code[:-1] + ('A' if code[-1] != 'A' else 'B')
    assert 'mistyped' in host.enrol(typed, check=3)
    assert 'mistyped' in host.enrol('web-01', check=3)
    assert not os.path.exists(host.papers)
    with Office(tmp_path / 'other') as other:
        # The other desk's address, this desk's fingerprint: somebody stands in between.
        forged = desk.invite('web', '--address', '127.0.0.1:%d' % other.port['http'])
        said = host.enrol(forged, check=3)
        assert 'another fingerprint' in said and 'nothing was told' in said
        assert not other.search('act:agent*', '--stream', 'ledger')
        # And the other desk's own code is worth nothing here.
        theirs = other.invite('web')
        host.enrol(theirs)
    host.enrol(desk.invite('web'), '--replace')


def test_a_desk_that_is_not_there_is_told(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    code = desk.invite('web', '--address', '127.0.0.1:%d' % free_ports(1)[0])
    assert 'not reached' in host.enrol(code, check=3)
    plain = Desk(tmp_path / 'plain', listen=('http',))
    with plain:
        code = desk.invite('web', '--address', '127.0.0.1:%d' % plain.port['http'])
        assert 'no TLS at' in host.enrol(code, check=3)


def test_who_takes_the_connection_and_says_nothing_is_named_and_left(desk, tmp_path):
    host = Host(tmp_path / 'web', desk)
    with socket.create_server(('127.0.0.1', 0)) as silent:
        address = '127.0.0.1:%d' % silent.getsockname()[1]
        code = desk.invite('web', '--address', address)
        said = host.enrol(code, check=3)
    assert address + ' has taken the connection and says nothing yet; waiting' in said
    assert 'no TLS at %s: it takes the connection and says nothing for 15 s' % address in said
    assert not os.path.exists(host.path('key.pem'))


def test_wrong_codes_are_told_in_the_ledger_but_not_for_ever(desk):
    statuses = [post(desk, '/agent/v1/enrol', b'trucban-enrol 1\n%s\nx' % secret.encode(),
                     stranger(desk))[0]
                for secret in ['A' * 17 + chr(ord('A') + i) for i in range(14)]]
    assert set(statuses) <= {400, 403, 429}, statuses
    assert len(acts(desk, 'agent-refused')) <= 20   # the minute may have changed once


# ---- the desk's side ----

@pytest.mark.parametrize('body', [
    b'', b'\n', b'trucban-enrol 1\n', b'trucban-enrol 2\n\n', b'trucban-enrol 1\nAAAA\n',
    b'trucban-enrol 1\n' + b'\xff' * 8000 + b'\n', b'{"code":"x"}', b'\0' * 12000,
    b'trucban-enrol 1\n\n-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n'])
def test_hostile_bodies_are_refused(desk, body):
    status, text = post(desk, '/agent/v1/enrol', body, stranger(desk))
    assert status in (400, 403) and text.endswith('\n') and ': ' in text
    assert post(desk, '/agent/v1/renew', body, stranger(desk))[0] == 401
    assert desk.said(b'registrar ended') == 0 and desk.said(b'intake ended') == 0


def test_a_body_that_is_too_long_or_of_no_length_is_refused(desk):
    assert post(desk, '/agent/v1/enrol', b'x' * 20000, stranger(desk))[0] == 413
    status = post(desk, '/agent/v1/enrol', b'1\r\nx\r\n0\r\n\r\n', stranger(desk),
                  {'Transfer-Encoding': 'chunked'})[0]
    assert status == 413


def test_a_request_that_is_none_leaves_the_code_good(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    code = desk.invite('web')
    secret = secret_of(code)
    weak = subprocess.run(['openssl', 'req', '-new', '-newkey', 'rsa:1024', '-nodes', '-keyout',
                           '/dev/null', '-subj', '/CN=root'], stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=True).stdout
    for csr in (b'', b'x', weak, weak + weak, b'-----BEGIN CERTIFICATE-----\n'):
        status, text = post(desk, '/agent/v1/enrol', b'trucban-enrol 1\n%s\n%s' % (secret, csr),
                            stranger(desk))
        assert (status, text[:8]) == (400, 'format: '), text
    host.enrol(code)


def secret_of(code):
    """agent.md, section 2: the 11 octets before the sum, as letters."""
    letters = code.replace('-', '')
    octets = base64.b32decode(letters + '=' * (-len(letters) % 8))
    assert octets[0] == 0x14 and hashlib.sha256(
        b'trucban code v1' + octets[:-3]).digest()[:3] == octets[-3:]
    return base64.b32encode(octets[-14:-3]).rstrip(b'=')


def test_the_name_in_a_request_is_not_looked_at(desk, tmp_path):
    code = desk.invite('web')
    key = str(tmp_path / 'key')
    csr = subprocess.run(['openssl', 'req', '-new', '-newkey', 'ec', '-pkeyopt',
                          'ec_paramgen_curve:P-256', '-nodes', '-keyout', key, '-subj',
                          '/CN=root', '-addext', 'basicConstraints=critical,CA:TRUE'],
                         stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True).stdout
    status, text = post(desk, '/agent/v1/enrol', b'trucban-enrol 1\n%s\n%s' %
                        (secret_of(code), csr), stranger(desk))
    assert status == 200
    shown = subprocess.run(['openssl', 'x509', '-noout', '-subject', '-ext', 'basicConstraints'],
                           input=text.encode(), stdout=subprocess.PIPE, check=True).stdout
    assert b'CN = web' in shown and b'CA:FALSE' in shown and b'root' not in shown


def test_names_classes_and_reasons_are_checked(desk, tmp_path):
    for words in (['invite', 'a b'], ['invite', '-'], ['invite', 'x' * 65],
                  ['invite', 'web', '--class', 'none'], ['invite', 'web', '--address', 'x'],
                  ['revoke', 'web', '--why', 'x'],
                  ['issue', 'a/b', '-o', str(tmp_path / 'x')]):
        desk.agent(*words, check=3)
    for days in ('0', '366', '9999', 'x'):
        assert '--days: from 1 to 365' in desk.agent('invite', 'web', '--days', days, check=2)
    desk.invite('web')
    assert '--why' in desk.agent('revoke', 'web', check=3)
    assert not desk.agents().get('a b')


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_another_user_is_not_listened_to(desk):
    run = os.path.join(desk.state, 'run')
    os.chmod(run, 0o755)        # else the folder itself keeps strangers out
    script = ("import os, socket; os.setgid(65534); os.setuid(65534);"
              "s = socket.socket(socket.AF_UNIX); s.connect('agent.sock'); print(s.recv(200))")
    done = subprocess.run(['/usr/bin/python3', '-c', script], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False, cwd=run)
    assert b'only root and' in done.stdout, done


# ---- time ----

def test_a_renewed_certificate_is_good_and_so_is_the_one_shown(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('web'))
    before, key = host.read('cert.pem'), host.read('key.pem')
    assert desk.agent('renew', '--due', env={'TRUCBAN_STATE': host.state}) == ''
    assert host.read('cert.pem') == before      # its time has only begun
    line = host.send('wordbefore')
    record(desk, 'wordbefore', identity='web')

    def renewed():
        rc, _, err = desk.command('agent', 'renew', check=False,
                                  env={'TRUCBAN_STATE': host.state})
        assert rc == 0 or 'wait' in err, err
        return rc == 0
    until('renewal', renewed, 30, 0.5)
    assert host.read('cert.pem') != before and host.read('key.pem') == key
    line.sendall(b'<13>1 - host app - - - wordstill\n')
    record(desk, 'wordstill', identity='web')
    host.send('wordafter')
    record(desk, 'wordafter', identity='web')
    assert [who for who, _ in acts(desk, 'agent-renew')] == ['web']


# ---- a desk that gets its authority later ----

def test_a_reload_brings_the_authority(tmp_path):
    with Desk(tmp_path / 'desk', listen=('http',)) as plain:
        said = plain.command('agent', 'list', check=False)
        assert said[0] == 3 and 'cert: own' in said[2]
        with open(plain.conf, encoding='utf-8') as f:
            text = f.read()
        with open(plain.conf, 'w', encoding='utf-8') as f:
            f.write(text.replace('kind: http\n', 'kind: http\n    cert: own\n    ca: own\n'
                                 '    clients: optional\n'))
        plain.child.send_signal(signal.SIGHUP)
        until('the registrar', lambda: plain.said(b'registrar ready'))
        plain.agent = functools.partial(Office.agent, plain)
        host = Host(tmp_path / 'host', plain)
        host.enrol(plain.agent('invite', 'web').split()[0])
        line = b'{"_msg":"wordreload","_time":"0"}\n'
        assert post(plain, '/insert/jsonline', line, host.context())[0] == 200
        record(plain, 'wordreload', identity='web')


# ---- what dies ----

@pytest.mark.parametrize('role', ['registrar', 'intake', 'keeper'])
def test_who_is_enrolled_stays_so_when_a_role_is_killed(desk, tmp_path, role):
    host, late = Host(tmp_path / 'host', desk), Host(tmp_path / 'late', desk)
    host.enrol(desk.invite('web'))
    code = desk.invite('late')
    desk.kill_role(role)
    host.send('wordkilled')
    record(desk, 'wordkilled', identity='web')
    until('enrolment', lambda: desk.command(
        'agent', 'enrol', code, check=False, env={'TRUCBAN_STATE': late.state})[0] == 0)
    desk.agent('revoke', 'web', '--why', 'test')
    until('refusal', lambda: is_refused(host))
    desk.stop()
    desk.start()
    assert is_refused(host)
    late.send('wordlate')
    record(desk, 'wordlate', identity='late')


def test_a_restart_keeps_the_authority_and_the_roll(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('web'))
    desk.kill()
    desk.start()
    host.send('wordrestart')
    record(desk, 'wordrestart', identity='web')


def test_a_broken_roll_lets_nobody_in_and_stays(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('web'))
    desk.stop()
    path = os.path.join(desk.state, 'ca', 'roll')
    with open(path, 'rb') as f:
        data = bytearray(f.read())
    data[20] ^= 1
    with open(path, 'wb') as f:
        f.write(data)
    desk.start(wait=False)
    until('registrar says so', lambda: desk.said(b'registrar: ca/roll: its sum does not fit'))
    plain = socket.create_connection(('127.0.0.1', desk.port['tcp-tls']), 10)
    plain.settimeout(1)
    with pytest.raises((OSError, ssl.SSLError)):
        host.context().wrap_socket(plain, server_hostname='127.0.0.1')
    with open(path, 'rb') as f:
        assert f.read() == bytes(data)


def test_a_backup_with_keys_brings_the_authority_back(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('web'))
    without, whole = str(tmp_path / 'without'), str(tmp_path / 'whole')
    desk.command('backup', without)
    desk.command('backup', '--with-keys', whole)
    assert sorted(os.listdir(without + '/ca')) == ['ca.crt', 'roll']
    desk.stop()
    os.rename(desk.state, desk.state + '.old')
    desk.command('restore', '--state', desk.state, whole)
    desk.start()
    host.send('wordrestored')
    record(desk, 'wordrestored', identity='web')
