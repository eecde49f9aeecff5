const leastMs = 100
const mostMs = 30_000
/** A server may ask for more patience than we would have, up to this. */
const mostAskedMs = 5 * 60_000

/** How long to wait after the `attempt`-th failure in a row (1, 2, …): doubling, with full jitter, unless the server said. */
export function backOffMs(attempt: number, retryAfterMs: number | undefined, random: () => number): number {
  // Many readers were told the same time: they come back spread over the second after it.
  if (retryAfterMs !== undefined) return Math.min(retryAfterMs, mostAskedMs) + random() * 1_000
  return random() * Math.min(mostMs, leastMs * 2 ** attempt)
}

/** Resolves after a time, or as soon as the signal aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done)
    if (signal.aborted) done()
  })
}
