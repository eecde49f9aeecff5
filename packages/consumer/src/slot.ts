/** Number of slots, for ever: checkpoints and Kafka partitions (slot mod partitions) are counted in it. */
export const SLOTS = 1024

const utf8 = new TextEncoder()

/**
 * The slot of an ordering key: FNV-1a (32 bit) over its UTF-8 bytes, then the finalizer of MurmurHash3 (fmix32), low 10 bits.
 * FNV alone is weak in its low bits, which both the slot and `slot mod partitions` use. All arithmetic is modulo 2^32, so a
 * Java `int` computes the same. Vectors: `spec/cases/slots.json`.
 */
export function slotOf(key: string): number {
  let hash = 0x811c9dc5
  if (isAscii(key)) for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193)
  else for (const byte of utf8.encode(key)) hash = Math.imul(hash ^ byte, 0x01000193)
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) & (SLOTS - 1)
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 127) return false
  return true
}
