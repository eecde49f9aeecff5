import { type Build, Builds, editionOfAny } from './build.ts'
import { isPassing } from './failure.ts'
import { type Folding, foldingOf } from './folding.ts'
import type { AnyProjection, LogProjection } from './projection.ts'
import { rebuild } from './rebuild.ts'
import { type EventStore, insideOf } from './store.ts'

export interface ProjectionStatus {
  readonly projection: string
  readonly position: number
  readonly lag: number
  /** Why it goes no further, where it failed for good. */
  readonly failure?: string
}

/** A projection whose own code, or SQL, failed on what is in the log: mend it, and it goes on where it stands. */
export class ProjectionFailed extends Error {
  readonly code = 'HW_PROJECTION_FAILED'
  readonly projection: string
  constructor(projection: string, cause: unknown) {
    super(
      `Expected projection ${projection} to follow the log, but it failed and stands still: ${cause instanceof Error ? cause.message : String(cause)}. Mend its code and start it again.`,
      { cause },
    )
    this.projection = projection
  }
}

/** Projections that follow the log. */
export interface Following {
  status(): Promise<ProjectionStatus[]>
  /**
   * Resolves once a projection has seen a position: read your own writes. False when `waitMs` passed first.
   * @throws ProjectionFailed
   */
  reached(projection: string, position: number, options: { readonly waitMs: number }): Promise<boolean>
  stop(): Promise<void>
  /** Rejects when one of them failed for good; resolves after `stop`. */
  readonly ended: Promise<void>
}

/** How long a process that lost the race for a page leaves the projection to the other. */
const standBackMs = 1_000
const waitMs = 10_000

/**
 * Keeps projections up with the log. One whose code has changed since its rows were made is rebuilt beside them first (inline ones
 * too). Any number of processes may follow the same: one at a time gets on, another takes over when it stops.
 */
export function followLog(store: EventStore, projections: readonly AnyProjection[]): Following {
  const stopping = new AbortController()
  const { session, schema } = insideOf(store)
  const builds = new Builds(session, schema)
  const positions = new Map<string, number>()
  const failures = new Map<string, ProjectionFailed>()
  const listeners = new Set<() => void>()
  const tell = (): void => {
    for (const listener of listeners) listener()
  }
  const moved = (projection: string, position: number): void => {
    positions.set(projection, position)
    tell()
  }
  const loops = projections.map((projection) =>
    follow(store, builds, projection, stopping.signal, moved).catch((error: unknown) => {
      const failed = new ProjectionFailed(projection.name, error)
      failures.set(projection.name, failed)
      tell()
      throw failed
    }),
  )
  const ended = Promise.all(loops).then(() => undefined)
  ended.catch(() => undefined) // told to whoever asks
  return {
    ended,
    async status() {
      const last = await store.log.last()
      const followed = projections.filter((one) => 'kind' in one)
      return followed.map(({ name }) => ({
        projection: name,
        position: positions.get(name) ?? 0,
        lag: last - (positions.get(name) ?? 0),
        ...(failures.has(name) ? { failure: failures.get(name)!.message } : {}),
      }))
    },
    async reached(projection, position, options) {
      const enough = () => failures.has(projection) || (positions.get(projection) ?? 0) >= position
      const come = await new Promise<boolean>((resolve) => {
        const listener = () => enough() && done(true)
        const timer = setTimeout(() => done(false), options.waitMs)
        const done = (reached: boolean) => {
          clearTimeout(timer)
          listeners.delete(listener)
          resolve(reached)
        }
        listeners.add(listener)
        listener()
      })
      if (come && (positions.get(projection) ?? 0) < position) throw failures.get(projection)!
      return come
    },
    async stop() {
      stopping.abort()
      await ended.catch(() => undefined)
    },
  }
}

async function follow(
  store: EventStore,
  builds: Builds,
  projection: AnyProjection,
  signal: AbortSignal,
  moved: (projection: string, position: number) => void,
): Promise<void> {
  while (!signal.aborted) {
    try {
      await renew(store, builds, projection, signal)
      if ('kind' in projection) await keepUp(store, builds, projection, signal, moved)
      return
    } catch (error) {
      if (signal.aborted) return
      if (!isPassing(error)) throw error
      await pause(standBackMs, signal)
    }
  }
}

/** Makes rows anew that other code made. */
async function renew(store: EventStore, builds: Builds, projection: AnyProjection, signal: AbortSignal): Promise<void> {
  const { build, checkpoint } = await builds.live(projection.name)
  if (checkpoint === undefined) {
    // Never followed: an inline one that was on from the first event is what its rows say; else it begins with all of history.
    if ('kind' in projection) await builds.begin(projection, build)
    else await rebuild(store, projection, { signal })
  } else if (checkpoint.edition !== editionOfAny(projection)) await rebuild(store, projection, { signal })
}

async function keepUp(
  store: EventStore,
  builds: Builds,
  projection: LogProjection,
  signal: AbortSignal,
  moved: (projection: string, position: number) => void,
): Promise<void> {
  const { session, schema } = insideOf(store)
  let current: { build: Build; folding: Folding } | undefined
  while (!signal.aborted) {
    const { checkpoint } = await builds.live(projection.name)
    if (checkpoint === undefined) return
    if (current?.build.build !== checkpoint.build)
      current = { build: checkpoint, folding: foldingOf(session, schema, builds, checkpoint, projection) }
    let { position } = checkpoint
    for (;;) {
      moved(projection.name, position)
      const last = await store.log.waitFor(position, { waitMs, signal })
      if (last <= position) break
      const reached = await current.folding.step(position, last)
      if (reached === undefined) {
        await store.log.last() // it may end before what was known of it
        await pause(standBackMs * (0.5 + Math.random()), signal)
        break
      }
      position = reached
    }
  }
}

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
