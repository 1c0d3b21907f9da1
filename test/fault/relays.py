# SPDX-License-Identifier: Apache-2.0
"""A desk and a relay that sends to it, with a line between them that can be cut."""

import json
import os

import certs
from harness import Desk, until
from line import Line

NAME = 'xa-phu-my'


class Relay(Desk):
    """The same program with `forward:`; no front, so nothing can be asked by HTTP."""

    def __init__(self, folder, desk, line, name=NAME, listen=('tcp', 'relp', 'udp'), spool='64MB',
                 forward='', more='', **options):
        self.name = name
        cert, key = desk.authority.issue(name)
        super().__init__(folder, listen=listen, more='''%sforward:
  to: "https://127.0.0.1:%d"
  cert: "%s"
  key: "%s"
  ca: "%s"
  spool: %s
%s''' % (more, line.port, cert, key, desk.authority.ca, spool, forward), **options)

    def figures(self):
        """What `trucban status --json` says: {name: value}, labels left out of the names."""
        _, out, _ = self.command('status', '--json', check=False)
        found = {}
        for text in out.splitlines():
            row = json.loads(text)
            name = row['name'].replace('trucban_relay_', '')
            label = row.get('counter')
            found[name if label is None else label] = row['value']
        return found

    def waits(self):
        return int(self.figures().get('waiting_rows', -1))

    def spool_files(self):
        folder = os.path.join(self.state, 'spool')
        return sorted(os.path.join(folder, n) for n in os.listdir(folder) if len(n) == 16)

    def until_sent(self, seconds=60.0):
        until('an empty spool', lambda: self.waits() == 0, seconds, 0.1)


def desk_for_relays(folder, ca_folder, clients='required', **options):
    authority = certs.Authority(str(ca_folder))
    cert, key = authority.issue('desk')
    desk = Desk(folder, listen=('http-relay', 'tcp'), options={'http-relay': {
        'cert': cert, 'key': key, 'ca': authority.ca, 'clients': clients}}, **options)
    desk.authority = authority
    return desk


class Pair:
    """Both of them, started, and `line` between them."""

    def __init__(self, folder, rate=None, desk_options=None, **options):
        self.folder = str(folder)
        self.desk = desk_for_relays(os.path.join(self.folder, 'desk'),
                                    os.path.join(self.folder, 'ca'), **(desk_options or {}))
        self.line = Line(self.desk.port['http-relay'], rate)
        self.relay = Relay(os.path.join(self.folder, 'relay'), self.desk, self.line, **options)

    def __enter__(self):
        self.desk.start()
        self.relay.start()
        return self

    def __exit__(self, kind, value, trace):
        self.relay.__exit__(kind, value, trace)
        self.desk.__exit__(kind, value, trace)
        self.line.__exit__(kind, value, trace)
