# SPDX-License-Identifier: Apache-2.0
"""A code is good once: what can go wrong on the host is found before it is sent, and a refused try
leaves nothing. A certificate that somebody sends with ends only by a word that says so."""

import os
import re
import signal
import socket
import subprocess

import pytest

from agents_enrol_with_a_code_test import Host, Office, context
from harness import program, until

LOCAL = re.compile(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+07:00')


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    with Office(tmp_path_factory.mktemp('office') / 'desk') as d:
        yield d


def run(*words, state=None, user=None, lang='en'):
    """`trucban agent` as on a host of its own: nothing of the desk's is in the environment."""
    env = {'PATH': os.environ['PATH'], 'HOME': '/nonexistent', 'TRUCBAN_LANG': lang}
    if state is not None:
        env['TRUCBAN_STATE'] = str(state)
    done = subprocess.run([program(), 'agent'] + list(words), stdin=subprocess.DEVNULL, env=env,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, user=user,
                          timeout=120, cwd='/')
    return done.returncode, (done.stdout + done.stderr).decode()


def unused(desk, name):
    return desk.agents()[name]['state'] == 'invited'


# ---- before the code goes out ----

@pytest.mark.skipif(os.path.exists('/etc/trucban/trucban.yaml'), reason='this machine has a desk')
def test_a_host_that_knows_no_folder_is_told_before_the_code_is_used(desk):
    code = desk.invite('nowhere')
    rc, said = run('enrol', code)
    assert rc == 3 and '--config FILE or --state DIR' in said, said
    assert unused(desk, 'nowhere')


def test_a_configuration_that_is_wrong_is_told_before_the_code_is_used(desk, tmp_path):
    code = desk.invite('wrong')
    conf = tmp_path / 'conf.yaml'
    for text, word in (('state: %s\nuser: nobody-of-this-name\n' % (tmp_path / 's'), 'no user'),
                       ('sate: x\n', 'sate')):
        conf.write_text(text, encoding='utf-8')
        if word == 'no user' and os.geteuid() != 0:
            continue            # who is not root gives nothing away
        rc, said = run('enrol', code, '--config', str(conf))
        assert rc == 3 and word in said, said
    assert unused(desk, 'wrong') and sorted(os.listdir(tmp_path)) == ['conf.yaml']


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_a_folder_of_another_user_is_told_before_the_code_is_used(desk, open_path):
    code = desk.invite('closed')
    state = open_path / 'state'
    state.mkdir(mode=0o755)
    (state / 'agent').mkdir(mode=0o755)
    rc, said = run('enrol', code, state=state, user=65534)
    assert rc == 3 and 'cannot be written by this user' in said, said
    assert unused(desk, 'closed') and os.listdir(state / 'agent') == []


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_the_papers_are_of_whom_the_folder_is(desk, tmp_path):
    state = tmp_path / 'state'
    state.mkdir(mode=0o700)
    os.chown(state, 65534, 65534)
    assert run('enrol', desk.invite('owned'), '--state', str(state))[0] == 0
    for name in ('.', 'key.pem', 'cert.pem', 'ca.pem', 'desk'):
        assert os.stat(state / 'agent' / name).st_uid == 65534


def test_a_host_with_papers_is_told_before_the_code_is_used(desk, tmp_path):
    host = Host(tmp_path / 'host', desk)
    host.enrol(desk.invite('papers'))
    before = host.read('cert.pem')
    code = desk.invite('papers-new')
    rc, said = run('enrol', code, state=host.state)
    assert rc == 3 and 'enrolled already, as papers' in said and LOCAL.search(said), said
    assert host.read('cert.pem') == before and unused(desk, 'papers-new')
    assert run('enrol', code, '--replace', state=host.state)[0] == 0
    assert host.read('cert.pem') != before


@pytest.mark.skipif(os.geteuid() != 0, reason='needs root')
def test_a_renewal_without_rights_does_not_say_that_a_person_must_enrol(desk, open_path):
    host = Host(open_path / 'host', desk)
    host.enrol(desk.invite('rights'))
    rc, said = run('renew', state=host.state, user=65534, lang='vi')
    assert rc == 3 and 'không mở được thư mục' in said, said
    os.chmod(host.state, 0o755)
    os.chmod(host.papers, 0o755)
    for name in os.listdir(host.papers):
        os.chmod(host.path(name), 0o644)
    rc, said = run('renew', state=host.state, user=65534)
    assert rc == 3 and 'cannot be written by this user' in said, said


def test_lines_to_paste_have_whole_paths(desk, tmp_path):
    def here(*words):
        done = subprocess.run([program(), 'agent', *words], cwd=tmp_path, check=True, timeout=120,
                              env=dict(os.environ, TRUCBAN_LANG='en'), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        return done.stdout.decode()
    whole = os.path.realpath(tmp_path)
    said = here('enrol', desk.invite('whole'), '--state', 'r3')
    assert 'cert: %s/r3/agent/cert.pem\n' % whole in said, said
    assert '--due --state %s/r3\n' % whole in said, said
    said = here('issue', 'rsys', '--state', desk.state, '-o', 'out')
    assert '$DefaultNetstreamDriverCAFile %s/out/ca.crt\n' % whole in said, said


# ---- what a try leaves ----

def test_a_refused_try_leaves_nothing(desk, tmp_path):
    first = desk.invite('again')
    desk.invite('again')            # the one before is unknown from now on
    state = tmp_path / 'host'
    rc, said = run('enrol', first, state=state)
    assert rc == 3 and 'unknown' in said, said
    assert not state.exists()
    state.mkdir()
    (state / 'mine').write_text('x', encoding='utf-8')
    assert run('enrol', first, state=state)[0] == 3
    assert os.listdir(state) == ['mine']


def silent_desk():
    """Takes connections and says nothing."""
    s = socket.socket()
    s.bind(('127.0.0.1', 0))
    s.listen(8)
    return s


def killed_try(desk, name, state):
    """kill -9 while the desk is waited for: the key lies there."""
    with silent_desk() as quiet:
        code = desk.invite(name, '--address', '127.0.0.1:%d' % quiet.getsockname()[1])
        child = subprocess.Popen([program(), 'agent', 'enrol', code], stdin=subprocess.DEVNULL,
                                 stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env=dict(os.environ, TRUCBAN_STATE=str(state)))
        until('the key', lambda: os.path.exists(os.path.join(str(state), 'agent', 'new.pem')))
        child.send_signal(signal.SIGKILL)
        child.wait(10)


def test_what_a_kill_left_goes_with_the_next_try(desk, tmp_path):
    state = tmp_path / 'host'
    killed_try(desk, 'killed', state)
    old = desk.invite('killed')
    code = desk.invite('killed')
    assert run('enrol', old, state=state)[0] == 3
    assert os.listdir(state / 'agent') == []
    killed_try(desk, 'killed', state)
    # Half of a key, as no crash leaves it and a disk may.
    (state / 'agent' / 'new.pem').write_bytes((state / 'agent' / 'new.pem').read_bytes()[:90])
    (state / 'agent' / 'cert.pem.tmp').write_bytes(b'x')
    code = desk.invite('killed')
    assert run('enrol', code, state=state)[0] == 0
    assert sorted(os.listdir(state / 'agent')) == ['ca.pem', 'cert.pem', 'desk', 'key.pem']


def test_a_key_whose_answer_was_lost_stays_while_the_line_is_down(tmp_path):
    with Office(tmp_path / 'desk') as desk:
        host = Host(tmp_path / 'host', desk)
        code = desk.invite('lost')
        host.enrol(code)
        key = host.read('key.pem')
        # As a crash of the host leaves it before the answer is on its disk.
        os.rename(host.path('key.pem'), host.path('new.pem'))
        for name in ('cert.pem', 'ca.pem', 'desk'):
            os.unlink(host.path(name))
        desk.kill()
        assert 'not reached' in host.enrol(code, check=3)
        assert host.read('new.pem') == key
        desk.start()
        host.enrol(code)
        assert host.read('key.pem') == key


# ---- one name, one certificate ----

def test_issuing_twice_wants_a_word_and_says_what_ends(desk, tmp_path):
    out, again = str(tmp_path / 'out'), str(tmp_path / 'again')
    desk.agent('issue', 'fw-1', '-o', out)
    serial = desk.agents()['fw-1']['serial']
    said = desk.agent('issue', 'fw-1', '-o', again, check=3)
    assert 'has a certificate already' in said and '--replace' in said
    assert len(LOCAL.findall(said)) == 2 and not os.listdir(again), said
    assert desk.agents()['fw-1']['serial'] == serial
    plain = socket.create_connection(('127.0.0.1', desk.port['tcp-tls']), 10)
    with context(out + '/ca.crt', out + '/fw-1.crt', out + '/fw-1.key').wrap_socket(
            plain, server_hostname='127.0.0.1') as line:
        line.sendall(b'<13>1 - h a - - - wordbefore\n')
        until('record', lambda: desk.search('wordbefore'))
        rc, _, err = desk.command('agent', 'issue', 'fw-1', '--replace', '-o', again)
        assert rc == 0 and 'has ended' in err and len(LOCAL.findall(err)) == 2, err
        line.settimeout(10)
        assert line.recv(1) == b''
    assert desk.agents()['fw-1']['serial'] != serial
    desk.agent('revoke', 'fw-1', '--why', 'test')
    desk.agent('issue', 'fw-1', '-o', again)    # nothing is ended by it


def test_a_certificate_is_not_used_up_for_a_folder_that_cannot_be_written(desk, tmp_path):
    (tmp_path / 'file').write_text('x', encoding='utf-8')
    desk.agent('issue', 'fw-2', '-o', str(tmp_path / 'file' / 'out'), check=3)
    assert 'fw-2' not in desk.agents()


def test_an_invitation_for_a_name_with_a_certificate_says_so(desk, tmp_path):
    rc, _, err = desk.command('agent', 'invite', 'fw-9')
    assert rc == 0 and 'already' not in err
    desk.agent('issue', 'fw-9', '-o', str(tmp_path / 'out'))
    rc, _, err = desk.command('agent', 'invite', 'fw-9')
    assert rc == 0 and 'fw-9 has a certificate already' in err and len(LOCAL.findall(err)) == 2


# ---- the list ----

def test_the_list_is_in_local_time_and_its_columns_stand_under_each_other(desk, tmp_path):
    long = 'x' * 64
    desk.agent('issue', long, '-o', str(tmp_path / 'out'), '--unit', '123456789012')
    desk.invite('waits')
    for lang in ('en', 'vi'):
        _, out, _ = desk.command('agent', 'list', env={'TRUCBAN_LANG': lang})
        lines = out.splitlines()
        state = {'en': 'STATE', 'vi': 'TÌNH TRẠNG'}[lang]
        at = lines[0].index(state)
        for line in lines[1:]:
            assert line[at - 2:at] == '  ' and line[at] != ' ', (lines[0], line)
        row = next(line for line in lines if line.startswith(long))
        assert LOCAL.search(row), row
        # Of who has no certificate yet: until when the invitation is good.
        row = next(line for line in lines if line.startswith('waits'))
        assert LOCAL.search(row), row
    assert desk.agents()[long]['until'].endswith('Z')


# ---- a class that goes ----

def test_a_class_that_has_gone_is_told_by_name(tmp_path):
    with Office(tmp_path / 'desk') as desk:
        desk.agent('issue', 'keeps-long', '-o', str(tmp_path / 'out'), '--class', 'long')
        desk.agent('issue', 'gone-too', '-o', str(tmp_path / 'out'), '--class', 'long')
        desk.agent('revoke', 'gone-too', '--why', 'test')
        code = desk.invite('comes-late', '--class', 'long')
        said = b'agent keeps-long: its class long is gone from the configuration'
        assert not desk.said(said)
        with open(desk.conf, encoding='utf-8') as f:
            text = f.read()
        with open(desk.conf, 'w', encoding='utf-8') as f:
            f.write(text.replace('  - {name: long, days: 0}\n', ''))
        desk.child.send_signal(signal.SIGHUP)
        until('the registrar says so', lambda: desk.said(said))
        assert not desk.said(b'agent gone-too')
        # By the configuration that was named, or that which the desk told when it began.
        for named in (('--config', desk.conf), ('--state', desk.state)):
            _, out, _ = desk.command('agent', 'list', *named)
            row = next(line for line in out.splitlines() if line.startswith('keeps-long'))
            assert 'its class long is gone' in row
        late = b'agent comes-late: its class long is gone'
        before = desk.said(late)
        Host(tmp_path / 'late', desk).enrol(code)
        assert desk.said(late) > before
        desk.stop()
        desk.start()
        until('and at the start', lambda: desk.said(said))
