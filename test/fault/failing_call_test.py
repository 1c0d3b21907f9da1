# SPDX-License-Identifier: Apache-2.0
"""One system call of the keeper fails once: recording goes on, nothing acknowledged is lost."""

import os

import pytest

from harness import Desk, Sent, assert_kept, until

WRITES = ['file_pwrite_all', 'file_write_all']
OTHERS = ['file_sync_data', 'file_sync', 'file_rename', 'dir_sync', 'file_open', 'file_unlink']
CASES = ([(call, errno) for call in WRITES for errno in ('EIO', 'ENOSPC', 'torn', 'short')] +
         [(call, errno) for call in OTHERS for errno in ('EIO', 'ENOSPC')])


def counted(log):
    """How many calls the last keeper in a FAIL_LOG counted."""
    if not os.path.exists(log):
        return 0
    with open(log, encoding='utf-8') as f:
        rows = [line.split() for line in f if line.split()[1] == 'keeper']
    return int(rows[-1][2]) if rows else 0


def calls_until_ready(desk, call, log):
    """How often the keeper does this while it starts."""
    desk.start(env={'FAIL_ROLE': 'keeper', 'FAIL_CALL': call, 'FAIL_LOG': log})
    n = counted(log)
    desk.stop()
    return n


@pytest.mark.parametrize('call, errno', CASES)
def test_a_call_that_fails_at_work_costs_nothing(tmp_path, call, errno):
    desk = Desk(tmp_path, listen=('relp',),
                more='seal: {checkpoint: 1s}\nstore: {segment_age: 1s, reserve: 16MB}\n')
    desk.start()        # a first life: keys and folders are made
    desk.stop()
    started = calls_until_ready(desk, call, str(tmp_path / 'calls'))
    sent = Sent()
    for later in (1, 2):
        log = str(tmp_path / ('calls-%d' % later))
        desk.start(env={'FAIL_ROLE': 'keeper', 'FAIL_CALL': call, 'FAIL_ERRNO': errno,
                        'FAIL_AT': str(started + later), 'FAIL_LOG': log})
        try:
            for _ in range(3):
                sent.relp(desk.port['relp'], 200, again=desk.wait_ready)
            until('the failing call', lambda: counted(log) >= started + later, 15)
            sent.relp(desk.port['relp'], 200, again=desk.wait_ready)
            assert_kept(desk, sent)
        finally:
            desk.kill()
    with desk:
        assert_kept(desk, sent)
        desk.stop()
        rc, said = desk.verify()
        assert rc == 0, said


# Room for a journal file is made at the start, and again when a whole file is full.
@pytest.mark.parametrize('call', WRITES + OTHERS + ['file_preallocate'])
def test_a_call_that_fails_at_the_start_is_told_and_costs_nothing(tmp_path, call):
    """The count begins again in each new keeper, so it may never come up: then it must say why."""
    desk = Desk(tmp_path, listen=('relp',))
    sent = Sent()
    with desk:
        sent.relp(desk.port['relp'], 200)
    desk.start(wait=False, env={'FAIL_ROLE': 'keeper', 'FAIL_CALL': call, 'FAIL_AT': '1'})
    try:
        until('ready, or a reason', lambda: desk.said(b'trucban: ready') or
              desk.said(b'trucban: keeper: ') > 1, 15)
    finally:
        desk.kill()
    with desk:
        assert_kept(desk, sent)
        desk.stop()
        rc, said = desk.verify()
        assert rc == 0, said
