# SPDX-License-Identifier: Apache-2.0
"""Packs files as doc/formats/evidence.md section 5 says, for tests that change packages."""

import hashlib
import struct
import zlib

import second_evidence

ORDER = ['bagit.txt'] + second_evidence.PAYLOAD + [
    'manifest-sha256.txt', 'manifest-blake2b512.txt', 'bag-info.txt', 'CACH-KIEM-TRA.txt',
    'BIEN-BAN-GIAO-NHAN.html', 'tagmanifest-sha256.txt']


def manifests(files):
    """The same files with manifests that fit."""
    files = dict(files)

    def lines(names, make):
        return ''.join('%s  %s\n' % (make(files[n]).hexdigest(), n)
                       for n in names if n in files).encode()

    payload = second_evidence.PAYLOAD
    files['manifest-sha256.txt'] = lines(payload, hashlib.sha256)
    files['manifest-blake2b512.txt'] = lines(payload, hashlib.blake2b)
    tags = [n for n in ORDER if n in second_evidence.TAGS]
    files['tagmanifest-sha256.txt'] = lines(tags, hashlib.sha256)
    return files


def zip_put(path, files, top='bag', stamp=0x5d770000):
    """files: a dict, or pairs when a name is to be there twice."""
    pairs = files if isinstance(files, list) else [(n, files[n]) for n in ORDER if n in files]
    body, central = b'', b''
    for name, octets in pairs:
        full = (top + '/' + name).encode()
        common = struct.pack('<HHHIIIIHH', 10, 0, 0, stamp, zlib.crc32(octets), len(octets),
                             len(octets), len(full), 0)
        central += struct.pack('<IH', 0x02014b50, 20) + common
        central += struct.pack('<HHHII', 0, 0, 0, 0, len(body)) + full
        body += struct.pack('<I', 0x04034b50) + common + full + octets
    end = struct.pack('<IHHHHIIH', 0x06054b50, 0, 0, len(pairs), len(pairs), len(central),
                      len(body), 0)
    with open(path, 'wb') as f:
        f.write(body + central + end)
