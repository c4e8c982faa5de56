// The dial of a gauge. Grafana's own is not in its component library in a form that works outside of Grafana.

import { formattedValueToString } from '@grafana/data';

const START = -225;
const SWEEP = 270;

/** A ring that the value fills, in the colour of its threshold, with the thresholds on a thin ring around it. */
export function Dial({ value, field, width, height, theme, named, markers }) {
  const label = named && value.title ? 22 : 0;
  const radius = Math.min(width / 2, (height - label) / 1.75) - 6;
  const [x, y] = [width / 2, radius + 6];
  const ratio = Math.min(Math.max(value.percent ?? 0, 0), 1);
  const thickness = radius * 0.26;
  const text = formattedValueToString(value);
  const inside = 2 * (radius - thickness - 8) * 0.85;
  const size = Math.min(radius * 0.45, inside / (0.6 * Math.max(text.length, 1)));
  return (
    <svg width={width} height={height} style={{ overflow: 'visible' }}>
      <path
        d={ring(x, y, radius - thickness / 2 - 8, 0, 1)}
        {...stroke(theme.colors.background.secondary, thickness)}
      />
      {ratio > 0 && <path d={ring(x, y, radius - thickness / 2 - 8, 0, ratio)} {...stroke(value.color, thickness)} />}
      {markers &&
        marks(field, theme).map(({ from, to, color }) => (
          <path key={from} d={ring(x, y, radius - 3, from, to)} {...stroke(color, 4)} />
        ))}
      <text x={x} y={y + size * 0.3} textAnchor="middle" fontSize={size} fill={value.color} fontWeight={500}>
        {text}
      </text>
      {label > 0 && (
        <text x={x} y={y + radius * 0.72 + 16} textAnchor="middle" fontSize={14} fill={theme.colors.text.primary}>
          {value.title}
        </text>
      )}
    </svg>
  );
}

function stroke(color, width) {
  return { stroke: color, strokeWidth: width, fill: 'none' };
}

/** The stretches of the ring that the thresholds colour, as shares of it. */
function marks({ thresholds, min = 0, max = 100 }, theme) {
  const steps = thresholds?.steps ?? [];
  const share = (value) => {
    const part = thresholds.mode === 'percentage' ? value / 100 : (value - min) / (max - min);
    return Math.min(Math.max(part, 0), 1);
  };
  return steps
    .map((step, i) => ({
      from: i === 0 ? 0 : share(step.value),
      to: i + 1 < steps.length ? share(steps[i + 1].value) : 1,
      color: theme.visualization.getColorByName(step.color),
    }))
    .filter(({ from, to }) => to > from);
}

function ring(x, y, radius, from, to) {
  const [x1, y1] = point(x, y, radius, from);
  const [x2, y2] = point(x, y, radius, to);
  return `M ${x1} ${y1} A ${radius} ${radius} 0 ${(to - from) * SWEEP > 180 ? 1 : 0} 1 ${x2} ${y2}`;
}

function point(x, y, radius, share) {
  const angle = ((START + share * SWEEP) * Math.PI) / 180;
  return [x + radius * Math.cos(angle), y + radius * Math.sin(angle)];
}
