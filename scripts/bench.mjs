// @ts-check
import { join } from 'node:path';
import { providePeers } from './engines/peers.mjs';
import { startEngines } from './engines/start.mjs';
import { ROOT } from './system/checkout.mjs';
import { Interruption } from './system/interruption.mjs';
import { Process } from './system/process.mjs';
import { makeTestFolder, removeDeadTestFolders, removeTestFolder } from './system/test-folder.mjs';

/**
 * What an operator gives a server of this size; everything that makes it durable stays on. Without a larger WAL a
 * checkpoint falls into every round.
 */
const POSTGRES_SETTINGS = ['shared_buffers=4GB', 'max_wal_size=8GB', 'checkpoint_timeout=15min'];
const STOP_GRACE_MS = 10_000;

const interruption = new Interruption();
interruption.listen();
await removeDeadTestFolders();
const folder = makeTestFolder();
/** @type {import('./engines/start.mjs').Engine[]} */
const engines = [];
try {
  const peers = process.argv.includes('peers') ? await providePeers(interruption.stop) : {};
  const started = await startEngines(folder, engines, interruption, POSTGRES_SETTINGS);
  const env = { ...process.env, ...started, ...peers };
  const script = join(ROOT, 'dist/bench/main.js');
  const bench = Process.spawn('bench', process.execPath, [script, ...process.argv.slice(2)], { cwd: ROOT, env });
  void interruption.stopped.then(() => bench.stop('SIGTERM', STOP_GRACE_MS, interruption.hurry));
  process.exitCode = (await bench.exited) === 'code 0' && !interruption.stop.aborted ? 0 : 1;
} finally {
  for (const engine of engines) await engine.stop();
  await removeTestFolder(folder);
}
