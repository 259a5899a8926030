#!/usr/bin/env python3
"""Makes the labelled set for scrub-text: scrub.py > scrub.txt. A region, a tab, and text with {kind:value} around what is personal.

Telephone numbers are of the ranges that regulators keep free for films; cards and devices are made with Luhn's digit.
"""
import random

R = random.Random(11)
PHONES = {
    "US": ["(202) 555-0143", "202-555-0187", "+1 202-555-0109", "404.555.0176", "1-303-555-0134", "+13035550199"],
    "GB": ["020 7946 0958", "+44 20 7946 0123", "0161 496 0011", "+44 161 496 0345", "07700 900123", "+447700900456"],
    "DE": ["030 23125 000", "+49 30 23125 147", "0171 3920025", "+49 171 39200 33", "069 90009 120", "+4940669690"],
    "FR": ["01 99 00 12 34", "+33 1 99 00 56 78", "06 39 98 12 34", "+33639981299", "04.65.71.45.67"],
    "AU": ["0491 570 156", "+61 491 570 157", "(02) 5550 1234", "+61 2 7010 1234"],
    "SE": ["08-465 004 12", "+46 8 465 004 44", "070-174 06 12", "+46701740644"],
    "IE": ["020 912 1234", "+353 20 912 4567"],
}
EMAILS = ["ann@shop.example", "joe.doe+news@mail.example.com", "jürgen@müller.example", "o'neil@x.example", "A_B-c@sub.dom.example.org",
          "x@xn--mller-kva.example", "very.common@example.co.uk", "ann%40shop.example", "用户@例子.测试", "12345@numbers.example"]
ADDRESSES = ["203.0.113.77", "2001:db8::1", "198.51.100.1:8080", "::ffff:192.0.2.128", "fe80::1%eth0", "192.0.2.0/24", "2001:DB8:0:0:8:800:200C:417A"]
MACS = ["00:1B:44:11:3A:B7", "00-1b-44-11-3a-b7", "001b.4411.3ab7", "AA:BB:CC:DD:EE:FF", "3c:22:fb:00:10:2e", "3C22.FB00.102E"]
PLAIN = [
    "order 100{d12} shipped", "invoice 2026-{d6} of 2026-11-25", "at 2026-11-25T10:15:30.123456Z", "build 10.0.{d5}", "v1.2.3 of 2026",
    "uuid 6f1c8e0a-3b5d-4c2e-9f7a-{d12}", "sha256 {h64}", "trace {h32}", "took {d3}.{d3} ms, {d5} rows", "price 1,234.50 EUR or 12.345,67",
    "ISBN 978-3-16-148410-0", "EAN 4006381333931", "parcel JJD0{d15}", "IBAN DE89 3704 0044 0532 0130 00", "52.520008, 13.404954", "ratio 16:9, score 3:2",
    "12:34:56 to 23:59:59", "{d10} seconds since the epoch", "@mention and #{d4}", "a@b", "user@localhost", "std::vector and Foo::Bar", "id {d16}",
    "ticket {d15}", "account 000{d10}", "key {h12}", "fingerprint {h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}:{h2}", "page 1-2-3 of 45", "2026-11-25 10:15",
    "room 4.12.7, floor 3", "RFC 5322, section 3.4.1", "it is 20 to 25 degrees", "VAT DE123456789", "serial {d4}-{d4}-{d4}-{d4}", "1.2.3", "1.2.3.4.5",
    "size 1920x1080", "5 of 10", "§1798.140(w)", "SKU 12-3456-78", "the years 1999-2026", "call 110 or 911", "GET /a/{d9}/b", "{d13} ms since the epoch",
]
AROUND = ["{}", "please write to {} today", "call me at {}, thanks", "({})", "contact={};x=1", "\"{}\"", "Ann Doe <{}>", "it was {}.", "tel:{}", "I had {} and 2 more", "mine is {}\u00a0- bye"]


def luhn(head, length):
    digits = head + "".join(str(R.randint(0, 9)) for _ in range(length - len(head) - 1))
    total = sum(int(d) if i % 2 else (int(d) * 2 - 9 if int(d) > 4 else int(d) * 2) for i, d in enumerate(reversed(digits)))
    return digits + str(-total % 10)


def cards():
    for head, length in (("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("6011", 16), ("3530", 16), ("62", 19), ("4", 13), ("36", 14)) * 3:
        digits = luhn(head, length)
        yield digits
        if length == 16:
            yield " ".join(digits[i:i + 4] for i in range(0, 16, 4))
            yield "-".join(digits[i:i + 4] for i in range(0, 16, 4))


def devices():
    for head in ("35", "86", "01", "99", "35", "86"):
        digits = luhn(head, 15)
        yield digits
        yield f"{digits[:2]}-{digits[2:8]}-{digits[8:14]}-{digits[14]}"
        yield f"{digits[:8]} {digits[8:14]} {digits[14]}"


def filled(text):
    while "{" in text:
        at, end = text.index("{"), text.index("}")
        count = int(text[at + 2:end])
        text = text[:at] + "".join(R.choice("0123456789" if text[at + 1] == "d" else "0123456789abcdef") for _ in range(count)) + text[end + 1:]
    return text


def main():
    lines = []
    sets = {"email": EMAILS * 3, "ip": ADDRESSES * 4, "mac": MACS * 4, "card": list(cards()), "imei": list(devices()) * 2}
    for kind, values in sets.items():
        for value in values:
            tail = ""
            if kind == "ip":
                for mark in (":8080", "%eth0", "/24"):
                    if value.endswith(mark):
                        value, tail = value[:-len(mark)], mark
            lines.append("-\t" + R.choice(AROUND).replace("{}", f"{{{kind}:{value}}}{tail}"))
    for region, values in PHONES.items():
        for value in values * 3:
            lines.append((region if R.random() < 0.8 or value[0] != "+" else "-") + "\t" + R.choice(AROUND).replace("{}", f"{{phone:{value}}}"))
    for text in PLAIN * 8:
        lines.append(R.choice(("-", "US", "DE", "GB")) + "\t" + filled(text))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
