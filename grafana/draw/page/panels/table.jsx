// Tables.

import { TableNG } from '@grafana/ui/unstable';

/** A table of one frame, the one that the options choose. */
export function TablePanel({ frames, options, fieldConfig, width, height, context }) {
  return (
    <TableNG
      data={frames[options.frameIndex ?? 0] ?? frames[0]}
      width={width}
      height={height}
      structureRev={1}
      noHeader={options.showHeader === false}
      initialSortBy={options.sortBy}
      cellHeight={options.cellHeight}
      fieldConfig={fieldConfig}
      timeRange={context.timeRange}
      enableVirtualization={false}
      showTypeIcons={false}
    />
  );
}
