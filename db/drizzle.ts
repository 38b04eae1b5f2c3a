// Drizzle, loaded as CommonJS, for everything that works with the tables.
import { createRequire } from 'node:module';
import type * as Core from 'drizzle-orm';
import type * as Driver from 'drizzle-orm/better-sqlite3/driver';
import type * as Migrator from 'drizzle-orm/migrator';
import type * as SqliteCore from 'drizzle-orm/sqlite-core';

export type { SQL } from 'drizzle-orm';
export type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';

/**
 * Drizzle's package.json has 5,600 lines, and Node looks into it again for each of the hundred ES
 * modules that it loads from there: 380 ms of every start and every test file, against 80 ms for
 * the same as CommonJS.
 */
const require = createRequire(import.meta.url);

const core = require('drizzle-orm') as typeof Core;
const sqliteCore = require('drizzle-orm/sqlite-core') as typeof SqliteCore;
const driver = require('drizzle-orm/better-sqlite3/driver') as typeof Driver;
const migrator = require('drizzle-orm/migrator') as typeof Migrator;

export const {
  and,
  asc,
  desc,
  eq,
  getTableColumns,
  gt,
  gte,
  inArray,
  isNotNull,
  isNull,
  lt,
  lte,
  max,
  min,
  or,
  sql,
} = core;
export const {
  blob,
  check,
  foreignKey,
  index,
  integer,
  primaryKey,
  sqliteTable,
  text,
  unique,
  uniqueIndex,
} = sqliteCore;
export const { drizzle } = driver;
export const { readMigrationFiles } = migrator;
