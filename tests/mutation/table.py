"""The quick tests that should notice a fault in each module."""

_PORTAL = tuple(
    f"reservation/portal/test_{name}.py"
    for name in (
        *(
            "answers",
            "borders",
            "decisions",
            "failures",
            "ledger",
            "lots",
            "scenarios",
            "shorts",
            "terms",
            "transfers",
        ),
    )
)
_CODEC = tuple(
    f"codec/test_{name}.py"
    for name in (
        *(
            "alphabet",
            "bounds",
            "catalogue",
            "changes",
            "digits",
            "edge_cases",
            "envelope",
            "erasure",
            "fields",
        ),
        *(
            "grouping",
            "keys",
            "lines",
            "parity",
            "reading",
            "recovery",
            "rules",
            "short",
            "sums",
            "vectors",
            "wire",
        ),
    )
)
_BOOKS = ("ledger", "rules", "standing", "answers", "limits", "lots", "decisions")
_PURE = (
    *(
        "wire",
        "envelope",
        "lines",
        "parity",
        "keys",
        "codes",
        "fields",
        "alphabet",
        "layout",
        "digits",
        "galois",
    ),
    *("short", "proof", "sums", "recovery", "reading", "erasure", "five", "missing", "shifts", "swaps"),
    *("repairs", "catalogue", "grouping", "arrangement", "changes", "damage", "sightings", "hashes"),
)

TESTS: dict[str, tuple[str, ...]] = {
    **{f"reservation.{name}": _PORTAL for name in _BOOKS},
    **{f"codec.{name}": _CODEC for name in _PURE},
    "codec.cose": ("codec/test_cose.py",),
    "codec.bundle": ("codec/test_bundle.py",),
    "codec.frames": ("codec/test_frames.py", "codec/test_carriers.py"),
}
