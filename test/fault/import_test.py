# SPDX-License-Identifier: Apache-2.0
"""Imports that are killed, and desks that are killed under them: nothing lost, nothing twice."""

import json
import os
import random
import signal
import subprocess

import pytest

from harness import Desk, program, until

LINES = 120000
EACH_ONCE = (LINES, LINES)
SEEDS = (1, 2, 3)


def lines_write(path, n=LINES):
    """n lines, each another."""
    with open(path, 'w', encoding='utf-8') as f:
        for i in range(n):
            f.write('<13>1 2025-03-01T10:00:00Z may01 app - - - import line %07d end\n'
                    % i)


def found(desk):
    """How many lines there are, and how many different ones."""
    got = desk.search('"import line" | stats count() n, count_uniq(_msg) u')[0]
    return int(got['n']), int(got['u'])


def begin(desk, *args):
    return subprocess.Popen([program(), 'import', '--json', '--state', desk.state] + list(args),
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=dict(os.environ, TRUCBAN_LANG='en'))


def rows(desk):
    return desk.metric('rows_total')


def some_taken(desk, child, share):
    """Until that share of the lines is in the store, or the import has ended."""
    until('rows', lambda: child.poll() is not None or rows(desk) >= share * LINES, 60, 0.001)


def finish(desk, *args):
    """Runs the import until it gets to its end."""
    def tried():
        rc, out, err = desk.command('import', '--json', *args, check=False)
        return (out, err) if rc == 0 else None
    until('an import to its end', tried, 60, 0.2)


@pytest.mark.parametrize('seed', SEEDS)
def test_an_import_that_is_killed_goes_on_where_it_was(tmp_path, seed):
    chance = random.Random(seed)
    path = str(tmp_path / 'old.log')
    lines_write(path)
    subprocess.run(['gzip', '-k', path], check=True)
    with Desk(tmp_path / 'desk', listen=()) as desk:
        for turn in range(3):
            child = begin(desk, path + ('.gz' if turn == 1 else ''))
            some_taken(desk, child, (turn + chance.random()) / 4)
            child.send_signal(chance.choice((signal.SIGKILL, signal.SIGINT)))
            child.communicate(timeout=60)
        finish(desk, path)
        assert found(desk) == EACH_ONCE
        rc, out, _ = desk.command('import', '--json', path, path + '.gz')
        assert rc == 0 and json.loads(out.splitlines()[-1])['records'] == 0
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


def test_a_killed_import_of_utf_16_goes_on_where_it_was(tmp_path):
    plain, path = str(tmp_path / 'plain.log'), str(tmp_path / 'old.log')
    lines_write(plain)
    with open(plain, encoding='utf-8') as f, open(path, 'w', encoding='utf-16') as out:
        out.write(f.read())
    with Desk(tmp_path / 'desk', listen=()) as desk:
        for turn in range(2):
            child = begin(desk, path)
            some_taken(desk, child, (turn + 1) / 4)
            child.kill()
            child.communicate(timeout=60)
        finish(desk, path)
        assert found(desk) == EACH_ONCE
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


@pytest.mark.parametrize('seed', SEEDS)
@pytest.mark.parametrize('role', ('importer', 'keeper', 'desk'))
def test_a_desk_that_is_killed_under_an_import_has_each_line_once(tmp_path, role, seed):
    chance = random.Random(seed)
    path = str(tmp_path / 'old.log')
    lines_write(path)
    with Desk(tmp_path / 'desk', listen=()) as desk:
        for turn in range(3):
            child = begin(desk, path)
            some_taken(desk, child, (turn + chance.random()) / 4)
            if role == 'desk':
                desk.kill()
                desk.start()
            else:
                desk.kill_role(role)
            child.communicate(timeout=60)
        finish(desk, path)
        assert found(desk) == EACH_ONCE
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


FORMS = {
    'csv': ('time,host,message,more\n',
            '2025-03-01 10:00:00,may01,import line %07d end,"two ""quoted""\nlines"\n', ''),
    'w3c': ('#Fields: date time cs-uri-stem x\n', '2025-03-01 10:00:00 "import line %07d end" y\n',
            ''),
    'json': ('[', '{"time":"2025-03-01T10:00:00Z","message":"import line %07d end"},\n', '{}]'),
}


@pytest.mark.parametrize('form', sorted(FORMS))
def test_every_form_goes_on_where_it_was_killed(tmp_path, form):
    head, line, tail = FORMS[form]
    chance = random.Random(form)
    path = str(tmp_path / ('old.' + form))
    with open(path, 'w', encoding='utf-8') as f:
        f.write(head)
        for i in range(LINES):
            f.write(line % i)
        f.write(tail)
    subprocess.run(['xz', '-k', '-0', path], check=True)
    with Desk(tmp_path / 'desk', listen=()) as desk:
        for turn in range(3):
            child = begin(desk, path + ('.xz' if turn == 1 else ''))
            some_taken(desk, child, (turn + chance.random()) / 4)
            if turn == 2:
                desk.kill_role('keeper')
            else:
                child.kill()
            child.communicate(timeout=60)
        finish(desk, path)
        assert found(desk) == EACH_ONCE
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


def test_places_outlive_the_journal_and_come_back_from_a_backup(tmp_path):
    path = str(tmp_path / 'old.log')
    lines_write(path)
    with Desk(tmp_path / 'desk', listen=()) as desk:
        desk.command('import', path)
        size = os.path.getsize(os.path.join(desk.state, 'places')) if os.path.exists(
            os.path.join(desk.state, 'places')) else 0
        # Journal files go when another one is begun and their rows are in segments.
        big = str(tmp_path / 'big.log')
        with open(big, 'wb') as f:
            for i in range(180000):
                f.write(b'other %d %s\n' % (i, os.urandom(300).hex().encode()))
        desk.command('import', big, timeout=300)
        desk.command('backup', '--with-keys', str(tmp_path / 'first'))
        until('a list of places', lambda: os.path.exists(os.path.join(desk.state, 'places')), 60)
        assert size == 0
        desk.kill()
        desk.start()
        rc, out, _ = desk.command('import', '--json', path, big)
        assert rc == 0 and json.loads(out.splitlines()[-1])['records'] == 0
        desk.command('backup', '--with-keys', str(tmp_path / 'backup'))
        desk.kill()
        os.rename(desk.state, desk.state + '.old')
        desk.command('restore', str(tmp_path / 'backup'), '--state', desk.state)
        desk.start()
        rc, out, _ = desk.command('import', '--json', path, big)
        assert rc == 0 and json.loads(out.splitlines()[-1])['records'] == 0
        assert found(desk) == EACH_ONCE


def test_two_imports_of_one_file_at_a_time_store_it_once(tmp_path):
    path = str(tmp_path / 'old.log')
    lines_write(path)
    with Desk(tmp_path / 'desk', listen=()) as desk:
        both = [begin(desk, path) for _ in range(3)]
        told = [child.communicate(timeout=60)[0] for child in both]
        assert [child.returncode for child in both] == [0, 0, 0]
        assert sum(json.loads(out.splitlines()[-1])['records'] for out in told) == LINES
        assert found(desk) == EACH_ONCE
