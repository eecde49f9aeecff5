import pg from 'pg'
import type { Logger } from './logger.ts'

/** Connections of one service. `application_name` tells the operator whose they are. */
export function makePool(url: string, log: Logger): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: 20,
    idleTimeoutMillis: 30_000,
    // A host that is gone without a word, or a pool that is used up, is an error at last.
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'headwater',
  })
  // An idle connection that breaks (a restart of the server) is replaced when next needed.
  pool.on('error', (error) => log('warn', 'connection-lost', { message: error.message }))
  return pool
}
