// The dashboard: the bars above, and the panels on their grid.

import { useEffect, useRef } from 'react';
import { Icon } from '@grafana/ui';
import { css } from '@emotion/css';
import { place, visiblePanels } from './layout.js';
import { Panel } from './panel.jsx';

const PADDING = 16;
const SETTLING = 400;

/** Draws the dashboard; calls `allDrawn` when each panel has reported. */
export function Dashboard({ dashboard, context, width, report, allDrawn }) {
  const { theme, variables } = context;
  const panels = visiblePanels(dashboard);
  const drawable = panels.filter(({ type }) => type !== 'row');
  const waiting = useRef(new Set(drawable.map(({ id }) => id)));
  const done = (panel, state, why) => {
    report(panel, state, why);
    waiting.current.delete(panel.id);
    if (waiting.current.size === 0) setTimeout(() => allDrawn(drawable), SETTLING);
  };
  useEffect(() => {
    if (drawable.length === 0) allDrawn([]);
  }, []);
  const inner = width - 2 * PADDING;
  const height = Math.max(0, ...panels.map(({ gridPos }) => place(gridPos, inner).top + place(gridPos, inner).height));
  return (
    <div style={{ width, background: theme.colors.background.canvas, paddingBottom: PADDING }}>
      <TitleBar dashboard={dashboard} theme={theme} />
      <Controls dashboard={dashboard} variables={variables} rangeText={context.rangeText} theme={theme} />
      <div style={{ position: 'relative', margin: `0 ${PADDING}px`, height }}>
        {panels.map((panel) => (
          <div key={panel.id} style={{ position: 'absolute', ...place(panel.gridPos, inner) }}>
            {panel.type === 'row' ? (
              <Row panel={panel} theme={theme} />
            ) : (
              <Panel panel={panel} context={context} size={place(panel.gridPos, inner)} done={done} />
            )}
          </div>
        ))}
      </div>
    </div>
  );
}

function TitleBar({ dashboard, theme }) {
  const bar = css({
    display: 'flex',
    alignItems: 'center',
    gap: theme.spacing(1),
    height: 40,
    padding: theme.spacing(0, 2),
    background: theme.colors.background.primary,
    borderBottom: `1px solid ${theme.colors.border.weak}`,
    color: theme.colors.text.secondary,
    '& b': { color: theme.colors.text.primary, fontWeight: 500 },
  });
  return (
    <div className={bar}>
      <span>Dashboards</span>
      <Icon name="angle-right" />
      <b>{dashboard.title}</b>
    </div>
  );
}

function Controls({ dashboard, variables, rangeText, theme }) {
  const bar = css({ display: 'flex', flexWrap: 'wrap', gap: theme.spacing(1), padding: theme.spacing(2) });
  const shown = Object.values(variables).filter(({ hide }) => hide !== 2);
  return (
    <div className={bar}>
      {shown.map((variable) => (
        <Control key={variable.name} variable={variable} theme={theme} />
      ))}
      <span style={{ flexGrow: 1 }} />
      {(dashboard.links ?? []).map((link) => (
        <Box key={link.title} theme={theme}>
          <Icon name={link.type === 'link' ? 'external-link-alt' : 'bars'} /> {link.title}
        </Box>
      ))}
      <Box theme={theme}>
        <Icon name="clock-nine" /> {rangeText} <Small theme={theme}>UTC</Small>
      </Box>
      <Box theme={theme}>
        <Icon name="sync" /> {dashboard.refresh || 'Refresh'}
      </Box>
    </div>
  );
}

function Control({ variable, theme }) {
  const label = css({
    display: 'flex',
    alignItems: 'center',
    height: 32,
    padding: theme.spacing(0, 1),
    background: theme.colors.background.secondary,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRight: 'none',
    fontSize: 12,
    fontWeight: 500,
    borderRadius: '2px 0 0 2px',
  });
  const value = css({
    display: 'flex',
    alignItems: 'center',
    gap: 8,
    height: 32,
    padding: theme.spacing(0, 1),
    background: theme.components.input.background,
    border: `1px solid ${theme.components.input.borderColor}`,
    borderRadius: '0 2px 2px 0',
    fontSize: 14,
  });
  return (
    <span style={{ display: 'flex' }}>
      {variable.hide !== 1 && <span className={label}>{variable.label}</span>}
      <span className={value}>
        {variable.isAll ? 'All' : variable.values.join(' + ')} <Icon name="angle-down" />
      </span>
    </span>
  );
}

function Box({ theme, children }) {
  const box = css({
    display: 'flex',
    alignItems: 'center',
    gap: 6,
    height: 32,
    padding: theme.spacing(0, 1.5),
    fontSize: 14,
    background: theme.colors.secondary.main,
    border: `1px solid ${theme.colors.border.weak}`,
    borderRadius: 2,
  });
  return <span className={box}>{children}</span>;
}

function Small({ theme, children }) {
  return <span style={{ color: theme.v1.palette.orange, fontSize: 12 }}>{children}</span>;
}

function Row({ panel, theme }) {
  const row = css({ display: 'flex', alignItems: 'center', gap: 8, height: 30, fontSize: 16, fontWeight: 500 });
  return (
    <div data-row className={row} style={{ color: theme.colors.text.primary }}>
      <Icon name="angle-down" /> {panel.title}
    </div>
  );
}
