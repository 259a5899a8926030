// Opens verify.html from a folder in Debian's chromium, without a network, and gives it one bundle after the other.
// node verify.js CHROMIUM PAGE CASES: a JSON list of {zip, keys}. Writes a JSON list of {verdict, problems, notes, claims}.
const { readFileSync } = require('node:fs');
const { pathToFileURL } = require('node:url');
const { chromium } = require('playwright-core');

async function main([executablePath, file, cases]) {
  // The browser's own sandbox does not work for root; no page but this one is opened.
  const args = ['--host-resolver-rules=MAP * ~NOTFOUND', '--disable-gpu', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])];
  const browser = await chromium.launch({ executablePath, args });
  const asked = [];
  const verdicts = [];
  try {
    const context = await browser.newContext({ offline: true });
    const page = await context.newPage();
    page.on('request', request => request.url().startsWith('file:') || asked.push(request.url()));
    page.on('pageerror', problem => asked.push(`error: ${problem.message}`));
    await page.goto(pathToFileURL(file).href);
    for (const { zip, keys } of JSON.parse(readFileSync(cases, 'utf8'))) {
      await page.fill('#keys', keys.join('\n'));
      await page.evaluate(() => { document.getElementById('verdict').textContent = ''; });
      await page.setInputFiles('#file', []);
      await page.setInputFiles('#file', zip);
      await page.waitForFunction(() => !['', 'Checking …'].includes(document.getElementById('verdict').textContent), null, { timeout: 60000 });
      verdicts.push({
        verdict: await page.textContent('#verdict'), problems: await page.locator('#problems li').allTextContents(),
        notes: await page.locator('#notes li').allTextContents(), claims: await page.locator('#claims p').allTextContents(),
      });
    }
  } finally {
    await browser.close();
  }
  if (asked.length > 0) { throw new Error(`The page asked for something: ${asked.join(', ')}`); }
  process.stdout.write(JSON.stringify(verdicts));
}

main(process.argv.slice(2)).catch(problem => { console.error(problem); process.exit(1); });
