# SPDX-License-Identifier: Apache-2.0
"""From a dispatch to its signed report: every order has somebody and a proof."""

import hashlib
import os
import re
import subprocess

import pytest

from harness import Desk


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp('directives') / 'desk') as d:
        run(d, 'register', 'set', 'units', 'tt', 'name=Trung tâm', 'own=yes',
            'name_upper=TRUNG TÂM', 'signer=GIÁM ĐỐC')
        run(d, 'register', 'set', 'units', 'p1', 'name=Phòng Một', 'parent=tt')
        run(d, 'register', 'set', 'systems', 'cong', 'name=Cổng thông tin', 'unit=tt', 'level=3')
        yield d


def run(desk, *args, code=0):
    got, out, err = desk.command(*args, check=False)
    assert got == code, (args, out, err)
    return out if code == 0 else err


def test_every_order_of_the_three_dispatches_has_a_lead_and_a_proof(desk):
    said = run(desk, 'directive', 'templates')
    for name in ('ra-soat-2584', 'nghi-le-14107', 'trien-khai-2316'):
        assert name in said
    proof = r': (query|coverage|roster|register|review|statement)(?: \w+)?, (.+)'
    orders = re.findall(proof, said)
    assert len(orders) >= 24 and all(lead for _, lead in orders)


def test_a_dispatch_is_worked_off(desk, tmp_path):
    page = run(desk, 'directive', 'add', '14107/BGTVT-TTCNTT', 'An toàn dịp Tết', '--template',
               'nghi-le-14107', '--issuer', 'Bộ GTVT', '--due', '2027-02-01 17:00', '--units',
               'tt,p1')
    cd = re.match(r'CD-\d{4}-\d{4}', page).group()
    assert '0/9 tasks done' in page and 'Units without a proof: Phòng Một, Trung tâm' in page
    number = re.search(r'#(\d+)  5\. ', page).group(1)
    assert 'no proof yet' in run(desk, 'directive', 'done', number, 'xong', code=3)
    proof = tmp_path / 'chi-dao.pdf'
    proof.write_bytes(b'%PDF x')
    assert 'state secret' in run(desk, 'directive', 'prove', number, 'văn bản phân công',
                                 '--person', 'Lan', '--file', str(proof), code=3)
    page = run(desk, 'directive', 'prove', number, 'văn bản phân công', '--person', 'Lan',
               '--unit', 'p1', '--file', str(proof), '--mark', 'none')
    assert 'Lan: văn bản phân công [chi-dao.pdf]' in page
    assert 'Units without a proof: Trung tâm' in page
    got, rows, _ = desk.command('search', '--stream', 'ledger', '--json', 'act:directive-prove')
    assert got == 0 and hashlib.sha256(b'%PDF x').hexdigest() in rows
    page = run(desk, 'directive', 'done', number, 'đã phân công')
    assert '1/9 tasks done' in page
    duty = re.search(r'#(\d+)  3b\. ', page).group(1)
    assert 'ca trực 30 ngày tới: 0' in run(desk, 'directive', 'done', duty, 'đã có lịch')
    assert 'is no id' in run(desk, 'directive', 'done', '../x', 'y', code=2)
    run(desk, 'directive', 'close', cd, 'xong', code=3)
    out = str(tmp_path / 'report.txt')
    run(desk, 'paper', 'directive-report', '--directive', cd, '--output', out)
    with open(out, encoding='utf-8') as f:
        said = ' '.join(f.read().split())
    assert '14107/BGTVT-TTCNTT' in said and 'TRUNG TÂM' in said and 'GIÁM ĐỐC' in said
    # Thrown away, the view comes out the same.
    before = run(desk, 'directive', 'show', cd, '--json')
    desk.kill()
    for name in ('view.db', 'view.db-wal', 'view.db-shm'):
        if os.path.exists(os.path.join(desk.state, 'desk', name)):
            os.unlink(os.path.join(desk.state, 'desk', name))
    desk.start()
    left = re.compile(r'"left":-?\d+')
    assert left.sub('', run(desk, 'directive', 'show', cd, '--json')) == left.sub('', before)


def test_any_text_is_a_checklist_with_a_sheet(desk, tmp_path):
    text = tmp_path / 'muc.txt'
    text.write_text('# Máy chủ\n1. Bản vá tháng này\n2. Tường lửa bật\n', encoding='utf-8')
    page = run(desk, 'checklist', 'add', 'Rà soát cổng', '--file', str(text), '--system', 'cong',
               '--person', 'An', '--due', '2026-12-01 17:00')
    kt = re.match(r'KT-\d{4}-\d{4}', page).group()
    assert '0 passed, 0 failed, 0 n.a., 2 not run' in page
    assert 'has evidence' in run(desk, 'checklist', 'check', kt, '1', 'pass', code=3)
    page = run(desk, 'checklist', 'check', kt, '1', 'pass', 'apt, 24/11')
    assert '[passed] 1. Bản vá tháng này' in page
    run(desk, 'checklist', 'check', kt, '2', 'fail', 'tắt để thử')
    out = str(tmp_path / 'sheet.txt')
    run(desk, 'paper', 'checklist', '--checklist', kt, '--output', out)
    with open(out, encoding='utf-8') as f:
        said = ' '.join(f.read().split())
    assert 'không đạt' in said and 'tắt để thử' in said and 'Cổng thông tin' in said
    done = subprocess.run(['curl', '-sS', '--unix-socket', desk.socket,
                           'http://x/api/systems/cong/file'], capture_output=True, check=True)
    assert kt in done.stdout.decode() and 'apt, 24/11' in done.stdout.decode()
    said = run(desk, 'checklist', 'system', 'cong')
    assert 'Cổng thông tin' in said and 'apt, 24/11' in said and 'INCIDENTS' in said


def test_pages_speak_vietnamese(desk):
    got, out, _ = desk.command('directive', 'list', '--all', env={'TRUCBAN_LANG': 'vi'})
    assert got == 0 and 'nhiệm vụ xong' in out
    got, out, _ = desk.command('checklist', 'list', env={'TRUCBAN_LANG': 'vi'})
    assert got == 0 and 'không áp dụng' in out
