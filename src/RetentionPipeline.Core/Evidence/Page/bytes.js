// Bytes, hashes and Merkle trees (FIPS 180-4, RFC 6962).
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const bytesOf = text => encoder.encode(text);
const textOf = bytes => decoder.decode(bytes);
const hexOf = bytes => Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('');
const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);
const isText = value => typeof value === 'string';

function fromHex(text, length) {
  if (!/^([0-9a-f]{2})*$/.test(text) || (length !== undefined && text.length !== 2 * length)) { throw new Error('no hex'); }
  return Uint8Array.from(text.match(/../g) ?? [], pair => parseInt(pair, 16));
}

function concat(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) { all.set(part, at); at += part.length; }
  return all;
}

/** Strict: the text must be what its bytes are written as. */
function fromBase64(text) {
  const bytes = Uint8Array.from(atob(text), letter => letter.charCodeAt(0));
  if (toBase64(bytes) !== text) { throw new Error('base64'); }
  return bytes;
}

const toBase64 = bytes => btoa(Array.from(bytes, byte => String.fromCharCode(byte)).join(''));

/** What SHA-1 and SHA-256 have in common: words of big-endian blocks with the length behind them. */
function* blocksOf(bytes) {
  const padded = new Uint8Array(((bytes.length + 72) >> 6) << 6);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  const view = new DataView(padded.buffer);
  view.setUint32(padded.length - 8, Math.floor(bytes.length / 0x20000000));
  view.setUint32(padded.length - 4, bytes.length << 3);
  for (let at = 0; at < padded.length; at += 64) {
    yield Array.from({ length: 16 }, (_, word) => view.getInt32(at + 4 * word));
  }
}

const digestOf = words => Uint8Array.from(words.flatMap(word => [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255]));
const turn = (word, by) => (word >>> by) | (word << (32 - by));

/** The first bits of the fraction of a root of a prime. */
const fractions = (count, root) => {
  const found = [];
  for (let prime = 2; found.length < count; prime++) {
    let divisor = 2;
    while (divisor * divisor <= prime && prime % divisor !== 0) { divisor++; }
    if (divisor * divisor > prime) { found.push(((root(prime) % 1) * 0x100000000) | 0); }
  }
  return found;
};
const roundOf256 = fractions(64, Math.cbrt);
const startOf256 = fractions(8, Math.sqrt);

function sha256(bytes) {
  let state = startOf256;
  for (const words of blocksOf(bytes)) {
    for (let at = 16; at < 64; at++) {
      const [early, late] = [words[at - 15], words[at - 2]];
      words[at] = (words[at - 16] + (turn(early, 7) ^ turn(early, 18) ^ (early >>> 3)) + words[at - 7]
        + (turn(late, 17) ^ turn(late, 19) ^ (late >>> 10))) | 0;
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let at = 0; at < 64; at++) {
      const one = (h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + roundOf256[at] + words[at]) | 0;
      const two = ((turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      [a, b, c, d, e, f, g, h] = [(one + two) | 0, a, b, c, (d + one) | 0, e, f, g];
    }
    state = [a, b, c, d, e, f, g, h].map((word, at) => (word + state[at]) | 0);
  }
  return digestOf(state);
}

/** UUIDs of version 5 are defined over SHA-1; nothing secret rests on it. */
function sha1(bytes) {
  let state = [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0];
  for (const words of blocksOf(bytes)) {
    for (let at = 16; at < 80; at++) { words[at] = turn(words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16], 31); }
    let [a, b, c, d, e] = state;
    for (let at = 0; at < 80; at++) {
      const [mix, constant] = at < 20 ? [(b & c) | (~b & d), 0x5a827999] : at < 40 ? [b ^ c ^ d, 0x6ed9eba1]
        : at < 60 ? [(b & c) | (b & d) | (c & d), 0x8f1bbcdc] : [b ^ c ^ d, 0xca62c1d6];
      [a, b, c, d, e] = [(turn(a, 27) + mix + e + constant + words[at]) | 0, a, turn(b, 2), c, d];
    }
    state = [a, b, c, d, e].map((word, at) => (word + state[at]) | 0);
  }
  return digestOf(state);
}

const leafHash = bytes => sha256(concat([0], bytes));
const nodeHash = (left, right) => sha256(concat([1], left, right));

/** RFC 6962 section 2.1. */
function merkleRoot(hashes) {
  if (hashes.length === 0) { return sha256([]); }
  if (hashes.length === 1) { return hashes[0]; }
  let half = 1;
  while (half * 2 < hashes.length) { half *= 2; }
  return nodeHash(merkleRoot(hashes.slice(0, half)), merkleRoot(hashes.slice(half)));
}

/** RFC 9162 section 2.1.3.2. */
function isIncluded(index, size, hash, path, root) {
  if (index < 0 || index >= size) { return false; }
  let [node, last] = [index, size - 1];
  for (const sibling of path) {
    if (last === 0) { return false; }
    if (node % 2 === 1 || node === last) {
      hash = nodeHash(sibling, hash);
      while (node % 2 === 0 && node !== 0) { [node, last] = [Math.floor(node / 2), Math.floor(last / 2)]; }
    } else {
      hash = nodeHash(hash, sibling);
    }
    [node, last] = [Math.floor(node / 2), Math.floor(last / 2)];
  }
  return last === 0 && same(hash, root);
}

/** RFC 9562 section 5.5; parts are joined by line feeds. */
function derivedId(space, ...parts) {
  const hash = sha1(concat(fromHex(space.replaceAll('-', ''), 16), bytesOf(parts.join('\n')))).slice(0, 16);
  hash[6] = (hash[6] & 0x0f) | 0x50;
  hash[8] = (hash[8] & 0x3f) | 0x80;
  return hexOf(hash).replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
