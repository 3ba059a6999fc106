"""A passkey made of software, for tests without a browser."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from fido2.cose import ES256
from fido2.webauthn import AttestationObject, AttestedCredentialData, AuthenticatorData

Flag = AuthenticatorData.FLAG
PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(raw: bytes) -> str:
    """Base64 for addresses without padding, as browsers write it."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


class SoftKey:
    """One credential of one person on this host; it verifies its user, as a finger does."""

    def __init__(self, host: str = "localhost") -> None:
        self.host, self.origin = host, f"http://{host}"
        self.id, self.handle = os.urandom(16), b""
        self._key = ec.generate_private_key(ec.SECP256R1())

    def made(self, options: Mapping[str, Any]) -> str:
        """The answer to the options with which a passkey is made, as JSON."""
        public = options["publicKey"]
        self.handle = public["user"]["id"].encode()
        attested = AttestedCredentialData.create(
            b"\0" * 16,
            self.id,
            ES256.from_cryptography_key(self._key.public_key()),  # type: ignore[no-untyped-call]
        )
        data = AuthenticatorData.create(self._rp(), Flag(PRESENT | VERIFIED | ATTESTED), 0, attested)
        response = {
            "clientDataJSON": b64(self._client("webauthn.create", public["challenge"])),
            "attestationObject": b64(bytes(AttestationObject.create("none", data, {}))),
        }
        return self._said(response, {"credProps": {"rk": True}})

    def answered(self, options: Mapping[str, Any], *, verified: bool = True) -> str:
        """The answer to the options with which it signs in, as JSON."""
        client = self._client("webauthn.get", options["publicKey"]["challenge"])
        data = bytes(AuthenticatorData.create(self._rp(), Flag(PRESENT | (VERIFIED if verified else 0)), 1))
        signed = self._key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        response = {
            "clientDataJSON": b64(client),
            "authenticatorData": b64(data),
            "signature": b64(signed),
            "userHandle": self.handle.decode(),
        }
        return self._said(response, {})

    def _said(self, response: Mapping[str, str], results: Mapping[str, Any]) -> str:
        body = {"id": b64(self.id), "rawId": b64(self.id), "type": "public-key", "response": response}
        return json.dumps({**body, "clientExtensionResults": results})

    def _rp(self) -> bytes:
        return hashlib.sha256(self.host.encode()).digest()

    def _client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False}).encode()
