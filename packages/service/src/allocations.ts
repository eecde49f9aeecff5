import { type AnyFacts, type Contract, contractOf, isPersonal } from '@headwater/contract'
import { type EventStore } from '@headwater/event-store'
import {
  adoption,
  type Allocation,
  type Allocations,
  allocationFacts,
  declared,
  type Experiment,
  experimentFacts,
  followAllocations,
} from '@headwater/experiment'
import { readFeed } from '@headwater/feed'
import type { Logger } from './logger.ts'
import { personalRequestFacts, requestFacts } from './request.ts'

/** A service's contract with the events that Headwater itself keeps in its log. */
export function wholeContract(name: string, facts: AnyFacts): Contract {
  const requests = isPersonal(facts) ? personalRequestFacts(name) : requestFacts(name)
  const own = [facts, experimentFacts(name), requests].map(contractOf)
  return { service: name, types: new Map(own.flatMap(({ types }) => [...types])) }
}

export interface Following {
  readonly store: EventStore
  readonly experiments: readonly Experiment<any>[]
  readonly entry: string
  readonly fetch: typeof fetch
  readonly now: () => number
  readonly log: Logger
}

/** The allocations a service uses, and the end of following them. */
export interface Followed {
  readonly allocations: Allocations
  stop(): Promise<void>
}

/**
 * Declares a service's experiments in its log, takes up the allocations its log has adopted, and follows the service that decides them.
 * Each is adopted in the log before it is used, so that the log itself says from where on it counts.
 */
export async function follow(on: Following): Promise<Followed> {
  const { store, experiments, now, log } = on
  const allocations = followAllocations({
    now,
    onSilence: (sinceMs) =>
      log('warn', 'experiments-silent', { service: store.service, since: new Date(sinceMs).toISOString() }),
  })
  if (experiments.length === 0) return { allocations, stop: async () => undefined }
  for (const experiment of experiments) {
    await declare(store, experiment)
    const adopted = (await store.read(`allocation-${experiment.name}`)).at(-1)
    if (adopted !== undefined) allocations.use(adopted.data as Allocation)
  }
  const stopping = new AbortController()
  const done = hear(on, allocations, stopping.signal)
  return {
    allocations,
    async stop() {
      stopping.abort()
      await done
    },
  }
}

async function declare(store: EventStore, experiment: Experiment<any>): Promise<void> {
  const earlier = await store.read(`experiment-${experiment.name}`)
  if ((earlier.at(-1)?.data as { seal?: string } | undefined)?.seal === experiment.seal) return
  const streams = [declared(store.service, experiment, earlier.length)]
  await store.append({ streams, meta: causedBy(experiment.name) })
}

/** Reads on until stopped. Nobody there to decide is no failure: what was adopted stays in use, until silence ends it. */
async function hear(on: Following, allocations: Allocations, signal: AbortSignal): Promise<void> {
  const { entry, fetch, log, store } = on
  const { service } = contractOf(allocationFacts)
  let said = ''
  while (!signal.aborted) {
    try {
      for await (const page of readFeed(entry, {
        service,
        after: 'start',
        types: ['AllocationChanged'],
        signal,
        fetch,
      })) {
        allocations.heard()
        for (const event of page.events) await take(on, allocations, event.data as Allocation)
      }
    } catch (error) {
      if (signal.aborted) return
      const { message } = error as Error
      if (message !== said) log('info', 'experiments-not-heard', { service: store.service, message })
      said = message
      await pause(retryMs, signal)
    }
  }
}

const retryMs = 5_000

async function take(
  { store, experiments }: Following,
  allocations: Allocations,
  allocation: Allocation,
): Promise<void> {
  if (!experiments.some(({ name }) => name === allocation.experiment) || !allocations.isNews(allocation)) return
  await store.append({ streams: [adoption(store.service, allocation)], meta: causedBy(allocation.experiment) })
  allocations.use(allocation)
}

const causedBy = (experiment: string) => ({
  correlationId: `experiment-${experiment}`,
  causationId: `experiment-${experiment}`,
})

function pause(ms: number, signal: AbortSignal): Promise<void> {
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
