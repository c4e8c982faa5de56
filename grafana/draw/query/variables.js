// Template variables: resolves those of a dashboard to values, and puts the values into queries and texts.

const VARIABLE = /\$(\w+)|\[\[(\w+?)(?::(\w+))?\]\]|\$\{(\w+)(?::(\w+))?\}/g;
const LABEL_VALUES = /^label_values\((?:(.+),\s*)?(\w+)\s*\)\s*$/s;
const QUERY_RESULT = /^query_result\((.+)\)\s*$/s;
const ALL = '$__all';

const array = (value) => (Array.isArray(value) ? value : [value]);
const escapeString = (text) => String(text).replace(/\\/g, '\\\\').replace(/'/g, "\\'");
const escapeRegex = (text) =>
  String(text)
    .replace(/\\/g, '\\\\\\\\')
    .replace(/[$^*{}[\]'+?.()|]/g, '\\\\$&');
const alternatives = (values, escape) =>
  values.length === 1 ? escape(values[0]) : `(${values.map(escape).join('|')})`;

/** What each variable stands for, in the order of the dashboard, as later ones may use earlier ones. */
export async function resolveVariables(dashboard, chosen, source, range) {
  const variables = {};
  for (const definition of dashboard.templating?.list ?? []) {
    const options = await optionsOf(definition, variables, source, range);
    const values = pick(definition, options, chosen[definition.name]);
    if (values.length === 0) {
      throw new Error(`the variable ${definition.name} has no value: its query found nothing`);
    }
    variables[definition.name] = {
      name: definition.name,
      label: definition.label || definition.name,
      hide: definition.hide ?? 0,
      values,
      options,
      isAll: values[0] === ALL,
      allValue: definition.allValue || undefined,
      isList: Boolean(definition.multi || definition.includeAll),
    };
  }
  return variables;
}

function pick(definition, options, chosen) {
  if (chosen !== undefined) return array(chosen).map((value) => (value === 'All' ? ALL : value));
  const current = definition.current?.value;
  const kept = array(current ?? []).filter((value) => value !== '' && (value === ALL || options.includes(value)));
  if (kept.length > 0) return kept;
  if (definition.includeAll) return [ALL];
  return options.slice(0, 1);
}

async function optionsOf(definition, variables, source, range) {
  switch (definition.type) {
    case 'datasource':
      return ['Prometheus'];
    case 'query':
      return sortOptions(
        definition,
        filterOptions(definition, await queryOptions(definition, variables, source, range)),
      );
    case 'textbox':
      return [definition.query ?? definition.current?.value ?? ''];
    case 'custom':
    case 'interval':
    case 'constant':
      return String(definition.query ?? '')
        .split(',')
        .map((option) => option.split(' : ').at(-1).trim());
    default:
      throw new Error(`variables of the type ${definition.type} are not known here (${definition.name})`);
  }
}

async function queryOptions(definition, variables, source, range) {
  const text = interpolate(queryText(definition), variables, 'prometheus');
  const labels = LABEL_VALUES.exec(text);
  if (labels) return source.labelValues(labels[2], labels[1], range);
  const result = QUERY_RESULT.exec(text);
  if (result) return source.resultTexts(result[1], range);
  throw new Error(`the query of the variable ${definition.name} is not known here: ${text}`);
}

function queryText({ query }) {
  return typeof query === 'string' ? query : query.query;
}

function filterOptions({ regex }, options) {
  if (!regex) return options;
  const [, body, flags] = /^\/(.*)\/(\w*)$/s.exec(regex) ?? [null, regex, ''];
  const found = options.map((option) => new RegExp(body, flags.replace('g', '')).exec(option)).filter(Boolean);
  return [...new Set(found.map((match) => match[1] ?? match[0]))];
}

function sortOptions({ sort = 0 }, options) {
  const [byNumber, direction] = [sort === 3 || sort === 4, sort % 2 === 0 ? -1 : 1];
  if (sort === 0) return options;
  return [...options].sort((a, b) => direction * a.localeCompare(b, 'en', { numeric: byNumber }));
}

/** Replaces the variables in a text. `format` is what a variable without a format of its own gets. */
export function interpolate(text, variables, format, builtIn = {}) {
  return text.replace(VARIABLE, (match, plain, square, squareFormat, curly, curlyFormat) => {
    const name = plain ?? square ?? curly;
    if (name in builtIn) return builtIn[name];
    const variable = variables[name];
    return variable ? formatted(variable, curlyFormat ?? squareFormat ?? format) : match;
  });
}

function formatted(variable, format) {
  if (variable.isAll && variable.allValue !== undefined && format !== 'text') return variable.allValue;
  const values = variable.isAll ? variable.options : variable.values;
  switch (format) {
    case 'prometheus':
      return variable.isList ? alternatives(values, escapeRegex) : escapeString(values[0]);
    case 'regex':
      return alternatives(values, escapeRegex);
    case 'pipe':
      return values.join('|');
    case 'queryparam':
      return variable.values.map((value) => `var-${variable.name}=${encodeURIComponent(value)}`).join('&');
    case 'text':
      return variable.isAll ? 'All' : values.join(' + ');
    case 'raw':
    case 'csv':
      return values.join(',');
    default:
      return values.length === 1 ? values[0] : `{${values.join(',')}}`;
  }
}
