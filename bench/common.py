# SPDX-License-Identifier: Apache-2.0
"""What the benches share: input files made once, a desk, CPU and memory as the kernel counts them.

Every figure is printed as `name value unit`. Medians of $BENCH_RUNS runs (3). The same bytes go
through us and the peer in one run.
"""
import os
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(HERE)
sys.path[:0] = [os.path.join(TOP, 'test', 'fault'), os.path.join(TOP, 'test', 'lib')]

import harness  # noqa: E402

RUNS = int(os.environ.get('BENCH_RUNS', '3'))
CORPUS = os.environ.get('TRUCBAN_CORPUS', os.path.join(TOP, '..', 'shared', 'corpus'))
WORK = os.environ.get('BENCH_WORK', os.path.join(tempfile.gettempdir(), 'trucban-bench'))
TICK = os.sysconf('SC_CLK_TCK')


def say(name, value, unit):
    print('%s %.4g %s' % (name, value, unit) if isinstance(value, float) else
          '%s %s %s' % (name, value, unit), flush=True)


def need_corpus():
    if not os.path.isdir(CORPUS):
        sys.exit('no corpus at %s: set TRUCBAN_CORPUS' % CORPUS)


def made(name, *args):
    """The input file `name`, made by gen.py ARGS when it is not there yet."""
    os.makedirs(WORK, exist_ok=True)
    path = os.path.join(WORK, name)
    if not os.path.exists(path):
        args = [path + '.tmp' if a == 'OUT' else str(a) for a in args]
        subprocess.run([sys.executable, os.path.join(HERE, 'gen.py')] + args, check=True)
        os.rename(path + '.tmp', path)
    return path


def built(name):
    """A program of this folder, from the build folder ($BENCH_BUILD, or build/)."""
    path = os.path.join(os.environ.get('BENCH_BUILD', os.path.join(TOP, 'build')), 'bench', name)
    if not os.path.exists(path):
        sys.exit('no %s: build first (./run --build-only)' % path)
    return path


def load(*args):
    """Runs the sender; its figures as {name without the way: value}."""
    out = subprocess.run([built('load')] + [str(a) for a in args], check=True,
                         stdout=subprocess.PIPE).stdout.decode()
    return {line.split()[0].split('.', 1)[1]: float(line.split()[1])
            for line in out.splitlines()}


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open('/proc/%d/stat' % pid, encoding='utf-8') as f:
            fields = f.read().rpartition(')')[2].split()
        total += int(fields[11]) + int(fields[12])
    return total / TICK


def slurp(path):
    with open(path, encoding='utf-8') as f:
        return f.read()


def memory_mb(pids):
    """Anonymous and shared memory: PSS without page cache of files. Of a role that holds keys only
    root may know it: others count as its own what it shares."""
    kb = 0
    for pid in pids:
        try:
            name, keys = 'smaps_rollup', ('Pss_Anon', 'Pss_Shmem')
            text = slurp('/proc/%d/%s' % (pid, name))
        except PermissionError:
            name, keys = 'status', ('RssAnon', 'RssShmem')
            text = slurp('/proc/%d/%s' % (pid, name))
        rows = dict(line.split(':', 1) for line in text.splitlines() if ':' in line)
        kb += sum(int(rows[key].split()[0]) for key in keys)
    return kb / 1024


def disk_bytes(folder):
    """Octets of the files that hold records, their index and their seal; the journal apart."""
    total = 0
    for part in ('segment', 'filter', 'seal', 'manifest'):
        path = os.path.join(folder, part)
        if os.path.isfile(path):
            total += os.path.getsize(path)
        for where, _, names in os.walk(path):
            total += sum(os.path.getsize(os.path.join(where, n)) for n in names)
    return total


class Bench(harness.Desk):
    """A desk in production configuration, with figures."""

    def __init__(self, folder, **options):
        options.setdefault('listen', ('udp', 'tcp', 'relp', 'http'))
        options.setdefault('more', 'store:\n  encrypt: yes\n  reserve: 64MB\n')
        super().__init__(folder, **options)

    def pids(self):
        return [self.child.pid] + list(self.children())

    def rows(self):
        return self.metric('last_seq{stream="raw"}')

    def quiet(self, seconds=60.0):
        """Waits until no role uses the CPU."""
        def still():
            before = cpu_seconds(self.pids())
            time.sleep(0.5)
            return cpu_seconds(self.pids()) - before < 0.03
        harness.until('quiet desk', still, seconds)

    def ask(self, what):
        import http.client
        import urllib.parse
        conn = self.front()
        conn.request('POST', '/trucban/ask', urllib.parse.urlencode({'what': what}),
                     {'Content-Type': 'application/x-www-form-urlencoded'})
        answer = conn.getresponse()
        body = answer.read().decode()
        conn.close()
        if answer.status != 200:
            raise RuntimeError('%s: %d %s' % (what, answer.status, body))
        return body


def median(values):
    return statistics.median(values)


def folder():
    return tempfile.TemporaryDirectory(prefix='trucban-bench-', dir=os.environ.get('BENCH_TMP'))
