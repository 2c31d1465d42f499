/** As much of an OpenAPI 3.1 document and its schemas as the tests read. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  oneOf?: Schema[];
  allOf?: Schema[];
  enum?: unknown[];
  minItems?: number;
  minimum?: number;
  maximum?: number;
  example?: unknown;
  default?: unknown;
}

export interface Operation {
  summary?: string;
  security?: Record<string, string[]>[];
  parameters?: { name: string; in: 'path' | 'query' | 'header'; required?: boolean; schema?: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
  responses: Record<string, { description: string; content?: Record<string, { schema: Schema }> }>;
}

export interface OpenApi {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema>; securitySchemes: Record<string, unknown> };
  security?: Record<string, string[]>[];
}

export interface Route {
  method: string;
  path: string;
  operation: Operation;
}

export async function readDocument(base: string): Promise<OpenApi> {
  return (await (await fetch(`${base}/openapi.json`)).json()) as OpenApi;
}

export function routesOf({ paths }: OpenApi): Route[] {
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
}

/** The security of an operation, its own or the document's. */
export function securityOf({ security }: OpenApi, operation: Operation): Record<string, string[]>[] {
  return operation.security ?? security ?? [];
}

/** The path of a route with examples, or else these values, in place of its parameters. */
export function pathOf({ path, operation }: Route, values: Record<string, string> = {}): string {
  return path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const example = operation.parameters?.find((parameter) => parameter.name === name)?.schema?.example;
    return values[name] ?? String(example ?? '00000000-0000-7000-8000-000000000000');
  });
}

export function resolve(document: OpenApi, schema: Schema): Schema {
  const name = schema.$ref?.replace('#/components/schemas/', '');
  if (name === undefined) return schema;
  const found = document.components.schemas[name];
  if (!found) throw new Error(`the document has no schema ${name}`);
  return found;
}

/** What Swagger UI fills in for a body: the examples, put together. */
export function exampleOf(document: OpenApi, schema: Schema): unknown {
  const { example, default: preset, properties, items } = resolve(document, schema);
  if (example !== undefined) return example;
  if (preset !== undefined) return preset;
  if (items) return [exampleOf(document, items)];
  if (!properties) return undefined;
  return Object.fromEntries(Object.entries(properties).map(([name, member]) => [name, exampleOf(document, member)]));
}

/** Every way in which a value is not what a schema says, members that it does not name among them. */
export function mismatches(document: OpenApi, given: Schema, value: unknown, pointer = ''): string[] {
  const schema = resolve(document, given);
  if (schema.oneOf) {
    const fits = schema.oneOf.some((option) => mismatches(document, option, value, pointer).length === 0);
    return fits ? [] : [`${pointer} is none of the alternatives`];
  }
  if (schema.allOf) return schema.allOf.flatMap((part) => mismatches(document, part, value, pointer));
  const found: string[] = [];
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => isOfType(value, type))) {
    return [`${pointer} is not of type ${types.join(' or ')}: ${JSON.stringify(value)}`];
  }
  if (schema.enum && !schema.enum.includes(value)) found.push(`${pointer} is not in the enumeration`);
  if (Array.isArray(value)) {
    if (!schema.items) return [...found, `${pointer} has elements that are not described`];
    const { items } = schema;
    return [...found, ...value.flatMap((element, i) => mismatches(document, items, element, `${pointer}/${i}`))];
  }
  if (typeof value !== 'object' || value === null) return found;
  for (const name of schema.required ?? []) {
    if (!(name in value)) found.push(`${pointer}/${name} is missing`);
  }
  for (const [name, member] of Object.entries(value)) {
    const described = schema.properties?.[name] ?? schema.additionalProperties;
    if (described === undefined || described === false) found.push(`${pointer}/${name} is not described`);
    else if (described !== true) found.push(...mismatches(document, described, member, `${pointer}/${name}`));
  }
  return found;
}

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}
