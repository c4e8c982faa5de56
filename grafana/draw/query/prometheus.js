// The part of Prometheus' HTTP API that Grafana's data source uses.

/** A Prometheus. Ranges are in milliseconds, steps in seconds. */
export class Prometheus {
  constructor(url) {
    this.url = url;
  }

  /** One value per series, at the end of the range. */
  instant(query, { to }) {
    return this.#ask('query', { query, time: to / 1000 });
  }

  /** The values of each series through the range, every `step` seconds, at multiples of the step as Grafana asks. */
  range(query, { from, to }, step) {
    const aligned = (time) => Math.floor(time / 1000 / step) * step;
    return this.#ask('query_range', { query, start: aligned(from), end: aligned(to), step });
  }

  /** The values of a label, of the series that match, or of all. */
  labelValues(label, match, { from, to }) {
    const within = { start: from / 1000, end: to / 1000 };
    return this.#ask(`label/${label}/values`, match ? { ...within, 'match[]': match } : within);
  }

  /** The series of a result as texts, as query_result() of a variable has them. */
  async resultTexts(query, range) {
    const { result } = await this.instant(query, range);
    return result.map(({ metric: { __name__: name = '', ...labels }, value: [time, value] }) => {
      const list = Object.entries(labels).map(([label, text]) => `${label}="${text}"`);
      return `${name}{${list.join(',')}} ${value} ${time * 1000}`;
    });
  }

  async #ask(path, parameters) {
    const url = `${this.url}/api/v1/${path}?${new URLSearchParams(parameters)}`;
    const answer = await (await fetch(url)).json();
    if (answer.status !== 'success') throw new Error(`Prometheus says: ${answer.error}`);
    return answer.data;
  }
}
