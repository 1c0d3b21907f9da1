# SPDX-License-Identifier: Apache-2.0
"""A second verifier of a desk's store, written from doc/formats/seal.md section 6 alone.

    verify.py STATE [--key FILE] [--against FILE]...

Prints each broken rule with file and sequence numbers. Exit 0: whole, 1: something is broken,
2: usage, 3: cannot look. --against: a signed checkpoint, or a text that holds anchor lines.
"""

import argparse
import datetime
import os
import sys

import record
import seal
from base import Broken, STREAMS, slurp
from store import Store, fault

STEP_BACK = 2000000000
DAY = 86400 * 1000000000
LATE_KEY = 64


class Verifier:
    def __init__(self, state, key=None, anchors=()):
        self.state, self.key, self.anchors = state, key, anchors
        self.store = Store(state)
        self.bad, self.notes = list(self.store.bad), list(self.store.notes)
        self.note, self.entries, self.hashes = None, [], []

    def say(self, rule, file, text, *more):
        self.bad.append(fault(rule, file, text, *more))

    def run(self):
        self.checkpoint()
        if self.note is not None:
            self.tree()
            self.order()
            self.heartbeats()
            self.keys()
            self.rows()
            self.drops()
            self.chain()
            self.against()
        return self.bad

    # ---- rules 1 to 5 ----

    def checkpoint(self):
        try:
            text = slurp(self.key or os.path.join(self.state, 'key', 'seal.vkey')).decode()
            self.trusted = seal.parse_vkey(text)
            self.note = seal.parse_note(slurp(os.path.join(self.state, 'seal', 'checkpoint')))
        except (Broken, OSError, UnicodeDecodeError) as e:
            self.say(1, 'seal/checkpoint', e)

    def keys(self):
        """The newest key: the trusted one, replaced by each KEY leaf behind it."""
        key = None if self.key is None else self.trusted
        before = None               # the key before the last KEY leaf, and that leaf
        for e in self.of(seal.KEY):
            try:
                old, new = (seal.parse_vkey(e.body[name].decode()) for name in ('old', 'new'))
            except Broken as e2:
                self.say(2, 'seal', 'entry %d: %s' % (e.index, e2))
                continue
            if key is not None and old.text != key.text:
                self.say(2, 'seal', 'entry %d replaces a key that was not the newest' % e.index)
            if not seal.ed25519(old.key, seal.key_text(e.body), e.body['signature']):
                self.say(2, 'seal', 'entry %d: the signature of a KEY does not hold' % e.index)
            before, key = (old, e.index), new
        key = key or self.trusted
        if self.key is None and key.text != self.trusted.text and not (
                before and before[0].text == self.trusted.text):
            self.say(1, 'seal/checkpoint', 'key/seal.vkey is not the newest key')
        if self.note.origin != self.trusted.name:
            self.say(1, 'seal/checkpoint', 'another origin: ' + self.note.origin)
        late = before is not None and before[1] >= self.note.size - LATE_KEY
        if not (seal.signed_by(self.note, key)
                or late and seal.signed_by(self.note, before[0])):
            self.say(1, 'seal/checkpoint', 'no signature of the newest key holds')

    def tree(self):
        hashes = self.tile_hashes()
        for n, width, path in seal.bundle_files(self.note.size):
            name = 'seal/' + path
            try:
                found = seal.parse_bundle(slurp(os.path.join(self.state, name)), width)
            except (Broken, OSError) as e:
                self.say(3, name, e)
                found = [None] * width
            for i, octets in enumerate(found):
                self.entry(256 * n + i, octets, hashes, name)
        self.roots = seal.all_roots(self.hashes)
        if self.roots[-1] != self.note.root:
            self.say(3, 'seal/checkpoint', 'the root of the entries is not the one signed')
        levels = seal.tile_hashes(self.hashes)
        for level, n, width, path in seal.tile_files(self.note.size):
            name = 'seal/' + path
            want = levels[level][256 * n:256 * n + width]
            try:
                if slurp(os.path.join(self.state, name)) != b''.join(want):
                    self.say(4, name, 'not the hashes that follow from the entries')
            except OSError as e:
                self.say(4, name, e.strerror)

    def tile_hashes(self):
        """The leaf hashes that the lowest tiles give, if these lead to the signed root."""
        try:
            octets = b''.join(slurp(os.path.join(self.state, 'seal', path))
                              for level, _, _, path in seal.tile_files(self.note.size)
                              if level == 0)
        except OSError:
            return None
        hashes = [octets[i:i + 32] for i in range(0, len(octets), 32)]
        good = len(hashes) == self.note.size and seal.all_roots(hashes)[-1] == self.note.root
        return hashes if good else None

    def entry(self, index, octets, hashes, name):
        """Takes one entry; the tiles help to tell which one it is that is not as it was."""
        mine = seal.leaf_hash(octets or b'')
        entry = None
        if octets is not None and hashes is not None and mine != hashes[index]:
            self.say(3, name, 'entry %d is not the one that was sealed' % index)
        elif octets is not None:
            try:
                entry = seal.parse_entry(octets, index)
            except Broken as e:
                self.say(5, name, 'entry %d: %s' % (index, e))
        self.entries.append(entry)
        self.hashes.append(mine if hashes is None else hashes[index])

    # ---- rules 6 to 10 ----

    def of(self, kind):
        return [e for e in self.entries if e is not None and e.type == kind]

    def order(self):
        before = None
        for i, e in enumerate(self.entries):
            if e is None:
                before = None
                continue
            if i == 0 and e.type != seal.EPOCH:
                self.say(6, 'seal', 'the first entry is no EPOCH')
            if before is not None:
                if e.epoch != before.epoch and not (e.type == seal.EPOCH
                                                    and e.epoch > before.epoch):
                    self.say(6, 'seal', 'entry %d is of epoch %d after %d' % (i, e.epoch,
                                                                              before.epoch))
                if e.time < before.time - STEP_BACK:
                    self.say(8, 'seal', 'entry %d goes back in time' % i)
            if e.type == seal.EPOCH:
                size = e.body['size']
                if size <= i and self.roots[size] != e.body['root']:
                    self.say(7, 'seal', 'entry %d names another root of %d entries' % (i, size))
                elif size > i:
                    self.notes.append('entry %d: %d entries were put back' % (i, size - i))
            before = e

    def heartbeats(self):
        """Gaplessness between heartbeats, and how many rows were ever received."""
        last, rows, leaves, lost = [0] * 3, [0] * 3, [], False
        since = None
        for e in self.entries:
            if e is None:
                lost = True         # a broken entry was told already
                continue
            if e.type == seal.ROWS:
                leaves.append(e)
            elif e.type == seal.EPOCH and e.index:
                lost = True
            elif e.type == seal.HEARTBEAT:
                for stream in range(3):
                    mine = [leaf for leaf in leaves if leaf.stream == stream]
                    gap = self.gap(mine, last[stream], e.body['last'][stream])
                    grown = e.body['rows'][stream] - rows[stream]
                    if not gap and grown != sum(leaf.body['rows'] for leaf in mine):
                        gap = (last[stream] + 1, e.body['last'][stream])
                    if gap and not lost:
                        self.say(9, 'seal', 'entry %d: numbers are missing or double%s' % (
                            e.index, since_text(since)), None, stream, *gap)
                last, rows = e.body['last'], e.body['rows']
                leaves, lost, since = [], False, e.time
        for stream in range(3):
            mine = [leaf for leaf in leaves if leaf.stream == stream]
            if mine and not lost:
                gap = self.gap(mine, last[stream], max(leaf.body['last'] for leaf in mine))
                if gap:
                    self.say(10, 'seal', 'numbers do not follow on', None, stream, *gap)

    @staticmethod
    def gap(leaves, after, upto):
        """None, or which numbers cannot be right. Leaves of several classes share the numbers."""
        if upto < after:
            return upto, after
        rows = sum(leaf.body['rows'] for leaf in leaves)
        bounds = [leaf.body[name] for leaf in leaves for name in ('first', 'last')]
        whole = (not bounds and upto == after) or (
            bounds and min(bounds) == after + 1 and max(bounds) == upto)
        if rows == upto - after and whole:
            return None
        return after + 1, max([upto] + bounds)

    # ---- rules 11 to 13 ----

    def rows(self):
        dropped = {i for e in self.of(seal.DROP) for i in e.body['leaves']}
        # A segment may be there before the checkpoint that has its leaf.
        pending = {f.index for f in self.store.leaf_frames}
        where = {}
        for sealed in self.store.segments.values():
            for leaf in sealed.leaves:
                where.setdefault(leaf.index, []).append((sealed, leaf))
                if leaf.index >= len(self.entries) and leaf.index not in pending:
                    self.say(12, os.path.relpath(sealed.path, self.state),
                             'leaf %d is in no signed tree' % leaf.index)
        self.seen = {}
        for e in self.of(seal.ROWS):
            found = where.get(e.index, [])
            names = ' and '.join(os.path.relpath(s.path, self.state) for s, _ in found)
            span = (None, e.stream, e.body['first'], e.body['last'])
            if len(found) > 1:
                self.say(11, names, 'leaf %d is in two segments' % e.index, *span)
            for sealed, leaf in found:
                frames = [(leaf.seed, rows) for rows in sealed.frames_of(leaf)]
                self.leaf(e, names, frames)
            self.in_journal(e, e.index in dropped or found or self.named(e) != 'seal')

    def in_journal(self, e, elsewhere):
        """Rows that the journal has must be those too that a segment has already."""
        frames = [f for f in self.store.row_frames
                  if f.rows[0].stream == e.stream and f.rows[0].klass == e.klass
                  and e.body['first'] <= f.rows[0].seq <= e.body['last']]
        whole = sum(len(f.rows) for f in frames) == e.body['rows']
        if not elsewhere and not frames:
            self.say(11, 'journal', 'the rows of leaf %d are nowhere' % e.index, None, e.stream,
                     e.body['first'], e.body['last'])
        if not frames or elsewhere and not whole:
            return
        self.leaf(e, ' and '.join(sorted({f.file for f in frames})),
                  [(f.seed, f.rows) for f in frames])

    def named(self, e):
        """The file in which the manifest says that a leaf's rows are."""
        listed = self.store.manifest.segments.values() if self.store.manifest else ()
        for want in listed:
            if e.index in want.leaves:
                return want.path + '.seg'
        return 'seal'

    def leaf(self, e, file, frames):
        """Are these the rows that an entry of type ROWS committed to?"""
        body = e.body
        rows = [row for _, mine in frames for row in mine]
        wrong = []
        for what, want, got in (
                ('stream', {e.stream}, {r.stream for r in rows}),
                ('class', {e.klass}, {r.klass for r in rows}),
                ('epoch', {e.epoch}, {r.epoch for r in rows}),
                ('number of rows', body['rows'], len(rows)),
                ('number of frames', body['frames'], len(frames)),
                ('first number', body['first'], rows[0].seq),
                ('last number', body['last'], rows[-1].seq)):
            if want != got:
                wrong.append('%s %s instead of %s' % (what, got, want))
        frame_digests, digests = [], []
        for seed, mine in frames:
            digest, of_rows = record.frame_digest(seed, mine)
            frame_digests.append(digest)
            digests += of_rows
        first, last = body['first'], body['last']
        locator = record.locator(digests)
        if record.tree16(frame_digests) != body['root'] or locator != body['locator']:
            wrong.append('the rows are not those that were sealed')
            at = record.changed_row(body['locator'], locator)
            if at is not None and at < len(rows) and len(rows) == body['rows']:
                first = last = rows[at].seq
        if wrong:
            self.say(12, file, 'leaf %d: %s' % (e.index, '; '.join(wrong)), None, e.stream, first,
                     last)

    def drops(self):
        gone = set()
        for e in self.of(seal.DROP):
            rows = 0
            for i in e.body['leaves']:
                leaf = self.entries[i] if i < e.index else None
                if leaf is None or (leaf.type, leaf.stream, leaf.klass) != (
                        seal.ROWS, e.stream, e.klass) or i in gone:
                    self.say(13, 'seal', 'entry %d drops %d, which cannot be' % (e.index, i))
                    continue
                gone.add(i)
                rows += leaf.body['rows']
            if rows != e.body['rows']:
                self.say(13, 'seal', 'entry %d drops %d rows, its leaves have %d' %
                         (e.index, e.body['rows'], rows))
            days = [p.body['days'] for p in self.of(seal.POLICY)
                    if p.klass == e.klass and p.index < e.index]
            if e.body['reason'] == 1 and (not days or not days[-1] or
                                          e.body['newest'] + days[-1] * DAY > e.time):
                self.say(13, 'seal', 'entry %d drops rows before their time' % e.index)
            if e.body['reason'] > 1:
                self.notes.append('entry %d: %d rows dropped, reason %d' % (
                    e.index, rows, e.body['reason']))

    # ---- rules 15 and 16 ----

    def chain(self):
        """The last heartbeat is in the journal, behind the frame whose chain value it names."""
        beats = self.of(seal.HEARTBEAT)
        if not beats or not self.store.journals or any(f.rule == 15 and 'begins' in f.text
                                                       for f in self.bad):
            return
        first = min((f.index for f in self.store.leaf_frames), default=None)
        if first is not None and first > beats[-1].index:
            return                  # the file that had it was removed
        known = {c for j in self.store.journals for c in j.chains + [j.before]}
        if beats[-1].body['chain'] not in known:
            self.say(15, 'journal', 'the last heartbeat names no frame of the journal')
        elif beats[-1].index not in {f.index for f in self.store.leaf_frames} and first is not None:
            self.say(15, 'journal', 'the journal ends before the last heartbeat')

    def against(self):
        for origin, size, root in self.anchors:
            if origin != self.note.origin:
                self.say(16, 'seal/checkpoint', 'the anchor is of another desk: ' + origin)
            elif size > self.note.size:
                self.say(16, 'seal/checkpoint', 'rolled back: %d entries, the anchor has %d' %
                         (self.note.size, size))
            elif self.roots[size] != root:
                self.say(16, 'seal/checkpoint', 'the first %d entries are not the anchor\'s' % size)


def since_text(ns):
    if ns is None:
        return ''
    when = datetime.datetime.fromtimestamp(ns / 1e9, datetime.timezone.utc)
    return ', since %s' % when.strftime('%Y-%m-%dT%H:%M:%SZ')


def line(f):
    text = 'rule %d: %s%s: %s' % (f.rule, f.file, '' if f.at is None else ' at %d' % f.at, f.text)
    if f.stream is not None:
        text += '; %s %d to %d' % (STREAMS[f.stream], f.first, f.last)
    return text


def main(args):
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument('state')
    p.add_argument('--key')
    p.add_argument('--against', action='append', default=[])
    given = p.parse_args(args)
    try:
        anchors = [a for path in given.against for a in seal.parse_anchors(slurp(path))]
        verifier = Verifier(given.state, given.key, anchors)
        bad = verifier.run()
    except (OSError, Broken) as e:
        sys.stderr.write('cannot look: %s\n' % e)
        return 3
    for f in bad:
        print(line(f))
    for note in verifier.notes:
        print('note: ' + note)
    print('broken rules: %d' % len(bad) if bad else 'whole')
    return 1 if bad else 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
