// Panels that draw single values: stat, gauge, bar gauge.

import {
  getDisplayProcessor,
  getDisplayValueAlignmentFactors,
  getFieldDisplayValues,
  VizOrientation,
} from '@grafana/data';
import { BarGauge, BarGaugeDisplayMode, BigValue, VizRepeater } from '@grafana/ui';
import { interpolate } from '../../query/variables.js';
import { Dial } from './dial.jsx';

function Values({ frames, options, fieldConfig, width, height, context, sparkline = false, layout, render }) {
  const values = () =>
    getFieldDisplayValues({
      fieldConfig,
      sparkline,
      data: frames,
      theme: context.theme,
      timeZone: context.timeZone,
      reduceOptions: { calcs: ['lastNotNull'], values: false, ...options.reduceOptions },
      replaceVariables: (text) => interpolate(text, context.variables, 'text'),
    });
  return (
    <VizRepeater
      source={frames}
      renderCounter={0}
      width={width}
      height={height}
      orientation={options.orientation ?? VizOrientation.Auto}
      getValues={values}
      getAlignmentFactors={getDisplayValueAlignmentFactors}
      renderValue={render}
      {...layout}
    />
  );
}

/** Big numbers, with a sparkline when the options say so. */
export function Stats(props) {
  const { options, context } = props;
  const graph = options.graphMode ?? 'area';
  const render = ({ value, alignmentFactors, width, height, count, orientation }) => (
    <BigValue
      value={value.display}
      sparkline={value.sparkline}
      count={count}
      width={width}
      height={height}
      theme={context.theme}
      colorMode={options.colorMode ?? 'value'}
      graphMode={graph}
      justifyMode={options.justifyMode ?? 'auto'}
      textMode={options.textMode ?? 'auto'}
      text={options.text}
      wideLayout={options.wideLayout ?? true}
      alignmentFactors={alignmentFactors}
      parentOrientation={orientation}
      disableWideLayout={!(options.wideLayout ?? true)}
    />
  );
  return <Values {...props} sparkline={graph !== 'none'} layout={{ autoGrid: true, itemSpacing: 3 }} render={render} />;
}

Stats.drawsEmpty = true;

/** Dials. */
export function Gauges(props) {
  const { options, context } = props;
  const render = ({ value, width, height, count }) => (
    <Dial
      value={value.display}
      field={value.field}
      width={width}
      height={height}
      theme={context.theme}
      named={count > 1}
      markers={options.showThresholdMarkers ?? true}
    />
  );
  return (
    <Values
      {...props}
      layout={{ autoGrid: true, minVizWidth: options.minVizWidth ?? 75, minVizHeight: options.minVizHeight ?? 75 }}
      render={render}
    />
  );
}

/** Bars with their values. */
export function BarGauges(props) {
  const { options, context } = props;
  const mode = options.displayMode ?? BarGaugeDisplayMode.Gradient;
  const spacing = mode === BarGaugeDisplayMode.Lcd ? 2 : 10;
  const render = ({ value, alignmentFactors, orientation, width, height, count }) => (
    <BarGauge
      value={value.display}
      field={value.field}
      width={width}
      height={height}
      theme={context.theme}
      orientation={orientation}
      display={
        value.view?.getFieldDisplayProcessor(value.colIndex) ??
        getDisplayProcessor({ field: { config: value.field }, theme: context.theme })
      }
      text={options.text}
      displayMode={mode}
      itemSpacing={spacing}
      lcdCellWidth={12}
      showUnfilled={options.showUnfilled ?? true}
      alignmentFactors={count > 1 ? alignmentFactors : undefined}
      valueDisplayMode={options.valueMode}
      namePlacement={options.namePlacement}
      isOverflow={false}
    />
  );
  const layout = {
    itemSpacing: spacing,
    minVizWidth: options.minVizWidth ?? 8,
    minVizHeight: options.minVizHeight ?? 16,
    maxVizHeight: options.maxVizHeight ?? 300,
  };
  return <Values {...props} layout={layout} render={render} />;
}
