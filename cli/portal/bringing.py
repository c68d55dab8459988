"""Codes that a database has forgotten, as `accept` takes them: what came of each."""

from typing import TYPE_CHECKING

from cli.code_input import BY_PARITY, CodeInput
from cli.plain import safe
from cli.portal.accepted import accepted_text
from cli.repaired import repairs_record
from cli.session import Report, Session
from cli.values import sequence_record, udi_record

if TYPE_CHECKING:
    from reservation.service.accepting import Accepted
    from reservation.service.bringing import Brought
    from reservation.service.context import Portal
    from reservation.service.rebuilding import Rebuilt


def bring_back(
    session: Session, portal: "Portal", given: CodeInput, raw: str, va: str | None
) -> Report | None:
    """Take a code that the books may have forgotten; None: it is not for this, or cannot be read at all."""
    from codec.errors import CodecError, RevokedIssuerError
    from codec.reading import inspect
    from reservation.service.bringing import bring, is_for_bringing

    try:
        inspected = inspect(raw)
        if not is_for_bringing(portal, inspected.code):
            return None
    except RevokedIssuerError:
        raise  # It is proved whose it is, and nobody who reads it next would know.
    except CodecError:
        return None  # Whoever reads it next says what is wrong with it.
    given.require_acceptance(session, inspected.repairs, BY_PARITY, inspected.notes)
    brought = bring(portal, raw, virtual_account=va)
    return _report(brought, repairs_record(inspected.repairs)) if brought else None


JudgedSince = tuple[dict[str, object], list[str]]
"""What was judged because of another code: for scripts, and in words."""


def judged_since(portal: "Portal") -> JudgedSince:
    """Judge what waited for an answer of a device; return it for scripts and in words, if there was any."""
    from reservation.service.bringing import settle
    from reservation.service.rebuilding import Rebuilt

    done = settle(portal)
    if not done:
        return {}, []
    rebuilt = [one for one in done if isinstance(one, Rebuilt)]
    accepted = [one for one in done if not isinstance(one, Rebuilt)]
    return _record(rebuilt, accepted), _lines(rebuilt, accepted)


_KINDS = {"Q": "request", "A": "authorization", "C": "confirmation"}


def _report(brought: "Brought", repairs: list[dict[str, object]]) -> Report:
    kind = _KINDS[brought.kind.value]
    first = {
        "kept": f"Kept: this {kind} cannot be judged yet. It needs {safe(brought.needs)}.",
        "known": f"Nothing new: the books need this {kind} no more.",
        "rebuilt": "",
    }[brought.outcome]
    notes = tuple(note for one in brought.rebuilt for note in one.notes)
    return Report(
        {
            "kind": brought.outcome,
            "code_kind": kind,
            "needs": brought.needs or None,
            **_record(brought.rebuilt, brought.accepted),
            "repairs": repairs,
        },
        text="\n".join(filter(None, (first, *_lines(brought.rebuilt, brought.accepted)))),
        says=notes,
        next_step="Bring the next code, or see what is known: tallystick portal quarantine",
    )


def _lines(
    rebuilt: "list[Rebuilt] | tuple[Rebuilt, ...]", accepted: "list[Accepted] | tuple[Accepted, ...]"
) -> list[str]:
    lines = [
        f"Rebuilt: authorization {one.sequence} of {one.reservation.name} for {safe(one.reservation.udi)}, "
        f"in {safe(one.virtual_account)}."
        for one in rebuilt
    ]
    return [*lines, *(accepted_text(one) for one in accepted)]


def _record(
    rebuilt: "list[Rebuilt] | tuple[Rebuilt, ...]", accepted: "list[Accepted] | tuple[Accepted, ...]"
) -> dict[str, object]:
    return {
        "rebuilt": [
            {
                "reservation": one.reservation.name,
                "state": one.reservation.state.value,
                "udi": udi_record(one.reservation.udi),
                "virtual_account": one.virtual_account,
                "sequence": sequence_record(one.sequence),
                "notes": one.notes,
            }
            for one in rebuilt
        ],
        "judged": [
            {
                "reservation": one.reservation.name,
                "kind": one.kind.value,
                "sequence": sequence_record(one.sequence),
            }
            for one in accepted
        ],
    }
