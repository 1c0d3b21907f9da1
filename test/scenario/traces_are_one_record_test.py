# SPDX-License-Identifier: Apache-2.0
"""Records of several lines: from a file written in pieces, over TCP, out of an old log."""

import os
import socket
import time

from harness import Desk, until

TRACE = ('10:00:01 ERROR cannot save\n'
         'java.lang.IllegalStateException: no connection\n'
         '\tat vn.example.Form.save(Form.java:42)\n'
         '\n'
         'Caused by: java.net.ConnectException: refused\n'
         '\t... 12 more')


def lines_of(desk):
    """What was recorded, octet for octet, in the order in which it was."""
    records = desk.search('* | fields _seq, _raw')
    records.sort(key=lambda r: int(r['_seq'].rpartition('/')[2].rpartition(':')[2]))
    return ''.join(r['_raw'] + '\n' for r in records)


def messages(desk, query):
    return sorted(r['_msg'] for r in desk.search(query))


def place_of(desk, path):
    """Up to where a file is safe, as the collector's own list says."""
    try:
        with open(os.path.join(desk.state, 'collector', 'files'), encoding='utf-8') as f:
            return next((int(line.split()[4]) for line in f if line.split()[-1] == path), None)
    except FileNotFoundError:
        return None


def collecting(path, rule):
    return 'collect:\n  files:\n    - path: %s\n      join: %s\n' % (path, rule)


def test_a_file_that_is_written_in_pieces_gives_whole_records(tmp_path):
    path = str(tmp_path / 'app.log')
    open(path, 'wb').close()
    with Desk(tmp_path / 'desk', listen=(), more=collecting(path, 'trace')) as desk:
        text = '10:00:00 INFO ready\n' + TRACE + '\n10:00:02 INFO again\n'
        for i in range(0, len(text), 37):
            with open(path, 'a', encoding='utf-8') as f:
                f.write(text[i:i + 37])
            time.sleep(0.05)    # slower than it is read; nothing is waited for here
        until('three records', lambda: len(messages(desk, '*')) == 3)
        assert lines_of(desk) == text
        assert TRACE in messages(desk, '*')


def test_a_collector_that_is_killed_inside_of_a_trace_neither_loses_nor_doubles(tmp_path):
    path = str(tmp_path / 'app.log')
    head, tail = TRACE[:70], TRACE[70:]
    with open(path, 'w', encoding='utf-8') as f:
        f.write('10:00:00 INFO ready\n')
    with Desk(tmp_path / 'desk', listen=(), more=collecting(path, 'trace')) as desk:
        until('the first record', lambda: len(messages(desk, 'INFO')) == 1)
        with open(path, 'a', encoding='utf-8') as f:
            f.write('10:00:00 INFO before\n' + head)
        until('the second record', lambda: len(messages(desk, 'INFO')) == 2)
        until('its place', lambda: place_of(desk, path) == 20 + 21)
        desk.kill_role('collector')
        with open(path, 'a', encoding='utf-8') as f:
            f.write(tail + '\n10:00:02 INFO after\n')
        until('the record behind', lambda: len(messages(desk, 'after')) == 1)
        assert messages(desk, 'ERROR') == [TRACE]
        assert len(messages(desk, '*')) == 4


def test_a_trace_over_tcp_is_one_record_and_a_pause_ends_it(tmp_path):
    with Desk(tmp_path / 'desk', listen=('tcp',),
              options={'tcp': {'join': 'trace'}}) as desk:
        sock = socket.create_connection(('127.0.0.1', desk.port['tcp']))
        sock.sendall(TRACE[:60].encode())
        sock.sendall(TRACE[60:].encode() + b'\n')
        until('the pause to end it', lambda: messages(desk, 'ERROR') == [TRACE])
        sock.sendall(b'\tat late.Frame.run(Frame.java:1)\n<13>Nov 23 10:00:00 h1 app: a message\n'
                     b'<13>Nov 23 10:00:00 h1 app: \tat another\n')
        sock.close()
        until('what came late', lambda: len(messages(desk, '*')) == 4)
        assert messages(desk, 'late') == ['\tat late.Frame.run(Frame.java:1)']
        assert messages(desk, 'another') == ['\tat another']
        assert messages(desk, '"a message"') == ['a message']


def test_old_traces_are_imported_and_what_was_added_since(tmp_path):
    path = str(tmp_path / 'old.log')
    text = ''.join('%02d:00:00 INFO entry number %d\n%s\n' % (i % 24, i, TRACE) for i in range(50))
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    with Desk(tmp_path / 'desk', listen=()) as desk:
        rc, out, err = desk.command('import', '--join', 'trace', path, check=False)
        assert rc == 0, out + err
        assert len(messages(desk, '*')) == 100
        assert lines_of(desk) == text
        with open(path, 'a', encoding='utf-8') as f:
            f.write('\tat more.Frame\n23:59:59 INFO last\n')
        assert desk.command('import', '--join', 'trace', path, check=False)[0] == 0
        assert messages(desk, 'Frame') == ['\tat more.Frame']
        assert len(messages(desk, '*')) == 102
        for wrong in (['--join', 'traces'], ['--join', ''], ['--join', 'trace', '--format', 'csv']):
            assert desk.command('import', *wrong, path, check=False)[0] == 2
