import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

export interface FoundRegExp {
  /** Its file and line. */
  place: string;
  source: string;
  flags: string;
}

/** Every regular expression of the sources in a folder, specs left out: literals, and what is put together of constants. */
export function findRegExps(folder: string): FoundRegExp[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'))
    .flatMap((name) => regExpsIn(join(folder, name)));
}

function regExpsIn(path: string): FoundRegExp[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const found: FoundRegExp[] = [];
  const add = (node: ts.Node, source: string, flags: string) => {
    const { line } = file.getLineAndCharacterOfPosition(node.getStart());
    found.push({ place: `${path}:${line + 1}`, source, flags });
  };
  const visit = (node: ts.Node) => {
    if (ts.isRegularExpressionLiteral(node)) add(node, ...partsOf(node));
    if (ts.isNewExpression(node) && node.expression.getText() === 'RegExp') {
      const [source, flags] = node.arguments ?? [];
      add(node, textOf(source, file), flags === undefined ? '' : textOf(flags, file));
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function partsOf(node: ts.RegularExpressionLiteral): [source: string, flags: string] {
  const end = node.text.lastIndexOf('/');
  return [node.text.slice(1, end), node.text.slice(end + 1)];
}

/** The text that an expression stands for; what only a run would know is a word like any other. */
function textOf(node: ts.Expression, file: ts.SourceFile): string {
  if (ts.isStringLiteralLike(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return (
      node.head.text + node.templateSpans.map((span) => textOf(span.expression, file) + span.literal.text).join('')
    );
  }
  // `/…/.source`
  if (ts.isPropertyAccessExpression(node) && ts.isRegularExpressionLiteral(node.expression)) {
    return partsOf(node.expression)[0];
  }
  const initializer = ts.isIdentifier(node) ? constant(node.text, file) : undefined;
  return initializer === undefined ? 'word' : textOf(initializer, file);
}

function constant(name: string, file: ts.SourceFile): ts.Expression | undefined {
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    const declaration = statement.declarationList.declarations.find((one) => one.name.getText() === name);
    if (declaration?.initializer) return declaration.initializer;
  }
  return undefined;
}
