# SPDX-License-Identifier: Apache-2.0
"""Over TLS with client certificates, the certificate says who sends, not the record."""

import json
import os
import ssl

import pytest

import certs
import relp
from harness import Desk, Sent, assert_kept


@pytest.fixture
def desk(tmp_path):
    authority = certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('desk')
    os.symlink(cert, str(tmp_path / 'link.pem'))      # as many tools leave certificates
    cert = str(tmp_path / 'link.pem')
    options = {'cert': cert, 'key': key, 'ca': authority.ca, 'clients': 'required'}
    with Desk(tmp_path / 'desk', listen=('relp-tls', 'tcp-tls'),
              options={'relp-tls': options, 'tcp-tls': options}) as d:
        d.authority = authority
        yield d


def test_a_client_with_a_good_certificate_is_heard(desk):
    context = relp.client_context(desk.authority.ca, *desk.authority.issue('may-chu-01'))
    sent = Sent()
    sent.relp(desk.port['relp-tls'], 10, tls=context)
    sent.tcp(desk.port['tcp-tls'], 10, tls=context)
    assert_kept(desk, sent, all_of=True)


@pytest.mark.parametrize('which', ['none', 'expired', 'stranger'])
def test_a_client_without_a_good_certificate_is_not_heard(desk, tmp_path, which):
    pair = ()
    if which == 'expired':
        pair = desk.authority.issue('cu', days=-1)
    elif which == 'stranger':
        pair = certs.Authority(str(tmp_path / 'other')).issue('la')
    context = relp.client_context(desk.authority.ca, *pair)
    sent = Sent()
    with pytest.raises((ssl.SSLError, OSError, relp.RelpError)):
        sent.relp(desk.port['relp-tls'], 1, tls=context)
    assert not sent.acked
    assert not desk.found(sent.prefix)


@pytest.mark.parametrize('which', ['cert', 'key', 'ca'])
def test_an_empty_file_does_not_open_the_door_without_tls(tmp_path, which):
    authority = certs.Authority(str(tmp_path / 'ca'))
    cert, key = authority.issue('desk')
    empty = tmp_path / 'empty.pem'
    empty.touch(mode=0o600)
    options = dict({'cert': cert, 'key': key, 'ca': authority.ca, 'clients': 'required'},
                   **{which: str(empty)})
    desk = Desk(tmp_path / 'desk', listen=('tcp-tls',), options={'tcp-tls': options})
    desk.start(wait=False)
    assert desk.child.wait(20) == 3
    assert desk.said(b'empty.pem is empty') and not desk.said(b'intake ready')
    rows = [json.loads(line) for line in
            desk.command('doctor', '--config', desk.conf, '--json')[1].splitlines()]
    assert [row['result'] for row in rows if 'empty.pem' in row['what']] == ['bad']
