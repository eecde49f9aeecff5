import { ExperimentRefused } from './refused.ts'

/** FNV-1a, 32 bit, over code units; equal to the hash of the UTF-8 bytes because text is ASCII. */
export function fnv32a(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i)
    hash = Math.imul(hash, 0x01000193)
  }
  return hash >>> 0
}

/** GrowthBook's hash, version 2, as an integer 0–9999. */
export function bucketOf(seed: string, unit: string): number {
  return fnv32a(String(fnv32a(seed + unit))) % 10_000
}

/** Longest unit id, in characters: with the experiment's name before it, it fits a stream's id of 200. */
const longest = 128

/** Refuses ids that engines would hash differently (UTF-16 in one, UTF-8 in another). */
export function requireUnit(unit: string): void {
  let plain = typeof unit === 'string' && unit.length > 0 && unit.length <= longest
  for (let i = 0; plain && i < unit.length; i++) {
    const code = unit.charCodeAt(i)
    plain = code > 0x20 && code < 0x7f
  }
  if (!plain) {
    throw new ExperimentRefused(
      'HW_UNIT_NOT_ASCII',
      `Expected a unit id of 1 to ${longest} visible ASCII characters, got ${JSON.stringify(unit)?.slice(0, 60)}. Use the entity's id, not its name.`,
    )
  }
}
