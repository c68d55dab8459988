"""The log that others can check: its tree, signed checkpoints, proofs and exports.

The tree grows after the events: whoever asks for a checkpoint, a proof or an export first adds what is not in
it yet, batch by batch, each in a transaction of its own. Nothing that issues or accepts a code waits for it.
An event is compared with the chain before it is added, so what was changed before is not signed.

Forms are those of C2SP: signed notes with checkpoints, and `tlog-proof` for an event.

Not handled: comparing the whole tree with the books (`reservation.service.auditing_log`).
"""

from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import zip_longest

from codec.codes import Trust
from codec.envelope import require_kind
from codec.errors import CodecError
from codec.keys import VerifyingKey
from codec.reading import inspect
from reservation.checkpoint import NO_EVENTS, chained
from reservation.errors import LogChangedError, NotSignedYetError, UnknownNameError
from reservation.ledger import BALANCED, Account, changes_of
from reservation.log import (
    HASHES_IN_LINE,
    Entry,
    Exported,
    SignedHead,
    balances_line,
    content_of,
    hashes_line,
    header_line,
)
from reservation.merkle import Tiles, consistency_proof, inclusion_proof, leaf_hash, root_of, rows_for
from reservation.model import Stamp
from reservation.notes import LogKey, Note, TreeHead, origin_of, sign
from reservation.printed import Printed
from reservation.roles import Rights, Verb
from reservation.service.context import Issuer, Portal, read, require_issuer, write
from reservation.store import Reading, Writing

_BATCH = 4096


# --- the tree --------------------------------------------------------------------------------------


def _grow_tree(portal: Portal, *, most: int = 0) -> None:
    """Add to the tree what is not in it yet.

    Args:
        portal: The portal.
        most: How many events may be left for the caller to add.

    Raises:
        LogChangedError: When an event is not the one that the chain has.
    """
    portal.store.place_events()
    while portal.store.read(lambda books: books.log_end()[0] - books.tree_size() > most):
        portal.store.write(_grow)


def _grow(books: Writing) -> None:
    """Add the next events to the tree, up to a batch."""
    books.log_end()  # on some engines this gives events their place first
    size = books.tree_size()
    entries = books.entries(size, _BATCH)
    _require_chained(size, books.hash_after(size) or NO_EVENTS, entries)
    leaves = [leaf_hash(content_of(entry)) for entry in entries]
    books.add_tree_rows(rows_for(size, leaves, books.tree_rows))


def _require_chained(size: int, before: bytes, entries: tuple[Entry, ...]) -> None:
    hashes = chained(before, (entry.event for entry in entries))
    for number, (entry, expected) in enumerate(zip(entries, hashes, strict=True), start=size + 1):
        if entry.number != number:
            raise _changed(f"Event {number} is missing")
        if entry.chained != expected:
            raise _changed(f"Event {number} ({entry.event.kind}, {entry.event.id.hex()}) was changed")


def _head(books: Reading, size: int | None = None) -> TreeHead:
    """Return where the tree of the books stands, or stood."""
    count = books.tree_size() if size is None else size
    identity = books.identity()
    origin = origin_of(identity.portal_id, books.account_id, identity.epoch)
    return TreeHead(origin, count, root_of(count, Tiles(books.tree_rows).whole))


# --- checkpoints -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Signed:
    """A signed checkpoint, and the key that an auditor pins to verify it."""

    head: SignedHead
    key: LogKey
    again: bool = False


def sign_checkpoint(portal: Portal) -> Signed:
    """Sign where the log stands; where it stood when that was last done, the same note comes again.

    Raises:
        SetupError: When the portal was opened without its issuer's key.
        LogChangedError: When the log is not what it was; nothing is signed then.
        QuarantinedError: When the database was copied back.
    """
    issuer = require_issuer(portal)
    read(portal, Verb.SIGN_CHECKPOINT, lambda _books, _rights: None)
    _grow_tree(portal, most=_BATCH // 2)

    def work(books: Writing, stamp: Stamp) -> Signed:
        _grow(books)
        return _sign(books, issuer, stamp)

    return write(portal, Verb.SIGN_CHECKPOINT, work)


def _sign(books: Writing, issuer: Issuer, stamp: Stamp) -> Signed:
    head, newest = _head(books), books.newest_signed_head()
    key = LogKey(head.origin, issuer.key.verifying_key)
    if newest is not None:
        _require_root(books, newest.size, newest.root)
        if newest.note == sign(head, issuer.key):
            return Signed(newest, key, again=True)
    signed = SignedHead(head.size, head.root, sign(head, issuer.key), stamp.at, stamp.actor)
    books.add_signed_head(signed)
    return Signed(signed, key)


def _require_root(books: Reading, size: int, root: bytes, *, origin: str = "") -> None:
    """Return when the first events are those that a checkpoint was signed for, in the log of that origin."""
    has_forgotten = origin not in ("", _head(books, 0).origin)
    if size > books.tree_size():
        what = f"The log has {books.tree_size()} events, and a checkpoint was signed for {size}"
        raise _forgotten(what) if has_forgotten else _changed(what)
    if _head(books, size).root != root:
        what = f"The first {size} events are not those that a checkpoint was signed for"
        raise _forgotten(what) if has_forgotten else _changed(what)


def latest_checkpoint(portal: Portal) -> SignedHead | None:
    """Return the newest signed checkpoint, for slips and reports; None: none was ever signed.

    It says nothing about anybody, so whoever may print something may have it.
    """
    return portal.store.read(lambda books: books.newest_signed_head())


# --- proofs ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EventProof:
    """What proves that an event is in the log.

    Attributes:
        number: Its number.
        content: Its line: what the leaf says.
        path: The hashes.
        head: The signed checkpoint that it is proved for.
    """

    number: int
    content: bytes
    path: tuple[bytes, ...]
    head: SignedHead

    @property
    def text(self) -> str:
        """The proof in C2SP's form ``tlog-proof``."""
        index = f"c2sp.org/tlog-proof@v1\nindex {self.number - 1}\n"
        return f"{index}{_lines(self.path)}\n{self.head.note}"


def prove_event(portal: Portal, *, number: int | None = None, event_id: bytes = b"") -> EventProof:
    """Prove by the newest signed checkpoint that an event is in the log.

    Args:
        portal: The portal.
        number: Its number in the log; None: it is named by its id.
        event_id: Its id.

    Raises:
        UnknownNameError: When there is no such event.
        NotSignedYetError: When no signed checkpoint covers it.
    """

    def work(books: Reading, _rights: Rights) -> EventProof:
        found = books.number_of(event_id) if number is None else number
        entries = books.entries(found - 1, 1) if found else ()
        if not entries or entries[0].number != found:
            raise UnknownNameError(
                f"There is no event {event_id.hex() or number} in the log.",
                hint="See what there is: tallystick portal events --json",
            )
        head = _covering(books, found)
        path = inclusion_proof(found - 1, head.size, Tiles(books.tree_rows).whole)
        return EventProof(found, content_of(entries[0]), tuple(path), head)

    return read(portal, Verb.PROVE_EVENT, work)


@dataclass(frozen=True, slots=True)
class GrowthProof:
    """What proves that the log only grew since an older checkpoint.

    Attributes:
        before: How many events it had.
        path: The hashes.
        head: The signed checkpoint that it is proved for.
    """

    before: int
    path: tuple[bytes, ...]
    head: SignedHead

    @property
    def text(self) -> str:
        """The proof in the form in which C2SP's ``tlog-witness`` takes it."""
        return f"old {self.before}\n{_lines(self.path)}\n{self.head.note}"


def prove_growth(portal: Portal, *, before: int) -> GrowthProof:
    """Prove by the newest signed checkpoint that the log only grew since it had so many events.

    Raises:
        NotSignedYetError: When no signed checkpoint covers as many.
    """

    def work(books: Reading, _rights: Rights) -> GrowthProof:
        head = _covering(books, before)
        path = consistency_proof(before, head.size, Tiles(books.tree_rows).whole) if before else []
        return GrowthProof(before, tuple(path), head)

    return read(portal, Verb.PROVE_GROWTH, work)


def _covering(books: Reading, number: int) -> SignedHead:
    head = books.newest_signed_head()
    if head is None or head.size < number:
        covered = f"the newest one covers {head.size}" if head else "none was ever signed"
        raise NotSignedYetError(
            f"No signed checkpoint covers event {number}: {covered}.",
            hint="Sign where it stands now: tallystick portal log checkpoint",
        )
    return head


def _lines(hashes: Iterable[bytes]) -> str:
    return "".join(f"{b64encode(one).decode()}\n" for one in hashes)


# --- verifying -------------------------------------------------------------------------------------


def verify_notes(
    portal: Portal,
    notes: Iterable[Note],
    export: Exported | None = None,
    *,
    papers: Iterable[Printed] = (),
) -> tuple[TreeHead, ...]:
    """Compare signed checkpoints, wherever they were kept, with the tree of the books, and an export too.

    Args:
        portal: The portal.
        notes: The checkpoints.
        export: What an export says, from the first event on.
        papers: What slips and reports say of the log.

    Returns:
        What the notes say, which is so.

    Raises:
        NoteNotGenuineError: When no key of this portal signed one of them.
        LogChangedError: When the log is not what it was.
    """
    read(portal, Verb.VERIFY_NOTES, lambda _books, _rights: None)
    _grow_tree(portal)

    def work(books: Reading, _rights: Rights) -> tuple[TreeHead, ...]:
        keys = log_keys(books)
        heads = tuple(note.verified(keys) for note in notes)
        for head in heads:
            _require_root(books, head.size, head.root, origin=head.origin)
        for paper in papers:
            _require_printed(books, paper)
        if export is not None:
            _require_same(books, export)
        return heads

    return read(portal, Verb.VERIFY_NOTES, work)


def _require_printed(books: Reading, paper: Printed) -> None:
    """Return when what paper says of the log is so."""
    if paper.events > books.tree_size():
        raise _changed(
            f"The log has {books.tree_size()} events, and the paper says that it had {paper.events}"
        )
    is_so = (
        _head(books, paper.events).root == paper.digest
        if paper.is_root
        else books.hash_after(paper.events) == paper.digest
    )
    if not is_so:
        raise _changed(f"The first {paper.events} events are not those that the paper was printed for")


def _require_same(books: Reading, export: Exported) -> None:
    """Return when an export is what the log has, line by line."""
    origin, log = (one.rpartition("/")[0] for one in (export.origin, _head(books, 0).origin))
    if origin != log:
        raise _another(f"The export is of {export.origin}, and the log is {log}")
    for first in range(0, len(export.leaves), HASHES_IN_LINE):
        given = export.leaves[first : first + HASHES_IN_LINE]
        kept = books.tree_rows(0, first, first + len(given))
        for number, (one, other) in enumerate(zip_longest(given, kept), start=first + 1):
            if one != other:
                there = [str(entry.event.kind) for entry in books.entries(number - 1, 1)]
                raise _another(f"Event {number} of the export is not the one of the log ({', '.join(there)})")
    if len(export.leaves) != export.size:
        raise _another(f"The export has {len(export.leaves)} events, and says that it has {export.size}")
    ends = [*range(HASHES_IN_LINE, export.size, HASHES_IN_LINE), *([export.size] if export.size else [])]
    if export.hashes != tuple((end, _hashes_before(books, end)) for end in ends):
        raise _another("The hashes in the export are not those that the log has")
    if export.balances != _balances_at(books, export.size):
        raise _another("The balances in the export are not those that the books had then")


def _hashes_before(books: Reading, end: int) -> bytes:
    """Return the line of hashes that an export from the first event on has after an event."""
    first = (end - 1) // HASHES_IN_LINE * HASHES_IN_LINE
    return hashes_line(first + 1, books.tree_rows(0, first, end))


def log_keys(books: Reading) -> tuple[LogKey, ...]:
    """Return the keys that may have signed checkpoints: of each issuer that is not revoked, in each epoch."""
    identity, issuers, revoked = books.identity(), [books.identity().issuer_key], set[bytes]()
    for stored in books.every_trust():
        try:
            trust = require_kind(inspect(stored.text).code, Trust).unverified
        except CodecError:
            continue  # The audit says so.
        issuers += [issuer.key for issuer in trust.issuers]
        revoked |= set(trust.revoked)
    keys = [VerifyingKey(raw) for raw in dict.fromkeys(issuers)]
    return tuple(
        LogKey(origin_of(identity.portal_id, books.account_id, epoch), key)
        for epoch in range(identity.epoch + 1)
        for key in keys
        if key.id not in revoked
    )


# --- exports ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Export:
    """The log as it leaves the portal.

    Attributes:
        since: After how many events it begins.
        size: How many events the log has in it.
        lines: Its lines, without their ends; they are read as they are taken.
    """

    since: int
    size: int
    lines: Iterator[bytes]


def export_log(portal: Portal, *, since: int = 0) -> Export:
    """Return the log, event by event, with the hashes that the portal keeps and the balances of its books.

    Args:
        portal: The portal.
        since: How many events to leave out at the beginning.

    Raises:
        UnknownNameError: When there are not as many.
        LogChangedError: When an event that is not in the tree yet is not what it was.
    """
    read(portal, Verb.EXPORT_LOG, lambda _books, _rights: None)
    _grow_tree(portal)
    head = read(portal, Verb.EXPORT_LOG, lambda books, _rights: _head(books))
    if not 0 <= since <= head.size:
        raise UnknownNameError(
            f"The log has {head.size} events, not {since}.", hint="Give the size of an older checkpoint."
        )
    return Export(since, head.size, _exported(portal, head, since))


def _exported(portal: Portal, head: TreeHead, since: int) -> Iterator[bytes]:
    """Go through the lines; events never change, so each part is read in a transaction of its own."""
    yield header_line(head.origin, since, head.size)
    first = since
    while first < head.size:
        end = min(head.size, first - first % HASHES_IN_LINE + HASHES_IN_LINE)
        entries, hashes = portal.store.read(_part(first, end))
        yield from (content_of(entry) for entry in entries if entry.number <= end)
        yield hashes_line(first + 1, hashes)
        first = end
    yield portal.store.read(lambda books: _balances_at(books, head.size))


_Part = tuple[tuple[Entry, ...], tuple[bytes, ...]]


def _part(first: int, end: int) -> Callable[[Reading], _Part]:
    return lambda books: (books.entries(first, end - first), books.tree_rows(0, first, end))


def _balances_at(books: Reading, size: int) -> bytes:
    """Return the line of the balances, without what events after the export have changed."""
    later = changes_of(books.movements_after(size))
    balances = []
    for one in books.balances():
        changes = later.get((one.lot.id, one.virtual_account_id), {})
        counts: dict[Account, int] = {
            account: one.counts[account] - changes.get(account, 0) for account in BALANCED
        }
        balances.append((one.lot, one.virtual_account_id, counts))
    return balances_line(balances)


def _another(what: str) -> LogChangedError:
    return LogChangedError(
        f"{what}: one of the two was changed.",
        hint="A signed checkpoint tells which (`samples/verify_log.py`); look at: tallystick portal audit",
    )


def _forgotten(what: str) -> LogChangedError:
    return LogChangedError(
        f"{what}: it is of an older epoch, and the database was copied back since, and forgot something.",
        hint="See when, and what is known to be missing: tallystick portal quarantine",
    )


def _changed(what: str) -> LogChangedError:
    return LogChangedError(
        f"{what}: the log is not what it was.",
        hint="Keep the database as it is, and look at: tallystick portal audit",
    )
