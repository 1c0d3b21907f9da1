# SPDX-License-Identifier: Apache-2.0
"""The list of segments: doc/formats/manifest.md."""

import collections
import os
import struct
import time

from base import Broken, Cursor, need, slurp, xxh3

ADD, DROP, REPLACE, EPOCH, MARK, TRIM, DAMAGE = range(1, 8)
Listed = collections.namedtuple('Listed', 'id stream klass level epoch rows first last oldest '
                                'newest octets leaves path')


class Manifest:
    def __init__(self, state):
        self.path = os.path.join(state, 'manifest')
        self.octets = slurp(self.path)
        self.segments = {}
        self.epochs, self.lost = [], [0, 0, 0]
        self.marks = {}
        self.trim = 0
        self.bad = []               # (offset, why) of octets that are no record
        self.damaged = False
        self.head()
        self.records()

    def head(self):
        c = Cursor(self.octets)
        need(c.take(8) == b'TBMANIF1', 'not a manifest')
        version, must, _ = c.number('H'), c.number('H'), c.u32()
        self.store_id, self.generation = c.take(16), c.u64()
        need(not any(c.take(16)), 'reserved octets of the head are not zero')
        need(xxh3(self.octets[:56]) == c.u64(), 'the checksum of the head does not hold')
        need(version == 1 and must <= 1, 'version %d, flags %x', version, must)

    def records(self):
        at, broken = 64, None
        while at < len(self.octets):
            try:
                c = Cursor(self.octets, at)
                need(c.take(4) == b'TBMR', 'not the magic of a record')
                kind, n, _, check = c.u32(), c.u32(), c.u32(), c.u64()
                payload = c.take(n)
                seed = xxh3(self.octets[at:at + 16])
                need(xxh3(payload, seed) == check, 'the checksum does not hold')
            except (Broken, struct.error) as e:
                broken = broken or (at, str(e))
                at += 8
                continue
            if broken:
                self.bad.append(broken)
                broken = None
            try:
                self.take(kind, Cursor(payload))
            except Broken as e:
                self.bad.append((at, str(e)))
            at += (24 + n + 7) // 8 * 8
        if broken:
            self.bad.append(broken)

    def take(self, kind, c):
        if kind == ADD:
            self.add(self.segment(c))
        elif kind in (DROP, REPLACE):
            for _ in range(c.varint()):
                self.segments.pop(c.u64(), None)
            if kind == REPLACE:
                new = self.segment(c)
                self.segments[new.id] = new
        elif kind == EPOCH:
            epoch, begun, lost = c.u32(), c.i64(), [c.u64() for _ in range(3)]
            self.epochs.append((epoch, begun, lost, c.bytes()))
            self.lost = [a + b for a, b in zip(self.lost, lost)]
        elif kind == MARK:
            stream, klass = c.u8(), c.u8()
            self.marks[stream, klass] = [c.u64(), c.u64()]
        elif kind == TRIM:
            self.trim = c.u64()
        elif kind == DAMAGE:
            self.damaged = True
        else:
            raise Broken('a record of type %d' % kind)
        c.end()

    def add(self, new):
        if new.id not in self.segments:
            mark = self.marks.setdefault((new.stream, new.klass), [0, 0])
            mark[0] = max(mark[0], new.last)
            mark[1] += new.rows
        self.segments[new.id] = new

    @staticmethod
    def segment(c):
        ident, stream, klass, level, zero = c.u64(), c.u8(), c.u8(), c.u8(), c.u8()
        epoch, rows, first, last = c.u32(), c.u32(), c.u64(), c.u64()
        oldest, newest, _, _ = c.i64(), c.i64(), c.i64(), c.i64()
        octets, _, leaves, at = c.u64(), c.u64(), [], 0
        for _ in range(c.varint()):
            at += c.varint()
            leaves.append(at)
        need(ident and stream <= 2 and klass <= 15 and zero == 0 and 1 <= rows <= 65536
             and first <= last, 'a segment out of range')
        day = time.strftime('%Y-%m-%d', time.gmtime(oldest // 1000000000))
        return Listed(ident, stream, klass, level, epoch, rows, first, last, oldest, newest, octets,
                      leaves, 'segment/%s/%016x' % (day, ident))
