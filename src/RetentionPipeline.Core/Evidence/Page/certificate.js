// certificate.html, written again.
const encode = text => text.replace(/[^ !#-%(-*,-;=?-~]/gu, letter => ({ '<': '&lt;', '>': '&gt;', '&': '&amp;', '"': '&quot;' })[letter]
  ?? `&#x${letter.codePointAt(0).toString(16).toUpperCase()};`);

const head = title => `<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${title}</title>
<style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111;background:#fff}
table{border-collapse:collapse;width:100%}th,td{border:1px solid #767676;padding:.4rem .6rem;text-align:left;vertical-align:top}
code{overflow-wrap:anywhere}
@media print{body{font-size:10pt;margin:0;max-width:none}tr{break-inside:avoid}thead{display:table-header-group}h2{break-after:avoid}}
</style></head><body>
`;

const define = (name, text) => text === undefined ? '' : `<dt>${name}</dt><dd><code>${encode(text)}</code></dd>\n`;
const row = (first, cells) => `<tr><th scope="row">${encode(first)}</th><td>${cells.map(encode).join('</td><td>')}</td></tr>\n`;
const heads = names => `<table><thead><tr>${names.map(name => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>\n`;
const day = time => time.slice(0, 10);
const copiesOf = claim => claim.until && claim.copiesGoneAt ? `${day(claim.until)}; on ${day(claim.copiesGoneAt)} all had aged out of the store`
  : claim.until ? day(claim.until) : claim.operations.length > 0 ? 'none disclosed' : '';

function gradeText(facts) {
  const grade = gradeOf(facts.anchors);
  return `<p>Grade ${grade}: ${gradeMeans(grade)}. ${grade === 'C' ? 'No outside party has vouched for this checkpoint.'
    : `Vouched for by: ${encode(facts.anchors.map(anchor => anchor.name).join(', '))}. Grade A asks besides for locked storage, which a bundle cannot show.`}</p>`;
}

function certificateOf(facts, log, claims) { return facts.scope ? scanCertificate(facts, log, claims) : requestCertificate(facts, log, claims); }

function requestCertificate(facts, log, claims) {
  const { origin, size, root } = facts.checkpoint;
  const name = log.inForce ? log.policies.get(log.receipt.body.policy)?.body.name ?? '' : '';
  return `${head('Certificate of deletion')}<h1>Certificate of deletion</h1>
<dl>
${define('Request', facts.request)}${define('Called by its source', facts.stated.event)}${define('Source', log.receipt.body.source)}${
  define('Received', log.receipt.at)}${log.told.map(told => define(encode(told.part), told.at)).join('')}${
  define('Rule', `deletion on request, under the policy ${name} with the hash ${log.receipt.body.policy}`)}</dl>
<h2>What happened, dataset by dataset</h2>
${heads(['Dataset', 'Outcome', 'Records', 'How it was verified', 'Last day of a copy', 'Leaves of the log'])}${
  claims.map(claim => row(claim.dataset, [
    outcomeOf(claim, log) + (claim.served > 1 ? ` One pass over this log served ${claim.served} requests together: the counts are of all of them.` : '')
      + (facts.stated.forgotten.some(id => claim.operations.includes(id)) ? ' The openings of some records are not kept any more: their records are counted, not shown.' : '')
      + (facts.shown.some(one => one.opening.commitment !== undefined && claim.operations.includes(one.operation)) ? ' The openings of some records were forgotten: what became of them is proved, not whose they were.' : ''),
    Object.entries(claim.counts).map(([word, number]) => `${number} ${wordOf(word)}`).join(', '),
    [...new Set(claim.bases.flatMap(basis => basis.split(',')))].map(basisOf).join('; '), copiesOf(claim), claim.leaves.join(', ')])).join('')}</tbody></table>
<h2>What this proves</h2>
<p>Each outcome rests on leaves of an append-only log. Their exact bytes, the path of each to the signed checkpoint
(log <code>${encode(origin)}</code>, ${size} leaves, root
<code>${hexOf(root)}</code>) and the openings of the person's records are in this bundle.
Other persons in the same records stay behind hashes.</p>
${gradeText(facts)}
<p>It does not prove that a store keeps no other copy, that a query missed no record, or that the log holds no later
leaf about this request. What is open, why and until when, is the operator's own word. How to check the rest stands
in VERIFY.md; verify.html checks it in a browser.</p>
</body></html>
`;
}

function outcomeOf(claim, log) {
  switch (claim.state) {
    case 'done': return 'Done: nothing of the person that was found is left here.';
    case 'absent': return "Absent: nothing of the person was found. This is the pipeline's signed statement of what its query returned, not a proof of absence.";
    case 'retained': return `Retained: ${Object.entries(claim.reasons).map(([reason, number]) => `${number} ${reasonOf(claim.dataset, reason, log)}`).join('; ')}`;
    case 'failed': return 'Failed: not confirmed. Records may or may not be there.';
    case 'not-searchable': return 'Not searchable: the policy says neither where this dataset names persons nor how to read it.';
    case 'open': return claim.reason === undefined ? 'Open: its scan has not closed.'
      : `Open, ${claim.reason}${claim.expectedBy ? `, expected by ${claim.expectedBy}.` : '.'}`;
    case 'rejected': return 'Not begun: the request was rejected.';
    default: return claim.state;
  }
}

function reasonOf(dataset, reason, log) {
  const split = reason.indexOf(':');
  const [kind, name] = split < 0 ? [reason, ''] : [reason.slice(0, split), reason.slice(split + 1)];
  const citation = () => log.inForce?.datasets.find(one => one.name === dataset)?.keeps.find(keep => keep.name === name)?.citation ?? 'see the policy';
  return kind === 'hold' ? 'kept by a legal hold' : kind === 'exception' ? `kept under the exception ${name}`
    : kind === 'keep-at-least' ? `kept because the law demands it (${name}: ${citation()})` : reason;
}

const wordOf = word => ({ absent: 'not there', anonymised: "rewritten without the person's lines", changed: 'no longer naming the person at its turn',
  failed: 'not confirmed' })[word] ?? word;
const basisOf = basis => ({ receipt: 'the store confirmed it', decision: 'decided on what was read; nothing was tried', 'lines-dropped': 'lines were dropped' })[basis]
  ?? (basis.startsWith('read-back:') ? `read back afterwards (${basis.slice(10)} consistency)` : basis);

function scanCertificate(facts, log, claims) {
  const { origin, size, root } = facts.checkpoint;
  const { scan, dataset, from, to } = facts.scope;
  return `${head('Certificate of erasure by rule')}<h1>Certificate of erasure by rule</h1>
<dl>
${define('Scan', scan)}${define('Dataset', dataset)}${define('Begun at or after', from)}${define('Begun before', to)}</dl>
<h2>What happened, scan by scan</h2>
${heads(['Dataset and rule', 'Outcome', 'Records', 'What is left', 'Last day of a copy', 'Leaves of the log'])}${claims.map(claim => {
    const { body } = log.scans.get(claim.scan).start;
    return row(`${claim.dataset}, rule ${body.rule} of policy ${body.policy}`, [
      `${scanWords(claim.state, body.action)} Cut-off ${body.cutOff}; scan ${claim.scan}.`,
      Object.entries(claim.counts).map(([word, number]) => `${number} ${word}`).join(', '), statementOf(claim.absence), copiesOf(claim), claim.leaves.join(', ')]);
  }).join('')}</tbody></table>
<h2>What this proves</h2>
<p>Each line rests on leaves of an append-only log. Their exact bytes and the path of each to the signed checkpoint
(log <code>${encode(origin)}</code>, ${size} leaves, root
<code>${hexOf(root)}</code>) are in this bundle. A scan that has closed is here with all
of its operations. No person is named, and no record.</p>
${gradeText(facts)}
<p>It does not prove that a store keeps no other copy, that a query missed no record, or that the log holds no other
scan of this dataset or period. A statement of absence is the pipeline's signed word, with its basis, no proof.</p>
</body></html>
`;
}

const scanWords = (state, action) => ({
  done: `Done: what was past its limit was ${action === 'anonymise' ? 'anonymised' : 'erased'}, as far as the records say.`,
  report: 'Reported only: nothing was touched.', refused: 'Parked above its cap and not approved: nothing was touched.',
  failed: 'Failed: not confirmed. Records may or may not be there.',
})[state] ?? 'Open: the scan has not closed.';

function statementOf(absence) {
  if (!absence) { return ''; }
  const basis = `Basis: ${absence.examined} records examined, ${absence.undated} of them without a date and left out, ${absence.consistency} reads.`;
  return absence.stands
    ? `Signed statement of absence: no hold-free record of this dataset was older than the limit of rule ${absence.rule}, as of ${absence.cutOff}. ${basis}`
    : `No statement of absence: ${absence.notActed} due records were not acted on, ${absence.failed} are not confirmed. ${basis}`;
}
