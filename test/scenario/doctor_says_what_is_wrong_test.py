# SPDX-License-Identifier: Apache-2.0
"""trucban doctor: each thing that is wrong is named, with what to do; what is well is not."""

import json
import os
import socket

import certs
from harness import Desk, Sent, assert_kept, until


def looked(desk, *options):
    """(exit code, {check: row}) of trucban doctor."""
    rc, out, _ = desk.command('doctor', '--config', desk.conf, '--json', *options)
    rows = [json.loads(line) for line in out.splitlines()]
    for row in rows:
        assert row['result'] in ('ok', 'skip', 'warn', 'bad'), row
        assert row['what'], row
        if row['result'] in ('warn', 'bad'):
            assert row['do'], row
    assert len({row['check'] for row in rows}) == len(rows)
    return rc, {row['check']: row for row in rows}


def test_a_running_desk_is_well(tmp_path):
    with Desk(tmp_path) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 10)
        assert_kept(desk, sent)
        rc, row = looked(desk)
        assert rc == 0, row
        for name in ('config', 'desk', 'ports', 'state', 'keys', 'encryption', 'store', 'disk',
                     'quarantine'):
            assert row[name]['result'] == 'ok', row[name]
        assert 'held by the running desk' in row['ports']['what']
        assert row['anchors']['result'] == 'warn'
        rc, out, _ = desk.command('doctor', '--config', desk.conf)
        assert rc == 0
        assert 'broken' in out.splitlines()[-1]
        assert '\033' not in out
        rc, out, _ = desk.command('doctor', '--config', desk.conf, env={'TRUCBAN_LANG': 'vi'})
        assert 'mục ổn' in out.splitlines()[-1]


def test_a_desk_that_does_not_run_is_named_and_its_ports_are_tried(tmp_path):
    desk = Desk(tmp_path)
    rc, row = looked(desk)
    assert rc == 0
    assert row['desk']['result'] == 'warn'
    assert row['state']['result'] == 'warn'
    assert row['ports']['result'] == 'ok'
    with socket.socket() as other:
        other.bind(('127.0.0.1', desk.port['relp']))
        other.listen()
        rc, row = looked(desk)
        assert rc == 1
        assert row['ports']['result'] == 'bad'
        assert ':%d' % desk.port['relp'] in row['ports']['do']


def test_no_terminal_obeys_what_a_store_says(tmp_path):
    desk = Desk(tmp_path / 'desk')
    name = str(tmp_path / 'a\033]0;b\007.yaml')
    os.symlink(desk.conf, name)
    os.makedirs(os.path.join(desk.state, 'run'))
    with open(os.path.join(desk.state, 'run', 'config'), 'w', encoding='utf-8') as f:
        f.write(name)
    _, out, _ = desk.command('doctor', '--state', desk.state, check=False)
    assert '\033' not in out and '\007' not in out
    assert r'a\u001b]0;b' in out or r'a\x1b]0;b' in out, out


def test_a_link_in_place_of_a_folder_of_the_store_is_not_followed(tmp_path):
    desk = Desk(tmp_path / 'desk')
    victim = tmp_path / 'victim'
    victim.mkdir()
    (victim / 'config').write_text('as it was')
    os.makedirs(desk.state, mode=0o700)
    os.symlink(victim, os.path.join(desk.state, 'run'))
    rc, _, err = desk.command('serve', '--config', desk.conf, check=False)
    assert rc == 3 and 'cannot open directory run' in err, (rc, err)
    assert (victim / 'config').read_text() == 'as it was'
    assert [p.name for p in victim.iterdir()] == ['config']


def test_a_wrong_configuration_is_named_with_its_line(tmp_path):
    desk = Desk(tmp_path)
    with open(desk.conf, 'a', encoding='utf-8') as f:
        f.write('lisen: []\n')
    rc, row = looked(desk, '--state', desk.state)
    assert rc == 1
    assert row['config']['result'] == 'bad'
    assert "has no key 'lisen'" in row['config']['what']
    desk.conf += '.none'
    rc, row = looked(desk)
    assert rc == 1
    assert row['config']['result'] == 'bad'


def test_what_others_may_read_is_named(tmp_path):
    with Desk(tmp_path) as desk:
        assert desk.stop() == 0
    os.chmod(desk.state, 0o755)
    os.chmod(os.path.join(desk.state, 'key', 'seal.key'), 0o644)
    rc, row = looked(desk)
    assert rc == 1
    assert row['state']['result'] == 'bad'
    assert 'chmod 0700' in row['state']['do']
    assert row['keys']['result'] == 'bad'
    assert 'seal.key' in row['keys']['do']


def test_a_full_disk_a_file_set_aside_and_an_unreadable_store_are_named(tmp_path):
    with Desk(tmp_path, more='store: {reserve: 4000000TB}\n') as desk:
        assert desk.stop() == 0
    with open(os.path.join(desk.state, 'quarantine', 'something'), 'w', encoding='utf-8') as f:
        f.write('x')
    with open(os.path.join(desk.state, 'manifest'), 'wb') as f:
        f.write(b'x' * 1000)
    rc, row = looked(desk)
    assert rc == 1
    assert row['disk']['result'] == 'bad'
    assert row['quarantine']['result'] == 'warn'
    assert 'something' in row['quarantine']['what']
    assert row['store']['result'] == 'bad'
    assert row['store']['do'] == 'trucban verify'


def test_logs_that_may_not_be_read_are_named_with_the_command_that_helps(open_path):
    logs = open_path / 'logs'
    logs.mkdir()
    (logs / 'a.log').write_text('x\n')
    (logs / 'b.log').write_text('x\n')
    user = 'nobody' if os.geteuid() == 0 else ''
    more = 'collect: {files: ["%s/*.log"]}\nuser: "%s"\n' % (logs, user)
    desk = Desk(open_path / 'desk', more=more)
    os.chmod(logs / 'b.log', 0)
    _, row = looked(desk)
    assert row['logs']['result'] == 'warn', row['logs']
    assert 'b.log' in row['logs']['what']
    assert 'a.log' not in row['logs']['what']
    assert 'usermod -aG adm' in row['logs']['do']
    os.chmod(logs / 'b.log', 0o644)
    _, row = looked(desk)
    assert row['logs']['result'] == 'ok', row['logs']
    # A folder that cannot be listed shows no file at all.
    mode = os.stat(logs).st_mode
    os.chmod(logs, 0)
    _, row = looked(desk)
    os.chmod(logs, mode)
    assert row['logs']['result'] == 'warn', row['logs']
    assert '1 files or folders' in row['logs']['what']
    assert str(logs) + '/' in row['logs']['what']


def test_certificates_that_are_not_there_are_named(tmp_path):
    gone = str(tmp_path / 'none.pem')
    desk = Desk(tmp_path / 'desk', listen=('tcp-tls',), options={
        'tcp-tls': {'cert': gone, 'key': gone}})
    rc, row = looked(desk)
    assert rc == 1
    assert row['certificates']['result'] == 'bad'
    assert gone in row['certificates']['what']


def test_what_is_wrong_with_a_certificate_is_named(tmp_path):
    authority = certs.Authority(str(tmp_path / 'certs'))
    good = authority.issue('good', days=400)
    token = tmp_path / 'tokens'
    token.write_text('may01 bi-mat\n')
    token.chmod(0o600)
    here = socket.gethostname()

    def told(cert, key, lang='en'):
        desk = Desk(tmp_path / 'desk', listen=('tcp-tls', 'http'), options={
            'tcp-tls': {'cert': cert, 'key': key}, 'http': {'token_file': str(token)}})
        _, out, _ = desk.command('doctor', '--config', desk.conf, '--json',
                                 env={'TRUCBAN_LANG': lang})
        row, = (r for r in map(json.loads, out.splitlines()) if r['check'] == 'certificates')
        return row['result'], row['what'], row.get('do', '')

    assert told(*good) == ('ok', '3 files can be read and fit', '')
    result, what, todo = told(*authority.issue('soon', days=20))
    assert (result, 'expires in ' in what) == ('warn', True), what
    assert 'systemctl reload trucban' in todo
    assert told(*authority.issue('later', days=31))[0] == 'ok'
    result, what, _ = told(*authority.issue('old', days=-1))
    assert (result, 'expired 1 days ago' in what) == ('bad', True), what
    assert 'đã hết hạn 1 ngày trước' in told(*authority.issue('old', days=-1), lang='vi')[1]
    # Two that do not belong together; what is neither.
    result, what, _ = told(good[0], authority.issue('other')[1])
    assert (result, 'is not that of the certificate' in what) == ('bad', True), what
    assert told(str(token), good[1])[1] == 'tcp-tls: %s is no certificate in PEM' % token
    assert told(good[0], good[0])[:2] == (
        'bad', 'tcp-tls: %s is no key without a password in PEM' % good[0])
    for mode, grade in ((0o640, 'warn'), (0o644, 'bad')):
        for path in (good[1], str(token)):
            os.chmod(path, mode)
            result, what, todo = told(*good)
            assert (result, path in what, todo) == (grade, True, 'chmod 0600 ' + path), what
            os.chmod(path, 0o600)
    # The name that senders look for.
    for names in ([here], [here.split('.')[0] + '.example.vn'], [here.upper()]):
        if '.' not in here:
            assert told(*authority.issue('named', days=400, names=names))[0] == 'ok', names
    result, what, _ = told(*authority.issue('else', days=400, names=['khac.example.vn']))
    assert (result, 'does not name this machine (%s)' % here in what) == ('warn', True), what


def test_what_status_sends_one_to_doctor_for_doctor_speaks_of(tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        assert looked(desk)[1]['losses']['result'] == 'ok'
        with socket.create_connection(('127.0.0.1', desk.port['tcp'])) as sock:
            sock.sendall(b'<13>' + b'x' * (2 << 20) + b'\n')
        until('the figure', lambda: desk.metric('intake_records_cut_total') == 1)
        rc, out, _ = desk.command('status')
        assert rc == 1
        assert '1 records cut, too long' in out
        assert 'trucban doctor says what to do' in out
        row = looked(desk)[1]['losses']
        assert row['result'] == 'warn'
        assert '1 records cut, too long' in row['what']
        assert '_flags:cut' in row['do']
        assert len(desk.search('_flags:cut')) == 1
