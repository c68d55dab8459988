"""``tallystick keys``: make and look at the keys of portals. A private key is never shown."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.code_output import CodeOutput, shows_code
from cli.command import argument, command, option, with_session
from cli.errors import UsageMistakeError
from cli.lazy import LazyGroup
from cli.passphrase import (
    FILE_NAME,
    changed_passphrase,
    new_passphrase,
    passphrase_for,
    passphrase_option,
)
from cli.portal.books import on_portal_beside
from cli.screen import labelled
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.keys import VerifyingKey
    from reservation.service.context import Portal

keys = LazyGroup(
    "keys",
    text="""Make, certify, revoke and look at the keys of portals.

    `portal init` makes a root and an issuer key by itself. These commands are for what comes later: the root
    key on a machine that is never online, the next issuer key, and what the root says of both. From machine
    to machine go a public key one way and a trust code the other, as text or QR. Key files are encrypted
    PKCS#8 PEM, which `openssl pkey` reads too; a private key is never shown.
    """,
    places={
        "generate": ("cli.keys:generate", "Make a private key file."),
        "show": ("cli.keys:show", "Show the public half of a private key file."),
        "passphrase": ("cli.keys:passphrase", "Change the passphrase of a private key file."),
        "rotate-issuer": ("cli.keys:rotate_issuer", "Make the portal's next issuer key."),
        "certify": ("cli.certifying:certify", "Sign a trust code by which devices believe an issuer."),
        "revoke": ("cli.certifying:revoke", "Sign a trust code that revokes an issuer."),
    },
)


@command(
    "generate",
    example="tallystick keys generate next-root.pem",
    exits="""
    0 done
    1 there is a file of that name: a key is never overwritten
    2 the passphrase is too short, or typed differently the second time
    """,
)
@argument("file", text="Name of the key file to make.")
@passphrase_option
@with_session
def generate(session: Session, file: str, passphrase_file: str | None) -> Report:
    """Make a private key file.

    An Ed25519 key, encrypted with a passphrase, in a file that only its owner can read. Prints the public
    half: its id, and eight words that people can compare by telephone. Where nobody can be asked for a
    passphrase, a random one is put into the file `passphrase` beside the key, and found there later.
    """
    from codec.keys import SigningKey
    from reservation.keyfile import require_absent, write_key

    path = Path(file)
    _require_cryptography()
    # Before anybody is asked for a passphrase.
    require_absent(path)
    key = SigningKey(session.world.random(32))
    with new_passphrase(session, passphrase_file, path.parent) as passphrase:
        write_key(path, key, passphrase.text)
    kept = passphrase.kept
    says = (f"A random passphrase was made, in {kept}. Keep it apart from the key.",) if kept else ()
    return Report(
        {**_record(key.verifying_key), "file": path, "passphrase_file": kept},
        text=_text(key.verifying_key, path),
        says=says,
        next_step="Keep a copy of the key file and of its passphrase, in two places",
    )


@command(
    "show",
    example="tallystick keys show next-root.pem",
    exits="""
    0 done
    2 there is no such file, or nobody is here to be asked for the passphrase
    6 the passphrase is another one, the file is damaged, or others may read it
    """,
)
@argument("file", text="Name of the key file.")
@passphrase_option
@with_session
def show(session: Session, file: str, passphrase_file: str | None) -> Report:
    """Show the public half of a private key file.

    Its id, the public key itself, and eight words that people can compare by telephone. The private half is
    not shown.
    """
    from reservation.keyfile import read_key

    path = Path(file)
    _require_cryptography()
    if not path.is_file():
        raise UsageMistakeError(f"There is no key file {path}.", hint="Check the name of the file.")
    key = read_key(path, passphrase_for(session, passphrase_file, path.parent))
    return Report({**_record(key.verifying_key), "file": path}, text=_text(key.verifying_key, path))


@command(
    "passphrase",
    example="tallystick keys passphrase next-root.pem --new-passphrase-file new.txt",
    exits="""
    0 done
    2 there is no such file, the new passphrase is too short, or nobody is here to be asked
    6 the passphrase is another one, the file is damaged, or it cannot be written: it is as it was then
    """,
)
@argument("file", text="Name of the key file.")
@passphrase_option
@option(
    "--new-passphrase-file",
    metavar="F",
    help="File whose first line is the new passphrase. [a person is asked, twice]",
)
@with_session
def passphrase(
    session: Session, file: str, passphrase_file: str | None, new_passphrase_file: str | None
) -> Report:
    """Change the passphrase of a private key file.

    The key stays the same one, so nobody else has to know. The file is exchanged in one step. Copies of it
    elsewhere keep the old passphrase: make them anew, and destroy the old ones.
    """
    from reservation.keyfile import read_key, replace_key

    path = Path(file)
    _require_cryptography()
    if not path.is_file():
        raise UsageMistakeError(f"There is no key file {path}.", hint="Check the name of the file.")
    key = read_key(path, passphrase_for(session, passphrase_file, path.parent))
    replace_key(path, key, changed_passphrase(session, new_passphrase_file))
    beside = path.parent / FILE_NAME
    says = (
        f"{beside} is taken for the passphrase of every key in this folder: if it holds the old one, remove "
        "it, or write the new one there."
        if beside.exists()
        else "",
    )
    return Report(
        {**_record(key.verifying_key), "file": path},
        text=f"Changed: the passphrase of {path}.",
        says=[one for one in says if one],
        next_step="Make the copies of this file anew, and destroy the old ones",
    )


@command(
    "rotate-issuer",
    example="tallystick keys rotate-issuer --out next-issuer.txt",
    exits="""
    0 done; also when a key was made before and is not in use yet: its public half is shown again
    1 there is no portal yet
    2 the passphrase is too short, or typed differently the second time
    6 the passphrase is another one, or the file cannot be written
    """,
)
@passphrase_option
@shows_code
@on_portal_beside
@with_session
def rotate_issuer(
    session: Session,
    portal: "Portal",
    folder: Path,
    output: CodeOutput,
    passphrase_file: str | None,
) -> Report:
    """Make the portal's next issuer key.

    Prints its public half, for the root. The key goes into the folder of the portal's keys, under a name of
    its own; the old one goes on signing until the root has certified the new one and the portal has taken it
    into use (`portal issuer adopt`). Carry the public half, and the trust file, to the root's machine (`keys
    certify`).
    """
    from codec.keys import SigningKey
    from reservation.keyfile import issuer_file_name, read_key, settle_issuers, write_key

    _require_cryptography()
    settle_issuers(folder)
    waiting = _made_before(portal, folder)
    if waiting is not None:
        key = read_key(waiting, passphrase_for(session, passphrase_file, folder))
        return _next_issuer(key.verifying_key, waiting, output, again=True)
    key = SigningKey(session.world.random(32))
    path = folder / issuer_file_name(key.verifying_key.raw)
    with new_passphrase(session, passphrase_file, folder) as chosen:
        write_key(path, key, chosen.text)
    kept = f"A random passphrase was made, in {chosen.kept}. Keep it apart from the key."
    return _next_issuer(key.verifying_key, path, output, again=False, says=kept if chosen.kept else "")


def _made_before(portal: "Portal", folder: Path) -> Path | None:
    """Return the file of an issuer's key that never was in use and may still come into use."""
    from reservation.keyfile import later_issuers
    from reservation.service.issuers import list_issuers

    over = {one.id for one in list_issuers(portal) if one.used or one.is_revoked}
    waiting = [path for path, key_id in later_issuers(folder) if key_id not in over]
    return waiting[0] if waiting else None


def _next_issuer(
    key: "VerifyingKey", path: Path, output: CodeOutput, *, again: bool, says: str = ""
) -> Report:
    from codec.alphabet import to_characters
    from codec.words import words_of

    public = to_characters(key.raw)
    before = "It was made before and is not in use yet: here is its public half again." if again else ""
    return Report(
        {**_record(key), "code": public, "file": path, "again": again},
        code=public,
        output=output,
        says=[
            *(one for one in (before, says) if one),
            f"Key {key.id.hex()}, in {path}",
            f"Words: {' '.join(words_of(key.digest))}",
        ],
        next_step="Carry this public key and the trust file (tallystick portal trust) to the root's machine: "
        "tallystick keys certify. Compare the words there",
    )


def _require_cryptography() -> None:
    from cli.extras import require_extra

    require_extra("portal", "cryptography", purpose="A key file")


def _record(key: "VerifyingKey") -> dict[str, object]:
    from codec.words import words_of

    return {"key_id": key.id, "public_key": key.raw, "words": words_of(key.digest)}


def _text(key: "VerifyingKey", path: Path) -> str:
    from codec.alphabet import to_characters
    from codec.words import words_of

    return labelled(
        [
            ("File", path),
            ("Key id", key.id.hex()),
            ("Public key", to_characters(key.raw)),
            ("Words", " ".join(words_of(key.digest))),
        ]
    )
