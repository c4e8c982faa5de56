// The options of fields that Grafana's registry of each panel type would have, for applyFieldOverrides.

import { FieldConfigOptionsRegistry, FieldType, identityOverrideProcessor } from '@grafana/data';

const STANDARD = [
  'unit',
  'min',
  'max',
  'decimals',
  'displayName',
  'noValue',
  'thresholds',
  'mappings',
  'links',
  'color',
  'fieldMinMax',
  'filterable',
  'description',
  'actions',
];

/** Defaults that do not concern the times and names beside the values. */
const OF_VALUES = ['custom.axisLabel', 'custom.stacking', 'min', 'max', 'decimals'];

/** A registry of all options that this panel sets, standard and custom. */
export function fieldOptions({ defaults = {}, overrides = [] }) {
  const custom = new Set(Object.keys(defaults.custom ?? {}));
  for (const { properties } of overrides) {
    for (const { id } of properties) {
      if (id.startsWith('custom.')) custom.add(id.slice('custom.'.length));
    }
  }
  return new FieldConfigOptionsRegistry(() => [
    ...STANDARD.map((path) => option(path, path, false)),
    ...[...custom].map((path) => option(`custom.${path}`, path, true)),
  ]);
}

function option(id, path, isCustom) {
  return {
    id,
    path,
    isCustom,
    name: id,
    editor: () => null,
    override: () => null,
    process: identityOverrideProcessor,
    shouldApply: ({ type }) => !OF_VALUES.includes(id) || type === FieldType.number,
  };
}
