# SPDX-License-Identifier: Apache-2.0
"""What was noted of a record at its arrival (_flags) can be searched, counted and shown."""

import senders
from harness import Desk, Sent, until

# A word of each record, and what is to be noted of it.
RECORDS = [
    (b'<13>1 2020-01-01T00:00:00Z h a - - - plain', set()),
    (b'<13>1 2020-01-01T00:00:00Z h a - - - broken \xff\xfe', {'not_utf8'}),
    (b'<13>1 2020-01-01T00:00:00Z h a - - - zero \0 in it', {'has_nul'}),
    (b'<13>1 - h a - - - timeless', {'time_none'}),
    (b'<13>1 1969-01-01T00:00:00Z h a - - - ancient', {'time_unreadable'}),
    (b'<13>1 2190-01-01T00:00:00Z h a - - - future', {'time_ahead'}),
    (b'<13>1 - h a - - - both \xff and \0', {'not_utf8', 'has_nul', 'time_none'}),
]
FLAGS = sorted(set().union(*(flags for _, flags in RECORDS)))


def number(row):
    return int(row['_seq'].rpartition(':')[2])


def sequences(desk, query):
    return sorted(number(row) for row in desk.search(query + ' | fields _seq'))


def expected(wanted):
    return [i + 1 for i, (_, flags) in enumerate(RECORDS) if wanted(flags)]


def check(desk):
    for flag in FLAGS:
        assert sequences(desk, '_flags:' + flag) == expected(lambda f, x=flag: x in f), flag
        assert sequences(desk, '!_flags:' + flag) == expected(lambda f, x=flag: x not in f), flag
        assert sequences(desk, '_flags:=' + flag) == expected(lambda f, x=flag: f == {x}), flag
    assert sequences(desk, '_flags:(not_utf8 has_nul)') == expected(
        {'not_utf8', 'has_nul'}.issubset)
    assert sequences(desk, '_flags:(not_utf8 or time_ahead)') == expected(
        lambda f: f & {'not_utf8', 'time_ahead'})
    assert sequences(desk, '_flags:in(has_nul,time_none)') == expected(
        lambda f: f in ({'has_nul'}, {'time_none'}))
    assert sequences(desk, '_flags:time_*') == expected(
        lambda f: any(x.startswith('time_') for x in f))
    assert sequences(desk, '_flags:""') == expected(lambda f: not f)
    assert sequences(desk, '_flags:*') == expected(bool)
    assert sequences(desk, '_flags:cut') == []
    shown = {number(row): set(row.get('_flags', '').split(' ')) - {''}
             for row in desk.search('* | fields _seq, _flags')}
    assert [shown[i + 1] for i in range(len(RECORDS))] == [flags for _, flags in RECORDS]


def test_flags_are_found_in_the_journal_and_in_a_segment(tmp_path):
    with Desk(tmp_path, listen=('tcp', 'relp')) as desk:
        senders.tcp_send(desk.port['tcp'], [record for record, _ in RECORDS], framing='count')
        until('the records', lambda: len(desk.search()) == len(RECORDS))
        check(desk)
        status, _ = senders.request(desk.front(), 'POST', '/trucban/ask', 'what=flush',
                                    {'Content-Type': 'application/x-www-form-urlencoded'})
        assert status == 200
        check(desk)
        sent = Sent()
        sent.relp(desk.port['relp'], 3)
        assert len(desk.search('_flags:*')) == len(expected(bool))
