// The page: key and file in, verdict out. Its own text is what the bundle's copy is compared with.
const ownText = `<!doctype html>\n${document.documentElement.outerHTML}`;
const byId = id => document.getElementById(id);

function list(id, lines) {
  byId(id).replaceChildren(...lines.map(line => Object.assign(document.createElement('li'), { textContent: line })));
}

async function show(file) {
  const verdict = byId('verdict');
  [verdict.textContent, verdict.className] = ['Checking …', ''];
  list('problems', []);
  list('notes', []);
  byId('claims').replaceChildren();
  let keys;
  try {
    keys = byId('keys').value.split('\n').map(line => line.trim()).filter(line => line).map(parseKey);
    if (keys.length === 0) { throw new Error('Give the verifier key first.'); }
  } catch (problem) {
    [verdict.textContent, verdict.className] = [`The key cannot be read: ${problem.message}`, 'bad'];
    return;
  }
  const { problems, unchecked, claims, vouched } = await verifyBundle(new Uint8Array(await file.arrayBuffer()), keys, ownText);
  list('problems', problems.map(({ file: name, rule, message }) => `${name}: ${rule}: ${message}`));
  list('notes', unchecked.map(line => `unchecked: ${line}`));
  byId('claims').replaceChildren(...claims.map(claim => Object.assign(document.createElement('p'), {
    textContent: `${claim.dataset}: ${claim.state}${Object.entries(claim.counts).map(([word, number]) => `, ${number} ${word}`).join('')}`
      + `${claim.until ? `, copies until ${day(claim.until)}` : ''}${claim.absence ? `. ${statementOf(claim.absence)}` : ''}`,
  })));
  [verdict.textContent, verdict.className] = problems.length === 0
    ? [`The bundle is well. Grade ${gradeOf(vouched)}: ${gradeMeans(gradeOf(vouched))}.`, 'well'] : ['The bundle is NOT well.', 'bad'];
}

byId('file').addEventListener('change', event => event.target.files[0] && show(event.target.files[0]));
byId('drop').addEventListener('dragover', event => event.preventDefault());
byId('drop').addEventListener('drop', event => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) { show(event.dataTransfer.files[0]); }
});
