import type { Pool } from 'pg'
import type { EffectTransaction } from '../effects.ts'
import type { OutboxEntry } from '../keeper.ts'
import type { Outbox, WaitingEffect } from '../outbox.ts'

export function outboxTable(pool: Pool, schema: string): Outbox {
  const outbox = `${schema}.consumer_outbox`
  return {
    async take(consumer, { limit, leaseMs }) {
      const { rows } = await pool.query(
        `with ready as (
           select o.service, o.id from ${outbox} o
           where o.consumer = $1 and o.state = 'waiting' and o.next_at <= now() and not exists (
             select from ${outbox} e where e.consumer = o.consumer and e.service = o.service and md5(e.key) = md5(o.key)
               and e.key = o.key and e.seq < o.seq and e.state <> 'skipped')
           order by o.next_at limit $2 for update skip locked)
         update ${outbox} o set next_at = now() + $3 * interval '1 ms', attempts = o.attempts + 1 from ready r
         where o.consumer = $1 and o.service = r.service and o.id = r.id returning o.*`,
        [consumer, limit, leaseMs],
      )
      return rows.sort((a, b) => Number(a.seq) - Number(b.seq)).map(waitingEffect)
    },

    async done(consumer, { service, id }) {
      await pool.query(`delete from ${outbox} where consumer = $1 and service = $2 and id = $3`, [
        consumer,
        service,
        id,
      ])
    },

    async failed(consumer, { service, id, attempts }, { delayMs, park, error }) {
      await pool.query(
        `update ${outbox} set next_at = now() + $4 * interval '1 ms', state = $5, error = $6
         where consumer = $1 and service = $2 and id = $3 and attempts = $7`,
        [consumer, service, id, delayMs, park ? 'parked' : 'waiting', JSON.stringify(error), attempts],
      )
    },

    async list(consumer, { state, limit = 100 } = {}) {
      const { rows } = await pool.query(
        `select * from ${outbox} where consumer = $1 and (case when $2::text is null then state <> 'skipped' else state = $2 end)
         order by seq limit $3`,
        [consumer, state ?? null, limit],
      )
      return rows.map(waitingEffect)
    },

    async retry(consumer, id) {
      const { rowCount } = await pool.query(
        `update ${outbox} set state = 'waiting', next_at = now(), attempts = 0
         where consumer = $1 and state = 'parked' and ($2::text is null or id = $2)`,
        [consumer, id ?? null],
      )
      return rowCount ?? 0
    },

    async skip(consumer, { id, reason }) {
      const { rowCount } = await pool.query(
        `update ${outbox} set state = 'skipped', reason = $3 where consumer = $1 and state = 'parked' and id = $2`,
        [consumer, id, reason],
      )
      return rowCount !== 0
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

function waitingEffect(row: Record<string, any>): WaitingEffect {
  return {
    id: row['id'],
    service: row['service'],
    position: Number(row['position']),
    key: row['key'],
    effect: row['effect'],
    attempts: row['attempts'],
    state: row['state'],
    ...(row['error'] === null ? {} : { error: row['error'] }),
    ...(row['reason'] === null ? {} : { reason: row['reason'] }),
    madeAt: row['made_at'].toISOString(),
  }
}
