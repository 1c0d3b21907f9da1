# SPDX-License-Identifier: Apache-2.0
"""Every screen in both languages: by keys alone, on a phone, in the dark, and by axe's rules."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from chrome import PASSWORD, Chrome, account, post
from harness import TOP, Desk, Sent, until

HASTE = {'TRUCBAN_WATCH_HASTE': '600'}
AXE = '4.14.1'
SCREENS = ('truc-ban', 'canh-bao', 'canh-bao/tat-tam', 'su-co', 'su-co/moi', 'su-co/yeu-cau',
           'nhat-ky', 'nguon', 'so-truc', 'so-truc/bao-ngoai')
TITLES = {'vi': ('Trực ban', 'Cảnh báo', 'Lệnh tắt tạm', 'Sự cố', 'Mở sự cố',
                 'Yêu cầu của cơ quan', 'Nhật ký hệ thống', 'Nguồn', 'Sổ trực',
                 'Báo ra ngoài'),
          'en': ('On duty', 'Alerts', 'Mutes', 'Incidents', 'Open an incident',
                 'Requests of', 'System logs',
                 'Sources', 'Duty book', 'Told outside')}
LETTERS = re.compile('[ăâđêôơưĂÂĐÊÔƠƯ\u1ea0-\u1ef9]')


def talk(desk, host):
    """So many records that its pauses are known, then none."""
    sent = Sent()
    for _ in range(40):
        sent.tcp(desk.port['tcp'], 1, host=host)
        time.sleep(0.02)


@pytest.fixture(name='desk', scope='module')
def one_desk(tmp_path_factory):
    folder = tmp_path_factory.mktemp('screens') / 'desk'
    with Desk(folder, listen=('udp', 'tcp'), env=HASTE) as desk:
        account(desk, 'an', 'officer')
        account(desk, 'doc', 'reader')
        account(desk, 'quan-tri', 'admin')
        post(desk, '/api/contacts/an', name='An', roles='technical', phone='0912345678')
        desk.incident = post(desk, '/api/incidents', title='A', what='B', how='phone', teller='C',
                             t0='2026-11-01T07:30:00+07:00')['id']
        talk(desk, 'may-01')
        yield desk


@pytest.fixture(name='page', scope='module')
def one_page(desk, tmp_path_factory):
    with Chrome(tmp_path_factory.mktemp('page'), desk) as page:
        page.log_in('an', PASSWORD)
        page.see('may-01')
        yield page


def shown(page, path, title):
    """Goes there, and waits until it is drawn."""
    page.go('#/' + path)
    page.see(title, 'h1')
    until(path + ' to be drawn', lambda: not re.search('Đang tải|Loading|Đang tìm|Searching',
                                                       page.text()))


def screens(desk, page, lang):
    for path, title in zip(SCREENS, TITLES[lang]):
        shown(page, path, title)
        yield path
    shown(page, 'su-co/' + desk.incident, desk.incident)
    yield 'su-co/ID'
    page.go('#/canh-bao?state=all')
    page.click('.row')
    page.see('may-', '.facts')
    yield 'canh-bao/ID'


def size(page, width, height):
    page.driver.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
        'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False})


def test_english_is_one_click_away_and_stays(desk, page):
    page.press('English', 'header')
    for path in screens(desk, page, 'en'):
        # Records, findings and what people wrote are what they are.
        words = re.sub('trực ban kiểm tra|.*không gửi gì.*', '', page.text())
        # So are titles and laws of rule packs, which these cite.
        assert path in ('su-co/ID', 'so-truc') or not LETTERS.search(words), (path, words)
    page.driver.refresh()
    page.see('Alerts', 'nav')
    assert page.js('return document.documentElement.lang') == 'en'
    page.press('Tiếng Việt', 'header')
    page.see('Cảnh báo', 'nav')


def test_nothing_is_wider_than_a_phone(desk, page):
    size(page, 360, 740)
    for path in screens(desk, page, 'vi'):
        assert not page.is_wide(), path
    # The way to the other screens is behind one button.
    page.press(page.find('header .menu').text, 'header')
    page.press('Sổ trực', 'nav')
    page.see('Sổ trực', 'h1')
    page.press('Ghi sổ')
    assert not page.is_wide()
    page.press('Thôi', 'dialog')
    size(page, 1280, 720)


def focused(page):
    return page.js('const a = document.activeElement; return a.innerText || a.name || a.id')


def test_everything_can_be_done_by_keys(desk, page):
    from selenium.webdriver import ActionChains, Keys

    def keys(*which):
        ActionChains(page.driver).send_keys(*which).perform()
    shown(page, 'truc-ban', 'Trực ban')
    page.driver.refresh()
    page.see('may-01')
    keys(Keys.TAB)
    assert 'Đến nội dung chính' in focused(page)
    keys(Keys.ENTER)
    assert page.js('return document.activeElement.id') == 'main'
    keys('g', '2')
    page.see('Cảnh báo', 'h1')
    page.find('.row')
    page.see('may-01')
    keys('j')
    first = focused(page)
    keys('j', 'k')
    assert focused(page) == first
    # The focus is seen.
    assert page.js('return getComputedStyle(document.activeElement).outlineStyle') != 'none'
    keys(Keys.ENTER)
    page.find('[data-act=note]')
    page.js('document.querySelector("[data-act=note]").focus()')
    keys(Keys.ENTER)
    page.find('dialog textarea')
    keys('ghi bằng phím', Keys.TAB, Keys.ENTER)
    page.see('ghi bằng phím')
    keys('/')
    page.see('Nhật ký hệ thống', 'h1')
    keys('/')
    assert focused(page) == 'query'
    keys('kiem tra\n')
    page.settled()
    page.see('trực ban kiểm tra')
    page.js('document.activeElement.blur()')
    keys('j', Keys.ENTER)
    page.see('hostname', '.records')
    keys('?')
    page.see('Phím tắt', 'dialog')
    keys(Keys.ESCAPE)
    until('it to close', lambda: not page.all('dialog'))


def test_new_alerts_are_read_aloud_and_states_are_words(desk, page):
    shown(page, 'canh-bao', 'Cảnh báo')
    talk(desk, 'may-02')
    until('it to be said', lambda: re.search('cảnh báo mới: .*may-02', page.js(
        'return document.querySelector("[aria-live=assertive]").textContent')), 30, 0.2)
    page.see('may-02 (127.0.0.1, tcp) không gửi gì')
    for row in page.all('.row'):
        assert re.search('chưa tiếp nhận|đã tiếp nhận', row.text), row.text


def test_the_desk_is_seen_in_the_dark_and_on_paper(desk, page):
    def ground():
        return page.js('return getComputedStyle(document.documentElement).backgroundColor')
    light = ground()
    page.press('Nền: theo máy', 'header')
    page.press('Nền: sáng', 'header')
    assert ground() != light
    page.press('Nền: tối', 'header')
    page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': 'print'})
    assert not page.find('main h1').value_of_css_property('display') == 'none'
    assert page.js('return getComputedStyle(document.querySelector("header")).display') == 'none'
    page.driver.execute_cdp_cmd('Emulation.setEmulatedMedia', {'media': ''})


def test_each_sees_what_he_may(desk, page):
    page.press('Đăng xuất', 'header')
    page.log_in('doc', PASSWORD)
    page.see('may-01')
    assert 'Nhật ký hệ thống' not in page.text('nav') and 'Quản trị' not in page.text('nav')
    page.go('#/canh-bao')
    page.click('.row')
    page.see('Quy tắc')
    assert not page.all('[data-act]')
    page.go('#/nhat-ky')
    page.see('Không có mục này')
    page.press('Đăng xuất', 'header')
    page.log_in('quan-tri', PASSWORD)
    page.go('#/quan-tri')
    page.press('Thêm tài khoản')
    page.field('Tên đăng nhập', 'moi')
    page.press('Thêm tài khoản', 'dialog')
    page.see('Mật khẩu dùng lần đầu của moi', 'dialog')
    assert re.search(r'[a-z0-9-]{12,}', page.text('dialog .secret'))
    page.press('Đã báo', 'dialog')
    page.see('moi')
    page.see('chưa đổi mật khẩu cấp lần đầu')
    # Who is reached how is the administrator's too; what he does not touch stays.
    page.go('#/so-truc')
    page.press('Sửa')
    page.dialog('Sửa', [('Họ và tên', 'Lê Thị An')])
    page.see('Lê Thị An')
    page.see('0912345678')
    page.press('Đăng xuất', 'header')
    page.log_in('an', PASSWORD)
    page.see('may-01')


def test_who_was_logged_out_is_told_and_comes_back_to_the_same_place(desk, page):
    shown(page, 'so-truc', 'Sổ trực')
    desk.kill_role('porter')
    page.press('Ghi sổ')
    page.field('Nội dung', 'mất điện phòng máy 10 phút')
    page.press('Ghi sổ', 'dialog')
    page.see('Phiên đã hết')
    assert not page.all('dialog')
    page.type('[name=login]', 'an')
    page.type('[name=password]', PASSWORD)
    page.click('form button.main')
    page.see('Sổ trực', 'h1')
    # What was typed is not lost.
    page.press('Ghi sổ')
    assert page.find('dialog textarea').get_attribute('value') == 'mất điện phòng máy 10 phút'
    page.dialog('Ghi sổ')
    page.see('mất điện phòng máy 10 phút')


@pytest.fixture(name='axe', scope='module')
def axe_source():
    if shutil.which('npm') is None:
        pytest.skip('no npm')
    folder = os.path.join(os.environ.get('TRUCBAN_BUILD', os.path.join(TOP, 'build')), 'browser')
    path = os.path.join(folder, 'node_modules', 'axe-core', 'axe.min.js')
    if not os.path.exists(path):
        os.makedirs(folder, exist_ok=True)
        done = subprocess.run(['npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund',
                               '--no-save', '--prefix', folder, 'axe-core@' + AXE],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, check=False)
        if done.returncode != 0:
            pytest.skip('no npm registry')
    with open(path, encoding='utf-8') as f:
        return f.read()


def axe_told(page):
    return json.loads(page.driver.execute_async_script(
        'const done = arguments[0]; axe.run(document, {runOnly: ["wcag2a", "wcag2aa", "wcag21a",'
        ' "wcag21aa", "best-practice"]}).then((r) => done(JSON.stringify(r.violations.map((v) =>'
        ' [v.id, v.nodes.slice(0, 3).map((n) => n.html + " " + n.failureSummary)]))))'))


def test_axe_finds_nothing(desk, page, axe):
    page.js(axe + ';window.axe = axe')
    found = []
    for theme in ('light', 'dark'):
        page.js('document.documentElement.dataset.theme = arguments[0]', theme)
        for path in screens(desk, page, 'vi'):
            found += [(theme, path, one) for one in axe_told(page)]
        page.press('Giao xử lý')
        page.press('Giao xử lý', 'dialog')
        page.find('dialog .error')
        found += [(theme, 'dialog', one) for one in axe_told(page)]
        page.press('Thôi', 'dialog')
    page.press('Đăng xuất', 'header')
    page.see('Đăng nhập')
    found += [('dark', 'log-in', one) for one in axe_told(page)]
    assert not found, found
