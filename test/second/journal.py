# SPDX-License-Identifier: Apache-2.0
"""Journal files: doc/formats/journal.md."""

import collections
import os
import re
import struct

import record
from base import Broken, Cursor, b2, key_id, need, nonce_of, slurp, unlz4, unseal, xxh3

SHAPE, SOURCE, ROWS, LEAF, END = 1, 2, 3, 4, 5
HEAD = 80
FIRST = 192
NAME = re.compile(r'[0-9a-f]{16}\.tbj')

Frame = collections.namedtuple(
    'Frame', 'at type codec stream klass stored plain id rows number group segment chain payload')
RowFrame = collections.namedtuple('RowFrame', 'file at number seed segment rows digest digests')
LeafFrame = collections.namedtuple('LeafFrame', 'file at number index seed flags segment entry')


class Journal:
    """One file. Octets that are no frame are stepped over: `bad` says where and why.

    torn: the last of these has nothing behind it that was written later.
    """

    def __init__(self, path, key=None):
        self.path = path
        self.octets = slurp(path)
        self.all, self.rows, self.leaves, self.chains = [], [], [], []
        self.shapes, self.sources = {}, {}
        self.ended = False
        self.bad, self.torn = [], False
        self.head(key)
        self.chain = self.before
        self.frames()

    def head(self, key):
        c = Cursor(self.octets)
        need(len(self.octets) >= FIRST, 'journal file of %d octets', len(self.octets))
        need(xxh3(self.octets[:120]) == struct.unpack_from('<Q', self.octets, 120)[0],
             'the checksum of the header does not hold')
        need(c.take(8) == b'TBJRNL01', 'not a journal file')
        version, must, _ = c.number('H'), c.number('H'), c.u32()
        need(version == 1 and must <= 1, 'version %d, flags %x', version, must)
        self.number, self.epoch, zero = c.u64(), c.u32(), c.u32()
        self.store_id, self.before, self.key_id = c.take(16), c.take(32), c.take(8)
        need(zero == 0 and not any(c.take(32)), 'reserved octets of the header are not zero')
        need('%016x.tbj' % self.number == os.path.basename(self.path),
             'the header says number %d', self.number)
        self.data_key = None
        if must & 1:
            need(key is not None, 'encrypted, and no store key is there')
            need(key_id(key) == self.key_id, 'encrypted with another store key')
            self.data_key = unseal(key, self.octets[128:140], self.octets[140:188],
                                   self.octets[:80])
            need(not any(self.octets[188:FIRST]), 'octets before the frames are not zero')
        else:
            need(not any(self.octets[80:88]) and not any(self.octets[128:FIRST]),
                 'a key in a file that is not encrypted')

    def frames(self):
        at, self.next = FIRST, 0
        while at < len(self.octets) and not self.ended:
            if self.octets[at] == 0 and not self.octets[at:].strip(b'\0'):
                return
            try:
                frame = self.frame(at)
                self.take(frame)
            except Broken as e:
                self.bad.append((at, str(e)))
                frame = self.behind(at)
                if frame is None:
                    self.torn = True
                    return
                at, self.next = frame.at, frame.number
                self.chain = None       # cannot be told for this one
                continue
            at += (HEAD + frame.stored + 7) // 8 * 8
        if self.octets[at:].strip(b'\0'):
            self.bad.append((at, 'octets follow the end'))

    def behind(self, at):
        """The next frame of a later write behind octets that are none, or None."""
        while True:
            at = self.octets.find(b'TBJF', at + 1)
            if at < 0:
                return None
            try:
                frame = self.frame(at, None)
            except Broken:
                continue
            if at % 8 == 0 and (frame.group > self.next or frame.number > self.next and self.all
                                and frame.group == self.all[-1].group):
                return frame

    def frame(self, at, expected=True):
        c = Cursor(self.octets, at)
        need(c.take(4) == b'TBJF', 'not the magic of a frame')
        kind, codec, stream, klass = c.u8(), c.u8(), c.u8(), c.u8()
        stored, plain, ident, rows, number = c.u32(), c.u32(), c.u64(), c.u32(), c.u32()
        group, segment, chain, check = c.u32(), c.u32(), c.take(32), c.u64()
        need(1 <= kind <= 5 and codec <= 1 and stream <= 2 and klass <= 15, 'head out of range')
        lies = c.take(stored)
        need(not any(self.octets[c.at:(c.at + 7) // 8 * 8]), 'octets between frames')
        need(xxh3(lies, xxh3(self.octets[at:at + 72])) == check, 'the checksum does not hold')
        need(not expected or number == self.next, 'frame %d, %d expected', number, self.next)
        if self.data_key is not None:
            lies = unseal(self.data_key, nonce_of(number), lies, self.octets[at:at + 40])
        payload = unlz4(lies, plain) if codec else lies
        need(len(payload) == plain, '%d octets instead of %d', len(payload), plain)
        return Frame(at, kind, codec, stream, klass, stored, plain, ident, rows, number, group,
                     segment, chain, payload)

    def take(self, frame):
        c = Cursor(frame.payload)
        name = 'journal/' + os.path.basename(self.path)
        digest = b2(frame.payload)
        if frame.type == SHAPE:
            need(self.bad or frame.id == len(self.shapes), 'shape %d out of order', frame.id)
            self.shapes[frame.id] = record.parse_shape(frame.payload)
        elif frame.type == SOURCE:
            need(self.bad or frame.id == len(self.sources), 'source %d out of order', frame.id)
            self.sources[frame.id] = record.parse_source(frame.payload)
        elif frame.type == ROWS:
            seed, _, _ = c.take(32), c.u64(), c.u64()
            rows = record.parse_batch(frame.payload[c.at:], self.shapes, self.sources,
                                      self.epoch, frame.id)
            need(len(rows) == frame.rows and rows[0].stream == frame.stream
                 and rows[0].klass == frame.klass, 'the head says other rows than the batch')
            digest, digests = record.frame_digest(seed, rows)
            self.rows.append(RowFrame(name, frame.at, frame.number, seed, frame.segment, rows,
                                      digest, digests))
        elif frame.type == LEAF:
            seed, flags, segment = c.take(32), c.u8(), c.u64()
            self.leaves.append(LeafFrame(name, frame.at, frame.number, frame.id, seed, flags,
                                         segment, frame.payload[c.at:]))
        else:
            need(frame.plain == 0, 'END with a payload')
            self.ended = True
        if self.chain is not None:
            chain = b2(b'\x02', self.chain, bytes([frame.type]), digest)
            need(chain == frame.chain, 'the chain does not hold')
        self.chain = frame.chain
        self.chains.append(frame.chain)
        self.next += 1
        self.all.append(frame)


def paths(state):
    folder = os.path.join(state, 'journal')
    if not os.path.isdir(folder):
        return []
    return [os.path.join(folder, n) for n in sorted(os.listdir(folder)) if NAME.fullmatch(n)]
