import { createHash } from 'node:crypto'
import type { Pool, PoolClient, QueryResult } from 'pg'
import type { Effects } from '../effects.ts'
import { isLostStatement } from '../failure.ts'

/** Statements kept prepared per pool; the rest go unnamed. */
const preparedMost = 200

/**
 * A process that was stopped in the middle (SIGSTOP, a paused machine) would hold its rows, and with them its slots, for as long as
 * its connection lives: after this time between two statements Postgres ends it. One message, one round trip.
 */
const begin = `begin; set local idle_in_transaction_session_timeout = '60s'`

/**
 * Plain transactions of a pool. Statements with parameters are prepared once per connection; where a pooler does not pass that on
 * (PgBouncer in transaction mode), none is from then on.
 */
export function poolEffects(pool: Pool): Effects {
  const prepared = new Prepared()
  return {
    async transact(work) {
      const once = () =>
        transacted(pool, (client) => work({ query: (text, values) => prepared.query(client, text, values) }))
      const { naming } = prepared
      try {
        return await once()
      } catch (error) {
        if (!naming || !isLostStatement(error)) throw error
        return await once()
      }
    },
  }
}

/** Statements by name. */
class Prepared {
  readonly #names = new Map<string, string>()
  #most = preparedMost

  get naming(): boolean {
    return this.#most > 0
  }

  async query(client: PoolClient, text: string, values: readonly unknown[] | undefined): Promise<QueryResult> {
    if (values === undefined) return await client.query(text)
    const name = this.#nameOf(text)
    try {
      return await client.query({ text, values: [...values], ...(name === undefined ? {} : { name }) })
    } catch (error) {
      if (name !== undefined && isLostStatement(error)) this.#forget()
      throw error
    }
  }

  #nameOf(text: string): string | undefined {
    const known = this.#names.get(text)
    if (known !== undefined || this.#names.size >= this.#most) return known
    // By its text, since several keepers may share a pool's connections.
    const name = `hw_${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
    this.#names.set(text, name)
    return name
  }

  #forget(): void {
    this.#names.clear()
    this.#most = 0
  }
}

async function transacted<Result>(pool: Pool, work: (client: PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  let broken: Error | undefined
  const onError = (error: Error): void => {
    broken = error
  }
  client.on('error', onError)
  try {
    await client.query(begin)
    const result = await work(client)
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
}
