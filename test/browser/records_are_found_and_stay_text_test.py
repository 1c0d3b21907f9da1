# SPDX-License-Identifier: Apache-2.0
"""Records are asked for, narrowed, followed and given out; whatever stands in one stays text."""

import datetime
import socket

import pytest

from chrome import PASSWORD, Chrome, account
from harness import Desk, until

EVIL = ('<img src=x onerror="document.title=1">', '<script>document.title=2</script>',
        '<svg onload=alert(3)>', 'javascript:alert(4)', '"><a href="http://evil.example/">x</a>',
        '{{constructor.constructor("alert(5)")()}}', '</textarea><b>đậm</b>')


def send(desk, host, texts, priority=38):
    now = datetime.datetime.now(datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')
    with socket.create_connection(('127.0.0.1', desk.port['tcp'])) as line:
        for text in texts:
            line.sendall(('<%d>1 %s %s app - - - %s\n' % (priority, now, host, text)).encode())


@pytest.fixture(name='desk', scope='module')
def one_desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp('records') / 'desk', listen=('tcp',)) as desk:
        account(desk, 'an', 'officer')
        send(desk, 'web01', ['đăng nhập thất bại lần %d' % n for n in range(30)], 35)
        send(desk, 'web02', ['đăng nhập được'])
        send(desk, 'evil-<b>x</b>', EVIL)
        send(desk, 'turned', ['mở \u202eexe.txt\u202c và \u0007 chuông', 'x' * 5000])
        until('all of them', lambda: len(desk.search('*')) == 33 + len(EVIL))
        yield desk


@pytest.fixture(name='page', scope='module')
def one_page(desk, tmp_path_factory):
    with Chrome(tmp_path_factory.mktemp('page'), desk) as page:
        page.log_in('an', PASSWORD)
        page.see('Trực ban', 'h1')
        yield page


def ask(page, query):
    page.type('[data-query]', query + '\n')
    page.settled()


def test_a_question_finds_without_accents_and_shows_when(page):
    page.go('#/nhat-ky')
    ask(page, 'that bai')
    page.see('đăng nhập thất bại lần 7')
    page.see('Đó là tất cả: 30')
    page.see('30 bản ghi; mỗi cột')
    assert 'đăng nhập được' not in page.text()
    assert page.all('.chart .bar')


def test_a_wrong_question_is_shown_where_it_is_wrong(page):
    ask(page, 'a (b')
    page.see('Câu hỏi sai ở cột 5, cuối câu: thiếu dấu )')
    assert page.find('[data-query]').get_attribute('aria-invalid') == 'true'
    # What was typed is still there to be mended.
    assert page.find('[data-query]').get_attribute('value') == 'a (b'


def test_fields_and_values_are_completed_by_keys(page):
    from selenium.webdriver import Keys
    ask(page, 'dang nhap')
    page.see('Đó là tất cả: 31')
    page.type('[data-query]', 'hos')
    page.see('hostname:', '.choices')
    node = page.find('[data-query]')
    node.send_keys(Keys.ARROW_DOWN, Keys.ENTER, '=we')
    page.see('web02', '.choices')
    node.send_keys(Keys.ARROW_UP, Keys.ENTER)
    assert node.get_attribute('value') == 'hostname:=web02'
    node.send_keys(' | sta')
    page.see('stats by', '.choices')
    node.send_keys(Keys.ESCAPE)
    assert not page.text('.choices')
    node.send_keys(Keys.BACKSPACE * 6, Keys.ENTER)
    page.see('Đó là tất cả: 1')


def test_a_value_narrows_the_question_and_a_count_is_a_table(page):
    ask(page, 'dang nhap')
    page.press('Trường và giá trị')
    # Counts come with the names; values are asked for when somebody looks.
    until('the field', lambda: [n for n in page.all('.fields summary') if 'hostname' in n.text])
    next(n for n in page.all('.fields summary') if 'hostname' in n.text).click()
    page.press('web02')
    page.see('Đó là tất cả: 1')
    assert 'hostname:="web02"' in page.find('[data-query]').get_attribute('value')
    ask(page, '* | stats by (hostname) count() n')
    page.see('30', 'main table')


def test_a_record_shows_its_fields_its_exact_line_and_its_proof(page):
    ask(page, 'hostname:=web02')
    page.see('đăng nhập được')
    page.click('.records summary')
    page.press('Dòng gốc')
    page.see('<38>1 ', 'pre.exact')
    page.press('Bằng chứng niêm phong')
    page.see('trucban evidence export --seq 31-31')


def test_what_stands_in_a_record_stays_text(page):
    ask(page, 'hostname:~evil')
    page.see('Đó là tất cả: %d' % len(EVIL))
    for text in EVIL:
        assert text in page.text(), text
    for summary in page.all('.records > li > details > summary'):
        summary.click()
    page.see('evil-<b>x</b>', '.fields-of')
    assert not page.all('main img, main script, main svg[onload], main b, main iframe')
    assert not [n for n in page.all('main a') if 'evil.example' in (n.get_attribute('href') or '')]
    assert page.driver.title.startswith('Nhật ký hệ thống')


def test_what_would_turn_or_hide_writing_is_shown(page):
    ask(page, 'hostname:=turned')
    page.see('mở ⟨U+202E⟩exe.txt⟨U+202C⟩ và ⟨U+0007⟩ chuông')
    # A record of a page's length takes some lines of the list, and is whole behind them.
    assert 'x' * 600 + ' …' in page.text() and 'x' * 601 not in page.text()


def test_the_page_s_own_policy_lets_nothing_foreign_run(page):
    assert page.js(
        'const s = document.createElement("script");'
        'try { s.text = "document.title = 6"; } catch (e) { return e.name; }'
        'return "taken"') == 'TypeError'
    assert page.js('try { document.body.innerHTML = "<b>x</b>"; } catch (e) { return e.name; }'
                   'return "taken"') == 'TypeError'
    page.js('const i = new Image(); i.src = "http://127.0.0.1:9/x.png"; document.body.append(i)')
    told = until('the refusal', lambda: [x for x in page.console() if '127.0.0.1:9' in x])
    assert 'Content Security Policy' in told[0]
    page.js('document.querySelector("body > img").remove()')
    # The browser tells of what it refused to ask for, too.
    page.requests()


def test_a_time_is_drawn_and_stands_in_the_address(page):
    from selenium.webdriver import ActionChains
    ask(page, 'dang nhap')
    chart = page.find('.chart')
    ActionChains(page.driver).move_to_element_with_offset(chart, 100, 0).click_and_hold() \
        .move_by_offset(300, 0).release().perform()
    until('the address', lambda: 'from=' in page.driver.current_url)
    assert page.find('[name=from]').get_attribute('value') != ''


def test_new_records_are_followed_until_one_stops(desk, page):
    page.go('#/nhat-ky?query=theo-doi')
    page.see('Không có bản ghi nào')
    page.press('Theo dõi trực tiếp')
    page.see('Đang theo dõi')
    for n in range(3):
        send(desk, 'web03', ['theo-doi %d' % n])
        page.see('theo-doi %d' % n)
    page.press('Dừng')
    page.see('Đã dừng theo dõi')


def test_what_was_found_is_given_out_as_the_desk_has_it(page):
    page.go('#/nhat-ky?query=hostname:%3Dweb02')
    page.press('Xuất')
    link = page.find('.export a', 'Dòng gốc')
    got = page.driver.execute_async_script(
        'const done = arguments[1]; fetch(arguments[0]).then((r) => r.text()).then(done)',
        link.get_attribute('href'))
    assert got.startswith('<38>1 ') and 'web02 app - - - đăng nhập được' in got


def test_sources_are_seen_by_hour(page):
    page.go('#/nguon')
    page.see('web01')
    page.see('5 nguồn')
    page.click('.heats td a')
    page.see('Đó là tất cả')
