"""What the root signs: the trust code that follows on another one. Pure; it needs no portal and no network.

    newest trust code + issuers to certify, to revoke, to list no more, a next root → the next trust code

* A trust code says everything, and not what is new: whoever installs the newest one needs none before it. So
  what the one before said stays, unless it is changed.
* Its serial is the next one. The same change again changes nothing, and so gives the same code.
* A revoked key stays revoked for ever, and stays in the list, so that devices can say who is meant.
* A code that the next root signs itself names no next root any more, unless it is given one.

Not handled: where the code before it is kept (`reservation.signedtrusts`), and the root's key file.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

from codec.alphabet import clean, to_bytes
from codec.codes import IssuerKey, Trust
from codec.envelope import VerifiedCode, sign_trust
from codec.errors import CodecError
from codec.keys import KEY_BYTES, SigningKey, VerifyingKey
from reservation.errors import CertifyError, OtherRootError, UnknownNameError

KEY_ID_DIGITS = 16
MOST_ISSUERS = 15
"""What a trust code can list (docs/spec/code-v1.md)."""


@dataclass(frozen=True, slots=True)
class Validity:
    """From when to when devices believe an issuer.

    Attributes:
        first: First UTC day; None: as it was, or today for a new one.
        last: Last one; None: as it was, or without end for a new one.
    """

    first: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a new trust code changes.

    Attributes:
        certified: Issuers to certify, or whose days change: public key → validity.
        revoked: Ids of keys to revoke, 8 bytes each.
        dropped: Ids of keys that are listed no more.
        next_root: Public key of the root that may follow; None: as it was.
    """

    certified: Mapping[bytes, Validity] = field(default_factory=dict)
    revoked: frozenset[bytes] = frozenset()
    dropped: frozenset[bytes] = frozenset()
    next_root: bytes | None = None


def public_key(text: str) -> bytes:
    """Read a public key as it is carried: 52 characters, 32 bytes.

    Raises:
        CertifyError: When it is none.
        KeyRejectedError: When it is not a sound one.
    """
    try:
        raw = to_bytes(clean(text))
    except CodecError as error:
        raise _no_public_key() from error
    if len(raw) != KEY_BYTES:
        raise _no_public_key()
    return VerifyingKey.parse(raw).raw


def _no_public_key() -> CertifyError:
    return CertifyError(
        "This is no public key: one has 52 letters and digits.",
        hint="`tallystick keys show FILE` prints it, on the machine where the key is. Copy it whole, and "
        "compare the eight words.",
    )


def key_named(text: str, before: Trust) -> bytes:
    """Return the id of the key that a person names by its id, or by the whole public key.

    Args:
        text: 16 hexadecimal digits, or a public key.
        before: The trust code that may list it.

    Raises:
        CertifyError: When it is neither.
        UnknownNameError: When the trust code does not list it.
    """
    squeezed = "".join(text.split()).lower()
    is_id = len(squeezed) == KEY_ID_DIGITS and not set(squeezed) - set("0123456789abcdef")
    known = {VerifyingKey(issuer.key).id for issuer in before.issuers} | set(before.revoked)
    names = ", ".join(sorted(one.hex() for one in known))
    try:
        named = bytes.fromhex(squeezed) if is_id else VerifyingKey(public_key(text)).id
    except CertifyError as error:
        raise CertifyError(
            "This names no key: an id has 16 hexadecimal digits, a public key 52 letters and digits.",
            hint=f"The trust code before this one lists: {names}.",
        ) from error
    if named not in known:
        raise UnknownNameError(
            f"The trust code before this one (serial {before.serial}) lists no key {named.hex()}.",
            hint=f"It lists: {names}.",
        )
    return named


def require_own(root: VerifyingKey, former: VerifyingKey, before: Trust) -> bool:
    """Return whether a root is the next one that the trust code before names.

    Args:
        root: The root that is to sign.
        former: The root that signed the code before.
        before: What that code says.

    Raises:
        OtherRootError: When it is neither that root nor the next one.
    """
    if root.raw == former.raw:
        return False
    if root.raw == before.next_root:
        return True
    raise OtherRootError(
        f"The trust code was signed by root {former.id.hex()}, and this key is {root.id.hex()}: devices "
        "would refuse what it signs.",
        hint="Take the key file of that root, or the trust file of this one.",
    )


def following(root: SigningKey, before: Trust, change: Change, *, is_next: bool, today: date) -> Trust:
    """Return what the trust code after another one says; the same when nothing changes.

    Args:
        root: The root that will sign it.
        before: What the code before says.
        change: What changes.
        is_next: Whether the root is the next one of the code before.
        today: First day of issuers for which none is given.

    Raises:
        CertifyError: When nobody could issue anything after it, or it contradicts itself.
    """
    listed = {issuer.key: issuer for issuer in before.issuers}
    for key, validity in change.certified.items():
        listed[key] = _certified(key, validity, listed.get(key), today)
    kept = {key: issuer for key, issuer in listed.items() if VerifyingKey(key).id not in change.dropped}
    if not kept:
        raise CertifyError(
            "No issuer would be left in the trust code.", hint="Certify a new one in the same step."
        )
    _require_room(kept, change)
    revoked = {*before.revoked, *change.revoked}
    wrong = [key for key in change.certified if VerifyingKey(key).id in revoked]
    if wrong:
        raise CertifyError(
            f"Key {VerifyingKey(wrong[0]).id.hex()} is revoked, and a revoked key stays so for ever.",
            hint="Make a new key: tallystick keys rotate-issuer",
        )
    if change.next_root in {root.verifying_key.raw, *kept}:
        raise CertifyError(
            "The next root is another key than this root, and none of an issuer.",
            hint="Make one for it alone: tallystick keys generate FILE",
        )
    following_root = change.next_root or (None if is_next else before.next_root)
    _require_issuers(change.certified, {root.verifying_key.raw, following_root})
    trust = Trust(
        before.serial,
        before.portal_id,
        tuple(kept[key] for key in sorted(kept)),
        tuple(sorted(revoked)),
        following_root,
    )
    return trust if trust == before and not is_next else replace(trust, serial=before.serial + 1)


def _require_issuers(keys: Iterable[bytes], roots: Collection[bytes | None]) -> None:
    """Return when none of the keys to certify is that of a root."""
    wrong = [key for key in keys if key in roots]
    if wrong:
        raise CertifyError(
            f"Key {VerifyingKey(wrong[0]).id.hex()} is that of a root, and a root licenses nothing itself.",
            hint="Give the public key that `tallystick keys rotate-issuer` printed on the portal's machine.",
        )


def _require_room(listed: Mapping[bytes, IssuerKey], change: Change) -> None:
    if len(listed) <= MOST_ISSUERS:
        return
    former = [key for key in listed if key not in change.certified]
    oldest = VerifyingKey(min(former, key=lambda key: listed[key].valid_from))
    raise CertifyError(
        f"A trust code lists at most {MOST_ISSUERS} issuers, and this one would list {len(listed)}.",
        hint=f"List an old one no more, of which no authorization waits: --drop {oldest.id.hex()}",
    )


def _certified(key: bytes, validity: Validity, known: IssuerKey | None, today: date) -> IssuerKey:
    first = validity.first or (known.valid_from if known else today)
    last = validity.last or (known.valid_until if known else None)
    if last is not None and last < first:
        raise CertifyError(
            f"The last day of key {VerifyingKey(key).id.hex()} ({last}) is before its first ({first}).",
            hint="Give days that follow each other, with --from and --until.",
        )
    return IssuerKey(key, first, last)


def signed(root: SigningKey, trust: Trust) -> VerifiedCode[Trust]:
    """Sign a trust code: the same content always gives the same code."""
    return sign_trust(trust, root)
