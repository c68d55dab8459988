"""The issuer changes: between a portal, a root on a machine of its own, and devices that see it or do not."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from codec.alphabet import to_bytes, to_characters
from codec.keys import VerifyingKey
from reservation.keyfile import read_key
from reservation.trustfile import parse
from tests.cli.desk import require_refusal
from tests.cli.portal_desk import Argv, PortalDesk, Refusal
from tests.cli.vendor import Vendor, key

STAMP_BYTES = 7
PUBLIC = to_characters(key(9).verifying_key.raw)


class RootedDesk(PortalDesk):
    """A desk whose root key was moved to a machine without a network: nothing of the portal is there."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path("safe").mkdir()
        shutil.move(self.path("portal-keys/root.pem"), self.path("safe/root.pem"))
        shutil.copy(self.path("portal-keys/passphrase"), self.path("safe/passphrase"))
        self.old = self.done("portal", "issuer", "list", "--json").json["issuers"][0]["key_id"]
        self.root = "--root", str(self.path("safe/root.pem"))

    def certified(self, *more: str) -> str:
        """Make the next issuer key, have the root certify it, and return the trust code."""
        public = self.done("keys", "rotate-issuer", "-q").line
        return self.signed("certify", public, *more)

    def signed(self, *argv: str) -> str:
        """Return the trust code that the root signs, far from the portal."""
        before = self.environ
        self.environ = {"TALLYSTICK_DB": f"sqlite:///{self.path('safe/none.db')}"}
        first = not list(self.path("safe").glob("root.trust-*"))
        given = ("--trust", self.trust) if first else ()
        code = self.done("keys", *argv, *self.root, *given, "-q").line
        self.environ = before
        assert not self.path("safe/none.db").exists()
        return code

    def thief(self) -> Vendor:
        """Return whoever stole the first issuer's key."""
        passphrase = self.path("portal-keys/passphrase").read_text().strip()
        issuer = read_key(self.path("portal-keys/issuer.pem"), passphrase)
        portal_id = parse(self.path("trust.txt").read_text()).trust.code.value.portal_id
        return Vendor(issuer, issuer, portal_id)


@pytest.fixture
def desk(tmp_path: Path) -> RootedDesk:
    return RootedDesk(tmp_path)


def test_a_rotation_from_end_to_end(desk: RootedDesk) -> None:
    request, authorization, _ = desk.confirmed()
    code = desk.certified()
    adopted = desk.done("portal", "issuer", "adopt", code)
    assert "signs from now on" in adopted.out
    updated = desk.done("portal", "update", request, "--license", "ROUTING=5").line
    # The device has not heard of it: it says so, and names what is missing.
    refused = desk.run("device", "install", updated, "--json")
    assert (refused.code, refused.json["error"]["code"]) == (4, "unknown-issuer")
    assert "trust code" in refused.json["error"]["hint"]
    desk.done("device", "install", code)
    confirmation = desk.done("device", "install", updated).line
    desk.done("portal", "accept", confirmation)
    assert desk.done("portal", "issuer", "devices", "--json").json["devices"] == []
    # What the former issuer signed is known as before, on both sides.
    assert desk.run("device", "install", authorization, "--json").json["error"]["code"] == "older-sequence"
    assert "add up" in desk.done("portal", "audit").out
    # A new device pins both in one file.
    desk.done("portal", "trust", "--out", desk.trust)
    desk.join("spare", "FDO2")
    desk.done("device", "install", desk.reserved("spare")[1], on="spare")


def test_a_stolen_key(desk: RootedDesk) -> None:
    """One device sees the revocation, the other does not; the thief signs for both."""
    desk.join("spare", "FDO2")
    requests = {machine: desk.reserved(machine)[0] for machine in ("router", "spare")}
    forged = {machine: desk.thief().authorize(request, number=7) for machine, request in requests.items()}
    code = desk.certified("--revoke", desk.old)
    desk.done("portal", "issuer", "adopt", code)
    desk.done("device", "install", code, on="router")
    # (a) It saw the revocation: refused, whatever the date.
    refused = desk.run("device", "install", forged["router"], "--json", on="router")
    assert (refused.code, refused.json["error"]["code"]) == (4, "revoked-issuer")
    # (b) It did not: accepted, and seen at its next contact as what the portal never issued.
    confirmation = desk.done("device", "install", forged["spare"], on="spare").line
    unknown = desk.run("portal", "accept", confirmation, "--json")
    assert (unknown.code, unknown.json["error"]["code"]) == (1, "missing-authorization")
    thief = desk.run("portal", "accept", forged["spare"], "--json")
    assert (thief.code, thief.json["error"]["code"]) == (4, "revoked-issuer")
    assert "Quarantine  no" in desk.done("portal", "quarantine").out
    # What the portal issued itself is issued anew, once, and nothing is held twice.
    before = desk.done("portal", "license", "list").out
    renewed = desk.done("portal", "issuer", "renew", "--json").json["renewed"]
    assert [one["sequence"]["number"] for one in renewed] == [2, 2]
    assert desk.done("portal", "issuer", "renew", "--json").json["renewed"] == []
    assert desk.done("portal", "license", "list").out == before
    (for_router,) = (one["code"] for one in renewed if one["udi"]["serial_number"] == "FDO1")
    confirmation = desk.done("device", "install", for_router, on="router").line
    desk.done("portal", "accept", confirmation)
    # The other one is ahead of the books by the thief's number: its return code brings it home.
    desk.done("portal", "accept", desk.done("device", "return", "--yes", on="spare").line)
    desk.done("portal", "audit")


def test_what_is_installed_stays_in_force(desk: RootedDesk) -> None:
    _, authorization, confirmation = desk.confirmed()
    code = desk.certified("--revoke", desk.old)
    desk.done("portal", "issuer", "adopt", code)
    assert "stays in force" in desk.done("device", "install", code).err
    desk.done("device", "check", "ROUTING", "--count", "2")
    assert desk.done("device", "install", authorization).line == confirmation
    assert desk.done("portal", "issuer", "renew", "--json").json == {"renewed": [], "failed": []}


def test_of_old_and_new_on_a_device_every_pair_is_decided(desk: RootedDesk) -> None:
    """Trust that a device has, by what it is given: old and new codes of root, thief and portal."""
    request, old = desk.reserved()
    first = parse(desk.path("trust.txt").read_text()).trust.code.text
    second = desk.certified()
    desk.done("portal", "issuer", "adopt", second)
    new = desk.done("portal", "update", request, "--license", "ROUTING=3").line
    third = desk.signed("revoke", desk.old)
    foreign = Vendor(desk.thief().issuer, desk.thief().issuer, desk.thief().portal_id).trust(9)
    expected = {
        first: {old: None, new: "unknown-issuer", foreign: "not-genuine", first: None},
        second: {old: None, new: None, foreign: "not-genuine", first: "older-trust", second: None},
        third: {old: "revoked-issuer", new: None, foreign: "not-genuine", first: "older-trust",
                second: "older-trust", third: None},
    }  # fmt: skip
    for trust, given in expected.items():
        for code, error in given.items():
            copy = desk.path("copy")
            shutil.rmtree(copy, ignore_errors=True)
            shutil.copytree(desk.path("router"), copy)
            home = ("--home", str(copy), "--json")
            desk.done("device", "install", trust, *home)
            got = desk.run("device", "install", code, *home)
            assert got.json.get("error", {}).get("code") == error, (got, error)


def test_trust_and_authorization_come_in_one_bundle(desk: RootedDesk) -> None:
    """One bundle for every device: each takes the trust code, and of the authorizations its own."""
    desk.join("spare", "FDO2")
    for machine in ("router", "spare"):
        desk.reserved(machine)
    code = desk.certified("--revoke", desk.old)
    desk.done("portal", "issuer", "adopt", code)
    renewed = desk.done("portal", "issuer", "renew").out
    file = desk.write("all.txt", f"{renewed}{code}\n")
    bundle = desk.done("code", "bundle", file).line
    for machine in ("router", "spare"):
        installed = desk.done("device", "install", bundle, on=machine)
        assert "Trust code number 2" in installed.err
        assert desk.done("device", "install", bundle, on=machine).line == installed.line
        desk.done("portal", "accept", installed.line)
    assert desk.done("portal", "issuer", "devices", "--json").json["devices"] == []
    # For a third one there is nothing in it but the trust code.
    desk.join("portal", "FDO3")
    request = desk.done("device", "request", on="portal").line
    third = desk.done("device", "install", bundle, on="portal")
    assert "In force now" in third.out
    assert "No authorization in it is for this device" in third.err
    # Without a trust code that is refused, and so are a device's own codes.
    others = desk.done("code", "bundle", desk.write("others.txt", renewed)).line
    assert (
        desk.run("device", "install", others, "--json", on="portal").json["error"]["code"] == "other-device"
    )
    requests = desk.done("code", "bundle", desk.write("q.txt", f"{request}\n")).line
    assert desk.run("device", "install", requests, "--json").json["error"]["code"] == "wrong-kind"


def test_a_private_key_is_on_no_stream(desk: RootedDesk) -> None:
    """Looked for as bytes, hexadecimal digits and characters, in all that the commands say."""
    said = []
    for argv in (("keys", "rotate-issuer", "-v"), ("portal", "issuer", "list", "--json")):
        done = desk.done(*argv)
        said += [done.out, done.err]
    (made,) = desk.path("portal-keys").glob("issuer-*.pem")
    private = read_key(made, desk.path("portal-keys/passphrase").read_text().strip())
    public = said[0].strip()
    assert to_bytes(public) == private.verifying_key.raw
    signed = desk.done("keys", "certify", public, *desk.root, "--trust", desk.trust, "-v")
    changed = desk.done(
        "keys", "passphrase", str(made), "--new-passphrase-file", _passphrase(desk, "new.txt")
    )
    everything = "".join((*said, signed.out, signed.err, changed.out, changed.err)).lower()
    assert private.seed.hex() not in everything
    assert "private key-----" not in everything


def _passphrase(desk: RootedDesk, name: str, text: str = "seven words that nobody guesses") -> str:
    name = desk.write(name, text + "\n")
    Path(name).chmod(0o600)
    return name


def test_a_passphrase_is_changed_and_the_key_is_not(desk: RootedDesk) -> None:
    file, new = str(desk.path("portal-keys/issuer.pem")), _passphrase(desk, "new.txt")
    before = desk.done("keys", "show", file).out
    done = desk.done("keys", "passphrase", file, "--new-passphrase-file", new)
    assert "portal-keys/passphrase" in done.err
    assert desk.done("keys", "show", file, "--passphrase-file", new).out == before
    assert desk.run("keys", "show", file).code == 6
    assert oct(desk.path("portal-keys/issuer.pem").stat().st_mode)[-3:] == "600"


def test_a_lost_root_is_followed_by_the_one_that_was_named_in_time(desk: RootedDesk) -> None:
    spare = str(desk.path("safe/spare.pem"))
    desk.done("keys", "generate", spare)
    public = desk.done("keys", "show", spare).out.split("Public key  ")[1].split()[0]
    named = desk.certified("--next-root", public)
    for take in (("portal", "issuer", "adopt"), ("device", "install")):
        desk.done(*take, named)
    desk.done("portal", "trust", "--out", desk.trust)
    desk.path("safe/root.pem").unlink()
    revoked = desk.done("keys", "revoke", desk.old, "--root", spare, "--trust", desk.trust, "-q").line
    for take in (("portal", "issuer", "adopt"), ("device", "install")):
        desk.done(*take, revoked)
    desk.done("portal", "trust", "--out", desk.trust)
    assert parse(desk.path("trust.txt").read_text()).root == VerifyingKey(to_bytes(public))
    desk.join("spare", "FDO2")
    desk.done("device", "install", desk.reserved("spare")[1], on="spare")
    desk.done("portal", "audit")


# --- what is refused -------------------------------------------------------------------------------


def _adopt(make: Callable[[RootedDesk], str]) -> Callable[[PortalDesk], Argv]:
    def prepare(desk: PortalDesk) -> Argv:
        assert isinstance(desk, RootedDesk)
        return "portal", "issuer", "adopt", make(desk)

    return prepare


def _signs(*argv: str, trust: bool = True) -> Callable[[PortalDesk], Argv]:
    def prepare(desk: PortalDesk) -> Argv:
        assert isinstance(desk, RootedDesk)
        words = tuple(desk.old if word == "OLD" else word for word in argv)
        return ("keys", *words, *desk.root, *(("--trust", desk.trust) if trust else ()))

    return prepare


def _without_the_key(desk: RootedDesk) -> str:
    code = desk.certified()
    next(desk.path("portal-keys").glob("issuer-*.pem")).unlink()
    return code


def _twice_from_one(desk: PortalDesk) -> Argv:
    """Two codes that would follow on the same one: the second would have the serial of the first."""
    assert isinstance(desk, RootedDesk)
    desk.certified()
    return "keys", "revoke", desk.old, *desk.root, "--trust", desk.trust


def _other_root(desk: PortalDesk) -> Argv:
    desk.done("keys", "generate", str(desk.path("other.pem")))
    assert isinstance(desk, RootedDesk)
    return "keys", "revoke", desk.old, "--root", str(desk.path("other.pem")), "--trust", desk.trust


def _revoked_again(desk: PortalDesk) -> Argv:
    assert isinstance(desk, RootedDesk)
    desk.certified("--revoke", desk.old)
    public = VerifyingKey(desk.thief().issuer.verifying_key.raw)
    return "keys", "certify", to_characters(public.raw), *desk.root


REFUSALS: dict[str, Refusal] = {
    "another root's": (
        _adopt(lambda desk: desk.thief().trust(2)), 4, "not-genuine", "signature", "right code",
    ),
    "without its key": (_adopt(_without_the_key), 6, "key-file", "is not the one", "issuer-KEYID.pem"),
    "nothing to follow on": (
        _signs("revoke", "OLD", trust=False), 1, "certify", "nothing to follow", "--trust",
    ),
    "one serial twice": (_twice_from_one, 1, "certify", "signed trust code 2 already", "--trust out"),
    "a root of others": (_other_root, 4, "other-root", "signed by root", "key file of that root"),
    "a key that nobody lists": (
        _signs("revoke", "0011223344556677"), 1, "unknown-name", "lists no key 0011223344556677", "It lists",
    ),
    "no public key": (_signs("certify", "ABC"), 1, "certify", "no public key", "eight words"),
    "no id of a key": (_signs("revoke", "77ec3819"), 1, "certify", "16 hexadecimal digits", "lists: "),
    "a revoked key": (_revoked_again, 1, "certify", "stays so for ever", "rotate-issuer"),
    "no day": (_signs("certify", PUBLIC, "--until", "soon"), 2, "usage", "needs a day", "UTC"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSALS)
def test_is_refused(desk: RootedDesk, name: str) -> None:
    require_refusal(desk, REFUSALS[name])


def test_a_key_that_was_replaced_meanwhile_signs_nothing(desk: RootedDesk) -> None:
    """One process has opened the key that is in use; before it signs, another takes the next one into use."""
    code = desk.certified()
    request = desk.requested()
    meanwhile = [lambda: desk.done("portal", "issuer", "adopt", code)]
    honest = desk._random

    def random(length: int) -> bytes:
        if length == STAMP_BYTES and meanwhile:
            meanwhile.pop()()
        return honest(length)

    desk._random = random
    refused = desk.run("portal", "reserve", request, "--as-requested", "--json")
    assert (refused.code, refused.json["error"]["code"]) == (7, "issuer-replaced")
    desk.done("portal", "reserve", request, "--as-requested")
