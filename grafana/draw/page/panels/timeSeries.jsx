// Lines, bars and points over time.

import { TimeSeries } from '@grafana/ui';

const LINE = {
  drawStyle: 'line',
  lineWidth: 1,
  fillOpacity: 0,
  gradientMode: 'none',
  lineInterpolation: 'linear',
  showPoints: 'auto',
  pointSize: 5,
  spanNulls: false,
  axisPlacement: 'auto',
  barAlignment: 0,
};
const LEGEND = { showLegend: true, displayMode: 'list', placement: 'bottom', calcs: [] };

/** A time series panel. */
export function Trend({ frames, options, width, height, context }) {
  return (
    <TimeSeries
      frames={frames.map(withDefaults)}
      structureRev={1}
      timeRange={context.timeRange}
      timeZone={context.timeZone}
      width={width}
      height={height}
      legend={{ ...LEGEND, ...options.legend }}
      options={options}
    />
  );
}

function withDefaults(frame) {
  const fields = frame.fields.map((field) => ({
    ...field,
    config: { ...field.config, custom: { ...LINE, ...field.config.custom } },
  }));
  return { ...frame, fields };
}
