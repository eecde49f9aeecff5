import { createHash, randomUUID } from 'node:crypto'

/** A fresh id. */
export const newId = (): string => randomUUID()

/**
 * An id computed from parts: the same parts, the same id. A UUID of version 8 (RFC 9562: custom) over SHA-256;
 * parts are length-prefixed, so that ("a", "bc") and ("ab", "c") never meet.
 */
export function idFrom(...parts: readonly string[]): string {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part)
  const bytes = hash.digest().subarray(0, 16)
  bytes[6] = (bytes[6]! & 0x0f) | 0x80
  bytes[8] = (bytes[8]! & 0x3f) | 0x80
  const hex = bytes.toString('hex')
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
