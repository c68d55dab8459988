"""The rules for every command: stdout and stderr, JSON, quiet and verbose, settings, codes in and out."""

import re
from pathlib import Path

import pytest

from cli.main import run
from cli.world import World
from codec import qr as drawing
from tests.cli.desk import Desk, Outcome, Stream
from tests.cli.vendor import ACME, mistyped

GROUPS = re.compile(r"^ *\d+: [0-9A-Z]{4}( [0-9A-Z]{1,4})*$", re.MULTILINE)


@pytest.fixture
def code(device: Desk) -> str:
    """A request code."""
    return device.done("device", "request").line


@pytest.fixture
def authorization(code: str) -> str:
    """Its authorization."""
    return ACME.authorize(code)


# --- stdout is the result, stderr is talk ------------------------------------------------------


def test_a_code_is_one_unbroken_line_in_a_pipe(device: Desk) -> None:
    done = device.done("device", "request")
    assert re.fullmatch(r"[0-9A-HJKMNP-TV-Z]+\n", done.out)
    assert done.err.startswith("Next: Carry this code to the portal")


def test_a_code_is_numbered_groups_on_a_terminal(device: Desk, code: str) -> None:
    shown = device.run("device", "request", terminal=True)
    lines = shown.out.splitlines()
    assert all(GROUPS.fullmatch(line) for line in lines)
    assert re.sub(r"^ *\d+:|\s", "", shown.out, flags=re.MULTILINE) == code


def test_quiet_leaves_the_result_alone(device: Desk, code: str) -> None:
    for where in (("-q", "device", "request"), ("device", "request", "-q"), ("device", "request", "--quiet")):
        assert device.run(*where) == Outcome(0, f"{code}\n", "")


def test_verbose_tells_steps(device: Desk) -> None:
    assert "Device folder: " in device.run("device", "status", "-v").err


def test_quiet_never_hides_an_error_or_a_repair(device: Desk, authorization: str) -> None:
    refused = device.run("device", "install", mistyped(authorization, 20), "-q")
    assert refused.code == 3
    assert "group 6: you typed" in refused.err
    assert "Error: " in refused.err


def test_json_is_one_object(device: Desk, code: str) -> None:
    done = device.run("device", "request", "--json")
    assert done.err == ""
    assert done.json["code"] == code
    assert done.json["kind"] == "request"
    assert device.run("--json", "device", "request").json == done.json


def test_json_errors_keep_the_exit_code(device: Desk) -> None:
    refused = device.run("device", "confirmation", "--json")
    assert refused.code == 1
    assert refused.json.keys() == {"error"}
    assert refused.json["error"]["code"] == "wrong-state"
    assert refused.json["error"]["hint"]


@pytest.mark.parametrize(
    "argv",
    [
        ("device", "request", "--wrong"),
        ("device", "wrong"),
        ("wrong",),
        ("device",),
        ("device", "check"),
        ("device", "check", "TAG", "--count", "none"),
        ("device", "init", "--pid", "P"),
        ("device", "request", "--want", "TAG=many"),
        ("device", "request", "--want", "TAG", "--universal"),
        ("device", "install"),
        ("code", "explain", "QABC", "--file", "x"),
    ],
)
def test_wrong_usage_exits_2(device: Desk, argv: tuple[str, ...]) -> None:
    before = device.snapshot()
    refused = device.run(*argv)
    assert refused.code == 2
    assert refused.out == ""
    as_json = device.run(*argv, "--json")
    assert as_json.code == 2
    assert as_json.json["error"]["code"] == "usage"
    assert as_json.json["error"]["hint"]
    assert device.snapshot() == before


def test_a_misspelled_command_is_answered_with_those_like_it(desk: Desk) -> None:
    assert "Did you mean: install" in desk.run("device", "instal").err


@pytest.mark.parametrize("argv", [(), ("device",), ("code",)])
def test_without_a_command_the_help_is_shown(desk: Desk, argv: tuple[str, ...]) -> None:
    shown = desk.run(*argv)
    assert shown.code == 2
    assert "Commands:" in shown.err


def test_help_and_version(desk: Desk) -> None:
    for option in ("-h", "--help"):
        shown = desk.run("device", "install", option)
        assert shown.code == 0
        assert "Usage: tallystick device install" in shown.out
        assert "Example:" in shown.out
    assert re.fullmatch(r"tallystick \d+\.\d+.*\n", desk.run("--version").out)


def test_an_unexpected_fault_is_a_sentence(device: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("by \x1b[31mzero")

    monkeypatch.setattr("reservation.device.Device.status", broken)
    failed = device.run("device", "status")
    assert failed.code == 1
    assert "Traceback" not in failed.err
    assert "ZeroDivisionError" in failed.err
    assert "\x1b" not in failed.err
    assert "Traceback" in device.run("device", "status", "-v").err
    assert device.run("device", "status", "--json").json["error"]["code"] == "unexpected"


def test_a_system_error_is_a_sentence(device: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("reservation.device.Device.status", forbidden)
    assert device.run("device", "status").code == 5


def test_ctrl_c_says_so(device: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("reservation.device.Device.status", stopped)
    assert device.run("device", "status").code == 130


def test_a_reader_that_stops_reading_is_no_fault(device: Desk) -> None:
    class Broken(Stream):
        def write(self, text: str, /) -> int:
            raise BrokenPipeError(32, "Broken pipe")

    world = World(
        clock=lambda: device.now,
        random=bytes,
        hardware=lambda: device.hardware["router"],
        user=lambda: "kim",
        environ=device.environment("router"),
        stdin=Stream(),
        stdout=Broken(),
        stderr=Stream(),
        passphrase=lambda _: "",
    )
    assert run(["device", "request"], world) == 0
    assert run(["device", "check", "NOTHING"], world) == 1
    assert device.done("device", "codes").line.startswith("Q")


# --- codes in ----------------------------------------------------------------------------------


def _as_words(text: str) -> list[str]:
    return [text[at : at + 4] for at in range(0, len(text), 4)]


def test_a_code_can_be_given_in_many_ways(device: Desk, authorization: str) -> None:
    grouped = device.done("code", "repair", authorization, "--typed").out
    file = device.write("a.txt", f"> {authorization.lower()[:60]}\r\n> {authorization.lower()[60:]}\r\n")
    utf16 = device.path("utf16.txt")
    utf16.write_text(authorization, encoding="utf-16")
    ways: list[tuple[tuple[str, ...], str]] = [
        ((authorization,), ""),
        (tuple(_as_words(authorization)), ""),
        ((grouped,), ""),
        (tuple(grouped.split()), ""),
        (("-",), grouped),
        (("--file", "-"), grouped),
        (("--file", file), ""),
        (("--file", str(utf16)), ""),
    ]
    for words, stdin in ways:
        shown = device.run("code", "explain", *words, "--json", stdin=stdin)
        assert shown.code == 0, words
        assert shown.json["kind"] == "authorization"
        assert shown.json["repairs"] == []


def test_a_person_can_paste(device: Desk, authorization: str) -> None:
    whole = device.run("device", "install", terminal=True, stdin=f"{authorization}\nnot read\n")
    assert whole.code == 0
    wrapped = f"{authorization[:50]}\n{authorization[50:]}\n"
    assert device.run("device", "install", terminal=True, stdin=wrapped).code == 0
    assert device.run("device", "install", terminal=True, stdin="\n\n").code == 3


def test_a_code_in_a_qr_image(device: Desk, authorization: str) -> None:
    image = device.path("photo.png")
    image.write_bytes(drawing.png(authorization))
    assert device.run("device", "install", "--image", str(image)).code == 0
    nothing = device.write("nothing.png", "no image")
    assert device.run("device", "install", "--image", nothing).code == 3
    assert device.run("device", "install", "--image", str(device.path("missing.png"))).code == 2


def test_a_file_name_in_place_of_a_code_is_recognised(device: Desk, authorization: str) -> None:
    file = device.write("a.txt", authorization)
    refused = device.run("device", "install", file)
    assert refused.code == 2
    assert f"--file {file}" in refused.err


@pytest.mark.parametrize("name", ["autorization.txt", "/media/usb/code", "../a.text", "a.txt\x1b[31m.txt"])
def test_a_mistyped_name_of_a_file_is_no_damaged_code(device: Desk, code: str, name: str) -> None:
    before = device.snapshot()
    for argv in (("device", "install", name), ("code", "explain", code, "--request", name)):
        refused = device.run(*argv)
        assert refused.code == 2
        assert "There is no file" in refused.err
        assert "\x1b" not in refused.err
    assert device.run("device", "install", "A4VX.APDD.2BVP").code == 3
    assert device.snapshot() == before


@pytest.mark.parametrize("name", ["missing.txt", "\0", "."])
def test_a_file_that_cannot_be_read_is_usage(device: Desk, name: str) -> None:
    assert device.run("device", "install", "--file", name).code == 2


def test_more_input_than_any_code_has(device: Desk) -> None:
    assert device.run("device", "install", "-", stdin="A" * 200_000).code == 3
    assert device.run("device", "install", "--file", device.write("big", "A" * 400_000)).code == 2


# --- repairs -----------------------------------------------------------------------------------


def test_a_script_is_refused_with_the_groups_named(device: Desk, authorization: str) -> None:
    before = device.snapshot()
    typed = mistyped(authorization, 20, 41)
    refused = device.run("device", "install", typed)
    assert refused.code == 3
    assert refused.out == ""
    expected = f"group 6: you typed {typed[20:24]}, the code has {authorization[20:24]}"
    assert expected in refused.err
    assert "group 11: " in refused.err
    as_json = device.run("device", "install", typed, "--json")
    assert as_json.code == 3
    assert as_json.json["error"]["code"] == "repair-not-accepted"
    assert [each["group"] for each in as_json.json["error"]["repairs"]] == [6, 11]
    assert device.snapshot() == before


def test_a_script_can_accept(device: Desk, authorization: str) -> None:
    done = device.run("device", "install", mistyped(authorization, 20), "--accept-repair")
    assert done.code == 0
    assert "group 6: " in done.err


@pytest.mark.parametrize(("answer", "exit_code"), [("y\n", 0), ("yes\n", 0), ("n\n", 3), ("\n", 3), ("", 3)])
def test_a_person_is_asked(device: Desk, authorization: str, answer: str, exit_code: int) -> None:
    asked = device.run("device", "install", mistyped(authorization, 20), terminal=True, stdin=answer)
    assert "Use the repaired code? [y/N]" in asked.err
    assert asked.code == exit_code


def test_no_repair_asks_nobody(device: Desk, authorization: str) -> None:
    refused = device.run("device", "install", mistyped(authorization, 20), "--no-repair", terminal=True)
    assert refused.code == 3
    assert "[y/N]" not in refused.err


# --- codes out ---------------------------------------------------------------------------------


def test_a_code_can_be_shown_in_many_ways(device: Desk, code: str) -> None:
    typed = device.done("device", "request", "--typed").out
    assert GROUPS.match(typed)
    qr = device.done("device", "request", "--qr").out
    assert qr == f"{code}\n{drawing.terminal(code)}\n"
    plain = device.done("device", "request", "--ascii-qr").out
    assert plain == f"{code}\n{drawing.ascii_art(code)}\n"
    spelled = device.done("device", "request", "--spell").out
    assert "line 1, group 1: quebec" in spelled


def test_a_code_can_be_written_to_files(device: Desk, code: str) -> None:
    out, png, svg = (device.path(name) for name in ("q.txt", "q.png", "q.svg"))
    done = device.done("device", "request", "--out", str(out), "--png", str(png), "--svg", str(svg))
    assert done.line == code
    assert out.read_text() == f"{code}\n"
    assert png.read_bytes() == drawing.png(code)
    assert svg.read_text() == drawing.svg(code)
    for name in (out, png, svg):
        assert f"Written: {name}" in done.err
    assert device.run("device", "request", "--json", "--out", str(out)).json["files"] == [str(out)]
    longest = device.path("q" * 255)
    device.done("device", "request", "--out", str(longest))
    assert longest.read_text() == f"{code}\n"
    left = {path.name for path in device.folder.iterdir()}
    assert left == {"q.txt", "q.png", "q.svg", longest.name, "router", "trust.txt"}


@pytest.mark.parametrize("option", ["--out", "--png", "--svg"])
def test_a_place_that_cannot_be_written_is_found_out_before_anything_is_done(
    device: Desk, option: str
) -> None:
    before = device.snapshot()
    for place in (str(device.path("nowhere/q")), str(device.folder), str(device.path("q" * 300))):
        refused = device.run("device", "request", option, place)
        assert refused.code == 2
        assert "Nothing was done" in refused.err
    assert device.snapshot() == before


def test_a_file_that_fails_late_leaves_the_old_content(device: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    out = device.path("q.txt")
    out.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    device.done("device", "request")
    monkeypatch.setattr(Path, "replace", full)
    failed = device.run("device", "request", "--out", str(out))
    assert failed.code == 6
    assert failed.line.startswith("Q")
    assert "No space left" in failed.err
    assert out.read_text() == "old"
    assert not list(device.folder.glob(".*"))


def test_copy_needs_a_terminal(device: Desk, code: str) -> None:
    assert device.run("device", "request", "--copy").code == 2
    copied = device.run("device", "request", "--copy", terminal=True)
    assert copied.code == 0
    assert "\x1b]52;c;" in copied.err


@pytest.mark.parametrize("digits", [19, 5000])
def test_a_count_that_nobody_can_mean_is_usage(device: Desk, digits: int) -> None:
    refused = device.run("device", "request", "--want", f"ROUTING={'9' * digits}")
    assert refused.code == 2
    assert "16,777,215" in refused.err


# --- settings ----------------------------------------------------------------------------------


def test_options_come_before_the_environment_and_that_before_the_file(device: Desk) -> None:
    other = str(device.path("other"))
    config = device.write("config.toml", f'home = "{device.path("from-file")}"\n')
    device.environ["TALLYSTICK_CONFIG"] = config
    assert str(device.path("router")) in device.run("device", "status", "-v").err
    assert other in device.run("device", "status", "-v", "--home", other).err
    device.environ["TALLYSTICK_HOME"] = ""
    assert str(device.path("from-file")) in device.run("device", "status", "-v").err
    Path(config).unlink()
    assert device.run("device", "status").code == 2
    del device.environ["TALLYSTICK_CONFIG"]
    assert str(device.path(".local/state/tallystick")) in device.run("device", "status", "-v").err
    folder = device.path("xdg/tallystick")
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(f'home = "{device.path("from-xdg")}"\n')
    device.environ["XDG_CONFIG_HOME"] = str(device.path("xdg"))
    assert str(device.path("from-xdg")) in device.run("device", "status", "-v").err


@pytest.mark.parametrize(
    "content",
    [
        "hom = 'x'",
        "home = 3",
        "home =",
        "\x00",
        "home = 'x' # \x1b[31m\nq = 1",
        'home = "a\\u0000b"',
        "home = " + "[" * 5000,
        "#" * 66_000 + "\nhome = 'not seen'",
    ],
    ids=lambda content: content[:20],
)
def test_a_bad_file_of_settings_is_refused(device: Desk, content: str) -> None:
    device.environ["TALLYSTICK_CONFIG"] = device.write("config.toml", content)
    device.environ["TALLYSTICK_HOME"] = ""
    refused = device.run("device", "status")
    assert refused.code == 2
    assert "config.toml" in refused.err
    assert "\x1b" not in refused.err


# --- colours -----------------------------------------------------------------------------------


def test_colours_only_where_they_are_wanted(device: Desk) -> None:
    argv = ("device", "confirmation")
    assert "\x1b[1mError:\x1b[0m" in device.run(*argv, terminal=True).err
    assert "\x1b" not in device.run(*argv).err
    device.environ["NO_COLOR"] = "1"
    assert "\x1b" not in device.run(*argv, terminal=True).err
    device.environ |= {"NO_COLOR": "", "TERM": "dumb"}
    assert "\x1b" not in device.run(*argv, terminal=True).err
