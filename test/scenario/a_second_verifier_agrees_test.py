# SPDX-License-Identifier: Apache-2.0
"""What a running desk sealed is verified by a program that knows only doc/formats/seal.md."""

import json
import os

import pytest
import second_verifier
from harness import Desk, Sent, assert_kept


def vkey(store):
    with open(os.path.join(store, 'key', 'seal.vkey'), encoding='utf-8') as f:
        return f.read()


def sent_and_stopped(desk, n=300):
    sent = Sent()
    sent.relp(desk.port['relp'], n)
    assert_kept(desk, sent, all_of=True)
    copy = os.path.join(desk.folder, 'backup')
    desk.command('backup', '--with-keys', copy)
    assert desk.stop() == 0
    return copy


def test_the_tree_of_a_desk_holds_in_other_hands(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        sent_and_stopped(desk)
        warnings, entries = second_verifier.verify_seal(desk.state)
        assert warnings == []
        assert sum(e['rows'] for e in entries if e['type'] == 1 and e['stream'] == 0) >= 300


def test_one_record_is_proved_to_a_stranger(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        copy = sent_and_stopped(desk)
        _, proof, _ = desk.command('verify', '--prove', 'raw:1:7', '--store', copy)
        record, _ = second_verifier.verify_row_proof(proof, vkey(desk.state))
        assert record == 'raw:1:7'
        with pytest.raises(second_verifier.Bad):
            second_verifier.verify_row_proof(proof.replace('raw:1:7', 'raw:1:8'),
                                             vkey(desk.state))


def test_a_backup_is_an_anchor_for_what_came_later(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        copy = sent_and_stopped(desk)
        anchor = os.path.join(copy, 'seal', 'checkpoint')
        key = os.path.join(copy, 'key', 'seal.vkey')
        rc, said, _ = desk.command('verify', '--json', '--key', key, '--against', anchor)
        result = json.loads(said.splitlines()[-1])
        assert rc == 0, said
        assert result['trusted_key'] and result['anchors'] == 1
        # And the other way round: the copy is older than the desk.
        later = os.path.join(desk.state, 'seal', 'checkpoint')
        rc, said, _ = desk.command('verify', '--store', copy, '--against', later)
        assert rc == 1 and 'rolled back' in said, said


def test_the_key_can_be_replaced_while_the_desk_runs(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        old = vkey(desk.state)
        first = os.path.join(desk.folder, 'first.vkey')
        with open(first, 'w', encoding='utf-8') as f:
            f.write(old)
        desk.command('key', 'rotate', '--reason', 'yearly')
        assert vkey(desk.state) != old
        sent_and_stopped(desk, 20)
        rc, said = desk.verify('--key', first)
        assert rc == 0, said
        warnings, entries = second_verifier.verify_seal(desk.state)
        assert warnings == []
        assert [e['reason'] for e in entries if e['type'] == 5] == [b'yearly']
