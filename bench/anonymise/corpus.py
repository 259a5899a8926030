#!/usr/bin/env python3
"""Makes logs to measure with: corpus.py combined|ndjson|csv OUT MB SEED. Same seed, same bytes; no two lines are alike.

Shares are those of public web logs: four of five clients on IPv4, X-Forwarded-For on a seventh of the lines.
"""
import datetime
import ipaddress
import json
import random
import sys

AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.6478.127 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (compatible; bingbot/2.0; +https://shop.example/bot)",
    "curl/8.5.0", "okhttp/4.12.0", "python-requests/2.32.3", "Go-http-client/2.0",
)
PATHS = ("/", "/api/v1/users/{}", "/api/v2/orders/{}/items", "/static/app.{:08x}.js", "/img/hero-{}.webp", "/search?q=shoes&page={}",
         "/login?next=%2Faccount%2F{}", "/robots.txt", "/blog/2026/05/{}-how-to")
REFERRERS = ("-", "https://shop.example/", "https://shop.example/category/{}", "https://shop.example/t/{:08x}")
PREFIXES = (0x20010db8, 0x2a0214d0, 0x26001700, 0x28047f4a, 0x240e03a0, 0x20030c5b)


class Source:
    def __init__(self, seed):
        self.r = random.Random(seed)
        self.at = datetime.datetime(2026, 11, 25, tzinfo=datetime.timezone.utc)

    def address(self):
        r = self.r
        if r.random() < 0.8:
            return f"{r.choice((r.randint(1, 126), r.randint(128, 223)))}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(1, 254)}"
        value = r.choice(PREFIXES) << 96 | r.getrandbits(96)
        if r.random() < 0.2:
            value = value >> 64 << 64 | r.randint(1, 0xffff)
        return str(ipaddress.IPv6Address(value))

    def number(self):
        return self.r.randint(1, 1_000_000)

    def tick(self):
        self.at += datetime.timedelta(milliseconds=self.r.randint(0, 50))
        return self.at

    def combined(self):
        r, chance = self.r, self.r.random()
        forwarded = ""
        if chance < 0.15:
            forwarded = ' "' + ", ".join(self.address() for _ in range(r.randint(1, 3))) + '"'
        elif chance < 0.5:
            forwarded = ' "-"'
        user = r.choice(("-", "-", "-", "-", "frank", f"u{r.randint(1, 9999)}"))
        path, referrer = r.choice(PATHS).format(self.number()), r.choice(REFERRERS).format(self.number())
        return (f'{self.address()} - {user} [{self.tick():%d/%b/%Y:%H:%M:%S %z}] "{r.choice(("GET", "GET", "POST", "HEAD"))} {path} '
                f'HTTP/{r.choice(("1.1", "2.0"))}" {r.choice((200, 200, 200, 304, 404))} {r.randint(0, 200000)} "{referrer}" '
                f'"{r.choice(AGENTS)}"{forwarded}\n')

    def ndjson(self):
        r = self.r
        return json.dumps({
            "ts": self.tick().isoformat(), "level": r.choice(("info", "info", "warn")), "traceId": f"{r.getrandbits(128):032x}",
            "service": {"name": r.choice(("checkout", "basket")), "version": f"{r.randint(1, 9)}.{r.randint(0, 40)}.{r.randint(0, 99)}"},
            "http": {"path": f"/api/v1/users/{self.number()}", "status": r.choice((200, 201, 404)), "durationMs": round(r.random() * 900, 3),
                     "client": {"ip": self.address(), "port": r.randint(1024, 65535)},
                     "headers": {"user-agent": r.choice(AGENTS), "x-forwarded-for": [self.address() for _ in range(r.randint(0, 3))]}},
            "user": {"email": f"u{self.number()}@example.com", "loc": {"lat": round(r.uniform(-90, 90), 6), "lon": round(r.uniform(-180, 180), 6)}},
            "msg": r.choice(("request completed", f"cache miss for key user:{self.number()}", f"connection from {self.address()} closed")),
        }, separators=(",", ":")) + "\n"

    def csv(self):
        r = self.r
        return (f'{self.tick().isoformat()},{self.address()},{self.number()},"{r.choice(("GET /a", "POST /b, c"))}",u{self.number()}@example.com,'
                f'{r.uniform(-90, 90):.6f},{r.uniform(-180, 180):.6f},{r.randint(0, 9)}.{r.randint(0, 9)}.{r.randint(0, 99)}\n')


def write(kind, path, size, seed):
    source, written = Source(seed), 0
    line = getattr(source, kind)
    with open(path, "w", encoding="ascii", newline="") as out:
        while written < size:
            piece = "".join(line() for _ in range(2000))
            out.write(piece)
            written += len(piece)


if __name__ == "__main__":
    write(sys.argv[1], sys.argv[2], float(sys.argv[3]) * 1e6, int(sys.argv[4]))
