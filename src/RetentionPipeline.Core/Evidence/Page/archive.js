// The archive: ZIP in one form only (stored, sorted, dated 1980), so that it can be written again and compared.
const crcTable = Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) { value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1; }
  return value;
});

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) { crc = crcTable[(crc ^ byte) & 255] ^ (crc >>> 8); }
  return ~crc;
}

const number16 = value => [value & 255, (value >>> 8) & 255];
const number32 = value => [...number16(value), ...number16(value >>> 16)];

function writeZip(files) {
  const [local, central] = [[], []];
  let at = 0;
  for (const { name, content } of files) {
    const described = [10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0, ...number32(crc32(content)), ...number32(content.length),
      ...number32(content.length), ...number16(name.length), 0, 0];
    central.push([0x50, 0x4b, 1, 2, 20, 0, ...described, ...new Array(10).fill(0), ...number32(at)], bytesOf(name));
    const parts = [[0x50, 0x4b, 3, 4, ...described], bytesOf(name), content];
    local.push(...parts);
    at += parts.reduce((sum, part) => sum + part.length, 0);
  }
  const length = central.reduce((sum, part) => sum + part.length, 0);
  return concat(...local, ...central,
    [0x50, 0x4b, 5, 6, 0, 0, 0, 0, ...number16(files.length), ...number16(files.length), ...number32(length), ...number32(at), 0, 0]);
}

function readZip(bytes, report) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const files = [];
  let at = 0;
  while (bytes.length - at >= 30 && view.getUint32(at, true) === 0x04034b50) {
    const [length, stored, nameLength] = [view.getUint32(at + 22, true), view.getUint32(at + 18, true), view.getUint16(at + 26, true)];
    const name = String.fromCharCode(...bytes.subarray(at + 30, at + 30 + nameLength));
    if (view.getUint32(at + 6, true) !== 0 || view.getUint16(at + 28, true) !== 0 || stored !== length || nameLength === 0
      || bytes.length - at - 30 < nameLength + length || !/^[!-~]+$/.test(name)) {
      report('zip', 'zip', `File ${files.length + 1} of the archive is not stored as a bundle's are, or cut off. Ask for the bundle as it was written: do not repack it.`);
      return files;
    }
    if (files.length > 0 && files[files.length - 1].name >= name) {
      report(name, 'order', 'The file stands twice in the archive, or not in the order of the names. Ask for the bundle as it was written.');
    }
    files.push({ name, content: bytes.subarray(at + 30 + nameLength, at + 30 + nameLength + length) });
    at += 30 + nameLength + length;
  }
  if (!same(writeZip(files), bytes)) {
    report('zip', 'zip', 'The archive is not the one that its files make: a time, a checksum, its directory or what follows was changed. Ask for the bundle as it was written.');
  }
  return files;
}

const idForm = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
const numberForm = '0|[1-9][0-9]{0,14}';
const nameForms = [
  ['claim', new RegExp(`^claims/(${idForm})\\.json$`)], ['entry', new RegExp(`^entries/(${numberForm})\\.json$`)],
  ['proof', new RegExp(`^proofs/(${numberForm})\\.tlog-proof$`)], ['record', new RegExp(`^records/(${idForm})/(0|[1-9][0-9]{0,5})\\.json$`)],
  ['policy', /^policy\/([0-9a-f]{64})\.yaml$/], ['stamp', /^anchors\/[A-Za-z0-9._-]{1,200}\.tsr$/],
  ['cosignature', /^anchors\/[A-Za-z0-9._-]{1,200}\.note$/],
];
const singles = ['VERIFY.md', 'certificate.html', 'checkpoint', 'keys/verifiers.txt', 'manifest.json', 'verify.html'];

/** What a file is, by its name: [kind, id, number]; null for a name that no bundle has. */
function kindOf(name) {
  if (singles.includes(name)) { return [name]; }
  for (const [kind, form] of nameForms) {
    const found = form.exec(name);
    if (found) { return [kind, found[1], found[2]]; }
  }
  return null;
}
