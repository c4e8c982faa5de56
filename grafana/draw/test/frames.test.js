import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seriesFrames, tableFrame } from '../query/frames.js';

const two = {
  result: [
    { metric: { printer: 'a', state: 'idle' }, value: [60, '1'] },
    { metric: { printer: 'b' }, value: [60, '+Inf'] },
  ],
};

test('a table has a column for each label and one for the value', () => {
  const { fields } = tableFrame(two, { refId: 'A' }, 'Value #A');
  const columns = fields.map(({ name, values }) => [name, values]);
  assert.deepEqual(columns, [
    ['Time', [60_000, 60_000]],
    ['printer', ['a', 'b']],
    ['state', ['idle', '']],
    ['Value #A', [1, Infinity]],
  ]);
});

test('a series is named by its legend', () => {
  const [first] = seriesFrames(two, { refId: 'A', expr: 'x', legendFormat: '{{ printer }} {{absent}}!' });
  assert.equal(first.fields[1].config.displayNameFromDS, 'a !');
});

test('a series without a legend is named by its labels', () => {
  const [first] = seriesFrames(two, { refId: 'A', expr: 'x' });
  assert.equal(first.name, '{printer="a", state="idle"}');
});

test('the only series without labels is named by its query', () => {
  const [only] = seriesFrames(
    {
      result: [
        {
          metric: {},
          values: [
            [0, '1'],
            [60, 'NaN'],
          ],
        },
      ],
    },
    { expr: 'sum(x)', legendFormat: '__auto' },
    60,
  );
  assert.equal(only.name, 'sum(x)');
  assert.deepEqual(
    only.fields.map(({ values }) => values),
    [
      [0, 60_000],
      [1, NaN],
    ],
  );
  assert.equal(only.fields[0].config.interval, 60_000);
});
