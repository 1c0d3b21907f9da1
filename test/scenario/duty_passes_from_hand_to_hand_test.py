# SPDX-License-Identifier: Apache-2.0
"""`trucban duty` at a running desk: contacts, roster, hand-over, duty book, over a kill."""

import json
import re

import pytest

from harness import Desk


@pytest.fixture
def desk(tmp_path):
    with Desk(tmp_path / 'desk') as d:
        yield d


def duty(desk, *args, code=0):
    got, out, err = desk.command('duty', *args, check=False)
    assert got == code, (args, out, err)
    return out if code == 0 else err


def people(desk):
    duty(desk, 'contact', 'an', 'Nguyễn Văn An', '--roles', 'technical', '--phone', '0900 000 001')
    return duty(desk, 'contact', 'binh', 'Trần Thị Bình', '--roles', 'technical,leader')


def test_the_whole_story_by_the_command_line(desk):
    assert 'NOBODY' in duty(desk)
    assert 'nobody yet' in duty(desk, 'contacts')
    assert 'binh  Trần Thị Bình  [leader, technical]; never tried' in people(desk)
    assert 'an  Nguyễn Văn An, 0900 000 001' in duty(desk, 'calls')
    assert 'binh' in duty(desk, 'called', 'an', 'phone', '1', '--minutes', '2')
    plan = duty(desk, 'plan', 'technical', 'an,binh', '2031-01-22 07:30', '2031-01-24 07:30',
                '07:30-19:30,19:30-07:30')
    # Tết of 2031 is 23 January.
    assert plan.count('Nguyễn Văn An, 0900 000 001') == 2 and plan.count('Tết') >= 2, plan
    assert re.search(r'#1  22/01 07:30 - 22/01 19:30  Nguyễn Văn An', plan), plan
    assert '(technical)' in duty(desk, 'roster', '--start', '2031-01-22 07:30',
                                 '--end', '2031-01-23 07:30')
    assert 'Trần Thị Bình' in duty(desk, 'swap', '1', '2', 'cả hai')
    assert 'REMOVED: đi công tác' in duty(desk, 'unshift', '1', 'đi công tác')
    duty(desk, 'shift', 'technical', 'an', 'now', '2031-01-01 07:30', code=3)
    duty(desk, 'note', 'Mất điện 5 phút')
    sheet = duty(desk, 'handover', 'technical', 'an', '--what', 'máy in hỏng')
    assert 'Nguyễn Văn An -> ?' in sheet and 'WAITS FOR ITS SIGNATURE' in sheet
    assert 'Checkpoint: ' in sheet and 'Note: máy in hỏng' in sheet and 'Mất điện' in sheet
    assert 'another person' in duty(desk, 'accept', '1', 'an', code=3)
    assert 'Nguyễn Văn An -> Trần Thị Bình' in duty(desk, 'accept', '1', 'binh')
    desk.kill_role('desk')
    book = duty(desk, 'book')
    assert 'Mất điện 5 phút' in book and 'technical, an -> binh' in book
    assert '#1  ' in duty(desk, 'handovers')
    assert json.loads(duty(desk, 'handovers', '--json'))['total'] == 1


def test_what_is_wrong_is_said_before_anything_is_done(desk):
    people(desk)
    assert 'nobody of this name' in duty(desk, 'shift', 'technical', 'chi', 'now',
                                         '2031-01-22 07:30', code=3)
    assert 'Usage: trucban duty shift' in duty(desk, 'shift', 'technical', 'an', 'now', 'now', 'x',
                                               code=2)
    assert 'Usage: trucban duty [VERB' in duty(desk, 'nothing', code=2)
    assert "'a b' is no id" in duty(desk, 'sheet', 'a b', code=2)
