// The page that draws a dashboard. It reads what to draw from /request.json, and says what it drew in `window.drawn`.

import { createRoot } from 'react-dom/client';
import {
  createTheme,
  locationUtil,
  rangeUtil,
  standardTransformers,
  standardTransformersRegistry,
  ThemeContext,
} from '@grafana/data';
import { GlobalStyles, PortalContainer } from '@grafana/ui';
import { initPluginTranslations } from '@grafana/i18n';
import { Prometheus } from '../query/prometheus.js';
import { resolveVariables } from '../query/variables.js';
import { Dashboard } from './dashboard.jsx';

const theme = createTheme({ colors: { mode: 'dark' } });

async function start() {
  await initPluginTranslations('grafana');
  standardTransformersRegistry.setInit(transformations);
  locationUtil.initialize({
    config: { appSubUrl: '' },
    getTimeRangeForUrl: () => ({}),
    getVariablesUrlParams: () => ({}),
  });

  const request = await (await fetch('/request.json')).json();
  const source = new Prometheus('/prometheus');
  const context = {
    source,
    variables: await resolveVariables(request.dashboard, request.variables, source, request.range),
    range: request.range,
    scrapeSeconds: request.scrapeSeconds,
    roundInterval: rangeUtil.roundInterval,
    rangeText: request.rangeText,
    timeZone: 'utc',
    theme,
  };
  const drawn = new Map();
  const report = (panel, state, why) =>
    drawn.set(panel.id, { id: panel.id, type: panel.type, title: panel.title, state, why });
  const allDrawn = (panels) => {
    window.drawn = panels.map((panel) => drawn.get(panel.id));
  };
  const root = createRoot(document.getElementById('page'));
  root.render(<GlobalStyles />);
  await fontsLoaded();
  root.render(
    <ThemeContext.Provider value={theme}>
      <GlobalStyles />
      <Dashboard
        dashboard={request.dashboard}
        context={context}
        width={request.width}
        report={report}
        allDrawn={allDrawn}
      />
      <PortalContainer />
    </ThemeContext.Provider>,
  );
}

/** Some have two names in the list, but one id. */
function transformations() {
  const byId = new Map(
    Object.values(standardTransformers).map((transformation) => [transformation.id, transformation]),
  );
  return [...byId.values()].map((transformation) => ({
    id: transformation.id,
    name: transformation.name,
    transformation,
    editor: () => null,
  }));
}

/** A canvas does not wait for its fonts. */
async function fontsLoaded() {
  const wanted = ['400 12px Inter', '500 12px Inter', '400 12px "Roboto Mono"'];
  const loaded = () => Promise.all(wanted.map((font) => document.fonts.load(font)));
  for (let faces = []; faces.some((found) => found.length === 0) || faces.length === 0; faces = await loaded()) {
    await new Promise(requestAnimationFrame);
  }
}

start().catch((error) => {
  window.drawingFailed = String(error.stack ?? error);
});
