// One panel: asks its queries, transforms the answers, applies the field options, and draws the result in its chrome.

import { Component, useEffect, useMemo, useRef, useState } from 'react';
import { firstValueFrom } from 'rxjs';
import {
  applyFieldOverrides,
  cacheFieldDisplayNames,
  dateTime,
  EventBusSrv,
  LoadingState,
  rangeUtil,
  standardTransformersRegistry,
  transformDataFrame,
} from '@grafana/data';
import { Icon, PanelChrome, PanelContextProvider } from '@grafana/ui';
import { panelFrames, panelRange } from '../query/panel.js';
import { interpolate } from '../query/variables.js';
import { fieldOptions } from './fieldConfig.js';
import { inked } from './ink.js';
import { visualizations } from './panels/index.js';

const LONGEST = 10_000;

/** Draws a panel and calls `done` with the state that it came to: drew, empty or failed, and why. */
export function Panel({ panel, context: ofDashboard, size, done }) {
  const context = useMemo(() => withRange(ofDashboard, panelRange(panel, ofDashboard.range)), []);
  const [result, setResult] = useState({ state: 'asking' });
  const content = useRef(null);
  const shared = useMemo(() => ({ eventBus: new EventBusSrv(), eventsScope: 'global' }), []);
  const fail = (error) => setResult({ state: 'failed', why: String(error.message ?? error) });
  useEffect(() => {
    load(panel, context, size.width).then(setResult, fail);
  }, []);
  useEffect(() => {
    if (result.state === 'asking') return;
    let current = true;
    inked(content, result.state === 'drew' ? LONGEST : 0).then((inked) => {
      if (!current) return;
      if (result.state === 'drew' && !inked) fail('nothing was drawn, though there is data');
      else done(panel, result.state, result.why);
    });
    return () => {
      current = false;
    };
  }, [result]);
  const title = interpolate(panel.title ?? '', context.variables, 'text');
  return (
    <PanelChrome
      width={size.width}
      height={size.height}
      title={title}
      description={panel.description}
      titleItems={panel.timeFrom && !panel.hideTimeOverride ? <OwnRange text={panel.timeFrom} /> : undefined}
      displayMode={panel.transparent ? 'transparent' : 'default'}
      hoverHeader={title === ''}
      padding={panel.type === 'table' || panel.type === 'state-timeline' ? 'none' : 'md'}
      statusMessage={result.state === 'failed' ? result.why : undefined}
      loadingState={LoadingState.Done}
    >
      {(width, height) => (
        <div ref={content} style={{ width, height }}>
          <PanelContextProvider value={shared}>
            <Content panel={panel} result={result} context={context} width={width} height={height} fail={fail} />
          </PanelContextProvider>
        </div>
      )}
    </PanelChrome>
  );
}

function withRange(context, range) {
  const [from, to] = [dateTime(range.from), dateTime(range.to)];
  return { ...context, range, timeRange: { from, to, raw: { from, to } } };
}

function OwnRange({ text }) {
  return (
    <PanelChrome.TitleItem>
      <Icon name="clock-nine" size="sm" /> {rangeUtil.describeTextRange(text.replace(/^now-/, '')).display}
    </PanelChrome.TitleItem>
  );
}

async function load(panel, context, width) {
  if (!(panel.type in visualizations)) throw new Error(`panels of the type ${panel.type} are not known here`);
  if (panel.type === 'text') return { state: 'drew', frames: [] };
  const raw = await panelFrames(panel, context, width);
  const frames = applyFieldOverrides({
    data: await transformed(raw, panel, context),
    fieldConfig: { defaults: panel.fieldConfig?.defaults ?? {}, overrides: panel.fieldConfig?.overrides ?? [] },
    fieldConfigRegistry: fieldOptions(panel.fieldConfig ?? {}),
    replaceVariables: (text) => interpolate(text, context.variables, 'text'),
    theme: context.theme,
    timeZone: context.timeZone,
  });
  cacheFieldDisplayNames(frames);
  return { state: frames.some(({ length }) => length > 0) ? 'drew' : 'empty', frames };
}

function transformed(frames, { transformations = [] }, { variables }) {
  const wanted = transformations.filter(({ disabled }) => !disabled);
  const unknown = wanted.find(({ id }) => !standardTransformersRegistry.getIfExists(id));
  if (unknown) throw new Error(`the transformation ${unknown.id} is not known here`);
  return firstValueFrom(
    transformDataFrame(wanted, frames, { interpolate: (text) => interpolate(text, variables, 'text') }),
  );
}

function Content({ panel, result, context, width, height, fail }) {
  if (result.state === 'asking') return null;
  if (result.state === 'failed') return <Notice height={height}>{result.why}</Notice>;
  const Visualization = visualizations[panel.type];
  if (result.state === 'empty' && !Visualization.drawsEmpty) {
    return <Notice height={height}>{panel.fieldConfig?.defaults?.noValue ?? 'No data'}</Notice>;
  }
  return (
    <Boundary fail={fail}>
      <Visualization
        frames={result.frames}
        options={panel.options ?? {}}
        fieldConfig={panel.fieldConfig ?? { defaults: {} }}
        width={width}
        height={height}
        context={context}
      />
    </Boundary>
  );
}

function Notice({ height, children }) {
  return <div style={{ height, display: 'flex', alignItems: 'center', justifyContent: 'center' }}>{children}</div>;
}

class Boundary extends Component {
  state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  componentDidCatch(error) {
    this.props.fail(error);
  }

  render() {
    return this.state.failed ? null : this.props.children;
  }
}
