# SPDX-License-Identifier: Apache-2.0
"""One system call of the intake fails once, in turn: it goes on, nothing acknowledged is lost."""

import pytest

from harness import Desk, Sent, assert_kept, until

# What each call may meet. A connection may break; a session opened again goes on.
CASES = [(call, errno) for call, errnos in {
    'sock_accept': ('EMFILE', 'ECONNRESET', 'EINTR'),
    'octets_read': ('EIO', 'EINTR', 'short'),
    'octets_write': ('EPIPE', 'EAGAIN', 'short'),
    'chan_send': ('EIO', 'EAGAIN', 'short'),
    # Its hard errors: the last test; a life that ends after 30 answers comes too slowly forward.
    'chan_recv': ('EINTR', 'short'),
}.items() for errno in errnos]
CHANNEL = ('chan_send', 'chan_recv')
# What breaks the channel to the keeper for good.
ENDS = {(call, errno) for call in CHANNEL
        for errno in ('EIO', 'ECONNRESET')}


def last_count(path):
    with open(path, encoding='utf-8') as f:
        return max((int(line.split()[2]) for line in f), default=0)


@pytest.mark.parametrize('call, errno', CASES)
def test_a_call_of_the_intake_that_fails_costs_nothing(tmp_path, call, errno):
    desk = Desk(tmp_path, listen=('relp', 'http'))
    sent = Sent()
    # The count begins again in each new intake. One whose channel breaks is replaced, so it must
    # have come some way first; its first words are tried in the test below.
    for n in (30,) if (call, errno) in ENDS else (5, 13) if call in CHANNEL else (1, 5):
        log = str(tmp_path / ('calls-%d' % n))
        desk.start(wait=False, env={'FAIL_ROLE': 'intake', 'FAIL_CALL': call, 'FAIL_AT': str(n),
                                    'FAIL_ERRNO': errno, 'FAIL_LOG': log})
        try:
            desk.wait_ready()
            for _ in range(100):
                sent.relp(desk.port['relp'], 50, again=desk.wait_ready)
                sent.bulk(desk.port['http'], 20)
                if last_count(log) > n:
                    break
            assert last_count(log) > n, 'the call was not made so often'
            sent.relp(desk.port['relp'], 50, again=desk.wait_ready)
            assert_kept(desk, sent)
        finally:
            desk.kill()
    desk.start()
    try:
        assert_kept(desk, sent)
        assert desk.stop() == 0
        rc, said = desk.verify()
        assert rc == 0, said
    finally:
        desk.kill()


@pytest.mark.parametrize('call', ['chan_send', 'chan_recv'])
def test_a_first_word_that_fails_is_told_and_another_start_goes_on(tmp_path, call):
    """The count begins again in each new intake, so this one never comes up: then it says why."""
    desk = Desk(tmp_path, listen=('relp',))
    desk.start(wait=False, env={'FAIL_ROLE': 'intake', 'FAIL_CALL': call, 'FAIL_AT': '1'})
    until('told', lambda: desk.said(b'intake ended: exit status 3'))
    desk.kill()
    sent = Sent()
    with desk:
        sent.relp(desk.port['relp'], 20)
        assert_kept(desk, sent)


@pytest.mark.parametrize('role', ['intake', 'front', 'collector'])
def test_a_role_that_lost_its_channel_to_a_living_keeper_begins_anew(tmp_path, role):
    log = tmp_path / 'logs' / 'app.log'
    log.parent.mkdir()
    more = 'collect: {files: ["%s"]}\n' % log
    env = {'FAIL_ROLE': role, 'FAIL_CALL': 'chan_recv', 'FAIL_AT': '40', 'FAIL_ERRNO': 'EIO'}
    with Desk(tmp_path / 'desk', listen=('relp',), more=more, env=env) as desk:
        sent, lines = Sent(), Sent()
        lost = b'trucban: %s has lost the keeper, ending it' % role.encode()

        def more_work():
            sent.relp(desk.port['relp'], 20, again=lambda: None)
            with open(log, 'ab') as f:
                f.write(b''.join(m + b'\n' for m, _ in lines.messages(5)))
            desk.command('search', sent.prefix + '*', check=False)
            return desk.said(lost)

        until('the end of the role', more_work, 40, 0.1)
        assert_kept(desk, sent)
        lines.twice = set(lines.sent)       # read again from the last place that is on disk
        assert_kept(desk, lines, all_of=True)


@pytest.mark.parametrize('call', ['chan_recv', 'chan_send'])
def test_a_teller_that_lost_its_channel_to_a_living_keeper_begins_anew(tmp_path, call):
    """Its first row of the ledger breaks the channel; what it tells goes out all the same."""
    target = tmp_path / 'anchor.txt'
    more = 'seal: {checkpoint: 1s, anchor: [{kind: file, target: "%s", every: 1s}]}\n' % target
    calls = tmp_path / 'calls'
    env = {'FAIL_ROLE': 'teller', 'FAIL_CALL': call, 'FAIL_AT': '1000000', 'FAIL_ERRNO': 'EIO',
           'FAIL_LOG': str(calls)}
    desk = Desk(tmp_path / 'desk', listen=('relp',), more=more)

    def told():
        return len(target.read_bytes().splitlines()) if target.exists() else 0

    desk.start(env=env)
    try:
        until('its row', lambda: desk.search('act:=anchor', '--stream', 'ledger'))
        at = last_count(str(calls))
    finally:
        desk.kill()
    # The teller talks with parent and desk too: one of the calls around that one is the keeper's.
    for near in (0, 1, 2, 3, -1, -2, -3, 4):
        desk.start(env=dict(env, FAIL_AT=str(at + near)))
        try:
            until('the end of the role',
                  lambda: desk.said(b'trucban: teller has lost the keeper, ending it'), 8, 0.1)
            break
        except TimeoutError:
            desk.kill()
    assert desk.child is not None, 'no call broke the channel to the keeper'
    try:
        lines = told()
        sent = Sent()
        sent.relp(desk.port['relp'], 20)
        until('a newer anchor', lambda: told() > lines, 60)
        assert_kept(desk, sent)
    finally:
        desk.kill()
