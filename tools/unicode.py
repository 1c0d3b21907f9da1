#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes src/base/fold_table.h: which code points are word characters, their lower case, and
what is left of them when case and diacritics are taken off. Run by hand when Unicode moves on:
    tools/unicode.py > src/base/fold_table.h"""
import unicodedata

LAST = 0x110000
PAGED = 0x2000          # below: two-level table; above: ranges
CROSSED = {0x110: "d", 0x111: "d", 0xF0: "d", 0xD0: "d", 0xF8: "o", 0xD8: "o", 0x142: "l",
           0x141: "l", 0x127: "h", 0x126: "h", 0x167: "t", 0x166: "t", 0x180: "b", 0x131: "i"}


def is_mark(c):
    return 0x300 <= c <= 0x36F


def is_word(c):
    kind = unicodedata.category(chr(c))
    return kind[0] == "L" or kind == "Nd" or c == 0x5F or is_mark(c)


def lower(c):
    text = chr(c).lower()
    return ord(text) if len(text) == 1 else c


def octets(c):
    return len(chr(c).encode())


def fold(c):
    """Lower case without diacritics; 0: nothing is left. Never longer in UTF-8 than c."""
    if is_mark(c):
        return 0
    if c in CROSSED:
        return ord(CROSSED[c])
    if 0xAC00 <= c <= 0xD7A3 or 0xF900 <= c <= 0xFAFF or c >= 0x2F800 or not is_word(c):
        return c            # Hangul syllables and Han variants are not letters with marks
    low = lower(c)
    base = [x for x in unicodedata.normalize("NFD", chr(low)) if not unicodedata.combining(x)]
    got = lower(ord(base[0])) if len(base) == 1 else low
    if got in CROSSED:
        got = ord(CROSSED[got])
    return got if octets(got) <= octets(c) else c


def points():
    return (c for c in range(0x80, LAST) if not 0xD800 <= c <= 0xDFFF)


def shifts(change, first):
    """Rows (low, high, stride, delta) for all c >= first with change(c) != c."""
    rows = []
    for c in points():
        if c < first or change(c) == c:
            continue
        delta = change(c) - c
        if rows and rows[-1][3] == delta:
            low, high, stride, _ = rows[-1]
            if c - high == stride or (low == high and c - high == 2):
                rows[-1] = (low, c, c - high, delta)
                continue
        rows.append((c, c, 1, delta))
    return rows


def put(head, items, width=96):
    print(head + " = {")
    line = "\t"
    for item in items:
        if len(line) + len(item) > width - 7:
            print(line.rstrip())
            line = "\t"
        line += item + " "
    print(line.rstrip() + "\n};\n")


def main():
    words, start = [], None
    for c in range(0x250, LAST + 1):
        word = c < LAST and not 0xD800 <= c <= 0xDFFF and is_word(c)
        if word and start is None:
            start = c
        if not word and start is not None:
            words.append((start, c - 1))
            start = None
    blocks, index = [], []
    for b in range(0, PAGED, 64):
        block = tuple((fold(c) - c) & 0xFFFF if c >= 0x80 else 0 for c in range(b, b + 64))
        if block not in blocks:
            blocks.append(block)
        index.append(blocks.index(block))
    print("/* SPDX-License-Identifier: Apache-2.0 */")
    print("/* Made by tools/unicode.py from Unicode %s. Included by base/fold.c only. */"
          % unicodedata.unidata_version)
    print("#ifndef BASE_FOLD_TABLE_H\n#define BASE_FOLD_TABLE_H\n")
    put("static const struct { uint32_t low, high; } word_range[]",
        ["{ 0x%x, 0x%x }," % r for r in words])
    put("static const struct shift lower_shift[]",
        ["{ 0x%x, 0x%x, %d, %d }," % r for r in shifts(lower, 0x80)])
    put("static const struct shift fold_shift[]",
        ["{ 0x%x, 0x%x, %d, %d }," % r for r in shifts(fold, PAGED)])
    put("static const uint8_t fold_page[%d]" % len(index), ["%d," % i for i in index])
    put("static const uint16_t fold_delta[%d][64]" % len(blocks),
        [("{ " if i == 0 else "") + "%d," % d + (" }," if i == 63 else "")
         for b in blocks for i, d in enumerate(b)])
    print("#endif")


if __name__ == "__main__":
    main()
