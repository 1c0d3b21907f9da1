# SPDX-License-Identifier: Apache-2.0
"""Another reader, written in another language from doc/formats/ alone, sees the same store.

test/second/ reads and verifies it; the desk's own commands do too. They have to agree on every
octet of every record, on a whole store being whole, and on what is wrong with one that is not.
"""

import collections
import glob
import json
import os
import random
import shutil
import subprocess
import sys
import time

import pytest

import relp
import senders
from harness import Desk, TOP, program, until

sys.path.insert(0, os.path.join(TOP, 'test', 'second'))

import base  # noqa: E402
import forge  # noqa: E402
import seal  # noqa: E402
import store as second  # noqa: E402
import verify  # noqa: E402

ODD = bytes(range(128, 256)) * 3     # one record that shares nothing with any other
MORE = '''seal: {checkpoint: 1s}
store: {segment_age: 2s, reserve: 16MB, encrypt: %s}
classes:
  - {name: standard, days: 365, full: refuse}
  - {name: short, days: 30, full: shorten}
'''


# ---- records of all kinds ----

def stamps(n):
    """The n-th of many ways to write a time."""
    when = time.gmtime(1795410000 + 37 * n)
    forms = ('%Y-%m-%dT%H:%M:%SZ', '%Y-%m-%dT%H:%M:%S.123456+07:00', '%d/%b/%Y:%H:%M:%S -0330',
             '%a %b %e %H:%M:%S.5 %Y', '%Y/%m/%d %H:%M:%S', '%H:%M:%S', '%b %d %Y %H:%M:%S')
    return [time.strftime(form, when) for form in forms]


def syslog(n, ident, some):
    """Of RFC 5424 and 3164, and what only looks like them."""
    word = ''.join(some.choice('abcdefghijklmnop') for _ in range(some.randrange(1, 12)))
    address = '%d.%d.%d.%d' % tuple(some.randrange(256) for _ in range(4))
    yield senders.rfc5424(ident, host='h%d' % (n % 7), pid=str(n),
                          text='user %s logged in from %s port %d' % (word, address, n * 31))
    yield senders.rfc5424(ident, text='Đăng nhập thất bại lần %d của Nguyễn Văn %s' % (n, word))
    yield senders.rfc5424(ident, data='[ex@1 ip="%s" b="x\\"y\\]z" b="%d"][k v="%032x"]' % (
        address, n, some.getrandbits(128)), text='%s is %s' % (address, word))
    yield senders.rfc3164(ident, text='%s closed after %.3f s' % (address, some.random() * 9 - 2))
    yield b'<13>1 - - - - - - ' + ident.encode() + b' not UTF-8: \xff\xfe\xc3' + word.encode()
    yield b'<14>Oct 11 22:14:15 host su[1]: ' + ident.encode() + b' a NUL: \0 inside'
    yield ('%s nothing that is known %d' % (ident, n)).encode()
    yield b'<%d>1 - - - - - - at %s' % (n % 192, stamps(n)[n % 7].encode())
    # Texts of several kinds behind one head: their times share a slot.
    yield ('%s INFO %s' % (stamps(n)[4], ('%s begins: %d' % (ident, n), 'end of %s' % ident,
                                          '%s waits for [%s]' % (ident, address))[n % 3])).encode()


def long_ones(ids, some):
    for n in (5000, 60000, 300000, 1048000):
        noise = bytes(some.choice(b'abcdefgh ') for _ in range(n // 100)) * 100
        yield b'<13>1 - - - - - - ' + ids.next().encode() + b' ' + noise
    yield b'<13>1 - - - - - - ' + ids.next().encode() + b' lines\nand their ends\r\n'
    yield ODD


def jsons(n, ident, some):
    numbers = {'hex': '%x' % some.getrandbits(40), 'HEX': '%08X' % some.getrandbits(32),
               'mac': ':'.join('%02x' % some.randrange(256) for _ in range(6)),
               'wide': '%06d' % n, 'most': some.choice([2 ** 63 - 1, -2 ** 63, 0]),
               'over': 2 ** 64 + n, 'neg': -n, 'float': some.random() - 0.5, 'unit': '%dms' % n,
               'e': 1.5e300, 'price': '%.2f' % (some.random() * 9 - 4), 'step': n * 1000}
    times = {'t%d' % i: text for i, text in enumerate(stamps(n))}
    yield json.dumps(senders.event(ident, nested={'a': {'b': n, 'c': None, 'd': n % 2 == 0}},
                                   list=[1, 2, n], empty='', **numbers, **times),
                     ensure_ascii=n % 2 == 0).encode()
    yield ('{"@timestamp" : "%s", "message":"%s \\"esc\\" \\n \\u0111 \\ud83d\\ude00", "o":{}, '
           '"a":"%s", "a":"%d"}' % (senders.stamp(), ident, numbers['hex'], n)).encode()
    yield b'{"bad": "\xff\xfe", "message":"%s", "app":"fw", "who":"fw%d" }' % (
        ident.encode(), n % 3)


def records():
    """(for TCP, RELP, HTTP, and the last moment): lists of octets."""
    ids, some = senders.Ids(), random.Random(7)
    lines = [r for n in range(150) for r in syslog(n, ids.next(), some)]
    lines += long_ones(ids, some)
    events = [r for n in range(200) for r in jsons(n, ids.next(), some)]
    last = [r for n in range(20) for r in syslog(n, ids.next(), some)]
    return lines[:800], lines[800:], events, last


def send_lines(desk, tcp, over_relp):
    senders.tcp_send(desk.port['tcp'], tcp)
    client = relp.RelpClient(desk.port['relp'])
    client.open()
    client.post_many([(r, None) for r in over_relp])
    client.close()


def send_events(desk, events):
    conn = senders.connection(desk.port['http'])
    half = len(events) // 2
    body = b''.join(e + b'\n' for e in events[:half])
    status, _ = senders.request(conn, 'POST', '/insert/jsonline', body)
    assert status == 200
    body = b''.join(b'{"create":{}}\n' + e + b'\n' for e in events[half:])
    status, answer = senders.request(conn, 'POST', '/_bulk', body)
    assert status == 200 and not json.loads(answer)['errors']
    conn.close()


def leaves(state):
    """How many entries the signed tree has."""
    if not os.path.exists(state + '/seal/checkpoint'):
        return 0
    return seal.parse_note(base.slurp(state + '/seal/checkpoint')).size


def copied(folder, target):
    """False when files went while they were copied."""
    try:
        shutil.copytree(folder, target)
        return True
    except shutil.Error:
        shutil.rmtree(target)
        return False


class Kept:
    """A desk's store after its life, with an older copy of its seal, and what was sent to it."""

    def __init__(self, folder, encrypt):
        self.desk = Desk(folder, listen=('tcp', 'relp', 'http'),
                         more=MORE % ('yes' if encrypt else 'no'),
                         options={'relp': {'class': 'short'}})
        parts = records()
        self.sent = [r for part in parts for r in part]
        with self.desk as desk:
            before = until('the first checkpoint', lambda: leaves(desk.state))
            send_lines(desk, *parts[:2])
            until('a checkpoint of that', lambda: leaves(desk.state) >= before + 3)
            send_events(desk, parts[2])
            until('a segment of each class', lambda: len(glob.glob(
                desk.state + '/segment/*/*.idx')) >= 2)
            self.older = os.path.join(desk.folder, 'older')
            before = leaves(desk.state)
            until('a checkpoint of all that', lambda: leaves(desk.state) > before)
            until('a copy between two checkpoints',
                  lambda: copied(desk.state + '/seal', self.older))
            senders.tcp_send(desk.port['tcp'], parts[3])
            assert desk.stop() == 0
        self.state = desk.state
        self.whole = second.Store(self.state)

    def copy(self, name):
        target = os.path.join(self.desk.folder, name)
        shutil.copytree(self.state, target,
                        ignore=shutil.ignore_patterns('*.sock', 'lock', 'ballast'))
        return target


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
    return Kept(tmp_path_factory.mktemp('plain'), False)


@pytest.fixture(scope='module')
def encrypted(tmp_path_factory):
    return Kept(tmp_path_factory.mktemp('encrypted'), True)


@pytest.fixture(params=['plain', 'encrypted'])
def kept(request):
    return request.getfixturevalue(request.param)


def search(state, *options):
    """The octets that `trucban search` prints of a store without a desk."""
    return subprocess.run([program(), 'search', '--store', state, '--limit', '0', *options, '*'],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True,
                          timeout=60).stdout


# ---- the same records ----

def test_every_octet_that_was_sent_comes_back(kept):
    found = kept.whole
    assert not found.bad
    assert any(row.klass == 1 for row in found.rows())
    assert any(len(sealed.leaves) > 1 for sealed in found.segments.values())
    got = collections.Counter(row.octets for row in found.rows() if row.stream == 0)
    sent = collections.Counter(kept.sent)
    assert not sent - got, [r[:80] for r in (sent - got)][:3]
    assert not got - sent, [r[:80] for r in (got - sent)][:3]


def test_both_readers_give_the_same_rows(kept):
    rows = [row for row in kept.whole.rows() if row.stream == 0]
    raw = collections.Counter(search(kept.state, '--raw').split(b'\n'))
    assert raw == collections.Counter(b''.join(r.octets + b'\n' for r in rows).split(b'\n'))
    told = {}
    for line in search(kept.state, '--json').splitlines():
        record = json.loads(line)
        assert told.setdefault(record['_seq'], record) is record
    assert set(told) == {second.name_of(row) for row in rows}
    for row in rows:
        message = told[second.name_of(row)].get('_msg', '').encode()
        if row.flags & 0x0f == 0 and b'\\' not in row.octets:
            assert message in row.octets


def test_rows_that_the_journal_still_has_are_those_of_the_segments(plain):
    found = plain.whole
    by_name = {(row.stream, row.seq): row for row in found.rows()}
    both = [row for frame in found.row_frames for row in frame.rows]
    assert both
    for row in both:
        assert by_name[row.stream, row.seq] == row


# ---- the same verdict ----

def mine(state, *anchors):
    """(files, {(stream, first, last)}) of what the second verifier says."""
    given = [a for path in anchors for a in seal.parse_anchors(base.slurp(path))]
    bad = verify.Verifier(state, anchors=given).run()
    return ({name for f in bad for name in f.file.split(' and ')},
            {(f.stream, f.first, f.last) for f in bad if f.stream is not None},
            [verify.line(f) for f in bad])


def theirs(desk, state, *anchors):
    """The same of `trucban verify`."""
    rc, out, _ = desk.command('verify', '--json', '--store', state,
                              *[word for path in anchors for word in ('--against', path)])
    findings = [json.loads(line) for line in out.splitlines()]
    findings = [f for f in findings if f['type'] == 'finding' and f['grade'] != 'note']
    assert rc == (1 if findings else 0)
    return ({f['file'] for f in findings if 'file' in f},
            {(base.STREAMS.index(f['stream']), f['first_seq'], f['last_seq'])
             for f in findings if 'first_seq' in f},
            [f['text'] for f in findings])


def command_line(*args):
    done = subprocess.run(['/usr/bin/python3', os.path.join(TOP, 'test/second/verify.py'), *args],
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=60, check=False)
    return done.returncode, done.stdout.decode()


def test_both_say_that_a_whole_store_is_whole(kept):
    newest = kept.state + '/seal/checkpoint'
    assert not mine(kept.state, newest, kept.older + '/checkpoint')[2]
    assert not theirs(kept.desk, kept.state, newest, kept.older + '/checkpoint')[2]


def one(state, pattern):
    return sorted(glob.glob(os.path.join(state, pattern)))[0]


def sealed(whole, state, klass):
    listed = whole.manifest.segments.values()
    path = next(s.path for s in listed if (s.stream, s.klass) == (0, klass))
    return os.path.join(state, path + '.seg')


def flip_in(pattern, share):
    def change(_, state):
        path = one(state, pattern)
        forge.flip(path, int(os.path.getsize(path) * share))
    return change


def flip_in_the_last_rows(whole, state):
    forge.flip(one(state, 'journal/*.tbj'), whole.row_frames[-1].at + 100)


def drop_the_last_rows(whole, state):
    path = one(state, 'journal/*.tbj')
    forge.cut(path, os.path.getsize(path) - whole.row_frames[-1].at)


def forge_a_template(whole, state):
    forge.segment_octets(sealed(whole, state, 0), b'nothing that', b'nothing this')


def forge_one_row(whole, state):
    """Exactly one row: the locator names it."""
    forge.segment_octets(sealed(whole, state, 1), ODD[:9], b'x' + ODD[1:9])


def forge_a_source(whole, state):
    forge.segment_octets(sealed(whole, state, 0), b'127.0.0.1', b'127.0.0.7')


def forge_the_journal(_, state):
    forge.journal_octets(one(state, 'journal/*.tbj'), b'logged in', b'lugged in')


def forge_rows_of_the_journal_alone(whole, state):
    frame = next(f for f in reversed(whole.row_frames) if f.rows[0].stream == 0)
    word = frame.rows[0].octets.split(b' ')[7]
    forge.journal_octets(one(state, 'journal/*.tbj'), word, word[::-1])


def exchange_segments(whole, state):
    a, b = (sealed(whole, state, klass) for klass in (0, 1))
    os.rename(a, a + '.x')
    os.rename(b, a)
    os.rename(a + '.x', b)


def remove(pattern):
    return lambda _, state: os.remove(one(state, pattern))


TAMPERINGS = {
    'an octet of a segment': flip_in('segment/*/*.seg', 0.5),
    'an octet of a segment\'s header': flip_in('segment/*/*.seg', 0.0001),
    'an octet of a derived part': flip_in('segment/*/*.idx', 0.4),
    'an octet of the journal': flip_in('journal/*.tbj', 0.5),
    'an octet of the last rows': flip_in_the_last_rows,
    'an octet of a tile': flip_in('seal/tile/0/*/*', 0.3),
    'an octet of a bundle': flip_in('seal/tile/entries/*/*', 0.5),
    'an octet of the signature': flip_in('seal/checkpoint', 0.9),
    'an octet of the root': flip_in('seal/checkpoint', 0.3),
    'an octet of the manifest': lambda _, state: forge.flip(state + '/manifest', 270),
    'a segment removed': remove('segment/*/*.seg'),
    'a derived part removed': remove('segment/*/*.idx'),
    'a bundle removed': remove('seal/tile/entries/*/*'),
    'a tile removed': remove('seal/tile/0/*/*'),
    'the journal removed': remove('journal/*.tbj'),
    'a segment cut': lambda _, state: forge.cut(one(state, 'segment/*/*.seg'), 70),
    'the journal cut': lambda _, state: forge.cut(one(state, 'journal/*.tbj'), 120),
    'the last rows cut off': drop_the_last_rows,
    'two segments exchanged': exchange_segments,
    'a template changed, checksums good': forge_a_template,
    'a source changed, checksums good': forge_a_source,
    'the journal changed, checksums and chain good': forge_the_journal,
    'rows of the journal alone changed': forge_rows_of_the_journal_alone,
}
OF_ENCRYPTED = ('an octet of a segment', 'an octet of the journal', 'an octet of the last rows',
                'two segments exchanged')


def overlap(some, others):
    return any(a[0] == b[0] and a[1] <= b[2] and b[1] <= a[2] for a in some for b in others)


def assert_same_verdict(found, told):
    assert found[2] and told[2], (found, told)
    assert found[0] & told[0] or overlap(found[1], told[1]), (found, told)


@pytest.mark.parametrize('which', TAMPERINGS)
def test_both_find_what_was_changed(plain, which):
    state = plain.copy('changed-%d' % list(TAMPERINGS).index(which))
    TAMPERINGS[which](plain.whole, state)
    assert_same_verdict(mine(state), theirs(plain.desk, state))
    shutil.rmtree(state)


@pytest.mark.parametrize('which', OF_ENCRYPTED)
def test_both_find_what_was_changed_in_an_encrypted_store(encrypted, which):
    state = encrypted.copy('changed-%d' % OF_ENCRYPTED.index(which))
    TAMPERINGS[which](encrypted.whole, state)
    assert_same_verdict(mine(state), theirs(encrypted.desk, state))
    shutil.rmtree(state)


def test_both_name_the_one_row_that_was_changed(plain):
    state = plain.copy('one-row')
    forge_one_row(plain.whole, state)
    found, told = mine(state), theirs(plain.desk, state)
    assert found[1] == told[1]
    (_, first, last), = found[1]
    assert first == last
    shutil.rmtree(state)


def test_both_see_with_an_anchor_that_the_seal_was_put_back(plain):
    state = plain.copy('put-back')
    shutil.rmtree(state + '/seal')
    shutil.copytree(plain.older, state + '/seal')
    newest = plain.state + '/seal/checkpoint'
    found, told = mine(state, newest), theirs(plain.desk, state, newest)
    assert any(line.startswith('rule 16') for line in found[2])
    assert told[2]
    assert command_line(plain.state, '--against', newest) == (0, 'whole\n')
    rc, said = command_line(state, '--against', newest)
    assert rc == 1 and 'rule 16: seal/checkpoint' in said
    shutil.rmtree(state)
