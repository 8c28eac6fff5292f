"""A self-signed certificate for an OPC UA application, server or client, as OPC UA Part 6 (6.2.2) wants it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from neosort_hardware.section import ConfigError

CERTIFICATE_FILE, KEY_FILE = "certificate.pem", "private_key.pem"
KEY_BITS = 2048


def make_certificate(directory: Path, uri: str, hosts: tuple[str, ...], days: int) -> tuple[Path, Path]:
    """A new key, which its owner alone may read, and its certificate; both files' paths.

    ``uri``: the application's, ``hosts``: names and addresses that it is reached by. Raises `ConfigError` where one of
    the files is there already or cannot be written.
    """
    key = rsa.generate_private_key(public_exponent=65_537, key_size=KEY_BITS)
    certificate = _signed(key, uri, hosts, days)
    files = directory / CERTIFICATE_FILE, directory / KEY_FILE
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write_new(files[1], key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
        _write_new(files[0], certificate.public_bytes(Encoding.PEM), 0o644)
    except OSError as error:
        raise ConfigError(f"{error.filename or directory}: cannot be written ({error.strerror})") from error
    return files


def _write_new(file: Path, content: bytes, mode: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(descriptor, "wb") as out:
        out.write(content)


def _signed(key: rsa.RSAPrivateKey, uri: str, hosts: tuple[str, ...], days: int) -> x509.Certificate:
    name = x509.Name(
        [x509.NameAttribute(NameOID.COMMON_NAME, "neosort"), x509.NameAttribute(NameOID.ORGANIZATION_NAME, "neosort")]
    )
    now = datetime.now(UTC)
    usage = x509.KeyUsage(
        digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True,
        key_agreement=False, key_cert_sign=False, crl_sign=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    places = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri), *map(_host, hosts)])
    purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(places, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(purposes, critical=False)
        .add_extension(own, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(own), critical=False)
        .sign(key, hashes.SHA256())
    )


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
