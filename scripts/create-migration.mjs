// @ts-check
import { existsSync, readFileSync, writeFileSync } from 'node:fs';

/** `npm run migrate:create -- <name>`: an empty migration, listed in migrations/index.ts. */
const name = process.argv[2];
if (!name || !/^[a-z][a-z0-9-]*$/.test(name)) {
  process.stderr.write('usage: npm run migrate:create -- <name-in-kebab-case>\n');
  process.exit(2);
}

const timestamp = Date.now();
const className = name.replace(/(^|-)([a-z0-9])/g, (_, _dash, letter) => letter.toUpperCase()) + timestamp;
const path = `migrations/${timestamp}-${name}.ts`;
if (existsSync(path)) throw new Error(`${path} exists`);

writeFileSync(
  path,
  `import type { MigrationInterface, QueryRunner } from 'typeorm';

export class ${className} implements MigrationInterface {
  async up(db: QueryRunner): Promise<void> {
    await db.query(\`\`);
  }

  async down(db: QueryRunner): Promise<void> {
    await db.query(\`\`);
  }
}
`,
);

const index = readFileSync('migrations/index.ts', 'utf8');
const lastImport = index.lastIndexOf('import ');
const afterImports = index.indexOf('\n', lastImport) + 1;
writeFileSync(
  'migrations/index.ts',
  (
    index.slice(0, afterImports) +
    `import { ${className} } from './${timestamp}-${name}.js';\n` +
    index.slice(afterImports)
  ).replace(/,?\s*\];/, `, ${className}];`),
);
process.stdout.write(`${path}\n`);
