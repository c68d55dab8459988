"""What a root has signed, beside its key: every trust code as a trust file, so that no serial is used twice.

Two codes with one serial and different content would split the devices for good: each refuses the other one.
So a code is durable here before anybody sees it, and no other one ever gets its serial. The newest is what
the next one follows on.

    ROOT.pem  ROOT.trust-0002.txt  ROOT.trust-0003.txt

Not handled: roots that are used on several machines; whoever does that carries these files along.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from codec.codes import Trust
from codec.envelope import VerifiedCode
from codec.keys import SigningKey, VerifyingKey
from reservation import folders, trustfile
from reservation.certifying import Change, following, require_own, signed
from reservation.errors import CertifyError, StorageError
from reservation.trustfile import TrustFile

_LARGEST = 65_536


@dataclass(frozen=True, slots=True)
class Signed:
    """A trust code that a root signed.

    Attributes:
        code: The code.
        file: Where it is kept.
        again: Whether it was signed before.
    """

    code: VerifiedCode[Trust]
    file: Path
    again: bool


def newest(root_file: Path) -> TrustFile | None:
    """Return the newest trust code that is kept beside a root's key; None: none is.

    Raises:
        StorageError: When the files cannot be read.
        TrustFileError: When the newest one is damaged.
    """
    found = sorted(_files(root_file), key=_serial_of)
    return _read(found[-1]) if found else None


def sign_following(
    root_file: Path,
    root: SigningKey,
    given: TrustFile | None,
    wish: Callable[[Trust], Change],
    *,
    today: date,
) -> Signed:
    """Sign the trust code that follows on the newest one, and keep it; the same wish again gives it again.

    Args:
        root_file: Where the root's key is.
        root: The key.
        given: The newest trust code, as a portal prints it; None: the one that is kept beside the key.
        wish: What changes, seen from that code.
        today: First day of issuers for which none is given.

    Raises:
        CertifyError: When there is nothing to follow on, another code was signed since, or it would be wrong.
        OtherRootError: When neither this root signed the code before, nor is it the next one.
        UnknownNameError: When a key is named that the code before does not list.
        StorageError, TrustFileError: When what is kept cannot be read or written.
    """
    kept = newest(root_file)
    before = given or kept
    if before is None:
        raise CertifyError(
            f"No trust code is kept beside {root_file} yet, so there is nothing to follow on.",
            hint="Bring the trust file of the portal (`tallystick portal trust`), and name it: --trust FILE",
        )
    is_next = require_own(root.verifying_key, before.root, before.trust.code.value)
    value = before.trust.code.value
    trust = following(root, value, wish(value), is_next=is_next, today=today)
    if given and kept and _is_newer(kept, given):
        if kept.trust.code.value != trust:
            raise _signed_already(root_file, kept, given)
        value = trust
    code = signed(root, trust)
    # Also when it was signed before: the command that did may have died before it was durable.
    return Signed(code, keep(root_file, root.verifying_key, code), again=trust == value)


def _is_newer(kept: TrustFile, given: TrustFile) -> bool:
    """Tell whether another code than the given one was signed here, and not before it."""
    mine, theirs = kept.trust.code, given.trust.code
    return mine.value.serial >= theirs.value.serial and mine.id != theirs.id


def _signed_already(root_file: Path, kept: TrustFile, given: TrustFile) -> CertifyError:
    serial = kept.trust.code.value.serial
    return CertifyError(
        f"This root has signed trust code {serial} already, and the one that was given "
        f"({given.trust.code.value.serial}) is not that.",
        hint=f"Leave --trust out: then the next one follows on {_place(root_file, serial)}. Give that file "
        "to the portal, too, if it has not seen it.",
    )


def keep(root_file: Path, root: VerifyingKey, code: VerifiedCode[Trust]) -> Path:
    """Keep a signed trust code, durably, before it is shown; the same one again is there already.

    Returns:
        Its file.

    Raises:
        CertifyError: When another one with its serial is kept.
        StorageError: When it cannot be written.
    """
    path = _place(root_file, code.value.serial)
    content = trustfile.render(root, code.text).encode()
    draft = path.with_name(f".{path.name}.new")
    try:
        with suppress(FileNotFoundError):
            draft.unlink()
        descriptor = os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            path.hardlink_to(draft)
        draft.unlink()
        folders.sync(path.parent)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise _unkept(path, error) from error
    if _read(path).trust.code.id != code.id:
        raise CertifyError(
            f"{path} holds another trust code with this serial. Nothing was signed that anybody could use.",
            hint="Two people may be signing at once. Run the command again without --trust.",
        )
    return path


def _place(root_file: Path, serial: int) -> Path:
    return root_file.with_name(f"{root_file.stem}.trust-{serial:04}.txt")


def _files(root_file: Path) -> list[Path]:
    before = f"{root_file.stem}.trust-"
    try:
        names = [one for one in root_file.parent.iterdir() if one.name.startswith(before)]
    except OSError as error:
        raise _unkept(root_file.parent, error) from error
    return [one for one in names if one.suffix == ".txt" and _digits_of(one).isdecimal()]


def _digits_of(path: Path) -> str:
    return path.stem.rpartition("-")[2]


def _serial_of(path: Path) -> int:
    return int(_digits_of(path))


def _read(path: Path) -> TrustFile:
    try:
        with path.open("rb") as file:
            return trustfile.parse(file.read(_LARGEST).decode("utf-8", errors="replace"))
    except OSError as error:
        raise _unkept(path, error) from error


def _unkept(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"{path}, beside the root's key, cannot be read or written: {error.strerror or error}. "
        "Nothing was signed that anybody has seen.",
        hint="Check free space and permissions of the folder of the root's key.",
    )
