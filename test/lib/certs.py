# SPDX-License-Identifier: Apache-2.0
"""A certificate authority for tests: made in a temporary folder, good for one day."""

import datetime
import ipaddress
import os

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


def _name(common):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


class Authority:
    """`ca` is the path of its certificate; issue() makes (certificate path, key path)."""

    def __init__(self, folder, common='Test CA'):
        os.makedirs(folder, exist_ok=True)
        self.folder = folder
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = _name(common)
        self.cert = self._sign(self.name, self.key.public_key(), True)
        self.ca = self._write('ca.pem', self.cert.public_bytes(serialization.Encoding.PEM))

    def _sign(self, subject, public, authority, days=1, names=None):
        now = datetime.datetime.utcnow()
        builder = (x509.CertificateBuilder().subject_name(subject).issuer_name(self.name)
                   .public_key(public).serial_number(x509.random_serial_number())
                   .not_valid_before(now - datetime.timedelta(days=2))
                   .not_valid_after(now + datetime.timedelta(days=days))
                   .add_extension(x509.BasicConstraints(authority, None), True))
        given = [x509.DNSName(name) for name in names or ()]
        if not authority:
            names = [x509.DNSName('localhost'), x509.IPAddress(ipaddress.ip_address('127.0.0.1')),
                     x509.IPAddress(ipaddress.ip_address('::1'))]
            builder = builder.add_extension(x509.SubjectAlternativeName(given or names), False)
        return builder.sign(self.key, hashes.SHA256())

    def _write(self, name, data):
        path = os.path.join(self.folder, name)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), 'wb') as f:
            f.write(data)
        return path

    def issue(self, common, days=1, names=None):
        """days < 0: one that has expired already. names: DNS names instead of this machine's."""
        key = ec.generate_private_key(ec.SECP256R1())
        cert = self._sign(_name(common), key.public_key(), False, days, names)
        return (self._write(common + '.pem', cert.public_bytes(serialization.Encoding.PEM)),
                self._write(common + '.key', key.private_bytes(
                    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption())))
