# SPDX-License-Identifier: Apache-2.0
"""One of everything: each way in, search, verify, status, stop."""

import json
import os
import subprocess

import senders
from harness import Desk, Sent, assert_kept, program, until


def test_a_record_sent_by_any_way_is_found_and_sealed(tmp_path):
    with Desk(tmp_path) as desk:
        sent = Sent()
        sent.udp(desk.port['udp'], 20)
        sent.tcp(desk.port['tcp'], 20, framing='count')
        sent.tcp(desk.port['tcp'], 20, framing='lf')
        sent.relp(desk.port['relp'], 20)
        sent.bulk(desk.port['http'], 20)
        assert_kept(desk, sent, all_of=True)
        assert desk.stop() == 0
        rc, said = desk.verify()
        assert rc == 0, said


def test_what_was_sent_comes_back_octet_by_octet(tmp_path):
    odd = 'tab\there "quotes" \\ back  two blanks \u20ab đồng'
    with Desk(tmp_path, listen=('relp',)) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 1, text=odd)
        assert_kept(desk, sent)
        rc, raw, _ = desk.command('search', '--raw', sent.prefix + '*')
        assert rc == 0
        assert (sent.sent[0] + ' ' + odd) in raw


def test_lower_case_without_diacritics_finds_vietnamese(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 3, text='Đăng nhập THẤT BẠI')
        assert_kept(desk, sent)
        assert len(desk.search('"dang nhap that bai"')) == 3
        assert len(desk.search('hostname:=may01')) == 3
        rc, out, _ = desk.command('search', '--json', 'dang | stats count() n')
        assert rc == 0
        assert int(json.loads(out.splitlines()[0])['n']) == 3


def on_a_terminal(desk, *args):
    """What a person sees of `trucban ARGS`."""
    ours, theirs = os.openpty()
    child = subprocess.Popen([program()] + list(args), stdin=subprocess.DEVNULL, stdout=theirs,
                             stderr=theirs, env=dict(os.environ, TRUCBAN_LANG='en',
                                                     TRUCBAN_STATE=desk.state))
    os.close(theirs)
    seen = b''
    try:
        while piece := os.read(ours, 65536):
            seen += piece
    except OSError:     # the end of a terminal
        pass
    os.close(ours)
    assert child.wait(20) == 0
    return seen.decode()


def test_a_person_is_told_of_nothing_and_of_more(tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        senders.tcp_send(desk.port['tcp'], [senders.rfc5424('mot%d' % i) for i in range(1001)])
        until('the records', lambda: len(desk.search()) == 1001)
        assert 'No record was found.' in on_a_terminal(desk, 'search', 'khongco')
        assert 'Only 1000 records are shown' in on_a_terminal(desk, 'search', '*')
        for more in (['--limit', '1000', '*'], ['mot7'], ['* | stats count() n']):
            seen = on_a_terminal(desk, 'search', *more)
            assert 'shown' not in seen and 'No record' not in seen
        # into a pipe nothing is said
        assert desk.command('search', 'khongco') == (0, '', '')
