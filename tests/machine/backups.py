"""What a database that is copied back does to a world, and how people put it right again.

Three ways: the database alone comes back, and its checkpoint shows it; it comes to a machine without a
checkpoint, and a person says what it is, truly or not; or the checkpoint of yesterday comes back with it.
Only the last, and a person who says what is not so, go unnoticed. Devices can then run more than the books
hold for them, and so they can when a quarantine ends and nobody brought what they run: all three are counted
by their cause. Everything else must hold as if nothing had been copied back.
"""

import shutil
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import apsw

from codec.codes import Kind, UnsignedKind
from codec.envelope import to_text
from codec.reading import inspect
from reservation.bootstrap import begin_checkpoint, keep_checkpoint, open_portal
from reservation.device.answers import Status
from reservation.service.bringing import bring, is_for_bringing, settle
from reservation.service.restoring import adopt, approve_end, begin_quarantine, propose_end, show_quarantine
from tests import raw
from tests.machine.trouble import Troubled
from tests.machine.watch import DEVICES, Key, enforced_by
from tests.machine.world import Carried

FORGOTTEN = "a quarantine that ended before the code came"
UNNOTICED = "a database copied back unnoticed"
WAITING = "a code that is forgotten, while nothing is issued"

#: Reservation, epoch and number of an authorization.
Place = tuple[bytes, int, int]

_SIGNED = "SELECT reservation_id, epoch, number, code_id FROM codes WHERE kind = 'A'"


@dataclass(slots=True)
class Restorable(Troubled):
    """A world whose database can be copied back.

    Attributes:
        lost: Authorizations that the books forgot: id → place, and whether that could be noticed. Books that
            forgot one unnoticed may have signed another one in the same place.
        must_not_issue: Whether the portal may issue nothing, as the world knows it.
    """

    lost: dict[bytes, tuple[Place, bool]] = field(default_factory=dict)
    must_not_issue: bool = False

    @property
    def keys(self) -> Path:
        """The folder that keeps the checkpoint."""
        return self.folder / "keys"

    @property
    def _database(self) -> Path:
        return self.folder / "portal.db"

    @property
    def _backup(self) -> Path:
        return self.folder / "backup.db"

    # --- what is looked at ---------------------------------------------------------------------

    def signed(self) -> dict[Place, bytes]:
        """Return the authorizations that the books have."""
        return {(request, epoch, number): code for request, epoch, number, code in self._rows(_SIGNED)}

    def in_quarantine(self) -> bool:
        """Tell what the books say, read past the program."""
        return bool(list(self._rows("SELECT 1 FROM restores WHERE ended_with IS NULL")))

    def _explanation(self, number: int, status: Status, key: Key, count: int, kept: int) -> str:
        place = self._installed(status)
        there = {code: noticed for code, (at, noticed) in self.lost.items() if at == place}
        if not there.keys() - set(self.signed().values()):
            return Troubled._explanation(self, number, status, key, count, kept)
        if not all(there.values()):
            return UNNOTICED
        if self.must_not_issue:
            return WAITING
        noticed = list(self._rows("SELECT ended_with FROM restores"))
        assert noticed, f"{DEVICES[number]} runs {count} of {key}, {kept} held, and nobody noticed"
        return FORGOTTEN

    def _installed(self, status: Status) -> Place | None:
        if status.request_id is None or status.sequence is None:
            return None
        return status.request_id, status.sequence.epoch, status.sequence.number

    def _carry(self, kind: Kind | UnsignedKind, text: str, device: int) -> None:
        if kind is Kind.AUTHORIZATION:
            assert not self.must_not_issue, "something was issued by a database that was copied back"
        Troubled._carry(self, kind, text, device)

    # --- backups -------------------------------------------------------------------------------

    def back_up(self) -> None:
        """Keep a copy of the database and its checkpoint, in place of the one before."""
        keep_checkpoint(self.portal, self.keys)
        with closing(apsw.Connection(str(self._database))) as live:
            self._backup.unlink(missing_ok=True)
            live.execute("VACUUM INTO ?", (str(self._backup),))
        if (self.keys / "checkpoint").exists():
            shutil.copy(self.keys / "checkpoint", self.folder / "backup.checkpoint")
        self.done["backup"] += 1

    def restore(self, how: str) -> None:
        """Copy the database back: ``alone``, ``unnoticed`` with its checkpoint, ``elsewhere`` without any."""
        if not self._backup.exists():
            return
        before, lost = self.signed(), self._event_count(self._database) - self._event_count(self._backup)
        self._replace_files(how)
        self._reopen()
        noticed = how != "unnoticed"
        if not noticed:
            # What a quarantine waits for is forgotten with it.
            self._notice_nothing()
        left = set(self.signed().values())
        self.lost |= {code: (place, noticed) for place, code in before.items() if code not in left}
        self.returned = {hint for (hint,) in self._rows("SELECT hint FROM early_returns")} | {
            request[:4] for (request,) in self._rows("SELECT reservation_id FROM codes WHERE kind = 'R'")
        }
        self._expect(how, lost)
        self.done[f"restored {how}"] += 1

    def _replace_files(self, how: str) -> None:
        keep_checkpoint(self.portal, self.keys)
        self.books.close()
        self.portal.close()
        for ending in ("-wal", "-shm"):
            self._database.with_name(f"portal.db{ending}").unlink(missing_ok=True)
        shutil.copy(self._backup, self._database)
        if how == "elsewhere":
            (self.keys / "checkpoint").unlink(missing_ok=True)
        elif how == "unnoticed" and (self.folder / "backup.checkpoint").exists():
            shutil.copy(self.folder / "backup.checkpoint", self.keys / "checkpoint")
        self.checked = None

    def _reopen(self) -> None:
        opened = open_portal(
            f"sqlite:///{self._database}",
            actor="kim",
            clock=self.clock,
            random=self.portal.random,
            checkpoints=self.keys,
        )
        self.portal = replace(opened, issuer=self.portal.issuer)
        self.books = raw.opened(self._database)

    def _expect(self, how: str, lost: int) -> None:
        """Say what must follow: what was lost is noticed where a checkpoint can show it, and nothing else."""
        if how == "alone" and self.portal.is_vouched_for:
            assert self.in_quarantine() or not lost, f"{lost} events are lost, and nobody noticed"
        self.must_not_issue = self.in_quarantine() or not self.portal.is_vouched_for

    def _notice_nothing(self) -> None:
        self.lost = {code: (place, False) for code, (place, _) in self.lost.items()}

    def _event_count(self, database: Path) -> int:
        with closing(apsw.Connection(str(database), flags=apsw.SQLITE_OPEN_READONLY)) as books:
            ((count,),) = books.execute("SELECT count(*) FROM events")
            return int(count)

    # --- what people do then -------------------------------------------------------------------

    def say(self, *, was_restored: bool) -> None:
        """Let a person say what a database without a checkpoint is, truly or not."""
        if self.portal.is_vouched_for:
            return
        if was_restored:
            begin_quarantine(self.portal, reason="the disk died")
        else:
            adopt(self.portal, reason="nothing happened")
            self._notice_nothing()
        begin_checkpoint(self.portal, self.keys)
        self.books.close()
        self.portal.close()
        self._reopen()
        self.must_not_issue = self.in_quarantine()
        self.done["said the truth" if was_restored else "said what is not so"] += 1

    def bring(self, code: Carried) -> None:
        """Bring a code that a person still has."""

        def act() -> None:
            if code.kind is UnsignedKind.SHORT:
                self.accept(code.text)
                return
            inspected = inspect(code.text).code
            if is_for_bringing(self.portal, inspected):
                assert bring(self.portal, code.text) is not None
                self.done["brought"] += 1
            elif code.kind in {Kind.CONFIRMATION, Kind.RETURN}:
                self.accept(to_text(inspected.payload, inspected.signature))
                settle(self.portal)

        self._try("bring", act)
        self.must_not_issue = self.must_not_issue or self.in_quarantine()

    def bring_all(self, codes: list[Carried]) -> None:
        """Bring many codes; after all that there are, what can be rebuilt is rebuilt."""
        began = self.in_quarantine()
        for code in codes:
            self.bring(code)
        if len(codes) < len(self.codes) or not began:
            return
        waiting = show_quarantine(self.portal).blocked
        assert not waiting or self.restored, f"all was brought, and something waits: {waiting}"
        self._check_rebuilt()

    def _check_rebuilt(self) -> None:
        for number, device in enumerate(self.devices):
            status = device.status()
            place = self._installed(status)
            if place is None or not enforced_by(status) or number in {one for one, _ in self.restored}:
                continue
            if place in self.signed() or place not in {at for at, _ in self.lost.values()}:
                continue
            closed = list(
                self._rows(
                    "SELECT 1 FROM reservations WHERE reservation_id = ? AND closed_at IS NOT NULL", place[:1]
                )
            )
            assert closed, f"{DEVICES[number]} runs what is not rebuilt, and all its codes were brought"

    def end_quarantine(self) -> None:
        """Let two persons end the quarantine."""

        def act() -> None:
            propose_end(self.portal, reason="all is here")
            approve_end(replace(self.portal, actor="alex"))

        if self._try("end quarantine", act) is not None or not self.in_quarantine():
            self.must_not_issue = not self.portal.is_vouched_for
