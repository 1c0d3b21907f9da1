# SPDX-License-Identifier: Apache-2.0
"""The columns of a segment: doc/formats/segment.md, sections 3 to 5."""

import collections
import re
import time

from base import Broken, Cursor, need

CONST, DICT, INT, STAMP, IPV4, NIBBLE, STRING, TEXT, HOST, APP, SAME, MIXED = range(12)
INTEGERS, ESCAPES = 1, 2         # flags of a column
AFFIX, WIDTH, POINT, HEX, UPPER = 1, 2, 4, 8, 16     # forms of numbers
MASK = (1 << 64) - 1
INTEGER = re.compile(rb'0|-?[1-9][0-9]{0,18}')


def planes(octets, width, n):
    """n numbers of `width` octets that lie as planes: all lowest octets first."""
    need(len(octets) == width * n, '%d octets for %d numbers of %d', len(octets), n, width)
    out = [0] * n
    for k in range(width):
        for i, octet in enumerate(octets[k * n:k * n + n]):
            out[i] |= octet << 8 * k
    return out


def vector(segment, c, n):
    """n signed numbers of 64 bits; sums wrap around."""
    return [((v + (1 << 63)) & MASK) - (1 << 63) for v in unwrapped(segment, c, n)]


def unwrapped(segment, c, n):
    mode = c.u8()
    if mode == 0:
        return [c.zigzag()] * n
    if mode == 1:
        base, step, width = c.zigzag(), c.varint(), c.u8()
        return [base + step * v for v in planes(segment.ref(c), width, n)]
    if mode == 2:
        at, base, step, width = c.zigzag(), c.zigzag(), c.varint(), c.u8()
        out = [at]
        for v in planes(segment.ref(c), width, n - 1):
            at += base + step * v
            out.append(at)
        return out
    raise Broken('numbers of mode %d' % mode)


class Column:
    """name, kind, roles; values: a list, or HOST, APP, or a Same or Text."""

    def __init__(self, segment, c):
        self.name, self.kind, self.roles, flags = c.bytes(), c.u8(), c.u8(), c.u8()
        need(self.kind <= 4 and flags <= 3, 'column %r: kind %d, flags %d', self.name, self.kind,
             flags)
        self.nvalue = c.varint()
        self.range = (c.zigzag(), c.zigzag()) if flags & INTEGERS else None
        body = Cursor(c.bytes())
        self.values = decode(segment, body, self.nvalue)
        body.end()
        self.used = 0
        if isinstance(self.values, list) and self.values:
            self.check(flags)

    def check(self, flags):
        """Do the flags say what the values are?"""
        escapes = self.kind in (1, 4) and any(b'\\' in v for v in self.values)
        need(bool(flags & ESCAPES) == escapes, 'column %r: flags %d', self.name, flags)
        if flags & INTEGERS:
            numbers = [int(v) for v in self.values if INTEGER.fullmatch(v)]
            need(len(numbers) == len(self.values) and self.range == (min(numbers), max(numbers)),
                 'column %r is not the integers that it says', self.name)

    def value(self, i, row):
        """Its i-th value, which is one of that row."""
        if isinstance(self.values, list):
            return self.values[i]
        if self.values == HOST:
            return row.source.host
        if self.values == APP:
            return row.source.app
        return self.values.value(i, row)


class Same:
    """What another column's first value in the row is."""

    def __init__(self, number):
        self.number = number

    def value(self, _, row):
        return row.first(self.number)


class Mixed:
    """The first value of one of some columns, or one of its own; codes say which."""

    def __init__(self, numbers, codes, own):
        self.numbers, self.codes, self.own = numbers, codes, own
        self.rank, many = [], 0
        for code in codes:
            need(code <= len(numbers), 'the %dth of %d columns', code, len(numbers))
            self.rank.append(many)
            many += code == len(numbers)

    def value(self, i, row):
        code = self.codes[i]
        if code < len(self.numbers):
            return row.first(self.numbers[code])
        at = self.rank[i]
        return self.own[at] if isinstance(self.own, list) else self.own.value(at, row)


class Text:
    """Values made of templates and slots. codes: the template of each value.

    holes: the slot of each hole of each template; a slot may be that of many holes.
    """

    def __init__(self, templates, holes, codes):
        self.templates, self.holes, self.codes, self.slots = templates, holes, codes, []
        self.places, self.many = [], collections.Counter()
        for code in codes:
            need(code < len(templates), 'template %d', code)
            self.places.append([])
            for slot in holes[code]:
                self.places[-1].append((slot, self.many[slot]))
                self.many[slot] += 1

    def value(self, i, row):
        first, *parts = self.templates[self.codes[i]]
        out = [first]
        for (number, at), part in zip(self.places[i], parts):
            slot = self.slots[number]
            out += (slot[at] if isinstance(slot, list) else slot.value(at, row), part)
        return b''.join(out)


class RowOf:
    """One row while its values are put together."""

    def __init__(self, columns, at, source):
        self.columns, self.source = columns, source
        self.places = []
        self.begin = {}
        for k in at:
            col = columns[k]
            need(col.used < col.nvalue, 'column %r has %d values only', col.name, col.nvalue)
            self.places.append((k, col.used))
            self.begin.setdefault(k, col.used)
            col.used += 1

    def first(self, k):
        need(k in self.begin, 'a value that repeats column %d, of which the row has none', k)
        return self.columns[k].value(self.begin[k], self)

    def values(self):
        try:
            return [self.columns[k].value(i, self) for k, i in self.places]
        except RecursionError:
            raise Broken('a value that repeats itself') from None


class Columns:
    """All columns of a segment; gives back the values of each row in turn."""

    def __init__(self, segment, c):
        self.list = [Column(segment, c) for _ in range(c.varint())]
        self.number = {(col.name, col.kind): i for i, col in enumerate(self.list)}
        need(len(self.number) == len(self.list), 'two columns have one name and one kind')

    def row(self, shape, source):
        try:
            at = [self.number[hole.name, hole.kind] for hole in shape.holes]
        except KeyError as e:
            raise Broken('a shape has a hole %s, which has no column' % e) from None
        return RowOf(self.list, at, source).values()

    def end(self):
        for col in self.list:
            need(col.used == col.nvalue, 'column %r: %d values of %d are used', col.name, col.used,
                 col.nvalue)


def strings(segment, c, n):
    lengths = vector(segment, c, n)
    octets = Cursor(segment.ref(c))
    out = [octets.take(k) for k in lengths]
    octets.end()
    return out


def integers(segment, c, n):
    form = c.u8()
    need(form < 32, 'numbers of form %d', form)
    before, after = (c.bytes(), c.bytes()) if form & AFFIX else (b'', b'')
    width = c.varint() if form & WIDTH else 1
    places = c.varint() if form & POINT else 0
    need(width <= 64 and places <= 64, 'numbers of %d.%d digits', width, places)
    return [before + digits(v, form, width, places) + after for v in vector(segment, c, n)]


def digits(v, form, width, places):
    """A number as text: so many digits at least, so many of them behind a point."""
    if form & (HEX | UPPER):
        return (('%0*X' if form & UPPER else '%0*x') % (width, v & MASK)).encode()
    text = ('%0*d' % (max(width, places + 1) + (v < 0), v)).encode()
    return text[:-places] + b'.' + text[-places:] if places else text


def nibbles(segment, c, n):
    upper = c.u8()
    need(upper <= 1, 'digits of an unknown kind')
    sample = c.bytes()
    places, at = [], 0
    for _ in range(c.varint()):
        at += c.varint()
        need(at < len(sample), 'a digit behind the end')
        places.append(at)
    width = (len(places) + 1) // 2
    octets = segment.ref(c)
    need(len(octets) == width * n, '%d octets for %d values of %d', len(octets), n, width)
    out = []
    for i in range(n):
        value = bytearray(sample)
        found = bytes(octets[k * n + i] for k in range(width)).hex()
        found = found.upper() if upper else found
        for place, digit in zip(places, found):
            value[place] = ord(digit)
        out.append(bytes(value))
    return out


def text(segment, c, n):
    refers = c.u8()
    ntemplate, nslot = c.varint(), c.varint()
    words, slots = Cursor(segment.ref(c)), Cursor(segment.ref(c))
    codes = vector(segment, c, n)
    templates, holes, last = [], [], 0
    for _ in range(ntemplate):
        parts = words.bytes().split(b'\0')
        templates.append(parts)
        holes.append([])
        for mark in [words.varint() for _ in parts[1:]]:
            need(mark <= last, 'slot %d of %d', mark, last)
            holes[-1].append(mark - 1 if mark else last)
            last += mark == 0
    words.end()
    need(last == nslot, '%d slots, not %d', last, nslot)
    out = Text(templates, holes, codes)
    for k in range(nslot):
        many = slots.varint()
        need(many == out.many[k], 'a slot of %d values, not %d', many, out.many[k])
        body = Cursor(slots.bytes())
        out.slots.append(decode(segment, body, many) if many else [])
        body.end()
    slots.end()
    need(refers == any(not isinstance(v, list) for v in out.slots), 'a text of kind %d', refers)
    return out


def stamps(segment, c, n):
    form, offset = c.bytes().decode(), c.zigzag()
    return [stamp(form, offset, v) for v in vector(segment, c, n)]


def stamp(form, offset, ns):
    """offset: of the zone, in minutes."""
    seconds, part = divmod(ns + offset * 60000000000, 1000000000)
    when = time.gmtime(seconds)
    out, at = '', 0
    while at < len(form):
        if form[at] != '%':
            out += form[at]
            at += 1
            continue
        what = form[at + 1]
        at += 2
        if what.isdigit():
            out += ('%09d' % part)[:int(what)]
        elif what in 'YmdHMSeab':
            out += time.strftime('%' + what, when)
        elif what in 'zZ':
            sign, ahead = '-' if offset < 0 else '+', abs(offset)
            out += '%s%02d%s%02d' % (sign, ahead // 60, ':' if what == 'Z' else '', ahead % 60)
        else:
            raise Broken('a stamp with %%%s: %s' % (what, form))
    return out.encode()


def decode(segment, c, n):
    """n values in one of the encodings."""
    code = c.u8()
    if code == CONST:
        return [segment.ref(c)] * n
    if code == DICT:
        nword = c.varint()
        words = decode(segment, c, nword)
        need(c.u8() == 0, 'a dictionary of an unknown kind')
        return [words[i] for i in vector(segment, c, n)]
    if code == IPV4:
        return [b'%d.%d.%d.%d' % tuple(v.to_bytes(4, 'big')) for v in vector(segment, c, n)]
    if code == SAME:
        return Same(c.varint())
    if code in (HOST, APP):
        return code
    if code == MIXED:
        numbers = [c.varint() for _ in range(c.varint())]
        codes = vector(segment, c, n)
        own = c.varint()
        need(own == codes.count(len(numbers)), '%d values of its own', own)
        return Mixed(numbers, codes, decode(segment, c, own) if own else [])
    others = {INT: integers, STAMP: stamps, NIBBLE: nibbles, STRING: strings, TEXT: text}
    need(code in others, 'encoding %d', code)
    return others[code](segment, c, n)
