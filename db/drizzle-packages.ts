// Drizzle's packages, loaded as CommonJS; the build puts `drizzle-modules.ts` in this file's place.
import { createRequire } from 'node:module';
import type * as Core from 'drizzle-orm';
import type * as Driver from 'drizzle-orm/better-sqlite3/driver';
import type * as Migrator from 'drizzle-orm/migrator';
import type * as SqliteCore from 'drizzle-orm/sqlite-core';

/**
 * Drizzle's package.json has 5,600 lines, and Node looks into it again for each of the hundred ES
 * modules that it loads from there: 380 ms of every start and every test file, against 80 ms for
 * the same as CommonJS.
 */
const require = createRequire(import.meta.url);

export const core = require('drizzle-orm') as typeof Core;
export const sqliteCore = require('drizzle-orm/sqlite-core') as typeof SqliteCore;
export const driver = require('drizzle-orm/better-sqlite3/driver') as typeof Driver;
export const migrator = require('drizzle-orm/migrator') as typeof Migrator;
