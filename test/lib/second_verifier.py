#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second verifier of the seal, written from doc/formats/seal.md and record.md alone.

It shares nothing with the desk's own: another language, other libraries (hashlib, cryptography).
Section 6, rules 1 to 11 (as far as the tree says) and section 7; segments are not opened.

    second_verifier.py STORE            the tree of a store
    second_verifier.py PROOF VKEY       the proof of one record
"""

import base64
import hashlib
import os
import struct
import sys

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

P61 = 2**61 - 1
STREAMS = ('raw', 'findings', 'ledger')
DAY_NS = 86400 * 10**9


class Bad(Exception):
    """A rule that does not hold."""


def need(holds, text):
    if not holds:
        raise Bad(text)


# ---- C2SP signed-note, tlog-checkpoint ----

def vkey_read(text):
    """NAME+ID+BASE64 -> (name, id, public key)"""
    name, key_id, code = text.strip().split('+', 2)
    octets = base64.b64decode(code, validate=True)
    need(octets[0] == 1 and len(octets) == 33, 'verifier key: type')
    want = hashlib.sha256(name.encode() + b'\n' + octets).digest()[:4]
    need(bytes.fromhex(key_id) == want, 'verifier key: id')
    return name, want, octets[1:]


def note_verify(note, keys):
    """The text of a note that one of the keys signed."""
    text, _, lines = note.rpartition('\n\n')
    text += '\n'
    signed = False
    for line in lines.splitlines():
        dash, name, code = line.split(' ')
        octets = base64.b64decode(code, validate=True)
        need(dash == '\u2014', 'note: dash')
        for key in keys:
            if (name, octets[:4]) == key[:2]:
                try:
                    Ed25519PublicKey.from_public_bytes(key[2]).verify(octets[4:], text.encode())
                except InvalidSignature as e:
                    raise Bad('note: signature') from e
                signed = True
    need(signed, 'note: no trusted signature')
    return text


def checkpoint_read(text):
    origin, size, root = text.split('\n')[:3]
    return origin, int(size), base64.b64decode(root, validate=True)


# ---- RFC 6962 ----

def leaf_hash(entry):
    return hashlib.sha256(b'\0' + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b'\1' + left + right).digest()


def root_of(hashes):
    if not hashes:
        return hashlib.sha256(b'').digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while 2 * k < len(hashes):
        k *= 2
    return node_hash(root_of(hashes[:k]), root_of(hashes[k:]))


def root_by_proof(leaf, index, size, proof):
    """RFC 9162 section 2.1.3.2"""
    need(index < size, 'inclusion: index')
    fn, sn, r = index, size - 1, leaf
    for p in proof:
        need(sn > 0, 'inclusion: too long')
        if fn & 1 or fn == sn:
            r = node_hash(p, r)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            r = node_hash(r, p)
        fn >>= 1
        sn >>= 1
    need(sn == 0, 'inclusion: too short')
    return r


# ---- entries, seal.md section 3 ----

class Reader:
    def __init__(self, octets):
        self.octets, self.at = octets, 0

    def take(self, n):
        need(self.at + n <= len(self.octets), 'entry: ends early')
        self.at += n
        return self.octets[self.at - n:self.at]

    def le(self, n, signed=False):
        return int.from_bytes(self.take(n), 'little', signed=signed)

    def varint(self):
        v = shift = 0
        while True:
            b = self.le(1)
            v |= (b & 127) << shift
            shift += 7
            need(shift <= 70 and v < 2**64, 'entry: varint')
            if b < 128:
                return v

    def text(self):
        n = self.varint()
        need(n <= 4096, 'entry: text')
        return self.take(n)


def rows_read(r, e):
    e['first'], e['last'], e['rows'], e['frames'] = r.le(8), r.le(8), r.le(4), r.le(4)
    e['root'], e['s0'], e['s1'], e['segment'] = r.take(32), r.le(8), r.le(8), r.le(8)
    need(1 <= e['first'] <= e['last'] and 1 <= e['frames'] <= e['rows'] <= 65536, 'rule 4')
    need(e['rows'] <= e['last'] - e['first'] + 1 and e['s0'] < P61 and e['s1'] < P61, 'rule 4')


def heartbeat_read(r, e):
    e['last'] = [r.le(8) for _ in range(3)]
    e['rows'] = [r.le(8) for _ in range(3)]
    e['journal'] = r.take(32)
    n = r.varint()
    need(n <= 512, 'rule 5')
    e['counters'] = [(r.text(), r.varint()) for _ in range(n)]


def epoch_read(r, e):
    e['root'], e['size'], e['reason'] = r.take(32), r.le(8), r.text()


def drop_read(r, e):
    e['segment'], e['rows'], e['first'], e['last'] = r.le(8), r.le(8), r.le(8), r.le(8)
    e['newest'], e['reason'], e['note'] = r.le(8, signed=True), r.le(1), r.text()
    n, at, e['index'] = r.varint(), 0, []
    need(1 <= n <= 8192 and 1 <= e['reason'] <= 3 and e['rows'] >= 1, 'rule 6')
    for i in range(n):
        step = r.varint()
        need(step > 0 or i == 0, 'rule 6')
        at += step
        e['index'].append(at)


def key_read(r, e):
    e['old'], e['new'], e['reason'], e['signature'] = r.text(), r.text(), r.text(), r.take(64)


def policy_read(r, e):
    e['days'], e['before'], e['text'] = r.varint(), r.varint(), r.text()


def hold_read(r, e):
    e['action'], e['since'] = r.le(1), r.le(8, signed=True)
    e['hstream'], e['hclass'] = r.le(1), r.le(1)
    e['first'], e['last'] = r.le(8), r.le(8)
    e['from'], e['to'] = r.le(8, signed=True), r.le(8, signed=True)
    e['name'], e['ordered'], e['why'] = r.text(), r.text(), r.text()
    e['ended'], e['reason'] = r.text(), r.text()
    need(1 <= e['action'] <= 2 and 1 <= e['first'] <= e['last'] and e['from'] <= e['to'],
         'rule 9')
    need(e['since'] >= 0 and 1 <= len(e['name']) <= 63 and 1 <= len(e['why']) <= 1023 and
         len(e['ordered']) <= 127, 'rule 9')
    need(e['hstream'] in (0, 1, 2, 255) and (e['hclass'] < 16 or e['hclass'] == 255), 'rule 9')


TYPES = {1: rows_read, 2: heartbeat_read, 3: epoch_read, 4: drop_read, 5: key_read,
         6: policy_read, 7: hold_read}


def entry_read(octets):
    r = Reader(octets)
    need(r.take(4) == b'TBL1' and len(octets) <= 65535, 'rule 1')
    e = {'type': r.le(1), 'stream': r.le(1), 'class': r.le(1)}
    need(e['type'] in TYPES and r.le(1) == 0, 'rule 2')
    need(e['stream'] < (3 if e['type'] in (1, 4) else 1), 'rule 2')
    need(e['class'] < (16 if e['type'] in (1, 4, 6) else 1), 'rule 2')
    e['epoch'], e['time'] = r.le(4), r.le(8, signed=True)
    need(e['epoch'] >= 1 and e['time'] >= 0, 'rule 3')
    TYPES[e['type']](r, e)
    need(r.at == len(octets), 'rule 8')
    return e


# ---- the tree of a store, section 6 ----

def tile_path(level, index, width):
    groups = []
    while True:
        groups.insert(0, '%03d' % (index % 1000))
        index //= 1000
        if index == 0:
            break
    name = '/'.join(['x' + g for g in groups[:-1]] + groups[-1:])
    return 'tile/%s/%s%s' % (level, name, '' if width == 256 else '.p/%d' % width)


def file_read(store, *name):
    with open(os.path.join(store, *name), 'rb') as f:
        return f.read()


def entries_read(store, size):
    entries = []
    for index in range((size + 255) // 256):
        width = min(256, size - 256 * index)
        octets = file_read(store, 'seal', tile_path('entries', index, width))
        at = 0
        for _ in range(width):
            n = struct.unpack_from('>H', octets, at)[0]
            entries.append(octets[at + 2:at + 2 + n])
            need(len(entries[-1]) == n, 'bundle: ends early')
            at += 2 + n
        need(at == len(octets), 'bundle: octets follow')
    return entries


def tiles_check(store, hashes):
    level = 0
    while hashes:
        for index in range((len(hashes) + 255) // 256):
            part = hashes[256 * index:256 * index + 256]
            name = tile_path(level, index, len(part))
            need(file_read(store, 'seal', name) == b''.join(part), 'rule 4: ' + name)
        hashes = [root_of(hashes[i:i + 256]) for i in range(0, len(hashes) - 255, 256)]
        level += 1


class Stand:
    """What is known after some entries."""

    def __init__(self):
        self.epoch, self.time, self.beat, self.broke = 0, 0, None, False
        self.since = [[] for _ in STREAMS]      # ROWS entries since the last heartbeat
        self.rows, self.gone, self.days, self.keys = {}, set(), {}, []
        self.holds = {}
        self.warnings = []


def heartbeat_judge(s, e):
    for stream in range(3):
        before = s.beat['last'][stream] if s.beat else 0
        total = sum(r['rows'] for r in s.since[stream])
        grown = e['last'][stream] - before
        if grown > total and s.broke:
            s.warnings.append('%d records lost' % (grown - total))
        else:
            need(grown == total, 'rule 9: %s %d rows of %d' % (STREAMS[stream], total, grown))
        if s.since[stream]:
            need(min(r['first'] for r in s.since[stream]) > before, 'rule 9')
            need(max(r['last'] for r in s.since[stream]) <= e['last'][stream], 'rule 9')
        s.since[stream] = []
    s.beat, s.broke = e, False


def drop_judge(s, e):
    rows, oldest = 0, e['newest']
    for index in e['index']:
        named = s.rows.get(index)
        need(named is not None and index not in s.gone, 'rule 13')
        need((named['stream'], named['class']) == (e['stream'], e['class']), 'rule 13')
        s.gone.add(index)
        rows += named['rows']
        oldest = min(oldest, named['time'])
    need(rows == e['rows'], 'rule 13')
    for h in s.holds.values():
        need(h['hstream'] not in (255, e['stream']) or h['hclass'] not in (255, e['class']) or
             e['first'] > h['last'] or e['last'] < h['first'] or oldest > h['to'] or
             e['newest'] < h['from'], 'rule 17: held rows went')
    if e['reason'] == 1:
        days = s.days.get(e['class'], 0)
        need(days > 0 and e['newest'] + days * DAY_NS <= e['time'], 'rule 13: too early')
    else:
        s.warnings.append('dropped, reason %d' % e['reason'])


def key_judge(s, e):
    old = vkey_read(e['old'].decode())
    need(not s.keys or s.keys[-1] == old, 'rule 2')
    text = b'trucban/key/v1\n' + e['old'] + b'\n' + e['new'] + b'\n' + e['reason'] + b'\n'
    try:
        Ed25519PublicKey.from_public_bytes(old[2]).verify(e['signature'], text)
    except InvalidSignature as error:
        raise Bad('rule 2: signature') from error
    s.keys += ([] if s.keys else [old]) + [vkey_read(e['new'].decode())]


def entry_judge(s, index, e, hashes):
    if e['type'] == 3:
        need(index == 0 or e['epoch'] > s.epoch, 'rule 6')
        need(e['size'] <= index and root_of(hashes[:e['size']]) == e['root'], 'rule 7')
        s.broke = True
    else:
        need(index > 0 and e['epoch'] == s.epoch, 'rule 6')
    if e['time'] < s.time - 2 * 10**9:
        s.warnings.append('rule 8: the clock went back')
    s.epoch, s.time = e['epoch'], e['time']
    if e['type'] == 1:
        s.rows[index] = e
        s.since[e['stream']].append(e)
    elif e['type'] == 2:
        heartbeat_judge(s, e)
    elif e['type'] == 4:
        drop_judge(s, e)
    elif e['type'] == 5:
        key_judge(s, e)
    elif e['type'] == 6:
        s.days[e['class']] = e['days']
    elif e['type'] == 7:
        key = (e['name'], e['since'])
        if e['action'] == 1:
            s.holds[key] = e
        else:
            s.holds.pop(key, None)


def verify_seal(store, vkey=None):
    """Verifies the tree; returns what was found worth saying, and all entries."""
    own = vkey_read(vkey or file_read(store, 'key', 'seal.vkey').decode())
    note = file_read(store, 'seal', 'checkpoint').decode()
    size = checkpoint_read(note)[1]
    raw = entries_read(store, size)
    hashes = [leaf_hash(e) for e in raw]
    s = Stand()
    entries = [entry_read(octets) for octets in raw]
    for index, e in enumerate(entries):
        entry_judge(s, index, e, hashes)
    keys = s.keys[-2:] or [own]
    origin, size, root = checkpoint_read(note_verify(note, keys))
    need(origin == own[0] and (not s.keys or own in s.keys), 'rule 1')
    need(root_of(hashes) == root, 'rule 3')
    tiles_check(store, hashes)
    return s.warnings, entries


# ---- one record, section 7 ----

def blake(octets, size=32):
    return hashlib.blake2b(octets, digest_size=size).digest()


def tree16_root(leaf, index, n, beside):
    """The root of a Tree16 of n leaves, by the digests beside the way up."""
    beside, d = list(beside), leaf
    while True:
        length = min(16, n - index // 16 * 16)
        run = [beside.pop(0) for _ in range(length - 1)]
        run.insert(index % 16, d)
        d = blake(b'\3' + b''.join(run))
        index, n = index // 16, (n + 15) // 16
        if n == 1:
            need(not beside, 'rule 1: digests left over')
            return d


def path_read(lines, name):
    word, index, n = lines.pop(0).split(' ')
    need(word == name, 'rule 1')
    beside = []
    while lines and len(lines[0]) == 44 and ' ' not in lines[0]:
        beside.append(base64.b64decode(lines.pop(0), validate=True))
    return int(index), int(n), beside


def part(lines, name):
    word, _, value = lines.pop(0).partition(' ')
    need(word == name, 'rule 1: ' + name)
    return value


def verify_row_proof(text, vkey):
    """Verifies a row proof; returns the record's name and octets."""
    rows, rest = text.split('\n\n', 1)
    lines = rows.split('\n')
    need(lines.pop(0) == 'trucban/row-proof/v1', 'rule 1')
    record = part(lines, 'record')
    stream, epoch, seq = record.split(':')
    stream, epoch, seq = STREAMS.index(stream), int(epoch), int(seq)
    klass, flags = int(part(lines, 'class')), int(part(lines, 'flags'))
    received = int(part(lines, 'received'))
    source, salt, octets = (base64.b64decode(part(lines, name), validate=True)
                            for name in ('source', 'salt', 'octets'))
    row, frame = path_read(lines, 'row'), path_read(lines, 'frame')
    entry = base64.b64decode(part(lines, 'entry'), validate=True)

    d = blake(salt + struct.pack('<BBBBIQq', 1, stream, klass, flags, epoch, seq, received) +
              blake(source, 16) + struct.pack('<I', len(octets)) + octets)
    e = entry_read(entry)
    need(e['type'] == 1, 'rule 3')
    need(tree16_root(tree16_root(d, *row), *frame) == e['root'], 'rule 2')
    need((e['stream'], e['class'], e['epoch']) == (stream, klass, epoch), 'rule 3')
    need(e['first'] <= seq <= e['last'] and frame[1] == e['frames'], 'rule 3')

    head, note = rest.split('\n\n', 1)
    lines = head.split('\n')
    need(lines[0] == 'c2sp.org/tlog-proof@v1', 'rule 1')
    index = int(lines[1].split(' ')[1])
    proof = [base64.b64decode(line, validate=True) for line in lines[2:]]
    key = vkey_read(vkey)
    origin, size, root = checkpoint_read(note_verify(note, [key]))
    need(origin == key[0], 'rule 5')
    need(root_by_proof(leaf_hash(entry), index, size, proof) == root, 'rule 4')
    return record, octets


def main(argv):
    if len(argv) == 2:
        warnings, entries = verify_seal(argv[1])
        print('%d entries hold%s' % (len(entries), ''.join('\n' + w for w in warnings)))
    elif len(argv) == 3:
        with open(argv[1], encoding='utf-8') as proof, open(argv[2], encoding='utf-8') as vkey:
            print('%s is proved' % verify_row_proof(proof.read(), vkey.read())[0])
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
