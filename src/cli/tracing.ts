// OpenTelemetry: traces as the standard OTEL_* variables say; without them nothing is loaded.
import type { Tracer } from '@opentelemetry/api';
import type { NodeSDK } from '@opentelemetry/sdk-node';
import pkg from '#package.json' with { type: 'json' };
import type { Environment } from '../config.ts';

export interface Tracing {
  tracer: Tracer;
  /** Sends what is left; false when the collector did not take it in time. */
  stop(): Promise<boolean>;
}

/** One of these asks for traces; how they are made, and where they go, the SDK reads by itself. */
const ASKING = [
  'OTEL_TRACES_EXPORTER',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
];

const SDK_PACKAGE = '@opentelemetry/sdk-node';

/** A collector that does not answer must not hold up the stop. */
const STOP_BOUND_MS = 2000;

/**
 * Undefined when no variable asks for traces, or the SDK is not installed, which `warn` is then told:
 * a platform that sets these variables everywhere must not keep the gateway from its work.
 */
export async function startTracing(
  environment: Environment,
  warn: (message: string) => void,
): Promise<Tracing | undefined> {
  if (!isAsked(environment)) return undefined;
  const sdk = await loadSdk();
  if (!sdk) {
    warn(`no traces: OTEL_* variables ask for them, but npm install ${SDK_PACKAGE} was not run`);
    return undefined;
  }
  const { trace } = await import('@opentelemetry/api');
  const serviceName = environment['OTEL_SERVICE_NAME'] ?? 'jobgate';
  // Traces only: /metrics has the metrics, stdout the log.
  const node = new sdk.NodeSDK({ serviceName, metricReaders: [], logRecordProcessors: [] });
  node.start();
  return { tracer: trace.getTracer('jobgate', pkg.version), stop: () => stopInTime(node) };
}

function isAsked(environment: Environment): boolean {
  if (environment['OTEL_SDK_DISABLED']?.toLowerCase() === 'true') return false;
  if (environment['OTEL_TRACES_EXPORTER'] === 'none') return false;
  return ASKING.some((name) => environment[name]);
}

async function loadSdk(): Promise<{ NodeSDK: typeof NodeSDK } | undefined> {
  try {
    return await import('@opentelemetry/sdk-node');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND') return undefined;
    throw error;
  }
}

async function stopInTime(node: { shutdown(): Promise<void> }): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const bound = setTimeout(() => resolve(false), STOP_BOUND_MS);
  // What a collector refuses is lost.
  const sent = node.shutdown().then(
    () => true,
    () => true,
  );
  const isSent = await Promise.race([sent, promise]);
  clearTimeout(bound);
  return isSent;
}
