# SPDX-License-Identifier: Apache-2.0
"""A second reader of a desk's store, written from doc/formats/ alone.

    store.py STATE              each record's name, class, flags, receive time, host and octets

As a module: Store(STATE).rows() gives record.Row for every row, in the order of numbers. What
cannot be read is left out and told in Store.bad as Fault(rule of seal.md section 6, file, offset,
text, stream, first, last).
"""

import collections
import os
import sys

import journal
import segment
from base import Broken, STREAMS, load_store_key
from manifest import Manifest

Fault = collections.namedtuple('Fault', 'rule file at text stream first last')


def fault(rule, file, text, at=None, stream=None, first=None, last=None):
    return Fault(rule, file, at, str(text), stream, first, last)


class Store:
    def __init__(self, state):
        self.state = state
        self.bad, self.notes = [], []
        self.key = load_store_key(state)
        self.journals, self.row_frames, self.leaf_frames = [], [], []
        self.segments = {}          # id -> Sealed
        self.manifest = None
        self.read_manifest()
        self.read_segments()
        self.read_journals()

    def read_manifest(self):
        try:
            self.manifest = Manifest(self.state)
        except (Broken, OSError) as e:
            self.bad.append(fault(14, 'manifest', e))
            return
        for at, why in self.manifest.bad:
            self.bad.append(fault(14, 'manifest', why, at))

    # ---- segments ----

    def read_segments(self):
        listed = self.manifest.segments.values() if self.manifest else ()
        names = set()
        for want in listed:
            for ending, read in (('.seg', segment.Sealed), ('.idx', segment.Derived)):
                name = want.path + ending
                names.add(name)
                try:
                    self.match(want, read(self.file_of(name), self.key))
                except OSError:
                    self.bad.append(fault(14, name, 'the file is missing', None, want.stream,
                                          want.first, want.last))
                except Broken as e:
                    self.bad.append(fault(14, name, e, None, want.stream, want.first, want.last))
        for name in self.segment_files():
            if name not in names:
                self.notes.append('%s: a file that the manifest does not name' % name)

    def file_of(self, name):
        """In the store's own folder, else in the cold one (segment.md section 11)."""
        own = os.path.join(self.state, name)
        cold = os.path.join(self.state, 'cold', name)
        return cold if not os.path.exists(own) and os.path.exists(cold) else own

    def segment_files(self):
        for top in (self.state, os.path.join(self.state, 'cold')):
            for folder, _, files in os.walk(os.path.join(top, 'segment')):
                for name in files:
                    yield os.path.relpath(os.path.join(folder, name), top)

    def match(self, want, got):
        """What the manifest says of a segment is what its file says."""
        if (got.id, got.stream, got.klass, got.store_id) != (
                want.id, want.stream, want.klass, self.manifest.store_id):
            raise Broken('another segment: %d of stream %d, class %d' %
                         (got.id, got.stream, got.klass))
        if isinstance(got, segment.Sealed):
            numbers = [row.seq for row in got.rows]
            if (got.nrow, numbers[0], numbers[-1], [leaf.index for leaf in got.leaves]) != (
                    want.rows, want.first, want.last, want.leaves):
                raise Broken('not the rows that the manifest names')
            self.segments[got.id] = got

    # ---- journal ----

    def read_journals(self):
        trim = self.manifest.trim if self.manifest else 0
        for path in journal.paths(self.state):
            name = 'journal/' + os.path.basename(path)
            try:
                j = journal.Journal(path, self.key)
            except (Broken, OSError) as e:
                self.bad.append(fault(15, name, e, 0))
                continue
            if j.number >= trim:
                self.journals.append(j)
        first = max(trim, 1)
        if not self.journals or self.journals[0].number != first:
            self.bad.append(fault(15, 'journal/%016x.tbj' % first, 'the journal begins with it'))
        for j, after in zip(self.journals, self.journals[1:] + [None]):
            self.join(j, after if after and after.epoch == j.epoch else None)
        self.numbers()

    def join(self, j, after):
        """Which frames of a file count, and whether it ends as it may (journal.md section 4)."""
        name = 'journal/' + os.path.basename(j.path)
        chains = [j.before] + j.chains
        count, bad = len(j.all), j.bad
        if after is not None:
            if after.before in chains:
                count = chains.index(after.before)
                end = j.all[count].at if count < len(j.all) else len(j.octets)
                bad = [b for b in bad if b[0] < end and not (j.torn and b is j.bad[-1])]
            else:
                bad = bad or [(len(j.octets), 'the next file does not go on from this one')]
        for at, why in bad:
            torn = ' (nothing is behind it)' if j.torn and (at, why) == j.bad[-1] else ''
            self.bad.append(fault(15, name, why + torn, at))
        kept = {frame.number for frame in j.all[:count]}
        self.row_frames += [f for f in j.rows if f.number in kept]
        self.leaf_frames += [f for f in j.leaves if f.number in kept]

    def numbers(self):
        """Numbers of rows and leaves go on from frame to frame."""
        after = {}
        for frame in self.row_frames:
            row = frame.rows[0]
            want = after.get(row.stream, row.seq)
            if row.seq != want and not self.bad:
                self.bad.append(fault(15, frame.file, 'rows %d, %d expected' % (row.seq, want),
                                      frame.at, row.stream, want, row.seq))
            after[row.stream] = frame.rows[-1].seq + 1
        want = None
        for frame in self.leaf_frames:
            if want is not None and frame.index != want and not self.bad:
                self.bad.append(fault(15, frame.file, 'leaf %d, %d expected' % (frame.index, want),
                                      frame.at))
            want = frame.index + 1

    # ---- rows ----

    def rows(self):
        """Every row once: those of segments, then those that only the journal has."""
        found = {}
        for sealed in self.segments.values():
            for row in sealed.rows:
                found[row.stream, row.seq] = row
        marks = self.manifest.marks if self.manifest else {}
        for frame in self.row_frames:
            for row in frame.rows:
                if row.seq > marks.get((row.stream, row.klass), (0, 0))[0]:
                    found.setdefault((row.stream, row.seq), row)
        return [found[name] for name in sorted(found)]


def name_of(row):
    return '%s:%d:%d' % (STREAMS[row.stream], row.epoch, row.seq)


def main(args):
    if len(args) != 1:
        sys.stderr.write(__doc__)
        return 2
    store = Store(args[0])
    for row in store.rows():
        sys.stdout.write('%s class=%d flags=%02x recv=%d host=%s %r\n' % (
            name_of(row), row.klass, row.flags, row.recv,
            row.source.host.decode('utf-8', 'replace'), row.octets))
    for what in store.bad:
        sys.stderr.write('%s: %s\n' % (what.file, what.text))
    return 1 if store.bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
