# SPDX-License-Identifier: Apache-2.0
"""kill -9 of any role, at any moment: nothing acknowledged is lost or doubled."""

import signal
import threading

import pytest

from harness import Desk, Sent, assert_kept


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


@pytest.mark.parametrize('role', ['keeper', 'intake', 'front'])
def test_kill_of_a_role_keeps_what_was_acknowledged(tmp_path, role):
    with Desk(tmp_path, listen=('relp', 'http')) as desk:
        sent = Sent()
        # The sender goes on through the breaks. Five kills: after each the parent waits longer.
        done = threading.Event()
        failed = []

        def send():
            try:
                sent.relp(desk.port['relp'], 20000, again=lambda: desk.wait_ready(), seconds=120)
            except Exception as e:      # told to the test's own thread
                failed.append(e)
            finally:
                done.set()

        sender = threading.Thread(target=send)
        sender.start()
        kills = 0
        while not done.wait(0.1) and kills < 5:
            desk.kill_role(role)
            kills += 1
        sender.join()
        assert not failed, failed[0]
        assert kills > 0, 'the sender was faster than the first kill'
        assert len(set(sent.acked)) == len(sent.sent)
        assert_kept(desk, sent)
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


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
