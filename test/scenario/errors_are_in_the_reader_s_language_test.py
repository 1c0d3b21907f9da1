# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a table or a file to import is said in Vietnamese, where, and what to do."""

import gzip
import os
import re

from harness import Desk

VI = {'TRUCBAN_LANG': 'vi'}
ENGLISH = re.compile(r'\b(the|is|no|not|such|cannot|line|of|file|directory|there)\b', re.I)


def refused(desk, text, *words, verb=('source', 'import')):
    path = os.path.join(desk.folder, 'bang.csv')
    with open(path, 'w', encoding='utf-8') as f:
        f.write(text)
    rc, out, err = desk.command(*verb, path, '--config', desk.conf, check=False, env=VI)
    said = err.replace(path, 'TỆP')
    assert rc == 2 and not ENGLISH.search(said), (rc, out, said)
    for word in words:
        assert word in said, (word, said)
    return said


def test_a_table_of_sources_is_refused_in_vietnamese_with_line_and_column(tmp_path):
    with Desk(tmp_path, listen=('relp',)) as desk:
        refused(desk, 'id,from\nweb,10.0.0\n', 'dòng 2: cột from', 'địa chỉ')
        refused(desk, 'id,ip\nweb,10.0.0.1\n', 'dòng 1', "cột 'ip'")
        refused(desk, 'id,from,listener\nweb,10.0.0.1,x\n', 'dòng 2', 'cửa nhận x')
        # A misspelt kind: which, where, what was meant, what there is.
        said = refused(desk, 'id,from,kind\na,10.0.0.1,nginx\nb,10.0.0.2,ngix\n',
                       'dòng 3: cột kind', "'ngix'", 'có phải nginx?', 'fortigate')
        assert said.count('\n') == 1
        refused(desk, 'id,from,kind\na,10.0.0.1,forti\n', 'có phải fortigate?')
        assert not os.path.exists(os.path.join(desk.folder, 'sources.csv'))
        rc, _, err = desk.command('source', 'add', 'x', '--from', '10.0.0.1', '--kind', 'Ngnx',
                                  '--config', desk.conf, check=False)
        assert rc == 2 and "no kind 'Ngnx', is it nginx?" in err, err
        rc, _, err = desk.command('source', 'import', '/nothing.csv', '--config', desk.conf,
                                  check=False, env=VI)
        assert rc == 3 and 'không có tệp' in err and not ENGLISH.search(err), err


def test_a_file_that_cannot_be_imported_is_told_in_vietnamese(tmp_path):
    whole = gzip.compress(b'<13>1 2026-11-23T08:00:00Z h a - - - x\n' * 5000)
    (tmp_path / 'cut.gz').write_bytes(whole[:len(whole) // 2])
    (tmp_path / 'ok.log').write_text('<13>1 2026-11-23T08:00:00Z h a - - - x\n')
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        for name, options, words in (('cut.gz', (), 'cụt'), ('none.log', (), 'không có tệp'),
                                     ('', (), 'không phải tệp thường'),
                                     ('ok.log', ('--class', 'lop'), 'không có loại lưu giữ lop')):
            path = os.path.join(str(tmp_path), name)
            rc, out, err = desk.command('import', path, *options, check=False, env=VI)
            said = (out + err).replace(path, 'TỆP')
            assert rc == 1 and words in said, (rc, said)
            assert not ENGLISH.search(re.sub('plain|syslog', '', said)), said
    rc, _, err = desk.command('import', str(tmp_path / 'ok.log'), check=False, env=VI)
    assert rc == 3 and 'không nhập được vào bàn trực' in err, err


def test_what_hold_evidence_search_and_options_refuse_is_said_in_vietnamese(tmp_path):
    there = tmp_path / 'co.zip'
    there.write_text('x')
    hold = ('hold', 'add', 'vu-1', '--why', 'thanh tra')
    export = ('evidence', 'export', '-o', str(tmp_path / 'ra.zip'), '--case', '1', '--reason', 'r')
    with Desk(tmp_path / 'desk', listen=('relp',)) as desk:
        assert desk.command(*hold)[0] == 0
        for words, what in (
                (hold, 'đã có lệnh giữ vu-1'),
                (('hold', 'release', 'khac', '--why', 'x'), 'không có lệnh giữ khac'),
                (('hold', 'add', 'b', '--why', 'x', '--class', 'lop'), 'loại lưu giữ lop'),
                (('hold', 'add', 'b', '--why', 'x', '--from', 'mai'), "'mai' không phải thời điểm"),
                (('hold', 'add', 'b', '--why', 'x', '--stream', 'ledger'), '--stream là raw'),
                (export + ('*',), 'không tìm thấy'),
                (export + ('* | limit 1',), 'hãy bỏ phần sau dấu |'),
                (export + ('*', '--since', 'qua'), "'qua' không phải thời điểm"),
                (('evidence', 'export', '-o', str(there), '*'), 'không bao giờ bị ghi đè'),
                (('search', '--since', 'qua', '*'), "'qua' không phải thời điểm"),
                (('search', '* |'), 'cột'),
                (('coverage', '--since', 'qua'), "'qua' không phải thời điểm"),
                (('hold', '--foo'), "không có tùy chọn '--foo'"),
                (('evidence', '-o'), "tùy chọn '-o' cần một giá trị"),
                (('hold', 'list', '--json=1'), "tùy chọn '--json' không nhận giá trị"),
                (('doctor', '--config'), "tùy chọn '--config' cần một giá trị")):
            rc, out, err = desk.command(*words, check=False, env=VI)
            said = err.splitlines()[0] if err else ''
            assert rc != 0 and what in said, (words, rc, out, err)
            said = said.replace(str(tmp_path), 'THƯ_MỤC')
            assert words[0] == 'search' or not ENGLISH.search(said), said
