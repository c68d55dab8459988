"""Faults: kills and failing system calls at every place where the program could lose something."""
