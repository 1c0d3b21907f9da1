# SPDX-License-Identifier: Apache-2.0
"""The registrar dies, or its disk fails, at each step of an act: it was done whole or never."""

import os
import sys

import pytest

from harness import TOP, until

sys.path.insert(0, os.path.join(TOP, 'test', 'scenario'))
from agents_enrol_with_a_code_test import Host, Office, is_refused, record  # noqa: E402

CALLS = ['file_open', 'file_write_all', 'file_sync', 'file_rename', 'dir_sync']
HOW = [('FAIL_CRASH_AT', None)] + [('FAIL_AT', errno) for errno in ('EIO', 'ENOSPC', 'torn')]
CASES = [(call, name, errno) for call in CALLS for name, errno in HOW
         if errno != 'torn' or call == 'file_write_all']


def calls_until_ready(desk, call, log):
    """How often the registrar does this while it starts; folders and keys are there already."""
    desk.start(env={'FAIL_ROLE': 'registrar', 'FAIL_CALL': call, 'FAIL_LOG': log})
    rows = []
    if os.path.exists(log):
        with open(log, encoding='utf-8') as f:
            rows = [line.split() for line in f]
    desk.stop()
    return int(rows[-1][2]) if rows else 0


def tried(desk, *words, state=None):
    env = {'TRUCBAN_STATE': state} if state else None
    return desk.command('agent', *words, check=False, env=env)


@pytest.mark.parametrize('call, name, errno', CASES)
def test_an_act_is_done_whole_or_never(tmp_path, call, name, errno):
    desk = Office(tmp_path / 'desk')
    host, late = Host(tmp_path / 'host', desk), Host(tmp_path / 'late', desk)
    with desk:
        host.enrol(desk.invite('web'))
        code = desk.invite('late')
        desk.stop()
    started = calls_until_ready(desk, call, str(tmp_path / 'calls'))
    env = {'FAIL_ROLE': 'registrar', 'FAIL_CALL': call, name: str(started + 1)}
    if errno:
        env['FAIL_ERRNO'] = errno

    # An enrolment: the host may have heard nothing, and tries the same code again.
    desk.start(env=env)
    try:
        rc, _, said = tried(desk, 'enrol', code, state=late.state)
        assert rc == 0 or 'busy' in said or 'closed' in said, said
    finally:
        desk.kill()
    with desk:
        late.enrol(code)
        late.send('wordlate')
        record(desk, 'wordlate', identity='late')
        assert desk.agents()['late']['state'] == 'enrolled'
        desk.stop()

    # A revocation: when it was said to be done, it is.
    desk.start(env=env)
    try:
        rc, _, said = tried(desk, 'revoke', 'web', '--why', 'test')
        assert rc == 0 or said
        if rc == 0:
            assert is_refused(host)
    finally:
        desk.kill()
    with desk:
        state = desk.agents()['web']['state']
        assert state == 'revoked' or (rc != 0 and state == 'enrolled')
        assert is_refused(host) == (state == 'revoked')
        late.send('wordstill')
        record(desk, 'wordstill', identity='late')


@pytest.mark.parametrize('call', CALLS)
def test_a_first_start_that_was_cut_off_is_done_again(tmp_path, call):
    desk = Office(tmp_path / 'desk')
    host = Host(tmp_path / 'host', desk)
    desk.start(wait=False, env={'FAIL_ROLE': 'registrar', 'FAIL_CALL': call,
                                'FAIL_CRASH_AT': '2'})
    try:
        until('end of the registrar', lambda: desk.said(b'registrar ended') or
              desk.said(b'registrar ready'))
    finally:
        desk.kill()
    with desk:
        host.enrol(desk.invite('web'))
        host.send('wordfirst')
        record(desk, 'wordfirst', identity='web')
