# SPDX-License-Identifier: Apache-2.0
"""Sends records as the field does: syslog over UDP, TCP and TLS, JSON over HTTP.

Every record carries an id that is one word of letters and digits, so that any search finds it and
no two runs share one: see Ids.
"""

import base64
import http.client
import json
import secrets
import socket
import time


class Ids:
    """Makes ids such as zq3f9a0c0000017: a run's own prefix and a number."""

    def __init__(self, prefix=None):
        self.prefix = prefix if prefix is not None else 'zq' + secrets.token_hex(4)
        self.n = 0

    def next(self):
        self.n += 1
        return '%s%07d' % (self.prefix, self.n)

    def many(self, n):
        return [self.next() for _ in range(n)]


def stamp(when=None, offset='Z'):
    """RFC 3339 with microseconds."""
    when = time.time() if when is None else when
    whole = int(when)
    return '%s.%06d%s' % (time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(whole)),
                          int((when - whole) * 1000000), offset)


def rfc5424(ident, text='trực ban kiểm tra', host='may01', app='thu', pid='100', pri=134,
            data='-', when=None):
    """One RFC 5424 message as octets; the id is the message's first word."""
    return ('<%d>1 %s %s %s %s - %s %s %s' % (pri, stamp(when), host, app, pid, data, ident,
                                             text)).encode()


def rfc3164(ident, text='kiem tra', host='may01', app='thu', pid='100', pri=134, when=None):
    """One message of the old sort: local time, no year."""
    when = time.localtime(time.time() if when is None else when)
    return ('<%d>%s %s %s[%s]: %s %s' % (pri, time.strftime('%b %e %H:%M:%S', when), host, app,
                                        pid, ident, text)).encode()


def event(ident, **fields):
    """A JSON event as a dict."""
    record = {'@timestamp': stamp(), 'host': {'name': 'may01'}, 'EventID': 4625,
              'message': ident + ' đăng nhập thất bại'}
    record.update(fields)
    return record


# ---- syslog ----

def udp_send(port, messages, host='127.0.0.1', pause=0.0):
    """One datagram each. UDP promises nothing; a pause now and then keeps buffers from filling."""
    family = socket.AF_INET6 if ':' in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        for i, message in enumerate(messages):
            sock.sendto(message, (host, port))
            if pause and i % 64 == 63:
                time.sleep(pause)


def tcp_frames(messages, framing='count'):
    """RFC 6587: 'count' = octet counting, 'lf' = one line each."""
    if framing == 'count':
        return b''.join(b'%d %s' % (len(m), m) for m in messages)
    return b''.join(m + b'\n' for m in messages)


def tcp_connect(port, host='127.0.0.1', tls=None, timeout=10.0):
    sock = socket.create_connection((host, port), timeout)
    return tls.wrap_socket(sock, server_hostname=host) if tls is not None else sock


def tcp_send(port, messages, framing='count', host='127.0.0.1', tls=None, timeout=10.0):
    """All in one connection, closed in order: the server has read everything when this returns."""
    with tcp_connect(port, host, tls, timeout) as sock:
        sock.sendall(tcp_frames(messages, framing))
        if tls is not None:
            sock.unwrap()
            return
        sock.shutdown(socket.SHUT_WR)
        # A server that has read to the end closes its side too.
        while sock.recv(4096):
            pass


# ---- HTTP ----

class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket: how the commands talk to the desk."""

    def __init__(self, path, timeout=30.0):
        super().__init__('localhost', timeout=timeout)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def connection(port, host='127.0.0.1', tls=None, timeout=30.0):
    if tls is not None:
        return http.client.HTTPSConnection(host, port, timeout=timeout, context=tls)
    return http.client.HTTPConnection(host, port, timeout=timeout)


def request(conn, method, path, body=None, headers=None):
    """(status, octets of the answer)."""
    conn.request(method, path, body, headers or {})
    answer = conn.getresponse()
    return answer.status, answer.read()


def basic(user, password):
    word = base64.b64encode(('%s:%s' % (user, password)).encode()).decode()
    return {'Authorization': 'Basic ' + word}


def bulk_body(events, action='create', index='logs'):
    lines = []
    for e in events:
        lines.append(json.dumps({action: {'_index': index}}))
        lines.append(json.dumps(e, ensure_ascii=False))
    return ('\n'.join(lines) + '\n').encode()


def bulk_send(conn, events, path='/_bulk?_time_field=@timestamp&_msg_field=message',
              headers=None):
    """Elasticsearch _bulk. Returns per event True (kept) or False, in order."""
    head = dict({'Content-Type': 'application/x-ndjson'}, **(headers or {}))
    status, answer = request(conn, 'POST', path, bulk_body(events), head)
    if status != 200:
        return [False] * len(events)
    items = json.loads(answer)['items']
    return [200 <= next(iter(item.values()))['status'] < 300 for item in items]


def jsonline_send(conn, events, path='/insert/jsonline?_time_field=@timestamp&_msg_field=message',
                  headers=None):
    """VictoriaLogs' JSON lines. True when the whole body was kept."""
    body = '\n'.join(json.dumps(e, ensure_ascii=False) for e in events) + '\n'
    head = dict({'Content-Type': 'application/stream+json'}, **(headers or {}))
    status, _ = request(conn, 'POST', path, body.encode(), head)
    return 200 <= status < 300
