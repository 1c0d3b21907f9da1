# SPDX-License-Identifier: Apache-2.0
"""What ./package makes installs on a bare Debian without network, as README.md says, word by word.

The bare system is a folder that debootstrap fills from this machine's own mirror, as the installer
leaves a server. Copies of it are booted (machine.py). Only root.
"""

import os
import re
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
from machine import Machine, link      # noqa: E402

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason='only root can install packages')


def run(*argv, **more):
    done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False, **more)
    return done.returncode, done.stdout.decode('utf-8', 'replace')


def good(*argv, **more):
    rc, text = run(*argv, **more)
    assert rc == 0, '%s: %d\n%s' % (' '.join(argv), rc, text[-3000:])
    return text


def packed(tree, out, key, *more):
    return good('./package', '--out', str(out), '--key', str(key), *more, cwd=tree)


@pytest.fixture(scope='module')
def work(tmp_path_factory):
    """The tree as it is, and the same with the next version; what ./package made of them."""
    folder = tmp_path_factory.mktemp('package')
    for name in ('old', 'new'):
        tree = folder / name
        tree.mkdir()
        files = subprocess.run(['git', 'ls-files', '-z'], cwd=TOP, stdout=subprocess.PIPE,
                               check=True).stdout
        subprocess.run(['tar', '--null', '--no-recursion', '-T', '-', '-cf', str(folder / 'tree')],
                       cwd=TOP, input=files, check=True)
        good('tar', '-xf', str(folder / 'tree'), '-C', str(tree))
    log = folder / 'new' / 'debian' / 'changelog'
    text = log.read_text(encoding='utf-8')
    version = re.match(r'trucban \((.*?)\)', text).group(1)
    log.write_text(text.replace('(%s)' % version, '(%s+next)' % version, 1), encoding='utf-8')
    # A sample of the configuration that is another one, where the office has changed its own.
    with open(folder / 'new' / 'content' / 'config' / 'trucban.yaml', 'a', encoding='utf-8') as f:
        f.write('# next\n')
    said = packed(folder / 'old', folder / 'out', folder / 'key.pem')
    packed(folder / 'new', folder / 'next', folder / 'key.pem')
    yield folder, version, said
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope='module')
def bare(work):
    """A bare system of the release that this machine has."""
    folder = work[0]
    with open('/etc/os-release', encoding='utf-8') as f:
        codename = re.search(r'^VERSION_CODENAME=(\w+)', f.read(), re.M).group(1)
    policy = good('apt-cache', 'policy', 'libc6')
    mirror = re.search(r'\d+ (https?://\S+) ' + codename + '/main', policy).group(1)
    root = folder / 'root'
    good('debootstrap', '--variant=minbase', '--include=systemd-sysv,iproute2', codename,
         str(root), mirror)
    for left in (root / 'var/cache/apt/archives').glob('*.deb'):
        left.unlink()
    return root


def inside(root, script):
    """Runs a script there, without network and with a /proc of its own."""
    return run('unshare', '--net', '--mount', '--pid', '--fork', 'sh', '-c',
               'mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && '
               'ip link set lo up 2>/dev/null; exec chroot "$1" sh -ec "$2"',
               'sh', str(root), script)


def bundle(work):
    return next((work[0] / 'out').glob('*.tar'))


def unpacked(work, root):
    path = bundle(work)
    there = root / 'root' / path.stem
    shutil.rmtree(there, ignore_errors=True)
    good('tar', '-xf', str(path), '-C', str(root / 'root'))
    return there


def test_the_same_sources_make_the_same_package(work):
    folder = work[0]
    packed(folder / 'old', folder / 'again', folder / 'key.pem', '--deb-only')
    first, second = [next((folder / name).glob('*.deb')).read_bytes()
                     for name in ('out', 'again')]
    assert first == second


def test_a_bundle_that_was_changed_is_not_installed(work, bare):
    there = unpacked(work, bare)
    deb = next((there / 'pool').glob('trucban_*.deb'))
    octets = bytearray(deb.read_bytes())
    octets[len(octets) // 2] ^= 1
    deb.write_bytes(octets)
    rc, text = inside(bare, 'cd /root/%s; ./install.sh' % there.name)
    assert rc != 0 and 'có tệp bị thay đổi' in text, text[-2000:]

    there = unpacked(work, bare)
    (there / 'pool' / 'more.deb').write_bytes(b'x')
    rc, text = inside(bare, 'cd /root/%s; ./install.sh' % there.name)
    assert rc != 0 and 'files that nobody signed: ./pool/more.deb' in text, text[-2000:]

    there = unpacked(work, bare)
    with open(there / 'SHA256SUMS', 'a', encoding='utf-8') as f:
        f.write('\n')
    rc, text = inside(bare, 'cd /root/%s; ./install.sh' % there.name)
    assert rc != 0 and 'the signature does NOT hold' in text, text[-2000:]

    there = unpacked(work, bare)
    rc, text = inside(bare, 'cd /root/%s; ./install.sh 00112233' % there.name)
    assert rc != 0 and 'NOT the key' in text, text[-2000:]
    shutil.rmtree(there)


# ---- README.md and README.vi.md, acted out ----

BLOCK = re.compile(r'^ *<!-- acted: (\w+) -->\n *```sh\n(.*?)\n *```$', re.M | re.S)
# What a reader of README.vi.md puts for a word, and the word of README.md.
BLANKS = {'KHÓA_KÝ': 'KEY', 'MÃ': 'CODE', 'ĐỊA_CHỈ_BÀN_TRỰC': 'DESK_ADDRESS',
          "'Cổng thông tin'": "'Portal'", "'mất máy'": "'lost'"}


def acted(name):
    """(where, line) of every line that a README has its reader type."""
    with open(os.path.join(TOP, name), encoding='utf-8') as f:
        return [(where, line.strip()) for where, block in BLOCK.findall(f.read())
                for line in block.splitlines()]


def test_both_readmes_have_their_reader_type_the_same():
    lines = acted('README.vi.md')
    for blank, word in BLANKS.items():
        lines = [(where, line.replace(blank, word)) for where, line in lines]
    assert lines == acted('README.md')


class Office:
    """Bare machines, cables between them and to nowhere else, and somebody with the README."""

    def __init__(self, work, bare):
        self.clock = []
        self.known = {'KHÓA_KÝ': re.search(r'signing key +([0-9a-f]{32})', work[2]).group(1),
                      'ĐỊA_CHỈ_BÀN_TRỰC': '10.0.0.1'}
        self.said = ''
        for name in ('desk', 'sender', 'relay'):
            root = work[0] / name
            good('cp', '-a', '--one-file-system', str(bare), str(root))
            if name != 'sender':
                shutil.copy(bundle(work), root / 'root')
            setattr(self, name, Machine(root, 'web01' if name == 'sender' else name))
        link(self.desk, '10.0.0.1/24', self.sender, '10.0.0.5/24')
        link(self.desk, '10.0.1.1/24', self.relay, '10.0.1.5/24')
        self.relay.good('ip route add 10.0.0.0/24 via 10.0.1.1')

    def stop(self):
        for machine in (self.desk, self.sender, self.relay):
            machine.__exit__()

    def type(self, where, line):
        """Types a line of the README, with what is known put for its blanks."""
        for blank, value in self.known.items():
            line = line.replace(blank, value)
        machine = getattr(self, where)
        rc, self.said = machine.run(line)
        self.clock.append((where, machine.seconds, line[:70]))
        # 1: something needs a person, such as the clock of a machine without network.
        assert rc == 0 or (rc == 1 and line.startswith('trucban ')), '%s: %d\n%s' % (
            line, rc, self.said[-3000:])
        code = re.search(r'^[A-Z0-9]{4}(-[A-Z0-9]{4}){9,}$', self.said, re.M)
        if code:
            self.known['MÃ'] = code.group(0)

    def found(self, query):
        return self.desk.good("trucban search --since 1h '%s'" % query) != ''

    def comes(self, query):
        self.desk.until(query, lambda: self.found(query))

    def table(self):
        total = sum(seconds for _, seconds, _ in self.clock)
        return '\n'.join('%-7s %7.1f s  %s' % row for row in self.clock +
                         [('total', total, 'of machines; reading and typing come on top')])


@pytest.fixture(scope='module')
def office(work, bare):
    made = Office(work, bare)
    yield made
    made.stop()


def test_a_bare_machine_names_its_first_source_and_a_relay_by_the_readme(office, capsys):
    lines = acted('README.vi.md')
    assert lines.pop(0) == ('packer', './package')      # done by the fixture, with folders named
    relays = 0
    for where, line in lines:
        if where == 'back':
            continue
        if where == 'named':
            assert line in office.said, office.said
            where = 'desk'
        if line == "trucban search 'xin chao'":
            office.comes('"xin chao"')
        if line.startswith('./install.sh') and where == 'relay':
            office.relay.good('tar -xf trucban-*.tar')
            office.relay.folder = str(office.desk.folder)
        office.type(where, line)
        if line == "trucban search 'xin chao'":
            assert 'web01 root: Xin chào, trực ban!' in office.said
        if line == 'trucban source list':
            assert re.search(r'^✓ .*web01 +Cổng thông tin +rsyslog +7 ', office.said, re.M)
        if line.startswith('trucban agent revoke'):
            send_by_relay(office, 'thuhoi')
        if line == 'systemctl reload trucban' and where == 'relay':
            office.comes('_unit:=12 thuhoi')
        if line == 'trucban status' and where == 'relay':
            send_by_relay(office, 'quatram')
            office.comes('_unit:=12 quatram')
            relays += 1
    assert relays == 1
    with capsys.disabled():
        print('\n' + office.table())


def send_by_relay(office, word):
    office.relay.good('logger --tcp --server 127.0.0.1 --port 514 --rfc5424 ' + word)


def test_the_package_runs_the_desk_with_the_rights_that_it_needs(office):
    text = office.desk.run('trucban doctor')[1]
    assert '✗' not in text and 'usermod' not in text, text
    assert 'desk (journal)' in office.desk.run('trucban coverage')[1]


def test_the_timer_looks_at_the_certificate_of_a_relay_and_does_nothing_on_a_desk(office):
    for machine in (office.desk, office.relay):
        assert machine.good('systemctl is-enabled trucban-renew.timer').strip() == 'enabled'
        machine.good('systemctl start trucban-renew.service')
    ran = 'systemctl show -p ConditionResult -p ExecMainStatus --value trucban-renew.service'
    assert office.desk.good(ran).split() == ['0', 'no']
    assert office.relay.good(ran).split() == ['0', 'yes']


def state_of(desk):
    """What the record and its roles know, in words that a restart does not change."""
    return [desk.good(line) for line in (
        "trucban search --since 1d --limit 0 --raw 'thuhoi OR quatram OR \"xin chao\"'",
        'trucban agent list --json', 'trucban source export', 'trucban hold list | head -n 4')]


def test_an_upgrade_and_the_way_back_keep_the_record_and_what_the_roles_know(work, office):
    desk, version = office.desk, work[1]
    desk.good("trucban hold add vu-1 --why 'thu' --from 1d")
    before = state_of(desk)
    old = desk.folder
    for arrived in (work[0] / 'next').glob('*.tar'):
        shutil.copy(arrived, desk.root / 'root')
        desk.good('tar -xf /root/%s -C /root' % arrived.name)
        desk.folder = '/root/' + arrived.name[:-len('.tar')]
    office.type('desk', './install.sh KHÓA_KÝ')
    assert desk.good("dpkg-query -W -f '${Version}' trucban") == version + '+next'
    assert state_of(desk) == before
    assert (desk.root / 'etc' / 'trucban' / 'trucban.yaml.dpkg-dist').exists()
    send_by_relay(office, 'nangcap')
    office.comes('_unit:=12 nangcap')

    desk.folder = old
    for where, line in acted('README.vi.md'):
        if where == 'back':
            office.type('desk', line)
    assert desk.good("dpkg-query -W -f '${Version}' trucban") == version
    assert state_of(desk) == before and office.found('_unit:=12 nangcap')
    send_by_relay(office, 'quayve')
    office.comes('_unit:=12 quayve')
    desk.good('trucban verify')
