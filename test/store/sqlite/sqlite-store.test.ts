// The embedded store keeps the contract of every store.
import { join } from 'node:path';
import { openSqliteStore } from '../../../src/store/sqlite/sqlite-store.ts';
import { FakeClock } from '../../fake-clock.ts';
import { storeContract } from '../store-contract.ts';

storeContract(
  'SQLite',
  (folder, options) => openSqliteStore(join(folder, 'jobgate.db'), options),
  new FakeClock(),
);
