#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A second verifier of evidence packages, written from doc/formats/evidence.md.

It shares nothing with the desk's own: another language, other libraries (zipfile, tarfile,
hashlib, cryptography). Of the archive it asks only what these see; rules 3 and 4 to the octet are
the first verifier's.

    second_evidence.py PACKAGE [VKEY-OR-FINGERPRINT]
"""

import base64
import hashlib
import io
import re
import sys
import tarfile
import zipfile

import second_verifier
from second_verifier import Bad, need

PAYLOAD = ['data/export.json', 'data/records.log', 'data/records.ndjson', 'data/proofs.txt',
           'data/seal/checkpoint', 'data/seal/seal.vkey', 'data/seal/seal.pem',
           'data/seal/signed.txt', 'data/seal/signature.bin', 'data/seal/keys.txt',
           'data/seal/anchors.txt']
TAGS = ['bagit.txt', 'manifest-sha256.txt', 'manifest-blake2b512.txt', 'bag-info.txt',
        'CACH-KIEM-TRA.txt', 'BIEN-BAN-GIAO-NHAN.html']
ALL = PAYLOAD + TAGS + ['tagmanifest-sha256.txt']
RECORDS, FIELDS, PROOFS = 'data/records.log', 'data/records.ndjson', 'data/proofs.txt'
NUMBER = re.compile(r'(0|[1-9]\d{0,18})\Z')


def files_read(path):
    """TOP and the files below it."""
    with open(path, 'rb') as f:
        octets = f.read()
    if octets[257:262] == b'ustar':
        with tarfile.open(fileobj=io.BytesIO(octets)) as tar:
            members = [(m.name, tar.extractfile(m).read()) for m in tar.getmembers()]
    else:
        with zipfile.ZipFile(io.BytesIO(octets)) as z:
            members = [(m.filename, z.read(m)) for m in z.infolist()]
    top = members[0][0].split('/')[0]
    names = [name for name, _ in members]
    need(len(set(names)) == len(names), 'rule 2')
    need(all(n.startswith(top + '/') and n[len(top) + 1:] in ALL for n in names), 'rule 2')
    return {name[len(top) + 1:]: data for name, data in members}


def number(text, most=2**63 - 1):
    need(NUMBER.match(text) is not None and int(text) <= most, 'rule 12: number ' + text)
    return int(text)


def unbase(text, n=None):
    octets = base64.b64decode(text, validate=True)
    need(base64.b64encode(octets).decode() == text, 'rule 12: base64')
    need(n is None or len(octets) == n, 'rule 12: length')
    return octets


class Lines:
    """Lines with their numbers; a cursor that can be asked what the next begins with."""

    def __init__(self, text):
        need(text.endswith('\n'), 'rule 12: the last line does not end')
        self.lines, self.at = text.split('\n')[:-1], 0

    def more(self):
        return self.at < len(self.lines)

    def next_is(self, head):
        return self.more() and self.lines[self.at].startswith(head)

    def take(self, head=''):
        need(self.next_is(head), 'rule 12: line %d: %s expected' % (self.at + 1, head or 'a line'))
        self.at += 1
        return self.lines[self.at - 1][len(head):]

    def hashes(self):
        found = []
        while self.more() and len(self.lines[self.at]) == 44 and ' ' not in self.lines[self.at]:
            found.append(unbase(self.take(), 32))
        return found


class Row:
    def __init__(self, line, text, sources):
        part = text.split(' ')
        need(len(part) == 7, 'rule 12: row')
        self.line, self.seq = line, number(part[0])
        self.flags, self.recv = number(part[1], 255), number(part[2])
        source, self.length = number(part[3], 65536), number(part[4], 1048576)
        need(source < len(sources), 'rule 12: source')
        self.salt, self.digest = unbase(part[5], 16), unbase(part[6], 32)
        self.source = hashlib.blake2b(sources[source], digest_size=16).digest()
        self.leaf = None

    def computed(self, octets):
        e = self.leaf.entry
        head = self.salt + bytes([1, e['stream'], e['class'], self.flags])
        head += e['epoch'].to_bytes(4, 'little') + self.seq.to_bytes(8, 'little')
        head += self.recv.to_bytes(8, 'little') + self.source + len(octets).to_bytes(4, 'little')
        return hashlib.blake2b(head + octets, digest_size=32).digest()

    def name(self):
        return '%s:%d:%d' % (self.leaf.stream, self.leaf.entry['epoch'], self.seq)


class Leaf:
    def __init__(self, lines, stream):
        self.stream, self.line = stream, lines.at + 1
        self.index = number(lines.take('leaf '))
        self.octets = unbase(lines.take('entry '))
        self.path = lines.hashes()
        sources = []
        while lines.next_is('source '):
            sources.append(unbase(lines.take('source ')))
        self.frames, self.rows = [], []
        while lines.next_is('frame '):
            i, first, n = [number(t) for t in lines.take('frame ').split(' ')]
            rows = []
            while lines.next_is('row '):
                rows.append(Row(lines.at + 1, lines.take('row '), sources))
            self.frames.append((i, first, n, rows, lines.hashes()))
            self.rows += rows
        self.n = number(lines.take('frames '))
        self.beside = lines.hashes()
        need(lines.take() == '', 'rule 12: empty line')
        for row in self.rows:
            row.leaf = self
        try:
            self.entry = second_verifier.entry_read(self.octets)
        except Bad:
            self.entry = {'type': 0, 'stream': 0, 'class': 0, 'epoch': 0}
        self.included = False

    def root(self, digest_of):
        """The leaf root, by section 4; digest_of gives the digest of a row."""
        known = {}
        for i, first, n, rows, beside in self.frames:
            known[i] = climb(n, {r.seq - first: digest_of(r) for r in rows}, beside)
        return climb(self.n, known, self.beside)


def climb(n, known, beside):
    """Tree16 of n digests of which some are known, and those beside them."""
    given = iter(beside)
    need(1 <= n <= 65536 and known and all(0 <= k < n for k in known), 'rule 12: position')
    while True:
        up = {}
        for run in sorted({k // 16 for k in known}):
            run_of = range(run * 16, min(n, run * 16 + 16))
            try:
                parts = [known[k] if k in known else next(given) for k in run_of]
            except StopIteration as e:
                raise Bad('rule 12: too few hashes') from e
            up[run] = hashlib.blake2b(b'\3' + b''.join(parts), digest_size=32).digest()
        known, n = up, (n + 15) // 16
        if n == 1:
            break
    need(next(given, None) is None, 'rule 12: too many hashes')
    return known[0]


def consistent(old, old_root, size, root, proof):
    """RFC 9162 section 2.1.4.2"""
    need(old <= size, 'rule 21: size')
    if old in (0, size):
        need(not proof and (old == 0 or old_root == root), 'rule 21')
        return
    way = ([old_root] if old & (old - 1) == 0 else []) + proof
    need(way, 'rule 21: too short')
    fn, sn = old - 1, size - 1
    while fn & 1:
        fn >>= 1
        sn >>= 1
    fr = sr = way[0]
    for c in way[1:]:
        need(sn > 0, 'rule 21: too long')
        if fn & 1 or fn == sn:
            fr, sr = second_verifier.node_hash(c, fr), second_verifier.node_hash(c, sr)
            while not fn & 1 and fn:
                fn >>= 1
                sn >>= 1
        else:
            sr = second_verifier.node_hash(sr, c)
        fn >>= 1
        sn >>= 1
    need(sn == 0 and fr == old_root and sr == root, 'rule 21')


class Package:
    """What is found: states {record: state}, findings [(rule, file, line, record)].

    held: anchors that are held elsewhere, {size: root}.
    """

    def __init__(self, path, trusted=None, held=None):
        self.held, self.anchors = held or {}, []
        self.states, self.findings = {}, []
        self.files = files_read(path)
        self.key_ok = self.note_ok = False
        self.at, self.line, self.proven = 0, 1, []
        self.bag()
        if not self.key(trusted):
            return
        self.seal()
        self.anchors_judge()
        self.leaves()

    def say(self, rule, name, line=0, record=''):
        self.findings.append((rule, name, line, record))

    # ---- rules 5 to 9 ----

    def bag(self):
        for name in ALL:
            if name not in self.files:
                self.say(5, name)
        for manifest, names, make in (
                ('manifest-sha256.txt', PAYLOAD, hashlib.sha256),
                ('manifest-blake2b512.txt', PAYLOAD, hashlib.blake2b),
                ('tagmanifest-sha256.txt', TAGS, hashlib.sha256)):
            said = dict(reversed(line.split('  ', 1)) for line in
                        self.files.get(manifest, b'').decode().splitlines() if '  ' in line)
            for name in names:
                if name in self.files and said.get(name) != make(self.files[name]).hexdigest():
                    self.say(6, name if name in said else manifest)

    def key(self, trusted):
        try:
            text = self.files['data/seal/seal.vkey'].decode()
            self.vkey = second_verifier.vkey_read(text)
        except (Bad, ValueError, KeyError, IndexError):
            self.say(7, 'data/seal/seal.vkey')
            return False
        now = [None if trusted is None else trusted.strip()]

        def is_given(vkey):
            letters = base64.b32encode(hashlib.sha256(vkey.encode()).digest()[:20]).decode()
            return now[0] in (None, vkey) or now[0].replace(' ', '') == letters

        pairs, broken = self.replaced()
        for old, new in pairs:
            if is_given(old) and now[0] is not None:
                now[0] = new
        if not is_given(text.strip()):
            self.say(7, 'data/seal/seal.vkey')
            return False
        if broken:
            self.say(23, 'data/seal/keys.txt', broken)
        return True

    def replaced(self):
        """Rule 23: pairs of an old key and the new one that it signed; which line breaks it."""
        lines = self.files.get('data/seal/keys.txt', b'').decode(errors='replace').split('\n')
        pairs = []
        for at in range(0, len(lines) - 1, 5):
            try:
                names = [line.partition(' ')[0] for line in lines[at:at + 5]]
                need(names == ['old', 'new', 'reason', 'signature', ''], 'rule 23')
                old, new, reason, signature = [line.partition(' ')[2]
                                               for line in lines[at:at + 4]]
                second_verifier.key_judge(second_verifier.Stand(), {
                    'old': old.encode(), 'new': new.encode(), 'reason': unbase(reason),
                    'signature': unbase(signature, 64)})
                pairs.append((old, new))
            except (Bad, ValueError, IndexError):
                return pairs, at + 1
        return pairs, 0

    def seal(self):
        note = self.files.get('data/seal/checkpoint', b'').decode(errors='replace')
        text, self.size, self.tree_root = None, 0, b''
        try:
            # Rule 14 is looked at under a checkpoint that nobody signed, too.
            origin, self.size, self.tree_root = second_verifier.checkpoint_read(note)
            text = second_verifier.note_verify(note, [self.vkey])
            need(origin == self.vkey[0], 'rule 8: origin')
            self.note_ok = True
        except (Bad, ValueError):
            self.say(8, 'data/seal/checkpoint')
            text = None
        if text is not None and self.files.get('data/seal/signed.txt') != text.encode():
            self.say(9, 'data/seal/signed.txt')
        der = bytes.fromhex('302a300506032b6570032100') + self.vkey[2]
        pem = '-----BEGIN PUBLIC KEY-----\n%s\n-----END PUBLIC KEY-----\n' % \
            base64.b64encode(der).decode()
        if self.files.get('data/seal/seal.pem') != pem.encode():
            self.say(9, 'data/seal/seal.pem')
        lines = [line.split(' ') for line in note.rpartition('\n\n')[2].splitlines()]
        own = [base64.b64decode(code)[4:] for _, name, code in lines
               if name == self.vkey[0] and base64.b64decode(code)[:4] == self.vkey[1]]
        if text is not None and self.files.get('data/seal/signature.bin') not in own:
            self.say(9, 'data/seal/signature.bin')

    # ---- rules 21 and 22 ----

    def anchors_judge(self):
        text = self.files.get('data/seal/anchors.txt', b'').decode(errors='replace')
        if self.note_ok and self.held.get(self.size, self.tree_root) != self.tree_root:
            self.say(22, 'data/seal/checkpoint')
        lines, at = Lines(text or '\n'), 1
        while text and lines.more():
            at = lines.at + 1
            try:
                size, _, root = lines.take('anchor ').split(' ')
                size, root, proof = number(size), unbase(root, 32), lines.hashes()
                need(lines.take() == '', 'rule 21')
            except (Bad, ValueError):
                self.say(21, 'data/seal/anchors.txt', at)
                return
            try:
                if self.note_ok:
                    consistent(size, root, self.size, self.tree_root, proof)
                if self.held.get(size, root) != root:
                    self.say(22, 'data/seal/anchors.txt', at)
                elif size in self.held:
                    self.anchors.append(size)
            except Bad:
                self.say(21, 'data/seal/anchors.txt', at)

    # ---- rules 11 to 15 ----

    def claim(self, lines):
        need(lines.take() == 'trucban/evidence/v1', 'rule 11')
        self.stream = lines.take('stream ')
        self.announced = number(lines.take('records '))
        words = lines.take('claim ').split(' ')
        need(words == ['none'] or (len(words) == 3 and words[0] == 'range'), 'rule 11')
        self.range = None if len(words) == 1 else (number(words[1]), number(words[2]))
        need(lines.take() == '' and self.stream in second_verifier.STREAMS, 'rule 11')

    def leaves(self):
        leaves = []
        try:
            lines = Lines(self.files.get(PROOFS, b'').decode(errors='replace'))
            self.claim(lines)
        except Bad:
            self.say(11, PROOFS)
            return
        try:
            while lines.more():
                leaves.append(Leaf(lines, self.stream))
        except (Bad, ValueError):
            self.say(12, PROOFS)
        self.records = self.files.get(RECORDS, b'')
        rows = [row for leaf in leaves for row in leaf.rows]
        fields = self.files.get(FIELDS, b'').decode(errors='replace').splitlines()
        at, seen = 0, set()
        for leaf in leaves:
            leaf.included = self.leaf_judge(leaf, leaf.index in seen)
            seen.add(leaf.index)
            for row in leaf.rows:
                state = self.row_judge(row, rows[at + 1] if at + 1 < len(rows) else None)
                if state == 'proven' and not (leaf.included and self.note_ok):
                    state = 'not included'
                if state == 'proven':
                    self.proven.append(row.seq)
                self.states[row.name()] = state
                at += 1
        if self.at < len(self.records):
            self.say(17, RECORDS, self.line)
        if len(rows) != self.announced:
            self.say(17, PROOFS, 3)
        want = ['"_seq":"%s"}' % row.name() for row in rows]
        if len(fields) != len(want) or any(not f.endswith(w) for f, w in zip(fields, want)):
            self.say(19, FIELDS)
        if len(set(self.proven)) != len(self.proven):
            self.say(18, PROOFS)
        self.complete = False
        if self.range is not None:
            self.complete = sorted(self.proven) == list(range(self.range[0], self.range[1] + 1))
            if not self.complete:
                self.say(20, PROOFS, 4)

    def leaf_judge(self, leaf, again):
        e, before = leaf.entry, 0
        ok = e['type'] == 1 and e['frames'] == leaf.n and \
            second_verifier.STREAMS[e['stream']] == self.stream and not again
        if not ok:
            self.say(13, PROOFS, leaf.line)
        for row in leaf.rows if ok else []:
            if not max(before + 1, e['first']) <= row.seq <= e['last']:
                self.say(13, PROOFS, row.line)
                ok = False
                break
            before = row.seq
        try:
            hash_ = second_verifier.leaf_hash(leaf.octets)
            need(second_verifier.root_by_proof(hash_, leaf.index, self.size, leaf.path) ==
                 self.tree_root, 'rule 14')
        except Bad:
            self.say(14, PROOFS, leaf.line)
            ok = False
        return ok and self.root_judge(leaf)

    def root_judge(self, leaf):
        try:
            if leaf.root(lambda row: row.digest) == leaf.entry['root']:
                return True
            octets, at = {}, self.at
            for row in leaf.rows:
                octets[row.seq] = self.records[at:at + row.length]
                at += row.length + 1
            if leaf.root(lambda row: row.computed(octets[row.seq])) == leaf.entry['root']:
                for row in leaf.rows:
                    if row.digest != row.computed(octets[row.seq]):
                        self.say(15, PROOFS, row.line)
                        row.digest = row.computed(octets[row.seq])
                return True
        except Bad:
            pass
        self.say(15, PROOFS, leaf.line)
        return False

    # ---- rules 16, 17 ----

    def fits(self, row, at):
        octets = self.records[at:at + row.length] if row is not None else b''
        return row is not None and self.records[at + row.length:at + row.length + 1] == b'\n' \
            and row.computed(octets) == row.digest

    def go(self, at):
        at = min(at, len(self.records))
        self.line += self.records.count(b'\n', self.at, at)
        self.at = at

    def row_judge(self, row, after):
        end = self.at + row.length + 1
        if getattr(self, 'swapped', None) is not None:
            self.say(16, RECORDS, self.line, row.name())
            self.go(end + self.swapped.length + 1)
            self.swapped = None
            return 'changed'
        if self.fits(row, self.at):
            self.go(end)
            return 'proven'
        if self.at >= len(self.records):
            self.say(16, RECORDS, self.line, row.name())
            return 'missing'
        if self.fits(after, self.at):
            self.say(16, RECORDS, self.line, row.name())
            if self.fits(row, self.at + after.length + 1):
                self.swapped = row
                return 'changed'
            return 'missing'
        by_line = self.records.find(b'\n', self.at) + 1 or len(self.records)
        if not self.fits(after, end) and not (after is None and end == len(self.records)):
            if self.fits(row, by_line):
                self.say(17, RECORDS, self.line)
                self.go(by_line + row.length + 1)
                return 'proven'
            if self.fits(after, by_line) or self.records[end - 1:end] != b'\n':
                end = by_line
        self.say(16, RECORDS, self.line, row.name())
        self.go(end)
        return 'changed'


if __name__ == '__main__':
    package = Package(*sys.argv[1:3])
    for finding in package.findings:
        print('rule %d: %s line %d %s' % finding)
    for record, state in package.states.items():
        print('%s: %s' % (record, state))
    sys.exit(1 if package.findings else 0)
