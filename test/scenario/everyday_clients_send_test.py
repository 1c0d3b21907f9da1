# SPDX-License-Identifier: Apache-2.0
"""logger, nc, curl and rsyslog of Debian, as an administrator types them."""

import contextlib
import gzip
import os
import shutil
import socket
import subprocess
import time

import pytest

import certs
import senders
from harness import Desk, free_ports, until


def run(*argv, data=None):
    subprocess.run([str(a) for a in argv], input=data, check=True, timeout=30)


def found(desk, ids):
    return [row['_msg'] for row in desk.search(ids.prefix + '*')]


def one(desk, text):
    return until(text, lambda: desk.search('"%s"' % text))[0]


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp('desk')) as d:
        yield d


@pytest.mark.parametrize('how', [('--udp', '--rfc5424'), ('--udp', '--rfc3164'),
                                 ('--tcp', '--rfc5424'), ('--tcp', '--rfc3164'),
                                 ('--tcp', '--rfc5424', '--octet-count')])
def test_logger(desk, how):
    ident = senders.Ids().next()
    run('logger', '--server', '127.0.0.1', '--port', desk.port[how[0][2:]], *how, '--tag', 'thu',
        '--id=77', '--priority', 'auth.warning', ident)
    row = one(desk, ident)
    assert (row['app_name'], row['proc_id'], row['severity']) == ('thu', '77', '4'), row
    assert row['hostname'].split('.')[0] == socket.gethostname().split('.')[0]


def test_logger_with_structured_data(desk):
    ident = senders.Ids().next()
    run('logger', '--server', '127.0.0.1', '--port', desk.port['tcp'], '--tcp', '--rfc5424',
        '--sd-id', 'zoo@123', '--sd-param', 'tiger="hổ \\"ba\\""', '--msgid', 'M1', ident)
    row = one(desk, ident)
    assert row['msg_id'] == 'M1' and 'hổ' in row['zoo@123.tiger'], row


@pytest.mark.skipif(shutil.which('nc') is None, reason='no nc')
def test_nc_sends_lines_that_are_no_syslog(desk):
    ids = senders.Ids()
    text = ''.join(i + ' dòng thường\n' for i in ids.many(100))
    run('nc', '-N', '-w', '5', '127.0.0.1', desk.port['tcp'], data=text.encode())
    until('100 lines', lambda: len(found(desk, ids)) == 100)


def test_curl_with_a_compressed_body(desk):
    ids = senders.Ids()
    body = ''.join('{"create":{}}\n{"message":"%s"}\n' % i for i in ids.many(500))
    run('curl', '-sSf', '-H', 'Content-Encoding: gzip', '--data-binary', '@-', '-o', '/dev/null',
        'http://127.0.0.1:%d/_bulk' % desk.port['http'], data=gzip.compress(body.encode()))
    assert len(found(desk, ids)) == 500


# ---- rsyslog ----

@contextlib.contextmanager
def rsyslog(folder, action):
    """A real rsyslogd that takes lines on the port that it gives and hands them to the action."""
    port = free_ports(1)[0]
    conf = os.path.join(folder, 'rsyslog.conf')
    with open(conf, 'w', encoding='utf-8') as f:
        f.write('global(workDirectory="%s")\nmodule(load="imtcp")\nmodule(load="omrelp")\n'
                'input(type="imtcp" address="127.0.0.1" port="%d")\n%s' % (folder, port, action))
    child = subprocess.Popen(['/usr/sbin/rsyslogd', '-n', '-f', conf, '-i',
                              os.path.join(folder, 'pid')], stdin=subprocess.DEVNULL)
    try:
        until('rsyslogd', lambda: accepts(port), 20)
        yield port
    finally:
        child.terminate()
        child.wait(20)


def accepts(port):
    try:
        socket.create_connection(('127.0.0.1', port), 1).close()
        return True
    except OSError:
        return False


def feed(port, ids, n):
    with socket.create_connection(('127.0.0.1', port), 5) as s:
        for ident in ids.many(n):
            s.sendall(b'<134>Nov 23 10:00:00 may07 thu[77]: %s xin chao\n' % ident.encode())


def test_rsyslog_by_relp_loses_nothing_when_the_desk_dies(tmp_path):
    ids = senders.Ids()
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        action = ('action(type="omrelp" target="127.0.0.1" port="%d" queue.type="LinkedList" '
                  'action.resumeRetryCount="-1" action.resumeInterval="1" queue.size="10000" '
                  'queue.filename="q" queue.saveOnShutdown="on")\n' % desk.port['relp'])
        # Not the default of 1,000: when it is full, rsyslog itself drops what waits for it.
        with rsyslog(str(tmp_path), action) as port:
            for _ in range(3):
                feed(port, ids, 500)
                time.sleep(0.3)
                desk.kill()
                feed(port, ids, 100)
                desk.start()
            until('1,800 records', lambda: len(set(found(desk, ids))) == 1800, 60)


@pytest.mark.skipif(not os.path.exists('/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_ossl.so') and
                    not os.path.exists('/usr/lib/aarch64-linux-gnu/rsyslog/lmnsd_ossl.so'),
                    reason='no rsyslog-openssl')
def test_rsyslog_over_tls_is_named_by_its_certificate(tmp_path):
    ids, authority = senders.Ids(), certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('localhost')
    own, own_key = authority.issue('may07.example.gov.vn')
    with Desk(tmp_path / 'desk', listen=('tcp-tls',), options={'tcp-tls': {
            'cert': cert, 'key': key, 'ca': authority.ca, 'clients': 'required'}}) as desk:
        action = ('global(defaultNetstreamDriverCAFile="%s" defaultNetstreamDriverCertFile="%s" '
                  'defaultNetstreamDriverKeyFile="%s")\naction(type="omfwd" target="localhost" '
                  'port="%d" protocol="tcp" template="RSYSLOG_SyslogProtocol23Format" '
                  'TCP_Framing="octet-counted" StreamDriver="ossl" StreamDriverMode="1" '
                  'StreamDriverAuthMode="x509/certvalid" action.resumeRetryCount="-1")\n'
                  % (authority.ca, own, own_key, desk.port['tcp-tls']))
        with rsyslog(str(tmp_path), action) as port:
            feed(port, ids, 500)
            until('500 records', lambda: len(found(desk, ids)) == 500, 30)
        named = desk.search(ids.prefix + '* _identity:may07.example.gov.vn | fields _identity')
        assert len(named) == 500
