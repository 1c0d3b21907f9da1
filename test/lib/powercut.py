# SPDX-License-Identifier: Apache-2.0
"""What a disk may hold after a power cut, from the log of writes of src/sys/fault.h (WRITE_LOG).

    log = powercut.read('writes.log')
    disk = powercut.Disk()
    for entry in log[:cut]:
        disk.apply(entry)
    disk.lay('/state/of/then', 'new folder', powercut.Choice(random.Random(7)))

The rules are POSIX's, read as unkindly as they allow: what was written is there for sure only
after a sync of the file; a name is there (or gone) for sure only after a sync of its directory.
Anything else up to the cut may be there, be missing, or be there in part, in any order between
files, and in any order of 512-octet sectors inside a file.
"""

import collections
import os
import shutil

SECTOR = 512
Entry = collections.namedtuple('Entry', 'verb a path path2 data')


def parse(octets):
    """The entries of a log; a last one that is cut is left out."""
    entries = []
    at = 0
    while True:
        end = octets.find(b'\n', at)
        if end < 0:
            return entries
        verb, a, n, path = octets[at:end].split(b' ', 3)
        at = end + 1
        data = octets[at:at + int(n)]
        if int(n) > 0:
            if len(octets) < at + int(n) + 1:
                return entries
            at += int(n) + 1
        path, _, path2 = path.decode().partition('\t')
        entries.append(Entry(verb.decode(), int(a), path, path2, data))


def read(path):
    with open(path, 'rb') as f:
        return parse(f.read())


class Choice:
    """Decides what of the unsynced survives. kind: 'random', 'none' or 'all'."""

    def __init__(self, random, kind='random'):
        self.random = random
        self.kind = kind

    def keeps(self):
        if self.kind != 'random':
            return self.kind == 'all'
        return self.random.random() < 0.5

    def part(self, data, offset):
        """Pieces (offset, octets) of a write that reached the disk: whole sectors of it."""
        if self.kind == 'all' or (self.kind == 'random' and self.random.random() < 0.4):
            return [(offset, data)]
        if self.kind == 'none':
            return []
        pieces = []
        at = 0
        while at < len(data):
            n = SECTOR - (offset + at) % SECTOR
            if self.random.random() < 0.5:
                pieces.append((offset + at, data[at:at + n]))
            at += n
        return pieces


class File:
    """Octets that are safe, and what was done to them since.

    A journal file is 64 MB of which little is written: zeros at the end are only a size.
    """

    def __init__(self, octets=b''):
        self.safe = bytearray(octets.rstrip(b'\0'))
        self.size = len(octets)
        self.pending = []       # (offset, octets) or (size, None) for truncate

    def put(self, offset, data):
        if data is None:
            del self.safe[offset:]
            self.size = offset
            return
        if len(self.safe) < offset:
            self.safe.extend(bytes(offset - len(self.safe)))
        self.safe[offset:offset + len(data)] = data
        self.size = max(self.size, offset + len(data))

    def sync(self):
        for offset, data in self.pending:
            self.put(offset, data)
        self.pending = []

    def after_cut(self, choice):
        """The file as a cut leaves it: a File without anything pending."""
        left = File()
        left.safe, left.size = bytearray(self.safe), self.size
        for offset, data in self.pending:
            if data is None:
                if choice.keeps():
                    left.put(offset, None)
                continue
            for at, piece in choice.part(data, offset):
                left.put(at, piece)
        return left


class Disk:
    """Names and files: as programs see them now, and as they are for sure."""

    def __init__(self):
        self.now = {}           # path -> File, or None for a directory
        self.safe = {}
        self.pending = []       # (directories, [(path, File or None or GONE), ...])
        self.marks = []

    GONE = object()

    def load(self, folder, root):
        """What lay under root before the log began, from a copy in folder: all of it safe."""
        for where, names, files in os.walk(folder):
            there = root + where[len(folder):]
            for name in names:
                self.now[os.path.join(there, name)] = None
            for name in files:
                path = os.path.join(where, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    with open(path, 'rb') as source:
                        self.now[os.path.join(there, name)] = File(source.read())
        self.safe = dict(self.now)

    def apply(self, entry):
        getattr(self, 'do_' + entry.verb)(entry)

    def change(self, paths, names):
        """A change of names: one step that happens or does not."""
        for path, what in names:
            if what is self.GONE:
                self.now.pop(path, None)
            else:
                self.now[path] = what
        self.pending.append(({os.path.dirname(p) for p in paths}, names))

    def do_create(self, e):
        self.change([e.path], [(e.path, File())])

    def do_mkdir(self, e):
        self.change([e.path], [(e.path, None)])

    def do_unlink(self, e):
        self.change([e.path], [(e.path, self.GONE)])

    def do_rename(self, e):
        moved = [(e.path, self.GONE), (e.path2, self.now.get(e.path))]
        inside = [(p, f) for p, f in self.now.items() if p.startswith(e.path + '/')]
        for path, what in inside:
            moved += [(path, self.GONE), (e.path2 + path[len(e.path):], what)]
        self.change([e.path, e.path2], moved)

    def file(self, e):
        """The file, or None when it has no name any more."""
        return self.now.get(e.path)

    def do_write(self, e):
        f = self.file(e)
        if f is not None:
            f.pending.append((e.a, e.data))

    def do_truncate(self, e):
        f = self.file(e)
        if f is not None:
            f.pending.append((e.a, None))

    def do_sync(self, e):
        f = self.file(e)
        if f is not None:
            f.sync()

    def do_dirsync(self, e):
        """Everything that was done to names of this directory is safe, in order."""
        left = []
        for folders, names in self.pending:
            if e.path in folders:
                self.settle(self.safe, names)
            else:
                left.append((folders, names))
        self.pending = left

    def do_mark(self, e):
        self.marks.append(e.path)

    def settle(self, names, change):
        for path, what in change:
            if what is self.GONE:
                names.pop(path, None)
            else:
                names[path] = what

    def lay(self, root, target, choice):
        """Writes what a cut here may have left of `root` into the folder `target`.

        Folders that are there already stay the same folders (a store knows a copy by that).
        """
        names = dict(self.safe)
        for _, change in self.pending:
            if choice.keeps():
                self.settle(names, change)
        inside = {p[len(root) + 1:]: f for p, f in names.items() if p.startswith(root + '/')}
        os.makedirs(target, mode=0o700, exist_ok=True)
        for where, folders, files in os.walk(target, topdown=False):
            for name in files:
                os.unlink(os.path.join(where, name))
            for name in folders:
                path = os.path.join(where, name)
                if os.path.relpath(path, target) not in inside:
                    shutil.rmtree(path)
        for path in sorted(inside):
            where = os.path.join(target, path)
            if inside[path] is None:
                os.makedirs(where, mode=0o700, exist_ok=True)
                continue
            # Its directory may have been lost: then it is lost too.
            if os.path.isdir(os.path.dirname(where)):
                with open(os.open(where, os.O_WRONLY | os.O_CREAT, 0o600), 'wb') as f:
                    left = inside[path].after_cut(choice)
                    f.write(left.safe)
                    f.truncate(left.size)
        return target
