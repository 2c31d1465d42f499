// @ts-check
import { expect, it } from 'vitest';
import { promiseTable } from './promise-table.mjs';

const killed = {
  promise: 'P2',
  under: 'kill -9 of a gateway',
  promised: '0 lost, 0 twice',
  stream: '1080 publishes, 1000 stored',
  provider: '1000 mails: 0 lost, 0 twice',
  recipients: 1_000,
  kills: 30,
  seed: 1,
};
const timed = {
  promise: 'P37',
  under: 'keys',
  promised: '|t| < 6',
  stream: null,
  provider: null,
  measured: 't = 1.50',
  recipients: 0,
  kills: 0,
  seed: null,
};

it('has a line per promise and fault, with the runs added up and each thing seen once', () => {
  const again = { ...killed, stream: '1044 publishes, 1000 stored', seed: 2 };
  const lines = promiseTable([timed, killed, { ...killed, promise: 'P13' }, again]).split('\n');
  expect(lines.slice(2)).toEqual([
    '| P2 | kill -9 of a gateway | 0 lost, 0 twice | 1080 publishes, 1000 stored; 1044 publishes, 1000 stored | 1000 mails: 0 lost, 0 twice | – | – | 2 | 2000 | 60 | 1; 2 |',
    '| P13 | kill -9 of a gateway | 0 lost, 0 twice | 1080 publishes, 1000 stored | 1000 mails: 0 lost, 0 twice | – | – | 1 | 1000 | 30 | 1 |',
    '| P37 | keys | \\|t\\| < 6 | – | – | – | t = 1.50 | 1 | 0 | 0 | – |',
  ]);
});
