"""Fingerprints of codes: eight words over an id, shown where a code is made and where it is taken.

Both ends see the same words for the same code, with all that it is bound to (its request, portal and issuer):
they can be compared by telephone, before anything depends on them.
"""

from codec.codes import Kind
from codec.envelope import KIND_NAMES
from codec.words import words_of


def fingerprint_line(kind: Kind, code_id: bytes) -> str:
    """Return the sentence that shows a fingerprint."""
    name = KIND_NAMES[kind].removesuffix(" code")
    return f"Fingerprint of the {name}: {' '.join(words_of(code_id))}"


def fingerprint_row(kind: Kind, code_id: bytes | None) -> tuple[str, str]:
    """Return label and value of a fingerprint among others; no value where there is no code."""
    return f"Fingerprint {kind.value}", " ".join(words_of(code_id)) if code_id else ""


def answer_lines(request_id: bytes, authorization_id: bytes) -> tuple[str, str]:
    """Return the sentences for an authorization and the request that it answers."""
    return (
        fingerprint_line(Kind.REQUEST, request_id),
        fingerprint_line(Kind.AUTHORIZATION, authorization_id),
    )


def fingerprints_record(**ids: bytes | None) -> dict[str, object]:
    """Return fingerprints for scripts, by kinds of code; None where there is no code."""
    return {name: list(words_of(code_id)) if code_id else None for name, code_id in ids.items()}
