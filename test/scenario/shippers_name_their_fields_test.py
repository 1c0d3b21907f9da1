# SPDX-License-Identifier: Apache-2.0
"""VictoriaLogs' arguments and headers say what message, time and stream of pushed records are."""

import http.client

import senders
from harness import Desk, until

EVENT = {'msg': 'usual', 'note': {'text': 'chosen'}, 'time': '2026-03-01T10:00:00Z',
         'made': '2026-03-01T11:00:00Z', 'host': 'may01', 'app': 'usual-app', 'pod': 'web-7'}
ARGUMENTS = '?_msg_field=none,note.text&_time_field=made&_stream_fields=host,pod'
HEADERS = {'VL-Msg-Field': 'none,note.text', 'VL-Time-Field': 'made',
           'VL-Stream-Fields': 'host,pod'}


def test_the_named_fields_are_the_message_the_time_and_the_stream(tmp_path):
    ways = [(senders.jsonline_send, '/insert/jsonline'), (senders.bulk_send, '/_bulk')]
    with Desk(tmp_path, listen=('http',)) as desk:
        conn = http.client.HTTPConnection('127.0.0.1', desk.port['http'], timeout=20)
        for number, (send, path) in enumerate(ways):
            assert send(conn, [dict(EVENT, way='usual%d' % number)], path)
            assert send(conn, [dict(EVENT, way='argument%d' % number)], path + ARGUMENTS)
            assert send(conn, [dict(EVENT, way='header%d' % number)], path, HEADERS)
            # the argument wins over the header
            assert send(conn, [dict(EVENT, way='both%d' % number)], path + '?_msg_field=pod',
                        dict(HEADERS, **{'VL-Stream-Fields': ''}))
        for number in range(len(ways)):
            row, = desk.search('{app="usual-app"} way:=usual%d' % number)
            assert (row['_msg'], row['_time'][:13]) == ('usual', '2026-03-01T10'), row
            for way in ('argument', 'header'):
                row, = desk.search('{app="web-7",host="may01"} way:=%s%d' % (way, number))
                assert (row['_msg'], row['_time'][:13]) == ('chosen', '2026-03-01T11'), row
            row, = desk.search('{app="usual-app"} way:=both%d' % number)
            assert row['_msg'] == 'web-7', row


def test_host_and_application_are_asked_for_by_one_name(tmp_path):
    """Whatever a record calls them: syslog, Elastic's names, Windows, or nothing at all."""
    events = [{'host': {'name': 'may01'}, 'service': 'thu', 'message': 'mot'},
              {'Computer': 'may02', 'Channel': 'Security', 'message': 'hai'},
              {'hostname': 'may01', 'host': 'khac', 'app_name': 'thu', 'message': 'ba'},
              {'message': 'bon'}]
    with Desk(tmp_path, listen=('http', 'tcp')) as desk:
        senders.tcp_send(desk.port['tcp'], [senders.rfc5424('nam', host='may01', app='thu')])
        senders.bulk_send(senders.connection(desk.port['http']), events)
        until('the records', lambda: len(desk.search()) == 5)
        for stored in ('in the journal', 'in a segment'):
            def told(query):
                return sorted(r['_msg'].split()[0] for r in desk.search(query))
            assert told('hostname:=may01') == ['ba', 'mot', 'nam'], stored
            assert told('hostname:may02 app_name:security') == ['hai'], stored
            assert told('app_name:~"^th"') == ['ba', 'mot', 'nam'], stored
            assert told('hostname:""') == ['bon'], stored
            counts = {r.get('hostname', ''): r['n'] for r in
                      desk.search('* | stats by (hostname) count() n')}
            assert counts == {'may01': '3', 'may02': '1', '': '1'}, stored
            senders.request(desk.front(), 'POST', '/trucban/ask', 'what=flush&argument=', {
                'Content-Type': 'application/x-www-form-urlencoded'})
