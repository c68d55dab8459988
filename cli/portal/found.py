"""``tallystick portal init`` and ``trust``."""

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from cli.command import command, declared, option, with_session
from cli.extras import require_portal
from cli.passphrase import new_passphrase
from cli.portal.books import KEY_OPTIONS, database_of, keys_of, on_portal, user_of
from cli.screen import labelled
from cli.session import Report, Session

if TYPE_CHECKING:
    from reservation.bootstrap import Founded
    from reservation.service.context import Portal


def _with_key_options(run: Callable[..., Report]) -> Callable[..., Report]:
    return declared(run, KEY_OPTIONS)


@command(
    "init",
    example='tallystick portal init --account "Example Networks"',
    exits="""
    0 done
    1 there is a portal, or a key, already: neither is ever overwritten
    2 the passphrase is too short, or typed differently the second time
    """,
)
@option("--account", required=True, metavar="NAME", help="Name of the Smart Account.")
@option(
    "--match",
    type=click.IntRange(0, 15),
    default=3,
    show_default=True,
    metavar="K",
    help="How many hardware components devices must bind to, unless their product sets another number.",
)
@_with_key_options
@with_session
def init(
    session: Session,
    account: str,
    match: int,
    db: str | None,
    user: str | None,
    keys: str | None,
    passphrase_file: str | None,
) -> Report:
    """Make a portal: its books and its keys.

    Makes the database with the Smart Account NAME and its Virtual Account DEFAULT, a root key and an issuer
    key. The issuer key signs authorizations and stays here. The root key says which issuers devices believe:
    move it to a place that is never online.

    Both keys are encrypted with a passphrase. Without `--passphrase-file` a person is asked for one; where
    nobody can be asked, a random one is put into the file `passphrase` beside the keys, and found there
    later.
    """
    from reservation.bootstrap import initialise, require_nothing_there

    require_portal("A portal")
    url = database_of(session, db)
    folder = keys_of(session, keys, url)
    # Before anybody is asked for a passphrase.
    require_nothing_there(url, folder)
    world = session.world
    with new_passphrase(session, passphrase_file, folder) as passphrase:
        founded = initialise(
            url,
            account=account,
            actor=user_of(session, user),
            keys_folder=folder,
            passphrase=passphrase.text,
            clock=world.clock,
            random=world.random,
            minimum_match=match,
        )
    says = [f"Move the root key to a place that is never online: {founded.root_file}"]
    if passphrase.kept:
        says.append(
            f"A random passphrase was made, in {passphrase.kept}. Keep a copy of it apart from the keys."
        )
    return Report(
        {**_record(founded), "account": account, "passphrase_file": passphrase.kept},
        text=_text(founded, account),
        says=says,
        next_step="Add what was bought (tallystick portal license add); write the trust file for devices "
        "(tallystick portal trust)",
    )


def _record(founded: "Founded") -> dict[str, object]:
    from codec.words import words_of

    return {
        "database": str(founded.place),
        "root_file": founded.root_file,
        "issuer_file": founded.issuer_file,
        "portal_id": founded.portal_id,
        "root_words": words_of(founded.root.digest),
    }


def _text(founded: "Founded", account: str) -> str:
    from codec.words import words_of

    return labelled(
        [
            ("Smart Account", account),
            ("Database", str(founded.place)),
            ("Root key", founded.root_file),
            ("Issuer key", founded.issuer_file),
            ("Portal id", founded.portal_id.hex()),
            ("Root's words", " ".join(words_of(founded.root.digest))),
        ]
    )


@command(
    "trust",
    example="tallystick portal trust --out trust.txt",
    exits="""
    0 done
    1 there is no portal yet
    2 the file cannot be written there
    """,
)
@option("--out", metavar="F", help="Write the trust file there instead of on standard output.")
@on_portal
def trust(portal: "Portal", out: str | None) -> Report:
    """Print the trust file that devices pin.

    It holds the root's public key, eight words by which people can check it, and the newest trust code: which
    issuers to believe. Nothing in it is secret. Give it to `tallystick device init --trust`; a device that is
    initialised already takes the trust code alone (`tallystick device install`).
    """
    from cli.files import require_place, write
    from reservation import trustfile
    from reservation.service.views import trust_file

    if out:
        require_place(out, "--out")
    text = trust_file(portal)
    words = trustfile.root_words(trustfile.parse(text).root)
    code = trustfile.parse(text).trust.code.text
    record = {"trust_file": text, "code": code, "root_words": words.split()}
    says = [f"Root's words: {words}"]
    if out:
        write(out, text.encode())
        record["files"] = [out]
        says.append(f"Written: {out}")
    return Report(
        record,
        text="" if out else text.rstrip("\n"),
        says=says,
        next_step="Carry the file to the device, and compare the words there: "
        "tallystick device init --pid PID --sn SN --trust FILE",
    )
