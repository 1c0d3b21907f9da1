# SPDX-License-Identifier: Apache-2.0
"""trucban plan: the amounts add up, by the store's own figures or by what a person expects."""

import json
import math

from harness import Desk, Sent, assert_kept

CLASSES = 'classes: [{name: standard, days: 365}, {name: short, days: 30}]\n'


def planned(desk, *options):
    rc, out, err = desk.command('plan', '--config', desk.conf, '--json', *options, check=False)
    rows = [json.loads(line) for line in out.splitlines()]
    return rc, rows[:-1], rows[-1] if rows else err


def test_an_empty_store_says_what_it_needs_to_know(tmp_path):
    with Desk(tmp_path, more=CLASSES) as desk:
        rc, out, _ = desk.command('plan', '--config', desk.conf, check=False)
        assert rc == 2 and '--rate' in out
        rc, classes, whole = planned(desk, '--rate', '1')
        assert rc == 0 and whole['enough'], whole
        day = 86400
        assert classes[0]['records_per_day'] == day and classes[1]['records_per_day'] == 0
        assert classes[0]['bytes_per_day'] == 40 * day
        assert whole['bytes_when_full'] == 40 * day * 365


def test_amounts_follow_from_what_a_record_takes_here(tmp_path):
    with Desk(tmp_path, more=CLASSES) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 2000)
        assert_kept(desk, sent)
        desk.command('backup', str(tmp_path / 'copy'))      # ends the segments
        rc, classes, whole = planned(desk, '--rate', '1', '--months', '12')
        assert rc == 0, whole
        day = 86400
        assert classes[0]['days'] == math.ceil(12 * 365.25 / 12) == 366
        assert classes[0]['records_per_day'] == day
        record = classes[0]['bytes_per_day'] / day
        assert abs(record - classes[0]['bytes_now'] / 2000) < 0.01, classes
        assert abs(whole['bytes_when_full'] - 366 * day * record) < 1e5

        rc, _, whole = planned(desk, '--rate', '1e9', '--months', '120')
        assert rc == 1 and not whole['enough']
        rc, out, _ = desk.command('plan', '--config', desk.conf, '--rate', '1e9')
        assert rc == 1 and 'ARE MISSING' in out and 'add a disk' in out
        rc, out, _ = desk.command('plan', '--config', desk.conf, '--rate', '10')
        assert rc == 0 and 'it is enough' in out and 'standard' in out and 'short' in out


def test_a_wrong_number_is_refused(tmp_path):
    with Desk(tmp_path) as desk:
        for wrong in (['--rate', 'x'], ['--rate', '-1'], ['--months', '0'], ['--times', '1e99'],
                      ['--rate', '1', '--times', '2'], ['more']):
            rc, out, err = desk.command('plan', *wrong, check=False)
            assert rc == 2 and not out and 'Usage' in err, (wrong, out, err)
