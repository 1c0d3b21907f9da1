# SPDX-License-Identifier: Apache-2.0
"""Changes records in a store and makes every checksum good again: what a forger would do.

Only for stores that are not encrypted. What no checksum covers but the seal is left as it is.
"""

import struct

import lz4.block
import zstandard

import journal
import record
import segment
from base import b2, put_varint, slurp, xxh3


def put(path, octets):
    with open(path, 'wb') as f:
        f.write(octets)


def segment_octets(path, old, new):
    """Puts `new` for the first `old` (of one length) in the plain chunks of a segment's file."""
    assert len(old) == len(new)
    whole = segment.Sealed(path)
    octets = whole.octets
    body, listing, done = b'', put_varint(len(whole.chunks)), False
    for i, chunk in enumerate(whole.chunks):
        plain, lies = whole.plain[i], octets[chunk.at:chunk.at + chunk.stored]
        if not done and old in plain:
            done = True
            plain = plain.replace(old, new, 1)
            lies = zstandard.ZstdCompressor().compress(plain) if chunk.codec else plain
        body += lies
        listing += put_varint(len(lies)) + put_varint(len(plain)) + bytes([chunk.codec])
        listing += struct.pack('<Q', xxh3(lies))
    rest = whole.directory[whole.listed:]
    if not done:
        assert old in rest, 'nothing to change'
        rest = rest.replace(old, new, 1)
    directory = listing + rest
    head = octets[:segment.HEAD]
    tail = struct.pack('<QIIB7xQ16x', len(head) + len(body), len(directory), len(directory), 0,
                       xxh3(directory))
    put(path, head + body + directory + tail + struct.pack('<Q', xxh3(tail + head)) + b'TBSEGEND')


def journal_octets(path, old, new):
    """The same in the frames of a journal's file; the chain is made good again too."""
    assert len(old) == len(new)
    j = journal.Journal(path)
    out, chain, done = j.octets[:journal.FIRST], j.before, False
    shapes, sources = {}, {}
    for frame in j.all:
        payload = frame.payload
        if not done and old in payload:
            done = True
            payload = payload.replace(old, new, 1)
        digest = b2(payload)
        if frame.type == journal.SHAPE:
            shapes[frame.id] = record.parse_shape(payload)
        elif frame.type == journal.SOURCE:
            sources[frame.id] = record.parse_source(payload)
        elif frame.type == journal.ROWS:
            rows = record.parse_batch(payload[48:], shapes, sources, j.epoch, frame.id)
            digest = record.frame_digest(payload[:32], rows)[0]
        chain = b2(b'\x02', chain, bytes([frame.type]), digest)
        lies = lz4.block.compress(payload, store_size=False) if frame.codec else payload
        head = bytearray(j.octets[frame.at:frame.at + 72])
        head[8:12] = struct.pack('<I', len(lies))
        head[40:72] = chain
        whole = bytes(head) + struct.pack('<Q', xxh3(lies, xxh3(head))) + lies
        out += whole + bytes(-len(whole) % 8)
    assert done, 'nothing to change'
    put(path, out)


def flip(path, at, bit=1):
    octets = bytearray(slurp(path))
    octets[at] ^= bit
    put(path, bytes(octets))


def cut(path, n):
    put(path, slurp(path)[:-n])
