# SPDX-License-Identifier: Apache-2.0
"""What ./check is made of can fail: counting, skips, time limits, packages."""

import importlib.machinery
import importlib.util
import os
import stat
import subprocess
import sys
import time

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@pytest.fixture
def rt(tmp_path):
    """tools/runtests as a module, with its logs in a folder of ours."""
    loader = importlib.machinery.SourceFileLoader('runtests', os.path.join(TOP, 'tools/runtests'))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader('runtests', loader))
    loader.exec_module(module)
    module.LOGS = str(tmp_path / 'logs')
    return module


def result(rt, script, timeout=20):
    return rt.run_one('group', 'one', [sys.executable, '-c', script], timeout)


@pytest.mark.parametrize('script, passed, failed, skipped', [
    ('print("3 passed, 0 failed, 0 skipped")', 3, 0, 0),
    ('print("3 passed, 2 failed, 0 skipped"); exit(1)', 3, 2, 0),
    ('print("3 passed, 0 failed, 0 skipped"); exit(1)', 3, 1, 0),
    ('import os; print("1 passed, 0 failed, 0 skipped", flush=True); os.abort()', 1, 1, 0),
    ('print("skipped: a: no corpus\\n1 passed, 0 failed, 1 skipped")', 1, 0, 1),
    ('print("1 passed, 0 failed, 2 skipped")', 1, 0, 2),
    ('pass', 1, 0, 0),
    ('exit(3)', 0, 1, 0),
    ('print("skipped: x: no corpus"); exit(77)', 0, 0, 1),
])
def test_programs_are_counted(rt, script, passed, failed, skipped):
    r = result(rt, script)
    assert (r.passed, r.failed, len(r.skips)) == (passed, failed, skipped)


def test_a_program_that_hangs_is_ended_with_all_it_started(rt, tmp_path):
    script = ('import subprocess, time; p = subprocess.Popen(["sleep", "600"]);'
              'print(p.pid, flush=True); time.sleep(600)')
    began = time.monotonic()
    r = result(rt, script, timeout=1)
    assert r.failed == 1 and time.monotonic() - began < 20
    pid = rt.read_log(r.log).splitlines()[0]
    end = time.monotonic() + 10
    while os.path.exists('/proc/%s/stat' % pid) and time.monotonic() < end:
        with open('/proc/%s/stat' % pid, encoding='utf-8') as f:
            if f.read().rpartition(')')[2].split()[0] == 'Z':
                break
        time.sleep(0.02)
    assert time.monotonic() < end, 'the grandchild still runs'


@pytest.mark.parametrize('skips, bad', [
    ([], 0), ([('a', 'no corpus')], 0), ([('a', 'felt like it')], 1), ([('a', '')], 1),
    ([('a', 'no reason given')], 1)])
def test_a_skip_that_is_not_listed_is_bad(rt, skips, bad, capsys):
    session = rt.Session([])
    session.results = [rt.Result('x', 1, 0, skips)]
    assert rt.report_skips(session) == bad
    assert ('not listed' in capsys.readouterr().out) == bool(bad)


def test_pytest_cases_are_counted_one_by_one(rt, tmp_path):
    case = tmp_path / 'some_test.py'
    case.write_text('import pytest\n'
                    'def test_a(): pass\n'
                    'def test_b(): assert False\n'
                    'def test_c(): pytest.skip("no corpus")\n')
    r = rt.run_pytest('group', 'some_test.py', [str(case)], 60)
    assert (r.passed, r.failed, r.skips) == (1, 1, [('test_c', 'no corpus')])
    case.write_text('this is not Python\n')
    assert rt.run_pytest('group', 'some_test.py', [str(case)], 60).failed == 1


def test_names_choose_tests(rt):
    assert rt.Session([]).wanted('unit/base cur')
    assert rt.Session(['cur', 'x']).wanted('unit/base cur')
    assert not rt.Session(['relp']).wanted('unit/base cur')


# ---- tools/need ----

AWAY = ('libvectorscan-dev', 'libvectorscan5')     # in the way of libhyperscan-dev


@pytest.fixture
def need(tmp_path):
    """Runs tools/need with a dpkg-query, apt-get and id of ours; returns (rc, output, calls)."""
    def run(missing=(), user=0, apt=0, arch='amd64'):
        calls = tmp_path / 'calls'
        calls.write_text('')
        scripts = {
            'dpkg-query': 'shift 2\nfor p; do case " %s " in *" $p "*) ;; '
                          '*) echo "installed $p";; esac; done' % ' '.join(missing),
            'apt-get': 'echo "$@" >>%s\nexit %d' % (calls, apt),
            'id': 'echo %d' % user,
            'dpkg': 'echo ' + arch,
        }
        for name, body in scripts.items():
            path = tmp_path / name
            path.write_text('#!/bin/sh\n' + body + '\n')
            path.chmod(path.stat().st_mode | stat.S_IXUSR)
        # Only the programs of sh's own life beside ours: no sudo.
        for name in ('sh', 'awk', 'grep', 'mktemp', 'rm', 'tail', 'dirname', 'env', 'printf'):
            if not (tmp_path / name).exists():
                (tmp_path / name).symlink_to('/usr/bin/' + name)
        done = subprocess.run(['/bin/sh', os.path.join(TOP, 'tools/need'), 'build'],
                              env={'PATH': str(tmp_path), 'TMPDIR': str(tmp_path)},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode(), calls.read_text()
    return run


def test_apt_is_not_touched_when_nothing_is_missing(need):
    assert need() == (0, '', '')


def test_what_is_in_the_way_goes_when_something_has_to_come(need):
    rc, out, calls = need(['libhyperscan-dev'])
    assert rc == 0 and calls.splitlines()[-1].endswith(
        'recommends libhyperscan-dev libvectorscan-dev- libvectorscan5-')
    assert need(['libhyperscan-dev', *AWAY])[1] == 'installing libhyperscan-dev\n'


def test_another_architecture_needs_other_packages(need):
    assert need(['libhyperscan-dev'], arch='arm64') == (0, '', '')
    assert need(['libvectorscan-dev'], arch='arm64')[1] == 'installing libvectorscan-dev\n'


def test_only_what_is_missing_is_installed(need):
    rc, out, calls = need(['meson', 'libyaml-dev', *AWAY])
    assert rc == 0 and out == 'installing meson libyaml-dev\n'
    assert calls.splitlines()[-1].endswith('install -y --no-install-recommends meson libyaml-dev')


def test_a_plain_user_is_told_what_to_ask_for(need):
    rc, out, calls = need(['meson', *AWAY], user=1000)
    assert rc == 3 and 'apt-get install meson' in out and calls == ''


def test_a_refusal_of_apt_is_passed_on(need):
    rc, out, _ = need(['meson'], apt=100)
    assert rc == 3 and 'cannot install' in out
