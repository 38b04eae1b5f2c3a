// The API page at /docs: everything it loads comes from this server.
import fastify, { type FastifyInstance } from 'fastify';
import { makeAsset, sendTagged, type Asset } from './assets.ts';
import { loadOnce } from './load-once.ts';
import { NO_COMPILERS } from './no-compilers.ts';
import { POLICY_HEADER } from './security-headers.ts';

const ROOT = '/docs';

/** The page, and the script that shows it. */
const FILES = ['/docs/', '/docs/js/scalar.js'];

/**
 * Scalar is a plugin of Fastify's, asked once for what it serves, when that is first wanted: loading
 * it takes 170 ms of a start that took 780, and to register a plugin it is then too late. Its own
 * server never sees a request of ours: it takes the Host for one that can be parsed, and whatever it
 * answered would go past our hooks, our errors and our log.
 */
export function mountDocs(app: FastifyInstance): void {
  const files = loadOnce(makeFiles);
  app.get(ROOT, (_request, reply) => reply.redirect(`${ROOT}/`, 301));
  for (const path of FILES) {
    app.get(path, async (request, reply) => {
      const file = (await files()).get(path)!;
      return sendTagged(request, reply.header(POLICY_HEADER, CONTENT_SECURITY_POLICY), file);
    });
  }
}

async function makeFiles(): Promise<Map<string, Asset>> {
  const page = await buildPage();
  const made = FILES.map(async (path) => [path, await makeFile(page, path)] as const);
  const files = new Map(await Promise.all(made));
  await page.close();
  return files;
}

async function makeFile(page: FastifyInstance, path: string): Promise<Asset> {
  const { statusCode, payload: text, headers } = await page.inject(path);
  if (statusCode !== 200) throw new Error(`Scalar answers ${statusCode} for ${path}`);
  return makeAsset(text, String(headers['content-type']));
}

async function buildPage(): Promise<FastifyInstance> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const page = fastify({ schemaController: NO_COMPILERS });
  await page.register(scalar, {
    routePrefix: ROOT,
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
