/**
 * The open pixel's address. Neither id nor token needs escaping. The ampersand stands as it is: `&s=` is no character
 * reference, and whoever cuts the address out of the HTML without decoding it gets the right one too.
 */
export function pixelUrl(publicUrl: string, emailId: string, token: string | null = null): string {
  const url = `${publicUrl}/v1/events/open?requestId=${emailId}`;
  return token === null ? url : `${url}&s=${token}`;
}

/** Puts the pixel before the last `</body>`, else at the end; nothing else of the HTML changes. */
export function withPixel(html: string, url: string): string {
  const pixel = `<img src="${url}" width="1" height="1" alt="" style="display:none">`;
  const at = lastBodyEnd(html);
  return html.slice(0, at) + pixel + html.slice(at);
}

/** The index of the last `</body>`, in any case and with spaces before its bracket; the length without one. */
function lastBodyEnd(html: string): number {
  let last = html.length;
  for (const { index } of html.matchAll(/<\/body\s{0,20}>/gi)) last = index;
  return last;
}
