"""Several processes on one portal at once: one of them is killed, or stands still, while the others go on.

What must hold, whatever the order in which they come to their calls:

1. What was told to be done is in the books, whoever died beside it; and the books balance.
2. Nobody but the killed one fails. "Busy" is an answer only once a process has waited as long as it promises;
   "too few licences" only where the others took them.
3. The killed command given again answers; codes shown twice are the same, byte for byte.
4. The checkpoint that all of them write is of these books, is never turned back, and knows everything that a
   process which came to its end has done. Nobody takes the books for copied back.
"""

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import apsw

from codec.alphabet import to_bytes
from codec.codes import Authorization, Kind
from codec.codes import Sequence as Place
from codec.envelope import AuthorizationContext, decode_body, long_hint, require_kind, verify_authorization
from codec.keys import VerifyingKey
from codec.parity import PARITY_CHARACTERS
from reservation.bootstrap import keep_checkpoint, open_portal
from reservation.checkpoint import Checkpoint, parse
from reservation.service import Role, add_user
from reservation.sql.sqlite_engine import BUSY_MILLISECONDS
from tests.cli.desk import START
from tests.faults.calls import Call, durable_calls, ends_of_runs
from tests.faults.runs import KILL, KILLED, STOP, Ran, Run
from tests.faults.scenes import DATABASE, Scene
from tests.faults.trial import Bench
from tests.reservation.portal.appliance import Appliance

STEPS = ("reserve", "confirm", "update", "return")
TAG = "ROUTING"
CHECKPOINT = "office/keys/checkpoint"
_MOST_USERS = 80
AT_ONCE = 4
#: About as long as a command takes among others.
_SECONDS = 0.15
_BUSY = 7
_REFUSED = 1


@dataclass(frozen=True, slots=True)
class Job:
    """A command about one device.

    Attributes:
        device: Which; empty: none.
        step: What is done: one of `STEPS`, or something about the whole portal.
        argv: The command.
        brings: The code that it brings; empty: none.
        takes: How many licences it takes from what is available.
    """

    device: str
    step: str
    argv: str
    brings: str
    takes: int = 0

    @property
    def shows(self) -> bool:
        """Whether it shows a code."""
        return self.step in {"reserve", "update"}


@dataclass(frozen=True, slots=True)
class Books:
    """What the books hold, and the checkpoint beside their key, read past the program.

    Attributes:
        chain: Who did what was noted, and the hash after it, from the first event on.
        codes: Every code.
        available: Licences of `TAG` that can be taken.
        restores: How often the books were taken for copied back.
        kept: The checkpoint; None: there is none, or it is damaged.
    """

    chain: tuple[tuple[str, bytes], ...]
    codes: frozenset[str]
    available: int
    restores: int
    kept: Checkpoint | None


@dataclass(slots=True)
class Crowd:
    """A portal, and devices somewhere in their lives.

    Attributes:
        bench: Runs the program.
        scene: The portal, with stock.
        random: Chooses devices, and when to kill.
        lives: How many requests each device has made.
        steps: How many steps each device has done since its last request.
        plant: A fault to plant into the program.
        killed: How many processes were killed.
        refused: How many were refused since others took the licences.
        users: Gives each process a user of its own, who says in the books whose work something was.
    """

    bench: Bench
    scene: Scene
    random: Random
    lives: dict[str, int]
    steps: dict[str, int]
    plant: str = ""
    killed: int = 0
    refused: int = 0
    users: "count[int]" = field(default_factory=count)

    def copy(self, name: str, plant: str = "") -> "Crowd":
        """Return a crowd that goes on from here in another folder."""
        scene = self.scene.copy(self.bench.folder / name)
        return Crowd(self.bench, scene, self.random, dict(self.lives), dict(self.steps), plant)

    # --- the jobs ----------------------------------------------------------------------------

    def job(self, device: str) -> Job:
        """Return what comes next for a device."""
        life, step = self.lives[device], STEPS[self.steps[device]]
        take = life % 2 + 2
        appliance = Appliance(device)
        request = appliance.request({TAG: take}, number=4 * life + 1)
        if step == "reserve":
            how = f"--license {TAG}={take}"
            return Job(device, step, self._command("reserve", request.text, how), request.text, take)
        if step == "update":
            how = f"--license {TAG}={take + 1}"
            return Job(device, step, self._command("update", request.text, how), request.text, 1)
        if step == "confirm":
            code = self._confirmation(device, request.id, 4 * life + 2)
        else:
            code = appliance.give_back(request.id, Place(0, 1), number=4 * life + 3).text
        return Job(device, step, self._command("accept", code, ""), code)

    def _command(self, name: str, code: str, how: str) -> str:
        return f"portal {name} {code} {how}"

    def _confirmation(self, device: str, request_id: bytes, number: int) -> str:
        from codec.codes import Confirmation
        from codec.envelope import sign_confirmation

        with closing(_opened(self.scene)) as books:
            [(text, key, portal_id)] = books.execute(
                "SELECT code_text, issuer_key, portal_id FROM codes, portal "
                "WHERE reservation_id = ? AND kind = 'A' AND number = 1",
                (request_id,),
            )
        code = decode_body(text[:-PARITY_CHARACTERS])
        assert to_bytes(text[:-PARITY_CHARACTERS]) == code.payload + code.signature
        context = AuthorizationContext(request_id, VerifyingKey(key), portal_id)
        installed = verify_authorization(require_kind(code, Authorization), context)
        value = Confirmation(long_hint(request_id), Place(0, 1), number, b"\1" * 4)
        signed = sign_confirmation(
            value, Appliance(device).key, request_id=request_id, authorization_id=installed.id
        )
        assert signed.kind is Kind.CONFIRMATION
        return signed.text

    def advance(self, device: str) -> None:
        """Take a device to its next step: after the last one, it asks anew."""
        self.steps[device] = (self.steps[device] + 1) % len(STEPS)
        self.lives[device] += self.steps[device] == 0

    # --- all at once -------------------------------------------------------------------------

    def alone(self, job: Job) -> list[str]:
        """Do a job, and return what is wrong with that."""
        return self.together([job], [{}])

    def together(self, jobs: Sequence[Job], how: Sequence[Mapping[str, object]]) -> list[str]:
        """Do jobs at once, those of them again that were killed; return everything that was wrong.

        Args:
            jobs: Each of another device, or the same one given more than once.
            how: For each, how it is run, as `Run` names it.
        """
        before = self.books()
        users = [self._next_user() for _ in jobs]
        runs = [self._run(job, user, **each) for job, user, each in zip(jobs, users, how, strict=True)]
        rans = self.bench.launcher.run_together(runs)
        after = self.books()
        may_die = [bool(each) for each in how]
        problems = _checkpoint_problems(
            before, after, [u for u, r in zip(users, rans, strict=True) if not r.code]
        )
        for number, (job, ran) in enumerate(zip(jobs, rans, strict=True)):
            others = sum({one.device: one.takes for one in jobs if one.device != job.device}.values())
            found = self._judged(job, ran, after, low=before.available - others, may_die=may_die[number])
            problems += [f"{job.step} {job.device}: {problem}" for problem in found]
        problems += self._audited()
        return problems + self._again(jobs, rans)

    def _again(self, jobs: Sequence[Job], rans: Sequence[Ran]) -> list[str]:
        """Give what was killed again, and compare what was shown for one job."""
        problems = []
        shown = {job.device: ran.out for job, ran in zip(jobs, rans, strict=True) if ran.code == 0}
        for job, ran in zip(jobs, rans, strict=True):
            if ran.code == KILLED:
                self.killed += 1
                low = self.books().available
                last = self.bench.launcher.run_together([self._run(job, self._next_user())])[0]
                after = self.books()
                found = self._judged(job, last, after, low=low, may_die=False)
                problems += [f"{job.step} {job.device}, again: {problem}" for problem in found]
                if last.code == 0:
                    shown.setdefault(job.device, last.out)
            if job.shows and ran.acknowledged and not shown.get(job.device, "").startswith(ran.out):
                problems.append(f"{job.step} {job.device}: it showed another code than before")
        # Whoever may not have more returns what there is.
        content = {job.device for job in jobs if job.step == "update"}
        for device in (shown.keys() | content) & self.steps.keys():
            self.advance(device)
        return problems

    def _next_user(self) -> str:
        """Return a user whom no job of these has, nor one of the rounds just before."""
        return f"user{next(self.users) % _MOST_USERS}"

    def _run(self, job: Job, user: str, **how: object) -> Run:
        environ = {**self.scene.environment(), "TALLYSTICK_USER": user}
        return Run(job.argv.split(), self.scene.folder, environ, plant=self.plant, **how)  # type: ignore[arg-type]

    def _judged(self, job: Job, ran: Ran, books: Books, *, low: int, may_die: bool) -> list[str]:
        code = ran.out.strip() if job.shows else job.brings
        if ran.acknowledged and code and code not in books.codes:
            return ["it was told to be done, and is not"]
        if ran.code == 0 or (ran.code == KILLED and may_die):
            return []
        if ran.code == _BUSY and ran.seconds * 1000 >= BUSY_MILLISECONDS:
            return []
        if ran.code == _REFUSED and job.takes > low and "can give" in ran.err:
            self.refused += 1
            return []
        return [f"exit code {ran.code} after {ran.seconds:.1f} seconds: {ran.err}"]

    # --- what is there -----------------------------------------------------------------------

    def books(self) -> Books:
        """Read the books in a copy: whoever opens them next finds them as they were left."""
        scene = self.scene.copy(self.bench.folder / "look")
        with closing(_opened(scene)) as books:
            chain: list[tuple[Any, ...]] = books.execute(
                "SELECT actor, hash FROM chain JOIN events USING (account_id, event_id) ORDER BY number"
            ).fetchall()
            codes = frozenset(text for (text,) in books.execute("SELECT code_text FROM codes"))
            [(available,)] = books.execute(
                "SELECT sum(available) FROM balances JOIN lots USING (account_id, lot_id) WHERE tag = ?",
                (TAG,),
            )
            [(restores,)] = books.execute("SELECT count(*) FROM restores")
        file = scene.folder / CHECKPOINT
        kept = parse(file.read_bytes()) if file.exists() else None
        return Books(tuple(chain), codes, available, restores, kept)

    def _audited(self) -> list[str]:
        """Let the program look at the books, in a copy."""
        scene = self.scene.copy(self.bench.folder / "look")
        ran = scene.run(self.bench.launcher, "portal audit --json")
        if ran.code != 0:
            return [f"the audit ended with exit code {ran.code}: {ran.err}"]
        findings = json.loads(ran.out)["findings"]
        said = [f"the audit said {ran.err!r}"] if "quarantine" in ran.err else []
        return said + [f"the audit found {finding}" for finding in findings]

    # --- one that is killed anywhere ------------------------------------------------------------

    def round(self) -> list[str]:
        """Let some devices' jobs be done at once, and one of them be killed; return what was wrong."""
        jobs = [self.job(device) for device in self.random.sample(sorted(self.lives), AT_ONCE - 1)]
        jobs.append(self.random.choice([*jobs, self.job(_left_out(self.lives, jobs))]))
        how: list[Mapping[str, object]] = [{} for _ in jobs]
        victim = self.random.randrange(AT_ONCE)
        how[victim] = self._death(jobs[victim])
        return self.together(jobs, how)

    def _death(self, job: Job) -> Mapping[str, object]:
        """Choose how a job is killed: at a call, or at a moment."""
        if self.random.random() < 0.5:
            return {"inject": KILL.at(self.random.choice(self.points(job)))}
        return {"kill_after": self.random.uniform(0, _SECONDS)}

    def come_home(self) -> list[str]:
        """Let every device return; return what was wrong."""
        problems = []
        for device in self.steps:
            while self.steps[device]:
                problems += self.alone(self.job(device))
        return problems

    # --- one that stands still ----------------------------------------------------------------

    def points(self, job: Job) -> tuple[Call, ...]:
        """Return the calls of a job after which it may stand still."""
        crowd = self.copy("trial", self.plant)
        (ran,) = self.bench.launcher.run_together([crowd._run(job, "user", watched=True)])
        places = [str(crowd.scene.folder / "office")]
        # A checkpoint that is only read may be written by others meanwhile.
        durable = {
            *durable_calls(ran.calls, places),
            *(call for call in ran.calls if CHECKPOINT in call.path),
        }
        return ends_of_runs([call for call in ran.calls if call in durable])

    def stands_still(self, job: Job, others: Sequence[Job], point: Call, then: str) -> list[str]:
        """Let a job stand still after a call, while others go on; return everything that was wrong.

        Args:
            job: The job.
            others: The others.
            point: The call.
            then: ``goes on`` or ``dies``.
        """
        crowd = self.copy("trial", self.plant)
        how = {"inject": STOP.at(point), "stops": then}
        problems = crowd.together([job, *others], [how, *({} for _ in others)])
        if then == "dies" and crowd.killed != 1:
            problems.append("it was not stopped")
        return [f"{job.step} {then} after {point}: {problem}" for problem in problems]


def crowd_of(bench: Bench, name: str, devices: Sequence[str], seed: str = "0", plant: str = "") -> Crowd:
    """Return a crowd of devices that all have made a request."""
    scene = bench.scenes["ready"].copy(bench.folder / name)
    _introduce(scene)
    lives = {device: number for number, device in enumerate(devices)}
    return Crowd(bench, scene, Random(seed), lives, dict.fromkeys(devices, 0), plant)


def _introduce(scene: Scene) -> None:
    """Make everybody who will run a command known to the portal."""
    keys = (scene.folder / CHECKPOINT).parent
    url = f"sqlite:///{scene.folder / DATABASE}"
    opened = open_portal(url, actor="kim", clock=lambda: START, random=os.urandom, checkpoints=keys)
    with closing(opened) as portal:
        for name in ("user", *(f"user{number}" for number in range(_MOST_USERS))):
            add_user(portal, name, Role.ADMINISTRATOR)
        keep_checkpoint(portal, keys)


def _left_out(devices: Iterable[str], jobs: Sequence[Job]) -> str:
    """Return the first device that has no job."""
    return min(set(devices) - {job.device for job in jobs})


def _opened(scene: Scene) -> apsw.Connection:
    return apsw.Connection(str(scene.folder / DATABASE), flags=apsw.SQLITE_OPEN_READWRITE)


def _checkpoint_problems(before: Books, after: Books, ended: Sequence[str]) -> list[str]:
    """Judge the checkpoint that processes left.

    Args:
        before: The books before they began.
        after: The books now.
        ended: Users whose processes came to their end.
    """
    kept = after.kept
    if kept is None:
        return [] if before.kept is None and not ended else ["the checkpoint is damaged"]
    if after.restores:
        return ["the books were taken for copied back"]
    if kept.events > len(after.chain) or after.chain[kept.events - 1][1] != kept.hash:
        return ["the checkpoint is of other books, or ahead of them"]
    done = max((number for number, (actor, _) in enumerate(after.chain, 1) if actor in ended), default=0)
    if kept.events < max(done, before.kept.events if before.kept else 0):
        return [f"the checkpoint was turned back to {kept.events} events"]
    return []
