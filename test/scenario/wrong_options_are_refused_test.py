# SPDX-License-Identifier: Apache-2.0
"""What is asked for wrongly ends with 2 and a sentence, before anything is done."""

from harness import Desk


def refused(desk, *command):
    rc, out, err = desk.command(*command, check=False)
    assert rc == 2, (rc, err)
    assert out == '', out
    return err


def test_a_time_that_is_none_and_two_forms_at_once_are_wrong_usage(tmp_path):
    with Desk(tmp_path, listen=()) as desk:
        assert "--since: 'x' is not a time" in refused(desk, 'verify', '--store', desk.state,
                                                       '--since', 'x')
        assert desk.command('verify', '--store', desk.state, '--since', '2026-11-23')[0] in (0, 1)
        for pair in (('--json', '--raw'), ('--raw', '--json')):
            assert 'exclude each other' in refused(desk, 'search', *pair, '*')
        assert desk.command('search', '--raw', '--raw', '*')[0] == 0


def test_a_desk_without_an_http_address_says_where_it_answers(tmp_path):
    desk = Desk(tmp_path, listen=())
    with open(desk.conf, encoding='utf-8') as f:
        text = f.read()
    with open(desk.conf, 'w', encoding='utf-8') as f:
        f.write(text.replace('  address: "127.0.0.1:%d"' % desk.front_port, '  address: ""'))
    with desk:
        assert desk.said(b'trucban: front ready: run/front.sock\n') == 1
        assert desk.search('*') == []
