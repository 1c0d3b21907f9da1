# SPDX-License-Identifier: Apache-2.0
"""trucban coverage --certificate: table and figures of a period, and a package that proves them."""

import base64
import hashlib
import json
import os
import re
import shutil
import subprocess
import time

import relp
from harness import Desk, Sent, assert_kept, program


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
        assert hashlib.sha256(read(name + '.pdf')).hexdigest().encode() in text
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
    assert 'short code as it was sealed: ' + code_of(figures) in out, out
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


def test_a_period_that_is_not_over_is_not_certified(tmp_path):
    name = str(tmp_path / 'early')
    later = time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(time.time() + 7200))
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        for lang, words in (('en', 'the period is not over: it ends '),
                            ('vi', 'kỳ này chưa kết thúc: đến ')):
            rc, _, err = desk.command('coverage', '--until', later, '--certificate', name,
                                      check=False, env={'TRUCBAN_LANG': lang})
            assert rc == 2 and words in err and '--until' in err, err
        assert not [n for n in os.listdir(tmp_path) if n.startswith('early')]
        # A table for a look may end later.
        rc, _, err = desk.command('coverage', '--until', later, check=False)
        assert rc in (0, 1), err


def test_a_period_without_a_record_is_not_certified_as_faultless(tmp_path):
    with Desk(tmp_path / 'desk', listen=('relp',), more='seal: {checkpoint: 1s}\n') as desk:
        for lang, words, heading, fine in (
                ('vi', 'bàn trực chưa hoạt động', 'CẦN XEM', 'Không có việc cần xem'),
                ('en', 'the desk did not run yet', 'NEEDS A PERSON', 'Nothing needs a person')):
            name = str(tmp_path / lang)
            rc, _, err = desk.command('coverage', '--since', '2026-01-01', '--until', '2026-01-02',
                                      '--certificate', name, env={'TRUCBAN_LANG': lang})
            assert rc == 0, err
            text = read(name + '.txt').decode()
            assert words in text and heading in text and fine not in text, text
            assert words in ' '.join(pdf_text(name + '.pdf').split())
        # The desk ran, and nothing came; the period begins before the store.
        rc, out, _ = desk.command('coverage', '--since', '2h', '--until', soon(), check=False)
        assert rc == 1 and 'no record that was received' in out and 'from then on' in out, out


def code_of(figures):
    """80 bits of the figures' SHA-256, as a person reads them aloud."""
    return '-'.join(re.findall('....', base64.b32encode(
        hashlib.sha256(figures).digest()[:10]).decode()))


def pages_of(path):
    return pdf_text(path).rstrip('\f').split('\f')


def test_every_page_names_the_key_and_a_code_that_the_ledger_has(tmp_path):
    name = str(tmp_path / 'ma')
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        client = relp.RelpClient(desk.port['relp'])
        client.open()
        for i in range(90):
            client.post(b'<13>1 - web-%02d.example.gov.vn kernel - - - x' % i, i)
        client.drain()
        rc, out, err = desk.command('coverage', '--since', '1h', '--until', soon(),
                                    '--certificate', name, env={'TRUCBAN_LANG': 'vi'})
        assert rc == 0, err
        code = code_of(read(name + '.json'))
        fingerprint = desk.command('key', 'fingerprint')[1].strip()
        assert code in out
        pages = pages_of(name + '.pdf')
        assert len(pages) > 1
        for page in pages:
            assert code in page and fingerprint in page, page
        text = read(name + '.txt').decode()
        assert code in text and fingerprint in text
        # As the paper says, with what every Debian has.
        command, = [line.strip() for line in text.splitlines() if 'base32' in line and '|' in line]
        said = subprocess.run(['sh', '-c', command], cwd=str(tmp_path), check=True,
                              stdout=subprocess.PIPE, stdin=subprocess.DEVNULL).stdout.decode()
        assert said.strip() == code.replace('-', ''), (command, said)
        period = json.loads(read(name + '.json').splitlines()[0])
        assert period['fingerprint'] == fingerprint
        assert desk.search('"%s"' % code, '--stream', 'ledger')


def test_the_text_says_in_words_what_the_print_says(tmp_path):
    name = str(tmp_path / 'chu')
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        rc, _, err = desk.command('coverage', '--certificate', name,
                                  env={'TRUCBAN_LANG': 'vi'})
        assert rc == 0, err
        # One answer of the desk, not one for each paper.
        asked = desk.search('act:=coverage', '--stream', 'ledger')
        assert len(asked) == 1, asked
    squeezed = [' '.join(t.split()) for t in (read(name + '.txt').decode(),
                                              pdf_text(name + '.pdf'))]
    for words in ('Các con số có nghĩa gì', 'chỉ là ước lượng', 'viết bằng base32'):
        assert all(words in t for t in squeezed), words
    assert max(map(len, read(name + '.txt').decode().splitlines())) <= 140


def test_nobody_is_missed_before_he_was_expected(tmp_path):
    desk = Desk(tmp_path, listen=('relp',), more='seal: {checkpoint: 1s}\n')
    register = os.path.join(desk.folder, 'sources.csv')
    with open(register, 'w', encoding='utf-8') as f:
        f.write('id,from\nold,10.9.9.1\n')
    with desk:
        desk.command('source', 'add', 'new', '--from', '10.9.9.2', '--config', desk.conf)
        old, new = desk.coverage('--since', '2h').of('expected')
        assert old['state'] == new['state'] == 'absent'
        assert old['since'] < new['since']
        # A period that ended before: nobody of them was expected in it, nor was there a desk.
        before = desk.coverage('--since', '2026-01-01', '--until', '2026-01-02')
        assert [e['state'] for e in before.of('expected')] == ['later', 'later']
        assert [m['verdict'] for m in before.of('remark')] == ['before-store']
        rc, out, _ = desk.command('coverage', '--since', '2h', check=False)
        assert 'new: expected since ' in out, out
        # Changed is not begun again; gone and come again is.
        time.sleep(1.1)
        desk.command('source', 'set', 'old', '--system', 'x', '--config', desk.conf)
        desk.command('source', 'remove', 'new', '--config', desk.conf)
        desk.command('source', 'add', 'new', '--from', '10.9.9.2', '--config', desk.conf)
        again = {e['id']: e['since'] for e in desk.coverage('--since', '2h').of('expected')}
        assert again['old'] == old['since'] and again['new'] > new['since']
        assert desk.stop() == 0
        desk.start()
        assert {e['id']: e['since'] for e in
                desk.coverage('--since', '2h').of('expected')} == again


def pdf_text(path):
    """What a reader sees, one line per line of the page."""
    return subprocess.run(['pdftotext', '-layout', path, '-'], stdout=subprocess.PIPE, check=True,
                          stdin=subprocess.DEVNULL).stdout.decode()


def test_the_print_has_every_source_and_every_letter(tmp_path):
    name = str(tmp_path / 'in')
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        client = relp.RelpClient(desk.port['relp'])
        client.open()
        for i in range(70):
            client.post(b'<13>1 - web-%02d.example.gov.vn kernel - - - x' % i, i)
        client.post('<13>1 - \u202etxt.exe app - - - x'.encode(), 70)
        client.drain()
        rc, out, err = desk.command('coverage', '--since', '1h', '--until', soon(), '--certificate',
                                    name, '--reason', 'Kiểm tra\ttháng\nmười một',
                                    '--person', 'Nguyễn Thị Ặ', env={'TRUCBAN_LANG': 'vi'})
        assert rc == 0, err
        assert 'in.pdf' in out
    text = pdf_text(name + '.pdf')
    assert 'CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM' in text
    assert 'BẢNG XÁC NHẬN MỨC ĐỘ ĐẦY ĐỦ CỦA NHẬT KÝ' in text
    assert 'Nguyễn Thị Ặ' in text and 'tháng' in text
    for i in range(70):
        assert 'web-%02d.example' % i in text.replace('\n', ''), i
    assert '\u202e' not in text
    assert hashlib.sha256(read(name + '.json')).hexdigest() in text.replace('\n', '')
    fonts = subprocess.run(['pdffonts', name + '.pdf'], stdout=subprocess.PIPE, check=True,
                           stdin=subprocess.DEVNULL).stdout.decode().splitlines()[2:]
    # One family for text, one for sums: a letter that a font lacks would bring a third.
    assert {row.split()[0].split('+')[-1].split('-')[0] for row in fonts} == {'Tinos', 'Cousine'}
    assert all(row.split()[-5] == 'yes' for row in fonts), fonts


def test_without_the_printing_program_there_is_no_pdf_and_it_is_said(tmp_path):
    alone = tmp_path / 'bin' / 'trucban'
    alone.parent.mkdir()
    shutil.copy(program(), alone)
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        done = subprocess.run([str(alone), 'coverage', '--certificate', str(tmp_path / 'c'),
                               '--state', desk.state], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, check=False,
                              env=dict(os.environ, LC_ALL='C.UTF-8', LANG='C.UTF-8'))
        assert done.returncode == 0, done.stderr
        assert b'trucban-paper' in done.stderr
    assert not os.path.exists(str(tmp_path / 'c.pdf'))
    assert os.path.exists(str(tmp_path / 'c.zip'))
