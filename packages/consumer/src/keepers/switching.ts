import type { Pool } from 'pg'
import type { Effects, EffectTransaction } from '../effects.ts'
import { transactionTrouble } from '../failure.ts'
import type { Keeper } from '../keeper.ts'

/** Parked events were not handled, yet what they do outside would be held as if they were. */
export class ParkedBefore extends Error {
  readonly code = 'HW_PARKED_BEFORE_REPLAY'
  constructor(consumer: string, count: number) {
    super(
      `Consumer ${consumer} has ${count} parked events, whose effects outside were never made and would be held. Retry or skip them first, or say { parked: 'hold' }.`,
    )
  }
}

type Switching = Pick<Keeper, 'fork' | 'rewind' | 'forks' | 'progress'>

/** What sets whole logs to another place. Each takes the slot table's lock first, so that no lane is halfway through a settlement. */
export function switching(pool: Pool, effects: Effects, schema: string): Switching {
  return {
    async fork(consumer, service, { log, position, id, furthest }) {
      return await whole(effects, async (tx) => {
        await lockSlots(tx, schema)
        const from = await logOf(tx, schema, consumer, service)
        if (from === log) return true
        const beyond = await tx.query(
          `select slot, position from ${schema}.consumer_slot where consumer = $1 and service = $2 and position > $3 order by slot`,
          [consumer, service, position],
        )
        if (beyond.rows.some((row) => Number(row.position) > furthest)) return false
        await tx.query(
          `update ${schema}.consumer_slot set epoch = epoch + 1, owner = null, position = least(position, $3),
             event_id = case when position > $3 then $4 else event_id end, replay_until = least(replay_until, $3)
           where consumer = $1 and service = $2`,
          [consumer, service, position, id],
        )
        const parked = await tx.query(
          `delete from ${schema}.consumer_parked where consumer = $1 and service = $2 and position > $3 returning event_id`,
          [consumer, service, position],
        )
        await tx.query(
          `insert into ${schema}.consumer_fork (consumer, service, to_log, from_log, forked_at, beyond, parked)
           values ($1, $2, $3, $4, $5, $6, $7) on conflict (consumer, service, to_log) do update set
             from_log = excluded.from_log, forked_at = excluded.forked_at, beyond = excluded.beyond, parked = excluded.parked, seen_at = now()`,
          [
            consumer,
            service,
            log,
            from,
            position,
            JSON.stringify(beyond.rows.map((row) => ({ slot: row.slot, position: Number(row.position) }))),
            JSON.stringify(parked.rows.map((row) => row.event_id)),
          ],
        )
        await tx.query(`update ${schema}.consumer_log set log = $3, wanted = 0 where consumer = $1 and service = $2`, [
          consumer,
          service,
          log,
        ])
        return true
      })
    },

    async rewind(consumer, to, { hold, holdParked, reset }) {
      await whole(effects, async (tx) => {
        await lockSlots(tx, schema)
        if (reset !== undefined) await reset(tx)
        for (const { service, position, eventId } of to) {
          const parked = await tx.query(
            `delete from ${schema}.consumer_parked where consumer = $1 and service = $2 and position > $3
             returning state`,
            [consumer, service, position],
          )
          const waiting = parked.rows.filter(({ state }) => state !== 'skipped').length
          if (hold && !holdParked && waiting > 0) throw new ParkedBefore(consumer, waiting)
          await tx.query(
            `update ${schema}.consumer_slot set epoch = epoch + 1, owner = null, position = least(position, $3),
               event_id = case when position > $3 then $4 else event_id end,
               replay_until = case when $5 then greatest(replay_until, position) else 0 end
             where consumer = $1 and service = $2`,
            [consumer, service, position, eventId, hold],
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

/** A lane may hold rows that `reset` wants while it waits for the table: Postgres then ends one of the two. Ours tries again. */
export async function whole<Result>(
  effects: Effects,
  work: (tx: EffectTransaction) => Promise<Result>,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await effects.transact(work)
    } catch (error) {
      if (attempt === 5 || transactionTrouble(error) !== 'again') throw error
    }
  }
}

async function logOf(tx: EffectTransaction, schema: string, consumer: string, service: string): Promise<string> {
  const { rows } = await tx.query(`select log from ${schema}.consumer_log where consumer = $1 and service = $2`, [
    consumer,
    service,
  ])
  return rows[0]?.log ?? ''
}

/** Waits for the transactions that settle; those hold their table lock already, so no circle can close. */
export async function lockSlots(tx: EffectTransaction, schema: string): Promise<void> {
  await tx.query(`lock table ${schema}.consumer_slot in share row exclusive mode`)
}
