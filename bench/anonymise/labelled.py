"""The labelled set: what a line holds, what it must become, and how to tell what a tool did to it."""
import itertools
import pathlib
import re

HERE = pathlib.Path(__file__).parent / "labelled"
SLOT = re.compile(r"\{([a-z0-9]+)\}")


class Line:
    """A line with its parts: literal text, or a value and what it must become."""

    def __init__(self, number, parts):
        self.number = number
        self.parts = parts
        self.text = "".join(p if isinstance(p, str) else p[0] for p in parts)
        self.expected = "".join(p if isinstance(p, str) else p[1] for p in parts)

    def judge(self, output):
        """ok, leak (a value that had to go is there as it was), or damage (something else is gone or changed)."""
        if output == self.expected:
            return "ok"
        shape = "".join(re.escape(p) if isinstance(p, str) else "(.*?)" for p in self.parts)
        found = re.fullmatch(shape, output)
        if found is None:
            gone = [p[0] for p in self.parts if not isinstance(p, str) and p[0] != p[1]]
            return "leak" if any(re.search(r"(?<![\w.:])" + re.escape(v) + r"(?![\w.:])", output) for v in gone) else "damage"
        slots = [p for p in self.parts if not isinstance(p, str)]
        if any(was != want and now == was for (was, want), now in zip(slots, found.groups())):
            return "leak"
        return "damage" if any(was == want and now != was for (was, want), now in zip(slots, found.groups())) else "ok"


def lines():
    values = {}
    for row in (HERE / "values.tsv").read_text("ascii").splitlines():
        kind, original, cut = row.split("\t")
        values.setdefault(kind, []).append((original, cut))
    made = []
    templates = [t for t in (HERE / "templates.txt").read_text("utf-8").split("\n") if t and not t.startswith("# ")]
    for t, template in enumerate(templates):
        for i in range(80):
            number, slot, parts = str(1000000 + t * 1000 + i), itertools.count(), []
            for part in re.split(r"(\{[a-z0-9]+\})", template):
                kind = part[1:-1] if SLOT.fullmatch(part) else None
                parts.append(
                    number if kind == "n" else "\x1b" if kind == "esc"
                    else values[kind][(i + 7 * next(slot) + t) % 80] if kind in values else part)
            made.append(Line(number, parts))
    return made


def judge(output):
    """Counts of leaks, damaged and missing lines of a tool's output, which may lack lines or have others."""
    by_number = {}
    for line in output.decode("utf-8", "surrogateescape").split("\n"):
        found = re.search(r"(?<!\d)1[01]\d{5}(?!\d)", line)
        if found:
            by_number.setdefault(found.group(), line)
    verdicts = [one.judge(by_number[one.number]) if one.number in by_number else "missing" for one in lines()]
    return {verdict: verdicts.count(verdict) for verdict in ("leak", "damage", "missing")}
