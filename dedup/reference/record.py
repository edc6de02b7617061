"""One JSON record in plain Python: bytes in, values, text and fields out.

The grammar is that of RFC 8259 with the NaN, Infinity and -Infinity of Python's
json. Objects become dicts, so that the last of duplicate keys wins; scalars
other than strings stay as written. Nesting costs no recursion.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

MAX_DEPTH = 10_000
"""Objects and arrays within one another, the record itself included."""

MAX_NAMES = 10
MAX_NAME_LENGTH = 40

SPACE = b" \t\n\r"

_SPACES = re.compile(rb"[ \t\n\r]*")
_SCALAR = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?|null|true|false|NaN|-?Infinity")
_PLAIN = re.compile(rb'[^"\\\x00-\x1f]*')
_ESCAPE = re.compile(rb'\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))')
_SHORT = dict(zip(b'"\\/bfnrt', '"\\/\b\f\n\r\t', strict=True))
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_KINDS = {"n": "null", "t": "a boolean", "f": "a boolean"}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A number, true, false or null, as written."""

    written: str


Value: TypeAlias = "str | Scalar | list[Value] | dict[str, Value]"


class UnusableError(Exception):
    """A record cannot be used: the reason code of `Skipped`, and the detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


def lift(record: bytes, text_fields: Sequence[str]) -> str:
    """The text of one record. Raises UnusableError."""
    return text_of(parse(record)[0], text_fields)


def parse(record: bytes) -> tuple[dict[str, Value], bool]:
    """The values of a record, and whether it held invalid UTF-8 or lone surrogates. Raises UnusableError."""
    parser = _Parser(record)
    values = parser.record()
    return values, parser.lone or record.decode("utf-8", "ignore").encode() != record


def text_of(record: dict[str, Value], text_fields: Sequence[str]) -> str:
    """The text fields, joined by a line feed.

    A single field has to be there and be a string. Of several, those that are missing or null count as empty as long
    as one is a string. Raises UnusableError.
    """
    values = [look_up(record, name) for name in text_fields]
    described = [(name, _kind(value)) for name, value in zip(text_fields, values, strict=True)]
    usable = any(isinstance(value, str) for value in values)
    for name, kind in described:
        if kind not in ("a string", "missing", "null"):
            raise UnusableError("text_not_string", f"the field {_quote(name)} is {kind}, not a string")
    if not usable:
        for name, kind in described:
            if kind == "null":
                raise UnusableError("no_text", f"the field {_quote(name)} is null")
        there = [*map(_quote, list(record)[:MAX_NAMES]), *(["..."] if len(record) > MAX_NAMES else [])]
        wanted = ", ".join(map(_quote, text_fields))
        raise UnusableError("no_text", f"no field {wanted}; the record has {', '.join(there) or 'no fields'}")
    return "\n".join(value if isinstance(value, str) else "" for value in values)


def look_up(record: dict[str, Value], name: str) -> Value | None:
    """The value of the literal key `name`, whatever it is; else what the dotted path `name` leads to; else None."""
    if name in record:
        return record[name]
    value: Value = record
    for key in name.split("."):
        if not isinstance(value, dict) or key not in value:
            return None
        value = value[key]
    return value


def as_text(value: Value | None) -> str | None:
    """A field as a column holds it: None where it is missing, null, an object or an array."""
    if isinstance(value, str):
        return value
    return value.written if isinstance(value, Scalar) and value.written != "null" else None


def _kind(value: Value | None) -> str:
    match value:
        case None:
            return "missing"
        case str():
            return "a string"
        case list():
            return "an array"
        case dict():
            return "an object"
        case Scalar(written):
            return _KINDS.get(written[0], "a number")


def _quote(name: str) -> str:
    short = name if len(name) <= MAX_NAME_LENGTH else name[:MAX_NAME_LENGTH] + "..."
    return json.dumps(short, ensure_ascii=False)


class _Parser:
    """Reads the bytes of one record from front to back."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0
        self.lone = False

    def record(self) -> dict[str, Value]:
        self.skip_space()
        if self.data[self.at : self.at + 1] != b"{":
            self.fail("expected an object", self.at)
        record: dict[str, Value] = {}
        self.at += 1
        stack: list[dict[str, Value] | list[Value]] = [record]
        empty, after_comma = True, False
        while stack:
            top = stack[-1]
            closer = "]" if isinstance(top, list) else "}"
            if not after_comma and self.take(closer):
                stack.pop()
                empty = False
            elif not after_comma and not empty:
                if not self.take(","):
                    self.fail(f"expected ',' or '{closer}'", self.at)
                after_comma = True
            else:
                value, start = self.member(top)
                empty, after_comma = False, False
                if isinstance(value, (dict, list)):
                    if len(stack) == MAX_DEPTH:
                        self.fail("nested too deep", start)
                    stack.append(value)
                    empty = True
        self.skip_space()
        if self.at < len(self.data):
            self.fail("unexpected text after the record", self.at)
        return record

    def member(self, container: dict[str, Value] | list[Value]) -> tuple[Value, int]:
        """Read a member or element into `container`; of an object or array, only the opening bracket."""
        key = None
        if isinstance(container, dict):
            self.skip_space()
            if self.data[self.at : self.at + 1] != b'"':
                self.fail("expected a key", self.at)
            key = self.string()
            if not self.take(":"):
                self.fail("expected ':'", self.at)
        self.skip_space()
        start = self.at
        value = self.value()
        if isinstance(container, dict):
            assert key is not None
            container[key] = value
        else:
            container.append(value)
        return value, start

    def value(self) -> Value:
        if self.data[self.at : self.at + 1] == b'"':
            return self.string()
        if self.take("{"):
            return {}
        if self.take("["):
            return []
        scalar = _SCALAR.match(self.data, self.at)
        if scalar is None:
            self.fail("expected a value", self.at)
        self.at = scalar.end()
        return Scalar(scalar[0].decode())

    def string(self) -> str:
        start = self.at
        self.at += 1
        parts: list[str] = []
        while True:
            plain = _PLAIN.match(self.data, self.at)
            assert plain is not None
            parts.append(plain[0].decode("utf-8", "replace"))
            self.at = plain.end()
            match self.data[self.at : self.at + 1]:
                case b'"':
                    self.at += 1
                    return self.repair("".join(parts))
                case b"\\":
                    escape = _ESCAPE.match(self.data, self.at)
                    if escape is None:
                        self.fail("invalid escape", self.at)
                    parts.append(chr(int(escape[1], 16)) if escape[1] else _SHORT[ord(escape[2])])
                    self.at = escape.end()
                case b"":
                    self.fail("unterminated string", start)
                case _:
                    self.fail("control character in a string", self.at)

    def repair(self, text: str) -> str:
        """Combine surrogate pairs; what is left of them becomes U+FFFD."""
        text = _PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)
        text, lone = _SURROGATE.subn("\ufffd", text)
        self.lone |= lone > 0
        return text

    def take(self, char: str) -> bool:
        """Read `char` and the space before it, if it is next."""
        self.skip_space()
        found = self.data[self.at : self.at + 1] == char.encode()
        self.at += found
        return found

    def skip_space(self) -> None:
        space = _SPACES.match(self.data, self.at)
        assert space is not None
        self.at = space.end()

    def fail(self, what: str, at: int) -> NoReturn:
        raise UnusableError("malformed", f"{what} at byte {at + 1}")
