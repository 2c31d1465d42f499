export interface GetLimits {
  /** From the call to the last byte of the body. */
  timeoutMs: number;
  maxBytes: number;
}

export interface GetAnswer {
  status: number;
  /** null where it was longer than the limit, or stopped coming. */
  body: Buffer | null;
}

/** A GET of which every dimension is bounded. It throws where no answer came. */
export type BoundedGet = (url: string, limits: GetLimits) => Promise<GetAnswer>;

/** Follows no redirect: the answer is then the redirect itself. */
export const boundedGet: BoundedGet = async (url, { timeoutMs, maxBytes }) => {
  const signal = AbortSignal.timeout(timeoutMs);
  const response = await fetch(url, { redirect: 'manual', signal });
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    // Leaving the loop cancels the stream, and with it the connection.
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBytes) return { status: response.status, body: null };
      chunks.push(chunk);
    }
  } catch {
    return { status: response.status, body: null };
  }
  return { status: response.status, body: Buffer.concat(chunks) };
};
