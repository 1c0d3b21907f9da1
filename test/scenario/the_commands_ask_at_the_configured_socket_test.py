# SPDX-License-Identifier: Apache-2.0
"""front: socket: is heeded by every command, with --state alone too: the desk tells where its
configuration is."""

import os

from harness import Desk, Sent, until


def test_the_commands_ask_at_the_socket_of_the_configuration(tmp_path):
    desk = Desk(tmp_path, listen=('udp', 'tcp'))
    desk.socket = str(tmp_path / 'own.sock')
    with open(desk.conf, encoding='utf-8') as f:
        text = f.read()
    with open(desk.conf, 'w', encoding='utf-8') as f:
        f.write(text.replace('  address: "127.0.0.1:%d"\n' % desk.front_port,
                             '  socket: "%s"\n' % desk.socket))
    with desk:
        assert not os.path.exists(os.path.join(desk.state, 'run', 'front.sock'))
        sent = Sent()
        sent.tcp(desk.port['tcp'], 5)
        until('found', lambda: len(desk.found(sent.prefix)) == 5)
        rc, out, err = desk.command('coverage', check=False)
        assert rc in (0, 1) and 'lost at this host 0' in out, (rc, out, err)
        rc, out, err = desk.command('source', 'list', '--config', desk.conf, check=False)
        assert rc in (0, 1), (rc, out, err)
