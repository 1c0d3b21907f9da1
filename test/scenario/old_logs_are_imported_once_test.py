# SPDX-License-Identifier: Apache-2.0
"""trucban import: forms, packed files of Debian's own tools, and the same content once."""

import gzip
import hashlib
import io
import json
import os
import shutil
import signal
import subprocess
import tarfile
import zipfile

import pytest

from harness import Desk, program, until


def syslog(n, first=0, text='user%d'):
    return ''.join('Mar %2d 10:%02d:%02d web01 sshd[7]: Failed password for %s\n'
                   % (1 + i % 28, i // 60 % 60, i % 60, text % i)
                   for i in range(first, first + n))


def write(folder, name, text):
    path = os.path.join(str(folder), name)
    with open(path, 'wb') as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    return path


def imported(desk, *args):
    """(exit code, records, lines of JSON) of an import."""
    rc, out, err = desk.command('import', '--json', *args, check=False)
    lines = [json.loads(line) for line in out.splitlines()]
    assert lines, err
    return rc, lines[-1]['records'], lines


def run(*command, **options):
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, **options)


def test_a_log_that_grew_was_rotated_or_packed_is_stored_once(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = write(tmp_path, 'auth.log', syslog(1500) + 'same\nsame\n')
        assert imported(desk, path)[:2] == (0, 1502)
        assert imported(desk, path)[:2] == (0, 0)
        with open(path, 'a', encoding='utf-8') as f:
            f.write(syslog(100, 1500))
        assert imported(desk, path)[:2] == (0, 100)
        rotated = path + '.1'
        os.rename(path, rotated)
        for tool in ('gzip', 'xz', 'zstd', 'bzip2'):
            if shutil.which(tool) is None:
                continue
            run(tool, '-k', rotated, stderr=subprocess.DEVNULL)
        packed = sorted(str(p) for p in tmp_path.glob('auth.log.1*'))
        assert len(packed) >= 4
        assert imported(desk, *packed)[:2] == (0, 0)
        assert len(desk.search('same')) == 2
        assert desk.search('* | stats count() n')[0]['n'] == '1602'


def test_archives_inside_of_archives_are_read(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        os.makedirs(tmp_path / 'var' / 'log')
        for name in ('a.log', 'b.log', 'c.log'):
            write(tmp_path / 'var' / 'log', name, syslog(300, text=name + '-%d'))
        run('gzip', str(tmp_path / 'var/log/b.log'))
        run('zip', '-q', 'inner.zip', 'var/log/c.log', cwd=tmp_path)
        run('tar', 'cJf', 'outer.tar.xz', 'var/log/a.log', 'var/log/b.log.gz', 'inner.zip',
            cwd=tmp_path)
        run('tar', 'cf', 'all.tar', 'outer.tar.xz', 'var/log/a.log', cwd=tmp_path)
        rc, records, lines = imported(desk, str(tmp_path / 'all.tar'))
        assert (rc, records) == (0, 900)
        names = {os.path.relpath(line['file'], tmp_path) for line in lines[:-1]}
        assert names == {'all.tar/outer.tar.xz/var/log/a.log',
                         'all.tar/outer.tar.xz/var/log/b.log.gz',
                         'all.tar/outer.tar.xz/inner.zip/var/log/c.log',
                         'all.tar/var/log/a.log'}
        assert imported(desk, str(tmp_path / 'outer.tar.xz'))[:2] == (0, 0)


def test_a_year_is_taken_from_the_time_of_the_file(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = write(tmp_path, 'old.log', 'Dec 30 10:00:00 web01 app[1]: before\n'
                     'Jan  2 10:00:00 web01 app[1]: behind\n')
        os.utime(path, (1609900000, 1609900000))        # 2021-01-06
        said = desk.command('import', path)[1]
        assert 'read as syslog' in said and '2021-01-06' in said
        assert desk.search('before')[0]['_time'].startswith('2020-12-30')
        assert desk.search('behind')[0]['_time'].startswith('2021-01-02')


def test_each_form_gives_its_fields_and_its_octets_back(tmp_path):
    csv = 'time,host,message,n\n2025-01-02 03:04:05,h1,"two\nlines, ""quoted""",5\n'
    w3c = ('#Software: Microsoft Internet Information Services 10.0\r\n#Fields: date time s-ip '
           'cs-uri-stem sc-status\r\n2025-02-03 01:02:03 10.0.0.1 /index.html 200\r\n'
           '#Fields: date time sc-status cs-uri-stem\r\n2025-02-03 01:02:04 404 /none\r\n')
    access = ('203.0.113.5 - lan [01/Mar/2025:18:59:58 +0700] "GET /cong-dan HTTP/1.1" 200 5123 '
              '"-" "curl/7.88"\n')
    values = '[{"time":"2024-05-06T07:08:09Z","message":"in an array"},\n{"a":\n2}]\n'
    files = {'t.csv': csv, 'iis.log': w3c, 'access.log': access, 'v.json': values}
    with Desk(tmp_path / 'desk', listen=()) as desk:
        paths = [write(tmp_path, name, text) for name, text in files.items()]
        rc, records, _ = imported(desk, '--host', 'www9', '--unit', '7', '--app', 'iis', *paths)
        assert (rc, records) == (0, 2 + 5 + 1 + 2)
        row = desk.search('n:=5')[0]
        assert row['_time'].startswith('2025-01-01T20:04:05') and row['host'] == 'h1'
        row = desk.search('sc-status:=404')[0]
        assert row['_msg'] == '/none' and row['_time'].startswith('2025-02-03T01:02:04')
        assert '"www9"' in row['_stream'] and '"7"' in row['_stream']
        row = desk.search('status:=200')[0]
        assert row['remote_user'] == 'lan' and row['_time'].startswith('2025-03-01T11:59:58')
        assert desk.search('"in an array"')[0]['_time'].startswith('2024-05-06T07:08:09')
        raw = desk.command('search', '--raw', '_listener:="import:%s"' % paths[1])[1]
        assert sorted(raw.splitlines()) == sorted(w3c.replace('\r', '').splitlines())
        row = desk.search('_identity:="uid %d" _trust:=claim | limit 1' % os.getuid())
        assert row


def test_what_is_said_overrides_the_guess(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = write(tmp_path, 't.csv', 'a,b\n1,2\n')
        assert 'read as plain' in desk.command('import', '--format', 'plain', path)[1]
        assert desk.command('import', '--format', 'gone', path, check=False)[0] == 2
        assert desk.command('import', '--unit', '-1', path, check=False)[0] == 2
        other = write(tmp_path, 'other.log', 'x\n')
        rc, _, lines = imported(desk, '--class', 'gone', other)
        assert rc == 1 and 'gone' in lines[0]['why']


def test_what_cannot_be_read_is_named_and_the_others_go_on(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        good = write(tmp_path, 'good.log', syslog(10))
        os.mkfifo(tmp_path / 'fifo')
        whole = gzip.compress(syslog(5000, text='b%d').encode())
        broken = write(tmp_path, 'broken.gz', whole[:-9000])
        sparse = write(tmp_path, 'sparse.log', 'x\n')
        os.truncate(sparse, 1 << 40)
        no_tar = write(tmp_path, 'no.tar', b'\x1f\x8b\x08' + b'nothing of the kind' * 9)
        bad = [str(tmp_path / 'gone.log'), str(tmp_path / 'fifo'), str(tmp_path), broken, sparse,
               no_tar]
        rc, records, lines = imported(desk, *bad, good)
        assert rc == 1 and records >= 10
        why = {line['file']: line['why'] for line in lines[:-1] if line['why']}
        assert set(why) == set(bad)
        assert desk.search('user9')
        assert lines[-1]['failed'] == len(why)


def test_a_bomb_is_given_up_and_what_follows_is_read(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        bomb = str(tmp_path / 'bomb.zip')
        with zipfile.ZipFile(bomb, 'w', zipfile.ZIP_DEFLATED, compresslevel=9) as z:
            z.writestr('zeros.log', b'\0' * (300 << 20))
        good = write(tmp_path, 'good.log', syslog(10))
        rc, _, lines = imported(desk, bomb, good)
        assert rc == 1 and desk.search('user9')
        assert any('200 times' in line.get('why', '') for line in lines)
        assert lines[-1]['octets'] < 200 << 20


def test_names_in_archives_are_only_said(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = str(tmp_path / 'tricks.tar')
        with tarfile.open(path, 'w') as t:
            for name in ('../../etc/passwd', '/etc/shadow', 'x' * 3000, 'a\nb\x1b[31m'):
                text = ('of %.20s\n' % name.replace('\n', '')).encode()
                info = tarfile.TarInfo(name)
                info.size = len(text)
                t.addfile(info, io.BytesIO(text))
            for kind, name in ((tarfile.SYMTYPE, 'link'), (tarfile.CHRTYPE, 'device'),
                               (tarfile.FIFOTYPE, 'pipe')):
                info = tarfile.TarInfo(name)
                info.type = kind
                info.linkname = '/etc/passwd'
                t.addfile(info)
        rc, records, _ = imported(desk, path)
        assert (rc, records) == (0, 4)
        out = desk.command('import', path)[1]
        assert '\x1b' not in out


def test_an_archive_of_many_small_files_is_read(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = str(tmp_path / 'many.tar')
        with tarfile.open(path, 'w') as t:
            for i in range(3000):
                text = ('%d: small one\n' % i).encode()
                info = tarfile.TarInfo('d/%d.log' % i)
                info.size = len(text)
                t.addfile(info, io.BytesIO(text))
        assert imported(desk, path)[:2] == (0, 3000)
        assert imported(desk, path)[:2] == (0, 0)


def test_files_that_begin_alike_are_told_apart(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        head = 'banner of all\n' * 6000
        paths = [write(tmp_path, '%d.log' % i, head + 'then %d\n' % i * 50) for i in range(6)]
        assert imported(desk, *paths)[:2] == (0, 6 * 6050)
        run('tar', 'czf', 'all.tar.gz', *[os.path.basename(p) for p in paths], cwd=tmp_path)
        assert imported(desk, str(tmp_path / 'all.tar.gz'))[:2] == (0, 0)
        with open(paths[3], 'a', encoding='utf-8') as f:
            f.write('grown\n')
        assert imported(desk, *paths)[:2] == (0, 1)


def test_each_file_is_a_row_of_the_ledger(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = write(tmp_path, 'auth.log', syslog(30))
        digest = imported(desk, path)[2][0]['blake2b256']
        acts = desk.search('act:=import', '--stream', 'ledger')
        assert len(acts) == 1 and acts[0]['who'] == 'uid %d' % os.getuid()
        assert path in acts[0]['_msg'] and '30 records' in acts[0]['_msg']
        assert digest in acts[0]['_msg']
        assert desk.stop() == 0
        assert desk.verify()[0] == 0


def test_ctrl_c_stops_and_the_next_import_goes_on(tmp_path):
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = write(tmp_path, 'big.log', syslog(400000))
        child = subprocess.Popen([program(), 'import', '--json', '--state', desk.state, path],
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        until('rows', lambda: desk.metric('rows_total') > 1000, 30, 0.001)
        child.send_signal(signal.SIGINT)
        out, _ = child.communicate(timeout=60)
        last = json.loads(out.splitlines()[-1])
        if child.returncode == 0:
            pytest.skip('it was done before')
        assert child.returncode == 3 and last['stopped']
        rest = imported(desk, path)
        assert rest[0] == 0 and rest[1] + last['records'] == 400000

def windows(n, first=0, codec='utf-16'):
    """As PowerShell 5 and wevtutil write text: the mark, two octets a letter, CR LF."""
    return ''.join('2025-03-04 10:%02d:%02d Nhật ký đăng nhập %d\r\n' % (i // 60 % 60, i % 60, i)
                   for i in range(first, first + n)).encode(codec)


@pytest.mark.parametrize('codec', ['utf-16', 'utf-16-le', 'utf-16-be'])
def test_utf_16_is_decoded_and_stored_once(tmp_path, codec):
    mark = b'\xff\xfe' if codec == 'utf-16' else b''
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = write(tmp_path, 'win.log', windows(3000, codec=codec))
        said = desk.command('import', path)[1]
        assert 'decoded from UTF-16%s to UTF-8' % ('BE' if codec.endswith('be') else 'LE') in said
        assert desk.search('"đăng nhập 2999"')[0]['_time'].startswith('2025-03-04')
        assert imported(desk, path)[:2] == (0, 0)
        with open(path, 'ab') as f:
            f.write(windows(100, 3000, codec)[len(mark):])
        assert imported(desk, path)[:2] == (0, 100)
        rotated = path + '.1'
        os.rename(path, rotated)
        run('gzip', '-k', rotated)
        assert imported(desk, rotated, rotated + '.gz')[:2] == (0, 0)
        # The same text saved as UTF-8 is the same content.
        plain = write(tmp_path, 'win.txt', windows(3100, codec='utf-8'))
        assert imported(desk, plain)[:2] == (0, 0)
        assert desk.search('* | stats count() n')[0]['n'] == '3100'
        acts = desk.search('act:=import decoded', '--stream', 'ledger')
        with open(rotated, 'rb') as f:
            own = hashlib.blake2b(f.read(), digest_size=32).hexdigest()
        assert own in json.dumps(acts)


def test_half_a_character_at_the_end_waits_for_the_rest(tmp_path):
    whole = windows(50) + 'x😀y\r\n'.encode('utf-16-le')
    with Desk(tmp_path / 'desk', listen=()) as desk:
        # "x", half of the smile, "x" and the smile, all: each time what is new of the line.
        for cut, left, records in ((9, 1, 51), (7, 3, 0), (5, 1, 1), (0, 0, 1)):
            path = write(tmp_path, 'win.log', whole[:len(whole) - cut])
            _, new, lines = imported(desk, path)
            assert (lines[0]['octets_left'], new) == (left, records)
        lone = write(tmp_path, 'lone.log', windows(3) + b'a\0\0\xd8b\0\r\0\n\0')
        assert imported(desk, lone)[2][0]['replaced'] == 1
        assert desk.search('"a\ufffdb"')


def test_what_is_no_text_is_refused_unless_its_form_is_named(tmp_path):
    octets = b'\x7fELF\2\1\1' + bytes(9) + bytes(range(256)) * 40
    with Desk(tmp_path / 'desk', listen=()) as desk:
        path = write(tmp_path, 'a.bin', octets)
        text = write(tmp_path, 'b.log', syslog(5))
        run('tar', 'cf', 'all.tar', 'a.bin', 'b.log', cwd=tmp_path)
        rc, records, lines = imported(desk, path, text)
        assert (rc, records) == (1, 5)
        assert '--format plain' in lines[0]['why'] and lines[0]['result'] == 'failed'
        rc, records, lines = imported(desk, str(tmp_path / 'all.tar'))
        assert (rc, records) == (1, 0) and len(lines) == 3
        assert imported(desk, '--format', 'plain', path)[1] > 0
