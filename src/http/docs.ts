// The API page at /docs: everything it loads comes from this server.
import fastify, { type FastifyInstance } from 'fastify';
import { keepForAnybody } from './cache-control.ts';
import { tagOfText } from './entity-tags.ts';
import { REQUEST_ID_HEADER } from './request-id.ts';
import { SECURITY_HEADERS } from './security-headers.ts';

/** The page, with and without its slash, and the script that shows it. */
const PATHS = ['/docs', '/docs/', '/docs/js/scalar.js'];

/**
 * The page is a server of its own, made when it is first asked for: loading Scalar takes 170 ms of a
 * start that took 780, and to register a plugin it is then too late.
 */
export function mountDocs(app: FastifyInstance): void {
  let page: Promise<FastifyInstance> | undefined;
  for (const path of PATHS) {
    app.get(path, async (request, reply) => {
      page ??= buildPage();
      const { routing } = await page;
      reply.hijack();
      reply.raw.setHeader(REQUEST_ID_HEADER, request.id);
      routing(request.raw, reply.raw);
    });
  }
}

async function buildPage(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const page = fastify();
  const tags = new Map<string, string>();
  page.addHook('onSend', async (request, reply, payload) => {
    reply.headers({ ...SECURITY_HEADERS, 'content-security-policy': CONTENT_SECURITY_POLICY });
    if (typeof payload !== 'string' || reply.statusCode !== 200) return payload;
    const url = request.routeOptions.url ?? '';
    const tag = tags.get(url) ?? tagOfText(payload);
    tags.set(url, tag);
    return keepForAnybody(request, reply, tag) ? '' : payload;
  });
  await page.register(scalar, {
    routePrefix: '/docs',
    configuration: {
      pageTitle: 'Jobgate API',
      url: '/openapi.json',
      telemetry: false,
      withDefaultFonts: false,
      agent: { disabled: true },
      mcp: { disabled: true },
      showDeveloperTools: 'never',
      hideClientButton: true,
    },
  } as Parameters<typeof scalar>[1]);
  await page.ready();
  return page;
}

/** The page has its start and its styles inline; it may load and ask this server only. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self' 'unsafe-inline'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');
