"""Every damaged sample code is accepted, repaired or refused, as its sidecar says."""

import pytest

from codec.errors import CodecError
from tests.samples.library import names_in, read_as, sidecar, text_of

DAMAGED = names_in("damaged")


def with_fate(fate: str) -> list[str]:
    names = [name for name in DAMAGED if sidecar(f"damaged/{name}")["expect"] == fate]
    assert names
    return names


def test_every_damaged_code_has_one_of_three_fates() -> None:
    assert sorted(with_fate("accepted") + with_fate("repaired") + with_fate("refused")) == DAMAGED


@pytest.mark.parametrize("name", with_fate("accepted"))
def test_a_code_that_is_only_dressed_up_is_accepted(name: str) -> None:
    expected = sidecar(f"damaged/{name}")["code"]
    received = read_as(expected, text_of(f"damaged/{name}"))
    assert received.repairs == ()
    assert received.code.text == text_of(f"codes/{expected}").strip()


@pytest.mark.parametrize("name", with_fate("repaired"))
def test_a_mistyped_code_is_repaired_and_its_wrong_groups_are_named(name: str) -> None:
    beside = sidecar(f"damaged/{name}")
    received = read_as(beside["code"], text_of(f"damaged/{name}"))
    assert [repair.group for repair in received.repairs] == beside["groups"]
    assert received.code.text == text_of(f"codes/{beside['code']}").strip()


@pytest.mark.parametrize("name", with_fate("refused"))
def test_what_cannot_be_read_or_believed_is_refused_for_its_own_reason(name: str) -> None:
    beside = sidecar(f"damaged/{name}")
    with pytest.raises(CodecError) as refusal:
        read_as(beside["code"], text_of(f"damaged/{name}"))
    assert refusal.value.code == beside["error"]
