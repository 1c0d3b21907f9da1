# SPDX-License-Identifier: Apache-2.0
"""trucban calendar: days ahead by sun and moon, with the text that they come from."""

import json
import os
import subprocess

from harness import program

OWN = '''state: "%s"
zone: "+07:00"
calendar:
  - {name: tet, kind: holiday, title: "Tết Nguyên đán", on: "lunar 01-01", early: 2, days: 9,
     law: "Thông báo nghỉ Tết", article: "mục 1", effective: 2026-11-01, source: "Văn phòng",
     status: confirmed, checked: 2026-11-20}
  - {name: bao-cao-tuan, kind: duty, title: "Nộp lịch trực Tết", on: "01-20", before: true, lead: 7,
     law: "Công văn của Sở", article: "điểm 2", effective: 2026-11-01, source: "Văn phòng",
     status: confirmed, checked: 2026-11-20}
'''


def calendar(*args, language='vi', cwd=None):
    done = subprocess.run([program(), 'calendar', *args], capture_output=True, text=True, cwd=cwd,
                          env=dict(os.environ, TRUCBAN_LANG=language), timeout=60)
    return done.returncode, done.stdout, done.stderr


def rows(*args):
    rc, out, err = calendar('--json', *args)
    assert rc == 0, err
    return [json.loads(line) for line in out.splitlines()]


def office(tmp_path):
    path = tmp_path / 'trucban.yaml'
    path.write_text(OWN % (tmp_path / 'state'), encoding='utf-8')
    return str(path)


def test_it_names_the_reports_and_the_holidays_of_the_winter(tmp_path):
    (tmp_path / 'none.yaml').write_text('state: "%s"\n' % tmp_path)
    found = {r['name']: r for r in rows('--from', '2026-11-24', '--config',
                                        str(tmp_path / 'none.yaml'))}
    assert found['bao-cao-nam-don-vi']['day'] == '2026-12-20'
    assert found['bao-cao-nam-chu-quan']['day'] == '2026-12-25'
    assert found['bao-cao-nam-chu-quan']['before'] is True
    assert (found['tet']['first'], found['tet']['day'], found['tet']['last']) == \
        ('2027-02-05', '2027-02-06', '2027-02-09')
    assert all(r['law'] and r['article'] and r['source'] for r in found.values())
    assert {r['status'] for r in found.values()} == {'to-confirm'}


def test_it_speaks_to_a_person_in_both_languages(tmp_path):
    conf = office(tmp_path)
    rc, out, _ = calendar('--from', '2026-12-10', '--config', conf)
    assert rc == 0
    assert 'mùng 2 tháng 11 năm Bính Ngọ' in out
    assert 'trước Chủ nhật 20/12/2026  còn 9 ngày - CHUẨN BỊ NGAY' in out
    assert 'Thứ Bảy 06/02/2027: mùng 1 tháng Giêng năm Đinh Mùi' in out
    rc, out, _ = calendar('--from', '2026-12-10', '--config', conf, language='en')
    assert rc == 0 and 'before Sun 20/12/2026  in 9 days - PREPARE NOW' in out
    assert 'TO BE CONFIRMED' in out


def test_a_deadline_that_ends_today_is_called_overdue_tomorrow(tmp_path):
    conf = office(tmp_path)
    # "Before 20/12": the 19th is the last day.
    said = calendar('--from', '2096-12-19', '--config', conf)[1]
    assert '20/12/2096  đúng ngày đó - CHUẨN BỊ NGAY' in said
    assert said.startswith('Coi như hôm nay là Thứ Tư 19/12/2096, '), said
    said = calendar('--from', '2096-12-19', '--config', conf, language='en')[1]
    assert said.startswith('As if today was Wed 19/12/2096, ') and 'on that day' in said, said
    assert calendar('--config', conf)[1].startswith('Hôm nay ')
    assert '20/12/2026  QUÁ HẠN' in calendar('--from', '2026-12-20', '--config', conf)[1]


def test_the_days_of_the_office_come_beside_and_instead(tmp_path):
    conf = office(tmp_path)
    found = rows('--year', '2027', '--config', conf)
    tet = [r for r in found if r['name'] == 'tet']
    assert [(r['pack'], r['first'], r['last']) for r in tet] == \
        [('trucban.yaml', '2027-02-04', '2027-02-12')]
    assert [r['day'] for r in found if r['name'] == 'bao-cao-tuan'] == ['2027-01-20']
    assert found == sorted(found, key=lambda r: (r['first'], r['name']))


def test_a_wrong_pack_and_wrong_days_are_refused(tmp_path):
    bad = tmp_path / 'bad.yaml'
    bad.write_text('pack: p\ncalendar:\n  - {name: a, kind: duty, title: t, on: "31-12", law: l, '
                   'article: x, effective: 2026-01-01, source: s, status: to-confirm}\n')
    rc, _, err = calendar('--pack', str(bad))
    assert rc == 1 and 'line 3' in err and 'on is a day' in err
    assert calendar('--from', '2026-02-30')[0] == 2
    assert calendar('--from', '1950-01-01')[0] == 2
    assert calendar('--days', '0')[0] == 2
    assert calendar('--days', '9', '--year', '2027')[0] == 2
