// A metric family as the Prometheus client takes one, and the ways to make it.
import type { Histogram } from './histogram.ts';

export type Labels = Record<string, string | number>;

export interface Sample {
  labels: Labels;
  value: number;
  /** Default: the family's. */
  metricName?: string;
}

export interface Family {
  name: string;
  help: string;
  type: 'counter' | 'gauge' | 'histogram';
  values: Sample[];
}

/** Samples of the same labels, added up. */
export class Sums {
  readonly #byKey = new Map<string, Sample>();

  add(labels: Labels, value: number): void {
    const key = Object.values(labels).join('\n');
    const sample = this.#byKey.get(key) ?? { labels, value: 0 };
    sample.value += value;
    this.#byKey.set(key, sample);
  }

  samples(): Sample[] {
    return [...this.#byKey.values()];
  }
}

export function single(value: number): Sample {
  return { labels: {}, value };
}

export function counter(name: string, help: string, values: Sample[]): Family {
  return { name, help, type: 'counter', values };
}

export function gauge(name: string, help: string, values: Sample[]): Family {
  return { name, help, type: 'gauge', values };
}

export function labelled(name: string, histograms: Map<string, Histogram>): [Labels, Histogram][] {
  return [...histograms].map(([label, one]) => [{ [name]: label }, one]);
}

export function histogramOf(name: string, help: string, histograms: [Labels, Histogram][]): Family {
  const values = histograms.flatMap(([labels, one]) => samplesOf(name, labels, one));
  return { name, help, type: 'histogram', values };
}

/** Prometheus wants the buckets summed up, each with all below it. */
function samplesOf(name: string, labels: Labels, { bounds, counts, sum }: Histogram): Sample[] {
  let count = 0;
  const buckets = counts.map((n, index) => {
    count += n;
    const le = bounds[index] ?? '+Inf';
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: count };
  });
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
