"""Fixtures of the device tests."""

from pathlib import Path

import pytest

from tests.reservation.device.far_side import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A machine without a device yet."""
    return Bench(tmp_path / "device")
