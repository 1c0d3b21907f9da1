# SPDX-License-Identifier: Apache-2.0
"""A person at a browser: real Chromium without a window, and what it did behind the page.

    with Chrome(tmp_path, desk) as page:
        page.log_in('an', password)
        page.go('#/canh-bao')
        page.press('Tiếp nhận')

Every wait is for something to be seen. At the end nothing may have been asked of another server,
and the console may hold no error: a refusal of the page's policy is one.
"""

import json
import os
import shutil

import pytest

from harness import until

MET = 30        # seconds; what a person sees comes in a fraction of one, on a busy machine in some


def driver(folder, width, height):
    """Chromium with its own folder; skips the test where there is none."""
    pytest.importorskip('selenium', reason='no selenium')
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    if shutil.which('chromium') is None or shutil.which('chromedriver') is None:
        pytest.skip('no chromium')
    options = webdriver.ChromeOptions()
    for word in ('headless=new', 'disable-gpu', 'disable-dev-shm-usage', 'no-first-run',
                 'disable-background-networking', 'disable-component-update', 'disable-sync',
                 'disable-extensions', 'user-data-dir=' + os.path.join(str(folder), 'chromium')):
        options.add_argument('--' + word)
    if os.geteuid() == 0:
        options.add_argument('--no-sandbox')
    options.set_capability('goog:loggingPrefs', {'browser': 'ALL', 'performance': 'ALL'})
    made = webdriver.Chrome(service=Service(shutil.which('chromedriver')), options=options)
    made.execute_cdp_cmd('Emulation.setDeviceMetricsOverride', {
        'width': width, 'height': height, 'deviceScaleFactor': 1, 'mobile': False})
    return made


class Chrome:
    """The page of one desk, seen by one person."""

    def __init__(self, folder, desk, width=1280, height=720):
        self.desk = desk
        self.url = 'http://127.0.0.1:%d/' % desk.front_port
        self.driver = driver(folder, width, height)
        self.refusals = 0       # answers of 400 and above that the test has asked for

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print('---- the page said:')
            print(self.text('body')[:3000])
            print(*self.console(), sep='\n')
        try:
            if kind is None:
                self.assert_clean()
        finally:
            self.driver.quit()

    # ---- what it did behind the page ----

    def console(self):
        return ['%s %s' % (line['level'], line['message'])
                for line in self.driver.get_log('browser')]

    def requests(self):
        """Every address that was asked for since the last call."""
        found = []
        for line in self.driver.get_log('performance'):
            message = json.loads(line['message'])['message']
            if message['method'] == 'Network.requestWillBeSent':
                found.append(message['params']['request']['url'])
        return found

    def assert_clean(self):
        """No foreign request, no error but the desk's refusals, which the console tells too."""
        asked = self.requests()
        assert asked, 'nothing was asked for at all'
        for url in asked:
            # chrome: is the browser's own first page, before ours.
            assert url.startswith((self.url, 'data:', 'chrome:')), url
        told = [line for line in self.console() if not line.startswith(('INFO', 'DEBUG'))]
        wrong = [line for line in told if 'the server responded with a status of 4' not in line]
        assert not wrong, wrong

    # ---- what is seen ----

    def all(self, css):
        return self.driver.find_elements('css selector', css)

    def js(self, script, *args):
        return self.driver.execute_script(script, *args)

    def text(self, css='main'):
        """What a person can read there."""
        return self.js('const n = document.querySelector(arguments[0]);'
                       'return n === null ? "" : n.innerText', css)

    def see(self, words, css='main'):
        until('to read “%s” in %s' % (words, css), lambda: words in self.text(css), MET, 0.05)

    def find(self, css, words=None):
        """The first that is visible; words: and has just these on it."""
        return until('to see %s %s' % (css, words or ''), lambda: self.js(
            'for (const n of document.querySelectorAll(arguments[0]))'
            ' if (n.checkVisibility() && (arguments[1] === null ||'
            ' n.innerText.trim() === arguments[1])) return n;'
            'return null', css, words), MET, 0.05)

    def attempt(self, act):
        """What the page draws anew between looking and doing is looked for again."""
        from selenium.common.exceptions import WebDriverException

        def once():
            try:
                act()
                return True
            except WebDriverException as e:
                if 'stale element' not in str(e) and 'intercepted' not in str(e):
                    raise
                return False
        until('it to stand still', once, MET, 0.05)

    # ---- what is done ----

    def open(self):
        self.driver.get(self.url)

    def go(self, hash_):
        self.js('location.hash = arguments[0]', hash_)
        self.settled()

    def settled(self):
        """What is shown is of the address, and a question that was asked is answered."""
        until('the screen to be drawn', lambda: self.js(
            'const main = document.querySelector("main");'
            'return main.dataset.at === location.hash &&'
            ' main.querySelector("[aria-busy=true]") === null'), MET, 0.05)

    def click(self, css, words=None):
        self.attempt(lambda: self.find(css, words).click())

    def press(self, words, inside='main'):
        """A button, link or the like by what stands on it."""
        self.click(', '.join('%s %s' % (inside, tag) for tag in ('button', 'a', 'summary')), words)

    def type(self, css, text):
        def once():
            node = self.find(css)
            node.clear()
            node.send_keys(text)
        self.attempt(once)

    def field(self, label, text, inside='dialog'):
        """A field by its label; of a list the entry that has the words."""
        def once():
            node = until('a field “%s”' % label, lambda: self.js(
                'for (const l of document.querySelectorAll(arguments[0] + " label"))'
                ' if (l.innerText.startsWith(arguments[1])) return l.htmlFor ?'
                ' document.getElementById(l.htmlFor) : l.querySelector("select, input");'
                'return null', inside, label), MET, 0.05)
            if node.tag_name == 'select':
                next(o for o in node.find_elements('css selector', 'option')
                     if text in o.text).click()
            else:
                node.clear()
                node.send_keys(text)
        self.attempt(once)

    def dialog(self, label, fields=()):
        """Fills in the dialog that is open, and sends it; it has to close."""
        for name, value in fields:
            self.field(name, value)
        self.press(label, 'dialog')
        until('the dialog to close', lambda: not self.all('dialog') or
              self.fail_on('dialog .error:not([hidden])'), MET, 0.05)

    def fail_on(self, css):
        wrong = [node.text for node in self.all(css) if node.is_displayed()]
        assert not wrong, wrong

    def log_in(self, login, password, code=''):
        self.open()
        self.type('[name=login]', login)
        self.type('[name=password]', password)
        if code:
            self.type('[name=code]', code)
        self.click('form button.main')

    def is_wide(self):
        """Does one have to scroll sideways?"""
        return self.js('return document.documentElement.scrollWidth > '
                       'document.documentElement.clientWidth + 1')


# ---- the desk behind it ----

PASSWORD = 'mật khẩu của tôi'


def post(desk, path, **fields):
    """As the desk's owner, over the unix socket."""
    from urllib.parse import urlencode
    line = desk.front()
    line.request('POST', path, urlencode(fields),
                 {'Content-Type': 'application/x-www-form-urlencoded'})
    answer = line.getresponse()
    body = answer.read().decode()
    line.close()
    assert answer.status == 200, body
    return json.loads(body)


def account(desk, login, roles, code='no'):
    """One with PASSWORD, who needs no codes."""
    import http.client
    from urllib.parse import urlencode
    once = post(desk, '/api/users', login=login, roles=roles, code=code)['password']
    line = http.client.HTTPConnection('127.0.0.1', desk.front_port, timeout=60)
    head = {'Content-Type': 'application/x-www-form-urlencoded'}
    line.request('POST', '/api/login', urlencode({'login': login, 'password': once}), head)
    answer = line.getresponse()
    csrf = json.loads(answer.read())['csrf']
    head.update({'Cookie': answer.getheader('Set-Cookie').split(';')[0], 'X-Trucban-Csrf': csrf})
    line.request('POST', '/api/password', urlencode({'old': once, 'new': PASSWORD}), head)
    assert line.getresponse().read()
    line.close()
