// The states of things over time, one row for each.

import { useMemo } from 'react';
import {
  applyNullInsertThreshold,
  colorManipulator,
  FieldType,
  formattedValueToString,
  getFieldDisplayName,
} from '@grafana/data';
import { LegendDisplayMode } from '@grafana/schema';
import { getTextColorForAlphaBackground, UPlotChart, VizLayout, VizLegend } from '@grafana/ui';
import { emptyPlot, nameAxis, plotFont } from './plot.js';

const MARGIN = 8;
const FONT_SIZE = 12;

/** A state timeline: stretches of equal values, in the colours and texts of their mappings. */
export function StateTimeline({ frames, options, width, height, context }) {
  const rows = useMemo(() => rowsOf(frames, context.timeRange.to.valueOf(), options.mergeValues ?? true), [frames]);
  const config = useMemo(() => plotOf(rows, options, context), [rows]);
  const { from, to } = context.timeRange;
  const items = legendItems(rows);
  const legend =
    options.legend?.showLegend === false ? null : (
      <VizLayout.Legend placement={options.legend?.placement ?? 'bottom'}>
        <VizLegend
          placement={options.legend?.placement ?? 'bottom'}
          items={items}
          displayMode={LegendDisplayMode.List}
          readonly
        />
      </VizLayout.Legend>
    );
  return (
    <div style={{ padding: MARGIN }}>
      <VizLayout width={width - 2 * MARGIN} height={height - 2 * MARGIN} legend={legend}>
        {(plotWidth, plotHeight) => (
          <UPlotChart
            config={config}
            data={[
              [from.valueOf(), to.valueOf()],
              [0, 0],
            ]}
            width={plotWidth}
            height={plotHeight}
          />
        )}
      </VizLayout>
    </div>
  );
}

function rowsOf(frames, end, merge) {
  return frames.flatMap((frame) => {
    const whole = applyNullInsertThreshold({ frame, refFieldPseudoMax: end });
    const time = whole.fields.find(({ type }) => type === FieldType.time);
    return whole.fields
      .filter((field) => field !== time)
      .map((field) => ({
        name: getFieldDisplayName(field, frame, frames),
        custom: { fillOpacity: 70, lineWidth: 0, ...field.config.custom },
        stretches: stretchesOf(time.values, field, end, merge),
      }));
  });
}

function stretchesOf(times, field, end, merge) {
  const stretches = [];
  for (const [i, value] of [...field.values].entries()) {
    if (value === null || value === undefined) continue;
    const to = times[i + 1] ?? end;
    const last = stretches.at(-1);
    if (merge && last?.value === value && last.to === times[i]) last.to = to;
    else stretches.push({ value, from: times[i], to, display: field.display(value) });
  }
  return stretches;
}

function plotOf(rows, options, { theme, timeZone, timeRange }) {
  const names = rows.map(({ name }) => name);
  const thickness = options.rowHeight ?? 0.9;
  const paint = (plot, canvas) => {
    const at = (value, scale) => plot.valToPos(value, scale, true);
    canvas.rect(plot.bbox.left, plot.bbox.top, plot.bbox.width, plot.bbox.height);
    canvas.clip();
    for (const [i, { stretches, custom }] of rows.entries()) {
      const [top, bottom] = [at(i + (1 - thickness) / 2, 'y'), at(i + (1 + thickness) / 2, 'y')];
      for (const { from, to, display } of stretches) {
        const box = { left: at(from, 'x'), top, width: at(to, 'x') - at(from, 'x'), height: bottom - top };
        paintBox(canvas, box, display, custom, options, theme);
      }
    }
  };
  const range = [timeRange.from.valueOf(), timeRange.to.valueOf()];
  return emptyPlot(
    timeZone,
    theme,
    [
      { key: 'x', isTime: true, range, axis: { grid: { show: false } } },
      { key: 'y', vertical: true, down: true, range: [0, rows.length], axis: nameAxis(names, 0.5) },
    ],
    paint,
  );
}

function paintBox(
  canvas,
  { left, top, width, height },
  display,
  custom,
  { showValue = 'auto', alignValue = 'left' },
  theme,
) {
  canvas.fillStyle = colorManipulator.alpha(display.color, custom.fillOpacity / 100);
  canvas.fillRect(left, top, Math.max(width, 1), height);
  const text = formattedValueToString(display);
  const size = FONT_SIZE * devicePixelRatio;
  canvas.font = plotFont(theme, FONT_SIZE);
  const [textWidth, edge] = [canvas.measureText(text).width, 4 * devicePixelRatio];
  if (showValue === 'never' || (showValue === 'auto' && (textWidth + 2 * edge > width || size > height))) return;
  const free = width - textWidth - 2 * edge;
  canvas.fillStyle = getTextColorForAlphaBackground(
    colorManipulator.alpha(display.color, custom.fillOpacity / 100),
    theme.isDark,
  );
  canvas.fillText(text, left + edge + { left: 0, center: free / 2, right: free }[alignValue], top + height / 2);
}

function legendItems(rows) {
  const items = new Map();
  for (const { display } of rows.flatMap(({ stretches }) => stretches)) {
    const label = formattedValueToString(display);
    items.set(label, { label, color: display.color, yAxis: 1 });
  }
  return [...items.values()];
}
