// Prometheus' answers as Grafana's data frames.

const LEGEND_AUTO = '__auto';

/** A frame for each series: its times, and its values with its labels. */
export function seriesFrames({ result }, target, step) {
  return result.map((series) => {
    const points = series.values ?? [series.value];
    const { __name__: name, ...labels } = series.metric;
    const legend = legendOf(target, name, labels, result.length);
    return {
      refId: target.refId,
      name: legend,
      fields: [
        timeField(
          points.map(([time]) => time),
          step,
        ),
        {
          name: 'Value',
          type: 'number',
          labels: series.metric,
          config: { displayNameFromDS: legend },
          values: points.map(([, value]) => number(value)),
        },
      ],
      length: points.length,
    };
  });
}

/** One frame of all series: a column for the time, one for each label, and one for the value. */
export function tableFrame({ result }, target, valueName) {
  const rows = result.flatMap(({ metric, value, values }) =>
    (values ?? [value]).map(([time, reading]) => ({ metric, time, reading })),
  );
  const labels = [...new Set(rows.flatMap(({ metric }) => Object.keys(metric)))].sort();
  return {
    refId: target.refId,
    fields: [
      timeField(rows.map(({ time }) => time)),
      ...labels.map((label) => ({
        name: label,
        type: 'string',
        config: { filterable: true },
        values: rows.map(({ metric }) => metric[label] ?? ''),
      })),
      { name: valueName, type: 'number', config: {}, values: rows.map(({ reading }) => number(reading)) },
    ],
    length: rows.length,
  };
}

function timeField(seconds, step) {
  const config = step ? { interval: step * 1000 } : {};
  return { name: 'Time', type: 'time', config, values: seconds.map((second) => second * 1000) };
}

function number(text) {
  if (text === '+Inf') return Infinity;
  return text === '-Inf' ? -Infinity : Number(text);
}

function legendOf({ legendFormat, expr }, name, labels, count) {
  const template = legendFormat && legendFormat !== LEGEND_AUTO ? legendFormat : undefined;
  if (template) return template.replace(/\{\{\s*(.+?)\s*\}\}/g, (_, label) => labels[label] ?? '');
  const list = Object.entries(labels)
    .map(([label, text]) => `${label}="${text}"`)
    .join(', ');
  if (legendFormat === LEGEND_AUTO && count === 1) return list === '' ? (name ?? expr) : (name ?? `{${list}}`);
  return list === '' ? (name ?? expr) : `${name ?? ''}{${list}}`;
}
