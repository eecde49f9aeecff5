import pg from 'pg'
import { Builds } from './build.ts'
import { Connection } from './connection.ts'
import { foldingOf } from './folding.ts'
import type { AnyProjection } from './projection.ts'
import { Session } from './session.ts'
import { statement } from './statement.ts'
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
  options: RebuildOptions = {},
): Promise<Rebuilt> {
  const { session } = insideOf(store)
  if ('kind' in projection) return await rebuilt(store, projection, session, options)
  // Of its own: while it keeps appends out, they may hold every connection of the store's.
  const own = new Session(new pg.Pool(session.pool.options))
  try {
    return await rebuilt(store, projection, own, options)
  } finally {
    own.close()
    await own.pool.end()
  }
}

async function rebuilt(
  store: EventStore,
  projection: AnyProjection,
  session: Session,
  { onProgress, signal, batchEvents }: RebuildOptions,
): Promise<Rebuilt> {
  const { schema } = insideOf(store)
  const builds = new Builds(session, schema)
  const build = await builds.begin(projection)
  const folding = foldingOf(session, schema, builds, build, projection, { batchEvents, keys: store.states.keys })
  const started = performance.now()
  let { position } = build
  const fold = async (last: number): Promise<void> => {
    while (position < last) {
      signal?.throwIfAborted()
      const reached = (await folding.step(position, last)) ?? (await builds.position(build))
      if (reached === undefined) throw supersededError(projection.name)
      position = reached
      onProgress?.(progressOf(projection.name, position - build.position, position, last, started))
    }
  }
  const switched = async (): Promise<boolean> => {
    if ('kind' in projection) {
      const { checkpoint } = await builds.live(projection.name)
      return await builds.switch(build, { atLeast: checkpoint?.position ?? 0 })
    }
    // Appends write the rows that are read, and only those: writers that never pause would always be some events ahead.
    return await keepingOut(session, schema, async (on, last) => {
      await fold(last)
      return await builds.switch(build, { whole: true, on })
    })
  }
  do {
    signal?.throwIfAborted()
    if ((await builds.position(build)) === undefined) throw supersededError(projection.name)
    await fold(await store.log.last())
  } while (!(await switched()))
  await builds.drop(build)
  return { projection: projection.name, build: build.build, position, seconds: (performance.now() - started) / 1000 }
}

/** Does some work while nothing can be appended; `last` is the log's last position meanwhile. */
async function keepingOut<T>(
  session: Session,
  schema: string,
  work: (on: pg.ClientBase, last: number) => Promise<T>,
): Promise<T> {
  const connection = await Connection.of(session.pool)
  try {
    // Whatever the work waits for, appends wait no longer: Postgres ends the transaction then.
    await connection.client.query(
      `begin; set local idle_in_transaction_session_timeout = '5s'; ${statement('lock-log', schema)}`,
    )
    const [row] = await session.rows(statement('last-position', schema), [], { on: connection.client })
    const result = await work(connection.client, Number(row![0]))
    await connection.client.query('commit')
    return result
  } catch (error) {
    await connection.rollback()
    throw error
  } finally {
    connection.release()
  }
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
