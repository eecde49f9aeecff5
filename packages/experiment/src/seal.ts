import { createHash } from 'node:crypto'

/** JSON with keys in code-unit order and no space: equal data, equal text (RFC 8785 for the values used here). */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value)
      .filter(([, held]) => held !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
    return `{${fields.map(([key, held]) => `${JSON.stringify(key)}:${canonical(held)}`).join(',')}}`
  }
  return JSON.stringify(value)
}

/** SHA-256 of the canonical text, in hex: what a declaration is sealed by. */
export function sealOf(value: unknown): string {
  return createHash('sha256').update(canonical(value)).digest('hex')
}

/** A UUID (RFC 9562, version 8) computed from parts, so that the same cause gives the same event. */
export function computedId(...parts: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(parts)).digest()
  hash[6] = (hash[6]! & 0x0f) | 0x80
  hash[8] = (hash[8]! & 0x3f) | 0x80
  const hex = hash.toString('hex', 0, 16)
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
