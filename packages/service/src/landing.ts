import { EventEmitter, once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { LogForked, readFeed } from '@headwater/feed'
import { problem } from '@headwater/hypermedia'
import { type Lake, openLake, queries, type QueriesHandler } from '@headwater/lake'
import type { Contract } from '@headwater/contract'
import type { Logger } from './logger.ts'

/** Lands the whole log of every service in the lake. */
export interface Landing {
  readonly lake: Lake
  /** The lake over HTTP, at `/lake`. */
  readonly questions: QueriesHandler
  /** Lands a service's log from where it stopped; its contract says the types of columns. */
  follow(service: string, contract?: Contract): void
  leave(service: string): Promise<void>
  /** Resolves when what lies up to these positions (of the services followed) can be asked of the lake. */
  caughtUp(positions: Readonly<Record<string, number>>, options?: { readonly signal?: AbortSignal }): Promise<void>
  stop(): Promise<void>
}

export interface LandingOptions {
  readonly directory: string
  readonly entry: string
  /** With a token that may explore. */
  readonly fetch: typeof globalThis.fetch
  readonly log: Logger
}

export async function landing({ directory, entry, fetch, log }: LandingOptions): Promise<Landing> {
  const lake = await openLake({ directory })
  lake.warm()
  const following = new Map<string, { stop: AbortController; done: Promise<void> }>()
  const landed = new EventEmitter().setMaxListeners(0)
  const leave = async (service: string) => {
    const one = following.get(service)
    following.delete(service)
    one?.stop.abort()
    await one?.done
    landed.emit('page') // nobody waits for it any more
  }
  return {
    lake,
    questions: queries(lake, { base: '/lake', problem }),
    follow(name, contract) {
      if (contract !== undefined) lake.declare(contract)
      if (following.has(name)) return
      const stop = new AbortController()
      const done = land({ lake, log, entry, service: name, fetch, signal: stop.signal, landed })
      following.set(name, { stop, done })
    },
    leave,
    async caughtUp(positions, { signal } = {}) {
      const behind = () =>
        Object.entries(positions).some(
          ([name, position]) => following.has(name) && (lake.positions()[name] ?? 0) < position,
        )
      while (behind()) await once(landed, 'page', { signal })
    },
    async stop() {
      await Promise.all([...following.keys()].map(leave))
      await lake.close()
    },
  }
}

interface Land {
  readonly lake: Lake
  readonly log: Logger
  readonly entry: string
  readonly service: string
  readonly fetch: typeof globalThis.fetch
  readonly signal: AbortSignal
  readonly landed: EventEmitter
}

/** Lands on and on. What goes wrong is said, and tried again: what has landed is not landed twice. */
async function land({ lake, log, ...on }: Land): Promise<void> {
  const { service, signal } = on
  while (!signal.aborted) {
    try {
      await landPages(lake, { log, ...on })
    } catch (error) {
      if (signal.aborted) return
      log('error', 'landing-failed', { service, message: (error as Error).message })
      await pause(retryMs, undefined, { signal }).catch(() => undefined)
    }
  }
}

const retryMs = 2_000

async function landPages(
  lake: Lake,
  { log, entry, service, fetch, signal, landed }: Omit<Land, 'lake'>,
): Promise<void> {
  const after = (await lake.cursor(service)) ?? 'start'
  try {
    for await (const page of readFeed(entry, { service, view: 'log', after, signal, fetch })) {
      await lake.land(page, { service })
      landed.emit('page')
    }
  } catch (error) {
    if (!(error instanceof LogForked)) throw error
    log('warn', 'log-forked', { service, position: error.fork.position })
    await lake.fork(service, error.fork)
  }
}
