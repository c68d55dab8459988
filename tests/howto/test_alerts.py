"""The page about alerts: its commands run as they stand, and its table has every kind."""

import re
from pathlib import Path

import pytest

from reservation.alerts import AlertKind
from tests.howto.pages import assert_shows, office_in, text_of

PAGE = "alerts.md"
BEFORE = """
tallystick portal init --account Example
tallystick portal license add ROUTING 10
tallystick portal trust > trust.txt
tallystick device init --pid RTR-900 --sn FDO1 --trust trust.txt
tallystick device request --want ROUTING=1 > request.txt
"""


@pytest.mark.usefixtures("forked_program")
def test_alerts_come_and_go_as_the_page_says(tmp_path: Path) -> None:
    shell = office_in(tmp_path)
    shell.done(BEFORE)
    assert_shows(PAGE, shell)


def test_the_table_of_the_page_has_every_kind() -> None:
    named = re.findall(r"^\| `([a-z-]+)` \|", text_of(PAGE), flags=re.MULTILINE)
    assert named == [kind.value for kind in AlertKind]
