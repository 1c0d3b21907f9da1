#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a store to keep for ever, plain and encrypted, and what has to be found in it.

    golden.py BUILD TARGET      (BUILD: of meson; TARGET: test/golden/store-vN, which is new)

What is kept is never made again: see test/golden/store.md.
"""

import json
import os
import subprocess
import sys

STREAMS = ('raw', 'findings', 'ledger')
QUERIES = ('app_name:postfix', 'app_name:POSTFIX', 'app_name:dang-nhap', '"Đăng nhập thất bại"',
           '"that bai lan 2"', '"thất BẠI"', 'sess*', '10.9.8.7', '10.12.0.7',
           '~"192[.]168[.]2[.]"',
           'id:"550e8400-e29b-41d4-0008-446655440008"', '8', 'mac:"00:1a:2b:08:02:5e"',
           'user7@example.com', 'hostname:web-00', 'level:info drop', 'n.a:=93', 'price:>80',
           'severity:<6', '~"closed after [3-5][.]"', 'dup:316', 'inside', '"a NUL"', 'octets',
           '!"HTTP/1.1" 404', 'GET 404', '_time:2026-09-01 drop', 'nowhere', '"order" done',
           '"lines" OR "nothing that is known"', '_raw:"known, number 7"',
           '* | stats by (app_name) count() n | sort by (app_name)')


def say(command, **options):
    return subprocess.run(command, check=True, stdin=subprocess.DEVNULL, timeout=60,
                          env=dict(os.environ, TRUCBAN_LANG='en'), **options)


def search(program, store, query, stream='raw'):
    done = say([program, 'search', '--store', store, '--json', '--limit', '0', '--stream', stream,
                query], stdout=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.splitlines()]


def number(record):
    stream, epoch, seq = record['_seq'].split(':')
    return STREAMS.index(stream), int(epoch), int(seq)


def everything(program, store):
    """All records of all streams, in the order of their numbers."""
    return sorted((r for s in STREAMS for r in search(program, store, '*', s)), key=number)


def answer(program, store, query):
    """What a query finds: numbers, or the rows of a pipe."""
    found = search(program, store, query)
    return sorted(r['_seq'] for r in found) if '|' not in query else found


def lines(path, things):
    with open(path, 'w', encoding='utf-8') as f:
        f.writelines(json.dumps(thing, ensure_ascii=False) + '\n' for thing in things)


def main(args):
    if len(args) != 2 or os.path.exists(args[1]):
        sys.stderr.write(__doc__)
        return 2
    build, target = args
    program = os.path.join(build, 'src/cmd/trucban')
    for kind in ('plain', 'encrypted'):
        store = os.path.join(target, kind)
        os.makedirs(store, 0o700)
        with open(os.path.join(target, 'rows.jsonl'), 'wb') as rows:
            say([os.path.join(build, 'test/unit/store/store_golden_make'), kind, store],
                stdout=rows)
        for name in ('ballast', 'state/current'):
            os.remove(os.path.join(store, name))
        lines(os.path.join(target, 'search.jsonl'), everything(program, store))
        lines(os.path.join(target, 'queries.jsonl'),
              ({'query': q, 'found': answer(program, store, q)} for q in QUERIES))
    return 0


if __name__ == '__main__':
    sys.exit(main(sys.argv[1:]))
