"""What both engines have: numbered steps of a schema, named queries, and the first rows of a portal.

Not handled: taking the steps, and the transaction of the first rows (the engines).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import aiosql

from reservation.founding import Founding
from reservation.issuers import UsedIssuer
from reservation.model import Stamp
from reservation.people import User
from reservation.roles import Grant, Role
from reservation.sql import rows
from reservation.sql.writing import SqlWriting
from reservation.standing import Changes


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema, from the form before it."""

    number: int
    name: str
    script: str


@cache
def migrations_in(folder: str) -> tuple[Migration, ...]:
    """Return the migrations of one engine that this version knows, in order."""
    found = []
    for file in sorted(resources.files(__package__).joinpath(folder).iterdir(), key=lambda file: file.name):
        number, _, name = file.name.removesuffix(".sql").partition("_")
        if number.isdigit():
            found.append(Migration(int(number), name, file.read_text(encoding="utf-8")))
    return tuple(found)


def differences(found: Mapping[str, str], expected: Mapping[str, str]) -> Iterator[str]:
    """Say what is not there, what is there besides, and what is made in another way.

    Args:
        found: Name, with its kind → how it is made, in a database.
        expected: The same, as this version makes it.
    """
    for what in sorted(expected.keys() - found.keys()):
        yield f"the {what} is missing"
    for what in sorted(found.keys() - expected.keys()):
        yield f"the {what} is none of this program's"
    for what in sorted(found.keys() & expected.keys()):
        if found[what] != expected[what]:
            yield f"the {what} was changed"


@cache
def queries_for(driver: str, folder: str) -> Any:
    """Return the named queries as functions: those that all engines share, and those of one engine."""
    here = resources.files(__package__)
    files = [*sorted(here.joinpath("queries").iterdir(), key=lambda file: file.name)]
    files.append(here.joinpath(folder, "queries.sql"))
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.name.endswith(".sql"))
    return aiosql.from_str(text, driver)


OTHER_FORM_HINT = (
    "Keep the database as it is. Open it with the version that made it, or restore it from a backup."
)


def other_form(steps: tuple[Migration, ...]) -> str:
    """Say what a database is whose tables are others, while its number is right: else it is not opened."""
    return (
        f"It says that its schema is number {steps[-1].number}, as this version's is: so it was made by a "
        "version that was never released, or changed since."
    )


def insert_founding(transaction: SqlWriting, founding: Founding) -> None:
    """Write the first rows of a portal.

    Args:
        transaction: On the account of the founding.
        founding: The rows.
    """
    connection, queries = transaction.connection, transaction.queries
    event = founding.event
    at = rows.instant_text(event.at)
    identity = founding.identity
    queries.insert_portal(
        connection,
        portal_id=identity.portal_id,
        epoch=identity.epoch,
        minimum_match=identity.minimum_match,
        root_key=identity.root_key,
        issuer_key=identity.issuer_key,
        issuer_from=identity.issuer_from.isoformat(),
        created_at=at,
    )
    queries.insert_trust(
        connection,
        serial=founding.trust_serial,
        root_key=identity.root_key,
        code_id=founding.trust_id,
        code_text=founding.trust_text,
        at=at,
        actor=event.actor,
    )
    queries.insert_account(connection, account_id=founding.account_id, name=founding.account)
    transaction.add_virtual_account(founding.virtual_account)
    transaction.add_user(User(event.actor, (), event.at, event.actor))
    transaction.add_grant(event.actor, Grant(Role.ADMINISTRATOR), Stamp(event.at, event.actor, b""))
    transaction.record(Changes(event))
    transaction.use_issuer(
        UsedIssuer(identity.issuer_key, founding.trust_serial, event.id, event.at, event.actor)
    )
