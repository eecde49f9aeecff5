import { events } from '@headwater/contract'
import pg from 'pg'
import { z } from 'zod'
import { type HandlerContext, memorySource, migrateConsumers, postgresKeeper } from '../src/index.ts'

export const orders = events('orders', {
  Placed: { data: z.object({ amount: z.int() }), level: 'published' },
  Paid: { data: z.object({ amount: z.int() }), level: 'published' },
  Cancelled: { data: z.object({}), level: 'published' },
  Archived: { data: z.object({}) },
})

export const refunds = events('refunds', { Refunded: { data: z.object({}), level: 'published' } })

/** `throwAwayDatabase` of @headwater/testing. */
type ThrowAwayDatabases = (template: {
  name: string
  prepare(url: string): Promise<void>
}) => Promise<{ url: string; drop(): Promise<void> }>

/** A shop whose consumers write each event they handled into `effect`, numbered in the order of writing. */
export async function openShop(throwAwayDatabase: ThrowAwayDatabases, { pageEvents = 50 } = {}) {
  const database = await throwAwayDatabase({
    name: 'consumer shop 3',
    prepare: async (url) => {
      const pool = new pg.Pool({ connectionString: url, max: 1 })
      await migrateConsumers(pool)
      await pool.query(
        `create table effect (seq bigint generated always as identity, consumer text, stream text, position bigint, id text)`,
      )
      await pool.end()
    },
  })
  const pool = new pg.Pool({ connectionString: database.url, max: 24 })
  pool.on('error', () => undefined)
  const keeper = postgresKeeper({ pool })
  const source = memorySource({ pageEvents })
  const effects = async (consumer = 'shipping'): Promise<{ stream: string; position: number }[]> => {
    const { rows } = await pool.query('select stream, position::int from effect where consumer = $1 order by seq', [
      consumer,
    ])
    return rows
  }
  return {
    database,
    pool,
    keeper,
    source,
    effects,
    /** Appends `count` events over `streams` streams. */
    place(count: number, streams = 10): number {
      return source.append(
        'orders',
        ...Array.from({ length: count }, (_, i) => ({
          type: 'Placed',
          stream: `order-${i % streams}`,
          data: { amount: i },
        })),
      )
    },
    async close() {
      await pool.end()
      await database.drop()
    },
  }
}

export type Shop = Awaited<ReturnType<typeof openShop>>

/** The effect: one row an event. */
export function record(consumer = 'shipping') {
  return async (_data: unknown, { event, query }: HandlerContext<any>): Promise<void> => {
    await query('insert into effect (consumer, stream, position, id) values ($1, $2, $3, $4)', [
      consumer,
      event.stream,
      event.position,
      event.id,
    ])
  }
}

/** What must hold whatever happened: each event once, those of a stream in their order. */
export function problemsIn(
  effects: readonly { stream: string; position: number }[],
  expected: readonly number[],
): string[] {
  const problems: string[] = []
  const seen = new Set<number>()
  const last = new Map<string, number>()
  for (const { stream, position } of effects) {
    if (seen.has(position)) problems.push(`${position} twice`)
    seen.add(position)
    if ((last.get(stream) ?? 0) > position) problems.push(`${stream}: ${position} after ${last.get(stream)}`)
    last.set(stream, position)
  }
  for (const position of expected) if (!seen.has(position)) problems.push(`${position} lost`)
  if (seen.size > expected.length) problems.push(`${seen.size - expected.length} too many`)
  return problems
}

export const upTo = (last: number): number[] => Array.from({ length: last }, (_, i) => i + 1)
