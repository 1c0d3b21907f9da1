# SPDX-License-Identifier: Apache-2.0
"""After `trucban key rotate` the last checkpoint is soon one of the new key."""

import os

from harness import Desk, Sent, assert_kept, until


def test_a_proof_can_be_made_soon_after_the_key_was_replaced(tmp_path):
    more = 'seal: {checkpoint: 1h}\n'
    with Desk(tmp_path / 'desk', listen=('relp',), more=more) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 5)
        assert_kept(desk, sent)
        rc, _, err = desk.command('backup', str(tmp_path / 'copy'))     # ends the segments
        assert rc == 0, err
        rc, _, err = desk.command('key', 'rotate', '--reason', 'test')
        assert rc == 0, err

        def proved():
            rc, proof, _ = desk.command('verify', '--prove', 'raw:1:1')
            return proof if rc == 0 else None

        proof = tmp_path / 'proof.txt'
        proof.write_text(until('a proof', proved), encoding='utf-8')
        with open(os.path.join(desk.state, 'key', 'seal.vkey'), encoding='utf-8') as f:
            key = f.read().strip()
        rc, _, err = desk.command('verify', '--proof', str(proof), '--key', key)
        assert rc == 0, err
