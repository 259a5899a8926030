// Canonical JSON (RFC 8785, restricted), leaves, signed notes and proofs (C2SP). What cannot be read throws.
function canonical(value, depth = 0) {
  if (isText(value)) {
    if (/\p{Surrogate}/u.test(value)) { throw new Error('half of a pair'); }
    return JSON.stringify(value);
  }
  if (typeof value === 'boolean') { return String(value); }
  if (Number.isSafeInteger(value)) { return String(value); }
  if (value === null || typeof value !== 'object' || depth >= 32) { throw new Error('not of the restricted form'); }
  if (Array.isArray(value)) { return `[${value.map(item => canonical(item, depth + 1)).join(',')}]`; }
  return `{${Object.keys(value).sort().map(key => {
    if (!/^[\0-\x7f]*$/.test(key)) { throw new Error('a key is not ASCII'); }
    return `${JSON.stringify(key)}:${canonical(value[key], depth + 1)}`;
  }).join(',')}}`;
}

function parseCanonical(bytes) {
  const text = textOf(bytes);
  const value = JSON.parse(text);
  if (Array.isArray(value) || typeof value !== 'object' || canonical(value) !== text) { throw new Error('not canonical'); }
  return value;
}

const isName = text => isText(text) && /^[!-~]+$/.test(text);
const isTime = text => isText(text) && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(text)
  && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;

function parseLeaf(bytes) {
  const leaf = parseCanonical(bytes);
  if (bytes.length > 15 * 1024 || Object.keys(leaf).sort().join() !== 'at,body,id,part,type,v' || leaf.v !== 1 || !isTime(leaf.at)
    || !isName(leaf.type) || !isName(leaf.id) || (leaf.part !== '' && !isName(leaf.part)) || leaf.body === null
    || typeof leaf.body !== 'object' || Array.isArray(leaf.body)) { throw new Error('no leaf'); }
  return leaf;
}

const isKeyName = text => text.length > 0 && !/[+\s\p{Cc}]/u.test(text);

function parseNote(bytes) {
  const text = textOf(bytes);
  const split = text.lastIndexOf('\n\n');
  if (bytes.length > 1 << 20 || split < 0 || !text.endsWith('\n') || /[\0-\x09\x0b-\x1f]/.test(text)) { throw new Error('no signed note'); }
  const lines = text.slice(split + 2).split('\n').slice(0, -1);
  if (lines.length === 0 || lines.length > 100) { throw new Error('no signature, or more than 100'); }
  return { text: text.slice(0, split + 1), signatures: lines.map(line => {
    const [dash, name, base64, ...more] = line.split(' ');
    const signed = fromBase64(base64);
    if (dash !== '\u2014' || more.length > 0 || !isKeyName(name) || signed.length <= 4) { throw new Error('a signature line is malformed'); }
    return { name, id: hexOf(signed.subarray(0, 4)), bytes: signed.subarray(4) };
  }) };
}

function parseCheckpoint(text) {
  const [origin, size, root, ...rest] = text.split('\n');
  if (!origin || !/^(0|[1-9][0-9]*)$/.test(size ?? '') || !Number.isSafeInteger(Number(size)) || rest.length !== 1 || rest[0] !== ''
    || fromBase64(root).length !== 32) { throw new Error('the checkpoint is not three lines of origin, size and root'); }
  return { origin, size: Number(size), root: fromBase64(root) };
}

/** A verifier key: name+id+base64(type, key). Types: 1 Ed25519, 2 ECDSA P-256, 4 a witness' Ed25519. */
function parseKey(text) {
  const [name, id, ...rest] = text.split('+');
  const bytes = fromBase64(rest.join('+'));
  const [type, key] = [bytes[0], bytes.subarray(1)];
  const named = type === 2 ? key : concat(bytesOf(`${name}\n`), bytes);
  if (!isKeyName(name) || ![1, 2, 4].includes(type) || (type !== 2 && key.length !== 32) || hexOf(sha256(named).subarray(0, 4)) !== id) {
    throw new Error('The verifier key is not name+id+base64, or its id does not belong to it.');
  }
  return { text, name, id, type, key };
}

const isOf = (key, line) => line.name === key.name && line.id === key.id;

async function isSigned(key, text, line) {
  if (key.type === 2) {
    const spki = await crypto.subtle.importKey('spki', key.key, { name: 'ECDSA', namedCurve: 'P-256' }, false, ['verify']);
    return crypto.subtle.verify({ name: 'ECDSA', hash: 'SHA-256' }, spki, plainOfDer(line.bytes), bytesOf(text));
  }
  let [signed, signature] = [bytesOf(text), line.bytes];
  if (key.type === 4) {
    const time = new DataView(signature.buffer, signature.byteOffset).getBigUint64(0);
    [signed, signature] = [bytesOf(`cosignature/v1\ntime ${time}\n${text}`), signature.subarray(8)];
  }
  const raw = await crypto.subtle.importKey('raw', key.key, 'Ed25519', false, ['verify']);
  return signature.length === 64 && crypto.subtle.verify('Ed25519', raw, signature, signed);
}

/** SEQUENCE of two INTEGERs, to 64 bytes. */
function plainOfDer(der) {
  const plain = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const value = der.subarray(at + 2, at + 2 + der[at + 1]);
    const digits = value[0] === 0 ? value.subarray(1) : value;
    if (der[at] !== 2 || digits.length > 32) { return new Uint8Array(0); }
    plain.set(digits, end - digits.length);
    at += 2 + value.length;
  }
  return der[0] === 0x30 && at === der.length && der[1] === der.length - 2 ? plain : new Uint8Array(0);
}

/** C2SP tlog-proof without extra data. */
function parseProof(bytes) {
  const latin = Array.from(bytes, byte => String.fromCharCode(byte)).join('');
  const end = latin.indexOf('\n\n');
  const [header, index, ...path] = latin.slice(0, end).split('\n');
  const found = /^index (0|[1-9][0-9]{0,15})$/.exec(index ?? '');
  const hashes = path.map(fromBase64);
  if (end < 0 || header !== 'c2sp.org/tlog-proof@v1' || !found || hashes.some(hash => hash.length !== 32)) { throw new Error('no proof'); }
  return { index: Number(found[1]), path: hashes, note: bytes.subarray(end + 2) };
}
