# SPDX-License-Identifier: Apache-2.0
"""Segments: doc/formats/segment.md. The sealed part whole; of the derived part the container."""

import collections
import struct

import column
import record
from base import Broken, Cursor, key_id, need, nonce_of, slurp, unseal, unzstd, xxh3

HEAD, TAIL = 192, 64
DIRECTORY = 1 << 32
Leaf = collections.namedtuple('Leaf', 'index seed frames')      # frames: (first seq, rows)
Chunk = collections.namedtuple('Chunk', 'at stored plain codec check')


class Container:
    """Header, chunks, directory and trailer of either part."""

    magic = b'TBIDX001'

    def __init__(self, path, key=None):
        self.path = path
        self.octets = slurp(path)
        self.chunks, self.plain = [], {}
        self.head(key)
        self.tail()
        self.listing(Cursor(self.directory))

    def head(self, key):
        need(len(self.octets) >= HEAD + TAIL, 'a file of %d octets', len(self.octets))
        c = Cursor(self.octets)
        need(c.take(8) == self.magic, 'not the magic of a segment')
        need(xxh3(self.octets[:184]) == struct.unpack_from('<Q', self.octets, 184)[0],
             'the checksum of the header does not hold')
        version, must, _ = c.number('H'), c.number('H'), c.u32()
        need(version == 1 and must <= 1, 'version %d, flags %x', version, must)
        self.stream, self.klass, self.decoder = c.u8(), c.u8(), c.number('H')
        self.epoch, self.id, self.store_id = c.u32(), c.u64(), c.take(16)
        ident, nonce, wrapped = c.take(8), c.take(12), c.take(48)
        need(not any(self.octets[116:184]), 'reserved octets of the header are not zero')
        self.data_key = None
        if must & 1:
            need(key is not None, 'encrypted, and no store key is there')
            need(key_id(key) == ident, 'encrypted with another store key')
            self.data_key = unseal(key, nonce, wrapped, self.octets[:56])
        else:
            need(not any(ident + nonce + wrapped), 'a key in a file that is not encrypted')

    def tail(self):
        tail = self.octets[-TAIL:]
        c = Cursor(tail)
        at, stored, plain, codec = c.u64(), c.u32(), c.u32(), c.u8()
        zero, check, zeros, whole, magic = c.take(7), c.u64(), c.take(16), c.u64(), c.take(8)
        need(magic == b'TBSEGEND', 'no trailer at the end')
        need(xxh3(tail[:48] + self.octets[:HEAD]) == whole,
             'the checksum of trailer and header does not hold')
        need(not any(zero + zeros), 'reserved octets of the trailer are not zero')
        need(at >= HEAD and at + stored + TAIL == len(self.octets),
             'the directory is not before the trailer')
        self.directory_at = at
        self.directory = self.open(Chunk(at, stored, plain, codec, check), DIRECTORY)

    def open(self, chunk, number):
        """The plain octets of one chunk."""
        lies = self.octets[chunk.at:chunk.at + chunk.stored]
        what = 'directory' if number == DIRECTORY else 'chunk %d' % number
        need(xxh3(lies) == chunk.check, 'the checksum of %s at %d does not hold', what, chunk.at)
        need(chunk.codec <= 1, '%s has codec %d', what, chunk.codec)
        if self.data_key is not None:
            lies = unseal(self.data_key, nonce_of(number), lies, self.octets[16:32])
        plain = unzstd(lies, chunk.plain) if chunk.codec else lies
        need(len(plain) == chunk.plain, '%s has %d octets', what, len(plain))
        return plain

    def listing(self, c):
        """The list of chunks that both directories begin with; opens every one."""
        at = HEAD
        for i in range(c.varint()):
            chunk = Chunk(at, c.varint(), c.varint(), c.u8(), c.u64())
            at += chunk.stored
            need(at <= self.directory_at, 'chunk %d does not lie before the directory', i)
            self.chunks.append(chunk)
            self.plain[i] = self.open(chunk, i)
        need(at == self.directory_at, 'octets between chunks and directory')
        self.listed = c.at
        self.rest(c)

    def rest(self, c):
        pass

    def ref(self, c):
        """A stream reference: the octets that it names."""
        n = c.varint()
        if n & 1:
            return c.take(n >> 1)
        chunk, at = c.varint(), c.varint()
        need(chunk in self.plain, 'a reference to chunk %d', chunk)
        need(at + (n >> 1) <= len(self.plain[chunk]), 'a reference beyond the end of a chunk')
        return self.plain[chunk][at:at + (n >> 1)]


class Sealed(Container):
    """The sealed part: the rows and what the seal needs."""

    magic = b'TBSEG001'

    def rest(self, c):
        self.nrow = c.varint()
        self.oldest, self.newest = c.i64(), c.i64()
        self.end, self.leaves = 0, []
        for _ in range(c.varint()):
            self.leaves.append(self.leaf(c))
        nshape = c.varint()
        texts = Cursor(self.ref(c))
        self.shapes = [record.parse_shape(texts.bytes()) for _ in range(nshape)]
        texts.end()
        nsource = c.varint()
        texts = Cursor(self.ref(c))
        self.sources = [record.parse_source(texts.bytes()) for _ in range(nsource)]
        texts.end()
        self.vectors = [column.vector(self, Cursor(c.bytes()), self.nrow) for _ in range(4)]
        columns = column.Columns(self, c)
        c.end()
        self.rows = self.make(columns)

    def leaf(self, c):
        index, seed, frames = c.varint(), c.take(32), []
        for _ in range(c.varint()):
            frames.append((self.end + c.varint(), c.varint()))
            self.end = sum(frames[-1])
        return Leaf(index, seed, frames)

    def make(self, columns):
        numbers = [seq + i for leaf in self.leaves for seq, n in leaf.frames for i in range(n)]
        need(len(numbers) == self.nrow, '%d rows in frames of %d rows', self.nrow, len(numbers))
        rows = []
        for i, seq in enumerate(numbers):
            at_shape, at_source, flags, recv = (v[i] for v in self.vectors)
            need(at_shape < len(self.shapes) and at_source < len(self.sources), 'row %d', i)
            record.check_flags(flags)
            shape, source = self.shapes[at_shape], self.sources[at_source]
            need(source.klass == self.klass, 'row %d is of class %d', i, source.klass)
            values = columns.row(shape, source)
            rows.append(record.Row(self.stream, self.klass, self.epoch, seq, flags, recv, source,
                                   record.join(shape, values)))
        columns.end()
        return rows

    def frames_of(self, leaf):
        """The rows of each frame of one of its leaves."""
        at = 0
        for other in self.leaves:
            for _, n in other.frames:
                if other is leaf:
                    yield self.rows[at:at + n]
                at += n


class Derived(Container):
    """The derived part. Only the container is read: the rest can be made again."""
