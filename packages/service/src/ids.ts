import { hash, randomUUID } from 'node:crypto'

/** A fresh id. */
export const newId = (): string => randomUUID()

/**
 * An id computed from parts: the same parts, the same id. A UUID of version 8 (RFC 9562: custom) over SHA-256;
 * parts are length-prefixed, so that ("a", "bc") and ("ab", "c") never meet.
 */
export function idFrom(...parts: readonly string[]): string {
  const hex = hash('sha256', parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join(''), 'hex')
  const variant = ((Number.parseInt(hex[16]!, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
