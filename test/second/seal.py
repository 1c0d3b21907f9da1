# SPDX-License-Identifier: Apache-2.0
"""Keys, checkpoints, the tree and its entries: doc/formats/seal.md and the C2SP texts."""

import base64
import binascii
import collections
import hashlib
import re

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

from base import Broken, Cursor, need
from record import P

ROWS, HEARTBEAT, EPOCH, DROP, KEY, POLICY = range(1, 7)
TILE = 256

Vkey = collections.namedtuple('Vkey', 'text name id key')
Note = collections.namedtuple('Note', 'origin size root body signatures')
Entry = collections.namedtuple('Entry', 'index type stream klass epoch time body')


# ---- keys and notes ----

def parse_vkey(text):
    text = text.strip()
    try:
        name, ident, octets = text.split('+', 2)
        octets = base64.b64decode(octets, validate=True)
    except (ValueError, binascii.Error):
        raise Broken('not a verifier key: %s' % text[:80]) from None
    need(len(octets) == 33 and octets[0] == 1, 'not a verifier key of Ed25519')
    want = hashlib.sha256(name.encode() + b'\n' + octets).digest()[:4]
    need(ident == want.hex(), 'a verifier key with id %s instead of %s', ident, want.hex())
    return Vkey(text, name, want, octets[1:])


def parse_note(octets):
    body, empty, signed = octets.rpartition(b'\n\n')
    need(empty, 'a note without signatures')
    body += b'\n'
    lines = body.split(b'\n')
    need(len(lines) >= 4, 'a checkpoint of %d lines', len(lines) - 1)
    need(re.fullmatch(rb'0|[1-9]\d*', lines[1]), 'a checkpoint of size %r', lines[1])
    try:
        root = base64.b64decode(lines[2], validate=True)
        signatures = []
        for line in signed.decode().split('\n')[:-1]:
            dash, name, octets = line.split(' ')
            octets = base64.b64decode(octets, validate=True)
            need(dash == '\u2014' and len(octets) > 4, 'not a line of a signature')
            signatures.append((name, octets[:4], octets[4:]))
        need(signed.endswith(b'\n'), 'a note that does not end with a line')
        return Note(lines[0].decode(), int(lines[1]), root, body, signatures)
    except (ValueError, binascii.Error) as e:
        raise Broken('not a signed note: %s' % e) from None


def signed_by(note, vkey):
    for name, ident, signature in note.signatures:
        if name == vkey.name and ident == vkey.id and ed25519(vkey.key, note.body, signature):
            return True
    return False


def ed25519(key, text, signature):
    try:
        VerifyKey(key).verify(text, signature)
        return True
    except (BadSignatureError, ValueError):
        return False


ANCHOR = re.compile(r'trucban-anchor/v1 origin=([^ "\x00-\x1f]+) size=(\d+) root=([^ "\x00-\x1f]+)')


def parse_anchors(octets):
    """(origin, size, root) of each: one signed note, or lines that hold the short text."""
    found = [(m[1], int(m[2]), base64.b64decode(m[3]))
             for m in ANCHOR.finditer(octets.decode('utf-8', 'replace'))]
    if not found:
        note = parse_note(octets)
        found = [(note.origin, note.size, note.root)]
    return found


# ---- the tree ----

def leaf_hash(entry):
    return hashlib.sha256(b'\x00' + entry).digest()


def node_hash(left, right):
    return hashlib.sha256(b'\x01' + left + right).digest()


class Roots:
    """Takes leaf hashes one by one; gives the root of any number of them so far."""

    def __init__(self):
        self.stack = []         # (height, hash) of whole subtrees, from the left
        self.size = 0

    def add(self, leaf):
        height = 0
        while self.stack and self.stack[-1][0] == height:
            leaf = node_hash(self.stack.pop()[1], leaf)
            height += 1
        self.stack.append((height, leaf))
        self.size += 1

    def root(self):
        if not self.stack:
            return hashlib.sha256().digest()
        at = self.stack[-1][1]
        for _, left in reversed(self.stack[:-1]):
            at = node_hash(left, at)
        return at


def all_roots(leaves):
    """The roots of the first 0, 1, 2 ... of these leaf hashes."""
    roots = Roots()
    out = [roots.root()]
    for leaf in leaves:
        roots.add(leaf)
        out.append(roots.root())
    return out


def number_path(n):
    """C2SP: 1234067 is x001/x234/067."""
    text = '%03d' % (n % 1000)
    while n >= 1000:
        n //= 1000
        text = 'x%03d/%s' % (n % 1000, text)
    return text


def tile_files(size):
    """(level, number, width, path) of all tiles that a tree of this size has."""
    level = 0
    while size:
        for n in range((size + TILE - 1) // TILE):
            width = min(TILE, size - n * TILE)
            path = 'tile/%d/%s' % (level, number_path(n))
            yield level, n, width, path + ('' if width == TILE else '.p/%d' % width)
        size //= TILE
        level += 1


def bundle_files(size):
    for level, n, width, path in tile_files(size):
        if level == 0:
            yield n, width, path.replace('tile/0/', 'tile/entries/', 1)


def tile_hashes(leaves):
    """The hashes of each level of tiles."""
    levels = [leaves]
    while len(levels[-1]) >= TILE:
        below = levels[-1]
        whole = len(below) // TILE * TILE
        levels.append([subtree(below[i:i + TILE]) for i in range(0, whole, TILE)])
    return levels


def subtree(hashes):
    while len(hashes) > 1:
        hashes = [node_hash(hashes[i], hashes[i + 1]) for i in range(0, len(hashes), 2)]
    return hashes[0]


def parse_bundle(octets, width):
    c = Cursor(octets)
    out = [c.take(int.from_bytes(c.take(2), 'big')) for _ in range(width)]
    c.end()
    return out


# ---- entries ----

def texts(c, n):
    out = [c.bytes(4096) for _ in range(n)]
    for text in out:
        text.decode('utf-8')
    return out


def parse_entry(octets, index):
    try:
        return _entry(octets, index)
    except UnicodeDecodeError:
        raise Broken('a text that is not UTF-8') from None


def _entry(octets, index):
    c = Cursor(octets)
    need(c.take(4) == b'TBL1' and len(octets) <= 65535, 'not a leaf entry')
    kind, stream, klass, zero, epoch, time = (c.u8(), c.u8(), c.u8(), c.u8(), c.u32(), c.i64())
    need(1 <= kind <= 6 and zero == 0, 'entry of type %d', kind)
    need(stream <= (2 if kind in (ROWS, DROP) else 0), 'entry of stream %d', stream)
    need(klass <= (15 if kind in (ROWS, DROP, POLICY) else 0), 'entry of class %d', klass)
    need(epoch >= 1 and time >= 0, 'entry of epoch %d, time %d', epoch, time)
    body = {ROWS: _rows, HEARTBEAT: _heartbeat, EPOCH: _epoch, DROP: _drop, KEY: _key,
            POLICY: _policy}[kind](c)
    c.end()
    return Entry(index, kind, stream, klass, epoch, time, body)


def _rows(c):
    body = {'first': c.u64(), 'last': c.u64(), 'rows': c.u32(), 'frames': c.u32(),
            'root': c.take(32), 'locator': (c.u64(), c.u64()), 'segment': c.u64()}
    need(1 <= body['first'] <= body['last'], 'rows %(first)d to %(last)d' % body)
    need(1 <= body['frames'] <= body['rows'] <= 65536, '%(rows)d rows, %(frames)d frames' % body)
    need(body['rows'] <= body['last'] - body['first'] + 1, 'more rows than numbers')
    need(max(body['locator']) < P, 'a locator out of range')
    return body


def _heartbeat(c):
    body = {'last': [c.u64() for _ in range(3)], 'rows': [c.u64() for _ in range(3)],
            'chain': c.take(32), 'counters': {}}
    n = c.varint()
    need(n <= 512, '%d counters', n)
    for _ in range(n):
        name = texts(c, 1)[0]
        body['counters'][name] = c.varint()
    return body


def _epoch(c):
    return {'root': c.take(32), 'size': c.u64(), 'reason': texts(c, 1)[0]}


def _drop(c):
    body = {'segment': c.u64(), 'rows': c.u64(), 'first': c.u64(), 'last': c.u64(),
            'newest': c.i64(), 'reason': c.u8(), 'note': texts(c, 1)[0], 'leaves': []}
    n = c.varint()
    need(1 <= n <= 8192, 'a drop of %d leaves', n)
    at = 0
    for i in range(n):
        step = c.varint()
        need(i == 0 or step, 'leaves of a drop do not ascend')
        at += step
        body['leaves'].append(at)
    need(at < 1 << 64 and 1 <= body['reason'] <= 3, 'a drop for reason %d', body['reason'])
    need(body['rows'] >= 1 and 1 <= body['first'] <= body['last'], 'a drop of %(rows)d rows' % body)
    return body


def _key(c):
    old, new, reason = texts(c, 3)
    for text in (old, new, reason):
        need(all(o >= 0x20 and o != 0x7f for o in text), 'a control character in a KEY')
    return {'old': old, 'new': new, 'reason': reason, 'signature': c.take(64)}


def _policy(c):
    return {'days': c.varint(), 'before': c.varint(), 'text': texts(c, 1)[0]}


def key_text(body):
    return b'trucban/key/v1\n%s\n%s\n%s\n' % (body['old'], body['new'], body['reason'])
