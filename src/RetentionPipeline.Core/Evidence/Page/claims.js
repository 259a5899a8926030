// What a bundle says, written again from its leaves and records: claims/ and manifest.json.
const sorted = counts => Object.fromEntries(Object.entries(counts).sort(([one], [other]) => byName(one, other)));
const count = words => {
  const counts = {};
  for (const word of words) { counts[word] = (counts[word] ?? 0) + 1; }
  return sorted(counts);
};
const latest = times => times.filter(isTime).sort().pop();
const inOrder = numbers => [...new Set(numbers)].sort((one, other) => one - other);

function countsOf(scan, log) {
  if (scan.close) { return sorted(scan.close.body.counts); }
  const counts = {};
  for (const [word, number] of scan.operations.flatMap(id => Object.entries(log.outcomes.get(id)?.body.counts ?? {}))) {
    if (word !== 'deferred') { counts[word] = (counts[word] ?? 0) + number; }
  }
  return sorted(counts);
}

const bareClaim = (dataset, state, leaves) => ({ dataset, state, served: 0, counts: {}, reasons: {}, bases: [], operations: [], leaves });

function claimsOf(facts, log) {
  if (facts.scope) {
    return [...log.scans.values()].sort((one, other) => one.start.index - other.start.index).map(scan => scanClaim(scan, log));
  }
  if (log.receipt.part === 'rejected') {
    return (log.inForce?.datasets ?? []).map(({ name }) => bareClaim(name, 'rejected', [log.receipt.index]));
  }
  return facts.stated.datasets.map(stated => datasetClaim(stated, facts, log));
}

function datasetClaim(stated, facts, log) {
  const ends = log.end ? [log.receipt.index, log.end.index] : [log.receipt.index];
  const open = stated.reason === undefined ? undefined : 'open';
  const scan = log.scans.get(stated.scan);
  if (!scan) {
    return { ...bareClaim(stated.dataset, open ?? 'not-searchable', ends), reason: stated.reason, expectedBy: stated.expectedBy };
  }
  const counts = countsOf(scan, log);
  const entries = scan.operations.flatMap(id => facts.shown.filter(shown => shown.operation === id)).map(shown => shown.entry);
  const state = !scan.close ? 'open' : scan.close.body.status !== 'done' || counts.failed > 0 ? 'failed' : counts.retained > 0 ? 'retained'
    : Object.keys(counts).every(word => word === 'absent') ? 'absent' : 'done';
  return {
    dataset: stated.dataset, state: open ?? state, reason: stated.reason, expectedBy: stated.expectedBy, scan: scan.id,
    served: scan.start?.body.requests ?? 1, counts,
    reasons: count(entries.filter(entry => entry.result === 'retained').map(entry => entry.reason ?? '')),
    bases: [...new Set(entries.filter(entry => !['deferred', 'retained', 'failed', 'changed'].includes(entry.result)).map(entry => entry.basis ?? ''))].sort(),
    until: latest(entries.map(entry => entry.until)), operations: scan.operations,
    leaves: inOrder([...ends, ...log.ownLeaves(scan), ...scan.operations.flatMap(id => log.leavesOf(id))]),
    copiesGoneAt: log.purged.get(scan.id)?.at,
  };
}

function scanClaim(scan, log) {
  const counts = countsOf(scan, log);
  const body = scan.close?.body;
  const failed = counts.failed ?? 0;
  return {
    dataset: log.datasetOf(scan), state: !body ? 'open' : failed > 0 ? 'failed' : body.status, scan: scan.id, served: scan.start.body.requests ?? 0,
    counts, reasons: sorted(body?.kept ?? {}), bases: [], until: log.copiesOf(scan)?.until, operations: scan.operations,
    leaves: inOrder([...log.ownLeaves(scan), ...scan.operations.flatMap(id => log.leavesOf(id))]), copiesGoneAt: log.purged.get(scan.id)?.at,
    absence: !body || body.rule === 'request' ? undefined : {
      consistency: body.consistency ?? 'unknown', cutOff: body.cutOff, examined: body.examined, failed, notActed: body.notActed, rule: body.rule,
      stands: failed === 0 && ((body.status === 'done' && body.notActed === 0) || (['done', 'report'].includes(body.status) && body.due === 0)),
      undated: body.undated,
    },
  };
}

/** Without the fields that are not there. */
const only = fields => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function claimFile(operation, facts, log) {
  const { body } = log.intents.get(operation);
  const scan = log.scans.get(body.scan);
  return only({
    count: body.count, counts: log.outcomes.get(operation)?.body.counts, dataset: body.dataset,
    leaves: [...[scan.start, scan.close].filter(leaf => leaf).map(leaf => leaf.index), ...log.leavesOf(operation)].sort((one, other) => one - other),
    operation, policy: body.policy, scan: body.scan,
    records: facts.shown.filter(shown => shown.operation === operation).map(({ entry: { commitment, ...entry }, place }) => ({ ...entry, place })),
  });
}

const gradeOf = anchors => anchors.length > 0 ? 'B' : 'C';
const gradeMeans = grade => grade === 'C' ? 'its operator could rewrite this'
  : 'an outside party vouched for this log, so that it cannot have been written later';

function manifestOf(facts, log, claims, files) {
  const { origin, size, root } = facts.checkpoint;
  const grade = gradeOf(facts.anchors);
  return {
    claims: claims.map(({ served, expectedBy, ...claim }) => only({ ...claim, expectedBy, servedRequests: served })),
    files: files.map(({ name, content }) => ({ bytes: content.length, name, sha256: hexOf(sha256(content)) })),
    format: 'retention-evidence/3', grade, gradeMeans: gradeMeans(grade), log: { origin, root: hexOf(root), size }, policies: Object.fromEntries(Object.entries(facts.policyFacts).filter(([hash]) => facts.policyTexts.has(hash))),
    ...(facts.scope ? { scope: facts.scope } : {
      policy: log.receipt.body.policy, receivedAt: log.receipt.at, request: facts.request, source: log.receipt.body.source,
      state: stateOf(log.told[log.told.length - 1]), stated: facts.stated,
    }),
  };
}
