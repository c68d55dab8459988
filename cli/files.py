"""Files that a person names on the command line: read within limits, written whole or not at all."""

import os
from collections.abc import Collection, Iterable
from io import TextIOWrapper
from pathlib import Path
from typing import TextIO

from cli.drafts import draft_beside, open_draft
from cli.errors import OutputError, UsageMistakeError


def read_bytes(name: str, most: int) -> bytes:
    """Return the content of a file, at most one byte more than ``most``.

    Raises:
        UsageMistakeError: When it cannot be read.
    """
    try:
        with Path(name).open("rb") as file:
            return file.read(most + 1)
    except (OSError, ValueError) as error:
        raise UsageMistakeError(
            f"The file {name} cannot be read: {reason(error)}.", hint="Check the name of the file."
        ) from error


def files_in(folder: str, endings: Collection[str]) -> list[str]:
    """Return the names of the files in a folder that end in one of these, in order.

    Folders are none, and neither is a named pipe: nobody may ever write into it.

    Raises:
        UsageMistakeError: When the folder cannot be read.
    """
    try:
        return sorted(
            str(each)
            for each in Path(folder).iterdir()
            if each.suffix.lower() in endings and (each.is_file() or not each.exists())
        )
    except OSError as error:
        raise UsageMistakeError(
            f"The folder {folder} cannot be read: {reason(error)}.", hint="Check its name."
        ) from error


def read_piped(stream: TextIO, most: int) -> bytes:
    """Return what is piped in, byte for byte, at most one byte more than ``most``."""
    if isinstance(stream, TextIOWrapper):
        content: bytes = stream.buffer.read(most + 1)
        return content
    return stream.read(most + 1).encode("utf-8", errors="surrogateescape")[: most + 1]


def read_text(name: str, most: int) -> str:
    """Return the content of a text file of which only ASCII counts (see `text_of`): codes, keys, tags.

    Strange bytes stand in what is around these, in a mail or a remark, and do no harm there; inside them they
    are refused by who reads them. A text that is kept word for word comes by `read_exact_text`.

    Raises:
        UsageMistakeError: When it cannot be read, or has more than ``most`` bytes.
    """
    return text_within(name, read_bytes(name, most), most)


def read_exact_text(name: str, most: int) -> str:
    """Return the content of a text file every character of which counts.

    Raises:
        UsageMistakeError: When it cannot be read, has more than ``most`` bytes, or is no text in Unicode.
    """
    content = read_bytes(name, most)
    _require_within(name, content, most)
    try:
        return content.decode(_encoding(content))
    except UnicodeDecodeError as error:
        from shlex import quote

        line = content.count(b"\n", 0, error.start) + 1
        raise UsageMistakeError(
            f"The file {name} is no text in UTF-8: line {line} holds bytes that are no characters. "
            "Nothing was done.",
            hint="Save it as UTF-8 in your editor, or convert it: "
            f"iconv -f WINDOWS-1252 -t UTF-8 {quote(name)} > NEW",
        ) from error


def text_within(name: str, content: bytes, most: int) -> str:
    """Return as text what was read of a file.

    Raises:
        UsageMistakeError: When it has more than ``most`` bytes.
    """
    _require_within(name, content, most)
    return text_of(content)


def _require_within(name: str, content: bytes, most: int) -> None:
    if len(content) > most:
        raise UsageMistakeError(
            f"The file {name} has more than {most:,} bytes, which nothing that belongs here has.",
            hint="Check the name of the file.",
        )


def text_of(content: bytes) -> str:
    """Return bytes as text: UTF-8, UTF-16 with its mark or without, UTF-32; other bytes become ``�``."""
    return content.decode(_encoding(content), errors="replace")


def _encoding(content: bytes) -> str:
    if content.startswith((b"\xff\xfe\0\0", b"\0\0\xfe\xff")):
        return "utf-32"
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    # Characters of a code have a byte of zero there.
    high, low = (content[start::2].count(0) for start in (0, 1))
    if 2 * high > len(content[::2]) and not low:
        return "utf-16-be"
    if 2 * low > len(content[1::2]) and not high:
        return "utf-16-le"
    return "utf-8-sig"


def require_place(name: str, option: str) -> None:
    """Refuse a file name under which nothing could be written, before anything else is done.

    Raises:
        UsageMistakeError: When its folder is not there or not writable, or when it is a folder.
    """
    try:
        problem = _problem_with_place(Path(name))
    except (OSError, ValueError) as error:
        problem = reason(error)
    if problem:
        raise UsageMistakeError(
            f"The file {name} cannot be written: {problem}. Nothing was done.",
            hint=f"Give another name after {option}.",
        )


def require_other(name: str, option: str, taken: str, what: str) -> None:
    """Refuse a plain file that is read, or written for something else, by the same command.

    Args:
        name: The file that would be written.
        option: Where it was named.
        taken: Another file of this command.
        what: What stands in that one, for people.

    Raises:
        UsageMistakeError: When they are one file.
    """
    one, other = Path(name).resolve(), Path(taken).resolve()
    if one == other and (not one.exists() or one.is_file()):
        raise UsageMistakeError(
            f"The file {name} would be written over {what}. Nothing was done.",
            hint=f"Give another name after {option}.",
        )


def _problem_with_place(path: Path) -> str | None:
    if path.is_dir():
        return "it is a folder"
    if not path.parent.is_dir():
        return f"there is no folder {path.parent}"
    if not os.access(path.parent, os.W_OK):
        return f"you may not write into the folder {path.parent}"
    return None


def write(name: str, content: bytes) -> None:
    """Write a file in one step: whoever looks finds the old content or the new, never a part.

    Raises:
        OutputError: When it cannot be written.
    """
    write_parts(name, (content,))


def write_parts(name: str, parts: Iterable[bytes]) -> None:
    """Write a file in one step, as `write` does, from parts that are made as they are written.

    Raises:
        OutputError: When it cannot be written.
    """
    path = Path(name)
    if path.exists() and not path.is_file():
        _write_through(path, parts)
        return
    draft = draft_beside(path)
    try:
        with open_draft(draft) as file:
            try:
                file.writelines(parts)
                file.flush()
                os.fsync(file.fileno())
                draft.replace(path)
            finally:
                draft.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritten(path, error) from error


def _write_through(path: Path, parts: Iterable[bytes]) -> None:
    """Write to what is no plain file: a pipe, /dev/stdout."""
    try:
        with path.open("wb") as file:
            file.writelines(parts)
    except OSError as error:
        raise _unwritten(path, error) from error


def _unwritten(path: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The file {path} could not be written: {reason(error)}. The command itself is done.",
        hint="Run the same command again with another file name: it shows the same result.",
    )


def reason(error: Exception) -> str:
    """Return why the system refused, in its words."""
    return (error.strerror if isinstance(error, OSError) else None) or str(error) or type(error).__name__
