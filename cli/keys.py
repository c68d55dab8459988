"""``tallystick keys``: make and look at the keys of portals. A private key is never shown."""

from pathlib import Path
from typing import TYPE_CHECKING

from cli.command import argument, command, with_session
from cli.errors import UsageMistakeError
from cli.lazy import LazyGroup
from cli.passphrase import new_passphrase, passphrase_for, passphrase_option
from cli.screen import labelled
from cli.session import Report, Session

if TYPE_CHECKING:
    from codec.keys import VerifyingKey

keys = LazyGroup(
    "keys",
    text="""Make and look at the keys of portals.

    `portal init` makes a root and an issuer key by itself. These commands are for keys that are made
    elsewhere: a root key on a machine that is never online, an issuer key for later. Key files are encrypted
    PKCS#8 PEM, which `openssl pkey` reads too; a private key is never shown.
    """,
    places={
        "generate": ("cli.keys:generate", "Make a private key file."),
        "show": ("cli.keys:show", "Show the public half of a private key file."),
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
