# SPDX-License-Identifier: Apache-2.0
"""trucban verify PACKAGE: somebody cuts the file short while it is read."""

import os
import subprocess

from harness import Desk, Sent, assert_kept, program


def test_a_package_that_is_truncated_meanwhile_is_no_crash(tmp_path):
    package = str(tmp_path / 'p.tar')
    with Desk(tmp_path / 'desk', listen=('tcp',)) as desk:
        sent = Sent()
        sent.tcp(desk.port['tcp'], 4000)
        assert_kept(desk, sent, all_of=True)
        rc, _, err = desk.command('evidence', 'export', '--seq', '1-4000', '-o', package)
        assert rc == 0, err
        key = os.path.join(desk.state, 'key', 'seal.vkey')
        ask = [program(), 'verify', package, '--key', key, '--json']
        assert subprocess.run(ask, stdout=subprocess.DEVNULL, check=False).returncode == 0
        child = subprocess.Popen(ask, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 env=dict(os.environ, TRUCBAN_LANG='en'))
        # One line has come, and the pipe holds far less than the rest: it is in the middle.
        assert child.stdout.readline().startswith(b'{"type":"record"')
        os.truncate(package, 512)
        _, err = child.communicate(timeout=60)
        assert child.returncode == 3, err
        assert b'shortened while it was read' in err
