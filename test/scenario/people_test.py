# SPDX-License-Identifier: Apache-2.0
"""Who may log in, and what nobody may: passwords, codes, sessions, tokens, over real sockets."""

import base64
import http.client
import json
import os
import re
import signal
import time
import urllib.parse

import pytest
from codes import code_of
from harness import Desk, until

PASSWORD = 'mật khẩu của tôi'


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.cookie = response.getheader('Set-Cookie') or ''
        self.body = response.read().decode('utf-8')

    def json(self):
        return json.loads(self.body)

    def session(self):
        return re.search('trucban=([0-9a-f]{64});', self.cookie).group(1)


class Browser:
    """One person at one browser; headers: more of them, as a page of another site would."""

    def __init__(self, desk):
        self.desk = desk
        self.cookie = self.csrf = self.token = None

    def ask(self, path, form=None, csrf=True, **headers):
        head = {name.replace('_', '-'): value for name, value in headers.items()}
        if self.cookie:
            head['Cookie'] = 'theme=dark; trucban=' + self.cookie
        if self.token:
            head['Authorization'] = 'Bearer ' + self.token
        if form is not None:
            head['Content-Type'] = 'application/x-www-form-urlencoded'
            if csrf and self.csrf:
                head['X-Trucban-Csrf'] = self.csrf
        line = http.client.HTTPConnection('127.0.0.1', self.desk.front_port, timeout=60)
        line.request('GET' if form is None else 'POST', path,
                     None if form is None else urllib.parse.urlencode(form), head)
        answer = Answer(line.getresponse())
        line.close()
        if 'trucban=' in answer.cookie and answer.status == 200 and 'csrf' in answer.body:
            self.cookie = answer.session()
            self.csrf = answer.json()['csrf']
        return answer

    def log_in(self, login, password, code=''):
        return self.ask('/api/login', {'login': login, 'password': password, 'code': code})

    def set_up(self, login, once, password=PASSWORD):
        """The first log-in, to its end; gives the secret of the codes."""
        assert self.log_in(login, once).status == 200
        assert self.ask('/api/password', {'old': once, 'new': password}).status == 200
        secret = self.ask('/api/totp', {}).json()['secret']
        assert self.ask('/api/totp', {'code': code_of(secret)}).status == 200
        return secret


def user(desk, *args):
    return json.loads(desk.command('user', *args, '--json', '--state', desk.state)[1])


def added(desk, login, roles):
    return user(desk, 'add', login, '--roles', roles)['password']


def rows(desk, query):
    out = desk.command('search', '--json', '--limit', '0', '--stream', 'ledger', '--state',
                       desk.state, query)[1]
    return [json.loads(line) for line in out.splitlines()]


def says(desk, word):
    """Does a row of the ledger have the word? (Not looked for by a search, which is a row too.)"""
    return any(word in json.dumps(row, ensure_ascii=False) for row in rows(desk, '*'))


@pytest.fixture(name='desk', scope='module')
def one_desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp('people') / 'desk', listen=('udp',)) as desk:
        desk.first = user(desk, 'first')['password']
        desk.admin = Browser(desk)
        desk.secret = desk.admin.set_up('admin', desk.first)
        yield desk


def test_without_accounts_all_is_as_it_was(tmp_path):
    with Desk(tmp_path / 'desk', listen=('udp',)) as desk:
        nobody = Browser(desk)
        assert nobody.ask('/select/logsql/query?query=*').status == 200
        assert nobody.ask('/api/users').status == 401
        assert nobody.log_in('admin', '').status == 401
        # Who opens the page is told how to begin.
        answer = nobody.ask('/api/me')
        assert answer.status == 401 and answer.json()['code'] == 'no-account'
        first = Browser(desk)
        first.set_up('admin', user(desk, 'first')['password'])
        assert first.ask('/api/me').json()['zone_minutes'] == 420
        assert nobody.ask('/api/me').status == 401


def test_nothing_else_said_nothing_is_open_but_the_health(tmp_path):
    desk = Desk(tmp_path / 'desk', listen=('udp',))
    with open(desk.conf, encoding='utf-8') as f:
        text = f.read()
    with open(desk.conf, 'w', encoding='utf-8') as f:
        f.write(text.replace('  login: off\n', ''))
    with desk:
        nobody = Browser(desk)
        for path in ('/select/logsql/query?query=*', '/api/alerts', '/trucban/findings', '/api/me',
                     '/trucban/coverage', '/trucban/evidence?query=*', '/api/users'):
            assert nobody.ask(path).status == 401, path
        assert nobody.ask('/health').status == 200
        # Who may look into the machine may look on.
        desk.search('*')


def test_behind_what_encrypts_the_desk_has_a_name_of_its_own(tmp_path):
    desk = Desk(tmp_path / 'desk', listen=('udp',))
    with open(desk.conf, encoding='utf-8') as f:
        text = f.read()
    site = 'https://truc-ban.example.gov.vn'
    with open(desk.conf, 'w', encoding='utf-8') as f:
        f.write(text.replace('front:\n', 'front:\n  url: "%s"\n' % site))
    with desk:
        once = user(desk, 'first')['password']
        page = Browser(desk)
        head = {'Host': site[8:], 'Origin': site, 'Sec-Fetch-Site': 'same-origin'}
        form = {'login': 'admin', 'password': once}
        assert page.ask('/api/login', form, Host='other.example.gov.vn').status == 403
        assert page.ask('/api/login', form, Host=site[8:],
                        Origin='https://evil.example').status == 403
        answer = page.ask('/api/login', form, **head)
        # And its cookie does not pass where nothing encrypts.
        assert answer.status == 200 and '; Secure' in answer.cookie


def test_the_first_log_in_has_to_change_the_password_and_set_up_codes(desk):
    once = added(desk, 'an', 'analyst')
    an = Browser(desk)
    assert an.log_in('an', once).json()['must'] == ['password', 'totp']
    assert an.ask('/select/logsql/query?query=*').status == 403
    assert an.ask('/api/tokens', {'name': 'x', 'roles': 'analyst'}).status == 403
    assert an.ask('/api/password', {'old': once, 'new': 'ngắn'}).status == 400
    assert an.ask('/api/password', {'old': once, 'new': once}).status == 400
    assert an.ask('/api/password', {'old': once, 'new': PASSWORD}).json()['must'] == ['totp']
    assert an.ask('/select/logsql/query?query=*').status == 403
    secret = an.ask('/api/totp', {}).json()['secret']
    assert an.ask('/api/totp', {'code': code_of(secret, 5)}).status == 400
    assert an.ask('/api/totp', {'code': code_of(secret)}).json()['must'] == []
    assert an.ask('/select/logsql/query?query=*').status == 200
    # A second set of codes would be another phone's.
    assert an.ask('/api/totp', {}).status == 409
    # The password given out is worth nothing now.
    assert Browser(desk).log_in('an', once, code_of(secret, 1)).status == 401


def test_a_code_is_taken_once(desk):
    secret = Browser(desk).set_up('hai', added(desk, 'hai', 'reader'))
    code = code_of(secret, 1)
    assert Browser(desk).log_in('hai', PASSWORD, code).status == 200
    assert Browser(desk).log_in('hai', PASSWORD, code).status == 401
    assert Browser(desk).log_in('hai', PASSWORD).status == 401


def test_brute_force_is_locked_out_and_in_the_ledger(desk):
    secret = Browser(desk).set_up('ba', added(desk, 'ba', 'officer'))
    for guess in range(5):
        assert Browser(desk).log_in('ba', 'guess %d' % guess, code_of(secret, 1)).status == 401
    # Even who knows it now is not let in, and is not told that it was right.
    assert Browser(desk).log_in('ba', PASSWORD, code_of(secret, 1)).status == 401
    told = [row['_msg'] for row in rows(desk, 'act:login-failed who:ba')]
    assert 'wrong password; the account is locked' in told
    assert [u['locked'] for u in user(desk, 'list')['users'] if u['login'] == 'ba'] == [True]
    # What was tried is nowhere.
    assert not says(desk, 'guess')
    user(desk, 'enable', 'ba')
    assert Browser(desk).log_in('ba', PASSWORD, code_of(secret, 1)).status == 200


def test_names_that_nobody_has_are_refused_alike_and_not_told(desk):
    answer = Browser(desk).log_in('Mật-khẩu-gõ-nhầm', 'x')
    assert answer.status == 401
    assert answer.body == Browser(desk).log_in('admin', 'x').body
    assert not says(desk, 'nhầm')


def test_a_session_that_was_planted_is_not_taken_over(desk):
    secret = Browser(desk).set_up('tu', added(desk, 'tu', 'reader'))
    victim = Browser(desk)
    victim.cookie = planted = 'a' * 64
    assert victim.log_in('tu', PASSWORD, code_of(secret, 1)).status == 200
    assert victim.cookie != planted
    thief = Browser(desk)
    thief.cookie = planted
    assert thief.ask('/api/me').status == 401
    # And the one from before a password's change is worth nothing either.
    before = victim.cookie
    assert victim.ask('/api/password', {'old': PASSWORD, 'new': 'một mật khẩu khác'}).status == 200
    thief.cookie = before
    assert thief.ask('/api/me').status == 401
    assert victim.ask('/api/me').status == 200


def test_pages_of_other_sites_can_do_nothing(desk):
    form = {'login': 'gian', 'roles': 'admin'}
    assert desk.admin.ask('/api/users', form, csrf=False).status == 403
    assert desk.admin.ask('/api/users', form, csrf=False, X_Trucban_Csrf='0' * 32).status == 403
    assert desk.admin.ask('/api/users', form, Origin='http://evil.example').status == 403
    assert desk.admin.ask('/api/users', form, Sec_Fetch_Site='cross-site').status == 403
    assert 'gian' not in [u['login'] for u in user(desk, 'list')['users']]
    fields = Browser(desk).log_in('admin', 'x').cookie
    assert fields == ''


def test_the_cookie_is_for_no_script_and_no_other_site(desk):
    answer = Browser(desk)
    once = added(desk, 'sau', 'reader')
    cookie = answer.log_in('sau', once).cookie
    for word in ('HttpOnly', 'SameSite=Strict', 'Path=/'):
        assert word in cookie
    gone = answer.ask('/api/logout', {})
    assert gone.status == 200 and 'Max-Age=0' in gone.cookie
    assert answer.ask('/api/me').status == 401


def test_each_role_may_what_it_may(desk):
    query, findings = '/select/logsql/query?query=*', '/trucban/findings'
    may = {'reader': {findings}, 'analyst': {findings, query}, 'officer': {findings, query},
           'head': {findings, query}, 'admin': {findings, '/api/users'},
           'auditor': {findings, query}}
    for role, paths in may.items():
        who = Browser(desk)
        who.set_up('vai-' + role, added(desk, 'vai-' + role, role))
        for path in (query, findings, '/api/users'):
            assert who.ask(path).status == (200 if path in paths else 403), (role, path)
        for path in ('/trucban/hold', '/trucban/ask', '/trucban/evidence', '/api/users/first'):
            assert who.ask(path, {'what': 'expire', 'query': '*'}).status in (403, 409), path
    # An act of the desk is the officer's, by his own name.
    assert rows(desk, 'act:search who:vai-analyst') != []


def test_who_is_disabled_or_changed_is_out_at_once(desk):
    who = Browser(desk)
    who.set_up('bay', added(desk, 'bay', 'analyst'))
    assert who.ask('/select/logsql/query?query=*').status == 200
    user(desk, 'set', 'bay', '--roles', 'reader')
    assert who.ask('/select/logsql/query?query=*').status == 401
    once = user(desk, 'password', 'bay')['password']
    user(desk, 'totp-reset', 'bay')
    who.set_up('bay', once)
    assert who.ask('/trucban/findings').status == 200
    assert desk.admin.ask('/api/users/bay/disable', {}).status == 200
    assert who.ask('/trucban/findings').status == 401
    assert who.log_in('bay', PASSWORD).status == 401


def test_the_last_administrator_stays(tmp_path):
    with Desk(tmp_path / 'desk', listen=('udp',)) as desk:
        Browser(desk).set_up('admin', user(desk, 'first')['password'])
        for args in (('disable', 'admin'), ('set', 'admin', '--roles', 'reader'), ('first',)):
            done = desk.command('user', *args, '--state', desk.state, check=False)
            assert done[0] == 3, args
        user(desk, 'add', 'hai', '--roles', 'admin')
        user(desk, 'disable', 'admin')


def test_a_token_may_no_more_than_its_owner(desk):
    owner = Browser(desk)
    owner.set_up('tam', added(desk, 'tam', 'analyst,reader'))
    assert owner.ask('/api/tokens', {'name': 'g', 'roles': 'admin'}).status == 403
    made = owner.ask('/api/tokens', {'name': 'Grafana', 'roles': 'analyst', 'days': '30'}).json()
    program = Browser(desk)
    program.token = made['token']
    assert program.ask('/select/logsql/query', {'query': '*'}).status == 200
    # It manages nothing.
    for path in ('/api/tokens', '/api/password', '/api/logout', '/api/users'):
        assert program.ask(path, {}).status in (401, 403), path
    assert [t['name'] for t in owner.ask('/api/tokens').json()['tokens']] == ['Grafana']
    user(desk, 'set', 'tam', '--roles', 'reader')
    assert program.ask('/select/logsql/query', {'query': '*'}).status == 401
    user(desk, 'set', 'tam', '--roles', 'analyst')
    assert program.ask('/select/logsql/query', {'query': '*'}).status == 200
    user(desk, 'token', 'revoke', made['id'])
    assert program.ask('/select/logsql/query', {'query': '*'}).status == 401
    told = [row['act'] for row in rows(desk, 'login:tam (act:token-add or act:token-revoke)')]
    assert sorted(told) == ['token-add', 'token-revoke']


def test_no_secret_is_anywhere_on_disk_or_in_the_log(desk):
    made = user(desk, 'token', 'add', '--owner', 'admin', '--roles', 'admin', '--name', 'x')
    raw = base64.b32decode(desk.secret.replace(' ', ''))
    words = [PASSWORD.encode(), desk.first.encode(), desk.secret.encode(),
             desk.secret.replace(' ', '').encode(), raw, made['token'].encode(),
             desk.admin.cookie.encode(), b'$argon2id$']
    desk.command('user', 'list', '--state', desk.state)
    files = [desk.log]
    for folder, _, names in os.walk(desk.state):
        files += [os.path.join(folder, name) for name in names]
    for path in files:
        if not os.path.isfile(path):
            continue
        with open(path, 'rb') as f:
            text = f.read()
        for word in words:
            assert word not in text, (path, word)
    assert not says(desk, desk.first) and says(desk, 'admin')


def test_killed_at_any_moment_the_accounts_are_whole(tmp_path):
    with Desk(tmp_path / 'desk', listen=('udp',)) as desk:
        Browser(desk).set_up('admin', user(desk, 'first')['password'])
        known = {'admin'}
        for turn in range(6):
            login = 'nguoi-%d' % turn
            pid = desk.pid_of('porter')
            killer = os.fork()
            if killer == 0:
                time.sleep(0.03 * turn)
                os.kill(pid, signal.SIGKILL)
                os._exit(0)
            rc, _, _ = desk.command('user', 'add', login, '--roles', 'reader', '--json', '--state',
                                    desk.state, check=False)
            os.waitpid(killer, 0)
            if rc == 0:
                known.add(login)
            until('another porter', lambda old=pid: desk.pid_of('porter') not in (None, old))
        until('the porter answers', lambda: desk.command(
            'user', 'list', '--json', '--state', desk.state, check=False)[0] == 0)
        there = {u['login'] for u in user(desk, 'list')['users']}
        assert known <= there
        # Whoever is there has a row that says so; and the whole desk may go as well.
        told = {row['login'] for row in rows(desk, 'act:user-add')}
        assert there <= told
        desk.kill()
        desk.start()
        assert {u['login'] for u in user(desk, 'list')['users']} == there


def test_accounts_that_were_changed_are_refused_and_the_desk_goes_on(tmp_path):
    with Desk(tmp_path / 'desk', listen=('udp',)) as desk:
        admin = Browser(desk)
        admin.set_up('admin', user(desk, 'first')['password'])
        desk.kill()
        path = os.path.join(desk.state, 'people', 'accounts')
        with open(path, 'rb') as f:
            text = bytearray(f.read())
        text[40] ^= 1
        with open(path, 'wb') as f:
            f.write(text)
        desk.start()
        assert admin.ask('/select/logsql/query?query=*').status >= 400
        assert admin.log_in('admin', PASSWORD).status >= 400
        rc, _, err = desk.command('user', 'first', '--state', desk.state, check=False)
        assert rc == 3 and 'accounts' in err
        with open(path, 'rb') as f:
            assert f.read() == bytes(text)
        desk.search('*')
