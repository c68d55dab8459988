"""One store for many threads: those who wait to write share one commit.

Scope: a long-running process that serves many people. On SQLite one thread writes for all of them: the works
that wait become one transaction, each in a savepoint of its own, and each caller has its own result or error
when that is durable. So many share one wait for the disk. Where an engine lets several write side by side,
each caller writes on a connection of its own instead.

Invariants: every answer follows the commit, also a refusal, since it may rest on what others of the group
did. A work that was given up was not done and will not be. When the commit fails, everybody of the group has
its error. A fault of the program in one work is no other's: then each runs once more, alone.

Not handled: a database that was restored meanwhile. Its error comes to everybody until the portal is opened
anew, since only that compares it with the checkpoint.
"""

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from codec.errors import CodecError
from reservation.errors import BusyError, ConstraintBrokenError, ReservationError, SetupError
from reservation.service.context import write_each
from reservation.store import Reading, Store, Writing

T = TypeVar("T")

MOST_WAITING = 1000
MOST_TOGETHER = 64
SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody waits for."""

    work: Callable[[Writing], Any]
    answer: "Future[Any]" = field(default_factory=Future)


class SharedStore:
    """The books of one Smart Account, for many threads; see `reservation.store.Store`.

    Args:
        open_store: Opens a store; it is called for the writer, and for each of those who read at once.
        in_groups: Whether one thread writes for all.
        most_waiting: How many may wait to write.
        most_together: How many share one commit.
        seconds: How long one waits before its work begins.

    Raises:
        ReservationError: When the store cannot be opened.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        *,
        in_groups: bool = True,
        most_waiting: int = MOST_WAITING,
        most_together: int = MOST_TOGETHER,
        seconds: float = SECONDS,
    ) -> None:
        self._open_store = open_store
        self._most_waiting, self._most_together, self._seconds = most_waiting, most_together, seconds
        self._line: deque[_Asked] = deque()
        self._idle: list[Store] = []
        self._changed = threading.Condition()
        self._is_closed = False
        self._writer: threading.Thread | None = None
        if in_groups:
            opened: Future[None] = Future()
            self._writer = threading.Thread(target=self._serve, args=(opened,), name="writer", daemon=True)
            self._writer.start()
            opened.result()

    def read(self, work: Callable[[Reading], T]) -> T:
        """Run work that only reads, in one consistent state, beside all others."""
        with self._own_store() as store:
            return store.read(work)

    def write(self, work: Callable[[Writing], T], *, beside_others: bool = False) -> T:
        """Run work and return when it is durable; an error undoes all of it, and nothing of anybody else's.

        Raises:
            BusyError: When too many wait, or it waited for too long. It was not done then.
        """
        if self._writer is None:
            with self._own_store() as store:
                return store.write(work, beside_others=beside_others)
        asked = self._lined_up(work)
        with contextlib.suppress(TimeoutError):
            asked.answer.exception(self._seconds)
        if asked.answer.cancel():
            raise BusyError(
                f"Others have been writing for {self._seconds:g} seconds before this one's turn came.",
                hint="Nothing was changed. Try again.",
            )
        result: T = asked.answer.result()
        return result

    def place_events(self) -> None:
        """Give every event that waits for it its place in the chain."""
        with self._own_store() as store:
            store.place_events()

    def close(self) -> None:
        """Do what waits, then let go of the database."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            idle, self._idle = self._idle, []
        if self._writer is not None:
            self._writer.join()
        for store in idle:
            store.close()

    # --- those who ask ---

    def _lined_up(self, work: Callable[[Writing], Any]) -> _Asked:
        asked = _Asked(work)
        with self._changed:
            self._require_open()
            if len(self._line) >= self._most_waiting:
                raise BusyError(
                    f"{self._most_waiting} others wait to write already.",
                    hint="Nothing was changed. Try again in a while.",
                )
            self._line.append(asked)
            self._changed.notify()
        return asked

    def _require_open(self) -> None:
        if self._is_closed:
            raise SetupError("This portal was closed.", hint="Open it anew.")

    @contextlib.contextmanager
    def _own_store(self) -> Iterator[Store]:
        """Give a store that nobody else uses at the moment."""
        with self._changed:
            self._require_open()
            store = self._idle.pop() if self._idle else None
        store = store or self._open_store()
        try:
            yield store
        finally:
            with self._changed:
                is_kept = not self._is_closed
                if is_kept:
                    self._idle.append(store)
            if not is_kept:
                store.close()

    # --- the thread that writes ---

    def _serve(self, opened: "Future[None]") -> None:
        try:
            store = self._open_store()
        except BaseException as error:  # noqa: BLE001 - whoever opens it raises it
            opened.set_exception(error)
            return
        opened.set_result(None)
        with contextlib.closing(store):
            while (group := self._next_group()) is not None:
                _answer(store, group)

    def _next_group(self) -> list[_Asked] | None:
        """Wait for works, and return those that nobody gave up; None: there are no more."""
        with self._changed:
            self._changed.wait_for(lambda: self._line or self._is_closed)
            if not self._line:
                return None
            count = min(len(self._line), self._most_together)
            group = [self._line.popleft() for _ in range(count)]
        return [asked for asked in group if asked.answer.set_running_or_notify_cancel()]


def _answer(store: Store, group: list[_Asked]) -> None:
    """Do works in one transaction, and answer each when it is durable."""
    if len(group) == 1:
        _answer_alone(store, group[0])
        return
    try:
        results = write_each(store, [asked.work for asked in group])
    except BaseException as error:  # noqa: BLE001 - whoever waits raises it
        if isinstance(error, ReservationError) and not isinstance(error, ConstraintBrokenError):
            for asked in group:
                asked.answer.set_exception(error)
            return
        # Something in one of them, which nobody knows: nothing was kept of any.
        for asked in group:
            _answer_alone(store, asked)
        return
    for asked, result in zip(group, results, strict=True):
        if isinstance(result, ReservationError | CodecError):
            asked.answer.set_exception(result)
        else:
            asked.answer.set_result(result)


def _answer_alone(store: Store, asked: _Asked) -> None:
    try:
        result = store.write(asked.work)
    except BaseException as error:  # noqa: BLE001 - whoever waits raises it
        asked.answer.set_exception(error)
    else:
        asked.answer.set_result(result)
