// The dashboard at /: the built page and what it loads, out of memory, under a strict policy.
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { JobgateError } from '../contract/errors.ts';
import { sendAsset, sendTagged, type Asset } from './assets.ts';
import { loadOnce } from './load-once.ts';
import { keepForGood } from './cache-control.ts';
import { tagOfText } from './entity-tags.ts';
import type { MountedPaths } from './rest.ts';
import { POLICY_HEADER } from './security-headers.ts';

/** The page looks at the URL itself: what it shows there, it asks for over tRPC. */
const PAGE_PATHS = ['/', '/jobs', '/jobs/:job_id', '/try', '/keys', '/audit'];

const PAGE = 'index.html';
const ICON = 'favicon.svg';

/** Named after their content: a new build has new names. */
const ASSETS = 'assets';

const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** No inline script or style, nothing from elsewhere, no frame, no form that sends anything. */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

type Assets = Map<string, Asset>;

/** `folder`: where it was built; undefined mounts nothing. */
export function mountDashboard(
  app: FastifyInstance,
  folder: string | undefined,
  mounted: MountedPaths,
): void {
  if (folder === undefined) return;
  // With the first request: a gateway whose page nobody opens does not read it.
  const read = loadOnce(() => readAssets(folder));
  const find = async (name: string): Promise<Asset> => {
    const asset = (await read()).get(name);
    if (asset) return asset;
    throw new JobgateError('not_found', 'Not found');
  };
  for (const path of PAGE_PATHS) {
    app.get(path, async (request, reply) => {
      const page = await find(PAGE);
      reply.header(POLICY_HEADER, CONTENT_SECURITY_POLICY);
      return sendTagged(request, reply, page);
    });
  }
  app.get(`/${ICON}`, async (request, reply) => {
    return sendTagged(request, reply, await find(ICON));
  });
  app.get<{ Params: { name: string } }>(`/${ASSETS}/:name`, async (request, reply) => {
    const asset = await find(`${ASSETS}/${request.params.name}`);
    return sendAsset(request, keepForGood(reply), asset);
  });
  for (const path of [...PAGE_PATHS, `/${ICON}`])
    mounted.set(path, { methods: ['GET', 'HEAD'], open: true });
}

async function readAssets(folder: string): Promise<Assets> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const known = names.filter((name) => extname(name) in TYPES);
  const read = known.map(async (name) => [name, await readAsset(join(folder, name))] as const);
  const assets = new Map(await Promise.all(read));
  if (assets.has(PAGE)) return assets;
  throw new JobgateError('not_found', 'The dashboard is not built: run npm run build');
}

/** Compressed as the build left it beside the file: to make it takes 50 ms. */
async function readAsset(path: string): Promise<Asset> {
  const body = await readFile(path);
  const gzipped = await readFile(`${path}.gz`).catch(() => undefined);
  return { body, gzipped, type: TYPES[extname(path)] ?? '', tag: tagOfText(body.toString()) };
}
