# SPDX-License-Identifier: Apache-2.0
"""A sender as fast as the machine: segments are written as fast as records come, so that memory
does not grow with what was sent."""

import random
import socket

from harness import Desk, until

ROUNDS, LINES = 20, 200000
SEGMENT_ROWS = 65536
WORD = ['read %d files of /srv/%x' % (i, i * 7919) for i in range(5003)]
# Segments, of 61: the queue of rows, the ended ones and the open one are 6; a figure of 1 s ago is
# up to 10 more on a machine that takes 650,000 records a second.
BEHIND = 16


def test_segments_keep_up_with_a_fast_sender(tmp_path):
    some = random.Random(5)
    lines = ''.join('<38>1 - h%d app%d - - - open %08x by %d.%d.%d.%d after %d ms, %s\n' %
                    (i % 7, i % 50, some.getrandbits(32), *some.randbytes(4),
                     some.getrandbits(20), WORD[i % len(WORD)]) for i in range(LINES)).encode()
    with Desk(tmp_path, listen=('tcp',)) as desk:
        with socket.create_connection(('127.0.0.1', desk.port['tcp'])) as conn:
            for _ in range(ROUNDS):
                conn.sendall(lines)
        until('all rows', lambda: desk.metric('rows_total') >= ROUNDS * LINES, 120, 0.05)
        behind = ROUNDS * LINES - desk.metric('segments') * SEGMENT_ROWS
        assert behind < BEHIND * SEGMENT_ROWS
        desk.stop()
