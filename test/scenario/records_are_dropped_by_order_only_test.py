# SPDX-License-Identifier: Apache-2.0
"""sample: what somebody ordered not to be kept is counted under its rule, told as that and not as
lost, and stands in the ledger with who and why; when its day is over all is kept again."""

import fcntl
import json
import os
import signal
import socket
import subprocess

from harness import Desk, Sent, program, until

RULE = ('sample:\n  - {name: noisy, listener: %s, peer: 127.0.0.1, keep: %d, below: %s,\n'
        '     who: Trần A, why: quá nhiều, until: %s}\n')


def rule(listener='udp', keep=10, below='any', until_day='2199-12-31'):
    return RULE % (listener, keep, below, until_day) + 'seal: {checkpoint: 1s}\n'


def ordered(desk):
    rows = desk.coverage().of('loss', grade='ordered')
    return {row['door']: sum(int(r['n']) for r in rows if r['door'] == row['door']) for row in rows}


def dropped(desk):
    return desk.metric('intake_records_ordered_total') or 0


def test_one_of_ten_is_kept_and_the_rest_is_told_as_dropped_by_order(tmp_path):
    with Desk(tmp_path, listen=('udp', 'tcp'), more=rule()) as desk:
        sent, other = Sent(), Sent()
        sent.udp(desk.port['udp'], 100)
        other.tcp(desk.port['tcp'], 50)
        until('counted', lambda: dropped(desk) == 90)
        until('found', lambda: len(desk.found(sent.prefix)) == 10)
        until('the others', lambda: len(desk.found(other.prefix)) == 50)
        until('sealed', lambda: ordered(desk) == {'udp/noisy': 90})
        rc, out, _ = desk.command('coverage', check=False)
        assert 'dropped by order (not lost) 90' in out and 'lost at this host 0' in out, out
        row, = until('the ledger', lambda: desk.search('act:=sample-rule', '--stream', 'ledger'))
        assert 'quá nhiều' in str(row) and 'Trần A' in str(row) and 'keep=10' in str(row)
        rc, out, _ = desk.command('retention', 'sample', '--json', '--config', desk.conf)
        one = json.loads(out)
        assert one['name'] == 'noisy' and one['keep'] == 10 and one['in_force'] is True
        rc, out, _ = desk.command('status', check=False)
        assert '90' in out and 'not kept, by order' in out, out
        assert desk.stop() == 0
        desk.start()
        assert ordered(desk) == {'udp/noisy': 90}


def test_severity_decides_and_a_rule_that_is_over_does_nothing(tmp_path):
    with Desk(tmp_path, listen=('udp', 'tcp'), more=rule('tcp', 0, 'warning')) as desk:
        with socket.create_connection(('127.0.0.1', desk.port['tcp'])) as tcp:
            for pri, word in ((12, 'warningword'), (14, 'infoword'), (11, 'errword')):
                tcp.sendall(b'<%d>1 2026-11-23T08:00:00Z h a - - - %s\n' % (pri, word.encode()))
        until('counted', lambda: dropped(desk) == 1)
        until('found', lambda: desk.search('warningword') and desk.search('errword'))
        assert not desk.search('infoword')
    with Desk(tmp_path / 'over', listen=('udp', 'tcp'),
              more=rule('udp', 0, 'any', '2026-01-01')) as desk:
        sent = Sent()
        sent.udp(desk.port['udp'], 20)
        until('found', lambda: len(desk.found(sent.prefix)) == 20)
        assert dropped(desk) == 0 and not desk.search('act:=sample-rule', '--stream', 'ledger')


def test_a_rule_without_reason_or_end_or_at_a_door_with_answers_is_refused(tmp_path):
    desk = Desk(tmp_path, listen=('relp',), more=rule('relp'))
    rc, _, err = desk.command('serve', '--config', desk.conf, check=False)
    assert rc == 3 and 'only at listeners of kind udp and tcp' in err, (rc, err)


def order(desk, verb, name, *options, rc=0, lang='en'):
    code, out, err = desk.command('retention', 'sample', verb, name, '--config', desk.conf,
                                  *options, check=False, env={'TRUCBAN_LANG': lang})
    assert code == rc, (code, out, err)
    return out + err


def orders(desk):
    _, out, _ = desk.command('retention', 'sample', '--json', '--config', desk.conf)
    return {row['name']: row for row in map(json.loads, out.splitlines())}


FULL = ('--listener', 'udp', '--peer', '127.0.0.1', '--keep', '0', '--until', '2199-12-31',
        '--who', 'Trần A', '--why', 'nói "nhiều" quá')


def test_an_order_is_given_and_lifted_by_command_and_stands_in_the_ledger(tmp_path):
    with Desk(tmp_path, listen=('udp', 'tcp'), more='seal: {checkpoint: 1s}\n# ghi chú\n') as desk:
        with open(desk.conf, encoding='utf-8') as f:
            before = f.read()
        ready = desk.said(b'intake ready')
        out = order(desk, 'add', 'on-ao', *FULL)
        assert 'in force' in out
        row, = desk.search('act:=sample', '--stream', 'ledger')
        assert row['_msg'].startswith('add on-ao; listener=udp; peer=127.0.0.1; keep=0')
        assert row['who'].startswith('uid ') and 'Trần A' in row['_msg']
        until('taken', lambda: desk.said(b'intake ready') > ready, 30)
        assert orders(desk)['on-ao']['why'] == 'nói "nhiều" quá'
        until('told', lambda: desk.search('act:=sample-rule', '--stream', 'ledger'))
        sent = Sent()
        sent.udp(desk.port['udp'], 20)
        until('dropped', lambda: dropped(desk) == 20)
        assert not desk.found(sent.prefix)

        ready = desk.said(b'intake ready')
        order(desk, 'remove', 'on-ao', '--why', 'đã sửa máy')
        until('taken back', lambda: desk.said(b'intake ready') > ready, 30)
        assert orders(desk) == {}
        sent = Sent()
        sent.udp(desk.port['udp'], 20)
        until('kept', lambda: len(desk.found(sent.prefix)) == 20)
        rows = desk.search('act:=sample', '--stream', 'ledger', '--oldest')
        assert [r['_msg'] for r in rows][1] == 'remove on-ao; why=đã sửa máy'
        # Nothing else of the file is another.
        with open(desk.conf, encoding='utf-8') as f:
            assert f.read().rstrip('\n') == before.rstrip('\n')


def test_an_order_that_cannot_stand_changes_nothing(tmp_path):
    with Desk(tmp_path, listen=('udp', 'relp')) as desk:
        with open(desk.conf, encoding='utf-8') as f:
            before = f.read()
        relp = ('--listener', 'relp') + FULL[2:]
        assert 'chỉ ở cửa nhận udp và tcp' in order(desk, 'add', 'x', *relp, rc=2, lang='vi')
        assert '--why' in order(desk, 'add', 'x', *FULL[:-2], rc=2)
        assert 'no order x' in order(desk, 'remove', 'x', '--why', 'y', rc=2)
        assert '--keep' in order(desk, 'remove', 'x', '--why', 'y', '--keep', '2', rc=2)
        past = FULL[:7] + ('2026-01-31',) + FULL[8:]
        assert '--until 2026-01-31 is over' in order(desk, 'add', 'x', *past, rc=2)
        assert not desk.search('act:=sample', '--stream', 'ledger')
        desk.stop()
        assert 'has to run' in order(desk, 'add', 'x', *FULL, rc=3)
        with open(desk.conf, encoding='utf-8') as f:
            assert f.read() == before


def text_of(desk):
    with open(desk.conf, encoding='utf-8') as f:
        return f.read()


def start_add(desk, name, *options):
    """The command, begun and left to itself."""
    return subprocess.Popen([program(), 'retention', 'sample', 'add', name, '--config', desk.conf,
                             *options], env=dict(os.environ, TRUCBAN_LANG='en'),
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def waits(pid):
    """Has it the configuration's lock, and a question at the desk?"""
    with open('/proc/locks', encoding='ascii') as f:
        locked = any(line.split()[1] == 'FLOCK' and line.split()[4] == str(pid) for line in f)
    held = '/proc/%d/fd/' % pid
    try:
        return locked and any(os.readlink(held + fd).startswith('socket:')
                              for fd in os.listdir(held))
    except FileNotFoundError:
        return False


def noted(desk, name):
    return [r for r in desk.search('act:=sample', '--stream', 'ledger')
            if r['_msg'].startswith('add %s;' % name)]


def test_two_orders_at_once_are_both_there_or_one_is_told(tmp_path):
    peers = ['127.0.0.%d' % i for i in range(2, 6)]
    with Desk(tmp_path, listen=('udp', 'tcp')) as desk:
        adds = {p: start_add(desk, 'o' + p[-1], '--peer', p, *FULL[:2], *FULL[4:]) for p in peers}
        out = {p: add.communicate()[0] for p, add in adds.items()}
        done = {'o' + p[-1] for p, add in adds.items() if add.returncode == 0}
        assert done and set(orders(desk)) == done, out
        assert all(adds[p].returncode == 0 or 'run this again' in out[p] for p in peers), out
        folder = os.open(str(tmp_path), os.O_RDONLY)
        fcntl.flock(folder, fcntl.LOCK_EX)
        before = text_of(desk)
        assert 'another command' in order(desk, 'add', 'later', *FULL, rc=3)
        rc, _, err = desk.command('source', 'add', '--config', desk.conf, 'web01', '--from',
                                  '192.0.2.7', check=False)
        assert rc == 3 and 'another command' in err
        assert not os.path.exists(tmp_path / 'sources.csv')
        os.close(folder)
        assert text_of(desk) == before and not noted(desk, 'later')


def test_the_row_is_there_before_the_order_and_nobody_elses_edit_is_undone(tmp_path):
    with Desk(tmp_path, listen=('udp', 'tcp')) as desk:
        keeper = desk.pid_of('keeper')
        before = text_of(desk)
        # The row cannot come to disk meanwhile.
        os.kill(keeper, signal.SIGSTOP)
        try:
            add = start_add(desk, 'broken-off', *FULL)
            until('it waits', lambda: waits(add.pid))
            assert text_of(desk) == before
            add.send_signal(signal.SIGINT)
            add.communicate()
            assert text_of(desk) == before
            add = start_add(desk, 'crossed', *FULL)
            until('it waits', lambda: waits(add.pid))
            with open(desk.conf, 'a', encoding='utf-8') as f:
                f.write('# mine\n')
        finally:
            os.kill(keeper, signal.SIGCONT)
        out = add.communicate()[0]
        assert add.returncode == 3 and 'somebody else' in out and 'unchanged' in out, out
        assert text_of(desk) == before + '# mine\n'
        assert noted(desk, 'crossed')
        order(desk, 'add', 'crossed', *FULL)
        assert 'crossed' in orders(desk) and text_of(desk).count('# mine') == 1
