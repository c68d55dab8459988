"""The Python of the page on embedding runs as it stands."""

import os
import re
import subprocess
import sys
from pathlib import Path

from codec.codes import Line
from tests.cli.desk import HARDWARE, Desk
from tests.cli.vendor import ACME
from tests.howto.pages import ROOT, text_of


def test_the_python_of_the_embedding_page_runs(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    home = ("--home", str(desk.path("device")))
    trust = desk.write("trust.txt", ACME.trust_file())
    desk.done("device", "init", "--pid", "TR-100", "--sn", "S", "--trust", trust, *home)
    code = ACME.authorize(desk.done("device", "request", *home).line, lines=(Line("ROUTE-1G", 2),))
    desk.done("device", "install", code, *home)
    blocks = re.findall(r"^```python\n(.*?)^```", text_of("embed.md"), flags=re.MULTILINE | re.DOTALL)
    assert len(blocks) == 2
    script = "\n".join(
        (
            "from functools import partial",
            "from reservation.device import Device",
            f"Device.open = partial(Device.open, hardware=lambda: {HARDWARE['router']!r})",
            *blocks,
            'assert licensed(Path("device"), "ROUTE-1G", 2)',
            'assert not licensed(Path("device"), "ROUTE-1G", 3)',
            'assert not licensed(Path("nowhere"), "ROUTE-1G")',
            'Path("device/state.json").write_text("{}")',
            'assert not licensed(Path("device"), "ROUTE-1G", 2)',
        )
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        check=True,
    )
    assert done.stdout.startswith(
        "routing at 1 Gbit/s\nFalse - The authorization on this device does not name ROUTE-10G.\n"
        "ROUTE-1G 2 in force None\nLicences cannot be read: "
    )
