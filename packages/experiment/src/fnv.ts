import { ExperimentRefused } from './refused.ts'

const [offsetBasis, prime] = [0x811c9dc5, 0x01000193]

/** FNV-1a, 32 bit, over code units; equal to the hash of the UTF-8 bytes because text is ASCII. */
export function fnv32a(text: string): number {
  return seedHash(text) >>> 0
}

/** The hash's state after a seed: all units of a seed go on from there, so it is hashed once. */
export function seedHash(seed: string): number {
  let hash = offsetBasis
  for (let i = 0; i < seed.length; i++) hash = Math.imul(hash ^ seed.charCodeAt(i), prime)
  return hash
}

/**
 * GrowthBook's hash, version 2, as an integer 0–9999: fnv32a(decimal text of fnv32a(seed + unit)) mod 10,000.
 * @param seed from `seedHash`. @param unit visible ASCII, 1 to 128 characters; else HW_UNIT_NOT_ASCII.
 */
export function bucketOf(seed: number, unit: string): number {
  if (typeof unit !== 'string') refuseUnit(unit)
  let hash = seed
  // Below zero as soon as one character lies outside ! to ~; checked in the same pass, since this is the hot path of every request.
  let inside = 0
  for (let i = 0; i < unit.length; i++) {
    const code = unit.charCodeAt(i)
    inside |= (code - 0x21) | (0x7e - code)
    hash = Math.imul(hash ^ code, prime)
  }
  if (inside < 0 || unit.length === 0 || unit.length > longest) refuseUnit(unit)
  return hashOfDecimal(hash >>> 0) % 10_000
}

/** fnv32a(String(n)) for n below 2^32, without the text. */
function hashOfDecimal(n: number): number {
  const high = Math.floor(n / 100_000)
  const low = n - high * 100_000
  if (high >= 10_000) return hashFiveDigits(hashFiveDigits(offsetBasis, high), low) >>> 0
  return (high === 0 ? hashLeading(offsetBasis, low) : hashFiveDigits(hashLeading(offsetBasis, high), low)) >>> 0
}

/** Goes on with the five decimal digits of an integer below 100,000. Unrolled: this is most of an assignment's time. */
function hashFiveDigits(hash: number, n: number): number {
  const a = (n / 10_000) | 0
  const b = (n / 1000) | 0
  const c = (n / 100) | 0
  const d = (n / 10) | 0
  let next = Math.imul(hash ^ (48 + a), prime)
  next = Math.imul(next ^ (48 + b - a * 10), prime)
  next = Math.imul(next ^ (48 + c - b * 10), prime)
  next = Math.imul(next ^ (48 + d - c * 10), prime)
  return Math.imul(next ^ (48 + n - d * 10), prime)
}

/** The same without leading zeros; 0 has one digit. */
function hashLeading(hash: number, n: number): number {
  const before = n < 10 ? hash : hashLeading(hash, (n / 10) | 0)
  return Math.imul(before ^ (48 + (n % 10)), prime)
}

/** Longest unit id, in characters: with the experiment's name before it, it fits a stream's id of 200. */
const longest = 128

/** Engines would hash it differently: UTF-16 units in one, UTF-8 bytes in another. */
function refuseUnit(unit: string): never {
  throw new ExperimentRefused(
    'HW_UNIT_NOT_ASCII',
    `Expected a unit id of 1 to ${longest} visible ASCII characters, got ${JSON.stringify(unit)?.slice(0, 60)}. Use the entity's id, not its name.`,
  )
}
