"""A careful filter as one writes it by hand: candidates by regular expression, each checked by ipaddress."""
import ipaddress
import re
import sys

ESCAPE = rb"(?:\\[nrtbf]|\\u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|(?:\x1b|\\u001b|\\x1b|\\e|\\033)\[[0-9;]*m)"
FOUND = re.compile(
    rb"(?P<r4>(?<![0-9A-Za-z.])\d{1,3}(?=\.\d{1,3}\.\d{1,3}\.\d{1,3}\.in-addr\.arpa))"
    rb"|(?P<r6>(?<![0-9A-Za-z.])(?:[0-9a-f]\.){20}(?=(?:[0-9a-f]\.){12}ip6\.arpa))"
    rb"|(?P<head>" + ESCAPE + rb"|(?<![0-9A-Za-z.])|(?<=[^0-9]\.)(?<![0-9A-Za-z]))(?:"
    rb"(?P<six>(?:[0-9a-fA-F]{0,4}(?::|%3[aA])){2,8}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{0,5})(?![0-9A-Za-z]|:[0-9a-fA-F:]))"
    rb"|(?P<four>\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})(?![0-9A-Za-z]|\.\d+(?![0-9A-Za-z])|\.in-addr))")
HOST = re.compile(rb"(?<![0-9])(?<![0-9][-_])(\d{1,3})([-_])(\d{1,3})\2(\d{1,3})\2(\d{1,3})(?![0-9]|[-_][0-9])")


def six(text):
    try:
        return ipaddress.IPv6Address(text)
    except ValueError:
        return None


def cut_six(was):
    text, rest = was.decode().replace("%3A", ":").replace("%3a", ":"), ""
    if re.fullmatch(r"(?:[0-9a-fA-F]+:){8}\d{1,5}", text):
        text, port = text.rsplit(":", 1)
        rest = ":" + port
    address = six(text)
    if address is None and text.endswith(":"):
        address, text, rest = six(text[:-1]), text[:-1], ":"
    if address is None:
        return b":" + cut_six(was[1:]) if was[:1] == b":" and six(text[1:]) else was
    if re.fullmatch(r"(?:[0-9a-fA-F]{2}:){7}[0-9a-fA-F]{2}", text):
        return was
    value = int(address)
    if address.ipv4_mapped:
        value = value >> 8 << 8
        cut = "::ffff:" + (str(ipaddress.IPv4Address(value & 0xffffffff)) if "." in text else f"{value >> 16 & 0xffff:x}:{value & 0xffff:x}")
    else:
        value = value >> 80 << 80
        if value >> 112 == 0x2002:
            value = value >> 88 << 88
        cut = str(ipaddress.IPv6Address(value))
        if rest[1:]:
            cut = ":".join(f"{value >> s & 0xffff:x}" for s in range(112, -1, -16))
    encoded = re.search(rb"%3[aA]", was)
    return (cut.replace(":", encoded.group().decode()) if encoded else cut).encode() + rest.encode()


def cut(match):
    kind = match.lastgroup
    if kind == "r4":
        return b"0"
    if kind == "r6":
        return re.sub(rb"[0-9a-f]", b"0", match.group())
    if kind == "six":
        return match["head"] + cut_six(match["six"])
    numbers = match["four"].split(b".")
    padded = all(len(n) == 3 for n in numbers)
    if any(int(n) > 255 or (not padded and len(n) > 1 and n[:1] == b"0") for n in numbers):
        return match.group()
    return match["head"] + b".".join(numbers[:3]) + (b".000" if padded and any(n[:1] == b"0" for n in numbers) else b".0")


def cut_host(match):
    numbers = match.group(1, 3, 4, 5)
    if any(int(n) > 255 for n in numbers) or (all(len(n) == 2 for n in numbers) and any(n[:1] == b"0" for n in numbers)):
        return match.group()
    return match.group(2).join((b"0", numbers[1], numbers[2], b"0"))


for line in sys.stdin.buffer:
    sys.stdout.buffer.write(HOST.sub(cut_host, FOUND.sub(cut, line)))
