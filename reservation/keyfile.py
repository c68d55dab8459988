"""Private keys of root and issuer as files: encrypted PKCS#8 PEM that `openssl pkey` reads.

A key file belongs to its owner alone: it is made with mode 0600, never in place of another, and refused when
group or others can read it. The encryption is PBES2 with AES-256, as OpenSSL writes it; its key derivation is
cheap to guess, so the passphrase must be a strong one.

Not handled: where passphrases come from, and the device key (`reservation.device.keyfile`).
"""

import os
import stat
from contextlib import ExitStack, suppress
from glob import escape
from pathlib import Path

from codec.keys import KEY_BYTES, SigningKey, VerifyingKey
from reservation import folders
from reservation.errors import AlreadyThereError, BusyError, KeyFileError, MissingExtraError, StorageError

_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LARGEST = 65_536

FIRST_ISSUER = "issuer.pem"
"""Name of the file of the issuer's key that a portal was made with."""


def encrypted_pem(key: SigningKey, passphrase: str) -> bytes:
    """Return the content of a key file.

    Raises:
        KeyFileError: When the passphrase is empty.
        MissingExtraError: When the extra ``portal`` is not installed.
    """
    if not passphrase:
        raise KeyFileError(
            "The passphrase is empty.", hint="Root and issuer keys are never kept unencrypted: give one."
        )
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    except ImportError as error:
        raise missing_extra("cryptography") from error
    return Ed25519PrivateKey.from_private_bytes(key.seed).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(passphrase.encode()),
    )


def require_absent(path: Path) -> None:
    """Return when there is no file where a new key shall go.

    Raises:
        AlreadyThereError: When there is one; a second name that a crash left to it is taken away.
    """
    if os.path.lexists(path):
        with suppress(OSError):
            for draft in filter(path.samefile, _drafts(path)):
                draft.unlink()
        raise _there(path)


def write_key(path: Path, key: SigningKey, passphrase: str) -> None:
    """Write a new key file, durably, with mode 0600; it appears whole or not at all.

    Raises:
        AlreadyThereError: When there is a file of that name.
        BusyError: When another command took its draft away.
        StorageError: When it cannot be written.
        KeyFileError: When the passphrase is empty.
    """
    draft_key(path, key, passphrase)
    with ExitStack() as undo:
        undo.callback(discard_drafts, path)
        if not publish_key(path, key.verifying_key):
            raise BusyError(
                f"Another command is making keys in {path.parent} at the moment. Nothing was done.",
                hint="Look at what it says. Should it fail, try again.",
            )
        undo.pop_all()


def draft_key(path: Path, key: SigningKey, passphrase: str) -> None:
    """Write a new key file under another name, durably, in place of every other draft of it.

    Raises:
        AlreadyThereError: When there is a file of its own name.
        StorageError: When it cannot be written.
        KeyFileError: When the passphrase is empty.
    """
    content = encrypted_pem(key, passphrase)
    require_absent(path)
    try:
        folders.make(path.parent)
        for draft in _drafts(path):
            draft.unlink()
        _write_private(_draft(path, key.verifying_key), content)
    except BaseException as error:
        discard_drafts(path)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def _write_private(path: Path, content: bytes) -> None:
    """Write a new file that only its owner can read, and make its content last."""
    descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def publish_key(path: Path, key: VerifyingKey) -> bool:
    """Give the draft of a key its own name, durably and never in place of another file.

    Args:
        path: Its own name.
        key: The public half of the key in the draft.

    Returns:
        Whether there was such a draft.

    Raises:
        AlreadyThereError: When there is a file of that name.
        StorageError: When that fails; the name is free then.
    """
    draft = _draft(path, key)
    try:
        path.hardlink_to(draft)
    except FileNotFoundError:
        return False
    except FileExistsError as error:
        if not path.samefile(draft):
            raise _there(path) from error
    except OSError as error:
        raise _unwritable(path, error) from error
    try:
        # First the new name, for good: a power cut could keep the removal and lose what came before it.
        folders.sync(path.parent)
        draft.unlink()
        folders.sync(path.parent)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise
    return True


def replace_key(path: Path, key: SigningKey, passphrase: str) -> None:
    """Write a key file anew with another passphrase, durably: whoever looks finds the old one or the new one.

    Raises:
        StorageError: When it cannot be written; the file is as it was then.
        KeyFileError: When the passphrase is empty.
    """
    content = encrypted_pem(key, passphrase)
    draft = _draft(path, key.verifying_key)
    try:
        draft.unlink(missing_ok=True)
        _write_private(draft, content)
        draft.replace(path)
        folders.sync(path.parent)
    except BaseException as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise _unwritable(path, error) from error
        raise


def issuer_file(folder: Path, key: bytes) -> Path:
    """Return where the private half of an issuer's key is: under its id, or where a portal's first one is.

    Args:
        folder: Of the portal's keys.
        key: Public key, 32 bytes.
    """
    named = folder / issuer_file_name(key)
    return named if named.exists() else folder / FIRST_ISSUER


def issuer_file_name(key: bytes) -> str:
    """Return the name of the file that keeps an issuer's key which was made later than the portal."""
    return f"issuer-{VerifyingKey(key).id.hex()}.pem"


def settle_issuers(folder: Path) -> None:
    """Finish what commands that were cut off left of later issuers' keys: drafts go, whole ones last.

    Raises:
        StorageError: When that fails.
    """
    try:
        for draft in folder.glob(".issuer-*.pem.*.new"):
            draft.unlink(missing_ok=True)
        folders.sync(folder)
    except OSError as error:
        raise _unwritable(folder, error) from error


def later_issuers(folder: Path) -> list[tuple[Path, bytes]]:
    """Return the files of issuers' keys made later than the portal, each with the id in its name."""
    found = []
    for path in sorted(folder.glob("issuer-*.pem")):
        digits = path.stem.removeprefix("issuer-")
        with suppress(ValueError):
            found.append((path, bytes.fromhex(digits)))
    return found


def discard_drafts(path: Path) -> None:
    """Remove what commands that were cut off left of a key that never got its name, if that is possible."""
    with suppress(OSError):
        for draft in _drafts(path):
            draft.unlink()


def _draft(path: Path, key: VerifyingKey) -> Path:
    return path.with_name(f".{path.name}.{key.id.hex()}.new")


def _drafts(path: Path) -> list[Path]:
    return list(path.parent.glob(f".{escape(path.name)}.*.new"))


def _there(path: Path) -> AlreadyThereError:
    return AlreadyThereError(
        f"There is a file {path} already; a key is never overwritten.",
        hint="Choose another folder for the keys, or move that file away first.",
    )


def _unwritable(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"The key file {path} cannot be written: {error.strerror or error}.",
        hint="Check free space and permissions, or choose another folder for the keys.",
    )


def read_key(path: Path, passphrase: str) -> SigningKey:
    """Read a key file.

    Raises:
        KeyFileError: When it is not there, readable by others, not an encrypted Ed25519 key, or the
            passphrase is another one.
        MissingExtraError: When the extra ``portal`` is not installed.
    """
    content = _read_private(path)
    try:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
        from cryptography.hazmat.primitives.serialization import load_pem_private_key
    except ImportError as error:
        raise missing_extra("cryptography") from error
    if b"-----BEGIN ENCRYPTED PRIVATE KEY-----" not in content:
        raise KeyFileError(
            f"{path} is no encrypted private key (PKCS#8 PEM).",
            hint="If it is an unencrypted key, encrypt it: openssl pkcs8 -topk8 -in KEY -out NEWKEY",
        )
    try:
        loaded = load_pem_private_key(content, passphrase.encode())
    except (ValueError, TypeError) as error:
        raise KeyFileError(
            f"The key {path} does not open: the passphrase is another one, or the file is damaged.",
            hint="Give the passphrase that it was made with, or restore the file from a backup.",
        ) from error
    if not isinstance(loaded, Ed25519PrivateKey):
        raise KeyFileError(
            f"The key {path} is not an Ed25519 key.", hint="Use the key that `tallystick portal init` made."
        )
    return SigningKey(loaded.private_bytes_raw())


def _read_private(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            if mode & _OTHERS:
                raise KeyFileError(
                    f"Others can read the private key {path} (mode {stat.S_IMODE(mode):04o}).",
                    hint=f"Make it yours alone: chmod 600 {path}",
                )
            return file.read(_LARGEST)
    except FileNotFoundError as error:
        raise KeyFileError(
            f"There is no key at {path}.",
            hint="Say where the key is, or restore it from a backup.",
        ) from error
    except OSError as error:
        raise KeyFileError(
            f"The key {path} cannot be read: {error.strerror or error}.", hint="Check its permissions."
        ) from error


def require_same(path: Path, key: SigningKey, wanted: bytes) -> None:
    """Refuse a key that is not the one that belongs here.

    Args:
        path: Where it was read from, for the message.
        key: The key.
        wanted: Public key, 32 bytes.

    Raises:
        KeyFileError: When it is another one.
    """
    if key.verifying_key.raw != wanted:
        named = VerifyingKey(wanted) if len(wanted) == KEY_BYTES else None
        whose = f" ({named.id.hex()})" if named else ""
        raise KeyFileError(
            f"The key {path} ({key.verifying_key.id.hex()}) is not the one that this portal uses{whose}.",
            hint="Say where this portal's key is (TALLYSTICK_KEYS), or restore its file: issuer-KEYID.pem, "
            f"or {FIRST_ISSUER} where it is the first one.",
        )


def missing_extra(package: str) -> MissingExtraError:
    """Return the error that says which extra brings a package."""
    return MissingExtraError(
        f"The portal needs the package {package}, which is not installed.",
        hint="Install what a portal needs: pip install 'tallystick[portal]'",
    )
