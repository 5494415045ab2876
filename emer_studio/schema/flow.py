"""The brackets of YAML, ``{key: value}`` and ``[item]``, while they are being written."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["Flow", "balance", "read_flow"]

_CLOSES = {"{": "}", "[": "]"}


@dataclass(slots=True)
class Flow:
    """Where a text ends that opened brackets.

    Attributes
    ----------
    start : int or None
        Where the outermost bracket that is still open stands; None without one.
    path : tuple of str or int
        Keys and item numbers from there to the end.
    in_value : bool
        Whether a value (or an item) is being written, else a key.
    typed : str
        What of it stands there.
    siblings : dict of str to str
        The other keys of the innermost mapping, or the items of a list by number.
    """

    start: int | None = None
    path: tuple[str | int, ...] = ()
    in_value: bool = False
    typed: str = ""
    siblings: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Frame:
    bracket: str
    start: int
    key: str | None = None
    number: int = 0
    siblings: dict[str, str] = field(default_factory=dict)


def _characters(text: str) -> list[tuple[int, str, bool]]:
    """Return place, character, and whether it is outside of quotes and comments."""
    found, quote, comment, fresh = [], "", False, True
    for at, sign in enumerate(text):
        if comment:
            comment = sign != "\n"
        elif quote:
            found.append((at, sign, False))
            quote = "" if sign == quote else quote
            continue
        elif sign == "#" and (at == 0 or text[at - 1] in " \n"):
            comment = True
            continue
        elif sign in "'\"" and fresh:  # in the middle of a word it is an apostrophe
            quote = sign
            found.append((at, sign, False))
            continue
        found.append((at, sign, not comment))
        if sign in "[{,:-\n":
            fresh = True
        elif sign != " ":
            fresh = False
    return found


def balance(line: str) -> int:
    """Return how many more brackets a line opens than it closes.

    Only brackets that YAML would see: after ``key:``, ``-`` or inside others.
    """
    depth, fresh = 0, True
    for _, sign, outside in _characters(line):
        if not outside:
            fresh = False
        elif sign in "{[" and (fresh or depth):
            depth += 1
        elif sign in "}]":
            depth -= 1
        elif sign in ":-":
            fresh = True
        elif sign != " ":
            fresh = False
    return depth


def read_flow(text: str) -> Flow:
    """Return where `text` ends within the brackets that it opens and leaves open."""
    stack: list[_Frame] = []
    word, fresh = "", True
    for at, sign, outside in _characters(text):
        if outside and sign in "{[" and (stack or fresh) and not word.strip():
            stack.append(_Frame(sign, at))
            word = ""
        elif outside and stack and sign == _CLOSES[stack[-1].bracket]:
            _note(stack.pop(), word)
            word = ""
            if stack and stack[-1].key is not None:
                stack[-1].siblings[stack[-1].key] = "…"
        elif outside and stack and sign == ",":
            frame = stack[-1]
            _note(frame, word)
            frame.key, frame.number, word = None, frame.number + 1, ""
        elif outside and stack and sign == ":" and stack[-1].key is None:
            if stack[-1].bracket == "{":
                stack[-1].key, word = word.strip().strip("'\""), ""
        elif stack:
            word += sign
        elif sign in ":-\n":
            fresh = True
        elif sign != " ":
            fresh = False
    if not stack:
        return Flow()
    path: list[str | int] = []
    for frame in stack:
        if frame.bracket == "[":
            path.append(frame.number)
        elif frame.key is not None:
            path.append(frame.key)
    last = stack[-1]
    in_value = last.bracket == "[" or last.key is not None
    siblings = {} if last.key is not None else last.siblings
    return Flow(stack[0].start, tuple(path), in_value, word.lstrip(), siblings)


def _note(frame: _Frame, word: str) -> None:
    """Keep what a mapping or a list already has."""
    if frame.bracket == "[":
        frame.siblings[str(frame.number)] = word.strip()
    elif frame.key is not None and word.strip():
        frame.siblings[frame.key] = word.strip()
