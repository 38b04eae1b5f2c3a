// What works with the tables, of Drizzle.
import { core, driver, migrator, sqliteCore } from './drizzle-packages.ts';

export type { AnyColumn, SQL } from 'drizzle-orm';
export type { BetterSQLite3Database } from 'drizzle-orm/better-sqlite3';

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
