# SPDX-License-Identifier: Apache-2.0
"""kill -9 of any role, at any moment: nothing acknowledged is lost or doubled."""

import signal

import pytest

from harness import Desk, Sent, assert_kept
from storm import ROLES, Storm


def test_a_stop_and_a_start_keep_everything(tmp_path):
    with Desk(tmp_path, listen=('relp', 'tcp')) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 300)
        sent.tcp(desk.port['tcp'], 300)
        assert_kept(desk, sent, all_of=True)
        assert desk.stop() == 0
        desk.start()
        assert_kept(desk, sent, all_of=True)


def test_kill_of_the_whole_desk_keeps_what_was_acknowledged(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        sent = Sent()
        for _ in range(3):
            sent.relp(desk.port['relp'], 400)
            desk.kill()
            desk.start()
            assert_kept(desk, sent)
        assert desk.verify()[0] == 0


@pytest.mark.parametrize('role', ROLES)
def test_ten_kills_of_a_role_under_load_cost_nothing(tmp_path, role):
    storm = Storm(tmp_path, role, seed=10 + ROLES.index(role))
    storm.run(kills=10)
    assert storm.kills == 10
    assert not storm.faults(), storm.faults()


def test_a_keeper_that_crashes_loses_nothing(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 100)
        desk.kill_role('keeper', signal.SIGSEGV)
        sent.relp(desk.port['relp'], 100, again=lambda: desk.wait_ready())
        assert_kept(desk, sent)


def test_bulk_items_that_were_kept_survive_a_kill(tmp_path):
    with Desk(tmp_path, listen=('http',)) as desk:
        sent = Sent()
        sent.bulk(desk.port['http'], 2000)
        assert len(sent.acked) == 2000
        desk.kill()
        desk.start()
        assert_kept(desk, sent)
