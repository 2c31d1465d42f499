/** The part that text-from-html.ts uses; the package brings no types. */
declare module 'html-to-text' {
  interface Selector {
    selector: string;
    format?: string;
    options?: Record<string, unknown>;
  }

  interface Options {
    wordwrap: number | false;
    limits: { maxDepth: number };
    selectors: Selector[];
  }

  export function compile(options: Options): (html: string) => string;
}
