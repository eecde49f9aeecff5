import type pg from 'pg'
import { copied, copiedLines, filled } from './copied.ts'
import type { LogRow, StoredEvent } from './event.ts'
import type { Lineage, Log, LogRange } from './log.ts'
import { eventOf, logRowOf } from './row.ts'
import type { Session } from './session.ts'
import { checkedSchema, statement } from './statement.ts'
import type { Waiters } from './waiters.ts'

/** bigint's greatest. */
const end = '9223372036854775807'

/** Rows of a page of `read`; two are in memory. */
const pageMost = 2_000

export class PostgresLog implements Log {
  readonly service: string
  readonly #session: Session
  readonly #schema: string
  readonly #waiters: Waiters

  constructor(service: string, session: Session, schema: string, waiters: Waiters) {
    this.service = service
    this.#session = session
    this.#schema = schema
    this.#waiters = waiters
  }

  async lineage(): Promise<Lineage[]> {
    const rows = await this.#session.rows(statement('lineages', this.#schema), [])
    return rows.map(lineageOf)
  }

  async last(): Promise<number> {
    const told = this.#waiters.asking()
    const [row] = await this.#session.rows(statement('last-position', this.#schema), [])
    const last = Number(row![0])
    told(last)
    return last
  }

  async rows({ after, upTo, limit, types }: LogRange): Promise<LogRow[]> {
    const values = [after, upTo ?? end, types ?? null, limit]
    const rows = await this.#session.rows(statement('log-rows', this.#schema), values)
    return rows.map(logRowOf)
  }

  async *read(range: { after: number; upTo?: number; types?: readonly string[] }): AsyncIterable<StoredEvent> {
    const upTo = range.upTo ?? (await this.last())
    const page = (after: number) => {
      const lines = this.#lines({ ...range, after, upTo, limit: pageMost })
      lines.catch(() => undefined) // told to whoever waits for it
      return lines
    }
    let ahead = page(range.after)
    for (;;) {
      const lines = await ahead
      const full = lines.length === pageMost
      // Asked for before these are parsed, so that the server works meanwhile.
      if (full) ahead = page(eventOf(lines.at(-1)!).position)
      for (const line of lines) yield eventOf(line)
      if (!full) return
    }
  }

  #lines({ after, upTo, limit, types }: LogRange): Promise<string[]> {
    return copiedLines(this.#session, filled(statement('log-page', this.#schema), { after, upTo, limit, types }))
  }

  copy({ after, upTo, types }: { after: number; upTo: number; types?: readonly string[] }): AsyncIterable<Buffer> {
    const source = `/${this.service}`
    return copied(this.#session, filled(statement('log-copy', this.#schema), { source, after, upTo, types }))
  }

  waitFor(after: number, options: { waitMs: number; signal?: AbortSignal }): Promise<number> {
    return this.#waiters.wait(after, options)
  }

  async idAt(position: number): Promise<string | undefined> {
    const [row] = await this.#session.rows(statement('id-at', this.#schema), [position])
    return row?.[0] ?? undefined
  }

  async before(time: string): Promise<number> {
    const [row] = await this.#session.rows(statement('position-before', this.#schema), [time])
    return Number(row![0])
  }

  async positionOf(id: string): Promise<number | undefined> {
    const [row] = await this.#session.rows(statement('position-of', this.#schema), [id])
    return row === undefined ? undefined : Number(row[0])
  }

  async lastOf(types: readonly string[], upTo: number): Promise<number> {
    const [row] = await this.#session.rows(statement('last-of-types', this.#schema), [types, upTo])
    return Number(row?.[0] ?? 0)
  }
}

export interface AdoptOptions {
  readonly schema?: string
  /** Last position that was restored; default: the last there is. To be given where events were recorded since, which are the new lineage's. */
  readonly at?: number
}

/**
 * After a backup was restored, or a standby took over that had not seen everything: the log goes on as a new lineage, forked at
 * the last position it shares with the one before. Cursors at or before the fork go on; later ones are told.
 * @throws HW005 (SQLSTATE) where `at` is beyond the log, or before the fork that it stands behind
 */
export async function adopt(pool: pg.Pool, { schema = 'headwater', at }: AdoptOptions = {}): Promise<Lineage> {
  const { rows } = await pool.query<string[]>({
    text: `select log::text, parent::text, forked_at::text from ${checkedSchema(schema)}.adopt($1)`,
    values: [at ?? null],
    rowMode: 'array',
  })
  return lineageOf(rows[0]!)
}

function lineageOf([log, parent = null, forkedAt]: readonly (string | null)[]): Lineage {
  return parent === null ? { log: log! } : { log: log!, parent, forkedAt: Number(forkedAt) }
}
