import { powerOfTwo } from './exponential.ts'

/** An exact rational number; the denominator is positive. Not reduced: the few operations here keep it small enough. */
export interface Fraction {
  readonly over: bigint
  readonly under: bigint
}

export const none: Fraction = { over: 0n, under: 1n }

export function fraction(over: bigint, under: bigint): Fraction {
  return under < 0n ? { over: -over, under: -under } : { over, under }
}

export const plus = (a: Fraction, b: Fraction): Fraction =>
  a.under === b.under
    ? { over: a.over + b.over, under: a.under }
    : { over: a.over * b.under + b.over * a.under, under: a.under * b.under }
export const minus = (a: Fraction, b: Fraction): Fraction => plus(a, { over: -b.over, under: b.under })
export const times = (a: Fraction, b: Fraction): Fraction => ({ over: a.over * b.over, under: a.under * b.under })
export const divided = (a: Fraction, b: Fraction): Fraction => fraction(a.over * b.under, a.under * b.over)

/** The nearest double: the only rounding between the sums and the inference on them. */
export function nearest({ over, under }: Fraction): number {
  if (over === 0n) return 0
  const size = over < 0n ? -over : over
  // 64 bits or more of quotient, and a sticky bit for the rest, so that Number() rounds the true value once.
  const shift = bits(under) - bits(size) + 68
  const [left, right] = shift > 0 ? [size << BigInt(shift), under] : [size, under << BigInt(-shift)]
  const quotient = left / right
  const value = Number(quotient * right === left ? quotient : quotient | 1n)
  const scaled = value * powerOfTwo(-Math.trunc(shift / 2)) * powerOfTwo(Math.trunc(shift / 2) - shift)
  return over < 0n ? -scaled : scaled
}

/** Bits of a positive integer, rounded up to a multiple of 4. */
const bits = (value: bigint) => value.toString(16).length * 4
