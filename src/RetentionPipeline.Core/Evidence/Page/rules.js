// What the leaves of a bundle mean together: the rules of docs/ledger/leaves.md, as far as a bundle can break them.
const rootSpace = '6f2b8d0e-2d6a-4f0c-9a52-8b1f6f3f6f11';
const results = ['erased', 'absent', 'anonymised', 'retained', 'changed', 'deferred', 'failed'];
const byName = (one, other) => one < other ? -1 : one > other ? 1 : 0;
const sum = numbers => numbers.reduce((all, number) => all + number, 0);
const isCounts = value => value !== null && typeof value === 'object' && Object.values(value).every(Number.isSafeInteger);

/** Each named field has the form that its letter says: t text, n number, c counts, l list of texts; ? may be missing. */
function need(body, fields) {
  for (const [name, form] of Object.entries(fields)) {
    const value = body[name];
    const holds = { t: isText, n: Number.isSafeInteger, c: isCounts, l: list => Array.isArray(list) && list.every(isText) }[form[0]](value);
    if (!holds && !(form.endsWith('?') && value === undefined)) { throw new Error(`body: ${name}`); }
  }
  return body;
}

const bodyForms = {
  intent: { scan: 't', dataset: 't', count: 'n', holds: 'n', policy: 't', root: 't', parent: 't?' },
  outcome: { scan: 't', dataset: 't', count: 'n', counts: 'c', holds: 'n', policy: 't', root: 't', child: 't?' },
  start: { action: 't', cutOff: 't', dataset: 't', policy: 't', purpose: 't', rule: 't', slices: 'n', requests: 'n?' },
  close: { counts: 'c', cutOff: 't', dataset: 't', due: 'n', examined: 'n', kept: 'c', notActed: 'n', operations: 'n', policy: 't', root: 't',
    rule: 't', status: 't', undated: 'n', consistency: 't?' },
  told: { source: 't', policy: 't', datasets: 'n?' },
  ended: { source: 't', count: 'n', root: 't', state: 't', tasks: 'l' },
  purged: { count: 'n', dataset: 't', until: 't' },
  policy: { name: 't', policy: 't', facts: 't?' },
  correction: {},
};

function formOf(leaf) {
  if (leaf.type === 'scan') { return leaf.part === 'start' ? 'start' : 'close'; }
  if (leaf.type === 'request') { return ['accepted', 'parked', 'rejected'].includes(leaf.part) ? 'told' : 'ended'; }
  return leaf.type;
}

const stateOf = told => told.part.split('.')[0];
const isTaskOf = (request, dataset, scan) => {
  for (let number = 0; number < 1000; number++) {
    if (derivedId(request, dataset, ...(number === 0 ? [] : [String(number)])) === scan) { return true; }
  }
  return false;
};
const isWindowOf = (dataset, scan, cutOff) => {
  for (let days = 0; days <= 366; days++) {
    const window = Math.floor(Math.floor(Date.parse(cutOff) / 1000) / (days === 0 ? 1 : days * 86400)) - 1;
    if (derivedId(rootSpace, 'window', dataset, String(window)) === scan) { return true; }
  }
  return false;
};

const addCopies = (one, other) => !one ? other : !other ? one : { count: one.count + other.count, until: one.until > other.until ? one.until : other.until };

/** The leaves, by what they are about. */
class BundleLog {
  constructor(facts) {
    Object.assign(this, { leaves: [], told: [], scans: new Map(), intents: new Map(), outcomes: new Map(), policies: new Map(),
      corrections: new Map(), purged: new Map(), named: new Set(), keys: new Map(), twice: [] });
    for (const { index, bytes } of facts.leaves) {
      const leaf = { index, hash: leafHash(bytes), ...parseLeaf(bytes) };
      this.leaves.push(leaf);
      const key = `${leaf.type} ${leaf.id} ${leaf.part}`;
      if (this.keys.has(key)) { this.twice.push(leaf); continue; }
      this.keys.set(key, leaf);
      if (!bodyForms[formOf(leaf)]) { continue; }
      need(leaf.body, bodyForms[formOf(leaf)]);
      this.take(leaf);
    }
    this.receipt = this.told.findLast(leaf => formOf(leaf) === 'told');
    this.end = this.told.findLast(leaf => formOf(leaf) === 'ended');
    if (!facts.scope && !this.receipt) { throw new Error('The bundle holds no leaf that says how the request was received.'); }
    this.inForce = !facts.scope && facts.policyTexts.has(this.receipt.body.policy) ? facts.policyFacts[this.receipt.body.policy] : undefined;
  }

  take(leaf) {
    const { type, id, body } = leaf;
    if (isText(body.policy) && type !== 'policy') { this.named.add(body.policy); }
    if (type === 'policy') { this.policies.set(id, leaf); }
    if (type === 'request') { this.told.push(leaf); }
    if (type === 'scan') { this.scanOf(id)[formOf(leaf)] = leaf; }
    if (type === 'purged') { this.purged.set(id, leaf); }
    if (type === 'intent') { this.intents.set(id, leaf); this.scanOf(body.scan).operations.push(id); }
    if (type === 'outcome') { this.outcomes.set(id, leaf); }
    if (type === 'correction') { this.corrections.set(id, [...this.corrections.get(id) ?? [], leaf.index]); }
  }

  scanOf(id) {
    if (!this.scans.has(id)) { this.scans.set(id, { id, operations: [] }); }
    return this.scans.get(id);
  }

  isSearch(scan) { return scan.start?.body.action === 'anonymise'; }

  datasetOf(scan) { return (scan.start ?? scan.close)?.body.dataset; }

  /** Copies that the outcomes of a scan disclose. */
  copiesOf(scan) { return scan.operations.map(id => this.outcomes.get(id)?.body.residuals).reduce(addCopies, undefined); }

  ownLeaves(scan) { return [scan.start, scan.close, this.purged.get(scan.id)].filter(leaf => leaf).map(leaf => leaf.index); }

  leavesOf(operation) {
    return [this.intents.get(operation), this.outcomes.get(operation)].filter(leaf => leaf).map(leaf => leaf.index)
      .concat(this.corrections.get(operation) ?? []);
  }
}

function checkMeaning(log, facts, report) {
  const at = (leaf, rule, message) => report(`entries/${leaf.index}.json`, rule, message);
  for (const leaf of log.twice) { at(leaf, leaf.type === 'outcome' ? 'two-outcomes' : 'same-key', 'A second leaf about the same, with other bytes.'); }
  for (const intent of log.intents.values()) {
    if (!log.policies.has(intent.body.policy)) { at(intent, 'policy-unknown', 'The intent names a policy whose leaf is not in the bundle.'); }
  }
  for (const outcome of log.outcomes.values()) { checkOutcome(log, outcome, at); }
  for (const scan of log.scans.values()) { if (scan.close) { checkScan(log, scan, at); } }
  for (const purged of log.purged.values()) {
    const scan = log.scans.get(purged.id);
    const copies = scan && log.copiesOf(scan);
    if (!scan?.close || !copies || copies.count !== purged.body.count || copies.until !== purged.body.until || scan.close.index > purged.index) {
      at(purged, 'purged-undisclosed', 'Copies are said to be gone that no outcome disclosed.');
    } else if (purged.at < copies.until) {
      at(purged, 'purged-early', 'Copies are said to be gone before the time that is disclosed.');
    }
  }
  for (const id of new Set(log.told.map(leaf => leaf.id))) { checkRequest(log, facts, id, at); }
}

function checkOutcome(log, outcome, at) {
  const { id, body } = outcome;
  const intent = log.intents.get(id);
  const isThere = intent && intent.index < outcome.index;
  if (!isThere) { at(outcome, 'outcome-without-intent', 'The outcome has no intent before it.'); }
  if (isThere && (intent.body.count !== body.count || sum(Object.values(body.counts)) !== body.count || !Object.keys(body.counts).every(word => results.includes(word)))) {
    at(outcome, 'counts', 'The outcome states other numbers than its intent, or than its own sum.');
  }
  if (isThere && outcome.at < intent.at) { at(outcome, 'time-backwards', 'The outcome is older than its intent.'); }
  const deferred = body.counts.deferred ?? 0;
  if ((deferred > 0) !== (body.child !== undefined)) { at(outcome, 'child', 'The outcome defers records and names no child, or the other way round.'); }
  const child = log.intents.get(body.child);
  if (child && (child.body.parent !== id || child.body.count !== deferred)) { at(child, 'child', 'The child does not take up what was deferred.'); }
  if (child && child.at < outcome.at) { at(child, 'time-backwards', 'The child is older than the outcome that deferred its records.'); }
}

/** Every chain has ended, the counts add up, and the root is that of exactly these operations, in their order. */
function checkScan(log, scan, at) {
  const { close, operations } = scan;
  for (const id of operations) {
    const outcome = log.outcomes.get(id);
    if (!outcome) { at(log.intents.get(id), 'chain-open', 'The scan is closed, and this operation has no outcome.'); }
    if (outcome?.body.child && !operations.includes(outcome.body.child)) { at(outcome, 'chain-open', 'The scan is closed, and nobody took up what was deferred.'); }
  }
  const ordered = [];
  for (let slice = 0; slice < (scan.start?.body.slices ?? 0) && ordered.length < operations.length; slice++) {
    for (let number = 0; number < 4 * operations.length + 1000 && ordered.length < operations.length; number++) {
      for (let id = derivedId(scan.id, String(slice), String(number)); operations.includes(id) && log.outcomes.has(id); id = derivedId(id, 'deferred')) {
        ordered.push(id);
      }
    }
  }
  const root = merkleRoot(ordered.map(id => leafHash(bytesOf(canonical({ operation: id, outcome: hexOf(log.outcomes.get(id).hash) })))));
  if (close.body.operations !== ordered.length || close.body.root !== hexOf(root) || ordered.length !== operations.length) {
    at(close, 'scan-operations', 'The closing leaf does not commit to the operations that the bundle holds.');
  }
  const sums = {};
  for (const [word, count] of operations.flatMap(id => Object.entries(log.outcomes.get(id)?.body.counts ?? {}))) {
    if (word !== 'deferred') { sums[word] = (sums[word] ?? 0) + count; }
  }
  if (canonical(sums) !== canonical(close.body.counts) || close.body.due !== sum(Object.values(sums)) + close.body.notActed) {
    at(close, 'scan-counts', 'The counts of the scan do not add up to those of its operations.');
  }
}

const follows = (before, leaf, partly) => {
  const state = stateOf(leaf);
  if (before === undefined) { return ['parked', 'accepted', 'rejected'].includes(state); }
  if (before === 'parked') { return ['accepted', 'rejected'].includes(state); }
  return ['accepted', 'partially-completed'].includes(before)
    && (leaf.part === 'completed' || leaf.part === (partly === 0 ? 'partially-completed' : `partially-completed.${partly}`));
};

/** From the receipt to the end in lawful steps; the end states exactly what the scans say that it names. */
function checkRequest(log, facts, id, at) {
  const leaves = log.told.filter(leaf => leaf.id === id);
  let [before, accepted, partly] = [undefined, undefined, 0];
  for (const leaf of leaves) {
    if (!follows(before && stateOf(before), leaf, partly)) { at(leaf, 'request-order', `The request is ${leaf.part} after ${before?.part ?? 'nothing'}, which no request can be.`); }
    if (before && (leaf.body.source !== before.body.source || (leaf.body.policy !== undefined && leaf.body.policy !== leaves[0].body.policy))) {
      at(leaf, 'request-receipt', 'The leaf names another source or policy than the receipt.');
    }
    if (before && leaf.at < before.at) { at(leaf, 'time-backwards', 'The request moved on before it was there.'); }
    if (leaf.body.policy !== undefined && !log.policies.has(leaf.body.policy)) { at(leaf, 'policy-unknown', 'The request names a policy whose leaf is not in the bundle.'); }
    accepted = leaf.part === 'accepted' ? leaf : accepted;
    if (formOf(leaf) === 'ended') { checkEnd(log, facts, accepted, leaf, at); }
    partly += stateOf(leaf) === 'partially-completed' ? 1 : 0;
    before = leaf;
  }
}

const entryOf = scan => canonical({ counts: scan.close.body.counts, dataset: scan.close.body.dataset, operations: scan.close.body.root, scan: scan.id });
const isClean = ({ close: { body } }) => body.status === 'done' && !(body.counts.retained > 0) && !(body.counts.failed > 0);

function checkEnd(log, facts, accepted, leaf, at) {
  const { body } = leaf;
  if (accepted?.body.datasets !== body.count) { at(leaf, 'request-datasets', 'The request ends with another number of datasets than it was accepted for.'); }
  if (body.state !== stateOf(leaf)) { at(leaf, 'request-state', 'The end states another state than its part.'); }
  const tasks = body.tasks.map(task => log.scans.get(task)).filter(scan => scan?.close);
  if (tasks.length !== body.tasks.length || tasks.some(scan => scan.close.index > leaf.index)) {
    at(leaf, 'request-chain-open', 'The request has ended, and a scan that it names had not closed before.');
    return;
  }
  if (tasks.some(scan => scan.close.at > leaf.at)) { at(leaf, 'time-backwards', 'The request ended before a scan that it names.'); }
  const isOwn = ({ id, close: { body: closed } }) => closed.rule === 'request' && isTime(closed.cutOff)
    && (isTaskOf(leaf.id, closed.dataset, id) || isWindowOf(closed.dataset, id, closed.cutOff));
  if (!tasks.every(isOwn) || new Set(tasks.map(scan => scan.close.body.dataset)).size !== tasks.length) {
    at(leaf, 'request-tasks', 'The end names a scan that is no task of the request, or two of one dataset.');
  }
  const ofScans = tasks.map(entryOf);
  const isKnown = log.inForce && leaf.id === facts.request;
  const entries = !isKnown ? ofScans : log.inForce.datasets.map(({ name }) => {
    const scan = tasks.find(task => task.close.body.dataset === name);
    return scan ? entryOf(scan) : canonical({ dataset: name, reason: 'not-searchable' });
  });
  // The log alone does not name a dataset that no scan could look at.
  const isOpen = !isKnown && tasks.length !== body.count;
  if (!isOpen && (entries.length !== body.count || hexOf(merkleRoot(entries.map(entry => leafHash(bytesOf(entry))))) !== body.root || !ofScans.every(entry => entries.includes(entry)))) {
    at(leaf, 'request-root', 'The end does not commit to what the scans say that it names.');
  }
  if ((tasks.length === body.count && tasks.every(isClean)) !== (stateOf(leaf) === 'completed')) {
    at(leaf, 'request-state', 'The state of the end is not the one that its scans make.');
  }
}
