"""The decoder of the second reader (`tests.codec.second_reader`): payloads to values, by the page alone.

The weights and the sets of characters are read from docs/spec/code-v1.md itself, so that the page cannot say
anything else than the code does. Values come out in the form of the test vectors. Where the product encodes
again what it has read and compares, this decoder checks the rules one by one: so the page is tested for
naming them all.
"""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import UUID

PAGE = (Path(__file__).parents[2] / "docs" / "spec" / "code-v1.md").read_text(encoding="utf-8")
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SETS = tuple(
    "".join(map(chr, range(32, 127))) if set_ == "2" else characters
    for set_, characters in re.findall(r"^([012])   (\S+).* characters$", PAGE, re.MULTILINE)
)


class Refusal(Exception):  # noqa: N818 - the page speaks of refusals
    """A refusal, by its class on the page."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


def _expanded(weights: str) -> list[int]:
    found: list[int] = []
    for part in weights.split(", "):
        weight, _, times = part.partition("×")
        found += [int(weight)] * int(times or 1)
    return found


WEIGHTS = {
    name: (form, _expanded(weights))
    for name, form, weights in re.findall(
        r"^\| ([A-Z-]+) \| (choice|flag|magnitude|shifted) \| ([0-9×, ]+) \|", PAGE, re.MULTILINE
    )
}


def require(condition: object, error: str = "malformed") -> None:
    if not condition:
        raise Refusal(error)


# --- sections 6 and 7: digits and fields ---------------------------------------------------------------


class Digits:
    """The number N, and the fields that are taken out of it."""

    def __init__(self, number: int) -> None:
        self.number = number

    def uniform(self, radix: int) -> int:
        value = self.number % radix
        self.number //= radix
        return value

    def choice(self, weights: list[int]) -> int:
        point = self.number % sum(weights)
        index = next(i for i in range(len(weights)) if point < sum(weights[: i + 1]))
        self.number = self.number // sum(weights) * weights[index] + point - sum(weights[:index])
        return index

    def by(self, name: str) -> int:
        """Take by a named table of weights."""
        form, weights = WEIGHTS[name]
        index = self.choice(weights)
        if form in {"choice", "flag"}:
            return index
        value = (1 << index) + self.uniform(1 << index)
        return value - 1 if form == "shifted" else value

    def bytes(self, size: int) -> str:
        return self.uniform(256**size).to_bytes(size, "big").hex()

    def optional(self, name: str, take: Callable[[], Any]) -> Any:
        return take() if self.by(name) else None

    def member(self, room: int, names: list[str]) -> str:
        value = self.uniform(room)
        require(value < len(names), "newer-version")
        return names[value]

    def minute(self) -> datetime:
        return datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=self.uniform(1 << 26))

    def day(self) -> date:
        return day_at(self.uniform(1 << 16))

    def text(self) -> str:
        """Take a text; whether a space stands at an end is for the whole text to say."""
        index = self.by("CHARACTER-SET")
        length = self.uniform(64) + 1
        text = "".join(SETS[index][self.uniform(len(SETS[index]))] for _ in range(length))
        require(not any(set(text) <= set(smaller) for smaller in SETS[:index]))
        return text

    def whole_text(self) -> str:
        text = self.text()
        require(text == text.strip(" "))
        return text


def day_at(number: int) -> date:
    require(0 <= number < 1 << 16)
    return date(2000, 1, 1) + timedelta(days=number)


def in_order(items: list[Any]) -> bool:
    return all(before < after for before, after in pairwise(items))


# --- section 8: layouts --------------------------------------------------------------------------------


def request(take: Digits) -> dict[str, Any]:
    udi = {"product_id": take.whole_text(), "serial_number": take.whole_text()}
    udi["uuid"] = take.optional("RARELY", lambda: str(UUID(take.bytes(16))))
    key = take.bytes(32)
    number = take.uniform(16)
    required = take.uniform(number + 1)
    components = [take.uniform(1 << 24) for _ in range(number)]
    mode = take.member(3, ["specific", "universal"])
    catalogue = take.optional("MOSTLY", lambda: {"size": take.by("CATALOGUE-SIZE"), "digest": take.bytes(4)})
    wanted = [{"tag": tag, "count": take.by("COUNT")} for tag in tags(take)]
    size = catalogue["size"] if catalogue else 0
    require(all(isinstance(line["tag"], str) or line["tag"] < size for line in wanted))
    return {
        "udi": udi,
        "device_key": key,
        "sketch": {"components": components, "required": required},
        "mode": mode,
        "wanted": wanted,
        "members": take.by("FEW"),
        "catalogue": catalogue,
        "code_number": take.by("CODE-NUMBER"),
        "device_time": f"{take.minute():%Y-%m-%dT%H:%MZ}",
        "journal_link": take.bytes(4),
    }


def authorization(take: Digits) -> dict[str, Any]:
    value: dict[str, Any] = {"issuer_hint": take.bytes(1), "request_hint": take.bytes(2)}
    issued_at = take.minute()
    value["issued_at"] = f"{issued_at:%Y-%m-%dT%H:%MZ}"
    value["sequence"] = {"epoch": take.by("EPOCH"), "number": take.by("NUMBER")}
    value["lines"] = lines(take, issued_at.date())
    return value


def confirmation(take: Digits) -> dict[str, Any]:
    return {
        "request_hint": take.bytes(4),
        "sequence": {"epoch": take.by("EPOCH"), "number": take.by("NUMBER")},
        "code_number": take.by("CODE-NUMBER"),
        "journal_link": take.bytes(4),
    }


REASONS = "unspecified no-longer-needed replaced moved decommissioned test-ended cancelled"


def returned(take: Digits) -> dict[str, Any]:
    value: dict[str, Any] = {"request_hint": take.bytes(4)}
    last = {"epoch": take.by("EPOCH"), "number": take.by("LAST-NUMBER")}
    value |= {
        "last_sequence": last,
        "reason": take.member(16, REASONS.split()),
        "evidence": take.member(4, ["software-key", "hardware-key"]),
        "hardware_mismatch": bool(take.by("RARELY")),
        "code_number": take.by("CODE-NUMBER"),
        "journal_link": take.bytes(4),
    }
    require((last["number"] or not last["epoch"]) and last["number"] <= 65_535)
    return value


def trust(take: Digits) -> dict[str, Any]:
    value: dict[str, Any] = {"serial": take.by("SERIAL"), "portal_id": take.bytes(8)}
    value["issuers"] = [issuer(take) for _ in range(take.by("FEW"))]
    value["revoked"] = [take.bytes(8) for _ in range(take.by("REVOKED"))]
    value["next_root"] = take.optional("RARELY", lambda: take.bytes(32))
    require(in_order([each["key"] for each in value["issuers"]]) and in_order(value["revoked"]))
    return value


def issuer(take: Digits) -> dict[str, Any]:
    key, first = take.bytes(32), take.day()
    last = take.optional("RARELY", take.day)
    require(last is None or first <= last)
    return {"key": key, "valid_from": str(first), "valid_until": str(last) if last else None}


# --- section 9: tags, lines, terms ---------------------------------------------------------------------


def tags(take: Digits) -> list[int | str]:
    numbered, spelled = take.by("NUMBERED"), take.by("SPELLED")
    require(numbered + spelled <= 255)
    found: list[int | str] = list(positions(take, numbered))
    before = ""
    for _ in range(spelled):
        shared = take.by("SHARED")
        rest = take.text()
        tag = before[:shared] + rest
        require(shared <= len(before) and before < tag and before[shared : shared + 1] != rest[:1])
        require(len(tag) <= 64 and tag == tag.strip(" "))
        found.append(tag)
        before = tag
    return found


def positions(take: Digits, number: int) -> list[int]:
    if not number:
        return []
    last = take.by("LAST-POSITION")
    found: list[int] = []
    start = 0
    for place in range(1, number):
        step = max(1, (last - start) * 11 // (16 * (number - place + 1)))
        while take.uniform(2):
            start += step
            require(start <= last)
        position = start + take.uniform(step)
        require(position < last)
        found.append(position)
        start = position + 1
    return [*found, last]


def lines(take: Digits, issue_day: date) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    table: list[tuple[date, date]] = []
    for tag in tags(take):
        keys = []
        for _ in range(take.by("LINES-OF-TAG")):
            count = take.by("COUNT")
            span = term(take, table, issue_day)
            flags = take.by("FLAGS")
            keys.append((span or (date.min, date.min), flags))
            found.append(
                {
                    "tag": tag,
                    "count": count,
                    "term": {"start": str(span[0]), "end": str(span[1])} if span else None,
                    "export_controlled": bool(flags & 1),
                    "reporting_only": bool(flags & 2),
                }
            )
        require(in_order(keys))
        require(len(found) <= 255)
    return found


def term(take: Digits, table: list[tuple[date, date]], issue_day: date) -> tuple[date, date] | None:
    choice = take.by(("FIRST-TERM", "SECOND-TERM", "LATER-TERM")[min(len(table), 2)])
    if choice == 0:
        return None
    if choice == 1:
        found = table.pop(0)
    elif choice == 2:
        found = table.pop(take.uniform(len(table) - 1) + 1)
    else:
        found = new_term(take, issue_day)
        require(found not in table)
    table.insert(0, found)
    return found


def new_term(take: Digits, issue_day: date) -> tuple[date, date]:
    days = (issue_day - date(2000, 1, 1)).days
    if not take.by("STARTS-AT-ISSUE"):
        sign = -1 if take.uniform(2) else 1
        days += sign * take.by("OFFSET")
    first = day_at(days)
    years = take.by("YEARS")
    if years:
        last = anniversary(first, years) - timedelta(days=1)
        return first, day_at((last - date(2000, 1, 1)).days)
    last = day_at(days + take.by("DAYS-LONG") - 1)
    require(all(anniversary(first, years) != last + timedelta(days=1) for years in range(1, 11)))
    return first, last


def anniversary(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return date(day.year + years, 3, 1)


# --- sections 5 and 10: bytes --------------------------------------------------------------------------

LAYOUTS = {"Q": request, "A": authorization, "C": confirmation, "R": returned, "T": trust}


def letter_of(first: int) -> str:
    """Return the kind that a first byte names."""
    letter, version = ALPHABET[first >> 3], first & 7
    known = letter in "QACRTSBF" and version >= 1
    require((letter, version) != ("S", 1))
    require(not known or (letter in "QACRTBF" and version == 1), "newer-version")
    require(not known or letter in LAYOUTS, "wrong-kind")
    require(known)
    return letter


def decode(payload: bytes) -> tuple[str, dict[str, Any]]:
    """Return a payload's kind and fields, in the form of the vectors."""
    letter = letter_of(payload[0])
    number = int.from_bytes(payload[1:], "big")
    take = Digits(number)
    require(take.by("EXTENSION") == 0, "newer-version")
    value = LAYOUTS[letter](take)
    fewest = (number.bit_length() + 7) // 8
    require(take.number == 0 and len(payload) - 1 == fewest + (fewest % 5 == 4))
    return letter, value
