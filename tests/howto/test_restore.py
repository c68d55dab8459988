"""The page about a backup that came back: its commands run as they stand, and say what it shows."""

import re
from pathlib import Path

import pytest

from tests.howto.pages import fits, office_in, steps

#: A portal with a device; a backup; five events since, which the page says are lost; the backup comes back.
BEFORE = """
tallystick portal init --account Example
tallystick portal user add alex --role administrator
tallystick portal license add ROUTING 10
tallystick portal trust > trust.txt
tallystick device init --pid RTR-900 --sn FDO1 --trust trust.txt
tallystick device init --pid RTR-900 --sn FDO2 --trust trust.txt --home second
tallystick device request --want ROUTING=1 --home second > new-request.txt
cp portal.db backup.db
tallystick device request --want ROUTING=3 > request.txt
tallystick portal reserve --file request.txt --as-requested > authorization.txt
tallystick device install --file authorization.txt > confirmation.txt
tallystick portal accept --file confirmation.txt
tallystick portal va add Berlin
tallystick portal va add Bonn
tallystick portal va add Mainz
cp backup.db portal.db
"""


@pytest.mark.usefixtures("forked_program")
def test_a_backup_that_came_back_is_put_right(tmp_path: Path) -> None:
    shell = office_in(tmp_path)
    shell.done(BEFORE)
    for _, command, shown in steps("restore.md"):
        output = shell.run(command)
        # Every command says it; the page does so once.
        below = re.sub(r"^This portal is in quarantine[^\n]*\n", "", output)
        assert fits(shown, output) or fits(shown, below), (command, output)
