import { Builds } from './build.ts'
import { foldingOf } from './folding.ts'
import type { AnyProjection } from './projection.ts'
import { type EventStore, insideOf } from './store.ts'

export interface Progress {
  readonly projection: string
  /** Events of the log it has been through. */
  readonly position: number
  /** Events in the log. */
  readonly last: number
  readonly eventsPerSecond: number
  readonly secondsLeft: number
}

export interface Rebuilt {
  readonly projection: string
  readonly build: number
  readonly position: number
  readonly seconds: number
}

export interface RebuildOptions {
  readonly onProgress?: (progress: Progress) => void
  readonly signal?: AbortSignal
  /** Events handled in one commit; the rows are the same whatever it is. */
  readonly batchEvents?: number
}

/**
 * Makes a projection's rows anew from the first event on, beside those that are read, then points readers at them at once. Appends
 * and readers go on meanwhile. One that was left half-way is taken up where it stands.
 */
export async function rebuild(
  store: EventStore,
  projection: AnyProjection,
  { onProgress, signal, batchEvents }: RebuildOptions = {},
): Promise<Rebuilt> {
  const { session, schema } = insideOf(store)
  const builds = new Builds(session, schema)
  const build = await builds.begin(projection)
  const folding = foldingOf(session, schema, builds, build, projection, { batchEvents, keys: store.states.keys })
  const inline = !('kind' in projection)
  const started = performance.now()
  let { position } = build
  for (;;) {
    signal?.throwIfAborted()
    const last = await store.log.last()
    while (position < last) {
      signal?.throwIfAborted()
      const reached = (await folding.step(position, last)) ?? (await builds.position(build))
      if (reached === undefined) throw supersededError(projection.name)
      position = reached
      onProgress?.(progressOf(projection.name, position - build.position, position, last, started))
    }
    const { checkpoint } = await builds.live(projection.name)
    if (await builds.switch(build, inline ? 0 : (checkpoint?.position ?? 0), inline)) break
    if ((await builds.position(build)) === undefined) throw supersededError(projection.name)
  }
  await builds.drop(build)
  return { projection: projection.name, build: build.build, position, seconds: (performance.now() - started) / 1000 }
}

function progressOf(projection: string, done: number, position: number, last: number, started: number): Progress {
  const eventsPerSecond = done / Math.max((performance.now() - started) / 1000, 0.001)
  return { projection, position, last, eventsPerSecond, secondsLeft: (last - position) / Math.max(eventsPerSecond, 1) }
}

function supersededError(projection: string): Error {
  return Object.assign(
    new Error(
      `Expected the rebuild of ${projection} to be the only one to switch, but a newer build took its place. Nothing is wrong: that one is read.`,
    ),
    { code: 'HW_REBUILD_SUPERSEDED' },
  )
}
