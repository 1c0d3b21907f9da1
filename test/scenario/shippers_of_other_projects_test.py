# SPDX-License-Identifier: Apache-2.0
"""Loki, OpenTelemetry and Splunk's collector: their clients' bodies, by curl and by hand."""

import gzip
import json
import subprocess

import pytest
import zstandard

import messages
import senders
from harness import Desk, until

NS = 1790000000123456789
PROTO = {'Content-Type': 'application/x-protobuf'}
JSON = {'Content-Type': 'application/json'}


def curl(*args):
    """(status, body) of what curl got."""
    done = subprocess.run(['curl', '-sS', '-w', '\n%{http_code}', *args], check=True,
                          stdout=subprocess.PIPE, timeout=30)
    body, _, status = done.stdout.decode().rpartition('\n')
    return int(status), body


def url(desk, path):
    return 'http://127.0.0.1:%d%s' % (desk.port['http'], path)


@pytest.fixture(scope='module')
def desk(tmp_path_factory):
    with Desk(tmp_path_factory.mktemp('desk'), listen=('http',)) as d:
        yield d


def raw(desk, query):
    _, out, _ = desk.command('search', '--raw', '--limit', '0', query)
    return out.splitlines()


def rows(desk, ids, n):
    """The n records with these ids, in the order of the ids."""
    found = until('%d records' % n, lambda: (lambda r: r if len(r) >= n else None)(
        desk.search(ids.prefix + '*')))
    assert len(found) == n
    return sorted(found, key=lambda r: r['_msg'])


# ---- Loki ----

def test_loki_by_curl(desk):
    ids = senders.Ids()
    first, second = ids.next(), ids.next()
    body = ('{"streams":[{"stream":{"app":"cổng","host":"may01"},"values":[["%d","%s \\u0111"],'
            '["%d","%s",{"trace_id":"0af7"}]]}]}' % (NS, first, NS + 1, second))
    status, said = curl(url(desk, '/loki/api/v1/push'), '-H', 'Content-Type: application/json',
                        '-d', body)
    assert (status, said) == (204, '')
    one, two = rows(desk, ids, 2)
    assert one['_time'] == '2026-09-21T14:13:20.123456789Z' and one['_msg'] == first + ' đ'
    assert one['_stream'] == '{app_name="cổng",hostname="may01"}' and two['trace_id'] == '0af7'
    assert raw(desk, first) == ['{"_time":"%d","_msg":"%s \\u0111","stream":{},"app":"cổng",'
                                '"host":"may01"}' % (NS, first)]


def loki_streams(ids, n):
    return [({'job': 'syslog', 'instance': 'fw01'}, [
        (NS + i, '%s dòng "%d"\n\\' % (ids.next(), i), {'user': 'u%d' % i} if i % 3 == 0 else {})
        for i in range(n)])]


@pytest.mark.parametrize('way', ['snappy', 'gzip', 'zstd', 'json', 'json-gzip'])
def test_loki_in_every_form_is_the_same_record(desk, way):
    ids = senders.Ids()
    streams = loki_streams(ids, 200)
    head, body = dict(PROTO), messages.loki_proto(streams)
    if way.startswith('json'):
        head = dict(JSON)
        body = json.dumps(messages.loki_json(streams), ensure_ascii=False).encode()
    if way == 'snappy':
        body = messages.snappy(body)
    elif way.endswith('gzip'):
        head['Content-Encoding'], body = 'gzip', gzip.compress(body)
    elif way == 'zstd':
        head['Content-Encoding'], body = 'zstd', zstandard.compress(body)
    conn = senders.connection(desk.port['http'])
    assert senders.request(conn, 'POST', '/insert/loki/api/v1/push', body, head) == (204, b'')
    for i, row in enumerate(rows(desk, ids, 200)):
        assert row['_msg'] == streams[0][1][i][1]
        part = ('%09d' % (123456789 + i)).rstrip('0')
        assert row['_time'] == '2026-09-21T14:13:20.%sZ' % part
        assert row['_stream'] == '{app_name="syslog",hostname="fw01"}'
        assert row.get('user') == ('u%d' % i if i % 3 == 0 else None)


# ---- OpenTelemetry ----

def otlp_groups(ids):
    logs = [{'time': NS + i, 'severity': 9, 'severity_text': 'INFO',
             'body': '%s đăng nhập' % ids.next(), 'trace': '5b8efff798038103d269b633813fc60c',
             'attributes': {'http.status': 200 + i, 'list': ['a', 1, {'b': None}], 'rate': 0.5,
                            'deep': {'er': {'k': True}}, 'raw': b'\x00\xff'}} for i in range(3)]
    logs.append({'observed': NS, 'body': {'message': ids.next(), 'n': 1}})
    return [({'service.name': 'cổng', 'host.name': 'may01', 'k8s.pod.name': 'p1'},
             ('lib', '1.2'), logs)]


@pytest.mark.parametrize('way', ['proto', 'json', 'proto-gzip', 'json-zstd'])
def test_opentelemetry_in_every_form_is_the_same_record(desk, way):
    ids = senders.Ids()
    groups = otlp_groups(ids)
    head, body = dict(PROTO), messages.otlp_proto(groups)
    if way.startswith('json'):
        head = dict(JSON)
        body = json.dumps(messages.otlp_json(groups), ensure_ascii=False).encode()
    if way.endswith('gzip'):
        head['Content-Encoding'], body = 'gzip', gzip.compress(body)
    elif way.endswith('zstd'):
        head['Content-Encoding'], body = 'zstd', zstandard.compress(body)
    conn = senders.connection(desk.port['http'])
    status, said = senders.request(conn, 'POST', '/v1/logs', body, head)
    assert (status, said) == (200, b'{}' if way.startswith('json') else b'')
    one, _, _, last = rows(desk, ids, 4)
    assert one['_time'] == '2026-09-21T14:13:20.123456789Z'
    assert one['_stream'] == '{app_name="cổng",hostname="may01"}'
    assert one['service.name'] == 'cổng' and one['otel.scope.version'] == '1.2'
    assert one['list'] == '["a",1,{"b":null}]' and one['deep.er.k'] == 'true'
    assert one['raw.bytesValue'] == 'AP8=' and one['rate'] == '0.5'
    assert one['http.status'] == '200' and one['severity_text'] == 'INFO'
    assert last['body.n'] == '1' and last['_time'].startswith('2026-09-21T14:13:20.123456789')


def test_opentelemetry_by_curl(desk):
    ids = senders.Ids()
    body = json.dumps(messages.otlp_json(otlp_groups(ids)))
    status, said = curl(url(desk, '/insert/opentelemetry/v1/logs'), '-H',
                        'Content-Type: application/json', '-d', body)
    assert (status, said) == (200, '{}')
    rows(desk, ids, 4)


def test_what_is_broken_is_refused_with_the_place(desk):
    before = desk.metric('intake_requests_bad_total{listener="http"}')
    conn = senders.connection(desk.port['http'])
    status, said = senders.request(conn, 'POST', '/v1/logs', b'\x0a\x7f', PROTO)
    assert status == 400 and b'broken protobuf message at octet 0' in said
    status, said = senders.request(conn, 'POST', '/loki/api/v1/push', b'{"streams":[7]}', JSON)
    assert (status, said) == (400, b'a stream that is no object at octet 13\n')
    status, said = senders.request(conn, 'POST', '/loki/api/v1/push', b'\x05xx', PROTO)
    assert (status, said) == (400, b'broken snappy block\n')
    status, said = senders.request(conn, 'POST', '/services/collector', b'{"event":1}x', JSON)
    assert status == 400 and json.loads(said)['invalid-event-number'] == 1
    until('the counter',
          lambda: desk.metric('intake_requests_bad_total{listener="http"}') == before + 4)


def test_labels_that_make_a_small_body_a_large_one_are_refused(desk):
    body = json.dumps({'streams': [{'stream': {'app': 'x' * 5000},
                                    'values': [['1', 'x']] * 4000}]})
    conn = senders.connection(desk.port['http'])
    status, said = senders.request(conn, 'POST', '/loki/api/v1/push', body.encode(), JSON)
    assert status == 413 and b'200 times' in said, (status, said)


# ---- Splunk's collector ----

def test_splunk_by_curl(desk):
    ids = senders.Ids()
    envelope = ('{"time": 1790000000.123, "host":"fw01", "source":"/var/log/x", '
                '"sourcetype":"cisco:asa", "index":"main", "event":{"message":"%s","n":1}, '
                '"fields":{"unit":"so-tttt"}}' % ids.next())
    plain = '{"event":"%s chữ","host":"fw02"}' % ids.next()
    status, said = curl(url(desk, '/services/collector/event'), '-H', 'Authorization: Splunk x',
                        '-d', envelope + plain)
    assert (status, json.loads(said)) == (200, {'text': 'Success', 'code': 0})
    one, two = rows(desk, ids, 2)
    assert one['_time'] == '2026-09-21T14:13:20.123Z' and one['fields.unit'] == 'so-tttt'
    assert one['_stream'] == '{app_name="cisco:asa",hostname="fw01"}' and one['index'] == 'main'
    assert two['_stream'] == '{hostname="fw02"}'
    assert raw(desk, ids.prefix + '0000001') == [envelope]
    assert raw(desk, ids.prefix + '0000002') == [plain]


def test_splunk_raw_lines_are_their_own_octets(desk):
    ids = senders.Ids()
    lines = ['<34>Oct 11 22:14:15 mymachine su[12]: ' + ids.next(), ids.next() + ' nothing known']
    status, said = curl(url(desk, '/services/collector/raw?channel=1&host=fw03&sourcetype=asa'),
                        '--data-binary', '\n'.join(lines))
    assert status == 200 and json.loads(said)['code'] == 0
    one, two = rows(desk, ids, 2)
    assert one['_stream'] == '{app_name="su",hostname="mymachine"}'
    assert two['_stream'] == '{app_name="asa",hostname="fw03"}'
    assert raw(desk, ids.prefix + '0000001') == lines[:1]
    ack = json.loads(said)['ackId']
    status, said = curl(url(desk, '/services/collector/ack?channel=1'), '-d',
                        json.dumps({'acks': [ack]}))
    assert (status, json.loads(said)) == (200, {'acks': {str(ack): True}})
    status, said = curl(url(desk, '/services/collector/health'))
    assert (status, json.loads(said)['code']) == (200, 17)


def test_splunk_clients_need_their_token_where_there_are_any(tmp_path):
    tokens = tmp_path / 'tokens'
    tokens.write_text('fw01 11111111-2222-3333-4444-555555555555\n')
    with Desk(tmp_path / 'desk', listen=('http',),
              options={'http': {'token_file': str(tokens)}}) as desk:
        where = url(desk, '/services/collector')
        status, said = curl(where, '-d', '{"event":"x"}')
        assert (status, json.loads(said)['code']) == (401, 2)
        status, said = curl(where, '-H',
                            'Authorization: Splunk 11111111-2222-3333-4444-555555555555',
                            '-d', '{"event":"x"}')
        assert (status, json.loads(said)['code']) == (200, 0)


# ---- the promise ----

def test_acknowledged_records_survive_the_death_of_the_desk(tmp_path):
    ids, kept = senders.Ids(), []
    with Desk(tmp_path, listen=('http',)) as desk:
        conn = senders.connection(desk.port['http'])
        ways = [('/loki/api/v1/push', PROTO, lambda: messages.snappy(messages.loki_proto(
                    [({'a': 'b'}, [(NS, ids.next(), {})])])), 204),
                ('/v1/logs', PROTO, lambda: messages.otlp_proto(
                    [({}, ('', ''), [{'body': ids.next()}])]), 200),
                ('/services/collector', JSON, lambda: b'{"event":"%s"}' % ids.next().encode(), 200),
                ('/upload', {}, lambda: b'MESSAGE=%s\n\n' % ids.next().encode(), 202)]
        for i in range(40):
            path, head, body, good = ways[i % len(ways)]
            assert senders.request(conn, 'POST', path, body(), head)[0] == good
            kept.append('%s%07d' % (ids.prefix, ids.n))
        desk.kill()
        desk.start()
        found = until('all', lambda: (lambda f: f if len(f) == 40 else None)(
            desk.found(ids.prefix)))
        assert set(found) == set(kept) and set(found.values()) == {1}
