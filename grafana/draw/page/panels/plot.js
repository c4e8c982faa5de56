// What the panels share that are plotted here and not by a component of Grafana's library.

import { AxisPlacement, GraphDrawStyle, ScaleDirection, ScaleOrientation, VisibilityMode } from '@grafana/schema';
import { UPlotConfigBuilder } from '@grafana/ui';

/** A plot with Grafana's axes, of which `paint` draws the inside; it gets uPlot and its 2D context. */
export function emptyPlot(timeZone, theme, scales, paint) {
  const builder = new UPlotConfigBuilder(timeZone);
  for (const { key, vertical, isTime = false, range, down = false, axis } of scales) {
    builder.addScale({
      scaleKey: key,
      isTime,
      range: () => range,
      orientation: vertical ? ScaleOrientation.Vertical : ScaleOrientation.Horizontal,
      direction: vertical ? (down ? ScaleDirection.Down : ScaleDirection.Up) : ScaleDirection.Right,
    });
    builder.addAxis({
      scaleKey: key,
      theme,
      isTime,
      timeZone,
      placement: vertical ? AxisPlacement.Left : AxisPlacement.Bottom,
      ...axis,
    });
  }
  const value = scales.find(({ key }) => key !== 'x');
  builder.addSeries({
    scaleKey: value.key,
    theme,
    drawStyle: GraphDrawStyle.Line,
    showPoints: VisibilityMode.Never,
    pathBuilder: () => null,
    pointsBuilder: () => undefined,
  });
  builder.addHook('draw', (plot) => {
    plot.ctx.save();
    plot.ctx.textAlign = 'left';
    plot.ctx.textBaseline = 'middle';
    paint(plot, plot.ctx);
    plot.ctx.restore();
  });
  return builder;
}

/** The font of the texts in a plot, on a canvas of this screen. */
export function plotFont(theme, size) {
  return `${size * devicePixelRatio}px ${theme.typography.fontFamily}`;
}

/** The axis of names: one at each whole number and nothing between. */
export function nameAxis(names, offset = 0) {
  return { splits: names.map((_, i) => i + offset), values: names, grid: { show: false }, ticks: { show: false } };
}
