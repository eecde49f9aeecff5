/** Requests a client may make: `perSecond` in the long run, `burst` at once. */
export interface Rate {
  readonly perSecond: number
  readonly burst: number
}

const mostClients = 10_000

/**
 * A token bucket per client. Answers the seconds to wait, 0 when the request may go on.
 * @param now milliseconds of a clock that never goes back.
 */
export function limiter({ perSecond, burst }: Rate, now: () => number): (client: string) => number {
  const buckets = new Map<string, { tokens: number; at: number }>()
  return (client) => {
    const at = now()
    const before = buckets.get(client) ?? { tokens: burst, at }
    const tokens = Math.min(burst, before.tokens + ((at - before.at) / 1_000) * perSecond)
    buckets.delete(client) // so that the client who asked longest ago is the first in the map
    if (buckets.size >= mostClients) buckets.delete(buckets.keys().next().value!)
    buckets.set(client, { tokens: tokens < 1 ? tokens : tokens - 1, at })
    return tokens < 1 ? Math.ceil((1 - tokens) / perSecond) : 0
  }
}
