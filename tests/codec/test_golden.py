"""No damage to a golden code goes unnoticed, and no stranger takes a code."""

from typing import Final

import pytest

from codec.alphabet import ALPHABET
from tests.codec.golden import AREA, DAMAGED, DAMAGES, STRANGERS, breaches, golden, reads, taken
from tests.codec.test_vectors import ACCEPTED
from tests.outcomes import SEED, keep

SHORTEST: Final = "confirmation-accepted-no-field-bytes"


def test_no_damage_to_the_shortest_code_goes_unnoticed() -> None:
    tried, found = breaches(golden()[SHORTEST], reads(SHORTEST))
    assert found == []
    assert set(tried) == set(DAMAGES)
    assert tried["a bit changed"] == 5 * len(golden()[SHORTEST])


def test_a_reader_that_says_nothing_of_repairs_is_noticed() -> None:
    text = golden()[SHORTEST]
    sound = reads(SHORTEST)(text)
    tried, found = breaches(text, lambda raw: sound)
    assert len(found) == tried.total() - 2 * len(ALPHABET)


@pytest.mark.soak
@pytest.mark.parametrize("name", ACCEPTED)
def test_no_damage_to_any_golden_code_goes_unnoticed(name: str) -> None:
    """A text that is an earlier one's code in another dress is that code."""
    if name not in golden():
        assert reads(name)(ACCEPTED[name]["code"]).code.text in golden().values()
        return
    tried, found = breaches(golden()[name], reads(name))
    keep(AREA, DAMAGED, name, {**tried, "bad": found[:3]})
    assert found == []


def test_no_stranger_takes_a_code() -> None:
    tried, found = taken(5, "0")
    assert found == []
    assert set(tried) == {"device", "issuer", "kind"}


def test_strangers_who_know_what_the_reader_knows_are_noticed() -> None:
    """All but the stolen request, and codes of another kind, which are not genuine for anybody."""
    _, found = taken(1, "0", careless=True)
    assert len(found) == 8


@pytest.mark.soak
def test_no_stranger_takes_any_of_many_codes() -> None:
    tried, found = taken(3_000, SEED)
    for why, number in tried.items():
        keep(AREA, STRANGERS, why, {"tried": number, "bad": [one for one in found if why in one][:3]})
    assert found == []
