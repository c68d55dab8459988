"""The page about people: its commands run as they stand, and its table is the program's."""

from pathlib import Path

import pytest

from reservation.roles import TABLE, Reach, Role, Verb
from tests.howto.pages import assert_shows, office_in, text_of


@pytest.mark.usefixtures("forked_program")
def test_people_are_added_and_do_what_they_may(tmp_path: Path) -> None:
    shell = office_in(tmp_path)
    shell.done("tallystick portal init --account Example")
    assert_shows("people.md", shell)


#: A column of the page, and verbs that stand for it: those who see, and those who change.
COLUMNS = {
    "licences": (Verb.RESERVE, Verb.ADD_LICENSE),
    "users": (Verb.LIST_USERS, Verb.ADD_USER),
    "events": (Verb.EVENTS, Verb.EVENTS),
    "agreements": (Verb.LIST_AGREEMENTS, Verb.ACCEPT_AGREEMENT),
    "Virtual Accounts": (Verb.ADD_VIRTUAL_ACCOUNT, Verb.REMOVE_VIRTUAL_ACCOUNT),
    "properties of the account": (Verb.SET_POLICY, Verb.SET_PRODUCT),
}


@pytest.mark.parametrize("role", Role)
def test_the_table_of_the_page_is_that_of_the_program(role: Role) -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text_of("people.md").splitlines()
        if line[:1] == "|"
    ]
    (cells,) = (row for row in rows if row[0] == f"`{role.value}`")
    assert rows[0][1:] == list(COLUMNS)
    for (sees, changes), cell in zip(COLUMNS.values(), cells[1:], strict=True):
        seeing, changing = TABLE[sees].of(role), TABLE[changes].of(role)
        if cell in {"no", "nothing"}:
            assert (seeing, changing) == (Reach.NOWHERE, Reach.NOWHERE)
        elif "own" in cell:
            assert seeing is Reach.OWN
        else:
            assert seeing is Reach.EVERYWHERE
            assert (changing is Reach.NOWHERE) is (cell == "sees" and sees is not changes)
