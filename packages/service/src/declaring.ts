import type { Reading } from './promising.ts'
import type { Surroundings } from './running.ts'

const firstRetryMs = 500
const longestRetryMs = 30_000
/** How often fields newly seen to be read are told to the owner. */
const observedEveryMs = 60_000

/**
 * Tells each owner what a consumer was compiled against, as soon as the owner answers, and from then on what it is seen to read.
 * Nobody waits for it: an owner that is away is asked again. What it answers stops it.
 */
export function declareTo(readings: readonly Reading[], on: Surroundings): () => Promise<void> {
  const stopping = new AbortController()
  const all = Promise.all(readings.map((reading) => keepDeclared(reading, on, stopping.signal)))
  return async () => {
    stopping.abort()
    await all
  }
}

async function keepDeclared(reading: Reading, on: Surroundings, signal: AbortSignal): Promise<void> {
  let told = false
  let observed: Record<string, string[]> = {}
  for (let retryMs = firstRetryMs; !signal.aborted;) {
    observed = merged(observed, reading.observed.taken())
    if (told && Object.keys(observed).length === 0) {
      await pause(observedEveryMs, signal)
      continue
    }
    const failure = await declare(reading, observed, on, signal).catch((error: Error) => error.message)
    if (failure === undefined) {
      told = true
      observed = {}
      retryMs = firstRetryMs
      await pause(observedEveryMs, signal)
    } else {
      await pause(retryMs, signal)
      retryMs = Math.min(retryMs * 2, longestRetryMs)
      if (retryMs === longestRetryMs)
        on.log('info', 'not-declared', { consumer: reading.consumer, owner: reading.owner, message: failure })
    }
  }
}

function merged(...all: readonly Record<string, string[]>[]): Record<string, string[]> {
  const found: Record<string, string[]> = {}
  for (const [type, fields] of all.flatMap((one) => Object.entries(one)))
    found[type] = [...new Set([...(found[type] ?? []), ...fields])]
  return found
}

/** Undefined when the owner has it; else why not. */
async function declare(
  { consumer, owner, reads }: Reading,
  observed: Readonly<Record<string, readonly string[]>>,
  { entry, fetch }: Surroundings,
  signal: AbortSignal,
): Promise<string | undefined> {
  const linked = async (url: string, relation: string) => {
    const answer = await fetch(url, { signal, headers: { accept: 'application/hal+json' } })
    const { _links: links = {} } = (await answer.json()) as { _links?: Record<string, unknown> }
    const found = [links[relation] ?? []].flat() as { href: string; name?: string }[]
    const link = relation === 'service' ? found.find(({ name }) => name === owner) : found[0]
    return link === undefined ? undefined : new URL(link.href, url).href
  }
  const home = await linked(entry, 'service')
  if (home === undefined) return `${owner} is not there yet`
  const contract = await linked(home, 'contract')
  if (contract === undefined) return `${owner} shows no contract`
  const answer = await fetch(`${contract}/readers/${consumer}`, {
    method: 'PUT',
    signal,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reads, observed }),
  })
  return answer.ok ? undefined : `${answer.status} ${await answer.text()}`
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms).unref()
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
