"""A desk at which a test reserves, confirms and returns, line by line, as a scenario says it.

    add TAG N [from DATE to DATE] [reporting] [export] [in VA]    licences come in
    reserve DEVICE TAG=N … [term T] [until DATE] [in VA]  a first authorization
    request DEVICE                                        another request by the device (its next code number)
                                                          (tram/anew is the tram with another key)
    update DEVICE TAG=N … [term T] [until DATE]           a further authorization
    lines DEVICE TAG=N[/START/END][/export][/reporting] … what its newest authorization grants
    confirm DEVICE SEQUENCE                               the device says that it installed that one
    return DEVICE LAST [mismatch]                         it says that LAST was the last installed (0: never)
    on DATE                                               time passes
    refused NAME                                          the line before raises the error with that code
    pool TAG [in VA] account=N …                          accounts, those not named are 0
    lot TAG to DATE [in VA] account=N …                   accounts of one lot
    state DEVICE STATE                                    of its newest reservation
    rehost DEVICE [to DEVICE] [TAG=N …]                   ann proposes it; to: with a request of a replacement
    write_off DEVICE, release DEVICE                      ann proposes it
    approve DEVICE [by NAME], reject DEVICE               bob decides, or whoever is named
    exposed DEVICE TAG=N …                                what it may use beyond the books; those not named: 0
    alerts KIND …                                         alerts about anything since the last such line
    move TAG N from VA to VA                              available licences go to another Virtual Account
    transfer DEVICE to VA                                 a device goes with what it holds
    correct TAG N [in VA]                                 an order is made smaller
    rename VA NAME, remove VA                             Virtual Accounts
    margin N|never                                        days until a line that ended early holds nothing
    sweep                                                 what is due is posted
    quota N                                               rehosts in a year, and no share of the devices
    kept DEVICE REASON|no                                 why its hold stays in doubt

After every line the whole books are audited.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time

from codec.codes import Line, Sequence, Term
from codec.envelope import VerifiedCode
from codec.errors import CodecError
from reservation import service
from reservation.errors import ReservationError
from reservation.model import EventKind, FailureEvidence, Policy
from reservation.service import Counts, Issued, LinesWanted, Portal
from tests.reservation.portal.appliance import Appliance, Time, opened

ALERTS = {EventKind.KEY_CHANGED, EventKind.SIGN_OF_LIFE, EventKind.INSUFFICIENT}


@dataclass(slots=True)
class Desk:
    portal: Portal
    time: Time
    issued: dict[tuple[str, int], Issued] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    refusal: ReservationError | CodecError | None = None
    looked: bytes = b""
    replacements: dict[str, str] = field(default_factory=dict)

    def play(self, scenario: str) -> None:
        """Play a scenario to its end."""
        for line in filter(None, map(str.strip, scenario.splitlines())):
            verb, *words = line.split("#")[0].split()
            if verb == "refused":
                assert self.refusal is not None, line
                assert self.refusal.code == words[0], self.refusal.message
                self.refusal = None
                continue
            assert self.refusal is None, self.refusal
            step: Callable[..., None] = getattr(self, f"_{verb}")
            try:
                step(*words)
            except (ReservationError, CodecError) as error:
                self.refusal = error
            except AssertionError as error:
                raise AssertionError(f"{line}: {error}") from error
            assert service.audit(self.portal) == (), line
        assert self.refusal is None, self.refusal

    def _add(self, tag: str, count: str, *rest: str) -> None:
        options = _options(rest)
        term = None
        if "from" in options:
            term = Term(date.fromisoformat(options["from"]), date.fromisoformat(options["to"]))
        service.add_license(
            self.portal,
            tag,
            int(count),
            virtual_account=options.get("in", "DEFAULT"),
            term=term,
            export_controlled="export" in rest,
            reporting_only="reporting" in rest,
        )

    def _request(self, device: str) -> None:
        self.numbers[device] = self.numbers.get(device, 1) + 10

    def _reserve(self, device: str, *rest: str) -> None:
        options = _options(rest)
        request = _appliance(device).request(number=self.numbers.get(device, 1))
        self._keep(
            device,
            service.reserve(
                self.portal,
                request,
                virtual_account=options.get("in", "DEFAULT"),
                choice=LinesWanted(_counts(rest)),
                term=options.get("term", "longest"),
                until=_until(rest),
            ),
        )

    def _update(self, device: str, *rest: str) -> None:
        reservation_id = self._newest(device).reservation_id
        term = _options(rest).get("term", "longest")
        issued = service.update(self.portal, reservation_id, _counts(rest), term=term, until=_until(rest))
        self._keep(device, issued)

    def _lines(self, device: str, *rest: str) -> None:
        granted = opened(self._newest(device), self.portal).value.lines
        assert sorted(map(_told, granted)) == sorted(rest)

    def _keep(self, device: str, issued: Issued) -> None:
        self.issued[device, issued.sequence.number] = issued
        self.issued[device, 0] = issued

    def _newest(self, device: str) -> Issued:
        return self.issued[device, 0]

    def _confirm(self, device: str, number: str) -> None:
        code = _appliance(device).confirmation(self.issued[device, int(number)], self.portal)
        self._accept(code)

    def _return(self, device: str, last: str, *rest: str) -> None:
        sequence = Sequence(0, int(last))
        code = _appliance(device).give_back(
            self._newest(device).reservation_id, sequence, mismatch="mismatch" in rest
        )
        self._accept(code)

    def _accept(self, code: VerifiedCode[service.DeviceCode]) -> None:
        received = service.read_code(self.portal, code.text)
        service.accept(self.portal, received.code)

    def _on(self, day: str) -> None:
        self.time.set(datetime.combine(date.fromisoformat(day), time(8, 0), UTC))

    def _pool(self, tag: str, *rest: str) -> None:
        place = _options(rest).get("in", "DEFAULT")
        pools = service.overview(self.portal, virtual_account=place)
        found = next((pool.counts for pool in pools if pool.tag == tag), Counts())
        _compare(found, _counts(rest))

    def _lot(self, tag: str, *rest: str) -> None:
        end = date.fromisoformat(_options(rest)["to"])
        licenses = service.list_licenses(self.portal)
        (found,) = (
            one.counts
            for one in licenses
            if one.lot.tag == tag and one.lot.term is not None and one.lot.term.end == end
            if one.virtual_account == _options(rest).get("in", "DEFAULT")
        )
        _compare(found, _counts(rest))

    def _rehost(self, device: str, *rest: str) -> None:
        other = _options(rest).get("to")
        if other:
            self.replacements[device] = other
        request = _appliance(other).request(number=self.numbers.get(other, 1)) if other else None
        service.propose_rehost(
            self.portal,
            self._newest(device).reservation_id,
            reason="fell into the river",
            evidence=FailureEvidence.WITNESS,
            replacement=request,
            lines=_counts(rest),
        )

    def _write_off(self, device: str) -> None:
        service.propose_write_off(self.portal, self._newest(device).reservation_id, reason="gone")

    def _release(self, device: str) -> None:
        service.propose_release(self.portal, self._newest(device).reservation_id, reason="seen to be empty")

    def _approve(self, device: str, *rest: str) -> None:
        second = replace(self.portal, actor=_options(rest).get("by", "bob"))
        decided = service.approve(second, self._newest(device).reservation_id)
        if decided.issued is not None:
            self._keep(self.replacements[device], decided.issued)

    def _reject(self, device: str) -> None:
        service.reject(self.portal, self._newest(device).reservation_id)

    def _exposed(self, device: str, *rest: str) -> None:
        details = service.show_reservation(self.portal, self._newest(device).reservation_id)
        assert {lot.tag: count for lot, count in details.exposed} == _counts(rest)

    def _kept(self, device: str, reason: str) -> None:
        details = service.show_reservation(self.portal, self._newest(device).reservation_id)
        assert (details.summary.kept or "no") == reason

    def _alerts(self, *kinds: str) -> None:
        found = service.events(self.portal, after=self.looked, most=1000)
        self.looked = found[-1].id if found else self.looked
        assert [event.kind for event in found if event.kind in ALERTS] == list(kinds)

    def _move(self, tag: str, count: str, *rest: str) -> None:
        options = _options(rest)
        service.transfer_license(self.portal, tag, int(count), source=options["from"], target=options["to"])

    def _transfer(self, device: str, *rest: str) -> None:
        service.transfer_reservation(
            self.portal, self._newest(device).reservation_id, target=_options(rest)["to"]
        )

    def _correct(self, tag: str, count: str, *rest: str) -> None:
        place = _options(rest).get("in", "DEFAULT")
        service.correct_license(self.portal, tag, int(count), virtual_account=place)

    def _rename(self, name: str, new_name: str) -> None:
        service.rename_virtual_account(self.portal, name, new_name)

    def _remove(self, name: str) -> None:
        service.remove_virtual_account(self.portal, name)

    def _margin(self, days: str) -> None:
        policy = service.show_policy(self.portal)
        margin = None if days == "never" else int(days)
        service.set_policy(self.portal, replace(policy, margin_days=margin))

    def _sweep(self) -> None:
        service.sweep(self.portal)

    def _quota(self, rehosts: str) -> None:
        service.set_policy(self.portal, Policy(rehost_percent=0, rehost_minimum=int(rehosts)))

    def _state(self, device: str, state: str) -> None:
        details = service.show_reservation(self.portal, self._newest(device).reservation_id)
        assert details.summary.state == state, details.summary.state


def _appliance(name: str) -> Appliance:
    """Return a device; ``tram/anew`` is the tram with another key."""
    return Appliance(name.split("/", maxsplit=1)[0], key_seed=name)


def _options(words: tuple[str, ...]) -> dict[str, str]:
    return {
        word: words[place + 1]
        for place, word in enumerate(words[:-1])
        if word in {"from", "to", "in", "term", "by", "until"}
    }


def _until(words: tuple[str, ...]) -> date | None:
    day = _options(words).get("until")
    return date.fromisoformat(day) if day else None


def _told(line: Line) -> str:
    """Return a line as scenarios write it."""
    term = f"/{line.term.start}/{line.term.end}" if line.term else ""
    flags = "/export" * line.export_controlled + "/reporting" * line.reporting_only
    return f"{line.tag}={line.count}{term}{flags}"


def _counts(words: tuple[str, ...]) -> dict[str, int]:
    pairs = (word.split("=") for word in words if "=" in word)
    return {name: int(count) for name, count in pairs}


def _compare(found: Counts, expected: dict[str, int]) -> None:
    counts = {name: getattr(found, name) for name in Counts.__slots__}
    shown = {name: count for name, count in counts.items() if count and name != "entitled"}
    assert shown == {name: count for name, count in expected.items() if count}
