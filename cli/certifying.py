"""``tallystick keys certify`` and ``revoke``: what the root signs, on a machine that is never online."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from cli.code_input import code_text
from cli.code_output import CodeOutput, shows_code
from cli.command import argument, command, declared, option, with_session
from cli.errors import UsageMistakeError
from cli.extras import require_extra
from cli.passphrase import passphrase_for, passphrase_option
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.codes import Trust
    from reservation.certifying import Change
    from reservation.signedtrusts import Signed
    from reservation.trustfile import TrustFile

_LARGEST = 65_536
_EXITS = """
    0 done; also when it was signed before: the same code is shown again
    1 refused: no public key, a root's or a revoked one, no issuer left, or another code was signed since
    2 there is no such file, a word is no day, or nobody is here to be asked for the passphrase
    4 the trust file is damaged, or of another root; or a public key is not sound
    6 the passphrase is another one, the key file is damaged, or others may read it
    """
_ROOT_OPTIONS = (
    option("--root", required=True, metavar="FILE", help="File of the root's private key."),
    option(
        "--trust",
        metavar="FILE",
        help="Trust file of the portal (`portal trust`). Needed once: what is signed is kept beside the key, "
        "and the next code follows on that.",
    ),
    option("--next-root", metavar="KEY", help="Public key of the root that may follow this one."),
    passphrase_option,
)


def _root_options(run: Callable[..., Report]) -> Callable[..., Report]:
    return declared(run, _ROOT_OPTIONS)


@command(
    "certify",
    example="tallystick keys certify next-issuer.txt --root root.pem --trust trust.txt --out trust-code.txt",
    exits=_EXITS,
)
@argument(
    "key",
    text="Public key of the issuer, 52 characters, as `keys rotate-issuer` prints it; or a file with it.",
)
@option("--from", "first", metavar="DAY", help="First day of issue for which devices believe it. [today]")
@option("--until", "last", metavar="DAY", help="Last day of issue. [without end]")
@option(
    "--revoke",
    multiple=True,
    metavar="KEY",
    help="Revoke this issuer in the same code: its id, or its public key. Can be given many times.",
)
@option(
    "--drop",
    multiple=True,
    metavar="KEY",
    help="List this issuer no more: none of its authorizations waits to be installed any longer.",
)
@_root_options
@shows_code
@with_session
def certify(
    session: Session,
    output: CodeOutput,
    key: str,
    first: str | None,
    last: str | None,
    revoke: tuple[str, ...],
    drop: tuple[str, ...],
    root: str,
    trust: str | None,
    next_root: str | None,
    passphrase_file: str | None,
) -> Report:
    """Sign a trust code by which devices believe an issuer.

    The root signs: on its own machine, which needs no network and no portal. The code says all that devices
    are to believe from now on: the issuers of the code before it, and this one. Issuers that were certified
    before stay so; with an issuer that is listed already, only its days change.

    Before you sign, compare the eight words of the key with those that the portal's machine shows.
    """
    from reservation.certifying import Change, Validity, key_named, public_key

    certified = public_key(code_text(key))
    validity = Validity(_day(first, "--from"), _day(last, "--until"))

    def wish(before: "Trust") -> Change:
        return Change(
            {certified: validity},
            frozenset(key_named(code_text(one), before) for one in revoke),
            frozenset(key_named(code_text(one), before) for one in drop),
            public_key(code_text(next_root)) if next_root else None,
        )

    signed = _sign(session, root, trust, passphrase_file, wish)
    return _report(signed, output, certified)


@command(
    "revoke",
    example="tallystick keys revoke old-issuer.txt --root root.pem --out trust-code.txt",
    exits=_EXITS,
)
@argument(
    "key",
    nargs=-1,
    required=True,
    text="Id of the issuer's key, its public key, or a file that holds one; several, too.",
)
@_root_options
@shows_code
@with_session
def revoke(
    session: Session,
    output: CodeOutput,
    key: tuple[str, ...],
    root: str,
    trust: str | None,
    next_root: str | None,
    passphrase_file: str | None,
) -> Report:
    """Sign a trust code that revokes an issuer.

    A device that has installed the code refuses every authorization of that key that it has not installed
    yet, whatever its date. What is installed stays in force. A revoked key stays revoked for ever.

    Where the new key is at hand, `certify NEW --revoke OLD` does both in one code.
    """
    from reservation.certifying import Change, key_named, public_key

    def wish(before: "Trust") -> Change:
        named = frozenset(key_named(code_text(one), before) for one in key)
        return Change(revoked=named, next_root=public_key(code_text(next_root)) if next_root else None)

    return _report(_sign(session, root, trust, passphrase_file, wish), output, None)


def _sign(
    session: Session,
    root: str,
    trust: str | None,
    passphrase_file: str | None,
    wish: "Callable[[Trust], Change]",
) -> "Signed":
    from reservation.keyfile import read_key
    from reservation.signedtrusts import newest, sign_following

    path = Path(root)
    require_extra("portal", "cryptography", purpose="A key file")
    if not path.is_file():
        raise UsageMistakeError(f"There is no key file {path}.", hint="Check the name of the file.")
    # Before anybody is asked for a passphrase.
    given = _trust_file(trust) if trust else None
    before = given or newest(path)
    if before is not None:
        wish(before.trust.code.value)
    key = read_key(path, passphrase_for(session, passphrase_file, path.parent))
    return sign_following(path, key, given, wish, today=session.world.clock().date())


def _trust_file(name: str) -> "TrustFile":
    from cli.files import read_text
    from reservation.trustfile import parse

    return parse(read_text(name, _LARGEST))


def _day(given: str | None, name: str) -> date | None:
    try:
        return date.fromisoformat(given) if given else None
    except ValueError as error:
        raise UsageMistakeError(f"{name} needs a day like 2027-01-31.", hint="Days are UTC.") from error


def _report(signed: "Signed", output: CodeOutput, certified: bytes | None) -> Report:
    from codec.keys import VerifyingKey
    from codec.words import words_of

    value = signed.code.value
    known = [_issuer_record(issuer.key, issuer.valid_from, issuer.valid_until) for issuer in value.issuers]
    says = [f"Trust code {value.serial}{', signed before' if signed.again else ''}, kept in {signed.file}."]
    for issuer in value.issuers:
        key = VerifyingKey(issuer.key)
        days = f"from {issuer.valid_from}" + (f" until {issuer.valid_until}" if issuer.valid_until else "")
        says.append(f"  {key.id.hex()} {'is revoked' if key.id in value.revoked else days}")
    if certified is not None:
        says.append(f"Words of the certified key: {' '.join(words_of(VerifyingKey(certified).digest))}")
    if value.next_root is not None:
        says.append(f"Words of the next root: {' '.join(words_of(VerifyingKey(value.next_root).digest))}")
    return Report(
        {
            "code": signed.code.text,
            "kind": "trust",
            "serial": value.serial,
            "issuers": known,
            "revoked": list(value.revoked),
            "next_root": value.next_root,
            "kept_in": signed.file,
            "again": signed.again,
        },
        code=signed.code.text,
        output=output,
        says=says,
        next_step="Carry this code to the portal (tallystick portal issuer adopt) and to the devices "
        "(tallystick device install)",
    )


def _issuer_record(key: bytes, first: date, last: date | None) -> dict[str, object]:
    from codec.keys import VerifyingKey

    return {"key_id": VerifyingKey(key).id, "valid_from": first, "valid_until": last}
