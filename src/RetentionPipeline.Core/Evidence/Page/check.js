// Verifies a bundle: reads it strictly, checks it against the key, writes everything again and compares.
const guideForm = '@GUIDE@';
const attempt = (read, failed) => { try { return read(); } catch (problem) { return failed(problem); } };

/** The facts that all other files follow from; what cannot be read is reported, and null where nothing can follow. */
function readFacts(files, key, report) {
  const contents = new Map([...files].reverse().map(file => [file.name, file.content]));
  const facts = { files, leaves: [], shown: [], policyTexts: new Set(), anchors: [], note: contents.get('checkpoint') };
  const [entries, proofs] = [new Map(), new Map()];
  for (const file of files) {
    const [kind, id, place] = kindOf(file.name) ?? [];
    const read = (rule, message, reader) => attempt(reader, () => report(file.name, rule, message));
    if (!kind) { report(file.name, 'extra-file', 'No bundle has a file of this name: it was added, and nothing proves it.'); }
    if (kind === 'entry') { entries.set(Number(id), file.content); }
    if (kind === 'proof') {
      read('proof', 'The file is no proof of this leaf. Ask for the bundle again.', () => {
        const proof = parseProof(file.content);
        if (proof.index !== Number(id)) { throw new Error('another leaf'); }
        proofs.set(proof.index, proof);
      });
    }
    if (kind === 'record') {
      read('record', 'The file is no opening of a record in canonical form. Ask for the bundle again.', () => facts.shown.push(readRecord(id, Number(place), file)));
    }
    if (kind === 'policy') {
      if (hexOf(sha256(file.content)) === id) { facts.policyTexts.add(id); } else { report(file.name, 'policy', 'The text is not the policy of this hash: it was changed.'); }
    }
    if (kind === 'stamp' || kind === 'cosignature') { facts.anchors.push({ ...file, kind }); }
  }
  for (const name of singles.filter(single => !contents.has(single))) { report(name, 'missing', 'The file is missing. Ask for the whole bundle.'); }
  if (contents.has('keys/verifiers.txt') && !same(contents.get('keys/verifiers.txt'), bytesOf(`${key.text}\n`))) {
    report('keys/verifiers.txt', 'key', 'The bundle was written for another key than the one given: whoever wrote it wants that one to be trusted.');
  }
  for (const index of entries.keys()) { if (!proofs.has(index)) { report(`entries/${index}.json`, 'proof', 'The leaf is without a readable proof: nothing says that it is in the log.'); } }
  for (const index of proofs.keys()) { if (!entries.has(index)) { report(`proofs/${index}.tlog-proof`, 'proof', 'The proof is without its leaf.'); } }
  facts.leaves = [...entries.keys()].filter(index => proofs.has(index)).sort((one, other) => one - other)
    .map(index => ({ index, bytes: entries.get(index), proof: proofs.get(index) }));
  facts.shown.sort((one, other) => byName(one.operation, other.operation) || one.place - other.place);
  if (!facts.note || !contents.has('manifest.json')) { return null; }
  const manifest = attempt(() => parseCanonical(contents.get('manifest.json')), () => null);
  if (manifest) { checkHashes(manifest, contents, report); }
  return attempt(() => ({ ...facts, ...readManifest(manifest) }), () => {
    report('manifest.json', 'manifest', 'The manifest is not one of this format: it does not name the request or what is stated. Ask for the bundle again.');
    return null;
  });
}

function readManifest({ policies, request, scope, stated }) {
  if (scope !== undefined) { return { policyFacts: policies, scope: need(scope, { scan: 't?', dataset: 't?', from: 't?', to: 't?' }) }; }
  const isGood = new RegExp(`^${idForm}$`).test(request) && stated.datasets.every(one => isText(one.dataset) && (one.expectedBy === undefined || isTime(one.expectedBy)))
    && stated.forgotten.every(isText) && stated.subjects.every(one => isText(one.pseudonym) && isText(one.salt));
  if (!isGood) { throw new Error('no manifest'); }
  return { policyFacts: policies, request, stated };
}

/** A manifest proves nothing, but it tells which file is not the one that was written. */
function checkHashes(manifest, contents, report) {
  if (!Array.isArray(manifest.files) || !manifest.files.every(file => isText(file.name) && isText(file.sha256))) { return; }
  const listed = new Map(manifest.files.map(file => [file.name, file.sha256]));
  for (const name of listed.keys()) {
    if (!contents.has(name) && !singles.includes(name)) { report(name, 'missing', 'The manifest lists this file, and it is not there. Ask for the whole bundle.'); }
  }
  for (const [name, content] of contents) {
    if (name === 'manifest.json') { continue; }
    if (!listed.has(name)) { report(name, 'extra-file', 'The manifest does not list this file: it was added.'); }
    else if (listed.get(name) !== hexOf(sha256(content))) { report(name, 'hash', 'The file is not the one that the manifest lists: one of the two was changed.'); }
  }
}

function readRecord(operation, place, file) {
  const json = parseCanonical(file.content);
  const { entry, entryPath, opening, openingPath } = json;
  const paths = [entryPath, openingPath].map(path => path.map(hash => fromHex(hash, 32)));
  const fields = Object.keys(opening).length;
  if (Object.keys(json).length !== 4 || fields !== (opening.commitment === undefined ? 4 : 1) || !isText(entry.commitment)) { throw new Error('no record'); }
  const record = { name: file.name, operation, place, entry, entryPath: paths[0], openingPath: paths[1] };
  if (fields === 1) { fromHex(opening.commitment, 32); return { ...record, opening: { ...opening, subjects: [] } }; }
  need(opening, { record: 't', salt: 't', version: 't' });
  const subjects = opening.subjects.map(subject => {
    need(subject, { hash: 't', pseudonym: 't?', salt: 't?' });
    return subject;
  });
  return { ...record, opening: { ...opening, subjects } };
}

const subjectHash = subject => hexOf(sha256(concat([0], fromHex(subject.salt), bytesOf(subject.pseudonym))));
const commitmentOf = ({ commitment, salt, record, subjects, version }) => commitment !== undefined ? fromHex(commitment, 32) : sha256(concat([0], fromHex(salt),
  bytesOf(canonical({ record, subjects: subjects.map(subject => subject.hash).sort(), version }))));

async function checkLog(facts, key, report) {
  let note;
  try {
    note = parseNote(facts.note);
    facts.checkpoint = parseCheckpoint(note.text);
    const lines = note.signatures.filter(line => isOf(key, line));
    const signed = await Promise.all(lines.map(line => isSigned(key, note.text, line)));
    if (facts.checkpoint.origin !== key.name || lines.length === 0 || !signed.every(Boolean)) { throw new Error('The checkpoint bears no valid signature of the key given.'); }
  } catch (problem) {
    report('checkpoint', 'checkpoint', problem.name === 'NotSupportedError' ? 'This browser has no Ed25519: take a newer one.' : `The checkpoint is not signed by the key given (${problem.message}).`);
    return false;
  }
  let isWell = true;
  for (const { index, bytes, proof } of facts.leaves) {
    if (!same(proof.note, facts.note)) { report(`proofs/${index}.tlog-proof`, 'proof', "The proof is under another checkpoint than the bundle's."); }
    if (!isIncluded(index, facts.checkpoint.size, leafHash(bytes), proof.path, facts.checkpoint.root)) {
      report(`entries/${index}.json`, 'inclusion', 'The proof does not lead from this leaf to the signed root: leaf or proof was changed.');
      isWell = false;
    }
    if (!attempt(() => parseLeaf(bytes), () => null)) {
      report(`entries/${index}.json`, 'canonical', 'The file is no leaf in canonical form.');
      isWell = false;
    }
  }
  return isWell;
}

/** What was checked: a file that nobody can check raises no grade. */
async function checkAnchors(facts, witnesses, report, unchecked) {
  const vouched = [];
  for (const { name, content, kind } of facts.anchors) {
    const wrong = () => report(name, 'anchor', 'The file does not vouch for this checkpoint: it is of another one, or its signature is not valid.');
    if (kind === 'stamp') {
      // RFC 3161 section 2.4.2: the imprint is an OCTET STRING of 32 bytes.
      if (!hexOf(content).includes(`0420${hexOf(sha256(facts.note))}`)) { wrong(); continue; }
      unchecked.push(`the time stamp ${name}: openssl ts -verify checks who signed it, and when (VERIFY.md)`);
      continue;
    }
    try {
      const { text, signatures } = parseNote(content);
      const known = signatures.filter(line => witnesses.some(witness => isOf(witness, line)));
      const signed = await Promise.all(known.map(line => isSigned(witnesses.find(witness => isOf(witness, line)), text, line)));
      if (text !== parseNote(facts.note).text || !signed.every(Boolean)) { wrong(); }
      else if (known.length === 0) { unchecked.push(`the cosignature ${name}: give the witness' key to check it`); }
      else { vouched.push(name); }
    } catch { wrong(); }
  }
  return vouched;
}

function checkPolicies(facts, log, report, unchecked) {
  for (const hash of log.named) {
    if (!facts.policyTexts.has(hash) || !log.policies.has(hash)) { report(`policy/${hash}.yaml`, 'policy', 'Something was decided under this policy; its text or its leaf is missing.'); }
  }
  for (const hash of facts.policyTexts) {
    if (!log.named.has(hash)) { report(`policy/${hash}.yaml`, 'extra-file', 'Nothing in the bundle was decided under this policy.'); }
  }
  for (const hash of facts.policyTexts) {
    const [leaf, stated] = [log.policies.get(hash), facts.policyFacts[hash]];
    if (leaf && leaf.body.facts === undefined) { unchecked.push(`the datasets of policy ${hash}: its leaf is of an older form`); }
    else if (!stated || (leaf && leaf.body.facts !== hexOf(sha256(bytesOf(canonical(stated)))))) {
      report('manifest.json', 'not-proved', 'What is said of a policy is not what its leaf commits to.');
    }
  }
}

function checkBelonging(facts, log, report) {
  const isOfRequest = ({ id, start }) => start?.body.purpose === 'request' && isTime(start.body.cutOff)
    && (isTaskOf(facts.request, start.body.dataset, id)
      || ((log.told.some(leaf => leaf.body.tasks?.includes(id)) || facts.stated.datasets.some(one => one.scan === id)) && isWindowOf(start.body.dataset, id, start.body.cutOff)));
  const isInScope = ({ id, start }) => start && (facts.scope.scan ?? id) === id && (facts.scope.dataset ?? start.body.dataset) === start.body.dataset
    && (facts.scope.from ?? start.at) <= start.at && (facts.scope.to === undefined || start.at < facts.scope.to);
  const ours = new Set([...log.scans.values()].filter(facts.scope ? isInScope : isOfRequest).map(scan => scan.id));
  const belongs = leaf => ({
    policy: () => log.named.has(leaf.id), request: () => !facts.scope && leaf.id === facts.request, scan: () => ours.has(leaf.id), purged: () => ours.has(leaf.id),
    intent: () => ours.has(leaf.body.scan), outcome: () => ours.has(leaf.body.scan), correction: () => log.intents.has(leaf.id),
  })[leaf.type]?.() ?? false;
  for (const leaf of log.leaves.filter(one => !belongs(one))) { report(`entries/${leaf.index}.json`, 'foreign-leaf', 'The leaf is not about what this bundle is about.'); }
  if (facts.scope && log.scans.size === 0) { report('manifest.json', 'scope', 'The bundle is about scans, and holds none.'); }
  for (const shown of facts.scope ? facts.shown : []) { report(shown.name, 'subjects', 'A bundle of scans shows no record, and this is one.'); }
}

const committedOf = log => new Set(log.told.filter(leaf => leaf.part === 'accepted').flatMap(leaf => leaf.body.subjects ?? []));

/** What the pipeline states besides the log, where the log can contradict it. */
function checkStatement(facts, log, report) {
  const { stated } = facts;
  const wrong = (rule, message) => report('manifest.json', rule, message);
  if (stated.event !== undefined && derivedId(rootSpace, 'request', log.receipt.body.source, stated.event) !== facts.request) {
    wrong('event', "The request's id does not follow from its source and the event id that is stated.");
  }
  const committed = committedOf(log);
  if (stated.subjects.some(subject => subjectHash(subject) !== subject.hash || !committed.has(subject.hash))) {
    wrong('subjects', 'A subject is stated that the acceptance of the request does not commit to.');
  }
  const names = log.receipt.part === 'rejected' ? [] : (log.inForce?.datasets ?? []).map(one => one.name);
  if (!log.inForce) {
    report(`policy/${log.receipt.body.policy}.yaml`, 'policy', 'The policy at the receipt is not here: nothing says which datasets must report.');
  } else if (canonical(names) !== canonical(stated.datasets.map(one => one.dataset))) {
    wrong('datasets', 'The datasets are not those of the policy that was in force at the receipt: each must be there once.');
  }
  for (const one of stated.datasets) { if (!fits(one, log)) { wrong('dataset-state', 'What is stated of a dataset is not what the leaves say.'); } }
  if (stated.forgotten.some(id => !log.outcomes.has(id))) { wrong('records', 'Records are stated as forgotten that no leaf is about.'); }
}

function fits({ dataset, scan: id, reason, expectedBy }, log) {
  const scan = log.scans.get(id);
  if ((id !== undefined && (!scan?.start || log.datasetOf(scan) !== dataset)) || (reason === undefined && expectedBy !== undefined)
    || (reason !== undefined && !/^[a-z-]*$/.test(reason))) { return false; }
  const ended = log.end?.body.tasks.find(task => log.scans.has(task) && log.datasetOf(log.scans.get(task)) === dataset);
  if (reason !== undefined) {
    return !log.end || (stateOf(log.end) === 'partially-completed' && ended !== undefined && log.scans.get(ended).close?.body.counts.retained !== undefined);
  }
  return scan ? scan.close !== undefined && (!log.end || ended === id)
    : ended === undefined && log.inForce?.datasets.find(one => one.name === dataset)?.searchable === false;
}

/** Each record leads to the roots of its operation; none that must be shown is missing. */
function checkRecords(facts, log, report) {
  const persons = facts.stated.subjects.map(subject => subject.pseudonym);
  const mustName = persons.length > 0 && persons.length === committedOf(log).size;
  for (const shown of facts.shown) {
    const [intent, outcome] = [log.intents.get(shown.operation), log.outcomes.get(shown.operation)];
    if (!intent || !outcome) { report(shown.name, 'record', 'The record is of an operation whose intent and outcome are not in the bundle.'); continue; }
    const commitment = commitmentOf(shown.opening);
    if (shown.entry.commitment !== hexOf(commitment) || !isIncluded(shown.place, intent.body.count, commitment, shown.openingPath, fromHex(intent.body.root, 32))) {
      report(shown.name, 'opening', "The opening does not lead to the root of the operation's intent: it was changed.");
    }
    if (!isIncluded(shown.place, outcome.body.count, leafHash(bytesOf(canonical(shown.entry))), shown.entryPath, fromHex(outcome.body.root, 32))) {
      report(shown.name, 'entry', "What is said of the record does not lead to the root of the operation's outcome: it was changed.");
    }
    const opened = shown.opening.subjects.filter(subject => subject.pseudonym !== undefined);
    const isSearch = log.isSearch(log.scans.get(outcome.body.scan));
    if (opened.some(subject => subjectHash(subject) !== subject.hash || !persons.includes(subject.pseudonym)) || (!isSearch && mustName && shown.opening.commitment === undefined && opened.length === 0)) {
      report(shown.name, 'subjects', 'The record shows a person whom the request is not about, or not the one whom it is about.');
    }
    if (isSearch && shown.entry.result === 'absent') { report(shown.name, 'records', "A file of a log without a line of the request's persons is counted, not shown."); }
  }
  for (const [operation, { body }] of log.outcomes) {
    const due = facts.stated.forgotten.includes(operation) ? 0 : log.isSearch(log.scans.get(body.scan)) ? body.count - (body.counts.absent ?? 0) : body.count;
    const there = facts.shown.filter(shown => shown.operation === operation).length;
    if (there !== due) { report(`claims/${operation}.json`, 'records', `${there} records of the operation are shown, and ${due} must be. Ask for the whole bundle.`); }
  }
}

/** Every file that a bundle of these facts has. */
function writtenAgain(facts, log, claims, key, page) {
  const guide = guideForm.replaceAll('@LEAF@', String(facts.leaves[facts.leaves.length - 1].index))
    .replaceAll('@STAMP@', facts.anchors.find(anchor => anchor.kind === 'stamp')?.name ?? 'anchors/PARTY.tsr');
  const given = facts.files.filter(({ name }) => {
    const [kind, id] = kindOf(name) ?? [];
    return name === 'checkpoint' || ['stamp', 'cosignature'].includes(kind) || (kind === 'policy' && facts.policyTexts.has(id))
      || (['entry', 'proof'].includes(kind) && facts.leaves.some(leaf => leaf.index === Number(id))) || (kind === 'record' && facts.shown.some(shown => shown.name === name));
  });
  const written = new Map([...given.map(({ name, content }) => [name, content]), ['keys/verifiers.txt', bytesOf(`${key.text}\n`)],
    ['certificate.html', bytesOf(certificateOf(facts, log, claims))], ['verify.html', bytesOf(page)], ['VERIFY.md', bytesOf(guide)]]);
  for (const operation of log.intents.keys()) { written.set(`claims/${operation}.json`, bytesOf(canonical(claimFile(operation, facts, log)))); }
  const files = [...written].map(([name, content]) => ({ name, content })).sort((one, other) => byName(one.name, other.name));
  return written.set('manifest.json', bytesOf(canonical(manifestOf(facts, log, claims, files))));
}

/** All that is wrong, what is unchecked, and, where nothing is wrong, what the bundle proves. */
async function verifyBundle(bytes, keys, page) {
  const [problems, unchecked] = [[], []];
  const report = (file, rule, message) => { if (!problems.some(one => one.file === file && one.rule === rule)) { problems.push({ file, rule, message }); } };
  const files = readZip(bytes, report);
  if (files.length === 0) { report('zip', 'zip', 'The file holds no bundle.'); return { problems, unchecked, claims: [] }; }
  const facts = readFacts(files, keys[0], report);
  if (!facts) { return { problems, unchecked, claims: [] }; }
  const isRead = await checkLog(facts, keys[0], report);
  const vouched = await checkAnchors(facts, keys.slice(1), report, unchecked);
  let claims = [];
  if (isRead) {
    try {
      const log = new BundleLog(facts);
      checkPolicies(facts, log, report, unchecked);
      checkMeaning(log, facts, report);
      checkBelonging(facts, log, report);
      if (!facts.scope) { checkStatement(facts, log, report); checkRecords(facts, log, report); }
      claims = claimsOf(facts, log);
      const written = writtenAgain(facts, log, claims, keys[0], page);
      const there = new Map(files.map(file => [file.name, file.content]));
      for (const [name, content] of written) {
        if (!there.has(name)) { report(name, 'missing', 'The file is missing. Ask for the whole bundle.'); }
        else if (!same(there.get(name), content)) { report(name, 'not-proved', name === 'verify.html' ? 'The page in the bundle is not this one: it was changed, or is of another version. Do not use it.' : 'The file is not what the leaves and openings say: it was changed.'); }
      }
      for (const { name } of files) { if (!written.has(name)) { report(name, 'extra-file', 'Nothing in the leaves leads to this file: it was added.'); } }
      const [named, committed] = [facts.stated?.subjects.length, committedOf(log).size];
      if (named < committed) { unchecked.push(`whom the records name: ${named} of the person's ${committed} identifiers are opened`); }
      for (const one of facts.stated?.datasets ?? []) { if (one.reason !== undefined) { unchecked.push(`dataset ${one.dataset} is open, ${one.reason}: the operator's own word`); } }
      for (const { operation, place } of facts.shown.filter(one => one.opening.commitment !== undefined)) { unchecked.push(`record ${place} of operation ${operation}: not shown; the operator says that its opening was forgotten`); }
      for (const id of facts.stated?.forgotten ?? []) { unchecked.push(`records of operation ${id}: not shown; the operator says that its openings are not kept any more`); }
    } catch {
      report('manifest.json', 'content', 'Leaves, records and statement do not fit together, so that the claims cannot be written again. Ask for the whole bundle.');
    }
  }
  return { problems, unchecked, claims: problems.length === 0 ? claims : [], vouched };
}
