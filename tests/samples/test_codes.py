"""Every sample code verifies with what its sidecar gives, and says what its sidecar says."""

import json

import pytest

from codec.catalogue import Catalogue
from codec.codes import CatalogueId, Kind, Request
from codec.keys import SigningKey
from reservation.trustfile import parse
from samples.code_files import as_json
from samples.entitlements import SIZE
from samples.make import SAMPLES
from tests.samples.library import names_in, read_as, sidecar, text_of

CODES = names_in("codes")


@pytest.mark.parametrize("name", CODES)
def test_a_sample_code_verifies_without_repair(name: str) -> None:
    received = read_as(name, text_of(f"codes/{name}"))
    assert received.repairs == ()
    assert received.code.id.hex() == sidecar(f"codes/{name}")["id"]
    assert received.code.text == text_of(f"codes/{name}").strip()


@pytest.mark.parametrize("name", CODES)
def test_a_sidecar_says_what_the_code_says(name: str) -> None:
    received, beside = read_as(name, text_of(f"codes/{name}")), sidecar(f"codes/{name}")
    assert json.loads(as_json(received.code.value)) == beside["fields"]
    assert len(received.code.text) == beside["characters"]


@pytest.mark.parametrize("name", [name for name in CODES if sidecar(f"codes/{name}")["tags"]])
def test_tags_are_spelled_as_the_catalogue_file_numbers_them(name: str) -> None:
    catalogue = Catalogue.parse((SAMPLES / "catalogue.txt").read_text(encoding="utf-8"))
    beside = sidecar(f"codes/{name}")
    items = beside["fields"].get("lines", beside["fields"].get("wanted"))
    tags = [catalogue.tags[item["tag"]] if isinstance(item["tag"], int) else item["tag"] for item in items]
    assert tags == beside["tags"]


def test_there_are_codes_of_every_kind() -> None:
    assert {sidecar(f"codes/{name}")["kind"] for name in CODES} == {kind.value for kind in Kind}


def test_the_catalogue_file_is_the_one_that_requests_name() -> None:
    catalogue = Catalogue.parse((SAMPLES / "catalogue.txt").read_text(encoding="utf-8"))
    assert len(catalogue.tags) == SIZE
    named: set[CatalogueId | None] = set()
    for name in (name for name in CODES if name.startswith("request-")):
        value = read_as(name, text_of(f"codes/{name}")).code.value
        assert isinstance(value, Request)
        named.add(value.catalogue)
    assert named == {catalogue.id(), None}


def test_tags_are_about_thirteen_characters_long() -> None:
    tags = Catalogue.parse((SAMPLES / "catalogue.txt").read_text(encoding="utf-8")).tags
    assert 12.5 <= sum(map(len, tags)) / len(tags) <= 13.5
    assert "UNIVERSAL" in tags


def test_the_trust_file_pins_the_sample_root() -> None:
    trusted = parse((SAMPLES / "trust.txt").read_text(encoding="utf-8"))
    keys = sidecar("keys/keys")["keys"]
    assert trusted.root.raw.hex() == keys["root"]["public"]
    assert [issuer.key.hex() for issuer in trusted.trust.code.value.issuers] == [keys["issuer"]["public"]]
    assert trusted.trust.code.text == text_of("codes/trust-first").strip()


FLEET = sorted(path.stem for path in (SAMPLES / "fleet").glob("*.json"))


def test_the_fleet_has_twelve_devices_with_different_names() -> None:
    udis = [tuple(sidecar(f"fleet/{name}")["udi"].values()) for name in FLEET]
    assert len(set(udis)) == len(FLEET) == 12


@pytest.mark.parametrize("name", FLEET)
def test_a_key_of_the_fleet_is_marked_as_a_sample_and_is_a_pair(name: str) -> None:
    device = sidecar(f"fleet/{name}")
    assert "Never use them" in device["warning"]
    key = SigningKey(bytes.fromhex(device["key"]["seed"])).verifying_key
    assert (key.raw.hex(), key.id.hex()) == (device["key"]["public"], device["key"]["id"])


@pytest.mark.parametrize("name", FLEET)
def test_the_hardware_of_a_device_also_stands_by_itself(name: str) -> None:
    assert sidecar(f"fleet/hardware/{name}") == sidecar(f"fleet/{name}")["hardware"]


@pytest.mark.parametrize("name", [name for name in CODES if name.startswith("request-")])
def test_a_request_comes_from_a_device_of_the_fleet(name: str) -> None:
    request = sidecar(f"codes/{name}")["fields"]
    devices = [sidecar(f"fleet/{device}") for device in FLEET]
    (device,) = [device for device in devices if device["udi"] == request["udi"]]
    assert device["key"]["public"] == request["device_key"]
