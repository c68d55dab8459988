"""The trust file: round trip, what people and mail do to it, and parts that do not fit each other."""

from dataclasses import replace

import pytest
from hypothesis import given

from codec.alphabet import to_characters
from codec.codes import Kind, Trust
from codec.envelope import VerifiedCode, sign_trust
from codec.keys import SigningKey
from codec.words import words_of
from reservation.errors import TrustFileError
from reservation.trustfile import parse, render, root_words
from tests.codec import strategies
from tests.codec.strategies import EXAMPLES, ROOT, SIGNED_EXAMPLES

TRUST = EXAMPLES[Kind.TRUST]
assert isinstance(TRUST, Trust)
CODE = SIGNED_EXAMPLES[Kind.TRUST].code
ROOT_KEY = ROOT.verifying_key
FILE = render(ROOT_KEY, CODE.text)


@given(strategies.trusts())
def test_a_trust_file_comes_back(trust: Trust) -> None:
    code: VerifiedCode[Trust] = sign_trust(trust, ROOT)
    found = parse(render(ROOT_KEY, code.text))
    assert found.root == ROOT_KEY
    assert found.trust.code == code
    assert found.trust.repairs == ()


def test_the_file_says_what_to_do_with_it() -> None:
    assert FILE.isascii()
    assert "compare the eight words" in FILE
    assert f"words  {' '.join(words_of(ROOT_KEY.digest))}\n" in FILE
    assert len(root_words(ROOT_KEY).split()) == 8


@pytest.mark.parametrize(
    "text",
    [
        FILE.replace("\n", "\r\n"),
        "\ufeff" + FILE,
        "".join(line for line in FILE.splitlines(keepends=True) if not line.startswith("#")),
        "\n\n".join(reversed(FILE.splitlines())),
        FILE.replace(root_words(ROOT_KEY), root_words(ROOT_KEY).upper().replace(" ", "   ")),
        FILE.replace(to_characters(ROOT_KEY.raw), to_characters(ROOT_KEY.raw).lower()),
        FILE.replace(CODE.text, " ".join(CODE.text[at : at + 4] for at in range(0, len(CODE.text), 4))),
        "\n".join(f"   {line}  " for line in FILE.splitlines()),
    ],
    ids=[
        "CRLF",
        "byte order mark",
        "no comments",
        "other order",
        "words",
        "lower case",
        "groups",
        "indented",
    ],
)
def test_harmless_changes_do_no_harm(text: str) -> None:
    found = parse(text)
    assert (found.root, found.trust.code, found.trust.repairs) == (ROOT_KEY, CODE, ())


def test_repairs_of_the_trust_code_are_named() -> None:
    typed = CODE.text[:40] + ("0" if CODE.text[40] != "0" else "1") + CODE.text[41:]
    found = parse(FILE.replace(CODE.text, typed))
    assert found.trust.code == CODE
    assert [repair.group for repair in found.trust.repairs] == [11]


OTHER = SigningKey(b"another root key, of 32 bytes ok")
IDENTITY = to_characters((1).to_bytes(32, "little"))
ROOT_TEXT = to_characters(ROOT_KEY.raw)

REFUSED = {
    "empty": ("", "no line 'root'"),
    "another file": ("tag,quantity,virtual_account\nA,1,DEFAULT\n", "a line that no trust file has"),
    "a code alone": (CODE.text, "a line that no trust file has"),
    "no words": (FILE.replace("words", "#words"), "no line 'words'"),
    "no trust code": (FILE[: FILE.rindex("trust ")], "no line 'trust'"),
    "an empty value": (FILE.replace(ROOT_TEXT, ""), "cannot be used"),
    "two roots": (FILE + f"root {ROOT_TEXT}\n", "a line that no trust file has"),
    "another root": (FILE.replace(ROOT_TEXT, to_characters(OTHER.verifying_key.raw)), "signature"),
    "another root and its words": (
        render(OTHER.verifying_key, CODE.text),
        "signature of this code does not hold",
    ),
    "other words": (FILE.replace(root_words(ROOT_KEY), root_words(OTHER.verifying_key)), "words"),
    "seven words": (FILE.replace(root_words(ROOT_KEY), root_words(ROOT_KEY).rsplit(" ", 1)[0]), "words"),
    "a hostile root": (FILE.replace(ROOT_TEXT, IDENTITY), "not a sound"),
    "a root cut short": (FILE.replace(ROOT_TEXT, ROOT_TEXT[:-4]), "cannot be used"),
    "a mistyped root": (FILE.replace(ROOT_TEXT, ROOT_TEXT[:10] + "U" + ROOT_TEXT[11:]), "'U' in group 3"),
    "a code of another kind": (
        FILE.replace(CODE.text, SIGNED_EXAMPLES[Kind.REQUEST].code.text),
        "a trust code is needed",
    ),
    "a damaged code": (FILE.replace(CODE.text, CODE.text[:40] + "0" * 40 + CODE.text[80:]), "damaged"),
    "a hostile issuer": (
        render(
            ROOT_KEY,
            sign_trust(
                replace(TRUST, issuers=(replace(TRUST.issuers[0], key=(1).to_bytes(32, "little")),)), ROOT
            ).text,
        ),
        "not a sound",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused(name: str) -> None:
    text, message = REFUSED[name]
    with pytest.raises(TrustFileError) as caught:
        parse(text)
    assert message in caught.value.message
    assert "portal" in caught.value.hint


def test_every_changed_character_of_the_root_is_refused() -> None:
    for place in range(len(ROOT_TEXT)):
        wrong = "0" if ROOT_TEXT[place] != "0" else "1"
        with pytest.raises(TrustFileError):
            parse(FILE.replace(ROOT_TEXT, ROOT_TEXT[:place] + wrong + ROOT_TEXT[place + 1 :]))
