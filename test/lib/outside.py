# SPDX-License-Identifier: Apache-2.0
"""What stands outside of a desk and is told: a mail server, a webhook, a modem. All octets kept.

    with Smtp() as smtp, Hook(b'key') as hook, Modem() as modem:
        ... smtp.port, hook.url, modem.device
"""

import base64
import email
import hashlib
import hmac
import http.server
import json
import os
import pty
import re
import select
import socketserver
import threading
import tty


class Server:
    """A thread with a socket; `works` false: it refuses, as a server that is broken does."""

    def __init__(self, handler, port=0):
        outer = self
        self.works = True
        self.raw = b''

        class Handler(handler):
            owner = outer

        class Tcp(socketserver.ThreadingTCPServer):
            allow_reuse_address = True
            daemon_threads = True

        self.server = Tcp(('127.0.0.1', port), Handler)
        self.port = self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class SmtpHandler(socketserver.StreamRequestHandler):
    """RFC 5321, as much as one who sends needs."""

    def handle(self):
        self.say(b'220 outside')
        letter, rcpt = None, []
        for line in self.rfile:
            self.owner.raw += line
            if letter is not None:
                if line != b'.\r\n':
                    letter.append(line)
                    continue
                self.owner.take(rcpt, b''.join(letter))
                letter = None
                self.say(b'250 2.0.0 queued as %d' % len(self.owner.letters))
                continue
            verb = line[:4].upper()
            if verb == b'RCPT':
                rcpt.append(line.decode())
            if verb == b'RCPT' and not self.owner.works:
                self.say(b'451 4.3.0 not now')
            elif verb == b'DATA':
                letter = []
                self.say(b'354 go on')
            elif verb == b'QUIT':
                self.say(b'221 bye')
                return
            elif verb == b'RSET':
                rcpt = []
                self.say(b'250 ok')
            else:
                self.say(b'250 ok')

    def say(self, line):
        self.wfile.write(line + b'\r\n')


class Smtp(Server):
    def __init__(self, port=0):
        super().__init__(SmtpHandler, port)
        self.letters = []       # (address, Message-ID, text)

    def take(self, rcpt, letter):
        one = email.message_from_bytes(letter)
        address = re.search('<(.*)>', rcpt[-1]).group(1)
        self.letters.append((address, one['Message-ID'],
                             one.get_payload(decode=True).decode().strip()))

    def to(self, address):
        return [text for who, _, text in self.letters if who == address]


class HookHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.owner.gets.append(self.path)
        self.answer()

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        self.owner.raw += str(self.headers).encode() + body
        if self.owner.works:
            signed = self.headers['X-Trucban-Time'].encode() + b'.' + body
            sign = hmac.new(self.owner.key, signed, hashlib.sha256).hexdigest()
            assert self.headers['X-Trucban-Signature'] == 'sha256=' + sign
            self.owner.posts.append((self.headers['Idempotency-Key'], json.loads(body)))
        self.answer()

    def answer(self):
        self.send_response(200 if self.owner.works else 503)
        self.send_header('Content-Length', '0')
        self.end_headers()

    def log_message(self, *_):
        pass


class Hook(Server):
    def __init__(self, key=b'', port=0):
        super().__init__(HookHandler, port)
        self.key = key
        self.posts = []         # (Idempotency-Key, JSON)
        self.gets = []
        self.url = 'http://localhost:%d/hook' % self.port    # a name: it is resolved


class Modem:
    """A pseudo-terminal that answers as a GSM modem; messages are (number, text)."""

    def __init__(self):
        self.works = True
        self.raw = b''
        self.messages = []
        self.calls = []         # [number, 'ringing' or 'hung up']
        self.master, slave = pty.openpty()
        tty.setraw(slave)
        self.slave = slave
        self.device = os.ttyname(slave)
        self.ended = False
        self.prompt = None

    def __enter__(self):
        self.thread = threading.Thread(target=self.work, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended = True
        self.thread.join()
        os.close(self.master)
        os.close(self.slave)

    def work(self):
        line = b''
        while not self.ended:
            if not select.select([self.master], [], [], 0.05)[0]:
                continue
            for octet in os.read(self.master, 4096):
                c = bytes([octet])
                self.raw += c
                if c == b'\x1b':
                    self.prompt, line = None, b''
                elif c in (b'\r', b'\x1a'):
                    self.command(line)
                    line = b''
                else:
                    line += c

    def say(self, text):
        os.write(self.master, text)

    def command(self, line):
        if not self.works:
            return
        if self.prompt is not None:
            text = bytes.fromhex(line.decode()).decode('utf-16-be')
            self.messages.append((self.prompt, text))
            self.prompt = None
            self.say(b'\r\n+CMGS: %d\r\n\r\nOK\r\n' % len(self.messages))
        elif line.startswith(b'AT+CMGS='):
            self.prompt = bytes.fromhex(line[9:-1].decode()).decode('utf-16-be')
            self.say(b'\r\n> ')
        else:
            if line.startswith(b'ATD'):
                self.calls.append([line[3:-1].decode(), 'ringing'])
            if line == b'AT+CHUP':
                self.calls[-1][1] = 'hung up'
            self.say(b'\r\nOK\r\n')


def decoded(raw):
    """Octets that went out, with what base64 and UCS2 hide in them, to look for words in."""
    found = raw
    for word in re.findall(rb'[A-Za-z0-9+/=]{8,}', raw):
        try:
            found += b'\n' + base64.b64decode(word + b'=' * (-len(word) % 4))
        except ValueError:
            pass
    for word in re.findall(rb'[0-9A-F]{16,}', raw):
        if len(word) % 4 == 0:
            found += b'\n' + bytes.fromhex(word.decode()).decode('utf-16-be', 'replace').encode()
    return found
