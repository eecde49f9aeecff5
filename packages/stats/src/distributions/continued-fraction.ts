/**
 * b₀ + a₁/(b₁ + a₂/(b₂ + …)) by the modified Lentz method (Thompson & Barnett 1986), to the last bit it can tell.
 * `term(n)` gives aₙ and bₙ for n = 1, 2, …
 */
export function continuedFraction(first: number, term: (n: number) => readonly [a: number, b: number]): number {
  const tiny = 1e-300
  let value = first === 0 ? tiny : first
  let c = value
  let d = 0
  for (let n = 1; n < 1_000_000; n++) {
    const [a, b] = term(n)
    d = b + a * d
    d = 1 / (d === 0 ? tiny : d)
    c = b + a / c
    if (c === 0) c = tiny
    const step = c * d
    value *= step
    if (Math.abs(step - 1) < 3e-16) break
  }
  return value
}
