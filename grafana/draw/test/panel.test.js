import assert from 'node:assert/strict';
import { test } from 'node:test';
import { panelFrames, panelRange } from '../query/panel.js';
import { place, visiblePanels } from '../page/layout.js';

const HOUR = 3_600_000;

async function asked(panel, width = 600) {
  const queries = [];
  const source = {
    instant: async (query) => (queries.push(query), { result: [] }),
    range: async (query, _, step) => (queries.push(`${query} every ${step}`), { result: [] }),
  };
  const context = {
    source,
    variables: {},
    range: { from: 0, to: 24 * HOUR },
    scrapeSeconds: 15,
    roundInterval: (ms) => ms,
  };
  await panelFrames(panel, context, width);
  return queries;
}

test('the step follows the width of the panel', async () => {
  const targets = [{ refId: 'A', expr: 'rate(x[$__rate_interval])' }];
  assert.deepEqual(await asked({ targets }), ['rate(x[159s]) every 144']);
});

test('the step is no finer than the panel says', async () => {
  assert.deepEqual(await asked({ interval: '1h', targets: [{ refId: 'A', expr: 'x' }] }), ['x every 3600']);
});

test('an instant query knows the range', async () => {
  assert.deepEqual(await asked({ targets: [{ refId: 'A', expr: 'x[$__range]', instant: true }] }), ['x[86400s]']);
});

test('a hidden query is not asked', async () => {
  assert.deepEqual(await asked({ targets: [{ refId: 'A', expr: 'x', hide: true }] }), []);
});

test('a panel may have a range of its own', () => {
  assert.deepEqual(panelRange({ timeFrom: '2d' }, { from: 47 * HOUR, to: 48 * HOUR }), { from: 0, to: 48 * HOUR });
});

test('a collapsed row is opened, and what follows moves down', () => {
  const at = (id, y, rest = {}) => ({ id, gridPos: { x: 0, y, w: 24, h: 1 }, ...rest });
  const inside = { ...at(3, 1), gridPos: { x: 0, y: 1, w: 12, h: 5 } };
  const panels = [at(1, 0, { type: 'row', collapsed: true, panels: [inside] }), at(2, 1)];
  assert.deepEqual(
    visiblePanels({ panels }).map(({ id, gridPos }) => [id, gridPos.y]),
    [
      [1, 0],
      [3, 1],
      [2, 6],
    ],
  );
});

test('a panel over the whole width is as wide as the page', () => {
  assert.deepEqual(place({ x: 0, y: 2, w: 24, h: 2 }, 1000), { left: 0, top: 76, width: 1000, height: 68 });
});
