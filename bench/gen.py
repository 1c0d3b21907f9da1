#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the benches' input from the corpus: the same bytes for us and for the peer.

gen.py syslog CORPUS OUT COUNT      RFC 5424 lines, bodies cycled from real logs, 97 hosts
gen.py set CORPUS NAME OUT COUNT    one set of text/, replicated with varied values
gen.py json CORPUS OUT COUNT        Windows events as NDJSON, replicated with varied values
gen.py small OUT COUNT              small JSON messages (about 200 octets)
"""
import glob
import io
import json
import os
import random
import re
import sys
import zipfile


def bodies(corpus):
    out = []
    for path in sorted(glob.glob(os.path.join(corpus, 'text', '*_2k.log'))):
        with open(path, encoding='utf-8', errors='replace') as f:
            out += [line.rstrip('\r\n') for line in f if line.strip()]
    return out


NUMBER = re.compile(r'\d+')


def vary(line, rng):
    """Other digits where a real log would have other ones: every run of 3 or more digits changes
    its last ones, so that lengths, shapes and order of magnitude stay."""
    def one(m):
        s = m.group()
        if len(s) < 3:
            return s
        k = min(len(s) - 1, 4)
        return s[:-k] + ''.join(rng.choice('0123456789') for _ in range(k))
    return NUMBER.sub(one, line)


def syslog(corpus, out, count):
    rng = random.Random(5424)
    lines = bodies(corpus)
    hosts = ['host%02d' % i for i in range(97)]
    apps = ['sshd', 'kernel', 'nginx', 'cron', 'postfix', 'systemd', 'named', 'app']
    with open(out, 'w', encoding='utf-8') as f:
        t = 1790000000000
        for i in range(count):
            t += rng.randrange(0, 4)
            s = t // 1000
            day, sec = divmod(s, 86400)
            stamp = '2026-09-%02dT%02d:%02d:%02d.%03dZ' % (
                1 + day % 28, sec // 3600, sec // 60 % 60, sec % 60, t % 1000)
            f.write('<%d>1 %s %s %s %d - - %s\n' % (
                rng.randrange(0, 191), stamp, hosts[rng.randrange(97)], apps[rng.randrange(8)],
                rng.randrange(300, 32768), lines[rng.randrange(len(lines))]))


def one_set(corpus, name, out, count):
    rng = random.Random(name)
    path = os.path.join(corpus, 'text', name)
    if os.path.isdir(path):
        paths = sorted(p for p in glob.glob(path + '/**/*', recursive=True) if os.path.isfile(p))
    else:
        paths = [path]
    lines = []
    for p in paths:
        with open(p, encoding='utf-8', errors='replace') as f:
            lines += [line.rstrip('\r\n') for line in f
                      if line.strip() and not line.startswith('# failJSON')]
    with open(out, 'w', encoding='utf-8') as f:
        n = 0
        while n < count:
            for line in lines:
                f.write((line if n < len(lines) else vary(line, rng)) + '\n')
                n += 1
                if n >= count:
                    break


def windows(corpus):
    for path in sorted(glob.glob(os.path.join(corpus, 'windows-json', '*.zip'))):
        with zipfile.ZipFile(path) as z:
            for name in z.namelist():
                if name.startswith('__MACOSX') or not name.endswith('.json'):
                    continue
                for line in io.TextIOWrapper(z.open(name), encoding='utf-8', errors='replace'):
                    line = line.rstrip('\r\n')
                    if line.startswith('{'):
                        yield line


def events(corpus, out, count):
    rng = random.Random(4688)
    n = 0
    with open(out, 'w', encoding='utf-8') as f:
        while n < count:
            first = n == 0
            for line in windows(corpus):
                if not first:
                    line = vary(line, rng)
                f.write(line + '\n')
                n += 1
                if n >= count:
                    break


def small(out, count):
    rng = random.Random(200)
    with open(out, 'w', encoding='utf-8') as f:
        for i in range(count):
            f.write(json.dumps({
                '_time': '2026-09-01T%02d:%02d:%02d.%03dZ' % (
                    i // 3600000 % 24, i // 60000 % 60, i // 1000 % 60, i % 1000),
                '_msg': 'user u%d logged in from 10.%d.%d.%d session %x' % (
                    rng.randrange(5000), rng.randrange(4), rng.randrange(256),
                    rng.randrange(256), rng.getrandbits(48)),
                'host': 'web%02d' % rng.randrange(40), 'app': 'portal',
                'level': rng.choice(['info', 'info', 'info', 'warn', 'error'])},
                separators=(',', ':')) + '\n')


def main(argv):
    if argv[1:2] == ['syslog'] and len(argv) == 5:
        syslog(argv[2], argv[3], int(argv[4]))
    elif argv[1:2] == ['set'] and len(argv) == 6:
        one_set(argv[2], argv[3], argv[4], int(argv[5]))
    elif argv[1:2] == ['json'] and len(argv) == 5:
        events(argv[2], argv[3], int(argv[4]))
    elif argv[1:2] == ['small'] and len(argv) == 4:
        small(argv[2], int(argv[3]))
    else:
        sys.stderr.write(__doc__)
        return 2
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv))
