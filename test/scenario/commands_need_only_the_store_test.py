# SPDX-License-Identifier: Apache-2.0
"""--state is enough: what else a command needs of the desk's configuration, the desk has noted."""

import os

import pytest

from harness import Desk, Sent, until


def test_hold_retention_and_source_work_with_the_store_alone(tmp_path):
    more = 'classes: [{name: cong, days: 90}]\nseal: {checkpoint: 1s}\n'
    with Desk(tmp_path, listen=('relp',), more=more) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 5)
        until('found', lambda: len(desk.found(sent.prefix)) == 5)
        bare = {'TRUCBAN_STATE': ''}
        for where in (('--state', desk.state), ()):
            env = bare if where else None
            name = 'vu-%d' % len(where)

            def run(*args, where=where, env=env):
                rc, out, err = desk.command(*args, *where, check=False, env=env)
                assert rc in (0, 1) and not err.count('/etc/trucban'), (args, rc, out, err)
                return out
            run('hold', 'add', name, '--why', 'so 12', '--class', 'cong')
            assert name in run('hold', 'list') and 'class cong' in run('hold', 'list')
            run('hold', 'release', name, '--why', 'xong')
            assert 'cong: kept 90 days' in run('retention', 'show')
            assert 'All records that come in are kept' in run('retention', 'sample')
            run('source', 'add', name, '--from', '10.9.9.%d' % len(where), '--class', 'cong')
            assert name in run('source', 'list') and name in run('source', 'export')
        assert 'vu-0' in open(os.path.join(desk.folder, 'sources.csv'), encoding='utf-8').read()


def test_without_a_configuration_it_is_said_what_to_do(tmp_path):
    desk = Desk(tmp_path, listen=('relp',))
    os.makedirs(tmp_path / 'nothing')
    if os.path.exists('/etc/trucban/trucban.yaml'):
        return
    for lang, words in (('en', 'add --config FILE'), ('vi', 'thêm --config TỆP')):
        rc, _, err = desk.command('hold', 'list', '--state', str(tmp_path / 'nothing'),
                                  check=False, env={'TRUCBAN_LANG': lang})
        assert rc == 3 and words in err and 'nothing' in err, err


def test_root_follows_a_store_to_its_own_configuration_only(tmp_path):
    if os.geteuid() != 0 or os.path.exists('/etc/trucban/trucban.yaml'):
        pytest.skip('only root can give a file away')
    with Desk(tmp_path, listen=('relp',)) as desk:
        rc, _, err = desk.command('retention', 'sample', '--state', desk.state, check=False)
        assert rc == 0, err
        os.chown(desk.conf, 65534, 65534)
        rc, _, err = desk.command('retention', 'sample', '--state', desk.state, check=False)
        assert rc == 3 and '--config' in err, err
        os.chown(desk.conf, 0, 0)
        os.chmod(desk.conf, 0o666)
        rc, _, err = desk.command('retention', 'sample', '--state', desk.state, check=False)
        assert rc == 3 and '--config' in err, err
