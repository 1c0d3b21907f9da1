# SPDX-License-Identifier: Apache-2.0
"""`trucban agent` says what went wrong in Vietnamese; no sentence of its rooms is without words."""

import os
import re

import pytest

from agents_enrol_with_a_code_test import Host, Office
from agents_spare_their_codes_test import run
from harness import TOP, free_ports

# Whose sentences a person sees. Of the conversions after "%" only their letters matter.
ROOMS = ('agent/enrol.c', 'agent/enrol_talk.c', 'ca/code.c', 'ca/issued.c', 'cmd/agent_desk.c',
         'cmd/agent_host.c', 'role/agents.c', 'role/registrar_act.c')
# In quotation marks behind a sentence that says what to do: words of the system and of OpenSSL.
# And paths.
OWN_WORDS = re.compile(r'“[^”]*”|/\S+')
ENGLISH = re.compile(r'\b(the|is|this|of|for|not|cannot|desk|and|with|was|certificate|class)\b')


def source(name):
    with open(os.path.join(TOP, 'src', name), encoding='utf-8') as f:
        return f.read()


def literals(text):
    """What C makes of literals that stand side by side."""
    return ''.join(part.replace('\\"', '"') for part in re.findall(r'"((?:[^"\\]|\\.)*)"', text))


def sentences(text):
    """Formats that are given to why_set and why_errno; the latter puts ': ' and words behind."""
    for kind, args in re.findall(r'\bwhy_(set|errno|prefix)\(why, (.*?)\);', text, re.S):
        format_ = re.search(r'((?:"(?:[^"\\]|\\.)*"\s*)+)', args)
        if format_ and literals(format_.group(1)) not in ('%s', '%.*s', ''):
            yield literals(format_.group(1)) + ('' if kind == 'set' else ': %s')


def rows():
    table = re.search(r'reasons\[\] = \{\n(.*?)\n\};', source('cmd/reason_words.c'), re.S).group(1)
    return [literals(row.group(1)) for row in re.finditer(
        r'\{ ((?:"(?:[^"\\]|\\.)*"\s*)+),\s*"', table)]


def test_every_sentence_has_its_words():
    there = rows()
    assert len(there) > 50
    missing = {s for name in ROOMS for s in sentences(source(name)) if s not in there}
    assert not missing, missing


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    with Office(tmp_path_factory.mktemp('office') / 'desk') as d:
        yield d


def vietnamese(said):
    ours = OWN_WORDS.sub('', said)
    assert said and not ENGLISH.search(ours), said
    return said


def told(desk, *words, check=3):
    rc, out, err = desk.command('agent', *words, check=False, env={'TRUCBAN_LANG': 'vi'})
    assert rc == check, (rc, out, err)
    return vietnamese(out + err)


def test_what_the_desk_refuses(desk, tmp_path):
    out = str(tmp_path / 'out')
    assert 'không có loại lưu giữ none' in told(desk, 'invite', 'web', '--class', 'none')
    assert "'a b' không dùng làm tên" in told(desk, 'invite', 'a b')
    assert 'không phải địa chỉ' in told(desk, 'invite', 'web', '--address', 'x')
    assert '--days: từ 1 đến 365' in told(desk, 'invite', 'web', '--days', '366', check=2)
    assert '--days: từ 1 đến 3650' in told(desk, 'issue', 'web', '--days', '9999', check=2)
    assert '--unit: từ 0 đến 9223372036854775807' in told(
        desk, 'invite', 'web', '--unit', '9223372036854775808', check=2)
    assert 'Đã hủy lời mời' in (told(desk, 'invite', 'mailbox', check=0) and
                                told(desk, 'revoke', 'mailbox', '--why', 'nhầm', check=0))
    assert 'không có máy nào' in told(desk, 'revoke', 'nobody', '--why', 'x')
    assert '-o THƯ_MỤC' in told(desk, 'issue', 'web')
    told(desk, 'issue', 'web', '-o', out, check=0)
    assert 'thêm --replace' in told(desk, 'issue', 'web', '-o', out)
    told(desk, 'issue', 'web', '--replace', '-o', out, check=0)
    told(desk, 'invite', 'web', check=0)
    told(desk, 'list', check=0)
    assert '--why LÝ_DO' in told(desk, 'revoke', 'web')
    assert 'Đã thu hồi chứng thư' in told(desk, 'revoke', 'web', '--why', 'thử', check=0)
    again = told(desk, 'revoke', 'web', '--why', 'lần hai')
    assert 'đã bị thu hồi trước đó, lúc 2' in again and '“thử”' in again
    assert desk.agents()['web']['why'] == 'thử'


def test_what_goes_wrong_on_the_host(desk, tmp_path):
    state = tmp_path / 'host'
    code, gone = desk.invite('host'), '127.0.0.1:%d' % free_ports(1)[0]

    def vi(*words, check=3, **more):
        rc, said = run(*words, lang='vi', **more)
        assert rc == check, said
        return vietnamese(said)
    assert 'gõ nhầm' in vi('enrol', 'AAAA', state=state)
    assert 'không kết nối được' in vi('enrol', desk.invite('far', '--address', gone), state=state)
    assert 'không trả lời bằng TLS' in vi('enrol', desk.invite(
        'plain', '--address', '127.0.0.1:%d' % desk.front_port), state=state)
    if not os.path.exists('/etc/trucban/trucban.yaml'):
        assert 'thêm --config TỆP' in vi('enrol', code)
    old = desk.invite('other')
    desk.invite('other')
    assert 'không biết mã này' in vi('enrol', old, state=state)
    assert 'chưa ghi danh' in vi('renew', state=state)
    assert 'Đã ghi danh' in vi('enrol', code, state=state, check=0)
    assert 'đã ghi danh với tên host' in vi('enrol', desk.invite('more'), state=state)
    assert 'đã được dùng rồi' in vi('enrol', code, state=tmp_path / 'other')
    assert 'không mở được' in vi('list', '--config', '/nowhere/conf', state=state)
    assert 'không có bàn trực nào trả lời' in vi('list', state=tmp_path / 'none')
    desk.agent('revoke', 'host', '--why', 'x')
    assert 'không nhận chứng thư này' in vi('renew', state=state, check=1)
    with Office(tmp_path / 'foreign') as other:
        forged = desk.invite('forged', '--address', '127.0.0.1:%d' % other.port['http'])
        assert 'dấu vân tay khác' in vi('enrol', forged, state=tmp_path / 'forged')
    assert Host(state, desk).read('cert.pem')
