# SPDX-License-Identifier: Apache-2.0
"""What the house-rule tools share: the list of our files, C without comments, the verdict.

Each tool takes --top DIR (default: the tree it stands in), prints one line per finding as
"file:line: what is wrong", one line of figures, and the last line that ./check counts.
"""

import argparse
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Bytes of others or made by tools: no rule of ours holds inside.
FOREIGN = re.compile(r'(^|/)(vendor|golden|[^/]+\.corpus)/|\.(ref|in|der|pem|zst|gz|evtx|png)$'
                     r'|^LICENSE$')


class House:
    """The tree under check and the findings so far."""

    def __init__(self, title, add_arguments=None):
        parser = argparse.ArgumentParser(prog='tools/' + title)
        parser.add_argument('--top', default=TOP, help='the tree to look at')
        if add_arguments is not None:
            add_arguments(parser)
        self.args = parser.parse_args()
        self.top = os.path.abspath(self.args.top)
        self.found = 0

    def bad(self, where, what, line=0):
        self.found += 1
        print('%s%s: %s' % (where, ':%d' % line if line else '', what))

    def warn(self, where, what):
        print('note: %s: %s' % (where, what))

    def done(self):
        print('%d passed, %d failed, 0 skipped' % (self.found == 0, self.found > 0))
        return 1 if self.found else 0

    def path(self, name):
        return os.path.join(self.top, name)

    def files(self):
        """Our text files, relative to the top, sorted: what git has or would take."""
        if os.path.isdir(self.path('.git')):
            out = subprocess.run(['git', '-c', 'safe.directory=*', 'ls-files', '-co', '-z',
                                  '--exclude-standard'],
                                 cwd=self.top, stdout=subprocess.PIPE, check=True)
            names = out.stdout.decode().split('\0')
        else:
            names = [os.path.relpath(os.path.join(folder, name), self.top)
                     for folder, _, inside in os.walk(self.top) for name in inside]
        return sorted(n for n in set(names) if n and not n.startswith('build')
                      and os.path.isfile(self.path(n)) and not os.path.islink(self.path(n)))

    def own_files(self):
        return [n for n in self.files() if not FOREIGN.search(n)]

    def c_files(self, *folders):
        return [n for n in self.own_files() if n.endswith(('.c', '.h'))
                and n.split('/')[0] in (folders or ('src', 'test', 'bench'))]

    def bytes_of(self, name):
        with open(self.path(name), 'rb') as f:
            return f.read()

    def text_of(self, name):
        return self.bytes_of(name).decode('utf-8', 'replace')


TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


def _blank(match):
    text = match.group(0)
    if text[0] == '"':
        return '"' + re.sub(r'[^\n]', ' ', text[1:-1]) + '"'
    if text[0] == "'":
        return "'" + re.sub(r'[^\n]', ' ', text[1:-1]) + "'"
    return re.sub(r'[^\n\t]', ' ', text)


def c_code(text):
    """The text with comments and the insides of literals blanked: same lines and columns."""
    return TOKEN.sub(_blank, text)


def is_script(name, data):
    """What sort of source this is: 'c', 'py', 'sh', 'meson', 'js', or None."""
    base = os.path.basename(name)
    if name.endswith(('.c', '.h')):
        return 'c'
    if base in ('meson.build', 'meson_options.txt'):
        return 'meson'
    if name.endswith(('.js', '.mjs', '.css')):
        return 'js'
    if name.endswith('.py'):
        return 'py'
    if name.endswith('.sh'):
        return 'sh'
    head = data[:80].split(b'\n')[0]
    if head.startswith(b'#!'):
        return 'py' if b'python' in head else 'sh'
    return None
