/** An answer in AWS's shape; the client makes an error of that name of it. */
export class SesError extends Error {
  constructor(
    readonly status: number,
    override readonly name: string,
    message: string,
  ) {
    super(message);
  }
}
