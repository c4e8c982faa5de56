// Draws a dashboard of Grafana, from its JSON and the data of a Prometheus, to a PNG file.
// Says which panels it drew, and fails when one could not be drawn, or had no data without leave to have none.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import sharp from 'sharp';
import { bundle, serve } from './server.js';

const USAGE = `usage: node draw.js --dashboard FILE --prometheus URL --out FILE.png [options]
  --top FILE.png     also a picture of what lies above the first row's heading
  --from, --to       the range, in seconds since the epoch; default: the range of the dashboard up to now
  --var NAME=VALUE   the value of a variable; may be repeated, also for one variable
  --width PIXELS     of the window; default 1600
  --scrape SECONDS   the scrape interval of the data source; default 15
  --may-be-empty ID  a panel that may have no data; may be repeated; "all" for all
  --leave-out ID     a panel that is not drawn; may be repeated
  --chromium PATH    default /usr/bin/chromium`;
const RELATIVE = /^now-(\d+)([smhdw])$/;
const UNITS = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
const LONGEST = 120_000;
const COLOURS = 256;

const { values: flags } = parseArgs({
  options: {
    dashboard: { type: 'string' },
    prometheus: { type: 'string' },
    out: { type: 'string' },
    top: { type: 'string' },
    from: { type: 'string' },
    to: { type: 'string' },
    var: { type: 'string', multiple: true, default: [] },
    width: { type: 'string', default: '1600' },
    scrape: { type: 'string', default: '15' },
    'may-be-empty': { type: 'string', multiple: true, default: [] },
    'leave-out': { type: 'string', multiple: true, default: [] },
    chromium: { type: 'string', default: '/usr/bin/chromium' },
  },
});
if (!flags.dashboard || !flags.prometheus || !flags.out) {
  console.error(USAGE);
  process.exit(2);
}
const dashboard = JSON.parse(await readFile(flags.dashboard, 'utf8'));
dashboard.panels = dashboard.panels.filter(({ id }) => !flags['leave-out'].includes(String(id)));
const request = {
  dashboard,
  variables: chosenVariables(flags.var),
  width: Number(flags.width),
  scrapeSeconds: Number(flags.scrape),
  ...rangeOf(dashboard),
};
const folder = await mkdtemp(join(tmpdir(), 'draw-'));
const server = await serve(await bundle(), request, flags.prometheus);
try {
  const panels = await draw(server.url, request, join(folder, 'profile'));
  process.exitCode = verdict(panels, flags['may-be-empty']) ? 0 : 1;
} finally {
  server.close();
  await rm(folder, { recursive: true, force: true });
}

function chosenVariables(assignments) {
  const chosen = {};
  for (const assignment of assignments) {
    const [name, ...value] = assignment.split('=');
    (chosen[name] ??= []).push(value.join('='));
  }
  return chosen;
}

function rangeOf({ time = {} }) {
  const [, count, unit] = RELATIVE.exec(time.from ?? 'now-6h') ?? [null, 6, 'h'];
  const to = Number(flags.to ?? Date.now() / 1000) * 1000;
  const from = flags.from ? Number(flags.from) * 1000 : to - count * UNITS[unit] * 1000;
  const words = { s: 'seconds', m: 'minutes', h: 'hours', d: 'days', w: 'weeks' };
  return { range: { from, to }, rangeText: flags.from ? 'Custom range' : `Last ${count} ${words[unit]}` };
}

async function draw(url, { width, range }, profile) {
  const browser = await chromium.launchPersistentContext(profile, {
    executablePath: flags.chromium,
    viewport: { width, height: 200 },
    locale: 'en-GB',
    timezoneId: 'UTC',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--hide-scrollbars',
    ],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(`the page says: ${error.message}`));
    await page.clock.setFixedTime(range.to);
    await page.goto(url);
    await growToWhole(page, width);
    await page.waitForFunction(() => window.drawn || window.drawingFailed, undefined, { timeout: LONGEST });
    const failure = await page.evaluate(() => window.drawingFailed);
    if (failure) throw new Error(failure);
    const picture = sharp(await page.screenshot({ fullPage: true }));
    await save(picture, flags.out);
    if (flags.top) {
      const { y } = await page.locator('[data-row]').first().boundingBox();
      await save(picture.clone().extract({ left: 0, top: 0, width, height: Math.floor(y) }), flags.top);
    }
    return await page.evaluate(() => window.drawn);
  } finally {
    await browser.close();
  }
}

function save(picture, file) {
  return picture.clone().png({ palette: true, colours: COLOURS, effort: 10, compressionLevel: 9 }).toFile(file);
}

/** What is out of sight is not drawn: the window must be as high as the page. */
async function growToWhole(page, width) {
  const laidOut = () => window.drawingFailed || document.querySelector('#page > div');
  await page.waitForFunction(laidOut, undefined, { timeout: LONGEST });
  await page.setViewportSize({ width, height: await page.evaluate(() => document.documentElement.scrollHeight) });
}

/** Prints what became of each panel; true when that is as it should be. */
function verdict(panels, mayBeEmpty) {
  const bad = ({ id, state }) =>
    state === 'failed' || (state === 'empty' && !mayBeEmpty.some((leave) => leave === 'all' || leave === String(id)));
  for (const { id, type, title, state, why } of panels) {
    console.log(
      [state.padEnd(6), String(id).padStart(4), type.padEnd(14), title, why && `(${why})`].filter(Boolean).join(' '),
    );
  }
  const count = (state) => panels.filter((panel) => panel.state === state).length;
  console.log(`${flags.out}: ${count('drew')} panels drawn, ${count('empty')} empty, ${count('failed')} failed`);
  return !panels.some(bad);
}
