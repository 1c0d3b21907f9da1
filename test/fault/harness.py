# SPDX-License-Identifier: Apache-2.0
"""Runs a real desk in a temporary folder, breaks it, and counts what is left.

    with Desk(tmp_path) as desk:
        sent = Sent()
        sent.relp(desk.port['relp'], 1000)
        desk.kill_role('keeper')
        desk.wait_ready()
        assert_kept(desk, sent)

The promise under test: every acknowledged record is found, once. What was sent and never
acknowledged may be there or not, and twice only when the sender sent it twice.
Everything here talks to the program as a user would: command line, sockets, signals.
"""

import collections
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time

import relp
import senders

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READY = b'trucban: ready'
ID = re.compile(r'\bzq[0-9a-f]{8}\d{7}\b')


def program():
    """The desk: $TRUCBAN, or the one in build/."""
    path = os.environ.get('TRUCBAN')
    for candidate in [path] if path else [os.path.join(TOP, 'build', name) for name in
                                          ('trucban', 'src/trucban', 'src/cmd/trucban')]:
        if os.path.exists(candidate):
            return candidate
    raise FileNotFoundError('no trucban: build it, or say in TRUCBAN where it is')


def until(what, condition, seconds=20.0, step=0.02):
    """Waits for an event by asking; returns what the condition gave."""
    end = time.monotonic() + seconds
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError('waited %g s in vain: %s' % (seconds, what))
        time.sleep(step)


class Ports:
    """Ports for this process alone, below those that the kernel gives away by itself.

    A port asked of the kernel and closed again may be somebody's at once: of another test, or of
    any outgoing connection, also while a desk that owned it is down. So every process that tests
    leases whole blocks; the lease is a name in the abstract socket space, which is the network
    namespace's as the ports are, and ends with the process.
    """
    FIRST, BLOCK, BLOCKS = 10000, 250, 90

    def __init__(self):
        self.leases = []
        self.left = []

    def lease(self):
        start = os.getpid() % self.BLOCKS
        for i in range(self.BLOCKS):
            block = (start + i) % self.BLOCKS
            name = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                name.bind('\0trucban-test-ports-%d' % block)
            except OSError:
                name.close()
                continue
            self.leases.append(name)
            first = self.FIRST + block * self.BLOCK
            self.left = list(range(first, first + self.BLOCK))
            return
        raise RuntimeError('every block of test ports is leased: end what runs beside')

    @staticmethod
    def usable(port):
        for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
            with socket.socket(socket.AF_INET, kind) as s:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    s.bind(('127.0.0.1', port))
                except OSError:
                    return False
        return True

    def take(self):
        while True:
            if not self.left:
                self.lease()
            port = self.left.pop(0)
            if self.usable(port):
                return port


PORTS = Ports()


def free_ports(n):
    """n ports of 127.0.0.1 that nobody has now, for TCP and UDP, and nobody gets from us again."""
    return [PORTS.take() for _ in range(n)]


class Desk:
    """One desk: its folder, its configuration, its processes.

    listen: names of listeners, kind = name up to a dash ('relp', 'relp-tls'). more: more lines
    of YAML at the top level. options: more keys of single listeners, as {'relp-tls': {'cert': x}}.
    env: for fault injection (src/sys/fault.h).
    """

    def __init__(self, folder, listen=('udp', 'tcp', 'relp', 'http'), more='', options=None,
                 env=None, encrypt=True):
        self.folder = str(folder)
        self.state = os.path.join(self.folder, 'state')
        self.conf = os.path.join(self.folder, 'trucban.yaml')
        self.log = os.path.join(self.folder, 'desk.log')
        self.socket = os.path.join(self.state, 'run', 'front.sock')
        self.env = dict(env or {})
        self.child = None
        self.log_from = 0
        os.makedirs(self.folder, exist_ok=True)
        ports = free_ports(len(listen) + 1)
        self.port = dict(zip(listen, ports))
        self.front_port = ports[-1]
        self.configure(listen, options or {}, more, encrypt)

    def configure(self, listen, options, more, encrypt):
        lines = ['state: "%s"' % self.state, 'listen:']
        for name in listen:
            lines += ['  - name: %s' % name, '    kind: %s' % name.split('-')[0],
                      '    address: "127.0.0.1:%d"' % self.port[name]]
            lines += ['    %s: "%s"' % item for item in sorted(options.get(name, {}).items())]
        # Most tests have no accounts, and ask as somebody on this machine.
        lines += ['front:', '  address: "127.0.0.1:%d"' % self.front_port, '  login: off']
        if 'store:' not in more:
            lines += ['store:', '  encrypt: %s' % ('yes' if encrypt else 'no'), '  reserve: 16MB']
        with open(self.conf, 'w', encoding='utf-8') as f:
            f.write('\n'.join(lines) + '\n' + more)

    # ---- life ----

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, value, trace):
        self.kill()
        if kind is not None:
            print('---- the desk said:')
            print(self.log_text()[-8000:])

    def start(self, wait=True, env=None):
        assert self.child is None
        full = dict(os.environ, TRUCBAN_LANG='en', **self.env)
        full.update(env or {})
        self.log_from = os.path.getsize(self.log) if os.path.exists(self.log) else 0
        with open(self.log, 'ab') as out:
            self.child = subprocess.Popen([program(), 'serve', '--config', self.conf],
                                          stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                          env=full, cwd=self.folder)
        if wait:
            self.wait_ready()

    def log_text(self):
        with open(self.log, encoding='utf-8', errors='replace') as f:
            return f.read()

    def said(self, words):
        """How often has this run of the desk said that?"""
        with open(self.log, 'rb') as f:
            f.seek(self.log_from)
            return f.read().count(words)

    def alive(self):
        return self.child is not None and self.child.poll() is None

    def accepts(self, port):
        try:
            socket.create_connection(('127.0.0.1', port), 1.0).close()
            return True
        except OSError:
            return False

    def wait_ready(self, seconds=30.0):
        """Until the desk says so and every listener answers."""
        def ready():
            if not self.alive():
                raise RuntimeError('the desk ended:\n' + self.log_text()[-4000:])
            return self.said(READY)
        until('desk ready', ready, seconds)
        for name, port in self.port.items():
            if not name.startswith('udp'):
                until('listener ' + name, lambda p=port: self.accepts(p), seconds)

    def stop(self, seconds=40.0):
        """In order, by SIGTERM. Returns the exit code."""
        self.child.send_signal(signal.SIGTERM)
        rc = self.child.wait(seconds)
        self.child = None
        return rc

    def kill(self):
        """kill -9 of the parent: every role ends with it."""
        if self.child is None:
            return
        # Held still first: one that it starts meanwhile would be overlooked, and has the lock.
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGSTOP)
        roles = list(child_pids(self.child.pid))
        if self.child.poll() is None:
            self.child.kill()
        self.child.wait(10)
        self.child = None
        for pid in roles:
            until('end of process %d' % pid, lambda p=pid: not running(p), 10)

    # ---- roles ----

    def children(self):
        """pid -> role name of the running children."""
        found = {}
        if not self.alive():
            return found
        for pid in child_pids(self.child.pid):
            argv = command_line(pid)
            if len(argv) > 2 and argv[1] == 'role':
                found[pid] = argv[2]
        return found

    def roles(self):
        return sorted(self.children().values())

    def pid_of(self, role):
        return next((pid for pid, name in self.children().items() if name == role), None)

    def kill_role(self, role, number=signal.SIGKILL, again=True):
        """kill -9 of one role; waits until another one is ready in its place."""
        ready = b'trucban: %s ready' % role.encode()
        old = until(role + ' running', lambda: self.pid_of(role))
        before = self.said(ready)
        os.kill(old, number)
        until('end of ' + role, lambda: not running(old))
        if not again:
            return None
        until(role + ' ready again', lambda: self.said(ready) > before, 60)
        return self.pid_of(role)

    # ---- what it knows ----

    def command(self, *args, check=True, env=None, timeout=120):
        """Runs `trucban ARGS`; returns (exit code, standard output, standard error)."""
        full = dict(os.environ, TRUCBAN_LANG='en', TRUCBAN_STATE=self.state)
        full.update(env or {})
        done = subprocess.run([program()] + list(args), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=full,
                              timeout=timeout, check=False)
        out, err = done.stdout.decode('utf-8', 'replace'), done.stderr.decode('utf-8', 'replace')
        if check and done.returncode not in (0, 1):
            raise RuntimeError('trucban %s: exit %d\n%s' % (' '.join(args), done.returncode, err))
        return done.returncode, out, err

    def search(self, query='*', *options, store=None):
        """The records that `trucban search --json` prints, as dicts."""
        where = ['--store', store] if store is not None else []
        _, out, _ = self.command('search', '--json', '--limit', '0', *where, *options, query)
        return [json.loads(line) for line in out.splitlines() if line.strip()]

    def found(self, prefix, store=None):
        """How often each id of this run is in the store: a Counter."""
        seen = collections.Counter()
        for record in self.search(prefix + '*', store=store):
            ids = set(ID.findall(json.dumps(record, ensure_ascii=False)))
            seen.update(i for i in ids if i.startswith(prefix))
        return seen

    def verify(self, *options, store=None):
        """(exit code, what `trucban verify` says)."""
        rc, out, err = self.command('verify', *options, '--store', store or self.state,
                                    check=False)
        return rc, out + err

    def coverage(self, *options):
        """What `trucban coverage --json` prints."""
        rc, out, _ = self.command('coverage', '--json', *options)
        return Coverage(rc, [json.loads(line) for line in out.splitlines()])

    def copy(self, name='copy'):
        """A copy of the state folder as it lies there now."""
        target = os.path.join(self.folder, name)
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.state, target, symlinks=True,
                        ignore=shutil.ignore_patterns('*.sock', 'lock'))
        return target

    def metric(self, name):
        """The sum of a metric, named without 'trucban_'; with {labels} one of them. 0: none yet."""
        conn = self.front()     # a command costs as much as thousands of records
        text = senders.request(conn, 'GET', '/metrics')[1].decode()
        conn.close()
        return sum(float(line.rpartition(' ')[2]) for line in text.splitlines()
                   if 'trucban_' + name in (line.rpartition(' ')[0], line.split('{')[0]))

    def front(self):
        return senders.UnixConnection(self.socket)


class Coverage:
    """The answer's lines by kind; whatever is told twice in it must agree."""

    def __init__(self, rc, lines):
        self.lines = lines
        self.period, = self.of('period')
        assert lines[0] is self.period and lines[-1]['kind'] == 'end', lines[-1]
        assert int(lines[-1]['remarks']) == len(self.of('remark')), self.of('remark')
        assert rc == (1 if self.of('remark') else 0), (rc, self.of('remark'))
        for name in ('rows', 'unparsed', 'cut', 'missing_estimate'):
            assert self.sum('source', name) == self.sum('step', name) == int(self.period[name])

    def of(self, kind, **fields):
        return [line for line in self.lines if line['kind'] == kind and
                all(line.get(name) == value for name, value in fields.items())]

    def sum(self, kind, number, **fields):
        return sum(int(line[number]) for line in self.of(kind, **fields))

    def lost(self, door, name):
        return self.sum('loss', 'n', door=door, name=name)


def running(pid):
    """False for a process that is gone or only waits to be buried."""
    try:
        with open('/proc/%d/stat' % pid, encoding='utf-8', errors='replace') as f:
            return f.read().rpartition(')')[2].split()[0] not in 'ZX'
    except OSError:
        return False


def child_pids(parent):
    found = []
    for name in os.listdir('/proc'):
        if not name.isdigit():
            continue
        try:
            with open('/proc/%s/stat' % name, encoding='utf-8', errors='replace') as f:
                fields = f.read().rpartition(')')[2].split()
        except OSError:
            continue
        if int(fields[1]) == parent and fields[0] not in 'ZX':
            found.append(int(name))
    return found


def command_line(pid):
    try:
        with open('/proc/%d/cmdline' % pid, 'rb') as f:
            return [part.decode('utf-8', 'replace') for part in f.read().split(b'\0')[:-1]]
    except OSError:
        return []


class Sent:
    """What was sent, what was acknowledged, what had to be sent twice: by id."""

    def __init__(self):
        self.ids = senders.Ids()
        self.prefix = self.ids.prefix
        self.sent = []
        self.acked = []
        self.twice = set()
        self.latency = []

    def messages(self, n, **fields):
        """n new (message, id) pairs of syslog."""
        pairs = [(senders.rfc5424(i, **fields), i) for i in self.ids.many(n)]
        self.sent += [i for _, i in pairs]
        return pairs

    def relp(self, port, n, again=None, seconds=60.0, tls=None, window=relp.WINDOW, **fields):
        """n messages over RELP, through broken connections until all are acknowledged.

        again: called after each break (wait for the server there); without it a break raises.
        """
        todo = self.messages(n, **fields)
        end = time.monotonic() + seconds
        while todo:
            client = None
            try:
                client = relp.RelpClient(port, tls=tls, window=window)
                client.open()
                client.post_many(todo)
                client.drain()
                client.close()
            except OSError:
                if again is None or time.monotonic() > end:
                    raise
                again()
            finally:
                if client is not None:
                    client.abort()
                    todo = self.note(client, todo)

    def note(self, client, todo):
        """Takes a session's acknowledgements; returns what must be sent again, in order."""
        self.acked += client.acked
        self.latency += client.latency
        assert not client.refused, client.refused[:3]
        done = set(client.acked)
        self.twice |= {tag for _, tag in client.unanswered()}
        return [pair for pair in todo if pair[1] not in done]

    def bulk(self, port, n, size=100, tls=None, headers=None):
        """n events over HTTP _bulk, size at a time; a failed request stays unacknowledged."""
        for _ in range(0, n, size):
            batch = self.ids.many(min(size, n))
            n -= len(batch)
            self.sent += batch
            conn = senders.connection(port, tls=tls)
            try:
                kept = senders.bulk_send(conn, [senders.event(i) for i in batch],
                                         headers=headers)
                self.acked += [i for i, ok in zip(batch, kept) if ok]
            except (OSError, senders.http.client.HTTPException):
                pass
            finally:
                conn.close()

    def tcp(self, port, n, framing='count', tls=None, **fields):
        """n messages over one connection; nobody acknowledges them."""
        senders.tcp_send(port, [m for m, _ in self.messages(n, **fields)], framing, tls=tls)

    def udp(self, port, n, **fields):
        senders.udp_send(port, [m for m, _ in self.messages(n, **fields)], pause=0.002)


LONG_AGO, LONG_AHEAD = '2022-01-01', '2031-01-01'


def assert_covered(desk, store=None, gone=False):
    """Coverage adds up: as many records as a search finds, and no number is missing.

    gone: some may be missing, they were dropped for want of room.
    """
    where = ['--store', store] if store is not None else []
    where += ['--since', LONG_AGO, '--until', LONG_AHEAD]

    def agreed():
        found = desk.command('search', '--json', *where, '* | stats count() as n')[1]
        told = desk.coverage(*where)
        return told if int(told.period['rows']) == int(json.loads(found)['n']) else None

    told = until('coverage and search to agree', agreed, 10, 0.3)
    assert gone or not told.of('remark', verdict='gone'), told.of('remark')
    return told


def losses(found, sent):
    """(acknowledged but missing, there twice without having been sent twice, never sent)."""
    known = set(sent.sent)
    missing = [i for i in sent.acked if not found[i]]
    doubled = [i for i, n in found.items() if n > 1 and i not in sent.twice]
    strange = [i for i in found if i not in known]
    return missing, doubled, strange


def assert_kept(desk, sent, store=None, all_of=False, seconds=20.0, covered=True):
    """Every acknowledged record is found, and once. all_of: every one sent.

    What is acknowledged is findable in less than a second; seconds leaves room for slow builds
    and for a role that is just starting again. covered: coverage adds up too; not so over clocks
    that jump by centuries, it goes by receive times.
    """
    wanted = set(sent.sent if all_of else sent.acked)

    def there():
        try:
            found = desk.found(sent.prefix, store)
        except RuntimeError:
            if store is not None:
                raise
            return None         # the front is starting again
        return found if wanted <= set(found) else None

    try:
        found = until('%d records to be found' % len(wanted), there, seconds, 0.2)
    except TimeoutError:
        found = desk.found(sent.prefix, store)
    missing, doubled, strange = losses(found, sent)
    if all_of:
        missing = [i for i in sent.sent if not found[i]]
    assert not missing, '%d of %d missing: %s' % (len(missing), len(wanted), missing[:5])
    assert not doubled, '%d doubled: %s' % (len(doubled), doubled[:5])
    assert not strange, '%d never sent: %s' % (len(strange), strange[:5])
    if covered and store is None:
        assert_covered(desk, gone=True)
    return found
