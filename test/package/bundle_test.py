# SPDX-License-Identifier: Apache-2.0
"""What ./package makes installs on a bare Debian without network; an upgrade keeps the record.

The bare system is a folder that debootstrap fills from this machine's own mirror. Only root.
"""

import os
import re
import shutil
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

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
    said = packed(folder / 'old', folder / 'out', folder / 'key.pem')
    packed(folder / 'new', folder / 'next', folder / 'key.pem', '--deb-only')
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
    good('debootstrap', '--variant=minbase', codename, str(root), mirror)
    return root


def inside(root, script):
    """Runs a script there, without network and with a /proc of its own."""
    return run('unshare', '--net', '--mount', '--pid', '--fork', 'sh', '-c',
               'mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && '
               'ip link set lo up 2>/dev/null; exec chroot "$1" sh -ec "$2"',
               'sh', str(root), script)


def bundle(work):
    folder, version, _ = work
    arch = good('dpkg', '--print-architecture').strip()
    return folder / 'out' / ('trucban-%s-%s.tar' % (version, arch))


def unpacked(work, root):
    path = bundle(work)
    there = root / 'root' / path.stem
    shutil.rmtree(there, ignore_errors=True)
    good('tar', '-xf', str(path), '-C', str(root / 'root'))
    return there


START = '''
trucban serve --config /root/desk.yaml >/root/log 2>&1 & desk=$!
for i in $(seq 100); do grep -q 'trucban: ready' /root/log && break; sleep 0.1; done
'''
STOP = 'kill $desk; wait $desk || true\n'
CONF = '''state: /root/state
listen: [{name: tcp, kind: tcp, address: "127.0.0.1:5514"}]
front: {address: ""}
collect: {journal: no, files: [/root/app.log]}
'''


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


def test_it_installs_without_network_and_an_upgrade_and_back_keep_the_record(work, bare):
    folder, version, said = work
    key = re.search(r'signing key +([0-9a-f]{32})', said).group(1)
    there = unpacked(work, bare)
    rc, text = inside(bare, 'cd /root/%s; ./install.sh %s' % (there.name, key))
    assert rc == 0, text[-3000:]
    (bare / 'root' / 'desk.yaml').write_text(CONF, encoding='utf-8')
    (bare / 'root' / 'app.log').write_text('dong thu nhat\n', encoding='utf-8')
    find = 'trucban search --state /root/state --since 1d --limit 0 --raw "*"\n'

    rc, text = inside(bare, START + 'sleep 2\n' + find + STOP)
    assert rc == 0 and 'dong thu nhat' in text, text

    new = next((folder / 'next').glob('*.deb'))
    shutil.copy(new, bare / 'root' / 'new.deb')
    rc, text = inside(bare, 'dpkg -i /root/new.deb\n'
                            'dpkg-query -W -f "is \\${Version}\\n" trucban\n'
                            'echo dong thu hai >>/root/app.log\n' +
                      START + 'sleep 2\n' + find + STOP)
    assert rc == 0 and 'is %s+next' % version in text, text
    assert 'dong thu nhat' in text and 'dong thu hai' in text, text

    rc, text = inside(bare, 'cd /root/%s\n' % there.name +
                      'dpkg -i pool/trucban_*.deb\n' + START + find + STOP +
                      'trucban verify --store /root/state\n')
    assert rc == 0 and 'dong thu hai' in text, text
