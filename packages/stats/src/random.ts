import { log } from './exponential.ts'

/** Numbers that look random and follow from the seed alone, for simulations that must be repeatable; not for secrets. */
export interface Random {
  /** Uniform on (0, 1), 53 bits, never 0. */
  uniform(): number
  /** Standard normal. */
  normal(): number
  /** Integer from 0 to n − 1; n ≤ 2³². */
  below(n: number): number
}

/** Doty-Humphrey's sfc32 (PractRand 2010): three words of state and a counter, period above 2³². */
export function random(seed: number): Random {
  let [a, b, c, counter] = [seed | 0, Math.floor(seed / 4294967296) | 0, 0x9e3779b9 | 0, 1]
  const word = () => {
    const out = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + out) | 0
    return out >>> 0
  }
  for (let warm = 0; warm < 15; warm++) word()
  const uniform = () => ((word() >>> 6) * 134217728 + (word() >>> 5) + 0.5) / 9007199254740992
  return { uniform, normal: () => polar(uniform), below: (n) => Math.floor((word() / 4294967296) * n) }
}

/** Marsaglia & Bray 1964: one normal from a point in the unit disc. */
function polar(uniform: () => number): number {
  for (;;) {
    const [x, y] = [2 * uniform() - 1, 2 * uniform() - 1]
    const square = x * x + y * y
    if (square < 1 && square > 0) return x * Math.sqrt((-2 * log(square)) / square)
  }
}
