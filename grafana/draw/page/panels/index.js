// The kinds of panels that are known here.

import { BarChart } from './barChart.jsx';
import { StateTimeline } from './stateTimeline.jsx';
import { BarGauges, Gauges, Stats } from './single.jsx';
import { TablePanel } from './table.jsx';
import { Text } from './text.jsx';
import { Trend } from './timeSeries.jsx';

export const visualizations = {
  stat: Stats,
  gauge: Gauges,
  bargauge: BarGauges,
  timeseries: Trend,
  barchart: BarChart,
  'state-timeline': StateTimeline,
  table: TablePanel,
  text: Text,
};
