import { createHash } from 'node:crypto'
import type pg from 'pg'
import { isLostStatement, isUnsettled } from './failure.ts'

/** Values as Postgres writes them: the pool's own parsers are the user's business. */
const asText = { getTypeParser: () => (text: string) => text } as unknown as pg.CustomTypesConfig

export type TextRow = readonly (string | null)[]

/**
 * Statements on a pool whose sessions carry nothing: safe behind PgBouncer in transaction mode. Hot statements are prepared under
 * a name that is the hash of their text, so that a name can only ever mean that text; where a pooler does not pass them on, the
 * statement is sent again without a name, and none is named from then on.
 */
export class Session {
  readonly pool: pg.Pool
  #prepare = true
  readonly #names = new Map<string, string>()
  readonly #onLost: () => void

  /** @param onLost called when a connection went: what answers next may be a standby that has not seen everything. */
  constructor(pool: pg.Pool, onLost: () => void = () => undefined) {
    this.pool = pool
    this.#onLost = onLost
    // Of connections that lie idle. A pool without a listener would end the process.
    pool.on('error', onLost)
  }

  close(): void {
    this.pool.off('error', this.#onLost)
    if (this.pool.listenerCount('error') === 0) this.pool.on('error', () => undefined)
  }

  /** Whether statements have names. */
  get prepares(): boolean {
    return this.#prepare
  }

  /** `silentMostMs`: how long an answer is waited for; then the connection is closed, and what became of the statement is not known. */
  async rows(
    text: string,
    values: readonly unknown[],
    { on, silentMostMs }: { readonly on?: pg.ClientBase | undefined; readonly silentMostMs?: number } = {},
  ): Promise<TextRow[]> {
    const limit = silentMostMs === undefined ? {} : { query_timeout: silentMostMs }
    const query = { text, values: values as unknown[], rowMode: 'array' as const, types: asText, ...limit }
    const target = on ?? this.pool
    if (!this.#prepare) return (await target.query<string[]>(query)).rows
    try {
      return (await target.query<string[]>({ ...query, name: this.#nameOf(text) })).rows
    } catch (error) {
      if (isUnsettled(error)) this.#onLost()
      if (!isLostStatement(error)) throw error
      this.#prepare = false
      if (on !== undefined) throw error // its transaction is lost with it
      return (await target.query<string[]>(query)).rows
    }
  }

  #nameOf(text: string): string {
    const known = this.#names.get(text)
    if (known !== undefined) return known
    const name = `hw_${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`
    this.#names.set(text, name)
    return name
  }
}
