# SPDX-License-Identifier: Apache-2.0
"""The worked example of seal.md, verified by who has only read the page."""

import os
import re

import pytest
import second_verifier

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def example(title):
    """The indented block under this title, without its four blanks."""
    with open(os.path.join(TOP, 'doc', 'formats', 'seal.md'), encoding='utf-8') as f:
        text = f.read()
    at = text.index('\n' + title) + 1
    block = re.match(r'[^\n]*\n((?:    [^\n]*\n|\n)+)', text[at:]).group(1)
    return '\n'.join(line[4:] for line in block.rstrip('\n').split('\n')) + '\n'


def octets(title):
    return bytes.fromhex(''.join(line[6:] for line in example(title).split('\n')))


def test_the_proof_of_the_page_holds():
    record, raw = second_verifier.verify_row_proof(
        example('Proof of raw:1:40231'), example('Verifier key of'))
    assert record == 'raw:1:40231'
    assert raw.endswith(b'Failed password for root from 192.0.2.7')


def test_the_entries_of_the_page_make_its_tree():
    entries = [octets('Entry %d' % i) for i in range(3)]
    hashes = [second_verifier.leaf_hash(e) for e in entries]
    assert octets('tile/0/000.p/3') == b''.join(hashes)
    key = second_verifier.vkey_read(example('Verifier key of'))
    text = second_verifier.note_verify(example('Checkpoint:'), [key])
    assert second_verifier.checkpoint_read(text)[2] == second_verifier.root_of(hashes)
    kinds = [second_verifier.entry_read(e)['type'] for e in entries]
    assert kinds == [3, 1, 2]


def test_another_record_is_not_proved_by_it():
    proof = example('Proof of raw:1:40231').replace('received 1795', 'received 1796')
    with pytest.raises(second_verifier.Bad, match='rule 2'):
        second_verifier.verify_row_proof(proof, example('Verifier key of'))
