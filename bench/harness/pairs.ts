import { full } from './report.ts'

/** Runs for about `ms` and answers how many were done. */
export type Runner = (ms: number) => Promise<number>

export interface Compared {
  /** Median of ours ÷ theirs over the pairs, and the least and greatest. */
  readonly ratio: number
  readonly low: number
  readonly high: number
  /** Medians, a second. */
  readonly ours: number
  readonly theirs: number
}

/** Five alternated pairs (3 s with --full): what disturbs the machine disturbs both. */
export async function pairs(ours: Runner, theirs: Runner, count = 5, ms = full ? 3_000 : 1_000): Promise<Compared> {
  await ours(ms / 4)
  await theirs(ms / 4)
  const rates: [number, number][] = []
  for (let pair = 0; pair < count; pair++) {
    const first = pair % 2 === 0
    const one = await rateOf(first ? ours : theirs, ms)
    const other = await rateOf(first ? theirs : ours, ms)
    rates.push(first ? [one, other] : [other, one])
  }
  const ratios = rates.map(([mine, other]) => mine / other)
  return {
    ratio: median(ratios),
    low: Math.min(...ratios),
    high: Math.max(...ratios),
    ours: median(rates.map(([mine]) => mine)),
    theirs: median(rates.map(([, other]) => other)),
  }
}

async function rateOf(run: Runner, ms: number): Promise<number> {
  const started = performance.now()
  const count = await run(ms)
  return (count / (performance.now() - started)) * 1000
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** So many callers, each its next as soon as its last is done. */
export function callers(count: number, once: (caller: number) => Promise<number>): Runner {
  return async (ms) => {
    const end = performance.now() + ms
    let done = 0
    const call = async (caller: number) => {
      while (performance.now() < end) {
        const more = await once(caller) // not `done += await`: that adds to what was there before the wait
        done += more
      }
    }
    await Promise.all(Array.from({ length: count }, (_, caller) => call(caller)))
    return done
  }
}
