import type { Pool } from 'pg'
import type { EffectTransaction } from '../effects.ts'
import type { PutAside } from '../keeper.ts'
import type { ParkedEvent, ParkedEvents } from '../parked.ts'

export function parkedTable(pool: Pool, schema: string): ParkedEvents {
  const parked = `${schema}.consumer_parked`
  return {
    async list(consumer, { service, after = 0, limit = 100, state } = {}) {
      const { rows } = await pool.query(
        `select * from ${parked} where consumer = $1 and ($2::text is null or service = $2) and position > $3
           and (case when $4::text is null then state <> 'skipped' else state = $4 end)
         order by position, service limit $5`,
        [consumer, service ?? null, after, state ?? null, limit],
      )
      return rows.map(parkedEvent)
    },

    async retry(consumer, which) {
      const { rowCount } = await pool.query(
        `update ${parked} set asked = 'retry' where consumer = $1 and state in ('retrying', 'poison')
           and ($2::text is null or (service = $2 and key = $3))`,
        [consumer, which?.service ?? null, which?.key ?? null],
      )
      return rowCount ?? 0
    },

    async skip(consumer, { service, eventId, reason }) {
      const { rows } = await pool.query(
        `with row as (select position, state from ${parked} where consumer = $1 and service = $2 and event_id = $3 and state <> 'skipped'),
         asked as (update ${parked} p set asked = 'skip', reason = $4 from row
           where p.consumer = $1 and p.service = $2 and p.position = row.position and row.state <> 'behind' returning 1)
         select (select count(*) from row) as known, (select count(*) from asked) as asked`,
        [consumer, service, eventId, reason],
      )
      if (Number(rows[0].known) === 0) return 'unknown'
      return Number(rows[0].asked) === 0 ? 'not-first' : 'asked'
    },

    async due(consumer, slots) {
      if (slots.length === 0) return []
      const { rows } = await pool.query(
        `select service, slot, key from ${parked} where consumer = $1 and state in ('retrying', 'poison', 'ready')
           and (service, slot) in (select * from unnest($2::text[], $3::int[]))
           and (asked is not null or state = 'ready' or (state = 'retrying' and next_at <= now()))
         order by position limit 1000`,
        [consumer, slots.map(({ service }) => service), slots.map(({ slot }) => slot)],
      )
      return rows.map(({ service, slot, key }) => ({ service, slot, key }))
    },

    async front(tx, consumer, { service, key }, limit) {
      const { rows } = await tx.query(
        `select * from ${parked} where consumer = $1 and service = $2 and md5(key) = md5($3) and key = $3 and state <> 'skipped'
         order by position limit $4 for update`,
        [consumer, service, key, limit],
      )
      return rows.map(parkedEvent)
    },

    async settle(tx, consumer, { service, key, done, skipped, failed }) {
      if (done.length > 0) {
        await tx.query(`delete from ${parked} where consumer = $1 and service = $2 and position = any($3::bigint[])`, [
          consumer,
          service,
          done,
        ])
      }
      if (skipped.length > 0) {
        await tx.query(
          `update ${parked} set state = 'skipped', asked = null where consumer = $1 and service = $2 and position = any($3::bigint[])`,
          [consumer, service, skipped],
        )
      }
      if (failed !== undefined) {
        await tx.query(
          `update ${parked} set state = $4, attempts = $5, next_at = now() + $6 * interval '1 ms', error = $7, asked = null
           where consumer = $1 and service = $2 and position = $3`,
          [
            consumer,
            service,
            failed.position,
            failed.state,
            failed.attempts,
            failed.delayMs,
            JSON.stringify(failed.error),
          ],
        )
        return false
      }
      const { rowCount } = await tx.query(
        `update ${parked} set state = 'ready' where consumer = $1 and service = $2 and position = (
           select min(position) from ${parked}
           where consumer = $1 and service = $2 and md5(key) = md5($3) and key = $3 and state <> 'skipped')`,
        [consumer, service, key],
      )
      return rowCount === 0
    },
  }
}

/** In the effect's transaction. */
export async function insertAside(
  tx: EffectTransaction,
  schema: string,
  consumer: string,
  aside: readonly PutAside[],
): Promise<void> {
  await tx.query(
    `insert into ${schema}.consumer_parked
       (consumer, service, slot, position, key, event_id, type, event, state, attempts, next_at, error)
     select $1, service, slot, position, key, event_id, type, event, state, attempts, now() + delay * interval '1 ms', error::json
     from unnest($2::text[], $3::int[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::int[], $11::float8[], $12::text[])
       as a(service, slot, position, key, event_id, type, event, state, attempts, delay, error)`,
    [
      consumer,
      aside.map(({ service }) => service),
      aside.map(({ slot }) => slot),
      aside.map(({ position }) => position),
      aside.map(({ key }) => key),
      aside.map(({ eventId }) => eventId),
      aside.map(({ type }) => type),
      aside.map(({ event }) => event),
      aside.map(({ state }) => state),
      aside.map(({ attempts }) => attempts),
      aside.map(({ delayMs }) => delayMs),
      aside.map(({ error }) => (error === undefined ? null : JSON.stringify(error))),
    ],
  )
}

function parkedEvent(row: Record<string, any>): ParkedEvent {
  return {
    service: row['service'],
    slot: row['slot'],
    position: Number(row['position']),
    key: row['key'],
    eventId: row['event_id'],
    type: row['type'],
    event: row['event'],
    state: row['state'],
    attempts: row['attempts'],
    ...(row['error'] === null ? {} : { error: row['error'] }),
    ...(row['reason'] === null ? {} : { reason: row['reason'] }),
    parkedAt: row['parked_at'].toISOString(),
    ...(row['asked'] === null ? {} : { asked: row['asked'] }),
  }
}
