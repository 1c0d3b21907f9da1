# SPDX-License-Identifier: Apache-2.0
"""Who is to be told is told: by each channel, over dead ones and kills, without any content."""

import base64
import datetime
import glob
import os
import re
import signal
import struct
import urllib.parse

import pytest

from alerts_are_taken_once_test import api
from findings_open_and_close_test import HASTE, talk
from harness import Desk, until
from outside import Hook, Modem, Smtp, decoded

MINUTE = 60 * 10**9
KEY = b'a key of ours'


def at(days):
    when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)
    return when.strftime('%Y-%m-%dT%H:%M:%SZ')


class Office:
    """A desk with people, and what stands around it."""

    def __init__(self, folder, smtp, hook, modem, more='', kinds=('mail', 'hook', 'sms')):
        self.smtp, self.hook, self.modem = smtp, hook, modem
        folder.mkdir(exist_ok=True)
        self.clock = folder / 'clock'
        self.clock.write_bytes(struct.pack('<q', 0))
        (folder / 'key').write_bytes(KEY + b'\n')
        channel = {
            'mail': '{name: mail, kind: smtp, target: "smtp://127.0.0.1:%d", tls: none,'
                    ' from: desk@example.vn}' % smtp.port,
            'hook': '{name: hook, kind: webhook, target: "%s", secret_file: "%s"}' % (
                hook.url, folder / 'key'),
            'sms': '{name: sms, kind: sms, target: "%s", ring: 5s}' % modem.device,
        }
        lines = ['seal: {checkpoint: 1s}', 'notify:'] + ['  - ' + channel[k] for k in kinds]
        env = dict(HASTE, TRUCBAN_CLOCK_OFFSET_NS='@%s' % self.clock)
        self.desk = Desk(folder / 'desk', listen=('tcp',), more='\n'.join(lines) + '\n' + more,
                         env=env)

    def __enter__(self):
        self.desk.start()
        self.contact('an', 'technical', phone='0900 000 001', mail='an@example.vn')
        self.contact('hoa', 'leader', phone='0900 000 002', mail='hoa@example.vn', language='en')
        for tier, person in (('technical', 'an'), ('leader', 'hoa')):
            self.post('/api/duty/shifts', tier=tier, person=person, start=at(-1), end=at(6))
        return self

    def __exit__(self, *args):
        self.desk.__exit__(*args)

    def jump(self, minutes):
        with open(self.clock, 'r+b') as f:      # mapped: written in place
            f.write(struct.pack('<q', minutes * MINUTE))

    def get(self, path):
        return until('an answer', lambda: (lambda a: a if a[0] == 200 else None)(
            api(self.desk, path)), 30, 0.2)[1]

    def post(self, path, **fields):
        status, got = api(self.desk, path, urllib.parse.urlencode(dict(fields, lang='en')))
        assert status == 200, got
        return got

    def contact(self, person, roles, **fields):
        self.post('/api/contacts/' + person, name=person, roles=roles, **fields)

    def notices(self, state='all'):
        return self.get('/api/notices?state=%s' % state)['notices']

    def silent(self, *hosts):
        """Sources fall silent: alerts of medium level, told after 15 minutes."""
        for host in hosts:
            talk(self.desk, host, pause=0.005)
        until('alerts of them', lambda: {a['host'] for a in self.get('/api/alerts')['alerts']} >=
              set(hosts), 60, 0.2)

    def rows(self, query):
        return self.desk.search(query, '--stream', 'ledger')

    def all_told(self):
        return until('all told', lambda: (lambda n: n if n and all(
            one['state'] in ('sent', 'over') for one in n) else None)(self.notices()), 60, 0.3)

    def notify(self, *words, lang='en'):
        return self.desk.command('notify', *words, check=False, env={'TRUCBAN_LANG': lang})


@pytest.fixture
def outside():
    with Smtp() as smtp, Hook(KEY) as hook, Modem() as modem:
        yield smtp, hook, modem


def test_an_alert_goes_out_by_mail_webhook_and_sms_without_content(tmp_path, outside):
    smtp, hook, modem = outside
    with Office(tmp_path / 'office', *outside) as office:
        office.silent('may-01')
        assert not smtp.letters and not office.notices()
        office.jump(16)         # also a finding: time is missing, told at once
        told = office.all_told()
        assert {n['person'] for n in told} == {'an'} and {n['step'] for n in told} == {1}
        # Two findings that came apart: the second waits 30 s on a channel that told of the first.
        until('every channel', lambda: {w['state'] for n in office.notices()
                                        for w in n['ways']} == {'sent'}, 90)
        text = smtp.to('an@example.vn')[0]
        assert text.startswith('Trực Ban: ') and 'gọi bàn trực. Số ' in text, text
        assert {number for number, _ in modem.messages} == {'0900000001'}
        assert text in [t for _, t in modem.messages] + [p['text'] for _, p in hook.posts]
        # Nothing of what it is about went out, whatever hides it.
        out = decoded(smtp.raw + hook.raw + modem.raw)
        assert 'gọi bàn trực'.encode() in out
        for word in ['may-01', 'coverage', 'silent', 'desk.', 'im lặng', 'ngừng', 'Thủ trưởng'
                     ] + [n['ref'] for n in told]:
            assert word.encode() not in out, word
        assert {r['channel'] for r in office.rows('act:=notify-sent')} == {'mail', 'hook', 'sms'}
        assert office.desk.command('verify')[0] == 0
        rc, said, _ = office.notify('channels')
        assert rc == 0 and said.count('sent') == 3, said
        assert 'không cần' not in office.notify(lang='vi')[1]


def test_where_no_channel_works_the_next_step_follows_at_once(tmp_path, outside):
    smtp, _, modem = outside
    modem.works = False
    with Office(tmp_path / 'office', *outside, kinds=('mail', 'sms')) as office:
        office.contact('an', 'technical', phone='0900 000 001')
        office.silent('may-01')
        office.jump(16)
        # an has a phone only, and the modem says nothing: hoa, hours before her time.
        until('the leader is told', lambda: smtp.to('hoa@example.vn'), 90)
        assert 'Truc Ban: ' in smtp.to('hoa@example.vn')[0]
        failed = office.rows('act:=notify-failed')
        assert {(r['person'], r['channel']) for r in failed} >= {('an', 'sms')}
        assert 'AT: no answer' in failed[0]['_msg']
        assert office.rows('act:=notify-nobody')
        assert office.notify('--failed')[0] == 1
        # A modem that works again tells him after all.
        modem.works = True
        until('an SMS', lambda: [m for m in modem.messages if m[0] == '0900000001'], 120)
        until('sent', lambda: not office.notices('failed'), 30)


def test_whatever_is_killed_nobody_is_not_told(tmp_path, outside):
    smtp, hook, _ = outside
    hosts = ['may-%02d' % i for i in range(8)]
    with Office(tmp_path / 'office', *outside, kinds=('mail', 'hook')) as office:
        office.silent(*hosts)
        office.jump(16)
        for role in ('teller', 'desk', 'keeper', 'teller', 'desk', 'teller'):
            office.desk.kill_role(role)
            talk(office.desk, 'may-90', 5)
        office.desk.kill()
        office.desk.start()
        told = [n for n in office.all_told() if n['state'] == 'sent']
        keys = [key for key, _ in hook.posts] + [key for _, key, _ in smtp.letters]
        assert told and max(n['number'] for n in told) <= max(
            int(re.search('notice-([0-9]+)-', key).group(1)) for key in keys)
        # What went out twice has the same id and the same words.
        for sent in ([(key, post['text']) for key, post in hook.posts],
                     [(key, text) for _, key, text in smtp.letters]):
            assert len({key for key, _ in sent}) == len(set(sent)), sent
        # The view thrown away says the same again.
        before = [(n['number'], n['ref'], n['person'], n['told']) for n in office.notices()]
        office.desk.kill()
        for path in glob.glob(office.desk.state + '/desk/view.db*'):
            os.unlink(path)
        office.desk.start()
        until('the same', lambda: [(n['number'], n['ref'], n['person'], n['told'])
                                   for n in office.notices()] == before, 30)


def test_a_storm_of_alarms_is_a_few_messages(tmp_path, outside):
    smtp, _, _ = outside
    hosts = ['may-%02d' % i for i in range(30)]
    with Office(tmp_path / 'office', *outside, kinds=('mail',)) as office:
        office.silent(*hosts)
        office.jump(16)
        told = office.all_told()
        assert len(told) > 30
        assert len(smtp.letters) <= 4, smtp.letters
        assert ' cảnh báo, cao nhất ' in smtp.letters[-1][2]


def test_a_test_goes_out_and_its_result_is_told(open_path, outside):
    smtp, hook, modem = outside
    tmp_path = open_path        # as root the command is nobody's
    out = tmp_path / 'ra'
    out.mkdir()
    out.chmod(0o777)
    program = tmp_path / 'cổng tin'
    program.write_text('#!/bin/sh\ncat > "$1.$$"; mv "$1.$$" "$1"; echo "đã nhận"; env >> "$1"\n')
    program.chmod(0o755)
    taken = out / 'taken'
    more = '  - {name: cong, kind: command, target: "%s", args: ["%s"]}\n' % (program, taken)
    with Office(tmp_path / 'office', *outside, more=more) as office:
        rc, said, _ = office.notify('test', 'an')
        assert rc == 0 and said.count('sent (1 notices') == 4, said
        assert smtp.to('an@example.vn') == ['Trực Ban: tin thử, không cần gọi lại. Số 1']
        assert not modem.calls
        lines = taken.read_text().splitlines()
        assert lines[:2] == ['0900 000 001', 'Trực Ban: tin thử, không cần gọi lại. Số 1']
        assert not [line for line in lines[2:] if 'TRUCBAN' in line]
        rc, said, _ = office.notify('test', 'hoa', '--channel', 'sms-ring', lang='vi')
        assert rc == 0 and 'đã gửi' in said and 'rang' in said, said
        assert modem.calls == [['0900000002', 'hung up']]
        hook.works = False
        rc, said, _ = office.notify('test', 'hoa', '--channel', 'hook')
        assert rc == 1 and 'NOT SENT' in said and '503' in said, said
        rc, _, err = office.notify('test', 'ai')
        assert rc == 3 and 'contacts' in err, err
        assert sorted(r['person'] for r in office.rows('act:=notify-test')) == ['an', 'hoa', 'hoa']


def test_a_password_goes_over_no_line_without_tls(tmp_path, outside):
    smtp, _, _ = outside
    (tmp_path / 'office').mkdir()
    secret = tmp_path / 'office' / 'mật khẩu'
    secret.write_text('rất bí mật\n')
    channel = ('  - {name: %s, kind: smtp, target: "%s://127.0.0.1:%d", from: desk@example.vn,'
               ' user: desk, secret_file: "' + str(secret) + '"}\n')
    more = channel % ('thu', 'smtp', smtp.port) + channel % ('thus', 'smtps', smtp.port)
    with Office(tmp_path / 'office', *outside, kinds=('hook',), more=more) as office:
        for name in ('thu', 'thus'):
            rc, said, _ = office.notify('test', 'an', '--channel', name)
            assert rc == 1 and 'NOT SENT' in said, said
        assert not smtp.letters and b'AUTH' not in smtp.raw, smtp.raw
        for word in ('rất bí mật'.encode(), base64.b64encode('rất bí mật'.encode())):
            assert word not in decoded(smtp.raw)


def test_a_heartbeat_goes_out_only_while_all_work(tmp_path, outside):
    smtp, hook, _ = outside
    more = 'heartbeat: {url: "%s", every: 10s, mail: watch@example.vn}\n' % (
        hook.url.replace('/hook', '/beat'))
    with Office(tmp_path / 'office', *outside, kinds=('mail',), more=more) as office:
        until('a heartbeat', lambda: '/beat' in hook.gets, 60)
        until('a mail', lambda: smtp.to('watch@example.vn'), 60)
        keeper = office.desk.pid_of('keeper')
        os.kill(keeper, signal.SIGSTOP)
        try:
            until('silence', lambda: office.desk.said(b'no heartbeat goes out'), 60)
            before = len(hook.gets)
        finally:
            os.kill(keeper, signal.SIGCONT)
        until('another one', lambda: len(hook.gets) > before, 60)
        assert smtp.to('watch@example.vn') == ['Trực Ban: bàn trực đang hoạt động']


def test_a_modem_that_is_plugged_in_later_is_found(tmp_path, outside):
    smtp, hook, modem = outside
    link = tmp_path / 'modem'
    device, modem.device = modem.device, str(link)
    with Office(tmp_path / 'office', *outside, kinds=('sms',)) as office:
        rc, said, _ = office.notify('test', 'an', '--channel', 'sms')
        assert rc == 1 and 'cannot open' in said, said
        link.symlink_to(device)
        until('a message', lambda: office.notify('test', 'an')[0] == 0, 60)
        assert modem.messages
