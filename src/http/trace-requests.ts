// A span for every request, child of the caller's if it sent one (W3C `traceparent`); loaded only to trace.
import {
  context,
  propagation,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { routeLabel } from './route-label.ts';

/** The first of all hooks: what the others and the handler do is inside of the span. */
export function traceRequests(
  app: FastifyInstance,
  tracer: Tracer,
  scrub: (text: string) => string,
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const parent = propagation.extract(ROOT_CONTEXT, request.headers);
    const span = tracer.startSpan(nameOf(request), attributesOf(request, scrub), parent);
    reply.raw.once('close', () => end(span, reply));
    request.log = request.log.child({ trace_id: span.spanContext().traceId });
    reply.log = request.log;
    context.with(trace.setSpan(parent, span), done);
  });
}

function nameOf(request: FastifyRequest): string {
  return `${request.method} ${routeLabel(request)}`;
}

/** Names are those of the semantic conventions for HTTP. */
function attributesOf(request: FastifyRequest, scrub: (text: string) => string) {
  return {
    kind: SpanKind.SERVER,
    attributes: {
      'http.request.method': request.method,
      'http.route': routeLabel(request),
      'jobgate.request_id': scrub(request.id),
    },
  };
}

function end(span: Span, { raw }: FastifyReply): void {
  if (raw.headersSent) span.setAttribute('http.response.status_code', raw.statusCode);
  if (raw.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
}
