#!/usr/bin/env python3
"""A second implementation of the ledger's formats, from the specifications alone, for test vectors.

Only the standard library. Shares nothing with the C# code: what both say is likely right. Prints vectors.json:

    python3 make_vectors.py > vectors.json

Sources: RFC 8785 (JCS), RFC 6962 section 2.1, RFC 8032 section 5.1, C2SP signed-note, tlog-checkpoint, tlog-tiles,
tlog-proof; docs/ledger/ for frames, commit records and leaves.
"""

import base64
import hashlib
import json
import struct


def sha256(data):
    return hashlib.sha256(data).digest()


# --- JCS, restricted: str, int, bool, list, dict ------------------------------------------------------------------

def jcs(value):
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, int):
        assert abs(value) < 2 ** 53
        return str(value).encode()
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, list):
        return b"[" + b",".join(jcs(item) for item in value) + b"]"
    assert isinstance(value, dict)
    return b"{" + b",".join(quote(key) + b":" + jcs(value[key]) for key in sorted(value)) + b"}"


def quote(text):
    short = {8: "\\b", 9: "\\t", 10: "\\n", 12: "\\f", 13: "\\r", 34: '\\"', 92: "\\\\"}
    out = []
    for char in text:
        code = ord(char)
        out.append(short.get(code) or ("\\u%04x" % code if code < 32 else char))
    return ('"' + "".join(out) + '"').encode("utf-8")


# --- RFC 6962, as its text defines it -----------------------------------------------------------------------------

def leaf_hash(data):
    return sha256(b"\x00" + data)


def node_hash(left, right):
    return sha256(b"\x01" + left + right)


def split(n):
    k = 1
    while k * 2 < n:
        k *= 2
    return k


class Tree:
    """Merkle tree hash, PATH and PROOF over D[a:b], remembered."""

    def __init__(self, hashes):
        self.hashes = hashes
        self.known = {}

    def root(self, a, b):
        if b - a == 0:
            return sha256(b"")
        if b - a == 1:
            return self.hashes[a]
        if (a, b) not in self.known:
            k = split(b - a)
            self.known[a, b] = node_hash(self.root(a, a + k), self.root(a + k, b))
        return self.known[a, b]

    def path(self, m, a, b):
        if b - a == 1:
            return []
        k = split(b - a)
        if m < k:
            return self.path(m, a, a + k) + [self.root(a + k, b)]
        return self.path(m - k, a + k, b) + [self.root(a, a + k)]

    def proof(self, m, n):
        return self.subproof(m, 0, n, True)

    def subproof(self, m, a, b, known):
        if m == b - a:
            return [] if known else [self.root(a, b)]
        k = split(b - a)
        if m <= k:
            return self.subproof(m, a, a + k, known) + [self.root(a + k, b)]
        return self.subproof(m - k, a + k, b, False) + [self.root(a, a + k)]


# --- Ed25519, RFC 8032 section 5.1 --------------------------------------------------------------------------------

P = 2 ** 255 - 19
Q = 2 ** 252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def point_add(a, b):
    ta = (a[1] - a[0]) * (b[1] - b[0]) % P
    tb = (a[1] + a[0]) * (b[1] + b[0]) % P
    tc = 2 * a[3] * b[3] * D % P
    td = 2 * a[2] * b[2] % P
    e, f, g, h = tb - ta, td - tc, td + tc, tb + ta
    return (e * f % P, g * h % P, f * g % P, e * h % P)


def point_multiply(scalar, point):
    result = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            result = point_add(result, point)
        point = point_add(point, point)
        scalar >>= 1
    return result


def recover_x(y, sign):
    x2 = (y * y - 1) * pow(D * y * y + 1, P - 2, P)
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P != 0:
        x = x * pow(2, (P - 1) // 4, P) % P
    return P - x if (x & 1) != sign else x


GY = 4 * pow(5, P - 2, P) % P
GX = recover_x(GY, 0)
G = (GX, GY, 1, GX * GY % P)


def compress(point):
    inverse = pow(point[2], P - 2, P)
    x, y = point[0] * inverse % P, point[1] * inverse % P
    return int.to_bytes(y | ((x & 1) << 255), 32, "little")


def expand(seed):
    digest = hashlib.sha512(seed).digest()
    scalar = int.from_bytes(digest[:32], "little")
    scalar &= (1 << 254) - 8
    scalar |= 1 << 254
    return scalar, digest[32:]


def ed25519_public(seed):
    return compress(point_multiply(expand(seed)[0], G))


def ed25519_sign(seed, message):
    scalar, prefix = expand(seed)
    public = compress(point_multiply(scalar, G))
    r = int.from_bytes(hashlib.sha512(prefix + message).digest(), "little") % Q
    commitment = compress(point_multiply(r, G))
    h = int.from_bytes(hashlib.sha512(commitment + public + message).digest(), "little") % Q
    return commitment + int.to_bytes((r + h * scalar) % Q, 32, "little")


# --- Notes, checkpoints, proofs -----------------------------------------------------------------------------------

def b64(data):
    return base64.b64encode(data).decode()


def key_id(name, public):
    return sha256(name.encode() + b"\n\x01" + public)[:4]


def verifier_key(name, seed):
    public = ed25519_public(seed)
    return "%s+%s+%s" % (name, key_id(name, public).hex(), b64(b"\x01" + public))


def sign_note(text, name, seed):
    public = ed25519_public(seed)
    signature = ed25519_sign(seed, text.encode())
    return "%s\n\u2014 %s %s\n" % (text, name, b64(key_id(name, public) + signature))


def checkpoint(origin, size, root):
    return "%s\n%d\n%s\n" % (origin, size, b64(root))


def tlog_proof(index, path, note):
    return "c2sp.org/tlog-proof@v1\nindex %d\n%s\n%s" % (index, "".join(b64(h) + "\n" for h in path), note)


# --- Tiles, bundles, frames, commits, leaves ----------------------------------------------------------------------

def tile_index(n):
    text = "%03d" % (n % 1000)
    n //= 1000
    while n > 0:
        text = "x%03d/%s" % (n % 1000, text)
        n //= 1000
    return text


def bundle(entries):
    return b"".join(struct.pack(">H", len(entry)) + entry for entry in entries)


def tiles(entries):
    """Every file of tlog-tiles for these entries."""
    files = {}
    for start in range(0, len(entries), 256):
        part = entries[start:start + 256]
        suffix = "" if len(part) == 256 else ".p/%d" % len(part)
        files["tile/entries/" + tile_index(start // 256) + suffix] = bundle(part)
    hashes, level = [leaf_hash(entry) for entry in entries], 0
    while hashes:
        for start in range(0, len(hashes), 256):
            part = hashes[start:start + 256]
            suffix = "" if len(part) == 256 else ".p/%d" % len(part)
            files["tile/%d/%s%s" % (level, tile_index(start // 256), suffix)] = b"".join(part)
        hashes = [Tree(hashes[s:s + 256]).root(0, 256) for s in range(0, len(hashes) - 255, 256)]
        level += 1
    return files


def frame(writer, sequence, entries):
    body = bundle(entries)
    head = b"RPL1" + writer + struct.pack(">qii", sequence, len(entries), len(body))
    return head + body + sha256(head + body)


def lane_of(name):
    return sha256(name.encode())[0] % 16


def leaf(kind, name, part, at, body):
    return jcs({"at": at, "body": body, "id": name, "part": part, "type": kind, "v": 1})


def sample_leaf(i):
    """Leaf i of the sample log; two in a row are about one operation."""
    kind = "intent" if i % 2 == 0 else "outcome"
    name = "%08d-0000-5000-8000-000000000000" % (i // 2)
    at = "2026-02-28T23:%02d:%02d.%03dZ" % (i // 60 % 60, i % 60, i % 1000)
    return leaf(kind, name, "", at, {"count": i, "escaped": "\"\\\b\f\n\r\t\u001f\u007f", "text": "Grüße €  𝄞",
                                     "list": [True, False, -1, 2 ** 53 - 1, [], {}]})


def log(size, origin, seed):
    entries = [sample_leaf(i) for i in range(size)]
    root = Tree([leaf_hash(entry) for entry in entries]).root(0, size)
    note = sign_note(checkpoint(origin, size, root), origin, seed)
    files = dict(tiles(entries), checkpoint=note.encode(), key=(verifier_key(origin, seed) + "\n").encode())
    return entries, root, note, files


def main():
    seed = bytes(range(32))
    origin = "ledger.example/2026"
    hashes = [leaf_hash(struct.pack(">i", i)) for i in range(300)]
    tree = Tree(hashes)
    inclusion, consistency = hashlib.sha256(), hashlib.sha256()
    for size in range(1, 301):
        for index in range(size):
            inclusion.update(b"".join(tree.path(index, 0, size)))
            consistency.update(b"".join(tree.proof(index + 1, size)))
    entries, root, note, files = log(600, origin, seed)
    big = tiles([struct.pack(">i", i) for i in range(70000)])
    writer = bytes(range(16))
    print(json.dumps({
        "jcs": [jcs(v).hex() for v in (
            {}, {"b": 1, "a": {"a": [], "B": "x"}}, {"e": "\u20ac$\u000f\nA'\"\\\\\"/", "n": [0, -7, 9007199254740991]},
            {"\u007f": False, "": True, "a\"b": "\u2028\ud7ff\ue000"})],
        "leaves": [sample_leaf(i).decode() for i in range(3)],
        "lanes": {name: lane_of(name) for name in ("a", "b", "00000000-0000-5000-8000-000000000000", "epoch-1")},
        "merkle": {
            "roots": hashlib.sha256(b"".join(tree.root(0, n) for n in range(301))).hexdigest(),
            "inclusion": inclusion.hexdigest(), "consistency": consistency.hexdigest()},
        "tiles70000": hashlib.sha256(b"".join(
            name.encode() + b"\n" + sha256(big[name]) for name in sorted(big))).hexdigest(),
        "frame": frame(writer, 7, entries[:2]).hex(),
        "commit": jcs({"lanes": ["0:%d" % (100 * i) for i in range(15)] + ["1:0"], "number": 3, "root": root.hex(),
                       "size": 600, "v": 1}).decode(),
        "ed25519": {"seed": seed.hex(), "public": ed25519_public(seed).hex(),
                    "signature": ed25519_sign(seed, b"message").hex()},
        "verifierKey": verifier_key(origin, seed),
        "note": note,
        "proof": tlog_proof(300, Tree([leaf_hash(e) for e in entries]).path(300, 0, 600), note),
        "log600": {name: sha256(content).hex() for name, content in sorted(files.items())},
    }, indent=1, ensure_ascii=True))


if __name__ == "__main__":
    main()
