import assert from 'node:assert/strict';
import { test } from 'node:test';
import { interpolate, resolveVariables } from '../query/variables.js';

const source = {
  labelValues: async (label, match) =>
    ({ printer: ['voron', 'mk4 (left)'], job: ['farm'] })[match ? label : 'none'] ?? [],
};
const printer = { name: 'printer', type: 'query', query: 'label_values(up{job=~"$job"}, printer)', sort: 1 };
const resolve = (definitions, chosen = {}) =>
  resolveVariables({ templating: { list: definitions } }, chosen, source, {});

test('a variable without a choice has its first value', async () => {
  const { printer: resolved } = await resolve([printer]);
  assert.deepEqual(resolved.values, ['mk4 (left)']);
});

test('a variable with all stands for all its values, escaped for a matcher', async () => {
  const variables = await resolve([{ ...printer, includeAll: true }]);
  assert.equal(
    interpolate('{printer=~"$printer"}', variables, 'prometheus'),
    '{printer=~"(mk4 \\\\(left\\\\)|voron)"}',
  );
});

test('the value for all goes into queries as it is', async () => {
  const variables = await resolve([{ ...printer, includeAll: true, allValue: '.+' }]);
  assert.equal(interpolate('${printer}', variables, 'prometheus'), '.+');
  assert.equal(interpolate('${printer}', variables, 'text'), 'All');
});

test('a choice is taken', async () => {
  const variables = await resolve([printer], { printer: ['voron'] });
  assert.equal(interpolate('[[printer]] and $other', variables, 'text'), 'voron and $other');
});

test('a variable that finds nothing is an error', async () => {
  const missing = { name: 'file', type: 'query', query: 'label_values(file)' };
  await assert.rejects(resolve([missing]), /the variable file has no value/);
});

test('a variable of an unknown type is an error', async () => {
  await assert.rejects(resolve([{ name: 'x', type: 'adhoc' }]), /type adhoc are not known/);
});
