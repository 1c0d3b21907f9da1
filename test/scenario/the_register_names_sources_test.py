# SPDX-License-Identifier: Apache-2.0
"""The register of sources, from an empty desk on: names, units, strangers, who never came."""

import hashlib
import json
import os
import re
import shlex
import signal
import socket
import subprocess
import threading
import time

import pytest

import certs
import relp
import senders
from harness import Desk, Sent, assert_kept, free_ports, program, until

TRUC = 'Một cửa điện tử'


def source(desk, *args, rc=0):
    code, out, err = desk.command('source', args[0], '--config', desk.conf, *args[1:],
                                  check=False)
    assert code == rc, (args, code, out + err)
    return out, err


def lines(desk, verb, *options):
    """The answer of list or unknown, without its frame; by id where there is one."""
    _, out, _ = desk.command('source', verb, '--config', desk.conf, '--json', *options)
    return [line for line in map(json.loads, out.splitlines())
            if line['kind'] not in ('period', 'end')]


def listed(desk):
    return {line['id']: line for line in lines(desk, 'list')}


def run(*argv, feed=b''):
    subprocess.run(argv, input=feed, stdout=subprocess.DEVNULL, check=True, timeout=20)


def logger(desk, text):
    run('logger', '-n', '127.0.0.1', '-P', str(desk.port['udp']), '-d', '-t', 'sshd', text)


def nc(desk, address, text, host='may09'):
    line = '<13>Nov 23 10:00:00 %s ung-dung: %s\n' % (host, text)
    run('nc', '-s', address, '-N', '127.0.0.1', str(desk.port['tcp']), feed=line.encode())


def curl(desk, address, text):
    run('curl', '-sf', '--interface', address, '--data-binary',
        json.dumps({'_msg': text, 'host': {'name': 'pc01'}}),
        'http://127.0.0.1:%d/insert/jsonline' % desk.port['http'])


def record(desk, text):
    return until(text, lambda: desk.search('_msg:="%s" | fields _msg, _unit' % text))[0]


def ledger(desk, act):
    return [r['_msg'] for r in desk.search('act:="%s"' % act, '--stream', 'ledger', '--oldest')]


def test_an_office_names_its_sources(tmp_path):
    with Desk(tmp_path, more='classes: [{name: standard, days: 90}, {name: short, days: 7}]\n'
              ) as desk:
        assert 'no sources' in source(desk, 'list')[0]

        # Three kinds are expected; what to paste is said, for the desk's own doors.
        out, err = source(desk, 'add', 'web01', '--name', 'Máy chủ web', '--kind', 'rsyslog',
                          '--from', '127.0.0.1', '--unit', '7', '--system', TRUC, '--address',
                          '192.0.2.7')
        assert 'target="192.0.2.7"' in out and '1 sources' in err
        out, _ = source(desk, 'add', 'tuong-lua', '--kind', 'cisco-asa', '--from', '127.0.0.2',
                        '--unit', '8', '--class', 'short', '--contact', 'An')
        assert str(desk.port['udp']) in out or str(desk.port['tcp']) in out
        source(desk, 'add', 'pc01', '--kind', 'winlogbeat', '--from', '127.0.0.3/32', '--pause',
               '1h')
        source(desk, 'add', 'khong-bao-gio', '--kind', 'zimbra', '--from', '10.9.9.9', '--name',
               'Thư điện tử')
        assert {line['state'] for line in listed(desk).values()} == {'absent'}

        # They come, and are ticked off.
        logger(desk, 'dang nhap')
        nc(desk, '127.0.0.2', 'chan ket noi', 'fw')
        curl(desk, '127.0.0.3', 'mo phien')
        assert record(desk, 'dang nhap')['_unit'] == '7'
        assert record(desk, 'chan ket noi')['_unit'] == '8'
        assert record(desk, 'mo phien').get('_unit', '0') == '0'
        states = {name: line['state'] for name, line in listed(desk).items()}
        assert states == {'web01': 'arrives', 'tuong-lua': 'arrives', 'pc01': 'arrives',
                          'khong-bao-gio': 'absent'}
        out, _ = source(desk, 'list', rc=1)
        assert '✗ not seen  khong-bao-gio' in out and '✓ arrives   web01' in out

        # Somebody else sends: found, guessed, and named with the command that is shown.
        run('nc', '-s', '127.0.0.4', '-N', '127.0.0.1', str(desk.port['tcp']),
            feed=b'<13>Nov 23 10:00:00 db01 postgres[7]: la ai\n')
        record(desk, 'la ai')
        unknown, = until('an unknown one', lambda: lines(desk, 'unknown'))
        assert (unknown['peer'], unknown['host'], unknown['rows']) == ('127.0.0.4', 'db01', '1')
        assert unknown['guess'] == 'postgresql'
        command = shlex.split(unknown['command'])
        assert command[:4] == ['trucban', 'source', 'add', 'db01'], command
        assert unknown['command'] in source(desk, 'unknown', rc=1)[0]
        source(desk, *command[2:], '--unit', '9')
        assert lines(desk, 'unknown') == []
        assert 'have a name' in source(desk, 'unknown')[0]
        nc(desk, '127.0.0.4', 'da co ten', 'db01')
        assert record(desk, 'da co ten')['_unit'] == '9'
        assert record(desk, 'la ai').get('_unit', '0') == '0'   # what is stored stays as it was

        # One moves to another unit: from then on, while its earlier records stay.
        source(desk, 'set', 'web01', '--unit', '70')
        logger(desk, 'sau khi chuyen')
        assert record(desk, 'sau khi chuyen')['_unit'] == '70'
        assert record(desk, 'dang nhap')['_unit'] == '7'
        assert listed(desk)['web01']['rows'] == '2'

        # Coverage by the register; its certificate names what never came, and the register.
        with open(os.path.join(str(tmp_path), 'sources.csv'), 'rb') as f:
            total = hashlib.sha256(f.read()).hexdigest()
        told = desk.coverage()
        assert told.period['register_sha256'] == total and told.period['register_rows'] == '5'
        absent, = told.of('remark', verdict='absent')
        assert absent['id'] == 'khong-bao-gio' and absent['name'] == 'Thư điện tử'
        assert {s['name'] for s in told.of('source')} == {'Máy chủ web', 'tuong-lua', 'pc01',
                                                           'db01'}
        assert told.of('source', id='web01')[0]['system'] == TRUC
        name = str(tmp_path / 'bang')
        time.sleep(1.1)
        end = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())
        rc, _, err = desk.command('coverage', '--since', '1h', '--until', end, '--certificate',
                                  name)
        assert rc == 0, err
        with open(name + '.txt', encoding='utf-8') as f:
            text = f.read()
        assert 'SHA-256 ' + total in text
        assert 'EXPECTED BUT NOTHING CAME\n ✗ khong-bao-gio' in text, text

        # Who did what is in the ledger: by the command, and as the desk took it.
        assert ledger(desk, 'source')[0].startswith('add web01,Máy chủ web,rsyslog,127.0.0.1')
        last = ledger(desk, 'register')[-1]
        assert last.startswith('sha256=%s; rows=5' % total)
        assert '\n-web01,' in last and '\n+web01,' in last and '127.0.0.2' not in last

        # Without the desk: the same register over a copy.
        told = desk.command('coverage', '--store', desk.copy(), '--register',
                            os.path.join(str(tmp_path), 'sources.csv'))
        assert 'khong-bao-gio' in told[1]

        source(desk, 'remove', 'khong-bao-gio')
        assert source(desk, 'list')[0].count('✓') == 4
        _, err = source(desk, 'remove', 'khong-bao-gio', rc=2)
        assert 'no source khong-bao-gio' in err
        assert desk.said(b'begins anew') == 0 and desk.said(b'ended:') == 0


def test_a_name_that_is_taken_is_not_proposed_again(tmp_path):
    with Desk(tmp_path) as desk:
        source(desk, 'add', 'db01', '--kind', 'postgresql', '--from', '127.0.0.4')
        nc(desk, '127.0.0.5', 'trung ten', 'db01')
        record(desk, 'trung ten')
        unknown, = until('an unknown one', lambda: lines(desk, 'unknown'))
        assert unknown['command'].startswith('trucban source add NAME --kind '), unknown



def test_add_waits_for_the_first_record(tmp_path):
    with Desk(tmp_path, listen=('udp',)) as desk:
        waits = subprocess.Popen(
            [program(), 'source', 'add', 'web01', '--config', desk.conf, '--kind', 'rsyslog',
             '--from', '127.0.0.1', '--unit', '7', '--wait', '60'], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ,
                                                                     TRUCBAN_LANG='en'))
        while waits.poll() is None:
            logger(desk, 'ban ghi dau tien')
            time.sleep(0.3)
        out, err = waits.communicate()
        assert waits.returncode == 0, out + err
        first = json.loads(out.decode().splitlines()[-1])
        assert first['_msg'] == 'ban ghi dau tien', first
        assert record(desk, first['_msg'])['_unit'] == '7'


def test_three_hundred_servers_come_from_a_spreadsheet(tmp_path):
    sheet = tmp_path / 'may-chu.csv'
    rows = ['id;name;kind;from;unit;system;pause']
    rows += ['may%03d;"Máy chủ ""%d""; nhà B";rsyslog;10.%d.%d.5;%d;Nội bộ;2h'
             % (n, n, n // 256, n % 256, n % 7) for n in range(300)]
    sheet.write_bytes(b'\xef\xbb\xbf' + '\r\n'.join(rows).encode() + b'\r\n;;;;;;\r\n')
    with Desk(tmp_path / 'desk', listen=('udp',)) as desk:
        _, err = source(desk, 'import', str(sheet))
        assert '300 sources' in err
        assert len(listed(desk)) == 300
        out = str(tmp_path / 'ra.csv')
        source(desk, 'export', out)
        with open(out, 'rb') as f:
            written = f.read()
        assert written.startswith(b'\xef\xbb\xbfid,name,kind,from,')
        assert 'may007,"Máy chủ ""7""; nhà B",rsyslog,10.0.7.5,'.encode() in written
        assert source(desk, 'export')[0].encode() == written[3:]

        # The same again changes nothing; a part of it changes that part; all of it can be replaced.
        _, err = source(desk, 'import', out)
        assert 'added: 0\n' in err and 'unchanged: 300 (may000, may001, ' in err
        assert 'may009, ...)' in err
        assert source(desk, 'export')[0].encode() == written[3:]
        sheet.write_text('id,from,unit\nmay007,10.0.7.5,99\nmoi,192.0.2.9,1\n', encoding='utf-8')
        _, err = source(desk, 'import', str(sheet))
        assert 'added: 1 (moi)\n' in err and 'changed: 1 (may007)\n' in err
        now = listed(desk)
        assert len(now) == 301 and now['may007']['unit'] == '99'
        _, err = source(desk, 'import', str(sheet), '--replace')
        assert 'removed: 299 (may000, ' in err and 'unchanged: 2 (may007, moi)' in err
        assert sorted(listed(desk)) == ['may007', 'moi']
        assert ledger(desk, 'source')[-1].endswith('new=0 known=2 removed=299')


def test_a_table_at_odds_with_the_register_is_told_by_its_own_line(tmp_path):
    sheet = tmp_path / 'them.csv'
    with Desk(tmp_path / 'desk', listen=()) as desk:
        sheet.write_text('id,from\n' + ''.join('cu%d,10.0.0.%d\n' % (i, i) for i in range(9)))
        source(desk, 'import', str(sheet))
        sheet.write_text('id,from\nmoi1,10.1.0.1\n\nmoi2,10.0.0.4\n')
        _, err = source(desk, 'import', str(sheet), rc=2)
        assert str(sheet) + ': line 4: is about the same senders as cu4' in err
        assert len(listed(desk)) == 9
        sheet.write_text('id,from\nmoi1,10.1.0.1\n\nmoi2,10.0.0.4\ncu4,10.0.0.40\n')
        _, err = source(desk, 'import', str(sheet))
        assert 'added: 2 (moi1, moi2)' in err and 'changed: 1 (cu4)' in err


@pytest.mark.parametrize('text, words', [
    ('id,from\nx,10.0.0.300\n', "line 2: from: '10.0.0.300' is no address"),
    ('id,from,class\nx,10.0.0.3,shrot\n', 'line 2: class: there is no class shrot'),
    ('id,form\n', "line 1: there is no column 'form'"),
    ('id,host,unit\nx,web,3\n', 'nobody attests it'),
])
def test_what_is_wrong_is_said_and_changes_nothing(tmp_path, text, words):
    with Desk(tmp_path / 'desk', listen=('udp',)) as desk:
        register = os.path.join(desk.folder, 'sources.csv')
        source(desk, 'add', 'good', '--from', '10.0.0.1')
        with open(register, 'rb') as f:
            before = f.read()
        wrong = tmp_path / 'wrong.csv'
        wrong.write_text(text, encoding='utf-8')
        _, err = source(desk, 'import', str(wrong), rc=2)
        assert words in err, err
        with open(register, 'rb') as f:
            assert f.read() == before
        # By hand, and SIGHUP: the desk goes on with what it has.
        with open(register, 'w', encoding='utf-8') as f:
            f.write(text)
        desk.child.send_signal(signal.SIGHUP)
        until('refused', lambda: desk.said(b'the configuration of before stays'))
        assert desk.said(words.encode())
        assert list(listed(desk)) == ['good']
        checks = map(json.loads, desk.command('doctor', '--config', desk.conf,
                                              '--json')[1].splitlines())
        assert [c['result'] for c in checks if words in c['what']] == ['bad']
        with open(register, 'w', encoding='utf-8') as f:
            f.write('id;from\nby-hand;10.0.0.2\n')
        desk.child.send_signal(signal.SIGHUP)
        until('taken', lambda: list(listed(desk)) == ['by-hand'])
        assert '\n-good,,,10.0.0.1' in ledger(desk, 'register')[-1]


def test_only_the_desk_s_own_may_change_the_register(tmp_path):
    with Desk(tmp_path, listen=('udp',)) as desk:
        conn = senders.connection(desk.front_port)
        status, body = senders.request(conn, 'POST', '/trucban/register?sha256=x&what=add')[:2]
        conn.close()
        assert status == 403, body
        assert ledger(desk, 'source') == []
        _, err = source(desk, 'add', 'x', '--from', '10.0.0.1', '--kind', 'nosuch', rc=2)
        assert "no kind 'nosuch'" in err and 'fortigate' in err
        source(desk, 'add', 'x', '--contact', 'An\nmore,10.0.0.9', '--from', '10.0.0.1', rc=2)
        source(desk, 'add', 'x\ny', '--from', '10.0.0.1', rc=2)
        desk.stop()
        _, err = source(desk, 'add', 'x', '--from', '10.0.0.1')
        assert 'does not run' in err
        desk.start()
        assert list(listed(desk)) == ['x']
        noted = until('noted', lambda: ledger(desk, 'register'))
        assert noted[-1].endswith('rows=1\n+x,,,10.0.0.1,,,,,,,,,,')


def test_a_certificate_and_a_token_are_identities(tmp_path):
    authority = certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('desk')
    tokens = tmp_path / 'tokens'
    tokens.write_text('don-vi-3 bi-mat\n', encoding='utf-8')
    tls = {'cert': cert, 'key': key, 'ca': authority.ca, 'clients': 'required'}
    with Desk(tmp_path / 'desk', listen=('relp-tls', 'http'),
              options={'relp-tls': tls, 'http': {'token_file': str(tokens)}}) as desk:
        source(desk, 'add', 'here', '--from', '127.0.0.1', '--unit', '1')
        source(desk, 'add', 'mot', '--identity', 'may-chu-01', '--unit', '2')
        source(desk, 'add', 'hai', '--identity', 'don-vi-3', '--unit', '3')
        client = relp.RelpClient(desk.port['relp-tls'], tls=relp.client_context(
            authority.ca, *authority.issue('may-chu-01')))
        client.open()
        client.post_many([(b'<13>1 - may app - - - truoc', 1)])
        client.drain()
        assert record(desk, 'truoc')['_unit'] == '2'
        source(desk, 'set', 'mot', '--unit', '20')      # while its connection is open
        client.post_many([(b'<13>1 - may app - - - sau', 2)])
        client.drain()
        client.close()
        assert record(desk, 'sau')['_unit'] == '20'
        run('curl', '-sf', '-H', 'Authorization: Bearer bi-mat', '--data-binary',
            '{"_msg": "bang ma"}', 'http://127.0.0.1:%d/insert/jsonline' % desk.port['http'])
        assert record(desk, 'bang ma')['_unit'] == '3'
        assert [line['state'] for line in lines(desk, 'list')] == ['absent', 'arrives', 'arrives']


def test_a_register_under_load_loses_nothing_and_closes_nothing(tmp_path):
    with Desk(tmp_path, listen=('relp', 'tcp'), more='classes: [{name: standard, days: 90}, '
              '{name: short, days: 7}]\n') as desk:
        before = desk.children()
        sent, plain = Sent(), Sent()
        ending = threading.Event()

        def push():
            # One connection all the time: window after window.
            while not ending.is_set():
                sent.relp(desk.port['relp'], 2000)

        def push_tcp():
            with socket.create_connection(('127.0.0.1', desk.port['tcp']), 10) as s:
                while not ending.is_set():
                    for m, _ in plain.messages(200):
                        s.sendall(b'%d %s' % (len(m), m))
                    time.sleep(0.05)

        threads = [threading.Thread(target=push, daemon=True),
                   threading.Thread(target=push_tcp, daemon=True)]
        for t in threads:
            t.start()
        until('records', lambda: len(sent.acked) > 2000)
        source(desk, 'add', 'here', '--from', '127.0.0.0/8', '--unit', '1')
        for n in range(2, 12):
            have = len(sent.acked)
            source(desk, 'set', 'here', '--unit', str(n), '--class', ('short', 'standard')[n % 2])
            until('more records', lambda h=have: len(sent.acked) > h + 500)
        ending.set()
        for t in threads:
            t.join(60)
            assert not t.is_alive()
        assert len(sent.acked) == len(sent.sent) and not sent.twice
        assert_kept(desk, sent)
        assert_kept(desk, plain, all_of=True)
        assert desk.children() == before and desk.said(b'ended:') == 0
        # The harness's own, when it waited for the door, and the one of push_tcp.
        accepted = 'intake_connections_accepted_total{listener="tcp"}'
        until('it is told', lambda: desk.metric(accepted) >= 2)
        assert desk.metric(accepted) == 2
        found = desk.search('* | stats by (_unit) count() n')
        units = {r.get('_unit', '0'): int(r['n']) for r in found}
        assert set(units) >= {str(n) for n in range(1, 12)}, units
        assert sum(units.values()) == len(sent.sent) + len(plain.sent)
        assert desk.stop() == 0
        rc, said = desk.verify()
        assert rc == 0, said


def test_a_class_and_a_source_of_it_come_with_one_reload(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        with open(desk.conf, 'a', encoding='utf-8') as f:
            f.write('classes: [{name: standard, days: 90}, {name: short, days: 7}]\n')
        source(desk, 'add', 'x', '--from', '127.0.0.1', '--class', 'short', rc=3)
        desk.child.send_signal(signal.SIGHUP)
        until('ready again', lambda: desk.said(b'trucban: ready\n') == 2, 40)
        until('taken', lambda: list(listed(desk)) == ['x'])
        sent = Sent()
        sent.relp(desk.port['relp'], 10)
        assert_kept(desk, sent)


def test_the_largest_register_is_handed_over(tmp_path):
    with Desk(tmp_path, listen=('udp',)) as desk:
        sheet = tmp_path / 'all.csv'
        text = 'id,name,from\n' + ''.join(
            'm%04d,%s,10.%d.%d.1\n' % (n, 'x' * 210, n >> 8, n & 255) for n in range(4096))
        assert len(text) < 1 << 20
        sheet.write_text(text, encoding='utf-8')
        source(desk, 'import', str(sheet))
        assert len(listed(desk)) == 4096
        desk.kill_role('front')
        desk.kill_role('intake')
        assert len(until('again', lambda: listed(desk))) == 4096


def test_one_machine_by_two_doors_is_told_by_one_command_in_words_of_the_reader(tmp_path):
    with Desk(tmp_path, listen=('udp', 'tcp')) as desk:
        for port, kind in ((desk.port['udp'], '-u'), (desk.port['tcp'], '-N')):
            line = '<13>Nov 23 10:00:00 127.0.0.6 ung-dung: hai cua %s\n' % kind[1]
            run('timeout', '2', 'nc', '-s', '127.0.0.6', kind, *(['-w', '1'] if kind == '-u' else
                []), '127.0.0.1', str(port), feed=line.encode())
        until('both', lambda: len(desk.search('hai cua')) == 2)
        _, out, _ = desk.command('source', 'unknown', env={'TRUCBAN_LANG': 'vi'})
        assert out.count('trucban source add') == 1 and 'đã có lệnh ở trên' in out, out
        assert '--kind LOẠI' in out and 'KIND' not in out, out
        for line in out.splitlines():
            assert line.count('127.0.0.6') <= 1, line
        _, out, _ = desk.command('source', 'unknown')
        assert '--kind KIND' in out, out


def test_a_source_of_a_relay_is_told_to_send_there(tmp_path):
    with Desk(tmp_path) as desk:
        out, err = source(desk, 'add', 'fw01', '--kind', 'cisco-asa', '--listener', 'xa/udp',
                          '--from', '192.168.1.10')
        assert out == '' and 'listener udp of relay xa' in err, (out, err)
        assert 'trucban source cisco-asa' in err and listed(desk)['fw01']['state'] == 'absent'
        _, err = source(desk, 'set', 'fw01', '--unit', '9223372036854775808', rc=2)
        assert 'up to 9223372036854775807' in err, err
