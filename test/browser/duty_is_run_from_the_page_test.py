# SPDX-License-Identifier: Apache-2.0
"""A night at the desk by mouse and keys: first log-in, an alert, an incident, the hand-over."""

import json
import shutil
import subprocess
import time

import pytest

from chrome import PASSWORD, Chrome, account, post
from codes import code_of
from harness import Desk, Sent, until

# An hour in six seconds: ten minutes of silence are one second.
HASTE = {'TRUCBAN_WATCH_HASTE': '600'}


@pytest.fixture(name='desk', scope='module')
def one_desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp('duty') / 'desk', listen=('udp', 'tcp'),
              more='seal: {checkpoint: 1s}\n', env=HASTE) as desk:
        for person, name in (('an', 'Nguyễn Văn An'), ('binh', 'Trần Thị Bình')):
            post(desk, '/api/contacts/' + person, name=name, roles='technical', phone='0912345678')
        account(desk, 'binh', 'officer')
        sent = Sent()
        for _ in range(40):
            sent.tcp(desk.port['tcp'], 1, host='may-01')
            time.sleep(0.02)
        yield desk


@pytest.fixture(name='page', scope='module')
def one_page(desk, tmp_path_factory):
    with Chrome(tmp_path_factory.mktemp('page'), desk) as page:
        yield page


def acts(desk, who):
    """What the ledger has of a person, in order."""
    out = desk.command('search', '--json', '--limit', '0', '--stream', 'ledger', 'who:=' + who)[1]
    rows = [json.loads(line) for line in out.splitlines()]
    rows.sort(key=lambda row: int(row['_seq'].split(':')[2]))
    return [row['act'] for row in rows if row['act'] not in ('search', 'findings', 'coverage')]


def test_who_logs_in_first_chooses_a_password_and_sets_up_codes(desk, page, tmp_path):
    once = post(desk, '/api/users', login='an', roles='officer')['password']
    page.log_in('an', 'đoán mò')
    page.see('sai tên đăng nhập')
    page.log_in('an', once)
    page.see('Đổi mật khẩu')
    for name in ('old', 'new', 'again'):
        page.type('[name=%s]' % name, once if name == 'old' else PASSWORD)
    page.click('form button.main')
    secret = page.find('#secret').text
    page.find('.qr').screenshot(str(tmp_path / 'qr.png'))
    page.type('[name=code]', '000000')
    page.press('Xong')
    page.see('mã không đúng')
    page.type('[name=code]', code_of(secret))
    page.press('Xong')
    page.see('Cảnh báo đang chờ')
    # And with a code from now on.
    page.press('Đăng xuất', 'header')
    page.see('Đăng nhập')
    page.log_in('an', PASSWORD, code_of(secret, 1))
    page.see('Cảnh báo đang chờ')
    # A phone reads the code as it is shown.
    if shutil.which('zbarimg') is None:
        pytest.skip('no zbarimg')
    read = subprocess.run(['zbarimg', '-q', '--raw', str(tmp_path / 'qr.png')], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode()
    assert read.strip() == 'otpauth://totp/TrucBan:an?secret=%s&issuer=TrucBan' % \
        secret.replace(' ', '')


def test_an_alert_is_seen_heard_of_and_taken(desk, page):
    page.see('may-01 (127.0.0.1, tcp) không gửi gì')
    page.see('KHÔNG CÓ NGƯỜI TRỰC')
    # With every request a new one: nobody reloads the page at night.
    badge = page.text('header .badge')
    assert badge.strip().isdigit() and page.driver.title.startswith('(')
    page.click('.row[href*="canh-bao"]')
    page.see('chưa tiếp nhận')
    page.see('hỏi đơn vị quản lý')
    page.press('Tiếp nhận')
    page.dialog('Tiếp nhận', [('Ghi chú', 'đang xem')])
    page.see('đã tiếp nhận')
    page.press('Giao xử lý')
    page.dialog('Giao xử lý', [('Giao cho', 'Lê Văn Cường')])
    page.see('Lê Văn Cường')
    # What is wanted is asked for, and nothing is sent before.
    page.press('Báo nhầm')
    page.press('Báo nhầm', 'dialog')
    page.see('Lý do: còn thiếu', 'dialog')
    page.press('Thôi', 'dialog')


def test_an_incident_is_opened_judged_and_reported(desk, page):
    page.press('Mở sự cố')
    page.see('Ghi ngay điều đã biết')
    page.field('Tên sự cố', 'Mất nhật ký máy may-01', 'main')
    page.press('Mở sự cố')
    page.see('CHƯA PHÂN LOẠI')
    page.see('Thông báo ban đầu trong 24 giờ')
    page.press('Phân loại')
    page.dialog('Phân loại', [('Nâng mức bằng tay', 'không')])
    until('it is judged', lambda: 'CHƯA PHÂN LOẠI' not in page.text())
    page.press('Bắt đầu kịch bản')
    page.dialog('Bắt đầu kịch bản', [('Kịch bản', 'mã'), ('Người làm', 'an')])
    page.see('#1 ')
    page.press('Xong việc')
    page.dialog('Xong việc', [('Kết quả', 'đã sao ổ đĩa')])
    page.see('đã sao ổ đĩa')
    page.press('Đã gửi')
    page.dialog('Đã gửi', [('Kênh gửi', 'văn bản'), ('Số tiếp nhận', '12/TN')])
    page.see('số tiếp nhận 12/TN')
    page.see('ĐÃ GỬI')
    page.press('Ghi chú')
    page.dialog('Ghi chú', [('Nội dung', 'gọi nhà cung cấp lúc 2 giờ')])
    page.see('gọi nhà cung cấp lúc 2 giờ')
    # Not closed while a deadline runs: the desk says so in the dialog.
    page.press('Kết thúc sự cố')
    for name in ('Nguyên nhân', 'Khắc phục', 'Rút kinh nghiệm'):
        page.field(name, 'x')
    page.press('Kết thúc sự cố', 'dialog')
    page.see('hạn', 'dialog .error')
    page.press('Thôi', 'dialog')


def test_a_request_is_taken_in_and_answered(desk, page):
    page.go('#/su-co/yeu-cau')
    page.press('Nhận yêu cầu')
    page.dialog('Nhận yêu cầu', [('Cơ quan, đơn vị', 'Công an tỉnh'), ('Nội dung', 'gửi nhật ký'),
                                 ('Hạn', '31/12/2099 17:00')])
    page.see('Công an tỉnh')
    page.see('còn ')
    page.press('Trả lời')
    page.dialog('Trả lời', [('Nội dung trả lời', 'đã gửi gói dữ liệu'), ('Kênh gửi', 'văn bản')])
    page.see('Không có yêu cầu nào')
    page.go('#/su-co/yeu-cau?state=all')
    page.see('đã gửi gói dữ liệu')


def test_the_shift_is_handed_over_and_the_next_person_signs(desk, page):
    page.go('#/so-truc')
    page.press('Bàn giao ca')
    page.dialog('Bàn giao ca', [('Dặn người vào ca', 'theo dõi may-01')])
    page.see('Biên bản bàn giao ca số 1')
    page.see('theo dõi may-01')
    page.see('Mất nhật ký máy may-01')
    # Who leaves cannot take over from himself.
    page.press('Nhận ca')
    page.press('Nhận ca', 'dialog')
    page.find('dialog .error')
    page.press('Thôi', 'dialog')
    page.press('Đăng xuất', 'header')
    page.log_in('binh', PASSWORD)
    page.see('biên bản bàn giao chờ người nhận')
    page.go('#/so-truc/1')
    page.press('Nhận ca')
    page.dialog('Nhận ca', [('Ý kiến người nhận', 'đã rõ')])
    page.see('đã nhận')
    page.see('Trần Thị Bình')


def test_what_was_done_is_in_the_ledger_under_each_name(desk, page):
    page.go('#/canh-bao?state=taken')
    page.click('.row[href*="canh-bao"]')
    page.press('Xong')
    page.dialog('Xong', [('Lý do', 'đã cắm lại cáp')])
    page.see('đã cắm lại cáp')
    done = acts(desk, 'an')
    for act in ('user-password', 'login', 'logout', 'alert-take', 'alert-assign', 'incident-open',
                'incident-severity', 'playbook-start', 'task-done', 'notice-sent', 'incident-note',
                'request-in', 'request-answer', 'handover-begin'):
        assert done.count(act) >= 1, (act, done)
    assert done.count('alert-take') == done.count('incident-open') == 1
    assert 'handover-accept' not in done and 'incident-close' not in done
    assert acts(desk, 'binh')[-2:] == ['handover-accept', 'alert-done']
