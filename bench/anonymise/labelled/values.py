#!/usr/bin/env python3
"""Writes values.tsv: for each kind of thing that logs hold, what it is and what it must become (/24, /48).

The judge is Python's ipaddress module, not the engine. Same seed, same bytes; kept in the repository, so that tests and
the benchmark read the same set. Addresses are of no network in particular: nobody's log was read for this.
"""
import ipaddress
import pathlib
import random

COUNT = 80
r = random.Random(20261125)


def v4():
    return [r.choice((r.randint(1, 126), r.randint(128, 223))), r.randint(0, 255), r.randint(0, 255), r.randint(1, 255)]


def dotted(numbers):
    return ".".join(str(n) for n in numbers)


def six():
    base = r.choice((0x20010db8, 0x2a0214d0, 0x26001700, 0x28047f4a, 0x240e03a0, 0x20030c5b)) << 96
    return base | (r.getrandbits(16) or 1) << 80 | (r.getrandbits(80) or 1)


def network(value):
    return value >> 80 << 80


def text(value):
    return str(ipaddress.IPv6Address(value))


def groups(value):
    return [(value >> (112 - 16 * i)) & 0xffff for i in range(8)]


def pairs_v6(i):
    value = six()
    form = i % 8
    if form == 0:
        value = network(value) | r.randint(1, 0xffff)
    elif form == 1:
        value = value >> 64 << 64 | r.randint(1, 0xffff)
    original = text(value)
    if form == 2:
        original = original.upper()
    elif form == 3:
        original = ipaddress.IPv6Address(value).exploded
    elif form == 4:
        value = network(value) | r.randint(1, 2**32 - 1)
        original = text(network(value)) + dotted((value >> s) & 255 for s in (24, 16, 8, 0))
    elif form == 5:
        value = (value >> 112 << 112) | r.randint(1, 0xffff)
        original = text(value)
    elif form == 6:
        value = 0xfe80 << 112 | r.getrandbits(64) | 1
        original = text(value)
    return original, text(network(value))


def mapped(i):
    a = v4()
    cut = a[:3] + [0]
    if i % 2 == 0:
        return "::ffff:" + dotted(a), "::ffff:" + dotted(cut)
    return (f"::ffff:{a[0] << 8 | a[1]:x}:{a[2] << 8 | a[3]:x}", f"::ffff:{cut[0] << 8 | cut[1]:x}:{cut[2] << 8:x}")


def six_to_four(_):
    a = v4()
    value = 0x2002 << 112 | int(ipaddress.IPv4Address(dotted(a))) << 80 | r.randint(0, 0xffff) << 64 | r.randint(1, 0xffff)
    cut = 0x2002 << 112 | int(ipaddress.IPv4Address(dotted(a[:3] + [0]))) << 80
    return text(value), text(cut)


def java(_):
    value = six() | 1 << 64 | 1
    first = [f"{g:x}" for g in groups(value)]
    return ":".join(first), ":".join(f"{g:x}" for g in groups(network(value)))


def encoded(i):
    original, cut = pairs_v6(0 if i % 8 == 4 else i)
    colon = ("%3A", "%3a")[i % 2]
    return original.replace(":", colon), cut.replace(":", colon)


def reverse6(_):
    nibbles = ".".join(reversed(f"{six():032x}"))
    return nibbles + ".ip6.arpa", ".".join("0" * 20) + nibbles[39:] + ".ip6.arpa"


def host(i):
    a = v4()
    form = i % 6
    if form == 5:
        a = [n % 100 for n in a]
        return "dsl-" + "-".join(f"{n:03}" for n in a) + ".example", f"dsl-0-{a[1]:03}-{a[2]:03}-0.example"
    joined, sep = (("-", "-"), ("_", "_"), ("-", "-"), ("-", "-"), ("_", "_"))[form]
    shape = ("customer-{}-sta.example.net", "cable_{}.example", "h{}.dyn.example.org", "ip-{}", "{}_pool.example")[form]
    return shape.format(joined.join(map(str, a))), shape.format(sep.join(["0", str(a[1]), str(a[2]), "0"]))


def padded(_):
    a = v4()
    a[r.randint(0, 3)] = r.randint(1, 99)
    return ".".join(f"{n:03}" for n in a), ".".join(f"{n:03}" for n in a[:3] + [0])


def never(i):
    h = lambda n: f"{r.getrandbits(4 * n):0{n}x}"
    made = (
        lambda: f"1.3.6.1.4.1.{r.randint(1, 60000)}", lambda: dotted([r.randint(1, 9) for _ in range(5)]),
        lambda: f"{r.randint(0, 23):02}:{r.randint(0, 59):02}:{r.randint(0, 59):02}", lambda: ":".join(h(2) for _ in range(6)),
        lambda: ":".join(h(2) for _ in range(8)), lambda: ":".join(h(2) for _ in range(16)),
        lambda: f"{h(8)}-{h(4)}-4{h(3)}-a{h(3)}-{h(12)}", lambda: h(32), lambda: f"{r.randint(1, 9)}.{r.randint(0, 40)}.{r.randint(0, 99)}",
        lambda: f"Chrome/{r.randint(100, 130)}.0.{r.randint(1000, 6999)}.{r.randint(1, 255)}", lambda: f"std::vector", lambda: f"net::ERR_FAILED",
        lambda: f"{r.randint(256, 999)}.1.2.{r.randint(1, 9)}", lambda: f"v{dotted(v4())}", lambda: f"{dotted(v4())}rc1", lambda: f"20{r.randint(20, 29)}.{r.randint(1, 12)}.{r.randint(10, 28)}",
        lambda: f"access-2{r.randint(3, 6)}-0{r.randint(1, 9)}-{r.randint(10, 28)}-0{r.randint(0, 9)}.log", lambda: f"1::{h(3)}::{h(2)}", lambda: f"0{r.randint(1, 9)}.2.3.4",
        lambda: f"10.0.0.{r.randint(1, 9)}.443",
    )
    one = made[i % len(made)]()
    return one, one


KINDS = {
    "4": lambda i: (lambda a: (dotted(a), dotted(a[:3] + [0])))(v4()),
    "padded": padded, "6": pairs_v6, "mapped": mapped, "6to4": six_to_four, "java": java, "encoded": encoded,
    "reverse4": lambda i: (lambda a: (dotted(reversed(a)) + ".in-addr.arpa", dotted([0] + a[2::-1]) + ".in-addr.arpa"))(v4()),
    "reverse6": reverse6, "host": host, "never": never,
    "cut4": lambda i: (lambda a: (a, a))(dotted(v4()[:3] + [0])), "cut6": lambda i: (lambda a: (a, a))(text(network(six()))),
}

if __name__ == "__main__":
    lines = [f"{kind}\t{original}\t{cut}\n" for kind, make in KINDS.items() for original, cut in map(make, range(COUNT))]
    (pathlib.Path(__file__).parent / "values.tsv").write_text("".join(lines), encoding="ascii", newline="\n")
