# SPDX-License-Identifier: Apache-2.0
"""A RELP client: what rsyslog's omrelp does, with every acknowledgement in our hands.

RELP (rsyslog's "Reliable Event Logging Protocol", version 0): each frame is
    TXNR SP COMMAND SP DATALEN [SP DATA] LF
with TXNR from 1 to 999,999,999. The answer to a frame carries the same TXNR and the command
"rsp"; its data begins with "200 OK" or another three-digit code.
"""

import socket
import ssl
import time

WINDOW = 128
TXNR_MAX = 999999999


class RelpError(Exception):
    """The peer broke the protocol or refused."""


class RelpClient:
    """One session. Not acknowledged messages stay in `waiting`: txnr -> (tag, message).

    `acked` collects the tags of acknowledged messages, in the order of the acknowledgements, and
    `refused` those that were answered with another code than 200. A tag is whatever the caller
    wants to recognise a message by.
    """

    def __init__(self, port, host='127.0.0.1', timeout=10.0, tls=None, window=WINDOW):
        self.window = window
        self.txnr = 0
        self.waiting = {}
        self.acked = []
        self.refused = []
        self.latency = []       # seconds from sending to acknowledgement
        self.sent_at = {}
        self.rest = b''
        sock = socket.create_connection((host, port), timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = tls.wrap_socket(sock, server_hostname=host) if tls is not None else sock

    def next_txnr(self):
        self.txnr = self.txnr % TXNR_MAX + 1
        return self.txnr

    @staticmethod
    def frame(txnr, command, data=b''):
        head = b'%d %s %d' % (txnr, command, len(data))
        return head + (b' ' + data if data else b'') + b'\n'

    def open(self, offers=b'relp_version=0\nrelp_software=test\ncommands=syslog'):
        """Opens the session; returns the server's offers."""
        txnr = self.next_txnr()
        self.sock.sendall(self.frame(txnr, b'open', offers))
        got, command, data = self.read_frame()
        if got != txnr or command != b'rsp' or not data.startswith(b'200 '):
            raise RelpError('open was answered %r %r %r' % (got, command, data))
        return data

    def post(self, message, tag):
        """Sends one message without waiting, but for room in the window."""
        while len(self.waiting) >= self.window:
            self.take()
        txnr = self.next_txnr()
        self.waiting[txnr] = (tag, message)
        self.sent_at[txnr] = time.monotonic()
        self.sock.sendall(self.frame(txnr, b'syslog', message))

    def post_many(self, pairs):
        """(message, tag) pairs, many frames in one write: for speed."""
        out = []
        for message, tag in pairs:
            while len(self.waiting) >= self.window:
                self.flush(out)
                self.take()
            txnr = self.next_txnr()
            self.waiting[txnr] = (tag, message)
            self.sent_at[txnr] = time.monotonic()
            out.append(self.frame(txnr, b'syslog', message))
        self.flush(out)

    def flush(self, out):
        if out:
            self.sock.sendall(b''.join(out))
            out.clear()

    def take(self):
        """Waits for one answer and files it."""
        txnr, command, data = self.read_frame()
        if command == b'serverclose':
            raise RelpError('the server closes')
        if command != b'rsp':
            raise RelpError('unexpected command %r' % command)
        if txnr not in self.waiting:
            raise RelpError('an answer to %d, which was not asked' % txnr)
        tag, _ = self.waiting.pop(txnr)
        self.latency.append(time.monotonic() - self.sent_at.pop(txnr))
        (self.acked if data.startswith(b'200') else self.refused).append(tag)

    def drain(self):
        """Waits until nothing is waiting."""
        while self.waiting:
            self.take()

    def unanswered(self):
        """(message, tag) pairs in the order sent: what the next session must send again."""
        return [(message, tag) for tag, message in self.waiting.values()]

    def close(self):
        """Ends in order: close, its answer, then the line."""
        self.drain()
        txnr = self.next_txnr()
        self.sock.sendall(self.frame(txnr, b'close'))
        got, command, data = self.read_frame()
        self.sock.close()
        if got != txnr or command != b'rsp':
            raise RelpError('close was answered %r %r %r' % (got, command, data))

    def abort(self):
        self.sock.close()

    def fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionResetError('the server hung up')
        self.rest += data

    def read_frame(self):
        """(txnr, command, data) of the next frame."""
        while True:
            at = self.parse()
            if at is not None:
                return at
            self.fill()

    def parse(self):
        """One whole frame out of `rest`, or None when more is needed."""
        parts = self.rest[:64].split(b' ', 2)
        if len(parts) < 3:
            # "TXNR rsp 0\n" has two blanks too: fewer means more is to come.
            return None
        txnr, command, tail = parts
        n = 0
        digits = 0
        while digits < len(tail) and tail[digits:digits + 1].isdigit():
            n = n * 10 + tail[digits] - 48
            digits += 1
        if digits == len(tail) and digits < 10:
            return None
        if not txnr.isdigit() or not 0 < digits < 10:
            raise RelpError('not a frame: %r' % self.rest[:64])
        begin = len(txnr) + len(command) + 2 + digits
        if n > 0:
            begin += 1
        if len(self.rest) < begin + n + 1:
            return None
        if self.rest[begin + n:begin + n + 1] != b'\n':
            raise RelpError('no LF at the end of a frame: %r' % self.rest[:64])
        data = self.rest[begin:begin + n]
        self.rest = self.rest[begin + n + 1:]
        return int(txnr), command, data


def client_context(ca, cert=None, key=None):
    """A TLS context that trusts `ca` only; with a certificate of its own when given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(ca)
    context.check_hostname = False
    if cert is not None:
        context.load_cert_chain(cert, key)
    return context
