// Text in Markdown or HTML.

import { renderTextPanelMarkdown } from '@grafana/data';
import { interpolate } from '../../query/variables.js';

/** A text panel. */
export function Text({ options, context }) {
  const content = interpolate(options.content ?? '', context.variables, 'text');
  const html = options.mode === 'html' ? content : renderTextPanelMarkdown(content);
  return <div className="markdown-html" dangerouslySetInnerHTML={{ __html: html }} />;
}
