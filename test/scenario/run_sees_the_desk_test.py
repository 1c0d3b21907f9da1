# SPDX-License-Identifier: Apache-2.0
"""./run waits for its desk and shows its figures: what it asks is what the desk says."""

import os
import re
import shlex
import socket

from harness import TOP, Desk, until


def script():
    with open(os.path.join(TOP, 'run'), encoding='utf-8') as f:
        return f.read()


def test_a_desk_that_needs_a_person_answers_too(tmp_path):
    asked = re.search(r'^until "\$trucban" (.*?) >', script(), re.M).group(1)
    with Desk(tmp_path, listen=('http',)) as desk:
        with socket.create_connection(('127.0.0.1', desk.port['http']), 10) as client:
            client.sendall(b'nonsense\r\n\r\n')
            assert client.recv(100)
        until('the status tells of it', lambda: desk.command('status', check=False)[0] == 1)
        rc, _, err = desk.command(*shlex.split(asked), check=False)
        assert rc == 0, err


def test_the_figures_that_it_shows_are_metrics(tmp_path):
    names = set(re.findall(r'^\t*/\^(trucban_\w+)', script(), re.M))
    assert len(names) == 4
    with Desk(tmp_path, listen=('http',)) as desk:
        _, out, _ = desk.command('status', '--metrics')
        for name in names:
            assert re.search(r'^%s[ {]' % name, out, re.M), name
