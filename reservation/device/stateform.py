"""The state of a device as the bytes of a file: JSON, with its version at the head and a checksum at the end.

The checksum is the SHA-256 of every byte before it, so that no version has to understand another's content to
know whether it is whole: a file that was cut off, changed or torn is refused as damaged, and a whole file of
a newer version as newer. It protects from accidents. Whoever may write the file can make another checksum.

Not handled: states older than version 1, since there are none.
"""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from codec.codes import Kind, Sequence, Udi
from codec.envelope import LINK_BYTES
from codec.errors import CodecError
from codec.hashes import sha256
from codec.keys import KEY_BYTES
from reservation.device.journal import JournalEntry
from reservation.device.nodelock import SALT_BYTES, Component, NodeLock
from reservation.device.state import Installed, Reservation, State, contradiction_in
from reservation.errors import NewerStateError, StateDamagedError

VERSION = 1
_FORMAT = "tallystick device state"
_ID_BYTES = 32
_PORTAL_ID_BYTES = 8
_CHECKSUM = b',\n"checksum": "%s"}\n'
_IN_UTC = timedelta(0)
_TAIL_BYTES = len(_CHECKSUM % sha256(b"").hex().encode())

_WRONG_FORM = (AttributeError, IndexError, KeyError, OverflowError, RecursionError, TypeError, ValueError)

T = TypeVar("T")
Form = dict[str, Any]

_WAY_FORWARD = (
    "Restore the whole folder from a backup that is newer than the last code of this device. Without one, "
    "set the folder aside, initialise the device again, and ask the portal to rehost the reservation."
)


def render(state: State) -> bytes:
    """Return the content of a state file."""
    content = json.dumps(_form_of(state), indent=1, ensure_ascii=True).encode().removesuffix(b"\n}")
    return content + _CHECKSUM % _digest(content)


def parse(content: bytes) -> State:
    """Read the content of a state file.

    Raises:
        StateDamagedError: When it is not, byte for byte, what a device wrote.
        NewerStateError: When a newer version wrote it.
    """
    body = content[:-_TAIL_BYTES]
    if len(content) <= _TAIL_BYTES or content[-_TAIL_BYTES:] != _CHECKSUM % _digest(body):
        raise damaged("it was cut off or changed")
    try:
        form = json.loads(body + b"}")
        _require_version(form)
        state = _state_of(form)
    except (*_WRONG_FORM, CodecError) as error:
        raise damaged("it lacks a member, or has one of a wrong form") from error
    if problem := contradiction_in(state):
        raise damaged(problem)
    return state


def damaged(problem: str) -> StateDamagedError:
    """Return the error that says what is wrong with the device state."""
    return StateDamagedError(
        f"The stored device state is damaged: {problem}. Nothing was changed.", hint=_WAY_FORWARD
    )


def _digest(content: bytes) -> bytes:
    return sha256(content).hex().encode()


def _require_version(form: Form) -> None:
    if form["format"] != _FORMAT or not isinstance(form["version"], int):
        raise ValueError("not a device state")
    if form["version"] > VERSION:
        raise NewerStateError(
            f"The stored device state is of version {form['version']}; this program reads version {VERSION}. "
            "Nothing was changed.",
            hint="Use the newer version of Tallystick that wrote it.",
        )


# --- value to form -----------------------------------------------------------------------------


def _form_of(state: State) -> Form:
    udi = state.udi
    return {
        "format": _FORMAT,
        "version": VERSION,
        "udi": {
            "product_id": udi.product_id,
            "serial_number": udi.serial_number,
            "uuid": _or_none(str, udi.uuid),
        },
        "device_key": state.device_key.hex(),
        "lock": {
            "salt": state.lock.salt.hex(),
            "required": state.lock.required,
            "components": {component.name: component.mark for component in state.lock.components},
        },
        "matches_asked": state.matches_asked,
        "root": state.root.hex(),
        "trust": state.trust,
        "portal_id": _or_none(bytes.hex, state.portal_id),
        "journal": [_form_of_entry(entry) for entry in state.journal],
        "reservations": [_form_of_reservation(reservation) for reservation in state.reservations],
        "catalogue": list(state.catalogue),
    }


def _form_of_entry(entry: JournalEntry) -> Form:
    return {
        "number": entry.number,
        "kind": entry.kind.value,
        "id": entry.id.hex(),
        "link": entry.link.hex(),
        "at": entry.at.isoformat(),
        "text": entry.text,
    }


def _form_of_reservation(reservation: Reservation) -> Form:
    return {
        "request": reservation.request,
        "installed": _or_none(_form_of_installed, reservation.installed),
        "returned": reservation.returned,
    }


def _form_of_installed(installed: Installed) -> Form:
    return {
        "text": installed.text,
        "id": installed.id.hex(),
        "issuer": installed.issuer.hex(),
        "issued_at": installed.issued_at.isoformat(),
        "sequence": [installed.sequence.epoch, installed.sequence.number],
        "installed_at": installed.installed_at.isoformat(),
        "confirmation": installed.confirmation,
    }


# --- form to value -----------------------------------------------------------------------------


def _state_of(form: Form) -> State:
    return State(
        udi=_udi_of(form["udi"]),
        device_key=_octets(form["device_key"], KEY_BYTES),
        lock=_lock_of(form["lock"]),
        matches_asked=_or_none(_whole, form["matches_asked"]),
        root=_octets(form["root"], KEY_BYTES),
        trust=_text(form["trust"]),
        portal_id=_or_none(lambda text: _octets(text, _PORTAL_ID_BYTES), form["portal_id"]),
        journal=tuple(_entry_of(each) for each in _sequence(form["journal"])),
        reservations=tuple(_reservation_of(each) for each in _sequence(form["reservations"])),
        catalogue=tuple(_text(tag) for tag in _sequence(form["catalogue"])),
    )


def _udi_of(form: Form) -> Udi:
    return Udi(_text(form["product_id"]), _text(form["serial_number"]), _or_none(UUID, form["uuid"]))


def _lock_of(form: Form) -> NodeLock:
    components = tuple(Component(name, _whole(mark)) for name, mark in form["components"].items())
    return NodeLock(_octets(form["salt"], SALT_BYTES), components, _whole(form["required"]))


def _entry_of(form: Form) -> JournalEntry:
    return JournalEntry(
        number=_whole(form["number"]),
        kind=Kind(form["kind"]),
        id=_octets(form["id"], _ID_BYTES),
        link=_octets(form["link"], LINK_BYTES),
        at=_instant(form["at"]),
        text=_text(form["text"]),
    )


def _reservation_of(form: Form) -> Reservation:
    return Reservation(
        request=_whole(form["request"]),
        installed=_or_none(_installed_of, form["installed"]),
        returned=_or_none(_whole, form["returned"]),
    )


def _installed_of(form: Form) -> Installed:
    epoch, number = form["sequence"]
    return Installed(
        text=_text(form["text"]),
        id=_octets(form["id"], _ID_BYTES),
        issuer=_octets(form["issuer"], KEY_BYTES),
        issued_at=_instant(form["issued_at"]),
        sequence=Sequence(_whole(epoch), _whole(number)),
        installed_at=_instant(form["installed_at"]),
        confirmation=_whole(form["confirmation"]),
    )


def _or_none(read: Callable[[Any], T], value: Any) -> T | None:
    return None if value is None else read(value)


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value


def _sequence(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise TypeError("not a list")
    return value


def _whole(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise TypeError("not a whole number")
    return value


def _octets(value: Any, length: int) -> bytes:
    octets = bytes.fromhex(_text(value))
    if len(octets) != length:
        raise ValueError("not as long as it should be")
    return octets


def _instant(value: Any) -> datetime:
    instant = datetime.fromisoformat(_text(value))
    if instant.utcoffset() != _IN_UTC:
        raise ValueError("a time that is not in UTC")
    return instant
