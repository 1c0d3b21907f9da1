# SPDX-License-Identifier: Apache-2.0
"""The house-rule tools can fail: each rule is broken once in a small tree of its own."""

import os
import shutil
import subprocess

import pytest

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SPDX = '/* SPDX-License-' 'Identifier: Apache-2.0 */\n'
HEAD = SPDX + '/* Why this file is here. */\n'
LAYERS = '''# comment
base: | libs: | windows: no | doors: open
sys: base | libs: threads | windows: yes | doors: open
store: base sys | libs: zstd | windows: yes | doors: store/store.h
query: base store | libs: | windows: no | doors: query/query.h
'''


def header(name, body=''):
    guard = name[4:-2].upper().replace('/', '_') + '_H'
    return HEAD + '#ifndef %s\n#define %s\n%s\n#endif\n' % (guard, guard, body)


class Tree:
    """A clean small tree; a test breaks one thing in it."""

    def __init__(self, top):
        self.top = str(top)
        self.write('src/LAYERS', LAYERS)
        for name in ('src/base/span.h', 'src/sys/file.h', 'src/store/store.h',
                     'src/store/seg_int.h', 'src/query/query.h'):
            self.write(name, header(name))
        self.write('src/store/seg.c', HEAD + '#include "store/seg_int.h"\n\n#include <zstd.h>\n\n'
                   '#include "base/span.h"\n#include "store/store.h"\n\n'
                   'static int\nadd(int a,\n    int b)\n{\n\tif (a > b)\n\t\treturn a;\n'
                   '\treturn b;\n}\n')

    def write(self, name, text):
        path = os.path.join(self.top, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8', newline='') as f:
            f.write(text)

    def tool(self, name, *args):
        done = subprocess.run(['/usr/bin/python3', os.path.join(TOP, 'tools', name),
                               '--top', self.top, *args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        return done.returncode, done.stdout.decode()

    def passes(self, name, *args):
        rc, out = self.tool(name, *args)
        assert rc == 0, out
        assert out.endswith('1 passed, 0 failed, 0 skipped\n')

    def fails(self, name, what, *args):
        rc, out = self.tool(name, *args)
        assert rc == 1, out
        assert what in out
        assert out.endswith('0 passed, 1 failed, 0 skipped\n')


@pytest.fixture
def tree(tmp_path):
    return Tree(tmp_path)


@pytest.mark.parametrize('tool', ['layers', 'functions', 'banned', 'format'])
def test_a_clean_tree_passes(tree, tool):
    tree.passes(tool)


# ---- layers ----

@pytest.mark.parametrize('name, body, what', [
    ('src/base/a.c', '#include "sys/file.h"', 'base may not include sys'),
    ('src/query/a.c', '#include "store/inner.h"', 'is no door'),
    ('src/query/a.c', '#include "store/seg_int.h"', 'inside of another room'),
    ('src/query/a.c', '#include <time.h>', '<time.h> in a room without windows'),
    ('src/query/a.c', '#include <stdio.h>', '<stdio.h> in a room without windows'),
    ('src/query/a.c', '#include <zstd.h>', 'does not list the library zstd'),
    ('src/store/a.c', '#include <openssl/evp.h>', 'does not list the library openssl'),
    ('src/query/a.c', '#include "span.h"', 'include with the folder'),
    ('src/store/a.c', '#include "sys/absent.h"', 'is not there'),
    ('src/store/store.c', '#include "base/span.h"\n#include "store/store.h"',
     'must be its first include'),
    ('src/store/a.c', '#include "base/span.h"\n#include <unistd.h>', 'after a header of ours'),
    ('src/store/a.c', '#include "sys/file.h"\n#include "base/span.h"', 'from low to high'),
    ('src/desk/a.c', '', 'has no row in src/LAYERS'),
])
def test_layers_refuses_an_include(tree, name, body, what):
    tree.write('src/store/inner.h', header('src/store/inner.h'))
    tree.write(name, HEAD + body + '\n')
    tree.fails('layers', what)


def test_layers_does_not_read_comments(tree):
    tree.write('src/base/a.c', HEAD + '/*\n#include "sys/file.h"\n*/\n')
    tree.passes('layers')


def test_layers_sees_headers_in_a_circle(tree):
    tree.write('src/base/a.h', header('src/base/a.h', '#include "base/b.h"'))
    tree.write('src/base/b.h', header('src/base/b.h', '#include "base/a.h"'))
    tree.fails('layers', 'in a circle')


@pytest.mark.parametrize('old, new, what', [
    ('base: |', 'base: query |', 'a ring'),
    ('base store', 'base attic', 'which is no room'),
    ('doors: store/store.h', 'doors: sys/file.h', 'is no door of store'),
    ('libs: zstd', 'libs: zlop', 'not known'),
    ('windows: no', 'window: no', 'not a row'),
])
def test_layers_refuses_a_bad_table(tree, old, new, what):
    tree.write('src/LAYERS', LAYERS.replace(old, new, 1))
    tree.fails('layers', what)


# ---- functions ----

def long_function(n):
    return HEAD + 'void\nlong_one(void)\n{\n' + '\tx();\n' * (n - 2) + '}\n'


def test_functions_allows_eighty_lines_and_no_more(tree):
    tree.write('src/base/a.c', long_function(80))
    tree.passes('functions')
    tree.write('src/base/a.c', long_function(81))
    tree.fails('functions', 'long_one() has 81 lines')


def test_functions_honours_the_list_of_excuses(tree):
    tree.write('src/base/a.c', long_function(81))
    tree.write('tools/long.ok', 'src/base/a.c:long_one a table of states\n')
    tree.passes('functions')


def test_functions_wants_excuses_to_be_needed_and_to_have_reasons(tree):
    tree.write('tools/long.ok', 'src/store/seg.c:add it was long once\n')
    tree.fails('functions', 'take it off the list')
    tree.write('src/base/a.c', long_function(81))
    tree.write('tools/long.ok', 'src/base/a.c:long_one\n')
    tree.fails('functions', 'reason')


def test_functions_refuses_a_file_of_601_lines(tree):
    tree.write('src/base/a.c', HEAD + '\n' * 597 + 'int a;\n')
    tree.passes('functions')
    tree.write('src/base/a.c', HEAD + '\n' * 598 + 'int a;\n')
    tree.fails('functions', '601 lines')
    tree.write('tools/long.ok', 'src/base/a.c:* one table\n')
    tree.passes('functions')


def test_functions_notes_a_door_with_sixteen_functions(tree):
    body = ''.join('int\tf%d(int a,\n\t    int b);\n' % i for i in range(16))
    tree.write('src/store/store.h', header('src/store/store.h', body))
    rc, out = tree.tool('functions')
    assert rc == 0 and 'a door of 16 functions' in out


# ---- banned ----

@pytest.mark.parametrize('call', ['strcpy', 'strcat', 'sprintf', 'vsprintf', 'gets', 'sscanf',
                                  'strtok', 'atoi', 'atol', 'system', 'alloca', 'rand'])
def test_banned_refuses_a_call(tree, call):
    tree.write('src/base/a.c', HEAD + 'int\nf(void)\n{\n\treturn %s (a);\n}\n' % call)
    tree.fails('banned', 'banned call %s()' % call)


@pytest.mark.parametrize('code', ['/* strcpy() is not for us */', 'char s[] = "system(x)";',
                                  'snprintf(a, 1, "");', 'fgets(a, 1, f);', 'x->system(1);',
                                  'arc4random(1);'])
def test_banned_reads_code_only(tree, code):
    tree.write('src/base/a.c', HEAD + code + '\n')
    tree.passes('banned')


@pytest.mark.parametrize('line, what', [
    ('see TO' 'DO', 'a note to oneself'),
    ('FIX' 'ME later', 'a note to oneself'),
    ('/wo' 'rk/main/src', 'a path of one machine'),
    ('https://de' 'b.deb' 'ian.org/debian', 'the host of a registry'),
    ('http://regi' 'stry.example/x', 'the host of a registry'),
    ('e\u0301', 'not NFC'),
    ('a\u202eb', 'an invisible character'),
])
def test_banned_refuses_words_in_any_file(tree, line, what):
    tree.write('doc/a.md', 'first\n' + line + '\n')
    tree.fails('banned', 'doc/a.md:2: ' + what)


def test_banned_finds_the_path_of_the_tree_itself(tree):
    tree.write('doc/a.md', tree.top + '/src\n')
    tree.fails('banned', 'a path of this machine')


@pytest.mark.parametrize('name, text', [
    ('src/base/a.c', '/* Why. */\n'), ('src/base/meson.build', '# a room\n'),
    ('tools/a', '#!/bin/sh\ntrue\n'), ('test/a_test.py', 'a = 1\n'), ('web/a.js', 'a;\n')])
def test_banned_wants_the_licence_line(tree, name, text):
    tree.write(name, text)
    tree.fails('banned', 'no licence line')


def test_banned_refuses_what_is_not_utf8_but_lets_data_be(tree):
    path = os.path.join(tree.top, 'test/golden/parse/a.in')
    tree.write('test/golden/parse/a.in', '')
    with open(path, 'wb') as f:
        f.write(b'\xff TO' b'DO e\xcc\x81')
    tree.passes('banned')
    shutil.copy(path, os.path.join(tree.top, 'doc.md'))
    tree.fails('banned', 'not UTF-8')


# ---- format ----

@pytest.mark.parametrize('line, what', [
    ('\tint a; ', 'blanks at the end'),
    ('\t' * 12 + 'abcde', '101 columns'),
    ('  int a;', 'indent with tabs'),
    ('\tif(a)', 'a space is missing'),
    ('\tfor (;;){', 'a space is missing'),
    ('\t}else', 'a space is missing'),
    ('int f(int a)\n{\n}', 'return type on its own line'),
    ('static struct x *f(int a,\n    int b)\n{\n}', 'return type on its own line'),
    ('f(int a) {\n}', 'column 0'),
    ('typedef struct { int a; } b;', 'no typedef'),
    ('int a;\r', 'blanks at the end'),
])
def test_format_refuses(tree, line, what):
    tree.write('src/base/a.c', HEAD + line + '\n')
    tree.fails('format', what)


@pytest.mark.parametrize('code', [
    'static const int a[] =\n{\n\t1\n};',
    'struct a {\n\tint b;\n} __attribute__((packed));',
    '\treturn (struct span){ a, 0 };',
    '#define LIST(X) \\\n\tX(a) \\\n\tX(b)',
    'int\t f(int a,\n\t    int b);',
    'typedef enum err emit_fn(struct row *row);',
    '/*\n  drawing  of  a box\n */',
    'static int\nf(const char *s, \n    int b)\n{\n}'.replace(', \n', ',\n'),
    '\tdo {\n\t} while (a);',
    '\t' * 12 + 'abcd',
])
def test_format_accepts_our_style(tree, code):
    tree.write('src/base/a.c', HEAD + code + '\n')
    tree.passes('format')


def test_format_wants_heads_guards_and_last_newlines(tree):
    tree.write('src/base/a.c', SPDX + '#include "base/span.h"\n')
    tree.fails('format', 'no comment at its head')
    tree.write('src/base/a.c', HEAD + 'int a;')
    tree.fails('format', 'no newline at the end')
    tree.write('src/base/a.c', HEAD)
    tree.write('src/base/b.h', HEAD + 'int b;\n')
    tree.fails('format', 'no guard BASE_B_H')


# ---- globals ----

def library(tree, room, code):
    """Builds build/src/ROOM/libROOM.a of one file with this code."""
    folder = os.path.join(tree.top, 'build/src', room)
    os.makedirs(folder, exist_ok=True)
    source = os.path.join(folder, 'a.c')
    with open(source, 'w', encoding='utf-8') as f:
        f.write(code)
    subprocess.run(['gcc', '-O1', '-fPIE', '-c', source, '-o', source[:-2] + '.o'], check=True)
    subprocess.run(['ar', 'rcs', os.path.join(folder, 'lib%s.a' % room), source[:-2] + '.o'],
                   check=True)
    return os.path.join(tree.top, 'build')


@pytest.mark.parametrize('code, what', [
    ('int count; int f(void) { return ++count; }', 'a writable global: count'),
    ('int f(void) { static int seen; return ++seen; }', 'a writable global: seen'),
    ('_Thread_local int here = 1; int f(void) { return ++here; }', 'a writable global: here'),
    ('#include <time.h>\nlong f(void) { return time(0); }', 'calls time()'),
    ('#include <errno.h>\nint f(void) { return errno; }', 'calls __errno_location()'),
    ('#include <stdlib.h>\nchar *f(void) { return getenv("A"); }', 'calls getenv()'),
])
def test_globals_finds_a_window(tree, code, what):
    build = library(tree, 'query', code)
    tree.fails('globals', what, build)


def test_globals_accepts_constant_tables_and_pure_calls(tree):
    build = library(tree, 'query', '''
#include <string.h>
static const char *const name[] = { "a", "b" };
const char *f(int i) { return strlen(name[i]) > 1 ? name[i] : memchr(name[0], i, 2); }
''')
    tree.passes('globals', build)


def test_globals_lets_rooms_with_windows_be(tree):
    build = library(tree, 'query', 'int f(void) { return 1; }')
    library(tree, 'store', '#include <time.h>\nlong g(void) { return time(0); }')
    tree.passes('globals', build)


def test_globals_does_not_pass_with_nothing_to_look_at(tree):
    tree.fails('globals', 'no library', os.path.join(tree.top, 'build'))
