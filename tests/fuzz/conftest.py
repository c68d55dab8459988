"""atheris exists for some platforms only; where it does not, its own test is left out, but never in CI."""

import os
from importlib.util import find_spec

collect_ignore = []
if find_spec("atheris") is None and "CI" not in os.environ:
    collect_ignore.append("test_search.py")
