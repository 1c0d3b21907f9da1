# SPDX-License-Identifier: Apache-2.0
"""What every part of the second reader needs: octets taken apart, checksums, ciphers, codecs.

Written from doc/formats/ alone, in another language and by other hands than the desk, so that
the documents are held to what they say. Conventions: record.md.
"""

import ctypes
import hashlib
import os
import struct

import lz4.block
import zstandard
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

STREAMS = ('raw', 'findings', 'ledger')
RECORD_LIMIT = 1048576


class Broken(Exception):
    """Octets that are not what the document says."""


def _xxh3():
    lib = ctypes.CDLL('libxxhash.so.0')
    lib.XXH3_64bits_withSeed.restype = ctypes.c_uint64
    lib.XXH3_64bits_withSeed.argtypes = [ctypes.c_char_p, ctypes.c_size_t, ctypes.c_uint64]
    return lib.XXH3_64bits_withSeed


_XXH3 = _xxh3()


def xxh3(octets, seed=0):
    return _XXH3(bytes(octets), len(octets), seed)


def b2(*parts):
    """BLAKE2b-256, unkeyed."""
    h = hashlib.blake2b(digest_size=32)
    for part in parts:
        h.update(part)
    return h.digest()


class Cursor:
    """Takes little-endian things off the front of some octets; Broken when they do not suffice."""

    def __init__(self, octets, at=0):
        self.octets = octets
        self.at = at

    def left(self):
        return len(self.octets) - self.at

    def take(self, n):
        if n < 0 or n > self.left():
            raise Broken('ends at %d, %d octets more are wanted' % (len(self.octets), n))
        self.at += n
        return self.octets[self.at - n:self.at]

    def number(self, form):
        return struct.unpack('<' + form, self.take(struct.calcsize(form)))[0]

    def u8(self):
        return self.number('B')

    def u32(self):
        return self.number('I')

    def u64(self):
        return self.number('Q')

    def i64(self):
        return self.number('q')

    def varint(self):
        value = 0
        for i in range(10):
            octet = self.u8()
            value |= (octet & 127) << (7 * i)
            if octet < 128:
                if value >> 64:
                    break
                return value
        raise Broken('a varint of more than 64 bits')

    def zigzag(self):
        v = self.varint()
        return (v >> 1) ^ -(v & 1)

    def bytes(self, limit=None):
        n = self.varint()
        if limit is not None and n > limit:
            raise Broken('a text of %d octets' % n)
        return self.take(n)

    def end(self):
        if self.left():
            raise Broken('%d octets follow the end' % self.left())


def need(condition, what, *values):
    if not condition:
        raise Broken(what % values if values else what)


def slurp(path):
    with open(path, 'rb') as f:
        return f.read()


def put_varint(v):
    out = bytearray()
    while v > 127:
        out.append(v & 127 | 128)
        v >>= 7
    out.append(v)
    return bytes(out)


# ---- keys ----

def key_id(key):
    return b2(key)[:8]


def load_store_key(state):
    path = os.path.join(state, 'key', 'store.key')
    return slurp(path) if os.path.exists(path) else None


def unseal(key, nonce, octets, more):
    try:
        return AESGCM(key).decrypt(nonce, bytes(octets), bytes(more))
    except InvalidTag:
        raise Broken('the tag does not hold: not these octets or not this key') from None


def nonce_of(n):
    return bytes(4) + struct.pack('<Q', n)


# ---- codecs ----

def unlz4(octets, plain):
    try:
        out = lz4.block.decompress(bytes(octets), uncompressed_size=plain)
    except lz4.block.LZ4BlockError as e:
        raise Broken('not an LZ4 block: %s' % e) from None
    need(len(out) == plain, 'an LZ4 block of %d octets instead of %d', len(out), plain)
    return out


def unzstd(octets, plain):
    try:
        out = zstandard.ZstdDecompressor().decompress(bytes(octets), max_output_size=plain)
    except zstandard.ZstdError as e:
        raise Broken('not zstd: %s' % e) from None
    need(len(out) == plain, 'a zstd frame of %d octets instead of %d', len(out), plain)
    return out
