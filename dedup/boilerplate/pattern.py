r"""Rule patterns: in goes what a person writes, out comes an ASCII pattern over UTF-8 bytes.

Two engines match the rules, Python's `re` and Rust's `regex`, and must agree
bit for bit. They do where a pattern is matched on bytes, uses only what both
read alike, and takes linear time. So patterns are written in a small dialect,

    literals   . (one byte)   [..] [^..]   (?:..)   |   * + ? {n} {n,} {n,m}
    \d \w \s \b and their capitals (ASCII), \xHH (one byte), \ before punctuation

and every character beyond ASCII is written out as its bytes: `ü?` becomes
`(?:\xc3\xbc)?` and `[uü]` becomes `(?:[u]|\xc3\xbc)`. `.{0,60}` counts bytes.
A pattern always covers the whole line (or the edge that it cuts off), so it has no `^` and `$`. Written out with its
repetitions unrolled it may be 20,000 bytes and classes long: an automaton of it is built.
"""

from __future__ import annotations

import re
import unicodedata

_ESCAPES = frozenset("dDwWsSbB" + "\\.+*?()|[]{}^$-#&~")
_QUANTIFIER = re.compile(r"[*+?]|\{\d{1,4}(?:,\d{0,4})?\}")
_PLAIN = re.compile(r"[a-z0-9 ,'/]+(?![*+?{])")
"""What stands for itself and is not repeated. Most of a pattern is: read at once, it is translated in half the time."""
_BYTE = re.compile(r"\\x[0-9a-f]{2}")
_LONGEST = 20_000


def to_bytes_pattern(pattern: str, cased: bool = False) -> str:
    """Translate `pattern` into an ASCII pattern over UTF-8 bytes.

    Args:
        pattern: A pattern of the dialect.
        cased: Whether it is matched on the line as written; if not, on the case-folded line.

    Raises:
        ValueError: The pattern leaves the dialect, or could never match.
    """
    return _Translator(pattern, cased).run()


def check(pattern: str) -> None:
    """Raise ValueError unless the translated `pattern` compiles. Costs a millisecond for a long one."""
    try:
        re.compile(pattern.encode("ascii"))
    except (re.error, OverflowError) as error:
        raise ValueError(str(error)) from None


class _Translator:
    def __init__(self, pattern: str, cased: bool) -> None:
        self._pattern = pattern
        self._cased = cased
        self._at = 0
        # Length with repetitions unrolled: of the whole, and of each open group.
        self._lengths = [0]

    def run(self) -> str:
        out: list[str] = []
        while self._at < len(self._pattern):
            if self._pattern.startswith("(?:", self._at):
                self._at += 3
                self._lengths.append(0)
                out.append("(?:")
            elif plain := _PLAIN.match(self._pattern, self._at):
                self._at = plain.end()
                self._grow(len(plain[0]))
                out.append(plain[0])
            elif (char := self._pattern[self._at]) in "|)":
                self._at += 1
                out.append(char)
                if char == ")":
                    length = self._lengths.pop() if len(self._lengths) > 1 else 0
                    out.append(self._quantifier(length))
            else:
                out.append(self._atom(char))
        return "".join(out)

    def _atom(self, char: str) -> str:
        if char == "[":
            atom = self._class()
        elif char == "\\":
            atom = self._escape()
        elif char in "(*+?{}]^$":
            raise ValueError(f"{char!r} at {self._at} is not part of the dialect here; escape it with \\")
        else:
            self._at += 1
            atom = char if char == "." else self._literal(char)
        quantifier = self._quantifier(len(char.encode()))
        return f"(?:{atom}){quantifier}" if quantifier and ord(char) > 127 else atom + quantifier

    def _quantifier(self, length: int) -> str:
        """What repeats the atom or group before, which is `length` long."""
        found = _QUANTIFIER.match(self._pattern, self._at)
        times = int(re.findall(r"\d+", found[0])[-1]) if found and found[0][0] == "{" else 1
        self._grow(length * times)
        if not found:
            return ""
        self._at = found.end()
        if self._pattern[self._at : self._at + 1] in ("?", "+", "*", "{"):
            raise ValueError(f"a second quantifier at {self._at}")
        return found[0]

    def _grow(self, length: int) -> None:
        """Count what stands in the innermost open group."""
        self._lengths[-1] += length
        if self._lengths[-1] > _LONGEST:
            raise ValueError(
                f"it repeats too much: more than {_LONGEST:,} bytes with repetitions written out"
            )

    def _escape(self) -> str:
        byte = _BYTE.match(self._pattern, self._at)
        escape = byte[0] if byte else self._pattern[self._at : self._at + 2]
        if not byte and escape[1:] not in _ESCAPES:
            raise ValueError(f"the escape {escape!r} is not part of the dialect")
        self._at += len(escape)
        return escape

    def _literal(self, char: str) -> str:
        if not self._cased and char.lower() != char:
            raise ValueError(f"{char!r} is upper case: lines are matched in lower case (or set cased = true)")
        if unicodedata.normalize("NFKC", char) != char or char in "‘’“”–—":
            raise ValueError(f"{char!r} never occurs in a normalised line")
        return char if ord(char) < 128 else "".join(f"\\x{byte:02x}" for byte in char.encode())

    def _class(self) -> str:
        """A class; its characters beyond ASCII become alternatives beside it."""
        start = self._at
        self._at += 1
        negated = self._pattern.startswith("^", self._at)
        self._at += negated
        members: list[str] = []
        wide: list[str] = []
        while not self._pattern.startswith("]", self._at):
            char, member = self._member(start)
            if re.match(r"-[^]]", self._pattern[self._at :]):
                self._at += 1
                last, end = self._member(start)
                if not (char + last).isascii():
                    raise ValueError(f"a range {char}-{last}: list its characters, or write their bytes")
                members.append(f"{member}-{end}")
            else:
                (members if char.isascii() else wide).append(member)
        self._at += 1
        narrow = f"[{'^' * negated}{''.join(members)}]"
        if any(pair in narrow for pair in ("&&", "--", "~~", "||")):
            raise ValueError(f"the class at {start} doubles an operator")
        if negated and wide:
            raise ValueError(f"the negated class at {start} holds characters beyond ASCII")
        if not members and not wide:
            raise ValueError(f"the class at {start} is empty")
        if not wide:
            return narrow
        return f"(?:{'|'.join([narrow] * bool(members) + wide)})"

    def _member(self, start: int) -> tuple[str, str]:
        """The next character of a class, and its translation."""
        char = self._pattern[self._at : self._at + 1]
        if char in ("", "["):
            raise ValueError(f"the class at {start} is not closed, or holds an unescaped [")
        if char == "\\":
            return char, self._escape()
        self._at += 1
        return char, self._literal(char)
