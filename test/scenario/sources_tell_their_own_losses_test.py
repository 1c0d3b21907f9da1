# SPDX-License-Identifier: Apache-2.0
"""What rsyslog, journald, auditd say of records that they dropped is in the coverage."""

import json

import senders
from harness import Desk, until

LINES = [
    ('rsyslogd', 'imuxsock lost 120 messages from pid 4711 due to rate-limiting'),
    ('rsyslogd', 'imjournal: 30 messages lost due to rate-limiting (20000 allowed)'),
    ('systemd-journald', 'Suppressed 1500 messages from sshd.service'),
    ('systemd-journald', 'Missed 7 kernel messages'),
    # A total since the machine's start: of the first only what made it speak counts, one ...
    ('kernel', 'audit: audit_lost=10 audit_rate_limit=0 audit_backlog_limit=64'),
    ('kernel', 'audit: audit_lost=25 audit_rate_limit=0 audit_backlog_limit=64'),
    # ... and a smaller one is of a machine that began again.
    ('kernel', 'audit: audit_lost=4 audit_rate_limit=0 audit_backlog_limit=64'),
    # Another program says it.
    ('thu', 'imuxsock lost 9999 messages'),
]


def told(desk):
    """(who, what) -> (records, lost)"""
    _, out, _ = desk.command('coverage', '--json', check=False)
    rows = [json.loads(line) for line in out.splitlines()]
    return {(r['told_by'], r['what']): (int(r['records']), int(r['lost']))
            for r in rows if r['kind'] == 'told'}


def test_each_program_is_understood(tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        for host, lines in (('may07', LINES), ('may08', LINES[:1])):
            senders.tcp_send(desk.port['tcp'], [
                ('<134>1 %s %s %s - - - %s' % (senders.stamp(), host, app, text)).encode()
                for app, text in lines])
        until('all', lambda: len(desk.search('*')) == len(LINES) + 1)
        seven, eight = ('tcp/127.0.0.1/may07', 'tcp/127.0.0.1/may08')
        assert told(desk) == {
            (seven, 'rsyslog-rate'): (2, 150), (seven, 'journald-rate'): (1, 1500),
            (seven, 'kernel-ring'): (1, 7), (seven, 'audit-queue'): (3, 20),
            (eight, 'rsyslog-rate'): (1, 120)}
        rc, text, _ = desk.command('coverage', check=False)
        assert rc == 1
        assert "1,500 records dropped by journald's rate limit, as it says itself" in text, text


def test_a_number_that_is_none_counts_nothing(tmp_path):
    with Desk(tmp_path, listen=('tcp',)) as desk:
        for text in ('imuxsock lost 99999999999999999999999999 messages',
                     'imuxsock lost -5 messages', 'imuxsock lost 5', 'imuxsock lost  messages'):
            senders.tcp_send(desk.port['tcp'], [
                ('<134>1 %s may07 rsyslogd - - - %s' % (senders.stamp(), text)).encode()])
        until('all', lambda: len(desk.search('*')) == 4)
        assert told(desk) == {}
