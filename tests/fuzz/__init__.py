"""Hostile bytes for every parser: searched by `make fuzz`, replayed by the default run."""
