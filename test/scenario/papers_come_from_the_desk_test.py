# SPDX-License-Identifier: Apache-2.0
"""From an incident to the paper that an office opens, signs off and sends."""

import hashlib
import os
import re
import shutil
import subprocess
import zipfile

import pytest

from harness import Desk

FORMS = {'incident-24h': ('--incident',), 'incident-72h': ('--incident',),
         'incident-update': ('--incident',), 'incident-final': ('--incident',),
         'incident-2017-first': ('--incident',), 'incident-2017-end': ('--incident',),
         'custody': ('--evidence', '1'), 'handover': ('--handover', '1'),
         'duty-report': ('--day', 'today'), 'head-page': ('--week', 'today'),
         'fallback-book': ('--office',), 'level-year': ('--office',)}
OWN = 'parent\tBỘ GIAO THÔNG\noffice\tTRUNG TÂM CÔNG NGHỆ THÔNG TIN\nplace\tHà Nội\n'
HASH = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp('papers') / 'desk') as d:
        post(d, '/api/contacts/lan', 'name=Lê Thị Lan', 'phone=0900 000 001', 'roles=head')
        post(d, '/api/contacts/an', 'name=Nguyễn Văn An')
        d.sc = incident(d, 'open', 'Trang chủ bị thay nội dung', 'Thấy chữ lạ\nở trang đầu',
                        '--t0', 'now', '--how', 'citizen', '--teller', 'Bà Hoa', '--system',
                        'Cổng thông tin', '--level', '3').split()[0]
        incident(d, 'severity', d.sc, 'national=no', 'level3=yes', 'interrupted=no', 'control=no',
                 'data=no', 'public=yes', 'beyond=no')
        incident(d, 'evidence', d.sc, 'web01.dd', '--sha256', HASH, '--giver', 'An', '--taker',
                 'Bình', '--place', 'két số 2')
        incident(d, 'instruction', d.sc, 'Xử lý ngay trong đêm', '--by', 'Giám đốc')
        post(d, '/api/handovers', 'tier=technical', 'person=an')
        yield d


def post(desk, path, *fields):
    done = subprocess.run(['curl', '-sSf', '--unix-socket', desk.socket, 'http://x' + path] + [
        x for f in fields for x in ('--data-urlencode', f)], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode()


def incident(desk, *args):
    got, out, err = desk.command('incident', *args, check=False)
    assert got == 0, (args, out, err)
    return out


def paper(desk, *args, code=0):
    got, out, err = desk.command('paper', *args, check=False)
    assert got == code, (args, out, err)
    return out if code == 0 else err


def about(desk, name):
    option = FORMS[name]
    return option + (desk.sc,) if option == ('--incident',) else option


def written(desk, tmp_path, name, end, *more):
    path = str(tmp_path / (name + end))
    own = tmp_path / 'own.txt'
    own.write_text(''.join(line + '\n' for line in OWN.splitlines()), encoding='utf-8')
    paper(desk, name, *about(desk, name), '--values', str(own), '--output', path, *more)
    return path


def text_of(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def flat(text):
    return ' '.join(text.split())


@pytest.mark.parametrize('name', sorted(FORMS))
def test_every_form_is_filled_by_the_desk(desk, tmp_path, name):
    text = text_of(written(desk, tmp_path, name, '.txt'))
    said = flat(text)
    assert 'TRUNG TÂM CÔNG NGHỆ' in said and '{{' not in said and '\\x' not in said
    # These are signed by hand.
    assert ('DỰ THẢO' in said) == (name not in ('handover', 'fallback-book'))
    want = {'custody': HASH, 'handover': 'Nguyễn Văn An',
            'head-page': 'Trang chủ bị thay nội dung',
            'fallback-book': 'Lê Thị Lan',
            'level-year': 'Tổng số hệ thống thông tin'}.get(name, 'SC-')
    assert want in said, text
    # What is known was not left to the hand.
    for line in text.splitlines():
        assert not re.match(r'(Phát hiện \(T0\)|Tên hệ thống|Cấp độ): \.\.', line), line


def test_the_notice_says_what_the_incident_says(desk, tmp_path):
    said = flat(text_of(written(desk, tmp_path, 'incident-24h', '.txt')))
    for words in ('Mã sự cố: ' + desk.sc, 'Tên hệ thống: Cổng thông tin', 'Cấp độ: 3',
                  'Thấy chữ lạ ở trang đầu', 'Sự cố nghiêm trọng; vì:', 'web01.dd (SHA-256',
                  'Kính gửi: lực lượng chuyên trách',
                  'an toàn xã hội (có hoặc không): không'):
        assert words in said, (words, said)
    due = re.search(r'Thời điểm gửi báo cáo 72 giờ: \d\d:\d\d \d\d/\d\d/\d{4}', said)
    assert due, said
    assert 'Xử lý ngay trong đêm' in flat(text_of(written(desk, tmp_path, 'duty-report', '.txt')))


def test_an_office_opens_the_docx_and_reads_the_same(desk, tmp_path):
    if shutil.which('soffice') is None:
        pytest.skip('no soffice')
    path = written(desk, tmp_path, 'incident-24h', '.docx')
    subprocess.run(['soffice', '-env:UserInstallation=file://%s/profile' % tmp_path, '--headless',
                    '--convert-to', 'txt:Text (encoded):UTF8', '--outdir', str(tmp_path / 'out'),
                    path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, HOME=str(tmp_path)))
    office = set(text_of(tmp_path / 'out' / 'incident-24h.txt').replace('\ufeff', '').split())
    ours = flat(text_of(written(desk, tmp_path, 'incident-24h', '.txt'))).split()
    # But for the mark in the margin.
    ours = set(ours) - set('DỰ THẢO (chưa có mẫu chính thức)'.split())
    gone = {w.strip('.') for w in ours} - {w.strip('.') for w in office}
    assert not gone, gone


def test_the_pdf_has_its_letters_in_it(desk, tmp_path):
    path = written(desk, tmp_path, 'incident-72h', '.pdf')
    fonts = subprocess.run(['pdffonts', path], check=True, capture_output=True).stdout.decode()
    rows = [line.split() for line in fonts.splitlines()[2:]]
    assert rows and all('yes' in row for row in rows), fonts
    assert any(re.search('Tinos|Liberation', row[0]) for row in rows), fonts


def test_values_of_the_file_stand_in_the_place_of_the_desk_s(desk, tmp_path):
    own = tmp_path / 'mine.txt'
    own.write_text('system\tCổng dịch vụ công\n[order]\nsaid\tKhông có\n', encoding='utf-8')
    out = str(tmp_path / 'a.txt')
    assert "no field 'order'" not in paper(desk, 'incident-24h', '--incident', desk.sc, '--values',
                                           str(own), '--output', out, code=2)
    own.write_text('system\tCổng dịch vụ công\n', encoding='utf-8')
    paper(desk, 'incident-24h', '--incident', desk.sc, '--values', str(own), '--output', out)
    assert 'Tên hệ thống: Cổng dịch vụ công' in text_of(out)
    own.write_text('[order]\nsaid\tKhông có\n', encoding='utf-8')
    out = str(tmp_path / 'b.txt')
    paper(desk, 'duty-report', '--day', 'today', '--values', str(own), '--output', out)
    assert 'Không có' in text_of(out) and 'Xử lý ngay' not in text_of(out)


def test_what_is_asked_wrongly_is_said(desk, tmp_path):
    out = str(tmp_path / 'a.docx')
    assert '--incident SC' in paper(desk, 'incident-24h', '--day', 'today', '--output', out, code=2)
    assert '2026-11-24' in paper(desk, 'duty-report', '--day', 'soon', '--output', out, code=2)
    paper(desk, 'incident-24h', '--incident', 'SC-1999-0001', '--output', out, code=3)
    paper(desk, 'incident-24h', '--incident', '../x', '--output', out, code=2)
    paper(desk, 'incident-24h', '--incident', desk.sc, code=2)
    secret = tmp_path / 'secret.txt'
    secret.write_text('form 1\ntitle\tT\nlaw\tL\nsource\tS\nmark\tTối mật\n'
                      'status\tunofficial\tx\npaper 1 vi\ntext\tx\n', encoding='utf-8')
    assert "marked 'Tối mật'" in paper(desk, '--form', str(secret), '--output', out, code=3)
    assert not os.path.exists(out)


def test_a_draft_becomes_a_paper_when_a_head_signs_it_off(desk, tmp_path):
    draft = written(desk, tmp_path, 'incident-24h', '.docx')
    with zipfile.ZipFile(draft) as z:
        assert 'DỰ THẢO' in z.read('word/header1.xml').decode()
    assert 'nobody signed this very file off' in paper(desk, 'check', draft, code=2)
    signed = str(tmp_path / 'final.docx')
    args = ('incident-24h', '--incident', desk.sc, '--output', signed, '--final')
    assert 'say in person who signs' in paper(desk, *args, code=3)
    assert not os.path.exists(signed), 'not signed, so not final'
    said = paper(desk, *args, '--person', 'lan', '--number', '12/TB-CNTT')
    vb = re.search(r'VB-\d{4}-\d{4}', said).group()
    with open(signed, 'rb') as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    assert digest in said and 'Lê Thị Lan' in said
    with zipfile.ZipFile(signed) as z:
        assert 'DỰ THẢO' not in z.read('word/header1.xml').decode()
    # What was edited is signed as it is then; a copy and a receipt come back.
    edited = tmp_path / 'edited.docx'
    edited.write_bytes(b'edited')
    assert 'VB-' in paper(desk, 'sign', str(edited), '--of', 'incident-72h', '--person', 'lan',
                          '--incident', desk.sc)
    pdf = tmp_path / 'signed.pdf'
    pdf.write_bytes(b'%PDF signed')
    assert '--mark none' in paper(desk, 'attach', vb, str(pdf), '--kind', 'signed', code=2)
    assert 'state secret' in paper(desk, 'attach', vb, str(pdf), '--kind', 'signed', '--mark',
                                   'mat', code=3)
    paper(desk, 'attach', vb, str(pdf), '--kind', 'signed', '--mark', 'none')
    said = paper(desk, 'attach', vb, str(pdf), '--kind', 'receipt', '--mark', 'none', '--number',
                 '77/TN')
    assert 'signed copy: signed.pdf' in said and '77/TN' in said
    assert vb in paper(desk, 'check', str(pdf)) and vb in paper(desk, 'check', signed)
    assert 'VB-' in paper(desk, 'list', '--incident', desk.sc)
    assert vb in incident(desk, 'show', desk.sc)
    got, rows, _ = desk.command('search', '--stream', 'ledger', '--json', 'act:paper-sign')
    assert got == 0 and digest in rows
    # Thrown away, the view comes out the same.
    before = paper(desk, 'show', vb, '--json')
    desk.kill()
    for name in ('view.db', 'view.db-wal', 'view.db-shm'):
        if os.path.exists(os.path.join(desk.state, 'desk', name)):
            os.unlink(os.path.join(desk.state, 'desk', name))
    desk.start()
    assert paper(desk, 'show', vb, '--json') == before
    assert 'WITHDRAWN' in paper(desk, 'withdraw', vb, 'sai số')
