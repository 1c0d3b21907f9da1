# SPDX-License-Identifier: Apache-2.0
"""trucban hold: what is held stays past its retention until it is released, and all of it is told:
list, ledger, status, doctor, verify, a backup's copy."""

import json
import os

import relp
import second_verifier
from harness import Desk, Sent, assert_kept, until

CLASSES = 'classes: [{name: standard, days: 365}, {name: short, days: 30}]\n'


def holds(desk, store=None):
    where = ['--config', desk.conf] + (['--state', str(store)] if store else [])
    return [json.loads(line) for line in
            desk.command('hold', 'list', '--json', *where)[1].splitlines()]


def hold(desk, *words, check=True):
    return desk.command('hold', *words, '--config', desk.conf, '--state', desk.state, check=check)


def test_a_hold_is_told_everywhere_and_outlives_kills_and_copies(tmp_path):
    with Desk(tmp_path, more=CLASSES) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 500)
        assert_kept(desk, sent)
        assert holds(desk) == []
        rc, out, _ = hold(desk, 'add', 'vụ 7', '--why', 'công văn 12/CA', '--from', '7d',
                          '--class', 'standard')
        assert rc == 0 and 'vụ 7' in out and 'công văn 12/CA' in out
        rc, _, err = hold(desk, 'add', 'vụ 7', '--why', 'lần nữa', check=False)
        assert rc == 3 and 'in force already' in err, err

        desk.kill_role('keeper')
        desk.wait_ready()
        desk.copy('moved')
        one, = holds(desk)
        assert one['name'] == 'vụ 7' and one['class'] == 'standard' and one['who'].startswith('uid')
        assert one['records'] >= 500 and one['segments'] >= 1 and one['bytes'] > 0, one
        assert holds(desk, tmp_path / 'moved')[0]['name'] == 'vụ 7'
        until('status tells of it', lambda: '1 legal hold' in
              desk.command('status', '--state', desk.state, check=False)[1])
        assert '1 in force' in desk.command('doctor', '--config', desk.conf, check=False)[1]

        rc, _, err = hold(desk, 'release', 'vụ 8', '--why', 'x', check=False)
        assert rc == 3 and 'vụ 8' in err
        hold(desk, 'release', 'vụ 7', '--why', 'đã kết thúc xác minh')
        assert holds(desk) == []
        acts = desk.search('act:in("hold-add","hold-release")', '--stream', 'ledger')
        assert [a for a in acts if 'vụ 7' in str(a) and 'hold-add' in str(a)]
        assert [a for a in acts if 'đã kết thúc xác minh' in str(a)]
        rc, out, _ = desk.command('verify', '--store', desk.state)
        assert rc == 0 and 'vụ 7' in out and 'đã kết thúc xác minh' in out, out
        assert_kept(desk, sent)


def test_a_hold_without_reason_or_with_a_wrong_range_is_refused(tmp_path):
    with Desk(tmp_path, more=CLASSES) as desk:
        for wrong in (['add', 'a'], ['add', '--why', 'x'], ['release', 'a'], ['list', 'a'],
                      ['add', 'a', '--why', ''], ['add', 'a', '--why', 'x', '--seq', '7'],
                      ['add', 'a', '--why', 'x', '--seq', '9-7'],
                      ['add', 'a', '--why', 'x', '--class', 'nowhere'],
                      ['add', 'a', '--why', 'x', '--from', 'ngày mai'],
                      ['add', 'a', '--why', 'x', '--stream', 'ledger']):
            rc, out, err = hold(desk, *wrong, check=False)
            assert rc in (2, 3) and not out and err, (wrong, rc, out, err)
        assert holds(desk) == []


def test_a_hold_by_a_query_holds_from_the_first_match_to_the_last(tmp_path):
    with Desk(tmp_path, more=CLASSES) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 100)
        assert_kept(desk, sent)
        found = sorted(int(r['_seq'].rsplit(':', 1)[1]) for r in desk.search('*'))
        hold(desk, 'add', 'vụ 9', '--why', 'x', '_msg:*')
        one, = holds(desk)
        assert (one['first_seq'], one['last_seq']) == (found[0], found[-1]), one
        assert one['stream'] == 'raw' and len(found) == 100
        rc, _, err = hold(desk, 'add', 'vụ 10', '--why', 'x', 'nothing_like_this', check=False)
        assert rc == 3 and 'finds no record' in err, err
        assert [a for a in desk.search('act:=hold-add', '--stream', 'ledger')
                if 'query=_msg:*' in str(a)]


def test_a_hold_by_a_query_finds_what_a_search_finds(tmp_path):
    with Desk(tmp_path, listen=('relp',), more=CLASSES) as desk:
        client = relp.RelpClient(desk.port['relp'])
        client.open()
        for i, words in enumerate(('Xin chào', 'khác', 'XIN CHÀO', 'xin chao', 'khác')):
            client.post(('<13>1 - h a - - - ' + words).encode(), i)
        client.drain()
        for number, query in enumerate(('xin chao', 'chao', 'chào', '"xin chao"')):
            found = sorted(int(r['_seq'].rsplit(':', 1)[1]) for r in desk.search(query))
            assert found, query
            hold(desk, 'add', 'vụ %d' % number, '--why', 'x', query)
            held, = [h for h in holds(desk) if h['name'] == 'vụ %d' % number]
            assert (held['first_seq'], held['last_seq']) == (found[0], found[-1]), (query, held)


def test_a_backup_carries_holds_and_a_second_verifier_reads_them(tmp_path):
    with Desk(tmp_path, more=CLASSES) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 100)
        hold(desk, 'add', 'vụ 7', '--why', 'công văn 12', '--seq', '1-50')
        hold(desk, 'add', 'vụ 8', '--why', 'công văn 13')
        hold(desk, 'release', 'vụ 8', '--why', 'nhầm')
        copy, again = os.path.join(desk.folder, 'copy'), os.path.join(desk.folder, 'again')
        desk.command('backup', '--with-keys', copy)
        desk.command('restore', '--state', again, copy)
        one, = holds(desk, again)
        assert (one['name'], one['first_seq'], one['last_seq']) == ('vụ 7', 1, 50)
        assert desk.stop() == 0
        for store in (desk.state, copy):
            _, entries = second_verifier.verify_seal(store)
            told = [(e['action'], e['name'].decode(), e['why'].decode(), e['reason'].decode())
                    for e in entries if e['type'] == 7]
            assert told == [(1, 'vụ 7', 'công văn 12', ''), (1, 'vụ 8', 'công văn 13', ''),
                            (2, 'vụ 8', 'công văn 13', 'nhầm')], told
