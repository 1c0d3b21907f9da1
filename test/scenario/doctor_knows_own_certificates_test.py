# SPDX-License-Identifier: Apache-2.0
"""trucban doctor looks at what cert: own rests on: ca/, the certificate shown, the roll."""

import json
import os
import shutil
import signal

import pytest

from agents_enrol_with_a_code_test import Office
from harness import Desk, until


def own(desk, grade, lang='en'):
    _, out, _ = desk.command('doctor', '--config', desk.conf, '--json', check=False,
                             env={'TRUCBAN_LANG': lang})
    row = {r['check']: r for r in map(json.loads, out.splitlines())}['own']
    assert row['result'] == grade, row
    assert (row['do'] == '') == (grade == 'ok'), row
    return row['what'] + row['do']


@pytest.fixture
def desk(tmp_path):
    with Office(tmp_path / 'desk') as d:
        yield d


def ca(desk, name):
    return os.path.join(desk.state, 'ca', name)


def test_what_is_well_is_said_with_its_date(desk, tmp_path):
    desk.agent('issue', 'fw', '-o', str(tmp_path / 'out'))
    failed = desk.metric('intake_handshakes_failed_total')
    said = own(desk, 'ok')
    assert 'good until 20' in said and '+07:00' in said and '1 hosts enrolled' in said
    assert 'tự đổi trước hạn' in own(desk, 'ok', 'vi')
    # Looking is no refused handshake.
    assert desk.metric('intake_handshakes_failed_total') == failed
    desk.stop()
    assert 'fit' in own(desk, 'ok')


def test_a_desk_without_it_is_not_bothered(tmp_path):
    with Desk(tmp_path / 'plain', listen=('http',)) as plain:
        assert own(plain, 'ok') == 'not used'


def test_a_key_of_another_authority_is_named(desk, tmp_path):
    with Office(tmp_path / 'other') as other:
        shutil.copy(ca(other, 'ca.key'), ca(desk, 'ca.key'))
        assert 'ca/ca.key is not that of' in own(desk, 'bad')
        # The whole of another one: what is shown is not signed by it.
        shutil.copy(ca(other, 'ca.crt'), ca(desk, 'ca.crt'))
        assert 'ca/ was replaced under it' in own(desk, 'bad')


def test_files_that_are_missing_or_broken_are_named(desk, tmp_path):
    desk.agent('issue', 'fw', '-o', str(tmp_path / 'out'))
    with open(ca(desk, 'roll'), 'r+b') as f:
        f.seek(30)
        f.write(b'xx')
    assert 'ca/roll is broken' in own(desk, 'bad')
    os.unlink(ca(desk, 'ca.crt'))
    assert 'cannot read ca/ca.crt' in own(desk, 'bad')


def test_a_name_that_hosts_use_and_the_certificate_lacks_is_named(tmp_path):
    with Office(tmp_path / 'desk', more='agents:\n  address: "ban-truc.example:6515"\n') as desk:
        said = own(desk, 'bad')
        assert 'does not name ban-truc.example' in said and 'agents: names' in said
        with open(desk.conf, encoding='utf-8') as f:
            text = f.read()
        with open(desk.conf, 'w', encoding='utf-8') as f:
            f.write(text + '  names: [ban-truc.example]\n')
        ready = desk.said(b'registrar ready')
        desk.child.send_signal(signal.SIGHUP)
        until('the registrar', lambda: desk.said(b'registrar ready') > ready)
        own(desk, 'ok')


def test_a_class_that_has_gone_is_told_with_the_agents(desk, tmp_path):
    desk.agent('issue', 'keeps-long', '-o', str(tmp_path / 'out'), '--class', 'long')
    own(desk, 'ok')
    with open(desk.conf, encoding='utf-8') as f:
        text = f.read()
    with open(desk.conf, 'w', encoding='utf-8') as f:
        f.write(text.replace('  - {name: long, days: 0}\n', ''))
    said = own(desk, 'warn')
    assert 'keeps-long (long)' in said and 'agent invite keeps-long --class' in said
