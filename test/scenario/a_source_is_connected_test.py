# SPDX-License-Identifier: Apache-2.0
"""trucban source: the lines that it prints, pasted into the real program, bring records in."""

import contextlib
import json
import os
import re
import socket
import subprocess
import time

import pytest

import senders
from harness import Desk, free_ports, program, until

ADDRESS = ('--address', '127.0.0.1')


def lines_for(desk, kind, *options, rc=0):
    code, out, err = desk.command('source', kind, '--config', desk.conf, *options, check=False)
    assert code == rc, out + err
    return out, err


@contextlib.contextmanager
def rsyslog(folder, lines):
    """A real rsyslogd with these lines and a door of its own; the port of that door."""
    port = free_ports(1)[0]
    conf = os.path.join(folder, 'rsyslog.conf')
    with open(conf, 'w', encoding='utf-8') as f:
        f.write('global(workDirectory="%s")\nmodule(load="imtcp")\n'
                'input(type="imtcp" address="127.0.0.1" port="%d")\n%s' % (folder, port, lines))
    child = subprocess.Popen(['/usr/sbin/rsyslogd', '-n', '-f', conf, '-i',
                              os.path.join(folder, 'pid')], stdin=subprocess.DEVNULL)
    try:
        yield port
    finally:
        child.terminate()
        child.wait(20)


def send(port, text):
    def sent():
        try:
            with socket.create_connection(('127.0.0.1', port), 1) as s:
                s.sendall(text)
            return True
        except OSError:
            return False
    until('rsyslogd takes it', sent, 20)


@pytest.mark.parametrize('door', ['relp', 'tcp', 'udp'])
def test_rsyslog_sends_with_the_lines_that_are_printed(tmp_path, door):
    with Desk(tmp_path / 'desk', listen=(door,)) as desk:
        lines, err = lines_for(desk, 'rsyslog', *ADDRESS)
        assert str(desk.port[door]) in lines and 'listens on this machine only' in err
        with rsyslog(str(tmp_path), lines) as port:
            waits = subprocess.Popen(
                [program(), 'source', 'rsyslog', '--config', desk.conf, '--from', '127.0.0.1',
                 '--wait', '60'], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                stderr=subprocess.PIPE, env=dict(os.environ, TRUCBAN_LANG='en'))
            # It looks for what comes after it began to.
            while waits.poll() is None:
                send(port, b'<13>1 2026-11-23T10:00:00Z may07 thu - - - xin chao tu rsyslog\n')
                time.sleep(0.3)
            out, err = waits.communicate()
        assert waits.returncode == 0, out + err
        record = json.loads(out.decode().splitlines()[-1])
        assert record['_msg'] == 'xin chao tu rsyslog' and record['hostname'] == 'may07', record


def found(desk, ids):
    rows = desk.search(ids.prefix + '* | stats count_uniq(_msg) n')
    return int(rows[0]['n']) if rows else 0


def test_rsyslog_with_those_lines_loses_nothing_of_30000_while_the_desk_is_down(tmp_path):
    """With rsyslog's own queue.size of 1,000 two to three of them were dropped by rsyslog."""
    ids = senders.Ids()
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        lines, _ = lines_for(desk, 'rsyslog', *ADDRESS)
        soon = lines.replace('action.resumeRetryCount', 'action.resumeInterval="1" '
                             'action.resumeRetryCount')
        assert soon != lines
        with rsyslog(str(tmp_path), soon) as port:
            send(port, b'<13>Nov 23 10:00:00 may07 thu[7]: %s\n' % ids.next().encode())
            until('the first', lambda: found(desk, ids) == 1, 60)
            desk.kill()
            send(port, b''.join(b'<13>Nov 23 10:00:00 may07 thu[7]: %s\n' % ident.encode()
                                for ident in ids.many(30000)))
            until('a queue on disk', lambda: list(tmp_path.glob('trucban.0*')), 60)
            desk.start()
            until('30,001 records', lambda: found(desk, ids) == 30001, 120)


def test_each_kind_has_lines_for_a_desk_with_all_doors(tmp_path):
    with Desk(tmp_path / 'desk') as desk:
        _, listed, _ = desk.command('source')
        kinds = re.findall(r'^  (\S+) ', listed, re.M)
        assert len(kinds) >= 15
        for kind in kinds:
            lines, err = lines_for(desk, kind, '--address', '192.0.2.7')
            assert '{{' not in lines and lines.count('\n') >= 2, lines
            assert '192.0.2.7' in lines or 'trucban source rsyslog' in lines, lines


def test_what_cannot_be_is_said(tmp_path):
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        _, err = lines_for(desk, 'mikrotik', rc=1)
        assert 'of kind: udp' in err
        _, err = lines_for(desk, 'nosuch', rc=2)
        assert "no kind 'nosuch'" in err
        for wrong in (['--from', 'x" or *'], ['--wait', '0'], ['--wait', 'x'], ['more']):
            _, err = lines_for(desk, 'rsyslog', *wrong, rc=2)
            assert 'Usage' in err
        _, err = lines_for(desk, 'rsyslog', *ADDRESS, '--from', '192.0.2.9', '--wait', '1', rc=1)
        assert 'nothing from 192.0.2.9 yet' in err


def test_an_office_has_its_own_list(tmp_path):
    own = tmp_path / 'own.txt'
    own.write_text('== camera\nvi: Máy quay\nen: Cameras\n-- udp\nserver={{address}}:{{port}}\n'
                   '-- tcp\nnot this\n', encoding='utf-8')
    with Desk(tmp_path / 'desk') as desk:
        _, listed, _ = desk.command('source', '--file', str(own))
        assert 'camera' in listed and 'rsyslog' not in listed
        lines, _ = lines_for(desk, 'camera', '--file', str(own), '--address', '192.0.2.7')
        assert lines == 'server=192.0.2.7:%d\n' % desk.port['udp']
        own.write_text('== x\n-- udp\n{{password}}\n', encoding='utf-8')
        _, err = lines_for(desk, 'x', '--file', str(own), rc=3)
        assert 'password' in err
