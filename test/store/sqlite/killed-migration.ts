// Opens a database and is killed in the middle of its migrations, between two of their statements.
import Database from 'better-sqlite3';
import { openDatabase } from '../../../src/store/sqlite/database.ts';

const [path = '', killBefore = ''] = process.argv.slice(2);
const { exec } = Database.prototype;
let statements = 0;

// The migrations' own statements change tables; one more is the record of the last of them.
Database.prototype.exec = function execOrDie(this: Database.Database, sql: string) {
  if (this.inTransaction && !sql.includes('__drizzle_migrations')) die();
  return exec.call(this, sql);
};

const { transaction } = Database.prototype;

// After all statements, and before the commit.
Database.prototype.transaction = function transactionOrDie(this: Database.Database, body) {
  return transaction.call(this, (...args: unknown[]) => {
    const result: unknown = body(...args);
    die();
    return result;
  });
} as typeof transaction;

function die(): void {
  statements += 1;
  if (statements === Number(killBefore)) process.kill(process.pid, 'SIGKILL');
}

openDatabase(path);
