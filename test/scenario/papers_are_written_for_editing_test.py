# SPDX-License-Identifier: Apache-2.0
"""trucban-paper: one document as DOCX and as PDF, forms with their values, and what Word asks of
a file that it opens."""

import collections
import io
import os
import re
import shutil
import subprocess
import zipfile
from xml.etree import ElementTree

import pytest

from harness import program

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
W = '{http://schemas.openxmlformats.org/wordprocessingml/2006/main}'
NAMED = {'dc': 'http://purl.org/dc/elements/1.1/'}

DOCUMENT = '''paper 1 vi
draft\tDỰ THẢO
foot\tMã ngắn: ABCD-EFGH\tDấu vân tay: 00ff <&>
pair-over\tBỘ GIAO THÔNG\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
pair-ruled\tCỤC ĐĂNG KIỂM\tĐộc lập - Tự do - Hạnh phúc
dateline\tSố: 12/TB-CNTT\tHà Nội, ngày 23 tháng 11 năm 2026
title\tTHÔNG BÁO <b>&amp;</b>
subject\tVề việc kiểm tra "dấu" và ẶẤỄỮỢ
under\tgửi các đơn vị
heading\t1. Nội dung
text\tĐoạn văn không lùi đầu dòng, </w:t></w:r> vẫn là chữ.
indent\tĐoạn văn lùi đầu dòng, đủ dài để xuống dòng thứ hai trên trang giấy khổ A4 của văn bản.
point\ta)\tĐiểm thứ nhất của văn bản này, đủ dài để xuống dòng và thụt vào bên cạnh dấu của nó.
field\tCấp độ:\t3
field\tGhi chú:\t
blank\t2
note\tChữ nhỏ.
table\t10 c\t60 l\t30 r
head\tTT\tNguồn\tSố bản ghi
row\t1\tmáy chủ cổng thông tin\t1.234
row\t2\t\t5
space\t3
sign\tNGƯỜI LẬP\tTHỦ TRƯỞNG
page
sign\tNGƯỜI GIAO\tNGƯỜI NHẬN\tNguyễn Văn A\tTrần Thị B
sign-to\tNơi nhận:\t- Như trên;\t- Lưu: VT.\tGIÁM ĐỐC\tLê Văn C
'''


def paper(text, *args, rc=0):
    tool = os.path.join(os.path.dirname(program()), '..', 'paper', 'trucban-paper')
    done = subprocess.run([tool, *args], input=text.encode(), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, check=False)
    assert done.returncode == rc, done.stderr
    return done.stdout if rc == 0 else done.stderr.decode()


def form(name):
    with open(os.path.join(ROOT, 'content', 'papers', name), encoding='utf-8') as f:
        return f.read()


def cells(text):
    """Cells that become text, in order."""
    for line in text.splitlines()[1:]:
        kind, *cell = line.split('\t')
        if kind not in ('table', 'space', 'blank', 'foot', 'draft', 'page'):
            # A field without a value has dots instead.
            yield from cell[:1] if kind == 'field' and not cell[1] else cell


def opened(docx):
    """Its parts by name, each well-formed and without anything but what we write."""
    with zipfile.ZipFile(io.BytesIO(docx)) as z:
        assert z.testzip() is None
        infos = z.infolist()
        parts = {i.filename: z.read(i) for i in infos}
    assert infos[0].filename == '[Content_Types].xml' and len(parts) == len(infos)
    assert {i.date_time for i in infos} == {(1980, 1, 1, 0, 0, 0)}
    assert not [n for n in parts if not n.endswith(('.xml', '.rels'))], 'macros, pictures, fonts'
    for name, part in parts.items():
        ElementTree.fromstring(part)
        assert b'TargetMode' not in part and b'DOCTYPE' not in part, name
    # Every relationship leads to a part, and every part has a type.
    targets = {t for n in parts if n.endswith('.rels') for t in (
        os.path.normpath(os.path.join(os.path.dirname(n), '..', r.get('Target')))
        for r in ElementTree.fromstring(parts[n]))}
    assert targets == {n for n in parts if n.endswith('.xml') and n != '[Content_Types].xml'}
    typed = {r.get('PartName') for r in ElementTree.fromstring(parts['[Content_Types].xml'])}
    assert targets == {t.lstrip('/') for t in typed if t}
    return parts


def texts(part):
    """Of each w:t; but the blank between a label and its value."""
    return [t.text or '' for t in ElementTree.fromstring(part).iter(W + 't') if t.text != ' ']


def words(text):
    """How often each word stands there, dots to write upon left out."""
    return collections.Counter(re.sub(r'\.{4,}', ' ', text).split())


def pdf_words(path):
    return words(subprocess.run(['pdftotext', '-layout', str(path), '-'], check=True,
                                stdout=subprocess.PIPE).stdout.decode().replace('\f', ' '))


def pages_of(path):
    said = subprocess.run(['pdfinfo', str(path)], check=True, stdout=subprocess.PIPE)
    return int(re.search(rb'Pages: +(\d+)', said.stdout).group(1))


def expected(text, pages):
    """All words of a document printed on so many pages; its tables end on the page they begin."""
    own = words(' '.join(cells(text)))
    for line in text.splitlines():
        kind, _, rest = line.partition('\t')
        if kind in ('draft', 'foot'):
            for _ in range(pages):
                own += words(rest)
    return own + collections.Counter(str(p) for p in range(2, pages + 1))


def test_every_cell_is_text_in_its_order():
    docx = paper(DOCUMENT, '--docx')
    assert docx == paper(DOCUMENT, '--docx')
    parts = opened(docx)
    assert texts(parts['word/document.xml']) == list(cells(DOCUMENT))
    for name in ('footer1', 'footer2'):
        assert texts(parts['word/%s.xml' % name]) == ['Mã ngắn: ABCD-EFGH',
                                                      'Dấu vân tay: 00ff <&>']
    assert texts(parts['word/header1.xml']) == ['DỰ THẢO']
    assert texts(parts['word/header2.xml'])[-1] == 'DỰ THẢO'
    core = ElementTree.fromstring(parts['docProps/core.xml'])
    assert core.find('dc:title', NAMED).text == 'THÔNG BÁO <b>&amp;</b>'
    assert core.find('dc:language', NAMED).text == 'vi-VN'


def test_the_page_is_that_of_the_decree():
    parts = opened(paper(DOCUMENT, '--docx'))
    body = ElementTree.fromstring(parts['word/document.xml'])
    styles = ElementTree.fromstring(parts['word/styles.xml'])

    def of(element, *path):
        for step in path:
            element = element.find(W + step)
            assert element is not None, step
        return {k.replace(W, ''): v for k, v in element.attrib.items()}
    size = of(body, 'body', 'sectPr', 'pgSz')
    assert (size['w'], size['h']) == ('11906', '16838')
    margin = {k: int(v) / 1440 * 25.4 for k, v in of(body, 'body', 'sectPr', 'pgMar').items()}
    assert 20 <= round(margin['top'], 1) <= 25 and 20 <= round(margin['bottom'], 1) <= 25
    assert 30 <= round(margin['left'], 1) <= 35 and 15 <= round(margin['right'], 1) <= 20
    # No number on the first page; on the others it is in the middle above.
    of(body, 'body', 'sectPr', 'titlePg')
    assert b'PAGE' not in parts['word/header1.xml'] and b' PAGE ' in parts['word/header2.xml']
    default = styles.find(W + 'docDefaults')
    assert set(of(default, 'rPrDefault', 'rPr', 'rFonts').values()) == {'Times New Roman'}
    assert of(default, 'rPrDefault', 'rPr', 'sz')['val'] == '26'
    assert of(default, 'rPrDefault', 'rPr', 'color')['val'] == '000000'
    assert of(default, 'rPrDefault', 'rPr', 'lang')['val'] == 'vi-VN'
    style = {s.get(W + 'styleId'): s for s in styles.iter(W + 'style')}
    indent = int(of(style['Indent'], 'pPr', 'ind')['firstLine']) / 1440 * 2.54
    assert 1 <= round(indent, 2) <= 1.27
    assert of(style['Indent'], 'pPr', 'jc')['val'] == 'both'
    assert of(style['Mono'], 'rPr', 'rFonts')['ascii'] == 'Courier New'
    assert of(style['Mono'], 'pPr', 'wordWrap')['val'] == '0'
    used = {p.get(W + 'val') for p in body.iter(W + 'pStyle')}
    assert used <= set(style), used - set(style)
    # Heads come again, rows stay whole; two columns and signatures have no lines.
    tables = list(body.iter(W + 'tbl'))
    ruled = [t for t in tables if t.find('./%stblPr/%stblBorders' % (W, W)) is not None]
    assert len(ruled) == 1 and len(list(ruled[0].iter(W + 'tblHeader'))) == 1
    for table in tables:
        rows = list(table.iter(W + 'tr'))
        assert len(list(table.iter(W + 'cantSplit'))) == len(rows)


def test_both_outputs_say_the_same(tmp_path):
    pdf = tmp_path / 'a.pdf'
    pdf.write_bytes(paper(DOCUMENT))
    assert pages_of(pdf) == 2
    assert pdf_words(pdf) == expected(DOCUMENT, 2)


def soffice(tmp_path, docx):
    """As LibreOffice prints it; the path."""
    if shutil.which('soffice') is None:
        pytest.skip('no soffice')
    path = tmp_path / 'office.docx'
    path.write_bytes(docx)
    subprocess.run(['soffice', '-env:UserInstallation=file://%s/profile' % tmp_path, '--headless',
                    '--convert-to', 'pdf', '--outdir', str(tmp_path), str(path)], check=True,
                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                   env=dict(os.environ, HOME=str(tmp_path)))
    return tmp_path / 'office.pdf'


def test_an_office_prints_what_the_document_says(tmp_path):
    pdf = soffice(tmp_path, paper(DOCUMENT, '--docx'))
    assert pages_of(pdf) == 2
    assert pdf_words(pdf) == expected(DOCUMENT, 2)


def test_an_office_repeats_the_head_of_a_long_table(tmp_path):
    text = 'paper 1 vi\ntable\t1 l\t1 r\nhead\tNguồn\tSố\n' + ''.join(
        'row\tmáy-%d\t7\n' % i for i in range(150))
    pdf = soffice(tmp_path, paper(text, '--docx'))
    pages = pages_of(pdf)
    assert pages > 2 and pdf_words(pdf)['Nguồn'] == pages


@pytest.mark.parametrize('who', ['ours', 'office'])
def test_a_signature_its_name_and_what_it_signs_stay_on_one_page(tmp_path, who):
    text = 'paper 1 vi\n'
    signs = ('indent\tCUỐI\nsign\tGIAO\tX\tTÊN\tY\n',
             'indent\tCUỐI\nsign-to\tNơi nhận:\t- X;\t- Y.\tGIAO\tTÊN\n')
    for sign in signs:
        for lines in range(12):
            text += 'page\nspace\t200\n' + 'text\tmột dòng\n' * lines + sign
    pdf = tmp_path / 'a.pdf'
    if who == 'ours':
        pdf.write_bytes(paper(text))
    else:
        pdf = soffice(tmp_path, paper(text, '--docx'))
    said = subprocess.run(['pdftotext', '-layout', str(pdf), '-'], check=True,
                          stdout=subprocess.PIPE).stdout.decode().split('\f')
    assert sum('GIAO' in page for page in said) == 24
    for name in ('TÊN', 'CUỐI'):
        assert [page for page in said if ('GIAO' in page) != (name in page)] == [], name
    # Some had to go to a page of their own.
    assert len(said) > 30


VALUES = {
    'incident-24h.vi.txt': '''parent\tBỘ XÂY DỰNG
office\tTRUNG TÂM CÔNG NGHỆ THÔNG TIN
number\t12/TB-CNTT
system\tCổng dịch vụ công & một cửa <điện tử>
found\t09:41 ngày 23/11/2026
answer_national\tkhông
name\tNguyễn Thị Ặ
''',
    'handover.vi.txt': '''office\tTRUNG TÂM CÔNG NGHỆ THÔNG TIN
shift\tCa đêm, 22:00 - 06:00
checkpoint\tABCD-EFGH-IJKL-MNOP
giver_name\tNguyễn Văn A
[matter]
item\t1
what\tSự cố SC-7
state\tđang xử lý
[matter]
item\t2
what\tNguồn web-03 ngừng gửi
''',
}


@pytest.mark.parametrize('name', sorted(VALUES))
def test_a_form_is_filled_and_what_is_missing_is_left_to_the_hand(tmp_path, name):
    values = tmp_path / 'values.txt'
    values.write_text(VALUES[name], encoding='utf-8')
    docx = paper(form(name), '--docx', '--values', str(values))
    got = texts(opened(docx)['word/document.xml'])
    for line in VALUES[name].splitlines():
        if '\t' in line:
            value = line.split('\t')[1]
            assert [t for t in got if value in t], value
    assert '{{' not in ''.join(got) and '............' in ''.join(got)
    pdf = tmp_path / 'own.pdf'
    pdf.write_bytes(paper(form(name), '--values', str(values)))
    own = pdf_words(pdf)
    for value in VALUES[name].split():
        if value.isupper() and len(value) > 3:
            assert own[value], value
    # The other way round: no word of the DOCX is missing in print.
    assert not words(' '.join(got)) - own
    assert pdf_words(soffice(tmp_path, docx)) == own


@pytest.mark.parametrize('name', sorted(VALUES))
def test_a_form_says_which_law_asks_for_it_and_that_none_is_official(name):
    head = form(name).split('\npaper 1 ')[0]
    assert '\nstatus\tunofficial\tChưa có mẫu chính thức' in head
    assert '\nlaw\t' in head and '\nsource\t' in head


def test_a_draft_is_marked_until_it_is_signed_off(tmp_path):
    text = form('incident-24h.vi.txt')
    parts = opened(paper(text, '--docx'))
    for header in ('word/header1.xml', 'word/header2.xml'):
        assert 'DỰ THẢO (chưa có mẫu chính thức)' in texts(parts[header])
    parts = opened(paper(text, '--docx', '--final'))
    assert 'DỰ THẢO' not in ''.join(p.decode() for p in parts.values())
    pdf = tmp_path / 'a.pdf'
    pdf.write_bytes(paper(text))
    assert pdf_words(pdf)['THẢO'] == pages_of(pdf)


def test_the_values_of_a_form_are_asked_for_and_strange_ones_refused(tmp_path):
    text = form('handover.vi.txt')
    asked = paper(text, '--ask').decode()
    assert '(lệnh trucban verify in ra)\ncheckpoint\t\n' in asked
    assert '[matter]\n' in asked
    values = tmp_path / 'values.txt'
    values.write_text(asked, encoding='utf-8')
    assert b'%PDF' in paper(text, '--values', str(values))[:8]
    values.write_text('shift\tx\nshfit\ty\n', encoding='utf-8')
    assert "values, line 2: the form has no field 'shfit'" in paper(
        text, '--values', str(values), rc=2)
    assert 'cannot open' in paper(text, '--values', str(tmp_path / 'none'), rc=3)
    assert 'want a form' in paper(DOCUMENT, '--values', str(values), rc=2)
    assert 'Usage' in paper(DOCUMENT, '--pdf', rc=2)


def command(*args, lang='en'):
    return subprocess.run([program(), 'paper', *args], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                          env=dict(os.environ, TRUCBAN_LANG=lang), encoding='utf-8')


def test_the_command_fills_the_forms_that_travel_with_it(tmp_path):
    listed = command().stdout
    assert 'handover ' in listed and 'incident-24h ' in listed
    assert listed.count('\n    Of our own: ') == len(os.listdir(os.path.join(
        ROOT, 'content', 'papers'))) - 2, 'but for the two of coverage'
    values = tmp_path / 'values.txt'
    values.write_text(command('incident-24h', '--ask').stdout.replace(
        'system\t\n', 'system\tCổng dịch vụ công\n'), encoding='utf-8')
    draft, signed, pdf = (str(tmp_path / n) for n in ('a.docx', 'b.docx', 'c.pdf'))
    for path, more in ((draft, ()), (signed, ('--final',)), (pdf, ('--final',))):
        done = command('incident-24h', '--values', str(values), '--output', path, *more)
        assert done.returncode == 0, done.stderr
    with open(draft, 'rb') as f:
        bare = f.read()
    # The same octets as by the program that prints.
    assert bare == paper(form('incident-24h.vi.txt'), '--docx', '--values', str(values))
    assert 'Cổng dịch vụ công' in texts(opened(bare)['word/document.xml'])
    with open(signed, 'rb') as f:
        assert not texts(opened(f.read())['word/header1.xml'])
    assert pdf_words(pdf)['công'] and not pdf_words(pdf)['THẢO']
    # What was edited is not written over.
    again = command('incident-24h', '--output', draft, lang='vi')
    assert again.returncode == 3 and 'a.docx: tệp đã có, không ghi đè' in again.stderr
    with open(draft, 'rb') as f:
        assert f.read() == bare


def test_the_command_takes_a_form_of_the_office_and_says_what_is_wrong(tmp_path):
    own = tmp_path / 'own.txt'
    own.write_text(form('handover.vi.txt').replace('Bàn giao ca trực', 'Giao ca'),
                   encoding='utf-8')
    out = str(tmp_path / 'own.docx')
    done = command('--form', str(own), '--output', out)
    assert done.returncode == 0, done.stderr
    with open(out, 'rb') as f:
        assert 'Giao ca' in texts(opened(f.read())['word/document.xml'])
    values = tmp_path / 'values.txt'
    values.write_text('shift\tx\nshfit\ty\n', encoding='utf-8')
    for lang, words in (('en', "values, line 2: the form has no field 'shfit'"),
                        ('vi', "tệp giá trị, dòng 2: mẫu không có mục 'shfit'")):
        done = command('handover', '--values', str(values), '--output', str(tmp_path / 'x.docx'),
                       lang=lang)
        assert done.returncode == 2 and words in done.stderr, done.stderr
    values.write_text('ca trực: đêm\n', encoding='utf-8')
    done = command('handover', '--values', str(values), '--output', str(tmp_path / 'x.docx'),
                   lang='vi')
    assert done.returncode == 2 and 'dòng 1: mỗi dòng là tên mục' in done.stderr, done.stderr
    assert 'không có mẫu' in command('biên-bản', '--ask', lang='vi').stderr
    assert command('handover', '--output', str(tmp_path / 'x.odt')).returncode == 2
    assert command('handover', '--final').returncode == 2
    assert sorted(p.name for p in tmp_path.iterdir()) == ['own.docx', 'own.txt', 'values.txt']
