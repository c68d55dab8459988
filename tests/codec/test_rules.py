"""Every rule of the page is shown by a published vector: a reader that lacks the rule disagrees with it.

Each rule of the second reader is taken out or bent, one at a time, in its source text; the vector that is
named beside it must then end otherwise than it says. A stranger's reader that agrees with all vectors has
these rules.
"""

import re
import sys
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.codec import second_decoder, second_reader
from tests.codec.test_vectors import ACCEPTED, READ

DECODER, READER = (
    Path(str(module.__file__)).read_text(encoding="utf-8") for module in (second_decoder, second_reader)
)

#: Source text → what to put in its place, and the vector that shows it (without "authorization-").
RULES: dict[str, list[tuple[str, str]]] = {
    # Fields.
    'require(value < len(names), "newer-version")': [("value %= len(names)", "return-refused-reason")],
    "require(not any(set(text) <= set(smaller) for smaller in SETS[:index]))": [
        ("pass", "refused-larger-character-set"),
        ("require(not set(text) <= set(SETS[0]) or not index)", "refused-small-letters-in-the-third-set"),
        ("require(index != 2 or not set(text) <= set(SETS[1]))", "refused-digits-in-the-second-set"),
    ],
    'require(text == text.strip(" "))': [
        ('require(text == text.rstrip(" "))', "request-refused-product-id-begins-with-space"),
        ('require(text == text.lstrip(" "))', "request-refused-product-id-with-space"),
    ],
    '"serial_number": take.whole_text()': [
        ('"serial_number": take.text()', "request-refused-serial-number-with-space")
    ],
    "require(0 <= number < 1 << 16)": [
        ("require(number < 1 << 16)", "refused-first-day-too-early"),
        ("require(0 <= number)", "refused-last-day-too-late"),
    ],
    "datetime(2024, 1, 1, tzinfo=UTC)": [("datetime(2024, 1, 2, tzinfo=UTC)", "accepted-one-line")],
    # Layouts.
    'require(all(isinstance(line["tag"], str) or line["tag"] < size for line in wanted))': [
        ("pass", "request-refused-wanted-outside-the-catalogue")
    ],
    'catalogue["size"] if catalogue else 0': [
        ('catalogue["size"] if catalogue else 1', "request-refused-wanted-without-catalogue")
    ],
    'require((last["number"] or not last["epoch"]) and last["number"] <= 65_535)': [
        ('require(last["number"] <= 65_535)', "return-refused-never-installed-in-an-epoch"),
        ('require(last["number"] or not last["epoch"])', "return-refused-sequence-too-large"),
    ],
    '    last = {"epoch": take.by("EPOCH"), "number": take.by("LAST-NUMBER")}\n': [
        (
            '    last = {"epoch": take.by("EPOCH"), "number": take.by("LAST-NUMBER")}\n'
            '    require(last["number"] <= 65_535)\n',
            "return-refused-reason-before-the-whole",
        )
    ],
    'require(in_order([each["key"] for each in value["issuers"]]) and in_order(value["revoked"]))': [
        ('require(in_order(value["revoked"]))', "trust-refused-unsorted-issuers"),
        ('require(in_order([each["key"] for each in value["issuers"]]))', "trust-refused-unsorted-revoked"),
        ('require(value["revoked"] == sorted(value["revoked"]))', "trust-refused-repeated-revoked"),
        ('require(value["issuers"] == sorted(value["issuers"], key=str))', "trust-refused-repeated-issuer"),
    ],
    "require(last is None or first <= last)": [
        ("pass", "trust-refused-validity-backwards"),
        ("require(last is None or first < last)", "trust-accepted-validity-of-one-day"),
    ],
    # Tags.
    "require(numbered + spelled <= 255)": [
        ("require(numbered <= 255)", "request-refused-too-many-tags-spelled"),
        ("require(spelled <= 255)", "request-refused-too-many-tags-numbered"),
        ("require(max(numbered, spelled) <= 255)", "request-refused-too-many-tags-in-all"),
        ("require(numbered + spelled < 255)", "request-accepted-most-tags"),
    ],
    "require(shared <= len(before) and before < tag and before[shared : shared + 1] != rest[:1])": [
        (
            "require(before < tag and before[shared : shared + 1] != rest[:1])",
            "refused-shared-more",
        ),
        (
            "require(shared <= len(before) and before[shared : shared + 1] != rest[:1])",
            "refused-unsorted-tags",
        ),
        ("require(shared <= len(before) and before < tag)", "refused-shared-less"),
    ],
    'require(len(tag) <= 64 and tag == tag.strip(" "))': [
        ('require(tag == tag.strip(" "))', "refused-tag-too-long"),
        ('require(len(tag) <= 64 and tag == tag.lstrip(" "))', "refused-tag-with-space"),
        ('require(len(tag) <= 64 and tag == tag.rstrip(" "))', "refused-tag-begins-with-space"),
        ('require(len(tag) <= 64 and rest == rest.strip(" "))', "accepted-inner-space"),
        ('require(len(tag) <= 64 and (before or tag == tag.strip(" ")))', "refused-space-after-shared"),
    ],
    "rest = take.text()": [("rest = take.whole_text()", "accepted-inner-space")],
    # Steps are bounded by the positions, so this rule changes no outcome: it saves work.
    "require(start <= last)": [],
    "require(position < last)": [
        ("pass", "refused-falling-position"),
        ("require(position <= last)", "refused-repeated-position"),
    ],
    # Lines.
    "require(in_order(keys))": [
        ("pass", "refused-perpetual-last"),
        ("require(keys == sorted(keys))", "refused-repeated-line"),
    ],
    "keys.append((span or (date.min, date.min), flags))": [
        ("keys.append((span or (date.max, date.max), flags))", "refused-perpetual-last"),
        ("keys.append((span[::-1] if span else (date.min, date.min), flags))", "accepted-order-of-lines"),
        ("keys.append((flags, span or (date.min, date.min)))", "accepted-order-of-lines"),
        ("keys.append((span or (date.min, date.min), -flags))", "refused-falling-flags"),
        ("keys.append(((span or (date.min, date.min))[1], flags))", "refused-falling-first-days"),
        ("keys.append(((span or (date.min, date.min))[0], len(keys)))", "refused-falling-last-days"),
    ],
    "require(len(found) <= 255)": [
        ("pass", "refused-too-many-lines"),
        ("require(len(found) < 255)", "accepted-all-lines-of-a-tag"),
    ],
    # Terms.
    "[min(len(table), 2)]": [("[min(len(table), 1)]", "accepted-choices-of-terms")],
    "take.uniform(len(table) - 1) + 1": [
        ("1 + 0 * take.uniform(len(table) - 1)", "accepted-choices-of-terms")
    ],
    "table.insert(0, found)": [("table.append(found)", "accepted-choices-of-terms")],
    "require(found not in table)": [
        ("require(found not in table[:1])", "refused-older-term-again"),
        ("require(found not in table[1:])", "refused-term-again"),
    ],
    "-1 if take.uniform(2) else 1": [("1 if take.uniform(2) else -1", "accepted-all-offsets")],
    "first = day_at(days)": [
        ("first = date(2000, 1, 1) + timedelta(days=days)", "refused-first-day-too-early")
    ],
    "day_at((last - date(2000, 1, 1)).days)": [("last", "refused-years-too-late")],
    "for years in range(1, 11)": [
        ("for years in range(2, 11)", "refused-days-for-1-years"),
        ("for years in (1, *range(3, 11))", "refused-days-for-2-years"),
        ("for years in (1, 2, 3, 4, *range(6, 11))", "refused-days-for-5-years"),
        ("for years in range(1, 10)", "refused-days-for-10-years"),
        ("for years in range(1, 12)", "accepted-odd-terms"),
    ],
    "require(all(anniversary(first, years) != last + timedelta(days=1)": [
        ("require(all(anniversary(first, years) < last + timedelta(days=1)", "accepted-odd-terms")
    ],
    "date(day.year + years, 3, 1)": [
        ("date(day.year + years, 2, 28)", "refused-days-for-a-year-from-29-february")
    ],
    # Bytes.
    'letter in "QACRTSBF" and version >= 1': [('letter in "QACRTSBF"', "refused-version-zero")],
    'require((letter, version) != ("S", 1))': [("pass", "refused-kind-s")],
    'require(not known or (letter in "QACRTBF" and version == 1), "newer-version")': [
        ("require(not known or version == 1)", "refused-version-7"),
        ('require(not known or version <= 2, "newer-version")', "refused-version-2"),
    ],
    'require(not known or letter in LAYOUTS, "wrong-kind")': [
        ("require(not known or letter in LAYOUTS)", "refused-kind-b")
    ],
    "require(known)": [("pass", "refused-no-kind")],
    'require(take.by("EXTENSION") == 0, "newer-version")': [
        ('require(take.by("EXTENSION") == 0)', "refused-extension"),
        ('take.by("EXTENSION")', "refused-extension-before-the-rest"),
    ],
    "require(take.number == 0 and len(payload) - 1 == fewest + (fewest % 5 == 4))": [
        ("require(len(payload) - 1 == fewest + (fewest % 5 == 4))", "confirmation-refused-left-over"),
        ("require(take.number == 0)", "confirmation-refused-zero-byte"),
        ("require(take.number == 0 and len(payload) - 1 <= fewest + 1)", "confirmation-refused-zero-byte"),
        (
            "require(take.number == 0 and (len(payload) - 1 - fewest) % 5 in (0, fewest % 5 == 4))",
            "confirmation-refused-five-zero-bytes",
        ),
        (
            "require(take.number == 0 and (payload[1:2] != b'\\0' or len(payload) % 5 == 1))",
            "refused-six-zero-bytes",
        ),
    ],
    # Text.
    "require(len(raw) <= 65_536)": [
        ("pass", "refused-input-too-long"),
        ("require(len(raw) < 65_536)", "accepted-longest-input"),
    ],
    "require(text.isascii())": [("pass", "refused-dotless-i"), ("pass", "refused-long-s")],
    "require(text and len(text) <= 2046 and set(text) <= set(ALPHABET))": [
        ("require(text and set(text) <= set(ALPHABET))", "refused-too-long"),
        ("require(text and len(text) < 2046 and set(text) <= set(ALPHABET))", "accepted-longest"),
        ("require(len(text) <= 2046)", "refused-stars-inside"),
    ],
    'str.maketrans("OIL", "011")': [
        ('str.maketrans("OILU", "011V")', "refused-letters-u"),
        ('str.maketrans("OI", "01")', "accepted-look-alikes"),
        ('str.maketrans("OL", "01")', "accepted-look-alikes"),
        ('str.maketrans("IL", "11")', "accepted-look-alikes"),
    ],
    "text.upper()": [
        ("text", "accepted-lower-case"),
        ('text.upper().replace("U", "V")', "refused-small-letters-u"),
    ],
    # An odd number of characters cannot have right parity either.
    "require(len(characters) % 2 == 0)": [],
    "require(number % (1 << padding) == 0)": [("pass", "refused-padding")],
    "for power in range(1, 9):": [
        ("for power in range(1, 8):", "accepted-parity-without-last-root"),
        ("for power in range(2, 9):", "accepted-parity-without-first-root"),
    ],
    "for _ in range(3):": [("for _ in range(2):", "accepted-percent-encoding-of-utf-8")],
    # Signatures.
    'raise Refusal("not-genuine") from None': [("pass", "refused-count-raised")],
    'require(crypto_core_ed25519_is_valid_point(bytes.fromhex(key)), "bad-key")': [
        ("pass", "request-refused-key-mixed-order")
    ],
    "require(parity_is_right(text))\n        raise": [("raise", "refused-other-request-damaged")],
    "    try:\n        found = _verified(": [
        (
            "    require(parity_is_right(text))\n    try:\n        found = _verified(",
            "accepted-no-right-parity",
        )
    ],
    "    found.entitlements = entitlements(found.fields, context)\n": [
        (
            "    require(parity_is_right(text))\n"
            "    found.entitlements = entitlements(found.fields, context)\n",
            "refused-catalogue-and-wrong-parity",
        )
    ],
    "require(whole)": [("pass", "refused-parity-alone")],
    "require(len(whole) > 64)": [("pass", "refused-no-room-for-a-signature")],
    'require(letter == kind, "wrong-kind")': [("kind = letter", "refused-other-kind")],
    'digest_of(each["key"]).hex().startswith(hint)': [("True", "refused-hint-of-nobody")],
    'each["valid_from"] <= day <= (each["valid_until"] or "9")': [
        ('each["valid_from"] < day <= (each["valid_until"] or "9")', "accepted-first-day-of-issuer"),
        ('each["valid_from"] <= day < (each["valid_until"] or "9")', "accepted-last-day-of-issuer"),
        ('each["valid_from"] <= day', "refused-issuer-no-longer-valid"),
        ('day <= (each["valid_until"] or "9")', "refused-issuer-not-yet-valid"),
    ],
    'digest_of(each["key"]).hex()[:16] not in trusted["revoked"]': [
        ("True", "refused-revoked-issuer"),
        ("True", "refused-revoked-beside-one-alike"),
        ('not trusted["revoked"]', "accepted-unrelated-revoked"),
        ('hint not in {each[:2] for each in trusted["revoked"]}', "accepted-alike-revoked"),
    ],
    'any(key_id.startswith(hint) for key_id in trusted["revoked"])': [
        ('bool(trusted["revoked"])', "refused-unknown-beside-revoked"),
        (
            'any(digest_of(each["key"]).hex()[:16] in trusted["revoked"] for each in trusted["issuers"])',
            "refused-revoked-and-unlisted",
        ),
    ],
    "        except Refusal:\n            continue": [
        ("        except Refusal:\n            break", "accepted-issuers-alike")
    ],
    'trusted["portal_id"]\n': [('context.get("portal_id", "")\n', "accepted-by-trust")],
    'keys, portal_id = [context.get("issuer", "")], context.get("portal_id", "")\n': [
        (
            'keys, portal_id = [context.get("issuer", "")], context.get("portal_id", "")\n'
            '    require("trust" in context or digest_of(keys[0]).hex().startswith(value["issuer_hint"]))\n',
            "accepted-other-issuer-hint",
        ),
        (
            'keys, portal_id = [context.get("issuer", "")], context.get("portal_id", "")\n'
            '    require(asked.hex().startswith(value["request_hint"]))\n',
            "accepted-other-request-hint",
        ),
    ],
    '        check_key(issuer["key"])': [("        pass", "trust-refused-issuer-key")],
    '        check_key(value["next_root"])': [("        pass", "trust-refused-next-root-key")],
    '    code_id = verify(context["root"]': [
        (
            '    for issuer in value["issuers"]:\n        check_key(issuer["key"])\n'
            '    code_id = verify(context["root"]',
            "trust-refused-other-root-and-bad-key",
        )
    ],
    # Catalogues.
    "if any(isinstance(tag, int) for tag in found):": [("if found:", "accepted-nothing-numbered")],
    'require(named and named["size"] <= len(catalogue), "catalogue")': [
        (
            'require(not named or named["size"] <= len(catalogue), "catalogue")',
            "refused-no-catalogue-named",
        ),
        ('require(named and named["size"] == len(catalogue), "catalogue")', "accepted-catalogue-grown"),
    ],
    'require(sha256(text.encode()).hexdigest()[:8] == named["digest"], "catalogue")': [
        ("pass", "refused-catalogue-changed")
    ],
    'require(all(isinstance(tag, str) or tag < named["size"] for tag in found), "catalogue")': [
        ("pass", "refused-outside-the-catalogue")
    ],
}
CASES = [(old, *case) for old, cases in RULES.items() for case in cases]


def vector(name: str) -> dict[str, Any]:
    return READ[name] if name in READ else READ[f"authorization-{name}"]


def compiled(name: str, source: str) -> ModuleType:
    module = ModuleType(name)
    module.__file__ = second_decoder.__file__
    exec(compile(source, name, "exec"), module.__dict__)
    return module


def reader(monkeypatch: pytest.MonkeyPatch, old: str = "", new: str = "") -> ModuleType:
    """Return the second reader with a piece of its source text, or of its decoder's, replaced."""
    decoder = compiled("tests.codec.second_decoder", DECODER.replace(old, new) if old else DECODER)
    monkeypatch.setitem(sys.modules, decoder.__name__, decoder)
    name = "tests.codec.bent_reader"
    monkeypatch.setitem(sys.modules, name, ModuleType(name))
    return compiled(name, READER.replace(old, new) if old else READER)


def agrees(record: dict[str, Any], reading: ModuleType) -> bool:
    """Tell whether a reader that repairs nothing ends as the vector says."""
    recommended = "clean_up" in record
    expected = "malformed" if "repairs" in record else record.get("error")
    try:
        found = reading.read(record["code"], record["reads"], record["context"], as_recommended=recommended)
    except reading.Refusal as refusal:
        return bool(record["result"] == "refused" and refusal.error == expected)
    except Exception:  # noqa: BLE001 - a reader that lacks a rule may fail in any way
        return False
    return bool(
        record["result"] == "accepted"
        and found.id == record["id"]
        and found.fields == record["fields"]
        and found.entitlements == record.get("entitlements")
        and found.parity_is_right == ("repairs" not in record)
    )


@pytest.mark.parametrize(
    ("old", "new", "name"), CASES, ids=[f"{name}-{place}" for place, (_, _, name) in enumerate(CASES)]
)
def test_a_reader_without_the_rule_disagrees(
    old: str, new: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert (DECODER + READER).count(old) == 1
    assert agrees(vector(name), second_reader)
    assert not agrees(vector(name), reader(monkeypatch, old, new))


def test_every_rule_of_the_second_reader_is_in_the_table() -> None:
    rules = re.findall(r"^ +(require\(.*)$", DECODER + READER, re.MULTILINE)
    assert len(rules) >= 30
    for rule in rules:
        assert any(rule in old or old in rule for old in RULES), rule


def test_an_unchanged_copy_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    copy = reader(monkeypatch)
    assert all(agrees(record, copy) for record in READ.values() if record["result"] != "repaired")


def test_every_weight_is_told_from_its_neighbours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two neighbouring weights that differ, an accepted vector uses one; so they cannot be swapped."""
    used: defaultdict[str, set[int]] = defaultdict(set)
    choice = second_decoder.Digits.choice
    names = {id(weights): name for name, (_, weights) in second_decoder.WEIGHTS.items()}

    def recording(digits: second_decoder.Digits, weights: list[int]) -> int:
        index = choice(digits, weights)
        used[names[id(weights)]].add(index)
        return index

    monkeypatch.setattr(second_decoder.Digits, "choice", recording)
    for record in ACCEPTED.values():
        second_decoder.decode(bytes.fromhex(record["payload"]))
    for name, (_, weights) in second_decoder.WEIGHTS.items():
        for index, (left, right) in enumerate(pairwise(weights)):
            assert left == right or used[name] & {index, index + 1} or name == "EXTENSION", (name, index)
