# SPDX-License-Identifier: Apache-2.0
"""Codes of a telephone, as an authenticator makes them: RFC 6238 with SHA-1, 30 s, 6 digits."""

import base64
import hashlib
import hmac
import struct
import time


def code_of(secret, step=0):
    """Of now, or of a step beside it."""
    key = base64.b32decode(secret.replace(' ', ''))
    counter = struct.pack('>Q', int(time.time()) // 30 + step)
    digest = hmac.new(key, counter, hashlib.sha1).digest()
    at = digest[19] & 15
    return '%06d' % ((struct.unpack('>I', digest[at:at + 4])[0] & 0x7fffffff) % 1000000)
