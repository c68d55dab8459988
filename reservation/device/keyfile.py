"""The device key as a file that openssl reads: PKCS#8 PEM (RFC 5958, RFC 8410), unencrypted.

A device starts unattended, so its key has no passphrase; the file's permissions protect it (see
`reservation.device.folder`). An Ed25519 key in PKCS#8 is a constant head and its seed, so a device needs no
library for it. Only this exact form is read: no attributes, no public key, no encryption.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64

from codec.keys import SigningKey
from reservation.errors import KeyFileError

# SEQUENCE { INTEGER 0, SEQUENCE { OID 1.3.101.112 }, OCTET STRING { OCTET STRING (32 bytes) } }
_HEAD = bytes.fromhex("302e020100300506032b657004220420")
_SEED_BYTES = 32
_BEGIN = b"-----BEGIN PRIVATE KEY-----\n"
_END = b"-----END PRIVATE KEY-----\n"


def to_pem(key: SigningKey) -> bytes:
    """Return the content of a key file."""
    return _BEGIN + b2a_base64(_HEAD + key.seed) + _END


def from_pem(content: bytes) -> SigningKey:
    """Read the content of a key file.

    Raises:
        KeyFileError: When it is anything but an unencrypted Ed25519 key in PKCS#8 PEM.
    """
    content = content.replace(b"\r\n", b"\n")
    if not (content.startswith(_BEGIN) and content.endswith(_END)):
        raise _not_a_key()
    try:
        der = a2b_base64(content[len(_BEGIN) : -len(_END)].replace(b"\n", b""), strict_mode=True)
    except Base64Error:
        raise _not_a_key() from None
    if len(der) != len(_HEAD) + _SEED_BYTES or not der.startswith(_HEAD):
        raise _not_a_key()
    return SigningKey(der[len(_HEAD) :])


def _not_a_key() -> KeyFileError:
    return KeyFileError(
        "The device key file does not hold an unencrypted Ed25519 key (PKCS#8 PEM): it is damaged or of "
        "another kind.",
        hint="Restore it from a backup of this folder. Without the key, the portal has to rehost the "
        "reservation.",
    )
