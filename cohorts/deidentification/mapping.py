"""cohorts.deidentification: a list of who is who, encrypted with a passphrase of its owner."""

import base64
import json
import secrets
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

FORMAT = "nodewise mapping 1"
SHORTEST_PASSPHRASE = 14
FEWEST_DIFFERENT = 6
COST, BLOCKS, LANES = 2**16, 8, 1
"""scrypt parameters: 64 MiB, about a quarter of a second a try (RFC 7914)."""


class MappingUnreadableError(ValueError):
    """The file is none of ours, or the passphrase is wrong."""


def encrypt_mapping(pseudonyms: dict[str, str], passphrase: str) -> bytes:
    """Encrypt PatientID -> pseudonym.

    Parameters
    ----------
    pseudonyms : dict
    passphrase : str
        At least 14 characters, 6 of them different.

    Returns
    -------
    bytes
        A JSON document; salt and nonce are new each time.

    Raises
    ------
    ValueError
        If the passphrase is too easy to guess.

    References
    ----------
    scrypt: RFC 7914. AES-GCM: NIST SP 800-38D.
    """
    if len(passphrase) < SHORTEST_PASSPHRASE or len(set(passphrase)) < FEWEST_DIFFERENT:
        raise ValueError(
            f"The passphrase is too short: at least {SHORTEST_PASSPHRASE} characters are needed, "
            f"{FEWEST_DIFFERENT} of them different. Four or five random words are good."
        )
    salt, nonce = secrets.token_bytes(16), secrets.token_bytes(12)
    cipher = AESGCM(_key(passphrase, salt))
    text = json.dumps(pseudonyms, ensure_ascii=False, sort_keys=True).encode()
    sealed = cipher.encrypt(nonce, text, FORMAT.encode())
    parts = {"salt": salt, "nonce": nonce, "sealed": sealed}
    written = {name: base64.b64encode(part).decode() for name, part in parts.items()}
    return json.dumps({"format": FORMAT, **written}, indent=1).encode()


def decrypt_mapping(document: bytes, passphrase: str) -> dict[str, str]:
    """Return what `encrypt_mapping` encrypted.

    Raises
    ------
    MappingUnreadableError
        If the document is no mapping, was changed, or the passphrase is wrong.
    """
    try:
        read: dict[str, Any] = json.loads(document)
        names = ("salt", "nonce", "sealed")
        salt, nonce, sealed = (base64.b64decode(read[name], validate=True) for name in names)
        cipher = AESGCM(_key(passphrase, salt))
        found: dict[str, str] = json.loads(cipher.decrypt(nonce, sealed, FORMAT.encode()))
    except (ValueError, KeyError, TypeError, InvalidTag) as error:
        raise MappingUnreadableError(
            "The mapping cannot be opened: the passphrase is wrong, or the file was changed or is "
            "none of Nodewise."
        ) from error
    return found


def _key(passphrase: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=COST, r=BLOCKS, p=LANES).derive(passphrase.encode())
