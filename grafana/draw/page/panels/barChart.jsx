// Bars over names or times, beside each other or stacked.

import { useMemo } from 'react';
import {
  colorManipulator,
  dateTimeFormat,
  FieldType,
  formattedValueToString,
  getFieldDisplayName,
  getFieldSeriesColor,
  outerJoinDataFrames,
} from '@grafana/data';
import { LegendDisplayMode } from '@grafana/schema';
import { getTextColorForAlphaBackground, UPlotChart, VizLayout, VizLegend } from '@grafana/ui';
import { emptyPlot, nameAxis, plotFont } from './plot.js';

const DAY = 86_400_000;
const FONT_SIZE = 12;

/** A bar chart. */
export function BarChart({ frames, options, width, height, context }) {
  const chart = useMemo(() => chartOf(frames, options, context), [frames]);
  const config = useMemo(() => plotOf(chart, options, context, width), [chart]);
  const { displayMode = LegendDisplayMode.List, placement = 'bottom', showLegend = true } = options.legend ?? {};
  const items = chart.series.map(({ name, color }) => ({ label: name, color, yAxis: 1 }));
  const legend = !showLegend ? null : (
    <VizLayout.Legend placement={placement}>
      <VizLegend placement={placement} items={items} displayMode={displayMode} readonly />
    </VizLayout.Legend>
  );
  return (
    <VizLayout width={width} height={height} legend={legend}>
      {(plotWidth, plotHeight) => (
        <UPlotChart
          config={config}
          data={[
            [0, chart.names.length],
            [0, 0],
          ]}
          width={plotWidth}
          height={plotHeight}
        />
      )}
    </VizLayout>
  );
}

function chartOf(frames, options, { theme, timeZone }) {
  const frame = frames.length === 1 ? frames[0] : outerJoinDataFrames({ frames });
  const isName = ({ name, type }) =>
    options.xField ? name === options.xField : type === FieldType.string || type === FieldType.time;
  const nameField = frame.fields.find(isName);
  if (!nameField) throw new Error('a bar chart needs a column of names or times');
  const numbers = frame.fields.filter(
    (field) => field !== nameField && field.type === FieldType.number && !field.config.custom?.hideFrom?.viz,
  );
  return {
    names: [...nameField.values].map((value) => nameOf(nameField, value, timeZone)),
    series: numbers.map((field) => ({
      field,
      name: getFieldDisplayName(field, frame),
      color: getFieldSeriesColor(field, theme).color,
      values: [...field.values],
    })),
  };
}

function nameOf(field, value, timeZone) {
  if (field.type !== FieldType.time) return formattedValueToString(field.display(value));
  const step = field.values[1] - field.values[0];
  return dateTimeFormat(value, { timeZone, format: step >= DAY ? 'MM/DD' : 'HH:mm' });
}

/** The bars of a name: stacked ones share a place and begin where the one before ends. */
function barsOf({ series }, i, { stacking = 'none', groupWidth = 0.7, barWidth = 0.97 }) {
  const values = series.map(({ values: column }) => column[i] ?? 0);
  const total = values.reduce((sum, value) => sum + value, 0);
  const each = (stacking === 'none' ? 1 / series.length : 1) * groupWidth;
  let below = 0;
  return values.map((value, s) => {
    const height = stacking === 'percent' ? value / (total || 1) : value;
    const from = stacking === 'none' ? 0 : below;
    below += height;
    const start = i - groupWidth / 2 + (stacking === 'none' ? s * each : 0) + (each * (1 - barWidth)) / 2;
    return { ...series[s], value, from, to: from + height, start, end: start + each * barWidth };
  });
}

function plotOf(chart, options, { theme, timeZone }, width) {
  const bars = chart.names.flatMap((_, i) => barsOf(chart, i, options));
  const first = chart.series[0].field;
  const horizontal = options.orientation === 'horizontal';
  const highest = Math.max(...bars.map(({ to }) => to)) * 1.06 || 1;
  const top =
    options.stacking === 'percent' ? 1 : (first.config.max ?? Math.max(highest, first.config.custom?.axisSoftMax ?? 0));
  const format = (value, decimals) => formattedValueToString(first.display(value, decimals));
  const every = Math.ceil((chart.names.length * 55) / width);
  const names = horizontal ? chart.names : chart.names.map((name, i) => (i % every === 0 ? name : ''));
  const alongNames = {
    key: horizontal ? 'y' : 'x',
    vertical: horizontal,
    down: horizontal,
    range: [-0.5, chart.names.length - 0.5],
    axis: nameAxis(names),
  };
  const alongValues = {
    key: horizontal ? 'x' : 'y',
    vertical: !horizontal,
    range: [Math.min(0, first.config.min ?? 0), top],
    axis: { formatValue: format, label: first.config.custom?.axisLabel },
  };
  const scales = horizontal ? [alongValues, alongNames] : [alongNames, alongValues];
  return emptyPlot(timeZone, theme, scales, (plot, canvas) => {
    for (const bar of bars) paintBar(plot, canvas, bar, options, theme);
  });
}

function paintBar(plot, canvas, bar, { orientation, stacking = 'none', showValue = 'auto' }, theme) {
  const horizontal = orientation === 'horizontal';
  const along = (value, scale) => plot.valToPos(value, scale, true);
  const [x1, x2] = horizontal
    ? [along(bar.from, 'x'), along(bar.to, 'x')]
    : [along(bar.start, 'x'), along(bar.end, 'x')];
  const [y1, y2] = horizontal
    ? [along(bar.start, 'y'), along(bar.end, 'y')]
    : [along(bar.to, 'y'), along(bar.from, 'y')];
  const { display, config } = bar.field;
  const color = config.color?.mode === 'thresholds' ? display(bar.value).color : bar.color;
  canvas.fillStyle = colorManipulator.alpha(color, (config.custom?.fillOpacity ?? 80) / 100);
  canvas.fillRect(x1, y1, x2 - x1, y2 - y1);
  if (showValue === 'never' || bar.value === 0) return;

  const text = formattedValueToString(display(bar.value));
  const size = FONT_SIZE * devicePixelRatio;
  canvas.font = plotFont(theme, FONT_SIZE);
  const wide = canvas.measureText(text).width;
  const inside = stacking !== 'none';
  const fits = (inside || horizontal ? y2 - y1 > size : true) && (inside || !horizontal ? x2 - x1 > wide : true);
  if (showValue === 'auto' && !fits) return;
  canvas.fillStyle = inside
    ? getTextColorForAlphaBackground(canvas.fillStyle, theme.isDark)
    : theme.colors.text.primary;
  const middle = [(x1 + x2 - wide) / 2, (y1 + y2) / 2];
  const outside = horizontal ? [x2 + size / 3, middle[1]] : [middle[0], y1 - size * 0.7];
  canvas.fillText(text, ...(inside ? middle : outside));
}
