# SPDX-License-Identifier: Apache-2.0
"""systemd-journal-upload, the program itself: refused, cut off in its middle, and again."""

import os
import subprocess
import time

import pytest

import certs
import messages
import senders
from harness import Desk, until

UPLOAD = '/lib/systemd/systemd-journal-upload'
REMOTE = '/lib/systemd/systemd-journal-remote'
BOOT = '0123456789abcdef0123456789abcdef'

pytestmark = pytest.mark.skipif(not os.path.exists(UPLOAD) or not os.path.exists(REMOTE),
                                reason='no systemd-journal-remote')


def entry(number, ident, **more):
    """Fields of an entry, as `journalctl -o export` would give them."""
    fields = {'__REALTIME_TIMESTAMP': b'%d' % (1790000000000000 + number),
              '__MONOTONIC_TIMESTAMP': b'%d' % (1000000 + number), '_BOOT_ID': BOOT.encode(),
              '_HOSTNAME': b'may01', 'SYSLOG_IDENTIFIER': b'sshd', 'PRIORITY': b'6',
              '_SYSTEMD_UNIT': b'ssh.service',
              'MESSAGE': ('%s đăng nhập lần %d' % (ident, number)).encode()}
    fields.update(more)
    return list(fields.items())


class Journal:
    """A journal file of another machine, made by systemd's own program, and its uploader."""

    def __init__(self, folder):
        self.folder = str(folder)
        self.path = os.path.join(self.folder, 'other.journal')
        self.state = os.path.join(self.folder, 'upload.state')
        self.number = 0

    def add(self, entries):
        text = os.path.join(self.folder, 'in.export')
        with open(text, 'wb') as f:
            f.write(messages.journal(entries))
        subprocess.run([REMOTE, '-o', self.path, text], check=True, stderr=subprocess.DEVNULL)

    def fill(self, ids):
        entries = []
        for ident in ids:
            self.number += 1
            entries.append(entry(self.number, ident))
        self.add(entries)

    def begin(self, url, *options):
        return subprocess.Popen([UPLOAD, '-u', url, '--file=' + self.path, '--follow=no',
                                 '--save-state=' + self.state, *options],
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def upload(self, url, *options):
        """True when the program says that all was taken."""
        child = self.begin(url, *options)
        said, _ = child.communicate(timeout=120)
        return child.returncode == 0, said.decode()


def url_of(desk, listener='http', scheme='http'):
    return '%s://127.0.0.1:%d' % (scheme, desk.port[listener])


def test_every_field_of_an_entry_comes_back(tmp_path):
    ids, journal = senders.Ids(), Journal(tmp_path)
    journal.add([entry(1, ids.next(), TEXT='hai dòng\nvà "ngoặc"'.encode(), BIN=b'\x00\xff\x80',
                       EMPTY=b'')])
    with Desk(tmp_path / 'desk', listen=('http',)) as desk:
        assert journal.upload(url_of(desk))[0]
        row, = desk.search('{app_name="sshd",hostname="may01"}')
        assert row['_msg'] == '%s đăng nhập lần 1' % (ids.prefix + '0000001')
        assert row['_time'].startswith('2026-09-21T14:13:20.000001')
        assert row['TEXT'] == 'hai dòng\nvà "ngoặc"' and row['BIN'] == '[0,255,128]'
        assert row['_SYSTEMD_UNIT'] == 'ssh.service' and row['_BOOT_ID'] == BOOT
        assert row['__CURSOR'].startswith('s=') and row['__MONOTONIC_TIMESTAMP'] == '1000001'
        # Begun again, this program (252) sends the entry of its cursor once more. What came
        # twice has one cursor.
        assert journal.upload(url_of(desk))[0]
        later = ids.next()
        journal.fill([later])
        assert journal.upload(url_of(desk))[0]
        until('the later one', lambda: desk.found(ids.prefix)[later])
        found = desk.search(ids.prefix + '*')
        assert len({r['__CURSOR'] for r in found}) == 2 and len(found) <= 4, found


def test_a_desk_that_dies_in_the_middle_costs_no_entry(tmp_path):
    ids, journal = senders.Ids(), Journal(tmp_path)
    wanted = []
    with Desk(tmp_path / 'desk', listen=('http',)) as desk:
        # On a busy machine the upload may be over before it is seen to have begun: once more.
        for _ in range(5):
            before = desk.metric('last_seq{stream="raw"}')
            more = ids.many(30000)
            journal.fill(more)
            wanted += more
            child = journal.begin(url_of(desk))
            until('the first rows', lambda seq=before: desk.metric(
                'last_seq{stream="raw"}') > seq + 100, step=0.001)
            desk.kill()
            said, _ = child.communicate(timeout=60)
            in_the_middle = child.returncode != 0
            if in_the_middle:
                break
            desk.start()
        assert in_the_middle, 'the upload was over each time before the desk was killed'
        # Nobody is there: the program fails, as its unit file expects.
        assert not journal.upload(url_of(desk))[0]
        desk.start()
        child = journal.begin(url_of(desk))
        time.sleep(0.2)
        desk.kill_role('keeper')
        said, _ = child.communicate(timeout=120)
        # The keeper came back behind the open request, or the uploader begins once more.
        for _ in range(5):
            done, said = journal.upload(url_of(desk))
            if done:
                break
        assert done, said
        found = until('all entries', lambda: (lambda f: f if len(f) >= len(wanted) else None)(
            desk.found(ids.prefix)), 60, 0.5)
        assert set(found) == set(wanted)


def test_an_uploader_that_is_refused_keeps_its_place(tmp_path):
    ids, journal = senders.Ids(), Journal(tmp_path)
    wanted = ids.many(50)
    journal.fill(wanted)
    tokens = tmp_path / 'tokens'
    tokens.write_text('may01 bi-mat\n')
    authority = certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('desk')
    own_cert, own_key = authority.issue('may-chu-01')
    options = {'http': {'token_file': str(tokens)},
               'http-tls': {'cert': cert, 'key': key, 'ca': authority.ca, 'clients': 'required'}}
    with Desk(tmp_path / 'desk', listen=('http', 'http-tls'), options=options) as desk:
        done, said = journal.upload(url_of(desk))
        assert not done and '401' in said, said
        until('counted', lambda: desk.metric(
            'intake_requests_unauthorised_total{listener="http"}') == 1)
        done, said = journal.upload(url_of(desk, 'http-tls', 'https'), '--trust=' + authority.ca,
                                    '--key=' + own_key, '--cert=' + own_cert)
        assert done, said
        found = until('all', lambda: (lambda f: f if len(f) == 50 else None)(
            desk.found(ids.prefix)))
        assert set(found.values()) == {1}


def test_what_is_no_journal_is_refused_with_a_reason(tmp_path):
    with Desk(tmp_path / 'desk', listen=('http',)) as desk:
        conn = senders.connection(desk.port['http'])
        status, said = senders.request(conn, 'POST', '/upload', b'A=1\n\n' + b'x' * 1000)
        assert (status, said) == (400, b'not the journal export format\n')
        until('what came before', lambda: len(desk.search('A:=1')) == 1)
        until('counted', lambda: desk.metric('intake_requests_bad_total{listener="http"}') == 1)
