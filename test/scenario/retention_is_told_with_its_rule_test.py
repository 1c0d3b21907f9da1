# SPDX-License-Identifier: Apache-2.0
"""trucban retention: how long, by which rule, what goes next, who sends most; packs are checked."""

import json
import os
import subprocess

import pytest

from harness import Desk, Sent, assert_kept, program, until

CLASSES = 'classes: [{name: portal, preset: level-3}, {name: long, preset: level-2, days: 0}]\n'


def lines(out):
    return [json.loads(line) for line in out.splitlines()]


def test_retention_is_shown_with_its_rule_and_its_senders(tmp_path):
    with Desk(tmp_path, more=CLASSES + 'zone: "+09:00"\n') as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 300)
        assert_kept(desk, sent)
        desk.command('backup', str(tmp_path / 'copy'))      # ends the segments
        for how in ([], ['--bytes']):
            rc, out, _ = desk.command('retention', 'show', '--json', '--config', desk.conf, *how)
            rows = lines(out)
            portal, forever = rows[0], rows[1]
            assert portal['class'] == 'portal' and portal['days'] == 92, portal
            assert portal['preset'] == 'level-3' and portal['status'] == 'to-confirm'
            assert portal['law'] and portal['article'] and portal['records'] == 300
            assert portal['oldest'] < portal['next_expiry'] and portal['next_expiry_bytes'] > 0
            assert forever['days'] == 0 and 'next_expiry' not in forever
            senders = [r for r in rows if r.get('kind') == 'sender']
            assert sum(int(s['records']) for s in senders) >= 300, rows
            assert all(('octets' in s) == bool(how) for s in senders)
        rc, out, _ = desk.command('retention', 'show', '--config', desk.conf, '--bytes')
        assert rc == 0 and 'kept 92 days' in out and 'TCVN' in out and 'for ever' in out, out
        assert 'to be confirmed' in out and 'records' in out

        # The zone is the office's there too.
        until('the keeper has told', lambda: '+09:00\n' in desk.command('status', check=False)[1])

        # Where the desk is, the configuration says.
        desk.command('hold', 'add', 'a', '--why', 'b', '--config', desk.conf,
                     env={'TRUCBAN_STATE': str(tmp_path / 'elsewhere')})
        portal = lines(desk.command('retention', 'show', '--json', '--config', desk.conf)[1])[0]
        assert portal['held_bytes'] == portal['bytes'] > 0 and 'next_expiry' not in portal, portal


def test_presets_are_listed_and_a_pack_is_checked_with_its_lines(tmp_path):
    own = ('presets:\n  - {name: level-3, days: 200, law: QĐ 1, article: "2", source: s,\n'
           '     status: confirmed, checked: 2026-11-02, effective: 2026-01-01}\n')
    with Desk(tmp_path, more=CLASSES + own) as desk:
        rc, out, _ = desk.command('retention', 'presets', '--json', '--config', desk.conf)
        presets = {p['name']: p for p in lines(out)}
        assert presets['level-3']['days'] == 200 and presets['level-3']['checked'] == '2026-11-02'
        assert presets['level-5']['days'] == 366 and presets['level-5']['source'].startswith('http')
        portal = lines(desk.command('retention', 'show', '--json', '--config', desk.conf)[1])[0]
        assert portal['days'] == 200 and portal['status'] == 'confirmed'
        wrong = tmp_path / 'pack.yaml'
        wrong.write_text('pack: p\npresets:\n  - {name: a, days: 5, law: x}\n')
        rc, out, err = desk.command('retention', 'presets', '--pack', str(wrong), check=False)
        assert rc == 1 and not out and 'line 3' in err and 'article' in err, err
        for words in (['show', 'more'], ['presets', '--bytes'], [], ['show', '--pack', 'x']):
            rc, out, err = desk.command('retention', *words, check=False)
            assert rc == 2 and not out and 'Usage' in err


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_who_may_not_read_the_store_is_told_why(open_path):
    with Desk(open_path) as desk:
        os.chmod(desk.conf, 0o644)
        os.chmod(desk.state, 0o700)
        done = subprocess.run([program(), 'retention', 'show', '--config', desk.conf], user=65534,
                              env={'PATH': os.environ['PATH'], 'TRUCBAN_LANG': 'vi'}, cwd='/',
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              timeout=60)
        assert done.returncode == 3
        assert 'không mở được kho: không mở được thư mục' in done.stderr.decode(), done.stderr
