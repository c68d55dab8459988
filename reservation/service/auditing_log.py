"""The part of the audit that is about the log: the chain of hashes, the tree, and what was signed.

The tree is worked out anew from the events and all that was committed with them, and compared with the hashes
that are kept and with every checkpoint that the issuer signed. It takes as much memory as one hash for each
256 events.

Not handled: checkpoints that others kept (`portal log verify`, and `samples/verify_log.py` for who trusts
nobody).
"""

from collections.abc import Iterator

from reservation.checkpoint import NO_EVENTS, chained
from reservation.errors import LogFormatError, NoteNotGenuineError
from reservation.log import SignedHead, content_of
from reservation.merkle import EMPTY_ROOT, TILE_WIDTH, Frontier, leaf_hash, rows_for
from reservation.notes import LogKey, Note
from reservation.service.log import log_keys
from reservation.store import Reading

Problem = tuple[str, str, str]
"""Name of the check, what it is about, and what differs."""


def check_log(books: Reading) -> Iterator[Problem]:
    """Compare the chain, the tree and all signed checkpoints with the events."""
    yield from _check_chain(books)
    roots = {0: EMPTY_ROOT}
    yield from _check_tree(books, roots, {head.size for head in books.signed_heads()})
    keys = log_keys(books)
    for head in books.signed_heads():
        for message in _problems_of(head, roots, keys):
            yield "log", f"the checkpoint of {head.size} events", message


def _check_chain(books: Reading) -> Iterator[Problem]:
    """Compare the chain of hashes with the events, all of them."""
    before, seen = NO_EVENTS, set()
    for place, (number, digest, event) in enumerate(books.chain(), start=1):
        (expected,) = chained(before, (event,))
        if number != place or digest != expected:
            yield "chain", event.subject, f"event {number} is not the one that its hash is for"
            return
        before = digest
        seen.add(event.id)
    count, (places, _) = books.event_count(), books.log_end()
    # A place whose event is gone is seen by what is after it, and at the end by nothing else.
    if len(seen) != places:
        yield "chain", "the log", f"the chain has {places} places, and the events of {len(seen)}"
    elif len(seen) != count:
        yield "chain", "the log", f"{count} events, and {len(seen)} in the chain"


def _check_tree(books: Reading, roots: dict[int, bytes], wanted: set[int]) -> Iterator[Problem]:
    """Compare the kept hashes with the events up to the first that differs, and note the wanted roots."""
    frontier, above, size = Frontier(), dict[tuple[int, int], bytes](), books.tree_size()

    def worked_out(level: int, first: int, end: int) -> list[bytes]:
        return [above[level, place] for place in range(first, end)]

    for first in range(0, size, TILE_WIDTH):
        end = min(size, first + TILE_WIDTH)
        entries = [entry for entry in books.entries(first, end - first) if entry.number <= end]
        leaves = [leaf_hash(content_of(entry)) for entry in entries]
        kept = books.tree_rows(0, first, end)
        for number, (entry, leaf, hash_then) in enumerate(
            zip(entries, leaves, kept, strict=False), first + 1
        ):
            if entry.number != number or leaf != hash_then:
                yield (
                    "log",
                    entry.event.subject,
                    f"event {number} is not what it was, or its movements are not",
                )
                return
            frontier.add(leaf)
            if frontier.size in wanted:
                roots[frontier.size] = frontier.root()
        if not len(entries) == len(kept) == end - first:
            yield "log", "the tree", f"an event is missing after event {frontier.size}"
            return
        for row in rows_for(first, leaves, worked_out):
            if row.level:
                above[row.level, row.place] = row.hash
                if books.tree_rows(row.level, row.place, row.place + 1) != (row.hash,):
                    yield "log", "the tree", f"its hash {row.place} of level {row.level} is another one"
                    return


def _problems_of(head: SignedHead, roots: dict[int, bytes], keys: tuple[LogKey, ...]) -> Iterator[str]:
    if roots.get(head.size) != head.root:
        yield "the events are not those that it was signed for"
    try:
        said = Note.parse(head.note).verified(keys)
    except (LogFormatError, NoteNotGenuineError) as error:
        yield error.message
        return
    if (said.size, said.root) != (head.size, head.root):
        yield "it says something else than its note"
