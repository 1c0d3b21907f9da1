# SPDX-License-Identifier: Apache-2.0
"""Records leave a desk as a package; who has no desk can tell whether they are what it sealed."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest
import evidence_pack
import second_evidence
import second_verifier
import senders
from harness import Desk, Sent, assert_kept, program, until

# Line feeds, no UTF-8, NUL, nothing but a line feed at the end, what looks like another record.
STRANGE = [b'<134>1 - a b - - - strangeword' + rest for rest in (
    b'\n', b'\nsecond line\n\nfourth', b' \xff\xfe\x80', b' \x00 \x1b[2J', b'',
    b' <script>alert(1)</script>', b'\nraw:1:1 PROVEN', ' \u202etxt.exe'.encode())]
RECORDS, PROOFS = 'data/records.log', 'data/proofs.txt'


class Office:
    """Packages of a desk that is gone, and its key on paper."""

    def __init__(self, folder):
        self.folder = str(folder)
        with Desk(folder, listen=('tcp', 'http')) as desk:
            first, second = Sent(), Sent()
            first.tcp(desk.port['tcp'], 120)
            assert_kept(desk, first, all_of=True)
            self.export(desk, '--seq', '5-60', '-o', self.path('range.tar'))
            shutil.copy(os.path.join(desk.state, 'seal', 'checkpoint'), self.path('anchor'))
            second.tcp(desk.port['tcp'], 80)
            assert_kept(desk, second, all_of=True)
            some = ' or '.join(first.sent[i] for i in (3, 4, 50, 119)) + \
                ' or ' + ' or '.join(second.sent[i] for i in (0, 7, 79))
            self.summary = self.export(desk, some, '-o', self.path('some.zip'), '--case', '12/2026',
                                       '--reason', 'Công văn 345', '--person', 'Trần Thị B')
            self.export(desk, '--seq', '101-140', '-o', self.path('two.zip'))
            senders.tcp_send(desk.port['tcp'], STRANGE)
            senders.bulk_send(senders.connection(desk.port['http']), [
                {'message': 'strangeword', '_seq': 'raw:1:1', 'a"b': '{{case}}</td>', '': 'x'}])
            until('strange records', lambda: len(desk.search('strangeword')) == len(STRANGE) + 1)
            self.export(desk, 'strangeword', '-o', self.path('strange.zip'),
                        '--case', '{{reason}}</td>\n<script>', '--reason', '')
            self.export(desk, some, '-o', self.path('led.zip'), '--anchor', self.path('anchor'))
            self.refusals(desk, some)
            for name, text in (('form', '<p>{{case}} {{records}}</p>'), ('wrong', '{{judge}}')):
                with open(self.path(name + '.html'), 'w', encoding='utf-8') as f:
                    f.write(text)
            self.export(desk, some, '-o', self.path('form.zip'), '--case', '7 & 8', '--form',
                        self.path('form.html'))
            self.refused['form'] = desk.command('evidence', 'export', some, '-o',
                                                self.path('x.zip'), '--form',
                                                self.path('wrong.html'), check=False)
            self.export(desk, 'act:evidence', '--stream', 'ledger', '-o', self.path('ledger.zip'))
            self.ledger = desk.search('*', '--stream', 'ledger')
            self.fingerprint = desk.command('key', 'fingerprint')[1]
            self.vkey = open(os.path.join(desk.state, 'key', 'seal.vkey'), encoding='utf-8').read()
            assert desk.stop() == 0
        shutil.rmtree(desk.state)
        self.fingerprint = self.summary['fingerprint']
        self.files = second_evidence.files_read(self.path('some.zip'))

    def path(self, name):
        return os.path.join(self.folder, name)

    @staticmethod
    def export(desk, *words):
        rc, out, err = desk.command('evidence', 'export', '--json', *words, check=False)
        assert rc == 0, err
        return json.loads(out)

    def refusals(self, desk, some):
        """Kept for a test below: what the desk says to wrong questions."""
        self.refused = {}
        with open(self.path('anchor'), encoding='utf-8') as f:
            lines = f.read().split('\n')
        for name, at, text in (('fork', 2, 'A' * 43 + '='), ('back', 1, '99999'),
                               ('strange', 0, 'trucban/' + 32 * '0')):
            with open(self.path(name), 'w', encoding='utf-8') as f:
                f.write('\n'.join(lines[:at] + [text] + lines[at + 1:]))
            self.refused[name] = desk.command('evidence', 'export', some, '-o', self.path('x.zip'),
                                              '--anchor', self.path(name), check=False)
        for name, words in {'again': [some, '-o', self.path('some.zip')],
                            'pipe': [some + ' | fields _msg', '-o', self.path('x.zip')],
                            'stats': ['* | stats count() n', '-o', self.path('x.zip')],
                            'nothing': ['nosuchwordatall', '-o', self.path('x.zip')],
                            'beyond': ['--seq', '150-9000', '-o', self.path('x.zip')]}.items():
            self.refused[name] = desk.command('evidence', 'export', *words, check=False)
        conn = senders.connection(desk.front_port)
        self.refused['tcp'] = senders.request(conn, 'GET', '/trucban/evidence?query=*')
        conn.close()

    def verify(self, name, *options, env=None):
        """Where no desk ever was."""
        full = dict(os.environ, TRUCBAN_LANG='en', TRUCBAN_STATE='/nonexistent')
        full.update(env or {})
        done = subprocess.run([program(), 'verify', self.path(name), *options], env=full,
                              cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              timeout=120, check=False)
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def verify_json(self, name, key=None, *options):
        rc, out, err = self.verify(name, '--json', '--key', key or self.fingerprint, *options)
        said = [json.loads(line) for line in out.splitlines()]
        states = {s['record']: s['state'] for s in said if s['type'] == 'record'}
        found = [(s['rule'], s['file'], s.get('line', 0), s.get('record', ''))
                 for s in said if s['type'] == 'finding']
        result = [s for s in said if s['type'] == 'result']
        return rc, states, found, result[0] if result else None, err

    def tampered(self, files, key=None):
        """Both verifiers about these files, with manifests that fit."""
        evidence_pack.zip_put(self.path('bad.zip'), evidence_pack.manifests(files))
        second = second_evidence.Package(self.path('bad.zip'), key or self.fingerprint)
        rc, states, found, _, err = self.verify_json('bad.zip', key)
        assert places(found) == places(second.findings), err
        assert states == second.states
        assert rc == 1
        return states, found


def places(findings):
    """Which line of the fields is out of step is each verifier's own guess."""
    return {f[:2] if f[0] == 19 else f for f in findings}


@pytest.fixture(scope='module')
def office(tmp_path_factory):
    return Office(tmp_path_factory.mktemp('evidence'))


def lines_of(files, name):
    return files[name].decode().split('\n')


def with_lines(files, name, lines):
    return dict(files, **{name: '\n'.join(lines).encode()})


# ---- what is whole ----

def test_records_are_proven_to_a_stranger(office):
    rc, states, found, result, _ = office.verify_json('some.zip')
    assert rc == 0 and found == []
    assert len(states) == 7 and set(states.values()) == {'proven'}
    assert result['trusted_key'] and not result['complete']
    second = second_evidence.Package(office.path('some.zip'), office.fingerprint)
    assert second.findings == [] and second.states == states
    # The exact octets, and the fields in the same order.
    for i, line in enumerate(lines_of(office.files, 'data/records.ndjson')[:-1]):
        record = json.loads(line)
        assert record['_seq'] == list(states)[i]
        assert record['_msg'] in lines_of(office.files, RECORDS)[i]
    assert json.loads(office.files['data/export.json'])['reason'] == 'Công văn 345'
    custody = office.files['BIEN-BAN-GIAO-NHAN.html'].decode()
    assert 'Trần Thị B' in custody and office.fingerprint in custody and '{{' not in custody
    assert hashlib.sha256(office.files['manifest-sha256.txt']).hexdigest() in custody


def test_strange_records_are_packed_as_they_came(office):
    rc, states, found, _, _ = office.verify_json('strange.zip')
    assert rc == 0 and found == [] and len(states) == len(STRANGE) + 1
    second = second_evidence.Package(office.path('strange.zip'), office.fingerprint)
    assert second.findings == [] and second.states == states
    files = second_evidence.files_read(office.path('strange.zip'))
    assert files[RECORDS].startswith(b''.join(s + b'\n' for s in STRANGE))
    custody = files['BIEN-BAN-GIAO-NHAN.html'].decode()
    assert '<script>' not in custody and '{{reason}}' in custody    # filled in once, escaped
    assert '\x1b' not in office.verify('strange.zip')[1]
    said = page_run(unpacked(office, 'strange.zip', 'odd'))
    assert re.findall(r'^(\S+): PROVEN$', said, re.M) == list(states) and 'NOT' not in said


def test_what_is_proven_is_said_in_words(office):
    rc, out, _ = office.verify('some.zip', '--key', office.fingerprint)
    assert rc == 0 and 'ARE in the store' in out and 'Completeness is proven for ranges' in out
    rc, out, _ = office.verify('some.zip')
    assert rc == 0 and "package's own" in out
    rc, out, _ = office.verify('some.zip', env={'TRUCBAN_LANG': 'vi'})
    assert 'đã chứng minh' in out and 'Gói toàn vẹn' in out


def test_a_range_of_numbers_is_proven_complete(office):
    for name, first, last in (('range.tar', 5, 60), ('two.zip', 101, 140)):
        rc, states, _, result, _ = office.verify_json(name)
        assert rc == 0 and result['complete']
        assert (result['first_seq'], result['last_seq']) == (first, last)
        assert len(states) == last - first + 1
        assert second_evidence.Package(office.path(name), office.fingerprint).complete
    _, out, _ = office.verify('two.zip', '--key', office.fingerprint)
    assert 'COMPLETE' in out


def test_the_export_is_in_the_ledger_with_its_reason(office):
    acts = {r['act']: r for r in office.ledger if r['act'].startswith('evidence')}
    asked = [r['_msg'] for r in office.ledger if r['act'] == 'evidence']
    assert any('reason=Công văn 345' in what and 'case=12/2026' in what for what in asked)
    assert office.summary['sha256'] in ''.join(
        r['_msg'] for r in office.ledger if r['act'] == 'evidence-done')
    assert acts['evidence']['who'].startswith('uid ')
    # And what the ledger says can be handed over itself.
    rc, states, _, _, _ = office.verify_json('ledger.zip')
    assert rc == 0 and len(states) >= len(asked) and list(states)[0].startswith('ledger:1:')
    second = second_evidence.Package(office.path('ledger.zip'), office.fingerprint)
    assert second.findings == [] and second.states == states
    with open(office.path('some.zip'), 'rb') as f:
        assert hashlib.sha256(f.read()).hexdigest() == office.summary['sha256']


def test_wrong_questions_are_refused(office):
    for name in ('pipe', 'stats'):
        assert office.refused[name][0] != 0 and 'pipe' in office.refused[name][2]
    assert office.refused['again'][0] == 3 and 'there already' in office.refused['again'][2]
    assert office.refused['nothing'][0] == 3 and 'nothing was found' in office.refused['nothing'][2]
    assert office.refused['beyond'][0] == 3 and 'up to number' in office.refused['beyond'][2]
    assert office.refused['form'][0] != 0 and '{{judge}}' in office.refused['form'][2]
    assert office.refused['tcp'][0] == 403
    assert not os.path.exists(office.path('x.zip'))
    assert [n for n in os.listdir(office.folder) if 'part' in n or n.startswith('.')] == []


def held(office, name='anchor'):
    with open(office.path(name), encoding='utf-8') as f:
        _, size, root = second_verifier.checkpoint_read(f.read())
    return {size: root}


def test_a_package_leads_to_an_anchor_that_others_hold(office):
    against = ('--against', office.path('anchor'))
    rc, _, found, result, _ = office.verify_json('led.zip', None, *against)
    assert rc == 0 and found == []
    assert result['anchors'] == 1 and result['anchored'] == 4   # of the first 120
    second = second_evidence.Package(office.path('led.zip'), office.fingerprint, held(office))
    assert second.findings == [] and second.anchors == list(held(office))
    _, out, _ = office.verify('led.zip', '--key', office.fingerprint, '--against',
                              office.path('anchor'))
    assert "not even the key's owner" in out
    _, out, _ = office.verify('some.zip', '--key', office.fingerprint, '--against',
                              office.path('anchor'))
    assert 'leads to none of the anchors' in out


def test_an_anchor_of_another_history_is_named(office):
    rc, _, found, _, _ = office.verify_json('led.zip', None, '--against', office.path('fork'))
    second = second_evidence.Package(office.path('led.zip'), office.fingerprint,
                                     held(office, 'fork'))
    assert rc == 1 and found == second.findings == [(22, 'data/seal/anchors.txt', 1, '')]
    files = second_evidence.files_read(office.path('led.zip'))
    lines = lines_of(files, 'data/seal/anchors.txt')
    lines[0] = lines[0].rpartition(' ')[0] + ' ' + 'A' * 43 + '='
    _, found = office.tampered(with_lines(files, 'data/seal/anchors.txt', lines))
    assert found == [(21, 'data/seal/anchors.txt', 1, '')]


def test_a_desk_that_was_put_back_cannot_lead_to_an_anchor(office):
    assert office.refused['fork'][0] == 3 and 'another history' in office.refused['fork'][2]
    assert office.refused['back'][0] == 3 and 'rolled back' in office.refused['back'][2]
    assert office.refused['strange'][0] != 0 and 'of this desk' in office.refused['strange'][2]


def test_an_office_has_its_own_form(office):
    files = second_evidence.files_read(office.path('form.zip'))
    assert files['BIEN-BAN-GIAO-NHAN.html'] == b'<p>7 &#38; 8 7</p>'
    assert office.verify_json('form.zip')[0] == 0


# ---- without us ----

def unpacked(office, name, where):
    target = os.path.join(office.folder, where)
    shutil.rmtree(target, ignore_errors=True)
    shutil.unpack_archive(office.path(name), target)
    return os.path.join(target, os.listdir(target)[0])


def page_run(folder):
    """What the page says to type, as it says it."""
    with open(os.path.join(folder, 'CACH-KIEM-TRA.txt'), encoding='utf-8') as f:
        all_of_it = re.search(r'^  (sed .*)$', f.read(), re.M).group(1)
    done = subprocess.run(['bash', '-c', all_of_it], cwd=folder, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600, check=False,
                          env=dict(os.environ, LC_ALL='C'))
    return done.stdout.decode()


def test_the_page_checks_a_package_without_us(office):
    said = page_run(unpacked(office, 'some.zip', 'page'))
    assert said.count(': OK\n') == 11 + 11 + 6 and 'FAILED' not in said
    assert office.fingerprint in said and office.summary['checkpoint'] in said
    assert 'Signature Verified Successfully' in said
    assert re.findall(r'^(\S+): PROVEN$', said, re.M) == list(office.verify_json('some.zip')[1])
    assert 'NOT PROVEN' not in said and 'differ' not in said
    two = re.findall(r'^([A-Za-z0-9+/]{43}=)$', said, re.M)
    assert len(two) == 2 and two[0] == two[1]


def test_the_pages_c2sp_proof_holds(office):
    folder = unpacked(office, 'some.zip', 'c2sp')
    page_run(folder)
    with open(os.path.join(folder, '..', 'leaf.tlog-proof'), encoding='utf-8') as f:
        proof = f.read()
    with open(os.path.join(folder, '..', 'leaf.entry'), 'rb') as f:
        entry = f.read()
    head, _, note = proof.partition('\n\n')
    lines = head.split('\n')
    assert lines[0] == 'c2sp.org/tlog-proof@v1' and lines[1].startswith('index ')
    key = second_verifier.vkey_read(office.vkey)
    _, size, root = second_verifier.checkpoint_read(second_verifier.note_verify(note, [key]))
    path = [second_evidence.unbase(line, 32) for line in lines[2:]]
    assert second_verifier.root_by_proof(second_verifier.leaf_hash(entry), int(lines[1][6:]),
                                         size, path) == root


def test_the_page_finds_a_changed_record(office):
    folder = unpacked(office, 'some.zip', 'changed')
    with open(os.path.join(folder, RECORDS), 'r+b') as f:
        f.seek(20)
        old = f.read(1)
        f.seek(20)
        f.write(bytes([old[0] ^ 1]))
    said = page_run(folder)
    assert 'data/records.log: FAILED' in said and 'NOT PROVEN' in said


def test_a_folder_that_was_unpacked_is_checked_too(office):
    folder = unpacked(office, 'some.zip', 'folder')
    rc, out, _ = office.verify(os.path.relpath(folder, office.folder), '--key', office.fingerprint)
    assert rc == 0 and 'whole' in out


# ---- tampering, with manifests made anew ----

def test_a_changed_octet_names_its_line(office):
    octets = bytearray(office.files[RECORDS])
    third = octets.index(b'\n', octets.index(b'\n') + 1) + 1
    octets[third + 30] ^= 1
    states, found = office.tampered(dict(office.files, **{RECORDS: bytes(octets)}))
    name = list(states)[2]
    assert found == [(16, RECORDS, 3, name)]
    assert states[name] == 'changed' and list(states.values()).count('proven') == 6


def test_a_longer_line_is_named_and_no_other(office):
    lines = lines_of(office.files, RECORDS)
    lines[1] += ' and more'
    states, found = office.tampered(with_lines(office.files, RECORDS, lines))
    assert found == [(16, RECORDS, 2, list(states)[1])]


@pytest.mark.parametrize('at', [0, 3, 6])
def test_a_dropped_line_is_named(office, at):
    lines = lines_of(office.files, RECORDS)
    del lines[at]
    states, found = office.tampered(with_lines(office.files, RECORDS, lines))
    assert found == [(16, RECORDS, at + 1, list(states)[at])]
    assert list(states.values()).count('missing') == 1


@pytest.mark.parametrize('at', [0, 3, 5])
def test_two_swapped_lines_are_named(office, at):
    lines = lines_of(office.files, RECORDS)
    lines[at], lines[at + 1] = lines[at + 1], lines[at]
    states, found = office.tampered(with_lines(office.files, RECORDS, lines))
    assert {f[3] for f in found} == set(list(states)[at:at + 2])
    assert list(states.values()).count('changed') == 2


@pytest.mark.parametrize('at', [0, 4, 7])
def test_an_added_line_is_named(office, at):
    lines = lines_of(office.files, RECORDS)
    lines.insert(at, 'this never came')
    states, found = office.tampered(with_lines(office.files, RECORDS, lines))
    assert found == [(17, RECORDS, at + 1, '')] and set(states.values()) == {'proven'}


def rows_at(lines):
    return [i for i, line in enumerate(lines) if line.startswith('row ')]


def test_two_swapped_proofs_are_named(office):
    lines = lines_of(office.files, PROOFS)
    a, b = rows_at(lines)[:2]
    lines[a], lines[b] = lines[b], lines[a]
    states, found = office.tampered(with_lines(office.files, PROOFS, lines))
    assert (13, PROOFS, b + 1, '') in found
    assert 'proven' not in list(states.values())[:2]


def test_two_swapped_salts_are_named(office):
    lines = lines_of(office.files, PROOFS)
    a, b = rows_at(lines)[:2]
    one, two = lines[a].split(' '), lines[b].split(' ')
    one[6], two[6] = two[6], one[6]
    lines[a], lines[b] = ' '.join(one), ' '.join(two)
    states, found = office.tampered(with_lines(office.files, PROOFS, lines))
    assert {(f[1], f[2]) for f in found} == {(RECORDS, 1), (RECORDS, 2)}


def test_a_changed_digest_is_named_and_the_record_stays_proven(office):
    lines = lines_of(office.files, PROOFS)
    a, b = rows_at(lines)[:2]
    one = lines[a].split(' ')
    one[7] = lines[b].split(' ')[7]
    lines[a] = ' '.join(one)
    states, found = office.tampered(with_lines(office.files, PROOFS, lines))
    assert found == [(15, PROOFS, a + 1, '')] and set(states.values()) == {'proven'}


def test_a_receive_time_cannot_be_moved(office):
    lines = lines_of(office.files, PROOFS)
    a = rows_at(lines)[3]
    row = lines[a].split(' ')
    row[3] = str(int(row[3]) - 3600 * 10**9)
    lines[a] = ' '.join(row)
    states, found = office.tampered(with_lines(office.files, PROOFS, lines))
    assert found == [(16, RECORDS, 4, list(states)[3])]


def test_a_digest_made_anew_proves_nothing(office):
    """Line and digest fit each other; the digests beside them do not."""
    lines, records = lines_of(office.files, PROOFS), lines_of(office.files, RECORDS)
    package = second_evidence.Package(office.path('some.zip'), office.fingerprint)
    parsed = second_evidence.Lines('\n'.join(lines))
    package.claim(parsed)
    row = second_evidence.Leaf(parsed, 'raw').rows[0]
    records[0] = records[0].replace('zq', 'qz', 1)
    part = lines[row.line - 1].split(' ')
    part[7] = second_evidence.base64.b64encode(row.computed(records[0].encode())).decode()
    lines[row.line - 1] = ' '.join(part)
    files = with_lines(with_lines(office.files, PROOFS, lines), RECORDS, records)
    states, found = office.tampered(files)
    assert {f[:2] for f in found} == {(15, PROOFS)}
    assert states[list(states)[0]] == 'not included'


def test_another_leafs_entry_is_named(office):
    lines = lines_of(office.files, PROOFS)
    a, b = [i for i, line in enumerate(lines) if line.startswith('entry ')][:2]
    lines[a], lines[b] = lines[b], lines[a]
    states, found = office.tampered(with_lines(office.files, PROOFS, lines))
    assert {f[0] for f in found} >= {14} and {f[1] for f in found} == {PROOFS} | \
        ({RECORDS} if any(f[1] == RECORDS for f in found) else set())
    assert 'proven' not in states.values()


def test_another_checkpoint_is_named(office):
    """One of the same desk, of a smaller tree."""
    other = second_evidence.files_read(office.path('range.tar'))
    names = ['data/seal/checkpoint', 'data/seal/signed.txt', 'data/seal/signature.bin']
    states, found = office.tampered(dict(office.files, **{n: other[n] for n in names}))
    assert {f[0] for f in found} == {14} and set(states.values()) == {'not included'}
    # And one whose signature is another note's.
    states, found = office.tampered(dict(office.files, **{names[1]: other[names[1]]}))
    assert found == [(9, names[1], 0, '')]


def test_another_key_is_named(office, tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        with open(os.path.join(desk.state, 'key', 'seal.vkey'), 'rb') as f:
            vkey = f.read()
    _, found = office.tampered(dict(office.files, **{'data/seal/seal.vkey': vkey}))
    assert found == [(7, 'data/seal/seal.vkey', 0, '')]
    # Who trusts the other key, too, is told that it did not sign.
    files = dict(office.files, **{'data/seal/seal.vkey': vkey})
    states, found = office.tampered(files, key=vkey.decode().strip())
    assert (8, 'data/seal/checkpoint', 0, '') in found
    assert set(states.values()) == {'not included'}


@pytest.mark.parametrize('at', [0, 3, 6])
def test_fields_of_a_record_that_are_gone_or_double_are_named(office, at):
    lines = lines_of(office.files, 'data/records.ndjson')
    name = json.loads(lines[at])['_seq']
    fewer, more = lines[:at] + lines[at + 1:], lines[:at] + [lines[at]] + lines[at:]
    states, found = office.tampered(with_lines(office.files, 'data/records.ndjson', fewer))
    assert found == [(19, 'data/records.ndjson', at + 1, name)]
    states, found = office.tampered(with_lines(office.files, 'data/records.ndjson', more))
    assert len(found) == 1 and set(states.values()) == {'proven'}


def test_a_replaced_key_leads_to_the_new_one(office, tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        with open(os.path.join(desk.state, 'key', 'seal.vkey'), encoding='utf-8') as f:
            first = f.read().strip()
        for reason in ('yearly', 'again, by order'):
            desk.command('key', 'rotate', '--reason', reason)
        sent = Sent()
        sent.tcp(desk.port['tcp'], 5)
        assert_kept(desk, sent, all_of=True)
        office.export(desk, '*', '-o', office.path('keys.zip'))
    rc, states, found, result, _ = office.verify_json('keys.zip', first)
    assert rc == 0 and found == [] and result['trusted_key'] and len(states) == 5
    assert second_evidence.Package(office.path('keys.zip'), first).states == states
    files = second_evidence.files_read(office.path('keys.zip'))
    lines = lines_of(files, 'data/seal/keys.txt')
    assert [line.split(' ')[0] for line in lines[:5]] == ['old', 'new', 'reason', 'signature', '']
    said = page_run(unpacked(office, 'keys.zip', 'rotated'))
    assert said.count('Signature Verified Successfully') == 3 and said.count(': PROVEN\n') == 5
    # A link that the old key has not signed leads nowhere.
    bad = lines[:3] + lines[8:9] + lines[4:]
    _, found = office.tampered(with_lines(files, 'data/seal/keys.txt', bad), first)
    assert (7, 'data/seal/seal.vkey', 0, '') in found
    own = files['data/seal/seal.vkey'].decode().strip()
    _, found = office.tampered(with_lines(files, 'data/seal/keys.txt', bad), own)
    assert found == [(23, 'data/seal/keys.txt', 1, '')]


def test_a_claim_that_is_not_so_is_named(office):
    lines = lines_of(office.files, PROOFS)
    lines[3] = 'claim range 4 120'
    _, found = office.tampered(with_lines(office.files, PROOFS, lines))
    assert found == [(20, PROOFS, 4, '')]


def test_files_without_their_sums_are_named(office):
    """Manifests as they were: each file is named by what it is."""
    for name, rule in (('data/records.ndjson', 6), ('data/export.json', 6), ('bag-info.txt', 6)):
        files = dict(office.files, **{name: office.files[name].replace(b'Tr', b'tr')})
        if files[name] == office.files[name]:
            files[name] = files[name].replace(b'"', b"'", 1)
        evidence_pack.zip_put(office.path('bad.zip'), files)
        rc, _, found, _, _ = office.verify_json('bad.zip')
        assert rc == 1 and (rule, name, 0, '') in found
    files = {n: f for n, f in office.files.items() if n != 'data/seal/seal.pem'}
    evidence_pack.zip_put(office.path('bad.zip'), evidence_pack.manifests(files))
    rc, _, found, _, _ = office.verify_json('bad.zip')
    assert rc == 1 and (5, 'data/seal/seal.pem', 0, '') in found


# ---- packages by an attacker ----

def hostile(files):
    pairs = [(n, files[n]) for n in evidence_pack.ORDER]
    yield 'a way out', [('../../etc/passwd', b'x')] + pairs
    yield 'a name twice', pairs + [pairs[2]]
    yield 'a strange file', pairs + [('data/run-me.exe', b'MZ')]
    yield 'no package', []


def test_hostile_archives_are_refused_with_a_sentence(office):
    for what, pairs in hostile(office.files):
        evidence_pack.zip_put(office.path('bad.zip'), pairs)
        rc, out, err = office.verify('bad.zip', '--key', office.fingerprint)
        assert rc == 1 and 'rule' in err and 'proven' not in out, what
    with open(office.path('some.zip'), 'rb') as f:
        whole = f.read()
    for what, octets in (('cut short', whole[:-100]), ('added to', whole + b'x'),
                         ('in front', b'x' + whole), ('empty', b''),
                         ('a huge size', whole.replace(whole[18:26], b'\xff' * 8)),
                         ('compressed', whole[:8] + b'\x08' + whole[9:])):
        with open(office.path('bad.zip'), 'wb') as f:
            f.write(octets)
        rc, out, err = office.verify('bad.zip', '--key', office.fingerprint)
        assert rc == 1 and 'rule' in err and 'proven' not in out, what
    rc, _, err = office.verify('nosuch.zip', '--key', office.fingerprint)
    assert rc == 3 and 'nosuch.zip' in err


def test_links_in_a_folder_are_not_followed(office):
    folder = unpacked(office, 'some.zip', 'links')
    os.remove(os.path.join(folder, RECORDS))
    os.symlink('/etc/passwd', os.path.join(folder, RECORDS))
    rc, out, _ = office.verify(os.path.relpath(folder, office.folder), '--key', office.fingerprint)
    assert rc != 0 and 'root:' not in out
