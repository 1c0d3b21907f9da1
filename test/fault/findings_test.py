# SPDX-License-Identifier: Apache-2.0
"""The watch is killed at each of its sends, the keeper at writes: each finding is there once."""

import json
import time

import pytest

from harness import Desk, Sent, until

MORE = 'seal: {checkpoint: 1s}\n'
HASTE = {'TRUCBAN_WATCH_HASTE': '600'}


def talk(desk, host, n=40):
    sent = Sent()
    for _ in range(n):
        sent.tcp(desk.port['tcp'], 1, host=host)
        time.sleep(0.02)


def acts(desk):
    def look():
        rc, out, _ = desk.command('search', '--json', '--limit', '0', '--stream', 'findings',
                                  'rule.id:=coverage.silent', check=False)
        # 3: the keeper is being started, and what is looked at must be in the ledger.
        return [[json.loads(line) for line in out.splitlines()]] if rc != 3 else None
    found = until('an answer', look)[0]
    found.sort(key=lambda act: int(act['_seq'].split(':')[2]))
    told = {}
    for act in found:
        told.setdefault(act['host.name'], []).append((act['event.action'], act['finding.id']))
    return told


def each_once(desk):
    """Opened, and closed where the host came back; nothing lost, nothing twice."""
    for host, told in acts(desk).items():
        for at, (action, finding) in enumerate(told):
            if action == 'opened':
                assert at == 0 or told[at - 1][0] == 'closed', (host, told)
            else:
                assert told[at - 1][1] == finding and told[at - 1][0] != 'closed', (host, told)


def go_through(desk, env):
    """Silent under faults, found; back and silent again without them."""
    desk.start(env=dict(HASTE, **env))
    try:
        talk(desk, 'may-01')
        talk(desk, 'may-02')
        time.sleep(4)
        each_once(desk)
    finally:
        desk.kill()
    with desk:
        until('both are found', lambda: set(acts(desk)) == {'may-01', 'may-02'}, 40, 0.3)
        talk(desk, 'may-01', 1)
        until('one is closed', lambda: acts(desk)['may-01'][-1][0] != 'grew' and
              'closed' in [action for action, _ in acts(desk)['may-01']], 40, 0.3)
        each_once(desk)
        assert [action for action, _ in acts(desk)['may-02']][0] == 'opened'
        assert desk.stop() == 0
        rc, said = desk.verify()
        assert rc == 0, said


# Five at the start, one each tick; PLACE and BATCH come with the first finding.
@pytest.mark.parametrize('n', range(6, 16))
def test_a_watch_that_ends_at_any_send_tells_each_finding_once(tmp_path, n):
    desk = Desk(tmp_path, listen=('tcp',), more=MORE, env=HASTE)
    go_through(desk, {'FAIL_ROLE': 'watch', 'FAIL_CALL': 'chan_send', 'FAIL_CRASH_AT': str(n)})


@pytest.mark.parametrize('call, n', [('file_sync_data', 9), ('file_sync_data', 12),
                                     ('file_sync_data', 15), ('file_pwrite_all', 60),
                                     ('chan_send', 50), ('chan_send', 51), ('chan_send', 52)])
def test_a_keeper_that_ends_under_findings_costs_none(tmp_path, call, n):
    desk = Desk(tmp_path, listen=('tcp',), more=MORE, env=HASTE)
    go_through(desk, {'FAIL_ROLE': 'keeper', 'FAIL_CALL': call, 'FAIL_CRASH_AT': str(n)})
