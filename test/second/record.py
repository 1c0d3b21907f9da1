# SPDX-License-Identifier: Apache-2.0
"""Shapes, sources, batches and row digests: doc/formats/record.md and seal.md section 2."""

import collections
import hashlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from base import Broken, Cursor, RECORD_LIMIT, b2, need

Shape = collections.namedtuple('Shape', 'format decoder pieces holes')
Hole = collections.namedtuple('Hole', 'kind role name')
Source = collections.namedtuple('Source', 'klass trust unit listener peer identity host app octets')
Row = collections.namedtuple('Row', 'stream klass epoch seq flags recv source octets')
ONCE = (1, 2, 3, 4, 6)


def parse_shape(octets):
    c = Cursor(octets)
    form, decoder, nhole = c.u8(), c.u8(), c.varint()
    need(1 <= form <= 9, 'shape of format %d', form)
    need(nhole <= 1024, 'shape with %d holes', nhole)
    pieces, holes = [c.bytes()], []
    for _ in range(nhole):
        hole = Hole(c.u8(), c.u8(), c.bytes())
        need(hole.kind <= 4 and hole.role <= 6, 'hole of kind %d, role %d', hole.kind, hole.role)
        need(1 <= len(hole.name) <= 255, 'hole with a name of %d octets', len(hole.name))
        holes.append(hole)
        pieces.append(c.bytes())
    c.end()
    need(sum(map(len, pieces)) <= 65536, 'shape with too much fixed text')
    for role in ONCE:
        need(sum(h.role == role for h in holes) <= 1, 'role %d occurs twice', role)
    return Shape(form, decoder, pieces, holes)


def parse_source(octets):
    c = Cursor(octets)
    klass, trust, unit = c.u8(), c.u8(), c.varint()
    texts = [c.bytes(255) for _ in range(5)]
    c.end()
    need(klass <= 15 and trust <= 3, 'source of class %d, trust %d', klass, trust)
    return Source(klass, trust, unit, *texts, bytes(octets))


def source_digest(source):
    return hashlib.blake2b(source.octets, digest_size=16).digest()


def join(shape, values):
    """The record's own octets: pieces and values in turn."""
    out = [shape.pieces[0]]
    for value, piece in zip(values, shape.pieces[1:]):
        out += (value, piece)
    return b''.join(out)


def check_flags(flags):
    need(flags & 0x88 == 0 and flags >> 4 & 7 <= 4, 'row flags %02x', flags)


def parse_batch(octets, shapes, sources, epoch, first):
    """The rows of one batch; shapes and sources: those defined before, by id."""
    c = Cursor(octets)
    need(len(octets) <= 4194304, 'batch of %d octets', len(octets))
    stream, klass, nrow, base = c.u8(), c.u8(), c.u32(), c.i64()
    nshape, nsource = c.u32(), c.u32()
    need(stream <= 2 and klass <= 15, 'batch of stream %d, class %d', stream, klass)
    need(1 <= nrow <= 65536, 'batch of %d rows', nrow)
    need(4 * (nshape + nsource) <= c.left(), 'batch with too many ids')
    try:
        my_shapes = [shapes[c.u32()] for _ in range(nshape)]
        my_sources = [sources[c.u32()] for _ in range(nsource)]
    except KeyError as e:
        raise Broken('batch names id %s, which nobody defined' % e) from None
    for source in my_sources:
        need(source.klass == klass, 'batch of class %d with a source of %d', klass, source.klass)
    rows = []
    for i in range(nrow):
        at_shape, at_source, flags = c.varint(), c.varint(), c.u8()
        need(at_shape < nshape and at_source < nsource, 'row %d names id outside its table', i)
        check_flags(flags)
        recv = base + c.zigzag()
        c.zigzag()
        shape = my_shapes[at_shape]
        values = [c.take(n) for n in [c.varint() for _ in shape.holes]]
        record = join(shape, values)
        need(len(record) <= RECORD_LIMIT, 'record of %d octets', len(record))
        rows.append(Row(stream, klass, epoch, first + i, flags, recv, my_sources[at_source],
                        record))
    c.end()
    return rows


# ---- digests ----

def salts(seed, first, n):
    """The salts of n rows of a frame whose first sequence number is `first`."""
    # ChaCha20 with a nonce and a counter of 64 bits each; the counter comes first here.
    cipher = Cipher(algorithms.ChaCha20(seed, struct.pack('<QQ', 0, first)), None)
    stream = cipher.encryptor().update(bytes(16 * n))
    return [stream[16 * i:16 * i + 16] for i in range(n)]


def row_digest(salt, row):
    head = struct.pack('<BBBBIQq', 1, row.stream, row.klass, row.flags, row.epoch, row.seq,
                       row.recv)
    return b2(salt, head, source_digest(row.source), struct.pack('<I', len(row.octets)), row.octets)


def tree16(digests):
    while True:
        digests = [b2(b'\x03', *digests[i:i + 16]) for i in range(0, len(digests), 16)]
        if len(digests) == 1:
            return digests[0]


def frame_digest(seed, rows):
    """rows: all of one frame, in order."""
    salt = salts(seed, rows[0].seq, len(rows))
    digests = [row_digest(s, r) for s, r in zip(salt, rows)]
    return tree16(digests), digests


P = (1 << 61) - 1


def locator(digests):
    """(S0, S1) of all row digests of a leaf."""
    numbers = [int.from_bytes(d[:8], 'little') % P for d in digests]
    return sum(numbers) % P, sum((i + 1) * d for i, d in enumerate(numbers)) % P


def changed_row(want, got):
    """Which row (from 0) the locators say, when it was exactly one; else None."""
    d0, d1 = (got[0] - want[0]) % P, (got[1] - want[1]) % P
    return d1 * pow(d0, -1, P) % P - 1 if d0 else None
