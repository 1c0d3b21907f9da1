# SPDX-License-Identifier: Apache-2.0
"""Registers: entries, files in and out, what ends soon, and no answered act is lost."""

import json
import os
import subprocess
import threading

import pytest

from harness import Desk, until


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / 'desk') as d:
        yield d


def register(desk, *args, code=0):
    got, out, err = desk.command('register', *args, check=False)
    assert got == code, (args, out, err)
    return out if code in (0, 1) else err


def api(desk, path):
    done = subprocess.run(['curl', '-sS', '--unix-socket', desk.socket, 'http://x' + path],
                          capture_output=True, check=True)
    return json.loads(done.stdout)


def test_entries_are_set_changed_and_removed(desk):
    assert 'units' in register(desk) and 'projects' in register(desk, 'list')
    register(desk, 'set', 'units', 'bo', 'name=Bộ Giao thông', 'own=yes', 'place=Hà Nội')
    assert 'Bộ Giao thông' in register(desk, 'set', 'units', 'bo', 'place=')
    said = register(desk, 'show', 'units', 'bo')
    assert 'name (text): Bộ Giao thông' in said and 'Hà Nội' not in said
    assert 'x, colour: the register has no such column' in register(
        desk, 'set', 'units', 'x', 'name=x', 'colour=red', code=3)
    assert 'COLUMN=VALUE' in register(desk, 'set', 'units', 'x', 'name', code=2)
    assert 'no id' in register(desk, 'show', '../x', code=2)
    register(desk, 'set', 'licences', 'av', 'name=Diệt mã độc', 'unit=bo', 'expires=2020-01-01')
    assert 'entry-used' not in register(desk, 'remove', 'units', 'bo', 'sáp nhập', code=3)
    until('the desk tells of it', lambda: api(desk, '/api/registers')['registers'][7]['soon'])
    assert 'OVER' in register(desk, 'expiring', code=1)
    register(desk, 'remove', 'licences', 'av', 'không dùng nữa')
    assert register(desk, 'expiring') == ''
    got, rows, _ = desk.command('search', '--stream', 'ledger', '--json', 'act:register-warn')
    assert got == 0 and rows.count('"act":"register-warn"') == 1


def test_a_file_goes_in_and_comes_out_the_same(desk, tmp_path):
    path = tmp_path / 'units.csv'
    rows = ['id;name;parent;phone'] + ['bo;Bộ;;'] + [
        'p%d;"Phòng ""%d"", tầng 2";bo;0900 %03d' % (i, i, i) for i in range(1200)]
    path.write_text('\n'.join(rows), encoding='utf-8')
    assert '1201 entries' in register(desk, 'import', 'units', str(path))
    assert api(desk, '/api/registers/units?limit=1')['total'] == 1201
    out = tmp_path / 'out.csv'
    register(desk, 'export', 'units', str(out))
    first = out.read_text(encoding='utf-8')
    assert '"Phòng ""7"", tầng 2"' in first and first.startswith('\ufeffid,name,parent')
    register(desk, 'import', 'units', str(out))
    again = tmp_path / 'again.csv'
    register(desk, 'export', 'units', str(again))
    assert again.read_text(encoding='utf-8') == first
    # Titles that people read are names too; a wrong row is named, and none of its act is taken.
    path.write_text('id,Name\nq1,Một\nq2,\n', encoding='utf-8')
    assert 'q2, name: this column cannot be empty' in register(desk, 'import', 'units', str(path),
                                                               code=3)
    assert api(desk, '/api/registers/units?text=q1')['found'] == 0
    path.write_text('id,Name\nq1,Một\n', encoding='utf-8')
    register(desk, 'import', 'units', str(path))
    path.write_text('name\nx\n', encoding='utf-8')
    assert 'no column id' in register(desk, 'import', 'units', str(path), code=3)


def test_a_desk_that_is_killed_loses_no_answered_entry(desk):
    answered, tried, listed, stop = [], [], [], threading.Event()

    def posted(path, *fields):
        done = subprocess.run(['curl', '-sS', '-o', '/dev/null', '-w', '%{http_code}',
                               '--unix-socket', desk.socket, 'http://x' + path] + [
                                   x for f in fields for x in ('--data-urlencode', f)],
                              capture_output=True, check=False)
        return done.stdout == b'200'

    def work():
        for i in range(200):
            if stop.is_set():
                return
            if posted('/api/registers/units/u%d' % i, 'f.name=U%d' % i):
                answered.append('u%d' % i)
            # Numbers are given out once, and what was answered once is there once.
            tried.append('L%d' % i)
            if posted('/api/checklists', 'title=L%d' % i, 'items=một mục'):
                listed.append('L%d' % i)

    thread = threading.Thread(target=work)
    thread.start()
    for wanted in (10, 30, 50):
        until('some are answered', lambda wanted=wanted: len(answered) >= wanted)
        desk.kill_role('desk')
    until('the last are answered', lambda: len(answered) >= 70)
    stop.set()
    thread.join()
    desk.kill()
    for name in ('view.db', 'view.db-wal', 'view.db-shm'):
        if os.path.exists(os.path.join(desk.state, 'desk', name)):
            os.unlink(os.path.join(desk.state, 'desk', name))
    desk.start()
    kept = {e['id'] for e in api(desk, '/api/registers/units?limit=1000')['entries']}
    assert set(answered) <= kept
    lists = [c['title'] for c in api(desk, '/api/checklists?limit=1000')['checklists']]
    assert len(lists) == len(set(lists)) and set(listed) <= set(lists) <= set(tried)
