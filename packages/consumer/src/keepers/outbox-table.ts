import type { Pool } from 'pg'
import type { EffectTransaction } from '../effects.ts'
import type { KeptError } from '../failure.ts'
import type { OutboxEntry } from '../keeper.ts'

export interface WaitingEffect extends OutboxEntry {
  readonly attempts: number
}

export interface OutboxTable {
  /** Takes effects for `leaseMs`, the oldest of each key, so that a key's effects go out in order. */
  take(consumer: string, options: { limit: number; leaseMs: number }): Promise<readonly WaitingEffect[]>
  /** Done: gone from the outbox. */
  done(consumer: string, effects: readonly OutboxEntry[]): Promise<void>
  /** Failed: again after `delayMs`, or parked, and later ones of its key wait. */
  failed(
    consumer: string,
    effect: OutboxEntry,
    outcome: { delayMs: number; park: boolean; error: KeptError },
  ): Promise<void>
  counts(consumer: string): Promise<{ waiting: number; parked: number }>
}

export function outboxTable(pool: Pool, schema: string): OutboxTable {
  const outbox = `${schema}.consumer_outbox`
  return {
    async take(consumer, { limit, leaseMs }) {
      const { rows } = await pool.query(
        `with ready as (
           select o.service, o.id from ${outbox} o
           where o.consumer = $1 and o.state = 'waiting' and o.next_at <= now() and not exists (
             select from ${outbox} e where e.consumer = o.consumer and e.service = o.service and md5(e.key) = md5(o.key) and e.key = o.key and e.seq < o.seq)
           order by o.next_at limit $2 for update skip locked)
         update ${outbox} o set next_at = now() + $3 * interval '1 ms', attempts = o.attempts + 1 from ready r
         where o.consumer = $1 and o.service = r.service and o.id = r.id
         returning o.service, o.id, o.seq, o.position, o.key, o.effect, o.attempts`,
        [consumer, limit, leaseMs],
      )
      rows.sort((a, b) => Number(a.seq) - Number(b.seq))
      return rows.map(({ service, id, position, key, effect, attempts }) => ({
        service,
        id,
        position: Number(position),
        key,
        effect,
        attempts,
      }))
    },
    async done(consumer, effects) {
      await pool.query(
        `delete from ${outbox} where consumer = $1 and (service, id) in (select * from unnest($2::text[], $3::text[]))`,
        [consumer, effects.map(({ service }) => service), effects.map(({ id }) => id)],
      )
    },
    async failed(consumer, { service, id }, { delayMs, park, error }) {
      await pool.query(
        `update ${outbox} set next_at = now() + $4 * interval '1 ms', state = $5, error = $6
         where consumer = $1 and service = $2 and id = $3`,
        [consumer, service, id, delayMs, park ? 'parked' : 'waiting', JSON.stringify(error)],
      )
    },
    async counts(consumer) {
      const { rows } = await pool.query(
        `select count(*) filter (where state = 'waiting') as waiting, count(*) filter (where state = 'parked') as parked
         from ${outbox} where consumer = $1`,
        [consumer],
      )
      return { waiting: Number(rows[0].waiting), parked: Number(rows[0].parked) }
    },
  }
}

/** In the effect's transaction. */
export async function insertOutbox(
  tx: EffectTransaction,
  schema: string,
  consumer: string,
  entries: readonly OutboxEntry[],
): Promise<void> {
  await tx.query(
    `insert into ${schema}.consumer_outbox (consumer, service, id, position, key, effect)
     select $1, service, id, position, key, effect
     from unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::text[]) with ordinality
       as o(service, id, position, key, effect, place) order by place on conflict do nothing`,
    [
      consumer,
      entries.map(({ service }) => service),
      entries.map(({ id }) => id),
      entries.map(({ position }) => position),
      entries.map(({ key }) => key),
      entries.map(({ effect }) => effect),
    ],
  )
}
