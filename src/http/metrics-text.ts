// What /metrics says: the tallies, the measures of the store, and those of the process.
import { collectDefaultMetrics, Registry, type Metric } from '@prometheus-io/client';
import type { Services } from '../procedures/trpc.ts';
import { gatewayMetrics } from './gateway-metrics.ts';
import type { Family } from './metric-family.ts';
import type { Tallies } from './tallies.ts';

export interface MetricsText {
  contentType: string;
  write(): Promise<string>;
}

export function metricsText(services: Services, tallies: Tallies): MetricsText {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  // As one, so that one scrape asks the store once.
  const write = async () => {
    const families = await gatewayMetrics(services, tallies);
    const own = new Registry();
    for (const family of families) own.registerMetric(collected(family));
    return `${await own.metrics()}\n${await registry.metrics()}`;
  };
  return { contentType: registry.contentType, write };
}

/** All that a registry reads of a metric; its own would be counted twice, and slower. */
function collected(family: Family): Metric {
  return { ...family, get: async () => family } as unknown as Metric;
}
