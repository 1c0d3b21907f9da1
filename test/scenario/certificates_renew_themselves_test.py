# SPDX-License-Identifier: Apache-2.0
"""`trucban agent renew --due`, as a timer runs it: leaves a certificate alone that has time left,
renews one in its last third, and the relay goes on with the new one, without a record lost."""

import configparser
import datetime
import fcntl
import os
import struct
import subprocess

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

import pytest

from agents_enrol_with_a_code_test import Host, Office
from harness import TOP, Desk, Sent, assert_kept, program, until


def due(desk, host, left):
    """The certificate that the host has, as it is when its time is nearly over."""
    with open(os.path.join(desk.state, 'ca', 'ca.key'), 'rb') as f:
        key = serialization.load_pem_private_key(f.read(), None)
    old = x509.load_pem_x509_certificate(host.read('cert.pem'))
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateBuilder().subject_name(old.subject).issuer_name(old.issuer)
               .public_key(old.public_key()).serial_number(old.serial_number)
               .not_valid_before(now - datetime.timedelta(days=9))
               .not_valid_after(now + left))
    for extension in old.extensions:
        builder = builder.add_extension(extension.value, extension.critical)
    made = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    with open(host.path('cert.pem'), 'wb') as f:
        f.write(made + host.read('ca.pem'))


def renew(desk, host, *more):
    rc, out, err = desk.command('agent', 'renew', '--due', *more, check=False,
                                env={'TRUCBAN_STATE': host.state})
    return rc, out + err


@pytest.fixture
def desk(tmp_path):
    with Office(tmp_path / 'desk') as d:
        yield d


def test_a_relay_goes_on_with_its_new_certificate(desk, tmp_path):
    host = Host(tmp_path / 'relay' / 'state', desk)
    (tmp_path / 'relay').mkdir()
    snippet = host.enrol(desk.invite('xa-phu-my', '--unit', '12'))
    sent = Sent()
    with Desk(tmp_path / 'relay', listen=('tcp',), more=snippet) as relay:
        sent.tcp(relay.port['tcp'], 200)
        whole = host.read('cert.pem')
        assert renew(desk, host) == (0, '')
        assert host.read('cert.pem') == whole and not relay.said(b'reload')

        due(desk, host, datetime.timedelta(days=4))
        soon = host.read('cert.pem')
        assert renew(desk, host)[0] == 3            # the last but a few seconds were an enrolment
        assert host.read('cert.pem') == soon

        def renewed():
            # Not behind it: plain TCP loses what is under way when the doors begin anew.
            sent.tcp(relay.port['tcp'], 20)
            rc, said = renew(desk, host)
            assert rc == 0 or (rc == 3 and 'wait' in said), said
            return rc == 0 and said
        assert 'the running trucban was told to take it' in until('renewal', renewed, 30, 0.5)
        until('the relay takes it', lambda: relay.said(b'reload: shipper begins anew'))
        until('its doors', lambda: relay.said(b'intake ready') == 2 and
              relay.said(b'shipper ready') == 2)
        assert host.read('cert.pem') not in (whole, soon)
        sent.tcp(relay.port['tcp'], 200)
        assert_kept(desk, sent, all_of=True)
        assert relay.said(b'shipper ended') == 0
        assert renew(desk, host) == (0, '')         # the new one has time
    assert len(desk.search('_unit:=12 %s*' % sent.prefix)) == len(sent.sent)


def test_the_exit_code_tells_who_has_to_act(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    assert renew(desk, host)[0] == 3                # not enrolled
    host.enrol(desk.invite('web'))
    due(desk, host, datetime.timedelta(days=4))
    before = host.read('cert.pem')
    desk.kill()
    rc, said = renew(desk, host)
    assert rc == 3 and 'not reached' in said        # the next hour
    desk.start()
    desk.agent('revoke', 'web', '--why', 'test')
    rc, said = renew(desk, host)
    assert rc == 1 and 'does not take this certificate' in said
    assert host.read('cert.pem') == before
    due(desk, host, datetime.timedelta(seconds=-5))
    rc, said = renew(desk, host)
    assert rc == 1 and 'has expired' in said and 'agent invite web' in said


@pytest.mark.skipif(os.geteuid() != 0, reason='not root: the kernel decides whom one may signal')
def test_root_signals_nobody_else_than_a_trucban(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('web'))
    due(desk, host, datetime.timedelta(days=4))
    # Who owns the state folder may write any number into the lock that he holds.
    with subprocess.Popen(['sleep', '60']) as other, open(os.path.join(host.state, 'lock'),
                                                          'w+b') as lock:
        lock.write(b'%d\n' % other.pid)
        lock.flush()
        fcntl.fcntl(lock, fcntl.F_OFD_SETLK, struct.pack('hhqqi4x', fcntl.F_WRLCK, 0, 0, 0, 0))
        try:
            said = until('renewal', lambda: 'wait' not in (now := renew(desk, host)[1]) and now,
                         30, 0.5)
            assert 'was not told' in said, said
            assert other.poll() is None
        finally:
            other.kill()


# ---- what starts it ----

def unit(name):
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str
    parser.read(os.path.join(TOP, 'content', 'systemd', name), encoding='utf-8')
    return parser


def test_the_timer_of_the_package_runs_just_that():
    service, timer = unit('trucban-renew.service'), unit('trucban-renew.timer')
    assert (service['Service']['ExecStart'] ==
            '/usr/bin/trucban agent renew --due --state /var/lib/trucban')
    assert service['Service']['User'] == unit('trucban.service')['Service']['User']
    # So that it simply works on a host that enrols, and does nothing on a desk.
    assert service['Unit']['ConditionPathExists'] == '/var/lib/trucban/agent/cert.pem'
    assert timer['Install']['WantedBy'] == 'timers.target'


def test_the_desk_never_sees_a_question_of_a_host_that_is_not_due(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('web'))
    desk.kill()
    done = subprocess.run([program(), 'agent', 'renew', '--due'], stdin=subprocess.DEVNULL,
                          env=dict(os.environ, TRUCBAN_STATE=host.state), check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert (done.returncode, done.stdout) == (0, b'')
