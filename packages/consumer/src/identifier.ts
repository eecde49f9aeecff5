/** A name as an SQL identifier, quoted. */
export function identifier(name: string): string {
  if (name.length === 0 || name.length > 63 || name.includes('\0')) {
    throw new TypeError(`Expected a Postgres name of 1 to 63 characters, got "${name}".`)
  }
  return `"${name.replaceAll('"', '""')}"`
}
