// Draws the summaries of a page of the docs in Chromium: draw.mjs <Chromium> <the page> <folder>
//
// It knows what stands between the page's markers, and nothing of how a summary comes about.
// page.js, which runs in Chromium, says what is wrong with a drawing.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { Marked } from 'marked';
import { chromium } from 'playwright-core';

// GitHub doesn't say which Mermaid it runs: one from each line that it may be.
const MERMAIDS = { 10: 'mermaid-10/dist/mermaid.min.js', 11: 'mermaid-11/dist/mermaid.tiny.js', 12: 'mermaid-12/dist/mermaid.tiny.js' };
const THEMES = ['light', 'dark'];
// A telephone, and the column that a run's page has on a desktop.
const WIDTHS = { phone: 400, desktop: 1012 };
// How a page is looked at with each Mermaid.
const WAYS = Object.keys(WIDTHS).flatMap((device) => THEMES.map((theme) => [device, theme]));
// Outcomes with a drawing that the page has at least: otherwise this would look at too little.
const OUTCOMES_MIN = 3;
// For each step in Chromium, which takes well under a second. A loaded machine is slow.
const STEP_MS = 30_000;
// Of one summary: who has read these knows what to do.
const TOLD_MAX = 10;

// Drawings that must be refused, each with the reason. Without them nobody would know whether
// a bad one is found.
const BROKEN = {
  'no chart': ['xychart-beta\n  line [1, 2', /Mermaid refuses the block: .*Pars/s],
  'a kind that is not known': ['rollout\n  line [1, 2]', /Mermaid refuses the block: .*No diagram type/s],
  'a line in the colour of the ground': [
    '%%{init: {"themeVariables": {"xyChart": {"plotColorPalette": "#777777", "backgroundColor": "#777777"}}}}%%\n' +
      'xychart-beta\n  x-axis "seconds" 0 --> 2\n  y-axis "tasks" 0 --> 2\n  line [0, 1, 2]',
    /line 1, .* has a contrast of 1.0/,
  ],
  'a point without a place': [
    'xychart-beta\n  x-axis [one, two, three]\n  y-axis "tasks" 0 --> 3\n  line [0, 1, 2, 3]',
    /line 1 has 3 points of 4/,
  ],
  'small print': [
    '%%{init: {"xyChart": {"xAxis": {"labelFontSize": 4}}}}%%\n' +
      'xychart-beta\n  x-axis "seconds" 0 --> 2\n  y-axis "tasks" 0 --> 2\n  line [0, 1, 2]',
    /px high, less than/,
  ],
};

const HOME = dirname(fileURLToPath(import.meta.url));
const module = (path) => join(HOME, 'node_modules', path);

const escaped = (text) => text.replace(/[&<>]/g, (one) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[one]);
const fenced = (source) => `\`\`\`mermaid\n${source}\n\`\`\`\n`;
const blocksOf = (text) => text.split(/^```mermaid$/m).length - 1;

const markdown = new Marked({
  gfm: true,
  renderer: {
    // Not the class that Mermaid looks for by itself: it would draw before it is asked.
    code: ({ text, lang }) => lang === 'mermaid' && `<div class="drawing">${escaped(text)}</div>\n`,
  },
});

// The summaries of the page: name → Markdown.
function pictures(page) {
  const all = new Map();
  for (const [, name, text] of page.matchAll(/^<!-- picture: (.+) -->\n([^]*?)^<!-- \/picture -->$/gm)) all.set(name, text);
  return all;
}

function htmlOf(name, text, mermaid) {
  const script = (path) => `<script src="${pathToFileURL(path)}"></script>`;
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${escaped(name)}</title>
<link rel="stylesheet" href="${pathToFileURL(module('github-markdown-css/github-markdown.css'))}">
<style>
  body { margin: 0; padding: 16px; box-sizing: border-box; }
  .drawing { margin-bottom: 16px; text-align: center; }
</style>
<body class="markdown-body">
${markdown.parse(text)}
${script(module(MERMAIDS[mermaid]))}
${script(join(HOME, 'page.js'))}
</body>
</html>
`;
}

// What is wrong with the page in `file`, and how many drawings it has; its screenshot goes to `png`.
async function look(browser, file, { width, theme, png }) {
  const context = await browser.newContext({
    colorScheme: theme,
    deviceScaleFactor: width === WIDTHS.phone ? 2 : 1,
    offline: true,
    viewport: { width, height: 800 },
  });
  try {
    context.setDefaultTimeout(STEP_MS);
    const page = await context.newPage();
    await page.goto(pathToFileURL(file).href);
    const found = await within(page.evaluate('drawPage()'));
    const drawings = await page.locator('.drawing > svg').count();
    if (png) await page.screenshot({ fullPage: true, path: png });
    return { found, drawings };
  } finally {
    await context.close();
  }
}

// Playwright has no bound for what a page reckons.
async function within(promise) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`the drawing took longer than ${STEP_MS / 1000} s`)), STEP_MS);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

async function refuseBroken(browser, mermaid) {
  for (const [what, [source, reason]] of Object.entries(BROKEN)) {
    const file = join(folder, 'broken.html');
    writeFileSync(file, htmlOf(what, fenced(source), mermaid));
    const { found } = await look(browser, file, { width: WIDTHS.desktop, theme: 'light' });
    rmSync(file);
    if (!found.some((one) => reason.test(one))) {
      throw new Error(`Mermaid ${mermaid}: ${what} was not refused for ${reason}, but: ${found.join('; ') || 'found good'}`);
    }
  }
}

// Draws one summary in each way that it is read. What is wrong, and where it is.
async function drawAll(browser, name, text) {
  const wrong = new Map();
  for (const mermaid of Object.keys(MERMAIDS)) {
    const stem = join(folder, `${name}-mermaid-${mermaid}`);
    writeFileSync(`${stem}.html`, htmlOf(name, text, mermaid));
    // All at once: most of the time goes by with waiting for Chromium.
    const looks = WAYS.map(async ([device, theme]) => {
      const { found, drawings } = await look(browser, `${stem}.html`, { width: WIDTHS[device], theme, png: `${stem}-${device}-${theme}.png` });
      if (drawings !== blocksOf(text)) found.push(`${drawings} drawings of ${blocksOf(text)} blocks`);
      return [`Mermaid ${mermaid} ${device} ${theme}`, found];
    });
    for (const [where, found] of await Promise.all(looks)) {
      for (const one of found) wrong.set(one, [...wrong.get(one) ?? [], where]);
    }
  }
  return wrong;
}

function placed(where) {
  return where.length === WAYS.length * Object.keys(MERMAIDS).length ? 'everywhere' : where.join(', ');
}

const [program, docs, folder] = process.argv.slice(2);
const all = pictures(readFileSync(docs, 'utf8'));
const drawn = [...all].filter(([, text]) => blocksOf(text) > 0).map(([name]) => name);
if (drawn.length < OUTCOMES_MIN) {
  console.error(`${docs} has ${drawn.length} summaries with a drawing (${drawn}), fewer than ${OUTCOMES_MIN}`);
  process.exit(1);
}
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: program,
  // All that it loads are files of ours.
  chromiumSandbox: false,
  args: ['--disable-gpu', '--disable-quic'],
  timeout: STEP_MS,
});
let good = true;
try {
  for (const mermaid of Object.keys(MERMAIDS)) await refuseBroken(browser, mermaid);
  console.log(`refused, as they have to be: ${Object.keys(BROKEN).join('; ')}`);
  for (const [name, text] of all) {
    const wrong = await drawAll(browser, name, text);
    good &&= wrong.size === 0;
    console.log(`${name}: ${blocksOf(text) || 'nothing'} to draw, ${wrong.size || 'nothing'} wrong`);
    for (const [what, where] of [...wrong].slice(0, TOLD_MAX)) console.error(`  ${name}: ${what} (${placed(where)})`);
    if (wrong.size > TOLD_MAX) console.error(`  ${name}: … ${wrong.size - TOLD_MAX} more`);
  }
} finally {
  await browser.close();
}
process.exitCode = good ? 0 : 1;
