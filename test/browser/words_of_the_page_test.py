# SPDX-License-Identifier: Apache-2.0
"""What holds of the page's files without a browser: words in two languages, nothing foreign."""

import os
import re
import xml.etree.ElementTree

from harness import TOP

WEB = os.path.join(TOP, 'web')
ROW = re.compile(r"^\t([a-z0-9_]+): '((?:\\.|[^'\\])*)',$", re.M)
# Words that a script puts together of a kind and a name.
KINDS = ('act', 'answer', 'channel', 'did', 'field', 'handover_state', 'how', 'incident_state',
         'keys', 'law_status', 'level', 'mark', 'notice', 'now', 'profile', 'query_help',
         'range', 'reach', 'request', 'role', 'rule', 'said', 'screen', 'sound', 'state',
         'stream', 'sure', 'task_state', 'theme', 'touch', 'unit', 'user', 'verdict', 'wrong')
# Names of keys that stand in tables, not in t('...').
TABLES = {'decision', 'instruction', 'task_result', 'text'}


def text_of(name):
    with open(os.path.join(WEB, name), encoding='utf-8') as f:
        return f.read()


def scripts():
    return [name for name in sorted(os.listdir(WEB)) if name.endswith('.js')]


def words(lang):
    """Of all parts; a part has both languages, but the shared one, which is two files."""
    text = text_of('words_%s.js' % lang)
    for name in scripts():
        if name.startswith('words_') and name not in ('words_vi.js', 'words_en.js'):
            assert "from './%s';" % name in text_of('words.js'), name
            halves = re.split(r'^export const (vi|en) = \{$', text_of(name), flags=re.M)
            assert halves[1::2] == ['vi', 'en'], name
            text += halves[2 if lang == 'vi' else 4]
    rows = ROW.findall(text)
    assert len(rows) == text.count("',\n"), 'a row that is none'
    assert len(rows) == len(dict(rows)), 'a key twice'
    return dict(rows)


def test_both_languages_have_the_same_words():
    vi, en = words('vi'), words('en')
    assert sorted(vi) == sorted(en)
    for key in vi:
        places = [sorted(re.findall(r'\{\d\}', text)) for text in (vi[key], en[key])]
        assert places[0] == places[1], key
        assert vi[key].strip() and en[key].strip(), key


def test_every_word_is_there_and_every_one_is_used():
    used = set(TABLES)
    for name in scripts():
        if not name.startswith('words_'):
            used |= set(re.findall(r"\bt\('([a-z0-9_]+)'[,)]", text_of(name)))
    known = set(words('vi'))
    assert used <= known, sorted(used - known)
    idle = [key for key in known - used if not key.startswith(tuple(k + '_' for k in KINDS))]
    assert not idle, sorted(idle)


def test_rules_and_acts_of_the_desk_have_their_words():
    """Of those that the screens tell of; others are shown by their names."""
    known = words('vi')
    with open(os.path.join(TOP, 'src/coverage/rule.c'), encoding='utf-8') as f:
        rules = re.findall(r'^\t\[RULE_\w+\] = \{ "([a-z.]+)"', f.read(), re.M)
    assert len(rules) > 10
    acts = []
    for name in ('alert', 'incident', 'deadline', 'task', 'custody', 'roster', 'handover'):
        with open(os.path.join(TOP, 'src/desk', name + '.c'), encoding='utf-8') as f:
            acts += re.findall(r'\.name = "([a-z]+-[a-z-]+)",', f.read())
    assert len(acts) > 30
    wanted = {'rule_' + r.replace('.', '_') for r in rules}
    wanted |= {'did_' + a.replace('-', '_') for a in acts}
    assert wanted <= set(known), sorted(wanted - set(known))


def test_the_page_is_built_in_whole():
    """Each file of web/ has its row, and nothing is loaded that has none."""
    with open(os.path.join(TOP, 'src/web/pages.h'), encoding='utf-8') as f:
        paths = re.findall(r'^\tX\(\w+, "([^"]+)"', f.read(), re.M)
    files = {'/' if name == 'index.html' else '/web/' + name for name in os.listdir(WEB)}
    assert set(paths) == files
    # Asked for at once, not each when the one before was read.
    ahead = re.findall(r'<link rel="modulepreload" href="/web/(\w+\.js)">', text_of('index.html'))
    assert ahead == [name for name in scripts() if name != 'app.js']
    for name in scripts():
        for path in re.findall(r"^import .* from '(.*)';$", text_of(name), re.M):
            assert path.startswith('./') and '/web/' + path[2:] in files, (name, path)


def test_nothing_can_make_markup_of_text_or_leave_the_desk():
    for name in scripts():
        text = text_of(name)
        for word in ('innerHTML', 'outerHTML', 'insertAdjacentHTML', 'document.write', 'srcdoc',
                     'eval(', 'new Function', 'DOMParser', 'createContextualFragment', '.style',
                     'import(', 'Worker('):
            assert word not in text, (name, word)
        assert not re.findall(r'https?://(?!www\.w3\.org/2000/svg)', text), name
    page = text_of('index.html')
    assert 'style=' not in page and not re.search(r'<script(?![^>]*src="/web/)', page)
    assert not re.search(r'\son[a-z]+=', page)
    xml.etree.ElementTree.fromstring(text_of('icon.svg'))
    for name in ('page.css', 'screens.css'):
        assert 'url(' not in text_of(name) and '@import' not in text_of(name)
