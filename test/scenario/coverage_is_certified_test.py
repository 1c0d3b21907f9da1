# SPDX-License-Identifier: Apache-2.0
"""trucban coverage --certificate: table and figures of a period, and a package that proves them."""

import hashlib
import json
import os
import time

from harness import Desk, Sent, assert_kept


def soon():
    """A moment that all records of now are before; seconds, UTC."""
    time.sleep(1.1)
    return time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())


def read(path, mode='rb'):
    with open(path, mode) as f:
        return f.read()


def test_a_certificate_holds_and_a_changed_one_does_not_fit(tmp_path):
    name = str(tmp_path / 'thang-11')
    with Desk(tmp_path / 'desk') as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 200)
        assert_kept(desk, sent)
        end = soon()
        rc, out, err = desk.command('coverage', '--since', '1h', '--until', end, '--certificate',
                                    name, '--reason', 'monthly', '--person', 'head')
        assert rc == 0, err
        _, out2, _ = desk.command('key', 'fingerprint')
        fingerprint = out2.strip()
        text, figures = read(name + '.txt'), read(name + '.json')
        rows = [json.loads(line) for line in figures.decode().splitlines()]
        assert rows[0]['kind'] == 'period' and rows[0]['rows'] == '200'
        assert sum(int(r['rows']) for r in rows if r['kind'] == 'step') == 200
        assert b'Received 200 records' in text, text
        assert hashlib.sha256(figures).hexdigest().encode() in text
        total = hashlib.sha256(text).hexdigest()
        assert total in out

        # Nothing is overwritten.
        again, _, err = desk.command('coverage', '--until', end, '--certificate', name,
                                     check=False)
        assert again == 3 and 'thang-11' in err
        assert read(name + '.txt') == text

    # Elsewhere, without the desk: the package proves the row that names the table's sum.
    os.rename(desk.state, desk.state + '-gone')
    rc, out, err = desk.command('verify', name + '.zip', '--key', fingerprint)
    assert rc == 0 and '1 proven' in out, out + err
    rc, _, _ = desk.command('verify', name + '.zip', '--key', fingerprint, '--json')
    assert rc == 0
    assert ('sha256=%s' % total).encode() in read(name + '.zip')


def test_a_certificate_ends_with_an_hour_that_is_over(tmp_path):
    name = str(tmp_path / 'day')
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        rc, _, err = desk.command('coverage', '--certificate', name)
        assert rc == 0, err
        period = json.loads(read(name + '.json').splitlines()[0])
        assert period['to'][14:19] == '00:00'
        rc, _, err = desk.command('coverage', '--certificate', name, '--store', desk.state,
                                  check=False)
        assert rc == 2 and 'running desk' in err
