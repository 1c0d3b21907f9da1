# SPDX-License-Identifier: Apache-2.0
"""syslog-ng of Debian, unchanged, against a desk.

It cannot be installed beside rsyslog, so its packages are unpacked into build/clients/.
"""

import contextlib
import os
import socket
import subprocess
import time

import pytest

import certs
import senders
from harness import Desk, free_ports, until

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FOLDER = os.path.join(os.environ.get('TRUCBAN_BUILD', os.path.join(TOP, 'build')), 'clients',
                      'debian')
PACKAGES = ['syslog-ng-core', 'syslog-ng-mod-http', 'libivykis0', 'libnet1', 'libjson-c5',
            'libpcre3', 'libwrap0']
N = 3000


@pytest.fixture(scope='module')
def root():
    """A folder with these packages in it."""
    os.makedirs(FOLDER, exist_ok=True)
    made = os.path.join(FOLDER, 'usr', 'sbin', 'syslog-ng')
    if not os.path.exists(made):
        done = subprocess.run(['apt-get', 'download', *PACKAGES], cwd=FOLDER, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL)
        if done.returncode != 0:
            pytest.skip('no package mirror')
        for name in sorted(os.listdir(FOLDER)):
            if name.endswith('.deb'):
                subprocess.run(['dpkg-deb', '-x', name, '.'], cwd=FOLDER, check=True)
    return FOLDER


@contextlib.contextmanager
def syslog_ng(root, folder, destination):
    """A running syslog-ng that takes lines on the port that it gives and sends them on."""
    port = free_ports(1)[0]
    conf = os.path.join(folder, 'syslog-ng.conf')
    with open(conf, 'w', encoding='utf-8') as f:
        f.write('''@version: 3.38
options { keep-hostname(yes); time-reopen(1); stats-freq(0); flush-lines(100); };
source s { network(ip("127.0.0.1") port(%d) transport("tcp") log-iw-size(100000)
    max-connections(10)); };
destination d { %s; };
log { source(s); destination(d); flags(flow-control); };
''' % (port, destination))
    libs = [os.path.join(root, path) for path in
            ('usr/lib/syslog-ng', 'usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu',
             'usr/lib/aarch64-linux-gnu', 'lib/aarch64-linux-gnu')]
    at = {'--' + key: os.path.join(folder, 'syslog-ng.' + key)
          for key in ('persist-file', 'pidfile', 'control')}
    child = subprocess.Popen(
        [os.path.join(root, 'usr/sbin/syslog-ng'), '-F', '--no-caps', '-f', conf,
         '--module-path=' + os.path.join(root, 'usr/lib/syslog-ng/3.38'),
         *['%s=%s' % item for item in at.items()]],
        stdin=subprocess.DEVNULL, cwd=folder, env=dict(os.environ, LD_LIBRARY_PATH=':'.join(libs)))
    try:
        until('syslog-ng listens', lambda: child.poll() is not None or listens(port), 20)
        assert child.poll() is None, 'syslog-ng ended'
        yield port
    finally:
        child.terminate()
        child.wait(20)


def listens(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


def feed(port, ids, n=N, pause=0.0):
    with socket.create_connection(('127.0.0.1', port), 5) as s:
        for ident in ids.many(n):
            s.sendall(b'<134>Nov 23 10:00:00 may07 thu[77]: %s xin chao\n' % ident.encode())
            time.sleep(pause)


def counted(desk, ids):
    found = {}
    for row in desk.search(ids.prefix + '*'):
        found[row['_msg']] = found.get(row['_msg'], 0) + 1
    return found


def assert_all(desk, ids, n=N, once=True):
    until('%d records' % n, lambda: len(counted(desk, ids)) >= n, 60)
    found = counted(desk, ids)
    assert len(found) == n and (not once or set(found.values()) == {1})


@pytest.mark.parametrize('driver', ['syslog("127.0.0.1" port(%d) transport("tcp"))',
                                    'network("127.0.0.1" port(%d) transport("tcp"))'])
def test_over_tcp(root, tmp_path, driver):
    ids = senders.Ids()
    with Desk(tmp_path / 'desk', listen=('tcp',)) as desk, \
            syslog_ng(root, str(tmp_path), driver % desk.port['tcp']) as port:
        feed(port, ids)
        assert_all(desk, ids)
        row = desk.search(ids.prefix + '0000042*')[0]
        assert (row['hostname'], row['app_name'], row['proc_id']) == ('may07', 'thu', '77'), row


@pytest.mark.parametrize('driver', ['syslog("127.0.0.1" port(%d) transport("udp"))',
                                    'network("127.0.0.1" port(%d) transport("udp"))'])
def test_over_udp(root, tmp_path, driver):
    ids = senders.Ids()
    with Desk(tmp_path / 'desk', listen=('udp',)) as desk, \
            syslog_ng(root, str(tmp_path), driver % desk.port['udp']) as port:
        feed(port, ids, 200, 0.001)
        assert_all(desk, ids, 200)


def test_over_tls_with_a_certificate_and_not_without(root, tmp_path):
    ids, authority = senders.Ids(), certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('localhost')
    own, own_key = authority.issue('may07.example.gov.vn')
    tls = 'ca-file("%s") cert-file("%s") key-file("%s")' % (authority.ca, own, own_key)
    driver = 'syslog("localhost" port(%d) transport("tls") tls(%s peer-verify(required-trusted)))'
    with Desk(tmp_path / 'desk', listen=('tcp-tls',), options={'tcp-tls': {
            'cert': cert, 'key': key, 'ca': authority.ca, 'clients': 'required'}}) as desk:
        with syslog_ng(root, str(tmp_path), driver % (desk.port['tcp-tls'], tls)) as port:
            feed(port, ids)
            assert_all(desk, ids)
        named = desk.search(ids.prefix + '* _identity:may07.example.gov.vn | fields _identity')
        assert len(named) == N
        other = senders.Ids()
        bare = 'ca-file("%s")' % authority.ca
        with syslog_ng(root, str(tmp_path), driver % (desk.port['tcp-tls'], bare)) as port:
            feed(port, other, 10)
            until('refused', lambda: desk.metric(
                'intake_handshakes_failed_total{listener="tcp-tls"}'), 20)
        assert counted(desk, other) == {}


def test_over_http_nothing_is_lost_when_the_desk_dies_and_comes_back(root, tmp_path):
    ids = senders.Ids()
    with Desk(tmp_path / 'desk', listen=('http',)) as desk:
        driver = ('http(url("http://127.0.0.1:%d/_bulk") method("POST") batch-lines(50) '
                  'batch-timeout(200) headers("Content-Type: application/x-ndjson") '
                  'body(\'{"create":{}}\n{"message":"$MSG","host":"$HOST"}\n\') delimiter("") '
                  'persist-name("d") disk-buffer(reliable(yes) disk-buf-size(50000000) '
                  'mem-buf-size(1000000) dir("%s")))'
                  % (desk.port['http'], tmp_path))
        with syslog_ng(root, str(tmp_path), driver) as port:
            feed(port, ids, 1000)
            until('first records', lambda: counted(desk, ids), 30)
            desk.kill()
            feed(port, ids, 1000)
            desk.start()
            feed(port, ids, 1000)
            assert_all(desk, ids, once=False)
