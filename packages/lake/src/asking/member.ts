/**
 * The member of an object that a constant path of DuckDB leads into first: `$.pot.name`, `$."a.b"`, `/pot/name`, or the name itself.
 * Undefined where it may lead into more than one, as `$.*` does, or is written in a way not known here.
 */
export function memberOf(path: string): string | undefined {
  if (path.startsWith('$')) {
    const [, quoted, plain] = /^\$\.(?:"([^"\\]+)"|(\w+))(?=[.[]|$)/.exec(path) ?? []
    return quoted ?? plain
  }
  if (path.startsWith('/')) return /^\/([^/~]+)/.exec(path)?.[1]
  return path
}
