/** What one side did: events a second, or whatever is better when larger. */
export type Measure = () => Promise<number>

export interface Paired {
  readonly ours: number
  readonly peer: number
  /** Median of the pairs' ratios, with the least and the greatest. */
  readonly ratio: number
  readonly least: number
  readonly greatest: number
}

/** Alternates the two sides, so that what the machine does meanwhile falls on both; the first, cold pair does not count. */
export async function alternate(ours: Measure, peer: Measure, pairs = 5): Promise<Paired> {
  const measured: { ours: number; peer: number }[] = []
  for (let pair = 0; pair <= pairs; pair++) {
    const first = pair % 2 === 0 ? await ours() : undefined
    const second = await peer()
    measured.push({ ours: first ?? (await ours()), peer: second })
  }
  const counted = measured.slice(1)
  const ratios = counted.map((pair) => pair.ours / pair.peer).toSorted((a, b) => a - b)
  return {
    ours: median(counted.map((pair) => pair.ours)),
    peer: median(counted.map((pair) => pair.peer)),
    ratio: median(ratios),
    least: ratios[0]!,
    greatest: ratios.at(-1)!,
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** The value that a share of all does not pass. */
export function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))]!
}
