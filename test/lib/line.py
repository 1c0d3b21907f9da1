# SPDX-License-Identifier: Apache-2.0
"""A line between two programs that can be cut, and that may be slow: a TCP proxy in a thread."""

import selectors
import socket
import threading
import time

PIECE = 4096


class Line:
    """Listens on `port`, forwards to `target`. rate: octets a second towards the target, or None.

    up: octets that went towards the target. cut() breaks what is open and refuses what comes;
    restore() ends that.
    """

    def __init__(self, target, rate=None):
        self.target = target
        self.rate = rate
        self.up = 0
        self.free_at = 0.0
        self.is_cut = False
        self.ended = False
        self.pairs = {}
        self.lock = threading.Lock()
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.listener, selectors.EVENT_READ)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        self.ended = True
        self.thread.join(5)
        self.drop()
        self.listener.close()

    def cut(self):
        self.is_cut = True
        self.drop()

    def restore(self):
        self.is_cut = False

    def drop(self):
        with self.lock:
            for sock in list(self.pairs):
                self.close(sock)

    def close(self, sock):
        for one in (sock, self.pairs.get(sock, (None,))[0]):
            if one in self.pairs:
                del self.pairs[one]
                self.selector.unregister(one)
                # A process that was forked from this one may have it too.
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                one.close()

    def accept(self):
        client, _ = self.listener.accept()
        if self.is_cut:
            client.close()
            return
        try:
            server = socket.create_connection(('127.0.0.1', self.target), 5)
        except OSError:
            client.close()
            return
        for sock, other, up in ((client, server, True), (server, client, False)):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.pairs[sock] = (other, up)
            self.selector.register(sock, selectors.EVENT_READ)

    def forward(self, sock):
        other, up = self.pairs[sock]
        try:
            data = sock.recv(PIECE)
            if data:
                other.sendall(data)
        except OSError:
            data = b''
        if not data:
            self.close(sock)
        elif up:
            self.up += len(data)
            if self.rate is not None:
                self.pace(len(data))

    def pace(self, n):
        """By the clock and not piece by piece: what a sleep takes too long is made up for."""
        now = time.monotonic()
        self.free_at = max(self.free_at, now - 0.05) + n / self.rate
        if self.free_at > now:
            time.sleep(self.free_at - now)

    def run(self):
        while not self.ended:
            for key, _ in self.selector.select(0.05):
                with self.lock:
                    if key.fileobj is self.listener:
                        self.accept()
                    elif key.fileobj in self.pairs:
                        self.forward(key.fileobj)
