"""The crypto port by pyca/cryptography (https://cryptography.io), which only this file imports."""

from __future__ import annotations

from functools import cache

from cryptography.exceptions import InvalidSignature, InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from towline_shared.crypto import ED25519, P256, Crypto, Forged, Suite

__all__ = ["PYCA"]


class _Curve25519:
    """Ed25519 (RFC 8032) and X25519 (RFC 7748)."""

    point = 32

    def new_secret(self) -> bytes:
        return Ed25519PrivateKey.generate().private_bytes_raw()

    def public_of(self, secret: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(secret).public_key().public_bytes_raw()

    def sign(self, secret: bytes, message: bytes) -> bytes:
        return Ed25519PrivateKey.from_private_bytes(secret).sign(message)

    def verifies(self, public: bytes, signature: bytes, message: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True

    def is_point(self, public: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public)
        except ValueError:
            return False
        return True

    def new_fresh(self) -> bytes:
        return X25519PrivateKey.generate().private_bytes_raw()

    def fresh_public(self, fresh: bytes) -> bytes:
        return X25519PrivateKey.from_private_bytes(fresh).public_key().public_bytes_raw()

    def agree(self, fresh: bytes, public: bytes) -> bytes:
        return X25519PrivateKey.from_private_bytes(fresh).exchange(
            X25519PublicKey.from_public_bytes(public)
        )


class _NistP256:
    """ECDSA with SHA-256 and ECDH over P-256 (FIPS 186-5, SP 800-56A).

    A point is compressed (SEC 1, 2.3.3); a signature is r and s of 32 bytes each, as in RFC 7518.
    """

    point = 33

    def new_secret(self) -> bytes:
        return _number(ec.generate_private_key(ec.SECP256R1()))

    def public_of(self, secret: bytes) -> bytes:
        return _point(_private(secret).public_key())

    def sign(self, secret: bytes, message: bytes) -> bytes:
        r, s = decode_dss_signature(_private(secret).sign(message, _ecdsa()))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def verifies(self, public: bytes, signature: bytes, message: bytes) -> bool:
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        try:
            _public(public).verify(encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return len(signature) == 64

    def is_point(self, public: bytes) -> bool:
        try:
            _public(public)
        except ValueError:
            return False
        return True

    def new_fresh(self) -> bytes:
        return self.new_secret()

    def fresh_public(self, fresh: bytes) -> bytes:
        return self.public_of(fresh)

    def agree(self, fresh: bytes, public: bytes) -> bytes:
        return _private(fresh).exchange(ec.ECDH(), _public(public))


def _number(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_numbers().private_value.to_bytes(32, "big")


def _private(secret: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(secret, "big"), ec.SECP256R1())


def _public(point: bytes) -> ec.EllipticCurvePublicKey:
    if len(point) != _NistP256.point:
        raise ValueError("a point must be compressed: other forms would give one key many texts")
    return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)


def _point(key: ec.EllipticCurvePublicKey) -> bytes:
    return key.public_bytes(Encoding.X962, PublicFormat.CompressedPoint)


@cache
def _ecdsa() -> ec.ECDSA:
    """Sign by RFC 6979 where the library can: a weak source of randomness then costs no key."""
    try:
        chosen = ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
        ec.derive_private_key(1, ec.SECP256R1()).sign(b"", chosen)
    except (TypeError, UnsupportedAlgorithm):  # an older package, or an older OpenSSL below it
        return ec.ECDSA(hashes.SHA256())
    return chosen


class _Pyca:
    def __init__(self) -> None:
        self._suites: dict[str, Suite] = {ED25519: _Curve25519(), P256: _NistP256()}

    def suite(self, name: str) -> Suite:
        return self._suites[name]

    def derive(self, secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
        return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)

    def seal(self, key: bytes, nonce: bytes, plain: bytes, bound: bytes) -> bytes:
        return AESGCM(key).encrypt(nonce, plain, bound)

    def open(self, key: bytes, nonce: bytes, sealed: bytes, bound: bytes) -> bytes:
        try:
            return AESGCM(key).decrypt(nonce, sealed, bound)
        except (InvalidTag, ValueError):
            raise Forged from None


PYCA: Crypto = _Pyca()
