"""A desk whose database can be copied back, as a person would do it."""

import shutil
from pathlib import Path

from tests.cli.portal_desk import PortalDesk


class RestoringDesk(PortalDesk):
    """A desk with a portal, a device and a backup."""

    @property
    def checkpoint(self) -> Path:
        """The file beside the issuer's key."""
        return self.path("portal-keys/checkpoint")

    def back_up(self) -> None:
        """Copy the database and its checkpoint."""
        shutil.copy(self.path("portal.db"), self.path("backup.db"))
        shutil.copy(self.checkpoint, self.path("backup-checkpoint"))

    def restore(self, *, checkpoint: str = "stays") -> None:
        """Copy the database back; its checkpoint ``stays``, comes ``back`` too, or is ``gone``."""
        for name in ("portal.db-wal", "portal.db-shm"):
            self.path(name).unlink(missing_ok=True)
        shutil.copy(self.path("backup.db"), self.path("portal.db"))
        if checkpoint == "back":
            shutil.copy(self.path("backup-checkpoint"), self.checkpoint)
        elif checkpoint == "gone":
            self.checkpoint.unlink()

    def restored(self, machine: str = "router") -> tuple[str, str, str]:
        """Return request, authorization and confirmation that the database has forgotten."""
        self.back_up()
        codes = self.confirmed(machine)
        self.restore()
        return codes

    def end(self) -> None:
        """Let two persons end the quarantine."""
        self.done("portal", "quarantine", "--end", "--reason", "all is here")
        self.done("portal", "quarantine", "--approve", "--user", "alex")
