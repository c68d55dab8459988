"""The published vectors of bundles and frames: our reader and one from the page alone agree on each."""

import json
from pathlib import Path
from typing import Any

import pytest

from codec.alphabet import clean
from codec.bundle import decode_bundle, encode_bundle, member_of
from codec.carriers import carried_by
from codec.errors import CodecError, FramesDisagreeError, MalformedCodeError
from codec.frames import decode_frame
from codec.parity import correct, text_of
from codec.reading import inspect
from samples import carrier_specification, carrier_vectors, vectors
from tests.codec import second_carriers, second_reader
from tests.codec.second_decoder import Refusal

FILES = {
    path.name: path.read_text(encoding="ascii") for path in sorted(carrier_vectors.VECTORS.glob("*.json"))
}
RECORDS: dict[str, dict[str, Any]] = {
    name.removesuffix(".json"): json.loads(text) for name, text in FILES.items()
}
ACCEPTED = {name: record for name, record in RECORDS.items() if record["result"] == "accepted"}
REFUSED = {name: record for name, record in RECORDS.items() if record["result"] == "refused"}


def test_the_script_makes_these_files_and_no_others(tmp_path: Path) -> None:
    assert carrier_vectors.made() == FILES
    (tmp_path / "stale.json").write_text("{}", encoding="ascii")
    vectors.write(tmp_path, carrier_vectors.made())
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)


@pytest.mark.parametrize("name", ACCEPTED)
def test_what_must_be_accepted(name: str) -> None:
    record = ACCEPTED[name]
    carried = carried_by(record["texts"])
    rebuilt = [each.rebuild() for each in carried.sets]
    codes = [*carried.codes, *(text_of(member) for each in rebuilt for member in each.members)]
    assert codes == record["codes"]
    assert [number for each in rebuilt for number in each.wrong] == record.get("wrong", [])
    assert carried.repaired == record.get("repaired", 0)
    for code in codes:
        assert not inspect(code).repairs


@pytest.mark.parametrize("name", REFUSED)
def test_what_must_be_refused(name: str) -> None:
    record = REFUSED[name]
    with pytest.raises(CodecError) as caught:
        read(record["texts"])
    assert caught.value.code == record["error"]
    assert caught.value.message
    if "missing" in record:
        (gathered,) = carried_by(record["texts"]).sets
        assert list(gathered.missing) == record["missing"]


def read(texts: list[str]) -> None:
    """Read what a vector gives, so that every refusal shows."""
    if texts[0][0] == "B":
        decode_bundle(member_of(texts[0]))
        return
    for text in texts:
        decode_frame(member_of(text))
    (gathered,) = carried_by(texts).sets
    gathered.rebuild()


@pytest.mark.parametrize("name", [name for name, record in ACCEPTED.items() if "wrong" not in record])
def test_the_second_reader_accepts_the_same(name: str) -> None:
    texts = [correct(clean(text)).code for text in ACCEPTED[name]["texts"]]
    if texts[0][0] == "B":
        data = second_reader.to_bytes(texts[0][:-16])
        members = second_carriers.bundle_alone(data)
    else:
        frames = {frame.number: frame for frame in map(second_carriers.frame, texts)}
        members = second_carriers.rebuilt(list(frames.values())[: next(iter(frames.values())).needed])
    assert [text_of(member) for member in members] == ACCEPTED[name]["codes"]


@pytest.mark.parametrize("name", [name for name in REFUSED if "refused" in name])
def test_the_second_reader_refuses_the_same(name: str) -> None:
    (text,) = REFUSED[name]["texts"]
    with pytest.raises(Refusal) as caught:
        second_carriers.carrier(text)
    assert caught.value.error == REFUSED[name]["error"]


@pytest.mark.parametrize("name", ACCEPTED)
def test_codes_make_the_bundle_of_the_vector(name: str) -> None:
    record = ACCEPTED[name]
    data = encode_bundle(tuple(map(member_of, record["codes"])))
    if record["texts"][0][0] == "B":
        assert text_of(data) == correct(record["texts"][0]).code
    else:
        assert decode_frame(member_of(record["texts"][0])).of.tag == data[1:6]


def test_the_page_is_what_the_code_makes() -> None:
    page = carrier_specification.CARRIERS_PAGE.read_text(encoding="utf-8")
    assert carrier_specification.filled(page) == page, "run `python -m samples.carrier_specification`"
    for name in carrier_specification.PARTS:
        assert page.count(f"<!-- made: {name} -->") == 1
    for error in {record["error"] for record in REFUSED.values()}:
        assert f"| *{error}* |" in page


def test_every_class_of_failure_of_carriers_is_named() -> None:
    named = {record["error"] for record in REFUSED.values()}
    assert named == {"malformed", "newer-version", "frames-missing", FramesDisagreeError.code}
    assert MalformedCodeError.code in named
