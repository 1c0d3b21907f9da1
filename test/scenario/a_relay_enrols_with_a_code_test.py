# SPDX-License-Identifier: Apache-2.0
"""A relay sends with what `trucban agent enrol` printed: its unit, until it is revoked."""

from agents_enrol_with_a_code_test import Host, Office
from harness import Desk, Sent, assert_kept, until


def test_a_relay_sends_with_the_lines_that_enrolment_prints(tmp_path):
    with Office(tmp_path / 'desk') as desk:
        host = Host(tmp_path / 'relay' / 'state', desk)
        (tmp_path / 'relay').mkdir()
        snippet = host.enrol(desk.invite('xa-phu-my', '--unit', '12', '--class', 'long'))
        with Desk(tmp_path / 'relay', listen=('tcp',), more=snippet) as relay:
            sent = Sent()
            sent.tcp(relay.port['tcp'], 200)
            assert_kept(desk, sent, all_of=True)
            assert len(desk.search('_unit:=12 _identity:="xa-phu-my" %s*' % sent.prefix)) == 200
            for words in (('agent', 'list'), ('agent', 'invite', 'x'), ('import', relay.conf),
                          ('retention', 'show', '--config', relay.conf)):
                rc, out, err = relay.command(*words, check=False)
                assert rc == 3 and out == '' and 'this is a relay' in err, (words, rc, out, err)
                assert 'at the desk https://127.0.0.1' in err, err
            desk.agent('revoke', 'xa-phu-my', '--why', 'test')
            late = Sent()
            failed = desk.metric('intake_handshakes_failed_total')
            late.tcp(relay.port['tcp'], 10)
            until('refusal', lambda: desk.metric('intake_handshakes_failed_total') > failed, 60)
            assert not desk.found(late.prefix)

            # Invited again, with another unit: what waited goes there.
            host.enrol(desk.invite('xa-phu-my', '--unit', '13'), '--replace')
            relay.stop()
            relay.start()
            assert_kept(desk, late, all_of=True)
            assert len(desk.search('_unit:=13 %s*' % late.prefix)) == 10
