"""Verify the log of a Tallystick portal, from the page docs/spec/log-v1.md (§: its sections).

    python verify_log.py --key VKEY [--export FILE]… [--before FILE] [--printed N:ROOT]…
        [--proof FILE [--event FILE]] NOTE…

NOTE are signed checkpoints, --export what the portal exported (several parts in order), --before an older
export that was kept, --printed what a slip or a report of the portal calls signed, --proof what the portal
gave to prove one event or that the log only grew. It ends with 0: all is so; 1: something was changed,
deleted, inserted or moved, and it says what; 2: it was called wrong; 3: a file cannot be read; 4: a signature
does not hold. It trusts nobody: what could be read in another way is not read, and nothing of a file steers a
terminal. It needs Python 3.11 and PyNaCl.
"""

import argparse
import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from hashlib import sha256
from pathlib import Path
from typing import Any, NoReturn

from nacl.exceptions import BadSignatureError
from nacl.signing import VerifyKey

ASSETS = ("available", "reserved", "in_doubt", "failed", "expired", "written_off")
SOURCES = ("entitled", "shortfall")
ACCOUNTS = {*ASSETS, *SOURCES, "tallied"}
EVENT = {"id", "at", "actor", "kind", "subject", "reservation", "detail", "codes", "movements", "additions"}
LONGEST_LINE = 1 << 27
LONGEST_NOTE = 65_536
WINDOW = 1000  # how far after the first difference others are looked for
Place = tuple[str, str]  # a lot and a Virtual Account


def say(line: str) -> None:
    print(plain(line, len(line)))


def stop(code: int, why: str) -> NoReturn:
    say(why)
    sys.exit(code)


def plain(text: object, longest: int = 120) -> str:
    """Return what somebody else wrote, on one line and without what steers a terminal."""
    shown = str(text)[:longest] + "\u2026" * (len(str(text)) > longest)
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in shown)


# --- the tree: RFC 6962, and what checks proofs: RFC 9162 (§3) ---------------------------------------


def leaf(line: bytes) -> bytes:
    return sha256(b"\x00" + line).digest()


def node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


class Edge:
    """The right edge of a tree that grows."""

    def __init__(self) -> None:
        self.size, self.edge = 0, list[bytes]()

    def add(self, one: bytes) -> None:
        place = self.size
        while place % 2:
            one, place = node(self.edge.pop(), one), place // 2
        self.edge.append(one)
        self.size += 1

    def root(self) -> bytes:
        if not self.edge:
            return sha256().digest()
        root = self.edge[-1]
        for left in reversed(self.edge[:-1]):
            root = node(left, root)
        return root


def climbed(here: int, last: int, first: bytes, path: Iterable[bytes]) -> tuple[bytes, bytes, bool]:
    """Climb from a node: return the root of the older tree, that of the newer, and whether it ends there."""
    older = newer = first
    for one in path:
        if last == 0:
            return older, newer, False
        if here % 2 or here == last:
            older, newer = node(one, older), node(one, newer)
            while here % 2 == 0 and here:
                here, last = here // 2, last // 2
        else:
            newer = node(newer, one)
        here, last = here // 2, last // 2
    return older, newer, last == 0


def is_included(one: bytes, place: int, size: int, path: list[bytes], root: bytes) -> bool:
    _, found, ended = climbed(place, size - 1, one, path)
    return place < size and ended and found == root


def is_consistent(before: int, size: int, path: list[bytes], older: bytes, newer: bytes) -> bool:
    if before in {0, size}:
        return not path and (before == 0 or older == newer)
    here, last = before - 1, size - 1
    while here % 2:
        here, last = here // 2, last // 2
    path = [older, *path] if before & (before - 1) == 0 else path
    return before < size and bool(path) and climbed(here, last, path[0], path[1:]) == (older, newer, True)


# --- signed notes: c2sp.org/signed-note and c2sp.org/tlog-checkpoint (§5) ----------------------------


@dataclass(frozen=True, slots=True)
class Head:
    origin: str
    size: int
    root: bytes


def exact(text: str) -> bytes:
    """Return what base64 holds, in its only form."""
    raw = b64decode(text, validate=True)
    if b64encode(raw).decode() != text:
        raise ValueError("base64 in another form")
    return raw


def whole(text: str) -> int:
    """Return a number, in its only form."""
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 17 else -1
    if str(number) != text:
        raise ValueError(f"{plain(text)} is no number of events")
    return number


def text_of(name: str) -> str:
    with Path(name).open(encoding="utf-8") as file:
        if len(text := file.read(LONGEST_NOTE + 1)) <= LONGEST_NOTE:
            return text
    raise ValueError(f"{name} is too long")


def keys_of(texts: Iterable[str]) -> dict[tuple[str, bytes], VerifyKey]:
    keys = {}
    for text in texts:
        name, key_id, raw = (*text.strip().split("+", 2), "", "")[:3]
        key = exact(raw)
        its_id = sha256(name.encode() + b"\n" + key).digest()[:4]
        if key[:1] != b"\x01" or len(key) != 33 or its_id.hex() != key_id:
            raise ValueError("no vkey of an Ed25519 key")
        keys[name, its_id] = VerifyKey(key[1:])
    return keys


def opened(note: str, keys: dict[tuple[str, bytes], VerifyKey]) -> Head:
    """Return what a note says, if one of the keys signed it, and in the name of the log that it is of."""
    text, empty, lines = note.rpartition("\n\n")
    text += "\n"
    signers = set()
    for line in lines.removesuffix("\n").split("\n") if empty else []:
        dash, name, signature = line.split(" ")
        raw = exact(signature)
        if dash == "\u2014" and (key := keys.get((name, raw[:4]))):
            key.verify(text.encode(), raw[4:])
            signers.add(name)
    if not signers:
        raise BadSignatureError("no key that was given signed it")
    origin, size, root = text.split("\n")[:3]
    if len(exact(root)) != 32 or not origin:
        raise ValueError("no checkpoint")
    if origin not in signers:
        raise BadSignatureError("it is of another log than its key")
    return Head(origin, whole(size), exact(root))


def on_paper(word: str) -> Head:
    """Return what paper says of a log (§5): it is not signed, and believed for where it was kept."""
    size, _, root = word.partition(":")
    if len(exact(root)) != 32:
        raise ValueError(f"{word} is not N:ROOT")
    return Head("", whole(size), exact(root))


def two_logs(heads: list[Head]) -> Iterator[str]:
    """Say where two checkpoints cannot be of one log."""
    seen = dict[tuple[str, int], bytes]()
    for head in heads:
        if seen.setdefault((head.origin, head.size), head.root) != head.root:
            yield f"two logs: two checkpoints of {head.size} events of {head.origin} have different roots"


# --- exports (§6) -----------------------------------------------------------------------------------


class Log:
    """What exports hold, and what follows from it."""

    def __init__(self) -> None:
        self.origin, self.size = "", 0
        self.found: list[bytes] = []  # hashes of the lines of events
        self.names: list[str] = []
        self.kept: list[bytes] = []  # hashes that the portal keeps
        self.roots: dict[int, bytes] = {}  # at the sizes of the checkpoints
        self.books: dict[Place, dict[str, int]] = {}
        self.tags: dict[str, str] = {}
        self.places: dict[str, str] = {}
        self.is_ended = True  # no part is open: its last line was there
        self.wrong: list[str] = []
        self.unbalanced: list[str] = []


def read(names: Iterable[str], sizes: Iterable[int]) -> Log:
    log, edge, wanted = Log(), Edge(), set(sizes)
    log.roots[0] = edge.root()
    for name in names:
        with Path(name).open("rb") as file:
            for at, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), start=1):
                try:
                    record = record_of(line)
                    if is_event(log, record, first=at == 1):
                        take(log, record, leaf(line.removesuffix(b"\n")))
                        edge.add(log.found[-1])
                        if edge.size in wanted:
                            log.roots[edge.size] = edge.root()
                except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
                    raise ValueError(f"line {at} of {name}: {plain(error)}") from error
        if not log.origin:
            raise ValueError(f"{name} is empty")
    return log


def record_of(line: bytes) -> dict[str, Any]:
    """Return what a line says, if whoever reads it reads the same (§6)."""
    if len(line) > LONGEST_LINE:
        raise ValueError("it is too long")
    record = json.loads(line.decode("ascii"), object_pairs_hook=once, parse_constant=number)
    if type(record) is not dict:
        raise ValueError("it is no object")
    return record


def once(pairs: list[tuple[Any, Any]]) -> dict[Any, Any]:
    if len(found := dict(pairs)) != len(pairs):
        raise ValueError("it says one thing twice")
    return found


def is_event(log: Log, record: dict[str, Any], *, first: bool) -> bool:
    """Take in a line that is not an event, and tell whether it is one."""
    if first:
        begin(log, record)
    elif log.is_ended:
        raise ValueError("it stands after the balances")
    elif record.keys() == {"hashes", "first"}:
        if number(record["first"]) != len(log.kept) + 1:
            raise ValueError(f"hashes from event {record['first']} on do not follow {len(log.kept)}")
        log.kept += [exact(one) for one in record["hashes"]]
    elif record.keys() == {"balances"}:
        end(log, record["balances"])
    elif record.keys() != EVENT:
        raise ValueError("it is none of the lines that an export has here")
    return record.keys() == EVENT


def begin(log: Log, header: dict[str, Any]) -> None:
    if header.keys() != {"log", "origin", "since", "size"} or number(header["log"]) != 1:
        raise ValueError("it begins no export of this version")
    if not log.is_ended or number(header["since"]) != log.size or log.origin not in ("", header["origin"]):
        raise ValueError(f"a part that begins after {header['since']} events does not follow {log.size}")
    log.origin, log.size, log.is_ended = str(header["origin"]), number(header["size"]), False


def number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 1 << 63:
        raise ValueError(f"{plain(value)} is no whole number")
    return value


def end(log: Log, balances: list[dict[str, Any]]) -> None:
    """Compare the balances at the end of a part with what the events make."""
    if log.found and not log.kept:
        raise ValueError("there are no hashes before it")
    log.is_ended = True
    claimed = once(list(map(claim, balances)))
    for place in sorted(log.books.keys() | claimed.keys()):
        made = {account: count for account, count in log.books.get(place, {}).items() if count}
        if made != (said := claimed.get(place, {})):
            where = place_name(log, place)
            log.unbalanced.append(f"balance: the books say {said} for {where}; events make it {made}")


def claim(record: dict[str, Any]) -> tuple[Place, dict[str, int]]:
    place = (record.pop("lot"), record.pop("virtual_account"))
    if not record.keys() <= ACCOUNTS:
        raise ValueError("it has an account that there is not")
    return place, {account: number(count) for account, count in record.items()}


def take(log: Log, event: dict[str, Any], digest: bytes) -> None:
    """Take in an event: its hash, and the movements of the books."""
    log.found.append(digest)
    name = f"event {len(log.found)} ({plain(event['kind'])}, {plain(event['subject'])}, {plain(event['id'])})"
    log.names.append(name)
    detail = event["detail"]
    if {"virtual_account", "virtual_account_id"} <= detail.keys():
        log.places[detail["virtual_account_id"]] = detail["virtual_account"]
    elif event["kind"].startswith("virtual-account-"):
        log.places[detail["virtual_account"]] = event["subject"]
    touched = set()
    for movement in event["movements"]:
        if type(movement["count"]) is not int or not 0 < movement["count"] < 1 << 63:
            log.wrong.append(f"impossible: {name} moves {plain(movement['count'])} licences")
        for account in {movement["source"], movement["target"]} - ACCOUNTS - {"unmetered"}:
            log.wrong.append(f"impossible: {name} moves licences of the account {plain(account)}")
        log.tags[movement["lot"]["id"]] = movement["lot"]["tag"]
        for place, account, count in entries(movement):
            log.books.setdefault(place, {}).setdefault(account, 0)
            log.books[place][account] += count
            touched.add(place)
    for place in sorted(touched):
        if problem := unsound(log.books[place]):
            log.wrong.append(f"impossible: after {name} {problem}")


def entries(movement: dict[str, Any]) -> Iterator[tuple[Place, str, int]]:
    """Yield what a movement changes (§7): sources grow when they are taken from, assets shrink."""
    lot, count = movement["lot"]["id"], movement["count"]
    places = [(lot, movement[f"{end}_virtual_account"]) for end in ("source", "target")]
    ends = (movement["source"], movement["target"])
    for place, account, sign in zip(places, ends, (-1, 1), strict=True):
        if account != "unmetered":
            yield place, account, -sign * count if account in SOURCES else sign * count
    if places[0] != places[1] and set(ends) <= set(ASSETS):
        yield places[0], "entitled", -count
        yield places[1], "entitled", count


def unsound(accounts: dict[str, int]) -> str:
    if min(accounts.values()) < 0:
        return f"{min(accounts, key=lambda one: accounts[one])} is less than nothing"
    sides = [sum(accounts.get(one, 0) for one in side) for side in (ASSETS, SOURCES)]
    return f"{sides[0]} licences are there, and {sides[1]} were bought" if sides[0] != sides[1] else ""


# --- what differs -----------------------------------------------------------------------------------


def differences(
    before: list[bytes], after: list[bytes], name: Callable[[int], str], *, grows: bool = False
) -> Iterator[str]:
    """Say how two lists of leaves differ, from the first difference on; `grows`: more may come at the end."""
    pairs = zip(before, after, strict=False)
    start = next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(before), len(after)))
    old, new = before[start : start + WINDOW], after[start : start + WINDOW]
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    if len(old) == WINDOW and len(codes) > 1:
        codes = codes[:-1]  # only cut off there
    for what, first, end, here, there in codes:
        if what == "equal":
            continue
        both = min(end - first, there - here)
        for at in range(both):
            yield f"changed: {name(start + here + at)} is not what event {start + first + at + 1} was"
        for at in range(first + both, end):
            if old[at] not in new:
                yield f"deleted: event {start + at + 1} is missing"
        for at in range(here + both, here + both if grows and end == len(old) else there):
            word = "moved" if new.count(new[at]) <= old.count(new[at]) else "inserted"
            yield f"{word}: {name(start + at)}"


def compared(log: Log, heads: list[Head], older: Log | None) -> Iterator[str]:
    """Say everything that is not as it should be."""
    name = log.names.__getitem__
    if len(log.found) != log.size:
        yield f"incomplete: the export has {len(log.found)} events, and says that it has {log.size}"
    if not log.is_ended:
        yield "incomplete: the export has no balances at its end"
    yield from two_logs(heads)
    yield from differences(log.kept, log.found, name)
    if older is not None:
        yield from differences(older.found, log.found, name, grows=True)
    yield from log.wrong[:20]
    agreed = 0
    for head in sorted(heads, key=lambda one: one.size):
        if not is_of(head, log):
            yield f"other: a checkpoint is of {head.origin}, and the export of {plain(log.origin)}"
        elif log.roots.get(head.size) == head.root:
            agreed = head.size
        elif head.size > len(log.found):
            yield f"forgotten: a checkpoint covers {head.size} events, and the export has {len(log.found)}"
        else:
            yield (
                f"changed: the first {head.size} events are not those that the checkpoint was signed for; "
                f"the first {agreed} are, so look at events {agreed + 1} to {head.size}, or give --before"
            )
    yield from log.unbalanced


def is_of(head: Head, log: Log | Head) -> bool:
    """Tell whether a checkpoint is of a log, in any epoch: each begins with the events of the one before."""
    return not head.origin or head.origin.rpartition("/")[0] == log.origin.rpartition("/")[0]


def place_name(log: Log, place: Place) -> str:
    lot, virtual_account = place
    where = log.places.get(virtual_account, virtual_account)
    return f"{plain(log.tags.get(lot, '?'))} (lot {plain(lot)}) in {plain(where)}"


# --- proofs without an export (§8) ------------------------------------------------------------------


def check_proof(
    name: str, event: str | None, heads: list[Head], keys: dict[tuple[str, bytes], VerifyKey]
) -> str:
    """Check a proof that the portal gave; return what it shows."""
    text, _, note = text_of(name).partition("\n\n")
    head = opened(note, keys)
    first, *lines = text.split("\n")
    if first == "c2sp.org/tlog-proof@v1":
        if event is None:
            stop(2, "a proof of an event needs --event, the line that is proved")
        place, path = whole(lines[0].removeprefix("index ")), [exact(one) for one in lines[1:]]
        with Path(event).open("rb") as file:
            line = file.read(LONGEST_LINE).removesuffix(b"\n")
        if not is_included(leaf(line), place, head.size, path, head.root):
            stop(1, f"changed: the line is not event {place + 1} of the log")
        return f"event {place + 1} is in the log of {head.size} events"
    before = whole(first.removeprefix("old "))
    olds = [one.root for one in heads if one.size == before and is_of(one, head)]
    if not olds:
        stop(2, f"the checkpoint of {before} events that {name} begins with is not among the notes")
    if not all(is_consistent(before, head.size, list(map(exact, lines)), old, head.root) for old in olds):
        stop(1, f"changed: the log of {head.size} events does not begin with the one of {before}")
    return f"the log grew from {before} to {head.size} events, and changed nothing"


# --- the program ------------------------------------------------------------------------------------


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser(description="Verify the log of a Tallystick portal.")
    parser.add_argument("--key", action="append", required=True, metavar="VKEY")
    parser.add_argument("--export", action="append", default=[], metavar="FILE")
    parser.add_argument("--before", action="append", default=[], metavar="FILE")
    parser.add_argument("--printed", action="append", default=[], metavar="N:ROOT")
    parser.add_argument("--proof", metavar="FILE")
    parser.add_argument("--event", metavar="FILE")
    parser.add_argument("notes", nargs="*", metavar="NOTE")
    given = parser.parse_args(words)
    if not (given.notes or given.export or given.proof):
        parser.error("there is nothing to verify: give a checkpoint, an export or a proof")
    if (given.printed + given.before and not given.export) or (given.event and not given.proof):
        parser.error("--printed and --before are compared with --export, and --event with --proof")
    try:
        keys = keys_of(given.key)
        heads = [opened(text_of(name), keys) for name in given.notes]
        for head in heads:
            say(f"signed: a checkpoint of {head.size} events of {head.origin}")
        if given.proof:
            say("proved: " + check_proof(given.proof, given.event, heads, keys))
        if given.export:
            older = read(given.before, ()) if given.before else None
            heads += map(on_paper, given.printed)
            report(read(given.export, (head.size for head in heads)), heads, older)
        elif found := list(two_logs(heads)):
            stop(1, found[0])
    except BadSignatureError as error:
        stop(4, f"not genuine: {error}")
    except (OSError, ValueError, KeyError, TypeError, AttributeError, MemoryError) as error:
        stop(3, f"unreadable: {plain(error, 400)}")


def report(log: Log, heads: list[Head], older: Log | None) -> None:
    found = list(compared(log, heads, older))
    for one in found:
        say(one)
    if found:
        sys.exit(1)
    covered = max((head.size for head in heads), default=0)
    if covered < len(log.found):
        say(f"not signed: events {covered + 1} to {len(log.found)} are newer than what was signed")
    say(f"all is so: {len(log.found)} events, {len(heads)} checkpoints; their movements make these books:")
    for place, accounts in sorted(log.books.items(), key=lambda one: place_name(log, one[0])):
        counts = ", ".join(f"{account} {count}" for account, count in sorted(accounts.items()) if count)
        say(f"  {place_name(log, place)}: {counts or 'nothing'}")


if __name__ == "__main__":
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    main(sys.argv[1:])
