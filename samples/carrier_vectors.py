"""Make the test vectors of bundles and frames: one file for each scenario, the same bytes on every run.

    python -m samples.carrier_vectors [FOLDER]

`docs/spec/carriers-v1.md` says how to read them. The codes inside are those of `samples.accepted_vectors`,
and authorizations of the same lines for eight more devices.
"""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from codec.alphabet import ALPHABET
from codec.bundle import encode_bundle, member_of
from codec.codes import Udi
from codec.envelope import short_hint, sign_request
from codec.frames import Frame, cut
from codec.keys import SigningKey
from codec.parity import text_of
from samples.accepted_vectors import (
    ASKED,
    AUTHORIZATION,
    AUTHORIZED,
    CONFIRMATION,
    REQUEST,
    RETURN,
    TRUST,
    authorize,
    confirm,
    give_back,
    trust,
)
from samples.cast import secret
from samples.vectors import VECTORS as ALL_VECTORS
from samples.vectors import write

VECTORS: Final = ALL_VECTORS / "carriers"
QR_5: Final = 122
"""Characters that a QR of version 5 holds at error level M."""


@dataclass(frozen=True, slots=True)
class CarrierVector:
    """One scenario.

    Attributes:
        name: File name without its ending.
        description: What it shows, in a sentence.
        texts: What the reader is given, one bundle or frame each, in this order.
        outcome: What must come of it.
    """

    name: str
    description: str
    texts: tuple[str, ...]
    outcome: dict[str, Any]

    def render(self) -> str:
        """Return the file's content."""
        record = {"name": self.name, "description": self.description, "texts": self.texts, **self.outcome}
        return json.dumps(record, indent=2, ensure_ascii=True) + "\n"


def _batch() -> tuple[str, ...]:
    """Sign authorizations of the same lines for eight devices, one a minute."""
    codes = []
    for number in range(8):
        device = SigningKey(secret(f"carriers: device {number}"))
        udi = Udi("RTB-4400-X", f"TSN2611B{number:03}")
        asked = sign_request(replace(REQUEST, udi=udi, device_key=device.verifying_key.raw), device)
        value = replace(
            AUTHORIZATION,
            request_hint=short_hint(asked.id),
            issued_at=AUTHORIZATION.issued_at + timedelta(minutes=number),
        )
        codes.append(authorize(value, asked).text)
    return tuple(codes)


ALIKE: Final = _batch()
EVERY_KIND: Final = (
    ASKED.text,
    AUTHORIZED.text,
    confirm(CONFIRMATION).text,
    give_back(RETURN).text,
    trust(TRUST).text,
)


def bundle_of(codes: Sequence[str]) -> bytes:
    """Return the bundle of some codes."""
    return encode_bundle(tuple(map(member_of, codes)))


def frames_of(codes: Sequence[str], *, room: int = QR_5, loss: int = 30) -> tuple[Frame, ...]:
    """Return the frames of some codes."""
    return cut(bundle_of(codes), room=room, loss=loss)


def _carries(
    name: str, description: str, texts: Sequence[str], codes: Sequence[str], **more: Any
) -> CarrierVector:
    outcome = {"result": "accepted", "codes": list(codes), **more}
    return CarrierVector(name, description, tuple(texts), outcome)


def _refused(name: str, description: str, texts: Sequence[str], error: str, **more: Any) -> CarrierVector:
    outcome = {"result": "refused", "error": error, **more}
    return CarrierVector(name, description, tuple(texts), outcome)


# --- bundles -------------------------------------------------------------------------------------------


def _bundles() -> Iterator[CarrierVector]:
    for name, description, codes in (
        ("one-code", "A bundle of a single code.", (AUTHORIZED.text,)),
        ("every-kind", "One code of every kind, in the order given.", EVERY_KIND),
        ("alike", "Authorizations of the same lines: each begins like the one before.", ALIKE[:4]),
        ("twice", "The same code twice: nothing but its length and what it shares.", (ALIKE[0], ALIKE[0])),
    ):
        yield _carries(f"bundle-{name}", description, [text_of(bundle_of(codes))], codes)
    sound = text_of(bundle_of(ALIKE[:2]))
    wrong = "".join(ALPHABET[31 - ALPHABET.index(each)] for each in sound[40:44])
    repaired = sound[:40] + wrong + sound[44:]
    yield _carries("bundle-repaired", "One group of four is wrong.", [repaired], ALIKE[:2], repaired=1)


def _size(value: int) -> bytes:
    return bytes((value,)) if value < 192 else (value - 192 + (192 << 8)).to_bytes(2)


def _forged(content: bytes, first: int = 0x59, *, changed: bool = False) -> str:
    """Return a bundle of any content, its digest and parity right, or the digest changed."""
    digest = bytearray(sha256(bytes((first,)) + content).digest()[:8])
    digest[7] ^= changed
    data = bytes((first,)) + bytes(digest) + content
    return text_of(data + bytes(len(data) % 5 == 4))


def _refused_bundles() -> Iterator[CarrierVector]:
    one, two = map(member_of, ALIKE[:2])
    head = _size(2 * (len(one) - 65))
    plain = _size(0) + head + one
    forms = {
        "digest": ("Its digest is that of other codes.", _forged(plain, changed=True)),
        "nothing-shared": (
            "Two codes begin alike, which is not used.",
            _forged(_size(1) + head + one + head + two),
        ),
        "nested": ("A bundle in a bundle.", _forged(_size(0) + head + b"\x59" + one[1:])),
        "frame-inside": ("A frame in a bundle.", _forged(_size(0) + head + b"\x79" + one[1:])),
        "left-over": ("A byte follows the last code.", _forged(plain + b"\x01")),
        "cut-off": ("The last code is cut off.", _forged(plain[:-1])),
        "one-too-few": ("Two codes are announced, and there is one.", _forged(_size(1) + head + one)),
        "length": ("A code of 69 bytes, which is 4 modulo 5.", _forged(_size(0) + _size(2 * 4) + one[:69])),
    }
    for name, (description, text) in forms.items():
        yield _refused(f"bundle-refused-{name}", description, [text], "malformed")
    yield _refused("bundle-refused-version-2", "The version is 2.", [_forged(plain, 0x5A)], "newer-version")


# --- frames --------------------------------------------------------------------------------------------


def _frames() -> Iterator[CarrierVector]:
    frames = frames_of(ALIKE)
    needed = frames[0].of.needed
    texts = [frame.text for frame in frames]
    yield _carries("frames-all", "All frames, in order.", texts, ALIKE)
    yield _carries("frames-first", "Those that hold the bundle itself.", texts[:needed], ALIKE)
    yield _carries("frames-last", "As many as are needed, the last ones.", texts[-needed:], ALIKE)
    mixed = [texts[(7 * place) % len(texts)] for place in range(len(texts) - 2)]
    yield _carries(
        "frames-mixed", "Out of order, two of them twice, two missing.", [*mixed, *mixed[:2]], ALIKE
    )
    large = [frame.text for frame in frames_of(EVERY_KIND, room=2046, loss=50)]
    yield _carries("frames-one-is-enough", "Every frame is the whole bundle.", large[-1:], EVERY_KIND)
    every = [frame.text for frame in frames_of(EVERY_KIND, room=400, loss=50)]
    yield _carries("frames-of-every-kind", "The second half of twice as many as needed.",
                   every[len(every) // 2 :], EVERY_KIND)  # fmt: skip
    fewer = texts[: needed - 2]
    missing = [frame.number for frame in frames[needed - 2 :]]
    yield _refused("frames-two-too-few", "Two more are needed.", fewer, "frames-missing", missing=missing)


def _wrong_frames() -> Iterator[CarrierVector]:
    frames = frames_of(ALIKE)
    needed = frames[0].of.needed
    texts = [frame.text for frame in frames]
    forged = replace(frames[1], piece=frames[2].piece).text
    given = [texts[0], forged, *texts[2:]]
    yield _carries("frames-wrong-one", "The piece of frame 2 is not its own, which frames to spare show.",
                   given, ALIKE, wrong=[2])  # fmt: skip
    yield _refused(
        "frames-wrong-one-too-many", "The same, and no frame to spare.", given[:needed], "frames-disagree"
    )
    head = bytearray(frames[0].data)
    head[6] |= 0x40
    yield _refused("frames-refused-spare-bits", "A bit above the numbers is set.",
                   [text_of(bytes(head))], "newer-version")  # fmt: skip
    yield _refused("frames-refused-version-2", "The version is 2.",
                   [text_of(b"\x7a" + frames[0].data[1:])], "newer-version")  # fmt: skip
    for name, needed, total, number in (
        ("none-needed", 0, 3, 1),
        ("fewer-than-needed", 3, 2, 1),
        ("number-zero", 2, 3, 0),
        ("number-too-large", 2, 3, 4),
    ):
        numbers = (needed << 20 | total << 10 | number).to_bytes(4)
        text = text_of(frames[0].data[:6] + numbers + frames[0].piece)
        description = f"Needed {needed}, of {total}, number {number}."
        yield _refused(f"frames-refused-{name}", description, [text], "malformed")


# --- files ---------------------------------------------------------------------------------------------


def made() -> dict[str, str]:
    """Return every vector: file name to content."""
    vectors = (*_bundles(), *_refused_bundles(), *_frames(), *_wrong_frames())
    return {f"{vector.name}.json": vector.render() for vector in vectors}


def main() -> None:
    """Write the vectors to the folder that is named, or to their own."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else VECTORS
    print(f"{len(write(folder, made()))} vectors in {folder}")


if __name__ == "__main__":
    main()
