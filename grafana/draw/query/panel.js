// Asks the queries of a panel, with the intervals that Grafana would ask with.

import { seriesFrames, tableFrame } from './frames.js';
import { interpolate } from './variables.js';

const MOST_POINTS = 11_000;

/** The frames of all queries of a panel that are not hidden. `width` is that of the panel on the screen. */
export async function panelFrames(panel, { source, variables, range, scrapeSeconds, roundInterval }, width) {
  const targets = (panel.targets ?? []).filter((target) => !target.hide && target.expr);
  const tables = targets.filter(({ format }) => format === 'table').length;
  const asked = targets.map(async (target) => {
    const step = stepOf(panel, target, { range, scrapeSeconds, roundInterval }, width);
    const expression = interpolate(target.expr, variables, 'prometheus', builtIns(range, step, scrapeSeconds));
    const answer = target.instant
      ? await source.instant(expression, range)
      : await source.range(expression, range, step);
    if (answer.resultType === 'scalar') answer.result = [{ metric: {}, value: answer.result }];
    if (target.format !== 'table') return seriesFrames(answer, target, target.instant ? undefined : step);
    if (answer.result.length === 0) return [];
    return [tableFrame(answer, target, tables > 1 ? `Value #${target.refId}` : 'Value')];
  });
  return (await Promise.all(asked)).flat();
}

/** The step of a query in seconds: no finer than the pixels, the scrapes, or what the panel asks for. */
function stepOf(panel, target, { range, scrapeSeconds, roundInterval }, width) {
  const wanted = seconds(target.interval) ?? seconds(panel.interval) ?? scrapeSeconds;
  const milliseconds = (range.to - range.from) / (panel.maxDataPoints ?? width);
  const rounded = Math.max(roundInterval(milliseconds) / 1000, wanted);
  const fewest = (range.to - range.from) / 1000 / MOST_POINTS;
  return Math.max(rounded * (target.intervalFactor ?? 1), Math.ceil(fewest));
}

/** The range that a panel shows: that of the dashboard, unless it has one of its own. */
export function panelRange({ timeFrom }, { from, to }) {
  const length = seconds(timeFrom);
  return length === undefined ? { from, to } : { from: to - length * 1000, to };
}

function seconds(text) {
  const [, count, unit] = /^(?:>|now-)?\s*(\d+)\s*(s|m|h|d|w)$/.exec(text ?? '') ?? [];
  return count === undefined ? undefined : count * { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 }[unit];
}

function builtIns(range, step, scrapeSeconds) {
  const length = Math.round((range.to - range.from) / 1000);
  return {
    __interval: `${step}s`,
    __interval_ms: String(step * 1000),
    __rate_interval: `${Math.max(step + scrapeSeconds, 4 * scrapeSeconds)}s`,
    __range: `${length}s`,
    __range_s: String(length),
    __range_ms: String(length * 1000),
    __from: String(range.from),
    __to: String(range.to),
  };
}
