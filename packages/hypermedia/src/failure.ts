/** What a declaration or a call did wrong, with a stable code. */
export function failure(code: string, message: string, more: object = {}): Error & { code: string } {
  return Object.assign(new Error(message), { code, ...more })
}
