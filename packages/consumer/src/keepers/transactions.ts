import { createHash } from 'node:crypto'
import type { Pool, PoolClient } from 'pg'
import type { Effects, EffectTransaction } from '../effects.ts'

/** Statements kept prepared per pool; the rest go unnamed. */
const preparedMost = 200

/**
 * A process that was stopped in the middle (SIGSTOP, a paused machine) would hold its rows, and with them its slots, for as long as
 * its connection lives: after this time between two statements Postgres ends it. One message, one round trip.
 */
const begin = `begin; set local idle_in_transaction_session_timeout = '60s'`

/** Plain transactions of a pool. Statements with parameters are prepared once per connection. */
export function poolEffects(pool: Pool): Effects {
  const names = new Map<string, string>()
  const nameOf = (text: string): string | undefined => {
    const known = names.get(text)
    if (known !== undefined || names.size >= preparedMost) return known
    // By its text, since several keepers may share a pool's connections.
    const name = `hw_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    names.set(text, name)
    return name
  }
  const query: (client: PoolClient) => EffectTransaction['query'] = (client) => (text, values) => {
    const name = values === undefined ? undefined : nameOf(text)
    return client.query({ text, ...(values === undefined ? {} : { values: [...values] }), ...(name ? { name } : {}) })
  }
  return {
    async transact(work) {
      const client = await pool.connect()
      let broken: Error | undefined
      const onError = (error: Error): void => {
        broken = error
      }
      client.on('error', onError)
      try {
        await client.query(begin)
        const result = await work({ query: query(client) })
        await client.query('commit')
        return result
      } catch (error) {
        await client.query('rollback').catch((failure: Error) => {
          broken ??= failure
        })
        throw error
      } finally {
        client.off('error', onError)
        client.release(broken)
      }
    },
  }
}
