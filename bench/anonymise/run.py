#!/usr/bin/env python3
"""Runs our filter and its peers side by side: MB of plain data per CPU-second of the whole process, and what each leaves.

    bench/anonymise/run.py [--retention DIR/retention] [--mb 200 500] [--work DIR] [--rounds 3]

Without --retention the filter is published first. 1 MB is 10^6 bytes. CPU time is user and system time of the process from
its start to its end, as the kernel counts it; input lies in the page cache, output goes to /dev/null. Each tool runs in
each round, one after the other, so that a busy machine is the same for all; the best round counts. Leaks and damage
are counted in the labelled set (labelled/), of which every line has a known result. Tools that are not here are named.
"""
import argparse
import gzip
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import corpus
import labelled

HERE = pathlib.Path(__file__).parent
MAWK = '{ if (split($1, a, ".") == 4) $1 = a[1] "." a[2] "." a[3] ".0"; print }'
PERL = r's/\b(\d{1,3}\.\d{1,3}\.\d{1,3})\.\d{1,3}\b/$1.0/g'
SLOW = ("Node, careful", "Python, careful")
SED = r's/\b([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\.[0-9]{1,3}\b/\1.0/g'


def tools(retention):
    ours = [retention, "anonymise", "--truncate-ip"]
    return {
        "retention --truncate-ip": ours,
        "retention --truncate-ip --truncate-host": [*ours, "--truncate-host"],
        "mawk, column 1": ["mawk", MAWK],
        "ipv6loganon": ["ipv6loganon", "-q", "--anonymize-preset", "zeroize-careful"],
        "perl, IPv4 only": ["perl", "-pe", PERL],
        "sed, IPv4 only": ["sed", "-E", SED],
        "Node, careful": ["node", str(HERE / "peers" / "careful.mjs")],
        "Python, careful": ["python3", str(HERE / "peers" / "careful.py")],
    }


def cpu_seconds(command, source):
    """User and system time of one run, and its greatest memory in MiB."""
    with open(source, "rb") as content, open(os.devnull, "wb") as nowhere:
        process = subprocess.Popen(command, stdin=content, stdout=nowhere, stderr=subprocess.DEVNULL)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        return float("inf"), 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def measure(found, source, megabytes, rounds):
    """MB per CPU-second and MiB of each tool; tools that need minutes get the corpus's first 20 MB."""
    short = source.with_name(source.name + "-head")
    with open(source, "rb") as content:
        short.write_bytes(content.read(20_000_000))
    best = dict.fromkeys(found, (0.0, 0))
    for _ in range(rounds):
        for name, command in found.items():
            seconds, memory = cpu_seconds(command, short if name in SLOW else source)
            best[name] = max(best[name], ((20 if name in SLOW else megabytes) / seconds, memory))
    return best


def publish(work):
    subprocess.run(["dotnet", "publish", "-c", "Release", str(HERE.parents[1] / "src/RetentionPipeline.Cli"), "-o", str(work / "published"),
                    "-v", "q", "--nologo"], check=True, stdout=sys.stderr)
    return str(work / "published" / "retention")


def text(work, kind, megabytes, seed):
    path = work / f"{kind}-{megabytes}"
    if not path.exists():
        corpus.write(kind, path, megabytes * 1e6, seed)
    return path, path.stat().st_size / 1e6


def head(path, lines):
    part = path.with_name(f"{path.name}-{lines}")
    part.write_text("".join(path.read_text(encoding="ascii").splitlines(keepends=True)[:lines]), encoding="ascii")
    return part


def fields(retention, form, *uses):
    return [retention, "anonymise", "--format", form, *(part for use in uses for part in ("--field", use))]


def by_path(retention):
    return {
        "one member deep inside": fields(retention, "ndjson", "http.client.ip:truncate-ip"),
        "email, list of addresses, position": fields(
            retention, "ndjson", "user.email:email-domain", "http.headers.x-forwarded-for:truncate-ip", "http.client.ip:truncate-ip",
            "user.loc.lat:coarsen-location,longitude-field=user.loc.lon"),
        "every member of two objects": fields(retention, "ndjson", "user.*:null", "http.client.*:null"),
    }


def columns(retention):
    return {"address and position": fields(retention, "csv", "2:truncate-ip", "6:coarsen-location,longitude-field=7")}


def packed(work, plain):
    path = work / (plain.name + ".gz")
    if not path.exists():
        with open(plain, "rb") as content, gzip.open(path, "wb", compresslevel=6) as out:
            shutil.copyfileobj(content, out, 1 << 20)
    return path


def table(title, rates, verdicts, best):
    print(f"\n{title}\n| tool | MB/CPU-s | against it | leaks | damaged | missing | MiB |\n|---|---:|---:|---:|---:|---:|---:|")
    for name, (rate, memory) in sorted(rates.items(), key=lambda item: -item[1][0]):
        seen = verdicts.get(name, {"leak": "", "damage": "", "missing": ""})
        print(f"| {name} | {rate:.0f} | {rates[best][0] / rate:.1f} | {seen['leak']} | {seen['damage']} | {seen['missing']} | {memory:.0f} |")


def main():
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--retention")
    options.add_argument("--mb", type=int, nargs="+", default=[200, 500])
    options.add_argument("--work", type=pathlib.Path, default=pathlib.Path(tempfile.gettempdir()) / "anonymise-bench")
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    asked.work.mkdir(parents=True, exist_ok=True)
    ours = asked.retention or publish(asked.work)
    every = tools(ours)
    found = {name: command for name, command in every.items() if shutil.which(command[0])}
    print("missing here: " + (", ".join(every.keys() - found.keys()) or "none"))

    lines = labelled.lines()
    sample = "".join(line.text + "\n" for line in lines).encode("utf-8", "surrogateescape")
    verdicts = {name: labelled.judge(subprocess.run(command, input=sample, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout)
                for name, command in found.items()}
    print(f"labelled set: {len(lines)} lines; host names that spell out an address are part of it")

    main_tool = "retention --truncate-ip"
    for megabytes in asked.mb:
        source, size = text(asked.work, "combined", megabytes, 42)
        table(f"Combined log, {megabytes} MB", measure(found, source, size, asked.rounds), verdicts, main_tool)
    for kind, seed in (("ndjson", 43), ("csv", 44)):
        source, size = text(asked.work, kind, 200, seed)
        table(f"{kind}, 200 MB", measure({n: found[n] for n in list(found)[:2]}, source, size, asked.rounds), verdicts, main_tool)

    source, size = text(asked.work, "ndjson", 200, 43)
    table("JSON documents by path, 200 MB", measure(by_path(ours), source, size, asked.rounds), {}, "email, list of addresses, position")
    source, size = text(asked.work, "csv", 200, 44)
    table("CSV columns, 200 MB", measure(columns(ours), source, size, asked.rounds), {}, "address and position")
    source, size = text(asked.work, "combined", 200, 42)
    identifiers = asked.work / "identifiers"
    identifiers.write_text("".join(f"person.{n * 7919}@mail{n % 97}.shop.example\n" for n in range(10_000)), encoding="ascii")
    table("drop-line, 200 MB", measure({
        f"{count:,} identifiers": [ours, "anonymise", "--drop-lines-of", str(head(identifiers, count))] for count in (10, 10_000)
    }, source, size, asked.rounds), {}, "10 identifiers")

    plain, size = text(asked.work, "combined", 200, 42)
    levels = {f"retention --truncate-ip --gzip={level}": [ours, "anonymise", "--truncate-ip", f"--gzip={level}"] for level in ("fastest", "optimal")}
    table("gzip to gzip, 200 MB of plain data", measure(levels, packed(asked.work, plain), size, asked.rounds), {}, next(iter(levels)))
    nothing = asked.work / "one-line"
    nothing.write_text("203.0.113.77\n", encoding="ascii")
    print(f"\nstart to end over one line: {min(cpu_seconds(found[main_tool], nothing)[0] for _ in range(5)):.3f} CPU-seconds")


if __name__ == "__main__":
    main()
