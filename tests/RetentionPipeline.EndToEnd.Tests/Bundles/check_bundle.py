"""A second reader of bundles, written from docs/ledger/bundle.md alone, with Python's standard library.

python3 check_bundle.py BUNDLE KEY. Ends with 0 and one line, or with 1 and the file that is wrong. It checks the archive,
the manifest's hashes, the signature, every inclusion, records against the roots of their leaves, scans against their
closing leaves, and policies against their hashes; it does not write claims and certificate again.
"""
import base64
import hashlib
import json
import re
import struct
import sys
import uuid
import zipfile

ROOT_SPACE = uuid.UUID("6f2b8d0e-2d6a-4f0c-9a52-8b1f6f3f6f11")
P = 2 ** 255 - 19
D = -121665 * pow(121666, P - 2, P) % P


class Wrong(Exception):
    """The first argument is the file."""


def need(holds, file, why):
    if not holds:
        raise Wrong(file, why)


def sha256(*parts):
    return hashlib.sha256(b"".join(parts)).digest()


def leaf_hash(data):
    return sha256(b"\0", data)


def jcs(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def canonical(file, data):
    try:
        value = json.loads(data)
    except ValueError as problem:
        raise Wrong(file, "no JSON") from problem
    need(isinstance(value, dict) and jcs(value) == data, file, "not canonical")
    return value


def strict64(file, text):
    try:
        data = base64.b64decode(text, validate=True)
    except ValueError as problem:
        raise Wrong(file, "base64") from problem
    need(base64.b64encode(data).decode() == text, file, "base64")
    return data


def decompress(data):
    y = int.from_bytes(data, "little")
    sign, y = y >> 255, y & (2 ** 255 - 1)
    xx = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(xx, (P + 3) // 8, P)
    if (x * x - xx) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - xx) % P or y >= P:
        return None
    return (P - x if x % 2 != sign else x, y)


def extended(point):
    x, y = point
    return x, y, 1, x * y % P


def add(one, other):
    """Extended coordinates, RFC 8032 section 5.1.4."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def multiply(number, point):
    product = (0, 1, 1, 0)
    while number:
        if number & 1:
            product = add(product, point)
        point, number = add(point, point), number >> 1
    return product


def is_signed(key, text, signature):
    """Ed25519, RFC 8032 section 5.1.7."""
    base = decompress((4 * pow(5, P - 2, P) % P).to_bytes(32, "little"))
    public, r = decompress(key), decompress(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if public is None or r is None or s >= 2 ** 252 + 27742317777372353535851937790883648493:
        return False
    h = int.from_bytes(hashlib.sha512(signature[:32] + key + text).digest(), "little")
    left, right = multiply(s, extended(base)), add(extended(r), multiply(h, extended(public)))
    return (left[0] * right[2] - right[0] * left[2]) % P == 0 and (left[1] * right[2] - right[1] * left[2]) % P == 0


def is_included(index, size, value, path, root):
    """RFC 9162 section 2.1.3.2."""
    if index >= size:
        return False
    node, last = index, size - 1
    for sibling in path:
        if last == 0:
            return False
        if node & 1 or node == last:
            value = sha256(b"\1", sibling, value)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            value = sha256(b"\1", value, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and value == root


def merkle_root(hashes):
    if not hashes:
        return sha256()
    if len(hashes) == 1:
        return hashes[0]
    half = 1
    while half * 2 < len(hashes):
        half *= 2
    return sha256(b"\1", merkle_root(hashes[:half]), merkle_root(hashes[half:]))


def read(path):
    with open(path, "rb") as stream:
        data = stream.read()
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as problem:
        raise Wrong("zip", "no archive") from problem
    listed = archive.infolist()
    names = [one.filename for one in listed]
    need(names == sorted(set(names)), "zip", "order of names")
    written = b""
    for one in listed:
        content = data[one.header_offset + 30 + len(one.filename):][:one.file_size]
        need(one.header_offset == len(written), one.filename, "place in the archive")
        described = struct.pack("<HHHHHIIIHH", 10, 0, 0, 0, 0x21, one.CRC, one.file_size, one.file_size, len(one.filename), 0)
        written += b"PK\3\4" + described + one.filename.encode() + content
    try:
        files = {one.filename: archive.read(one) for one in listed}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as problem:
        raise Wrong("zip", str(problem)) from problem
    need(data.startswith(written), "zip", "not stored as a bundle's files are")
    return files


def check_note(files, key):
    name, key_id, encoded = key.split("+", 2)
    public = strict64("key", encoded)
    need(sha256(name.encode(), b"\n", public)[:4].hex() == key_id and public[0] == 1, "key", "no Ed25519 verifier key")
    need(files["keys/verifiers.txt"] == key.encode() + b"\n", "keys/verifiers.txt", "another key")
    text, _, lines = files["checkpoint"].decode().rpartition("\n\n")
    text += "\n"
    origin, size, root, rest = text.split("\n")
    signed = [strict64("checkpoint", line.split(" ")[2]) for line in lines.splitlines() if line.startswith(f"\u2014 {name} ")]
    signed = [one[4:] for one in signed if one[:4].hex() == key_id]
    need(rest == "" and origin == name and signed, "checkpoint", "not of this log")
    need(all(is_signed(public[1:], text.encode(), one) for one in signed), "checkpoint", "signature")
    return int(size), strict64("checkpoint", root)


def check_leaves(files, size, root):
    leaves = {}
    for file, data in files.items():
        if not file.startswith("entries/"):
            continue
        index = int(file[len("entries/"):-len(".json")])
        proof_name = f"proofs/{index}.tlog-proof"
        need(proof_name in files, file, "no proof")
        head, _, note = files[proof_name].partition(b"\n\n")
        lines = head.decode().split("\n")
        need(note == files["checkpoint"] and lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"], proof_name, "another proof")
        path = [strict64(proof_name, line) for line in lines[2:]]
        need(is_included(index, size, leaf_hash(data), path, root), file, "inclusion")
        leaf = canonical(file, data)
        need(sorted(leaf) == ["at", "body", "id", "part", "type", "v"], file, "envelope")
        leaves[index] = (leaf, leaf_hash(data))
    return leaves


def check_scans(leaves):
    """Each closing leaf's root is over its operations: by slice, by batch, each followed by its children."""
    intents = {leaf["id"]: leaf["body"] for leaf, _ in leaves.values() if leaf["type"] == "intent"}
    outcomes = {leaf["id"]: (leaf["body"], value) for leaf, value in leaves.values() if leaf["type"] == "outcome"}
    starts = {leaf["id"]: leaf["body"] for leaf, _ in leaves.values() if leaf["type"] == "scan" and leaf["part"] == "start"}
    for index, (leaf, _) in leaves.items():
        if leaf["type"] != "scan" or leaf["part"] != "close":
            continue
        file = f"entries/{index}.json"
        operations = {id for id, body in intents.items() if body["scan"] == leaf["id"]}
        entries = []
        for place in range(starts[leaf["id"]]["slices"]):
            for number in range(4 * len(operations) + 1000):
                one = uuid.uuid5(uuid.UUID(leaf["id"]), f"{place}\n{number}")
                while str(one) in operations and str(one) in outcomes:
                    entries.append(leaf_hash(jcs({"operation": str(one), "outcome": outcomes[str(one)][1].hex()})))
                    one = uuid.uuid5(one, "deferred")
        need(len(entries) == len(operations) == leaf["body"]["operations"], file, "operations")
        need(merkle_root(entries).hex() == leaf["body"]["root"], file, "root of operations")
    return intents, {id: body for id, (body, _) in outcomes.items()}


def check_records(files, intents, outcomes):
    for file, data in files.items():
        found = re.fullmatch(r"records/([0-9a-f-]{36})/(\d+)\.json", file)
        if not found:
            continue
        operation, place = found[1], int(found[2])
        need(operation in intents and operation in outcomes, file, "of no operation here")
        record = canonical(file, data)
        opening = record["opening"]
        if "commitment" in opening:
            need(set(opening) == {"commitment"}, file, "forgotten opening")
            commitment = bytes.fromhex(opening["commitment"])
        else:
            hashes = sorted(subject["hash"] for subject in opening["subjects"])
            commitment = sha256(b"\0", bytes.fromhex(opening["salt"]), jcs({"record": opening["record"], "subjects": hashes, "version": opening["version"]}))
        for subject in opening.get("subjects", []):
            if "pseudonym" in subject:
                opened = sha256(b"\0", bytes.fromhex(subject["salt"]), subject["pseudonym"].encode())
                need(opened.hex() == subject["hash"], file, "subject")
        need(record["entry"]["commitment"] == commitment.hex(), file, "commitment")
        for value, path, leaf in ((commitment, "openingPath", intents), (leaf_hash(jcs(record["entry"])), "entryPath", outcomes)):
            hashes = [bytes.fromhex(one) for one in record[path]]
            need(is_included(place, leaf[operation]["count"], value, hashes, bytes.fromhex(leaf[operation]["root"])), file, path)


def main(path, key):
    files = read(path)
    for name in ("manifest.json", "checkpoint", "keys/verifiers.txt", "certificate.html", "verify.html", "VERIFY.md"):
        need(name in files, name, "missing")
    manifest = canonical("manifest.json", files["manifest.json"])
    need(manifest["format"] == "retention-evidence/3", "manifest.json", "format")
    listed = {one["name"]: one["sha256"] for one in manifest["files"]}
    for name in sorted(set(files) ^ set(listed) ^ {"manifest.json"}):
        raise Wrong(name, "not as listed")
    for name, value in listed.items():
        need(sha256(files[name]).hex() == value, name, "hash")
    size, root = check_note(files, key)
    leaves = check_leaves(files, size, root)
    for name in files:
        if name.startswith("policy/"):
            need(sha256(files[name]).hex() == name[len("policy/"):-len(".yaml")], name, "hash")
    for hash_, facts in manifest["policies"].items():
        stated = [leaf["body"].get("facts") for leaf, _ in leaves.values() if leaf["type"] == "policy" and leaf["id"] == hash_]
        need(stated == [sha256(jcs(facts)).hex()], "manifest.json", "facts of a policy")
    check_records(files, *check_scans(leaves))
    print(f"{len(files)} files, {len(leaves)} leaves under {size} of {manifest['log']['origin']}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except Wrong as wrong:
        print(f"{wrong.args[0]}: {wrong.args[1]}")
        sys.exit(1)
