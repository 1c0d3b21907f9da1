# SPDX-License-Identifier: Apache-2.0
"""A store that an earlier version made is read as it was then, and goes on: test/golden/store.md.

Everything happens on copies. What is expected was written down when the store was made, by who made
it; two readers in two languages have to say it again.
"""

import calendar
import glob
import json
import os
import shutil
import sys
import time
import urllib.parse

import pytest

import golden
import senders
from harness import Desk, TOP, program, until

GOLDEN = os.path.join(TOP, 'test', 'golden')
sys.path.insert(0, os.path.join(TOP, 'test', 'second'))

import store as second  # noqa: E402
import verify  # noqa: E402

VERSIONS = sorted(os.path.basename(path) for path in glob.glob(GOLDEN + '/store-v*'))
FOR_EVER = '''classes:
  - {name: standard, days: 0}
  - {name: long, days: 0}
seal: {checkpoint: 1s}
store: {segment_age: 2s, reserve: 16MB, encrypt: %s}
'''
FORM = {'Content-Type': 'application/x-www-form-urlencoded'}


class Kept:
    """A copy of one of the stores, and what has to be found in it."""

    def __init__(self, folder, version, kind):
        self.kind = kind
        self.from_here = os.path.join(GOLDEN, version)
        self.state = os.path.join(str(folder), 'state')
        shutil.copytree(os.path.join(self.from_here, kind), self.state)
        for path, _, names in os.walk(self.state):      # git keeps no modes
            os.chmod(path, 0o700)
            for name in names:
                os.chmod(os.path.join(path, name), 0o600)

    def told(self, name):
        with open(os.path.join(self.from_here, name), encoding='utf-8') as f:
            return [json.loads(line) for line in f]

    def desk(self):
        return Desk(os.path.dirname(self.state), listen=('tcp',),
                    more=FOR_EVER % ('yes' if self.kind == 'encrypted' else 'no'))


@pytest.fixture(params=[(v, k) for v in VERSIONS for k in ('plain', 'encrypted')], ids='-'.join)
def kept(request, tmp_path):
    return Kept(tmp_path, *request.param)


def is_whole(desk):
    rc, said = desk.verify()
    assert rc == 0, said
    bad = verify.Verifier(desk.state).run()
    assert not bad, [verify.line(f) for f in bad]


def second_rows(state):
    """What the second reader finds, as golden_make.c says it; event times are derived."""
    found = second.Store(state)
    assert not found.bad
    return [{'row': second.name_of(row), 'class': row.klass, 'flags': row.flags, 'recv': row.recv,
             'octets': row.octets.hex()} for row in found.rows()]


def test_there_are_stores_of_each_version():
    assert VERSIONS[0] == 'store-v1'


def test_both_verifiers_find_it_whole(kept):
    is_whole(kept.desk())


def test_the_second_reader_finds_what_was_put_in(kept):
    want = [{k: v for k, v in row.items() if k != 'event'} for row in kept.told('rows.jsonl')]
    got = second_rows(kept.state)
    key = lambda row: row['row']  # noqa: E731
    assert sorted(got, key=key) == sorted(want, key=key)


def test_a_search_finds_what_was_put_in(kept):
    for stream in golden.STREAMS:
        done = golden.say([program(), 'search', '--store', kept.state, '--raw', '--limit', '0',
                           '--stream', stream, '--oldest', '*'], capture_output=True)
        want = [bytes.fromhex(row['octets']) for row in kept.told('rows.jsonl')
                if row['row'].startswith(stream + ':')]
        assert sorted(done.stdout.splitlines()) == sorted(want)


def test_a_search_says_of_each_row_what_it_said_then(kept):
    got, want = golden.everything(program(), kept.state), kept.told('search.jsonl')
    assert [r['_seq'] for r in got] == [r['_seq'] for r in want]
    for was, now in zip(want, got):
        assert now == was


def nanoseconds(text):
    """Of a time in UTC, 2026-09-01T01:00:11.25Z."""
    whole, _, part = text[:-1].partition('.')
    return calendar.timegm(time.strptime(whole, '%Y-%m-%dT%H:%M:%S')) * 10 ** 9 + int(
        part.ljust(9, '0'))


def test_event_times_are_those_that_were_put_in(kept):
    want = {row['row']: row['event'] for row in kept.told('rows.jsonl')}
    got = {r['_seq']: nanoseconds(r['_time']) for r in golden.everything(program(), kept.state)}
    assert got == want


def test_queries_find_what_they_found_then(kept):
    for told in kept.told('queries.jsonl'):
        found = golden.answer(program(), kept.state, told['query'])
        assert found == told['found'], told['query']


def ask(desk, what, argument=''):
    form = urllib.parse.urlencode({'what': what, 'argument': argument})
    status, answer = senders.request(desk.front(), 'POST', '/trucban/ask', form, FORM)
    assert status == 200, answer
    return answer.decode()


def test_todays_desk_goes_on_with_it(kept):
    want = {row['_seq']: row for row in kept.told('search.jsonl') if row['_seq'][:4] == 'raw:'}
    ids = senders.Ids()
    with kept.desk() as desk:
        senders.tcp_send(desk.port['tcp'], [senders.rfc5424(ids.next()) for _ in range(20)])
        until('the new records', lambda: len(desk.search(store=desk.state)) == len(want) + 20)
        ask(desk, 'flush')
        ask(desk, 'checkpoint')
        assert int(ask(desk, 'repack', 'all').split()[0]) > 4
        assert desk.stop() == 0
    found = {row['_seq']: row for row in desk.search(store=desk.state)}
    assert {seq: row for seq, row in found.items() if seq in want} == want
    assert len(found) == len(want) + 20
    is_whole(desk)
    assert len(second_rows(desk.state)) >= len(kept.told('rows.jsonl')) + 20


def test_its_derived_part_is_made_again_as_it_was(kept):
    desk = kept.desk()
    for path in glob.glob(desk.state + '/segment/*/*.idx'):
        os.remove(path)
    rc, _, said = desk.command('reindex', '--store', desk.state, '--config', desk.conf)
    assert rc == 0, said
    for was, now in zip(kept.told('search.jsonl'), golden.everything(program(), desk.state)):
        assert now == was
    is_whole(desk)
