import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

export interface SourceFile {
  /** Relative to the root, with forward slashes. */
  path: string;
  text: string;
}

const BASE = ['contracts', 'config', 'runtime'];

/** Which folders of src/ a folder may import, besides itself. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  contracts: [],
  config: ['contracts'],
  runtime: ['contracts'],
  database: [...BASE, 'migrations'],
  jetstream: BASE,
  compose: BASE,
  http: [...BASE, 'database'],
  ledger: [...BASE, 'database'],
  limits: [...BASE, 'database'],
  suppressions: [...BASE, 'database', 'ledger', 'http'],
  messages: [...BASE, 'database', 'compose', 'ledger', 'http', 'suppressions'],
  topics: [...BASE, 'database', 'ledger', 'limits', 'http', 'suppressions', 'messages'],
  events: [...BASE, 'database', 'ledger', 'http', 'suppressions', 'messages', 'topics'],
  tracking: [...BASE, 'database', 'ledger', 'http', 'compose', 'suppressions', 'messages', 'topics', 'events'],
  webhooks: [...BASE, 'http', 'messages', 'topics', 'events'],
  watch: [...BASE, 'database', 'jetstream'],
  scheduler: [
    ...BASE,
    'database',
    'ledger',
    'limits',
    'jetstream',
    'compose',
    'suppressions',
    'messages',
    'topics',
    'watch',
  ],
  retention: [...BASE, 'database', 'ledger', 'http', 'suppressions', 'messages'],
  health: [...BASE, 'database', 'jetstream', 'limits', 'messages', 'watch', 'http'],
  sender: [
    ...BASE,
    'database',
    'limits',
    'jetstream',
    'compose',
    'suppressions',
    'messages',
    'events',
    'watch',
    'health',
  ],
  cli: [...BASE, 'database', 'ledger', 'messages', 'watch', 'migrations'],
};

/** Packages that one place alone may import. */
const PACKAGE_HOMES: readonly { pattern: RegExp; home: RegExp }[] = [
  { pattern: /^nats$/, home: /^src\/jetstream\// },
  { pattern: /^html-to-text$/, home: /^src\/compose\// },
  { pattern: /^(nodemailer|@aws-sdk)(\/|$)/, home: /^src\/sender\/transports\// },
];

export function readSources(root: string): SourceFile[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

/** A sentence for each broken rule; empty when all hold. */
export function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => [...shapeFaults(file), ...importFaults(file)]);
}

function shapeFaults({ path, text }: SourceFile): string[] {
  const faults: string[] = [];
  if (path.split('/').length > 4) faults.push(`${path}: more than two folders deep`);
  if (path.endsWith('/index.ts')) faults.push(`${path}: a barrel`);
  if (/\bforwardRef\b/.test(text)) faults.push(`${path}: forwardRef`);
  if (/\bprocess\.env\b/.test(text) && !path.startsWith('src/config/')) faults.push(`${path}: reads process.env`);
  return faults;
}

function importFaults({ path, text }: SourceFile): string[] {
  const folder = path.split('/').length > 2 ? path.split('/')[1] : null;
  const faults: string[] = [];
  for (const { fileName } of ts.preProcessFile(text).importedFiles) {
    if (fileName.startsWith('../../../')) faults.push(`${path}: climbs too high with ${fileName}`);
    if (!fileName.startsWith('.')) {
      faults.push(...packageFaults(path, folder, fileName));
      continue;
    }
    const target = normalize(join(dirname(path), fileName)).replaceAll('\\', '/');
    const [top, targetFolder, ...rest] = target.split('/');
    const to = top === 'src' ? (rest.length > 0 ? targetFolder : 'the composition root') : top;
    if (folder === null || to === folder) continue;
    if (!ALLOWED[folder]?.includes(to)) faults.push(`${path}: ${folder}/ may not import ${to}/ (${fileName})`);
    if (folder === 'sender' && /\.controller\.js$/.test(target))
      faults.push(`${path}: the sender imports a controller`);
  }
  return faults;
}

function packageFaults(path: string, folder: string | null, name: string): string[] {
  const isBuiltin = name.startsWith('node:') || builtinModules.includes(name);
  if (folder === 'contracts' && !isBuiltin) return [`${path}: contracts/ imports node's own modules only, not ${name}`];
  return PACKAGE_HOMES.filter(({ pattern, home }) => pattern.test(name) && !home.test(path)).map(
    ({ home }) => `${path}: imports ${name} outside ${home.source}`,
  );
}
