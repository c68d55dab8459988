"""The quick tests that should notice a fault in each module."""

_PORTAL = tuple(
    f"reservation/portal/test_{name}.py"
    for name in (
        *("answers", "borders", "codes", "decisions", "failures", "ledger", "lots", "refusals", "scenarios"),
        *("shorts", "terms", "transfers"),
    )
)
_FORMAT = tuple(
    f"codec/test_{name}.py"
    for name in (
        "alphabet",
        "catalogue",
        "codes",
        "digits",
        "fields",
        "grouping",
        "keys",
        "lines",
        "vectors",
        "wire",
    )
)
_SIGNED = (*_FORMAT, "codec/test_envelope.py", "codec/test_carriers.py")
_FIELD = ("codec/test_galois.py", "codec/test_parity.py", "codec/test_erasure.py", "codec/test_vectors.py")
_REPAIRS = tuple(
    f"codec/test_{name}.py"
    for name in (
        *("arrangement", "five", "missing", "shifts", "sums", "swaps"),
        *("changes", "reading", "recovery", "recovery_steps", "vectors"),
    )
)
_BOOKS = ("ledger", "rules", "standing", "answers", "limits", "lots", "decisions")

TESTS: dict[str, tuple[str, ...]] = {
    **{f"reservation.{name}": _PORTAL for name in _BOOKS},
    **dict.fromkeys(("codec.wire", "codec.lines"), _FORMAT),
    "codec.envelope": _SIGNED,
    **dict.fromkeys(("codec.parity", "codec.galois", "codec.erasure"), _FIELD),
    **{
        f"codec.{name}": _FORMAT
        for name in (
            "keys",
            "codes",
            "fields",
            "alphabet",
            "digits",
            "catalogue",
            "grouping",
        )
    },
    "codec.hashes": ("codec/test_hashes.py",),
    "codec.short": ("codec/test_short.py",),
    **{
        f"codec.{name}": _REPAIRS
        for name in (
            *("sums", "recovery", "reading", "five", "missing", "shifts", "swaps", "repairs"),
            "arrangement",
        )
    },
    "codec.proof": ("codec/test_explain.py", "codec/test_vectors.py"),
    **dict.fromkeys(("codec.damage", "codec.layout"), ("codec/test_damage.py", "codec/test_layout.py")),
    "codec.changes": ("codec/test_changes.py",),
    "codec.sightings": ("codec/test_sightings.py",),
    "codec.cose": ("codec/test_cose.py",),
    "codec.bundle": ("codec/test_bundle.py", "codec/test_frames.py"),
    "codec.frames": ("codec/test_frames.py", "codec/test_carriers.py"),
}
