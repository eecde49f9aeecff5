import type { Pool } from 'pg'
import type { Effects, EffectTransaction } from '../effects.ts'
import type { Keeper } from '../keeper.ts'

type Switching = Pick<Keeper, 'fork' | 'rewind' | 'forks' | 'progress'>

/** What sets whole logs to another place. Each takes the slot table's lock first, so that no lane is halfway through a settlement. */
export function switching(pool: Pool, effects: Effects, schema: string): Switching {
  return {
    async fork(consumer, service, { log, position, id }) {
      await effects.transact(async (tx) => {
        await lockSlots(tx, schema)
        const before = await tx.query(`select log from ${schema}.consumer_log where consumer = $1 and service = $2`, [
          consumer,
          service,
        ])
        if (before.rows[0]?.log === log) return
        const beyond = await tx.query(
          `with was as (select slot, position from ${schema}.consumer_slot where consumer = $1 and service = $2 and position > $3)
           update ${schema}.consumer_slot s set position = $3, event_id = $4, epoch = s.epoch + 1, owner = null,
             replay_until = least(s.replay_until, $3)
           from was where s.consumer = $1 and s.service = $2 and s.slot = was.slot returning was.slot, was.position`,
          [consumer, service, position, id],
        )
        const parked = await tx.query(
          `delete from ${schema}.consumer_parked where consumer = $1 and service = $2 and position > $3 returning event_id`,
          [consumer, service, position],
        )
        await tx.query(
          `insert into ${schema}.consumer_fork (consumer, service, to_log, from_log, forked_at, beyond, parked)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
          [
            consumer,
            service,
            log,
            before.rows[0]?.log ?? '',
            position,
            JSON.stringify(beyond.rows.map((row) => ({ slot: row.slot, position: Number(row.position) }))),
            JSON.stringify(parked.rows.map((row) => row.event_id)),
          ],
        )
        await tx.query(`update ${schema}.consumer_log set log = $3 where consumer = $1 and service = $2`, [
          consumer,
          service,
          log,
        ])
      })
    },

    async rewind(consumer, to, { hold, reset }) {
      await effects.transact(async (tx) => {
        await lockSlots(tx, schema)
        if (reset !== undefined) await reset(tx)
        for (const { service, position, eventId } of to) {
          await tx.query(
            `update ${schema}.consumer_slot set epoch = epoch + 1, owner = null,
               replay_until = case when $5 then greatest(replay_until, position) else 0 end, position = $3, event_id = $4
             where consumer = $1 and service = $2`,
            [consumer, service, position, eventId, hold],
          )
          await tx.query(
            `delete from ${schema}.consumer_parked where consumer = $1 and service = $2 and position > $3`,
            [consumer, service, position],
          )
        }
      })
    },

    async forks(consumer) {
      const { rows } = await pool.query(
        `select * from ${schema}.consumer_fork where consumer = $1 order by seen_at desc limit 100`,
        [consumer],
      )
      return rows.map((row) => ({
        service: row.service,
        fromLog: row.from_log,
        toLog: row.to_log,
        forkedAt: Number(row.forked_at),
        beyond: row.beyond,
        parked: row.parked,
      }))
    },

    async progress(consumer) {
      const { rows } = await pool.query(
        `select l.service, l.log, min(s.position) as least, max(s.position) as greatest,
           count(distinct s.owner) as holders, count(*) filter (where s.owner is null) as unheld, p.*
         from ${schema}.consumer_log l join ${schema}.consumer_slot s using (consumer, service)
         cross join lateral (
           select count(*) filter (where state = 'poison') as poison, count(*) filter (where state in ('retrying', 'ready')) as retrying,
             count(*) filter (where state = 'behind') as behind
           from ${schema}.consumer_parked p where p.consumer = l.consumer and p.service = l.service) p
         where l.consumer = $1 group by l.service, l.log, p.poison, p.retrying, p.behind order by l.service`,
        [consumer],
      )
      return rows.map((row) => ({
        service: row.service,
        log: row.log ?? undefined,
        least: Number(row.least),
        greatest: Number(row.greatest),
        holders: Number(row.holders),
        unheld: Number(row.unheld),
        parked: { poison: Number(row.poison), retrying: Number(row.retrying), behind: Number(row.behind) },
      }))
    },
  }
}

/** Waits for the transactions that settle; those hold their table lock already, so no circle can close. */
export async function lockSlots(tx: EffectTransaction, schema: string): Promise<void> {
  await tx.query(`lock table ${schema}.consumer_slot in share row exclusive mode`)
}
