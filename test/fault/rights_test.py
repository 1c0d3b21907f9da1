# SPDX-License-Identifier: Apache-2.0
"""Each role of a running desk has given up its rights: the kernel says so (/proc/PID).

That a role which tries all the same is ended is tried in test/unit/sys/sandbox_test.c; here: that
the roles as they run are in that sandbox, hold no more descriptors than they need, and see nothing
of what others hold.
"""

import ctypes
import errno
import os
import subprocess
import sys

import pytest

from harness import Desk, Sent, assert_kept

ROLES = ['collector', 'desk', 'front', 'importer', 'intake', 'keeper', 'porter', 'teller', 'watch']
# Where a role may write below the state's directory; the keeper: everywhere.
OWN = {'collector': '/collector', 'desk': '/desk/', 'porter': '/people/', 'teller': '/anchor/'}
HOLD_KEYS = ('desk', 'front', 'keeper', 'porter', 'watch')
MORE = ('collect: {files: ["%(dir)s/logs/*.log"]}\n'
        'seal: {checkpoint: 1s, anchor: [{kind: file, target: "%(dir)s/anchors.txt"}]}\n')


@pytest.fixture
def desk(tmp_path):
    (tmp_path / 'logs').mkdir()
    with Desk(tmp_path / 'desk', listen=('tcp', 'relp', 'http', 'udp'),
              more=MORE % {'dir': tmp_path}) as desk:
        # At work: everything that opens late is open.
        sent = Sent()
        sent.relp(desk.port['relp'], 100)
        assert_kept(desk, sent)
        assert desk.roles() == ROLES
        yield desk


def status(pid):
    with open('/proc/%d/status' % pid, encoding='utf-8') as f:
        return dict(line.rstrip('\n').split(':\t', 1) for line in f if ':\t' in line)


def threads(pid):
    return [int(name) for name in os.listdir('/proc/%d/task' % pid)]


def links(pid):
    """What the descriptors of a process are."""
    found = []
    for name in os.listdir('/proc/%d/fd' % pid):
        try:
            found.append(os.readlink('/proc/%d/fd/%s' % (pid, name)))
        except OSError:
            pass
    return found


def landlock_version():
    """As the kernel says: landlock_create_ruleset(NULL, 0, LANDLOCK_CREATE_RULESET_VERSION)."""
    return ctypes.CDLL(None, use_errno=True).syscall(444, None, 0, 1)


def test_no_role_can_gain_rights_and_each_is_filtered(desk):
    for pid, role in desk.children().items():
        for thread in threads(pid):
            says = status(thread)
            assert says['NoNewPrivs'] == '1', role
            assert says['Seccomp'] == '2', role      # a filter
            assert int(says['Seccomp_filters']) >= 1, role
            for which in ('CapInh', 'CapPrm', 'CapEff', 'CapBnd', 'CapAmb'):
                if which == 'CapBnd' and os.geteuid() != 0:
                    continue        # the kernel lets only root give these up
                assert int(says[which], 16) == 0, (role, which, says[which])


def test_no_role_leaves_a_core_with_what_it_holds(desk):
    for pid, role in desk.children().items():
        with open('/proc/%d/limits' % pid, encoding='utf-8') as f:
            line = next(row for row in f if row.startswith('Max core file size'))
        assert line.split()[4:6] == ['0', '0'], role


TRY = """
import sys
try:
    open(sys.argv[1], 'rb').close()
except OSError as e:
    sys.exit(e.errno)
"""


def refusal(pid, what):
    """What a process of the same user hears that has no more rights than a role; 0: it may."""
    bare = ['setpriv', '--bounding-set', '-all', '--inh-caps', '-all'] if os.geteuid() == 0 else []
    return subprocess.run(bare + [sys.executable, '-c', TRY, '/proc/%d/%s' % (pid, what)],
                          check=False).returncode


def test_nobody_reads_the_memory_of_those_who_hold_keys(desk):
    role = {name: pid for pid, name in desk.children().items()}
    for pid in [role[name] for name in HOLD_KEYS] + [desk.child.pid]:
        for what in ('mem', 'environ', 'maps'):
            assert refusal(pid, what) in (errno.EACCES, errno.EPERM), what
    # The same of one without keys: what refused above was not something else.
    assert refusal(role['intake'], 'environ') == 0


@pytest.mark.skipif(os.geteuid() != 0, reason='only root sees the descriptors of who holds keys')
def test_only_the_roles_that_talk_hold_sockets_of_the_network(desk):
    ports = {'%04X' % port for port in list(desk.port.values()) + [desk.front_port]}
    inode = {}
    for table in ('tcp', 'tcp6', 'udp', 'udp6'):
        with open('/proc/net/' + table, encoding='utf-8') as f:
            for row in list(f)[1:]:
                fields = row.split()
                if fields[1].split(':')[1] in ports:
                    inode['socket:[%s]' % fields[9]] = fields[1]
    for pid, role in desk.children().items():
        held = [link for link in links(pid) if link in inode]
        assert bool(held) == (role in ('intake', 'front')), (role, held)


@pytest.mark.skipif(os.geteuid() != 0, reason='only root sees the descriptors of who holds keys')
def test_only_the_keeper_writes_the_store_and_the_intake_has_no_file(desk):
    for pid, role in desk.children().items():
        below = [link for link in links(pid) if link.startswith(desk.state + '/')]
        if role in ('intake', 'importer'):
            assert not [link for link in links(pid) if link.startswith(desk.folder)
                        and not link.endswith('desk.log')], links(pid)
        if role != 'keeper':
            for link in below:
                assert link.startswith(desk.state + OWN.get(role, '/none/')) or \
                    not writable(pid, link), (role, link)


def writable(pid, link):
    for name in os.listdir('/proc/%d/fd' % pid):
        path = '/proc/%d/fd/%s' % (pid, name)
        if os.path.islink(path) and os.readlink(path) == link and os.path.isfile(link):
            with open('/proc/%d/fdinfo/%s' % (pid, name), encoding='utf-8') as f:
                flags = next(int(row.split()[1], 8) for row in f if row.startswith('flags'))
            if flags & 3:
                return True
    return False


def test_landlock_is_missing_only_where_the_kernel_lacks_it(desk):
    """Each role says what its sandbox could not do; where all can be done, none says anything."""
    if landlock_version() > 0:
        assert not desk.said(b'Landlock') and not desk.said(b'seccomp')
    else:
        assert desk.said(b'Landlock') >= len(ROLES)
