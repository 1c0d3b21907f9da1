# SPDX-License-Identifier: Apache-2.0
"""Somebody changes the store: `trucban verify` names it, and where; or says what only an anchor
outside can tell, and is right with that anchor.

The store is one that a real desk made: closed segments, rows that only the journal has, several
lives. (Every octet of a small one is tried in test/unit/store/proof_test.c; forged rows with good
checksums in proof_forge_test.c and test/scenario/second_reader_agrees_test.py.)
"""

import base64
import hashlib
import json
import os
import random
import shutil

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from harness import Desk, Sent, assert_kept, until

MORE = 'seal: {checkpoint: 1s}\nstore: {encrypt: %s, segment_age: 1s, reserve: 16MB}\n'
FLIPS = 12              # octets of each kind of file
SEED = 20261123

# Folder and ending of each kind of file that verification goes by.
KINDS = {
    'segment': ('segment/', '.seg'), 'index of a segment': ('segment/', '.idx'),
    'journal': ('journal/', '.tbj'), 'tile': ('seal/tile/0/', ''),
    'entries': ('seal/tile/entries/', ''), 'checkpoint': ('seal/checkpoint', ''),
    'manifest': ('manifest', ''), 'verifier key': ('key/seal.vkey', ''),
}


def life(desk, rows, segments):
    """One life of the desk: rows of it are in a segment, others in the journal only."""
    sent = Sent()
    with desk:
        if segments:
            before = len(files(desk.state, *KINDS['segment']))
            sent.relp(desk.port['relp'], rows)
            until('segments', lambda: len(files(desk.state, *KINDS['segment'])) > before)
        sent.relp(desk.port['relp'], rows // 10)
        assert_kept(desk, sent)
        assert desk.stop() == 0
    return sent


@pytest.fixture(scope='module', params=['no', 'yes'], ids=['plain', 'encrypted'])
def made(request, tmp_path_factory):
    desk = Desk(tmp_path_factory.mktemp('made'), listen=('relp',), more=MORE % request.param)
    for _ in range(3):
        life(desk, 400, True)
    assert desk.verify()[0] == 0, desk.verify()
    desk.whole = desk.copy('whole')
    return desk


@pytest.fixture
def store(made):
    """A fresh copy, to be changed."""
    path = made.copy('changed')
    yield path
    shutil.rmtree(path)


def files(store, folder, ending):
    """Names below the store, oldest first."""
    found = []
    for where, _, names in os.walk(store):
        for name in names:
            path = os.path.relpath(os.path.join(where, name), store)
            if path.startswith(folder) and path.endswith(ending):
                found.append(path)
    return sorted(found)


def findings(desk, store, *options):
    """(exit code, findings that are more than notes, the result)."""
    code, said = desk.verify('--json', *options, store=store)
    rows = [json.loads(line) for line in said.splitlines() if line.startswith('{')]
    if not rows:
        return code, [{'text': said, 'file': said, 'kind': 'none', 'grade': 'none'}], {}
    return (code, [r for r in rows if r['type'] == 'finding' and r['grade'] != 'note'],
            next((r for r in rows if r['type'] == 'result'), {}))


def assert_named(desk, store, name):
    """verify finds it, and names this file."""
    code, found, _ = findings(desk, store)
    assert code in (1, 3) and found, name
    places = [f.get('file', '') + ' ' + f['text'] for f in found]
    assert any(name in place or (place.split(' ')[0] and name.startswith(place.split(' ')[0]))
               for place in places), (name, places)


def edit(store, name, change):
    path = os.path.join(store, name)
    with open(path, 'rb') as f:
        octets = bytearray(f.read())
    with open(path, 'wb') as f:
        f.write(change(octets))


def used(octets):
    """So many octets until only zeros follow: a journal file has room at its end."""
    return len(octets.rstrip(b'\0'))


# ---- octets ----

@pytest.mark.parametrize('kind', KINDS)
def test_any_octet_that_is_flipped_is_named_with_its_file(made, store, kind):
    dice = random.Random(SEED)
    names = files(store, *KINDS[kind])
    assert names, kind
    for _ in range(FLIPS):
        name = dice.choice(names)
        path = os.path.join(store, name)
        with open(path, 'r+b') as f:
            octets = f.read()
            at, bit = dice.randrange(used(octets)), 1 << dice.randrange(8)
            f.seek(at)
            f.write(bytes([octets[at] ^ bit]))
        assert_named(made, store, name)
        with open(path, 'wb') as f:
            f.write(octets)
    assert made.verify(store=store)[0] == 0


# ---- lines, blocks, files ----

def test_a_file_that_is_gone_is_named(made, store):
    for kind, (folder, ending) in KINDS.items():
        if kind == 'verifier key':
            continue            # a copy for others may come without keys
        for name in files(store, folder, ending)[:2]:
            kept = os.path.join(made.folder, 'kept')
            shutil.move(os.path.join(store, name), kept)
            assert_named(made, store, name)
            shutil.move(kept, os.path.join(store, name))
    assert made.verify(store=store)[0] == 0


@pytest.mark.parametrize('kind', ['segment', 'index of a segment', 'journal', 'entries', 'tile',
                                  'manifest', 'checkpoint'])
def test_a_file_that_was_cut_or_lost_a_block_is_named(made, store, kind):
    name = files(store, *KINDS[kind])[0]
    with open(os.path.join(store, name), 'rb') as f:
        whole = f.read()
    end = used(whole)
    for begin, stop in ((end - 1, end), (end // 2, end), (0, end), (end // 3, end // 3 + 16),
                        (end // 2, end // 2 + 1)):
        edit(store, name, lambda octets, b=begin, s=stop: octets[:b] + octets[s:])
        assert_named(made, store, name)
        edit(store, name, lambda octets: bytearray(whole))
    assert made.verify(store=store)[0] == 0


def test_files_that_changed_places_are_named(made, store):
    for kind in ('segment', 'index of a segment', 'journal', 'entries'):
        names = files(store, *KINDS[kind])
        if len(names) < 2:
            continue
        a, b = (os.path.join(store, n) for n in names[:2])
        for _ in range(2):      # there and back
            os.rename(a, a + '.x')
            os.rename(b, a)
            os.rename(a + '.x', b)
            if _ == 0:
                assert_named(made, store, names[0])
    assert made.verify(store=store)[0] == 0


def test_blocks_of_a_journal_that_changed_places_are_named(made, store):
    name = files(store, *KINDS['journal'])[0]

    def swap(octets):
        """Two frames of the journal: each begins with its magic."""
        at = [i for i in range(0, used(octets), 8) if octets[i:i + 4] == b'TBJF'] or \
            [i for i in range(256, used(octets), 8)][:3]
        a, b, c = at[0], at[1], at[2]
        return octets[:a] + octets[b:c] + octets[a:b] + octets[c:]

    edit(store, name, swap)
    assert_named(made, store, name)


def test_a_file_that_was_put_there_is_named_as_a_stranger(made, store):
    source = files(store, *KINDS['segment'])[0]
    other = os.path.join(os.path.dirname(source), '00000000000000ff.seg')
    shutil.copy(os.path.join(store, source), os.path.join(store, other))
    _, said = made.verify('--json', store=store)
    assert other in said        # a note: no reader goes by it


# ---- what only somebody outside can tell ----

def anchor_of(store, path):
    """The checkpoint as somebody else keeps it."""
    shutil.copy(os.path.join(store, 'seal/checkpoint'), path)
    return str(path)


def says_so(desk, store):
    """Without an anchor, verify says in words what it cannot exclude."""
    _, said = desk.verify(store=store)
    return 'Compared with no anchor from outside' in said and 'cannot be excluded' in said


@pytest.fixture
def running(tmp_path):
    """A desk with one day behind it, stopped; `yesterday` is the copy of then."""
    desk = Desk(tmp_path / 'desk', listen=('relp',), more=MORE % 'yes')
    life(desk, 200, True)
    desk.yesterday = desk.copy('yesterday')
    life(desk, 200, True)
    return desk


def test_yesterdays_whole_store_is_found_out_by_an_anchor_only(running, tmp_path):
    anchor = anchor_of(running.state, tmp_path / 'anchor')
    code, found, _ = findings(running, running.yesterday)
    assert code == 0 and not found and says_so(running, running.yesterday)
    code, found, _ = findings(running, running.yesterday, '--against', anchor)
    assert code == 1 and [f['kind'] for f in found] == ['rollback']
    assert 'rolled back' in found[0]['text']
    # The real one fits it.
    assert findings(running, running.state, '--against', anchor)[0] == 0


@pytest.mark.parametrize('way', ['copied', 'in place'])
def test_a_machine_that_was_put_back_and_went_on_is_found_out(running, tmp_path, way):
    """A snapshot of the machine: the same inodes and names, as if the day had not been."""
    anchor = anchor_of(running.state, tmp_path / 'anchor')
    size = int(open(anchor, encoding='utf-8').read().split('\n')[1])
    if way == 'copied':
        shutil.rmtree(running.state)
        shutil.copytree(running.yesterday, running.state)
    else:
        for where, _, names in os.walk(running.state):
            for name in names:
                os.unlink(os.path.join(where, name))
        shutil.copytree(running.yesterday, running.state, dirs_exist_ok=True)
    before = running.said(b'epoch 2 begins')
    while int(open(os.path.join(running.state, 'seal/checkpoint'),
                   encoding='utf-8').read().split('\n')[1]) <= size:
        life(running, 50, False)
    # What the desk itself can tell, it tells: a copy begins an epoch of its own.
    assert way == 'in place' or 'epoch 2 begins' in running.log_text() or before
    code, found, _ = findings(running, running.state)
    assert not [f for f in found if f['grade'] == 'bad'] and says_so(running, running.state)
    code, found, _ = findings(running, running.state, '--against', anchor)
    assert code == 1 and [f for f in found if f['kind'] == 'rollback' and 'forked' in f['text']]


def test_a_new_signature_by_another_key_is_found_out_by_the_key(running, tmp_path):
    vkey = os.path.join(running.state, 'key/seal.vkey')
    kept = shutil.copy(vkey, tmp_path / 'seal.vkey')
    anchor = anchor_of(running.state, tmp_path / 'anchor')
    origin = open(vkey, encoding='utf-8').read().split('+')[0]
    key = ed25519.Ed25519PrivateKey.generate()
    public = b'\1' + key.public_key().public_bytes(serialization.Encoding.Raw,
                                                   serialization.PublicFormat.Raw)
    number = hashlib.sha256(origin.encode() + b'\n' + public).digest()[:4]
    edit(running.state, 'key/seal.key', lambda _: key.private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw,
        serialization.NoEncryption()))
    with open(vkey, 'w', encoding='utf-8') as f:
        f.write('%s+%s+%s\n' % (origin, number.hex(), base64.b64encode(public).decode()))

    def sign(octets):
        text = bytes(octets).split(b'\n\n')[0] + b'\n'
        signature = base64.b64encode(number + key.sign(text)).decode()
        return bytearray(text + b'\n' + ('— %s %s\n' % (origin, signature)).encode())

    edit(running.state, 'seal/checkpoint', sign)
    # It agrees with itself: said, and that --key would tell.
    code, said = running.verify()
    assert code == 0 and "The key is the store's own" in said and says_so(running, running.state)
    code, found, _ = findings(running, running.state, '--key', str(kept))
    assert code == 1 and {'checkpoint', 'key'} & {f['kind'] for f in found}
    # The anchor's signature is by the true key: that is seen too.
    code, found, _ = findings(running, running.state, '--against', anchor)
    assert code == 1 and [f for f in found if 'not signed by this desk' in f['text']]


def test_an_anchor_line_with_a_wrong_letter_is_said_to_be_mistyped(running, tmp_path):
    path = tmp_path / 'lines'
    path.write_text('trucban-anchor/v1 origin=x size=1 root=AAAA time=no short=AAAA\n')
    code, found, _ = findings(running, running.state, '--against', str(path))
    assert code == 1 and 'damaged or mistyped' in found[0]['text']


# ---- what it says of what is whole ----

def test_rows_of_the_journal_are_counted(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 50)
        assert_kept(desk, sent)
        assert desk.stop() == 0
        code, _, result = findings(desk, desk.state)
        assert code == 0 and result['segments'] == 0
        assert result['rows'] == result['journal_rows'] >= 50
