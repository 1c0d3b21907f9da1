# SPDX-License-Identifier: Apache-2.0
"""kill -9 of one role again and again while senders go on, then an account of every record.

    storm = Storm(folder, 'keeper', seed=7)
    storm.run(kills=10)
    assert not storm.faults()

Moments are drawn from the seed. The parent waits longer after each crash of a role, so the desk is
stopped and started in order after every few kills. Senders are RELP and HTTP, and a file that the
collector reads. What is promised (THREATS.md, "Against G"): nothing acknowledged is missing;
nothing is there twice unless its sender sent it twice; a file's lines are all there, and come
twice only where the collector itself died.
"""

import os
import random
import threading
import time

import senders
from harness import Desk, Sent, assert_covered, losses, until

ROLES = ('parent', 'intake', 'collector', 'keeper', 'front')
KILLS_A_LIFE = 3
MORE = ('seal: {checkpoint: 1s}\nstore: {segment_age: 2s, reserve: 16MB}\n'
        'collect: {files: ["%s"]}\n')


class Sender(threading.Thread):
    """Sends a round again and again until told to end; `sent` knows what became of it."""

    def __init__(self, storm):
        super().__init__(daemon=True)
        self.storm = storm
        self.sent = Sent()
        self.error = None

    def run(self):
        try:
            while not self.storm.ending.is_set():
                self.one_round()
                time.sleep(0.02)
        except Exception as e:      # told to the storm's own thread
            self.error = e

    def one_round(self):
        raise NotImplementedError


class Relp(Sender):
    def one_round(self):
        port = self.storm.desk.port['relp']
        self.sent.relp(port, 100, again=lambda: time.sleep(0.05), seconds=90)


class Http(Sender):
    def one_round(self):
        self.sent.bulk(self.storm.desk.port['http'], 50, size=50)


class Lines(Sender):
    """A program that writes its log file; nobody acknowledges, the file stays."""

    def one_round(self):
        ids = self.sent.ids.many(20)
        self.sent.sent += ids
        with open(self.storm.file, 'ab') as f:
            f.write(b''.join(senders.rfc3164(i) + b'\n' for i in ids))
        time.sleep(0.03)


class Storm:
    def __init__(self, folder, role, seed):
        self.role = role
        self.random = random.Random(seed)
        self.file = os.path.join(str(folder), 'logs', 'app.log')
        os.makedirs(os.path.dirname(self.file), exist_ok=True)
        self.desk = Desk(folder, listen=('relp', 'http'), more=MORE % self.file)
        self.ending = threading.Event()
        self.senders = [Relp(self), Http(self), Lines(self)]
        self.kills = 0
        self.verified = None

    def kill(self):
        time.sleep(self.random.uniform(0.02, 0.4))
        if self.role == 'parent':
            self.desk.kill()
            self.desk.start()
        else:
            self.desk.kill_role(self.role)
        self.kills += 1

    def run(self, kills):
        self.desk.start()
        try:
            for sender in self.senders:
                sender.start()
            for n in range(1, kills + 1):
                self.kill()
                if n % KILLS_A_LIFE == 0 and self.role != 'parent' and n < kills:
                    assert self.desk.stop() == 0
                    self.desk.start()
            self.ending.set()
            for sender in self.senders:
                sender.join(120)
                assert not sender.is_alive(), 'a sender hangs'
                if sender.error is not None:
                    raise sender.error
            self.account()
        finally:
            self.ending.set()
            self.desk.kill()

    def account(self):
        lines = self.senders[2].sent
        until('every line of the file', lambda: set(lines.sent) <= set(self.found(lines)), 30, 0.3)
        assert self.desk.stop() == 0
        self.verified = self.desk.verify()
        self.desk.start()
        self.left = [self.told(sender.sent) for sender in self.senders]
        assert_covered(self.desk)

    def found(self, sent):
        try:
            return self.desk.found(sent.prefix)
        except RuntimeError:
            return {}       # the front is starting again

    def told(self, sent):
        missing, doubled, strange = losses(self.desk.found(sent.prefix), sent)
        if sent is self.senders[2].sent and self.role in ('collector', 'parent'):
            doubled = []
        return missing, doubled, strange

    def count(self, which):
        return sum(len(row[which]) for row in self.left)

    def figures(self):
        """(name, value, unit): for the bench."""
        return [('kills', self.kills, 'kills'),
                ('acknowledged', sum(len(s.sent.acked) for s in self.senders), 'records'),
                ('sent', sum(len(s.sent.sent) for s in self.senders), 'records'),
                ('missing', self.count(0), 'records'), ('doubled', self.count(1), 'records'),
                ('strange', self.count(2), 'records'),
                ('verify_exit', self.verified[0], 'code')]

    def faults(self):
        """What is not as promised, in words; empty when all is."""
        words = ['%s: %s' % (name, [row[n][:3] for row in self.left])
                 for n, name in enumerate(('missing', 'doubled', 'never sent')) if self.count(n)]
        if self.verified[0] != 0:
            words.append(self.verified[1])
        for sender in self.senders[:2]:
            if not sender.sent.acked:
                words.append('%s was never acknowledged anything' % type(sender).__name__)
        return words
