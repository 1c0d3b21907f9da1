# SPDX-License-Identifier: Apache-2.0
"""The manual pages and the program say the same: commands, options, keys of the configuration."""

import os
import re
import shutil
import subprocess

import pytest
from harness import program

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
OPTION = re.compile(r'(?<![\w-])--[a-z][a-z-]*')


def said(*args, lang='en'):
    done = subprocess.run([program()] + list(args), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, env=dict(os.environ, TRUCBAN_LANG=lang),
                          timeout=20, check=True)
    return done.stdout.decode('utf-8')


def page(name):
    with open(os.path.join(TOP, 'doc', 'man', name), encoding='utf-8') as f:
        return f.read()


def plain(text):
    """The words of a page without its fonts."""
    text = re.sub(r'\\f.|\\-', lambda m: '-' if m.group(0) == r'\-' else '', text)
    return text


def commands():
    listed = re.findall(r'^  (\w+) +\S', said('--help'), re.M)
    assert len(listed) >= 8
    return listed


def section(text, name):
    """What stands below `.SS name`, up to the next heading."""
    match = re.search(r'^\.SS %s\n(.*?)(?=^\.S[SH] )' % name, text, re.M | re.S)
    assert match, 'the manual has no part about ' + name
    return match.group(1)


def test_every_command_and_every_option_stands_in_the_manual():
    text = plain(page('trucban.1'))
    for command in commands():
        if command == 'completion':
            continue
        part = section(text, command)
        for lang in ('en', 'vi'):
            for option in set(OPTION.findall(said(command, '--help', lang=lang))) - {'--help'}:
                assert option in part, '%s %s is not in the manual' % (command, option)


def test_no_option_stands_in_the_manual_that_the_program_does_not_have():
    text = plain(page('trucban.1'))
    for command in re.findall(r'^\.SS (\w+)$', text, re.M):
        assert command in commands(), command
        if command == 'completion':
            continue
        options = said(command, '--help')
        for line in re.findall(r'^\.TP\n(.*)$', section(text, command), re.M):
            for option in OPTION.findall(line):
                assert option in options, '%s %s is not there' % (command, option)


def test_both_languages_tell_of_the_same_options():
    for command in commands():
        if command == 'completion':
            continue
        en, vi = (set(OPTION.findall(said(command, '--help', lang=lang))) for lang in ('en', 'vi'))
        assert en == vi, command


def test_every_key_of_the_configuration_stands_in_its_manual():
    keys = set()
    for name in ('conf.c', 'telling.c'):
        with open(os.path.join(TOP, 'src', 'role', name), encoding='utf-8') as f:
            keys |= set(re.findall(r'\.name = "(\w+)"', f.read())) - {'standard'}
    assert len(keys) > 30
    text = plain(page('trucban.yaml.5'))
    named = set(re.findall(r'^\.B ([a-z_]+)$', text, re.M))
    for line in re.findall(r'^\.BR ([^"(]+?)$', text, re.M):
        named |= set(re.findall(r'[a-z_]+', line))
    for line in re.findall(r'^\.BR (.*)$', text, re.M):
        named |= set(re.findall(r'\b[a-z_]+\b', line))
    assert keys <= named, keys - named


@pytest.mark.skipif(shutil.which('groff') is None, reason='no groff')
def test_the_pages_are_well_formed():
    for name in ('trucban.1', 'trucban.yaml.5'):
        done = subprocess.run(['groff', '-man', '-ww', '-Kutf8', '-Tutf8', '-z',
                               os.path.join(TOP, 'doc', 'man', name)], stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, timeout=20, check=True)
        assert done.stderr == b'', done.stderr
