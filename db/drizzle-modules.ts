// Drizzle's packages as ES modules: the build leaves out what of them nobody uses.
export * as core from 'drizzle-orm';
export * as driver from 'drizzle-orm/better-sqlite3/driver';
export * as migrator from 'drizzle-orm/migrator';
export * as sqliteCore from 'drizzle-orm/sqlite-core';
