import type { Pool } from 'pg'
import type { Effects, EffectTransaction } from '../effects.ts'
import type { Beat, HeldSlot, Keeper, Move, PutAside, Settlement, SlotRef } from '../keeper.ts'
import { SLOTS } from '../slot.ts'
import { insertOutbox } from './outbox-table.ts'
import { insertAside } from './parked-table.ts'

type SlotTable = Pick<
  Keeper,
  'logs' | 'begin' | 'named' | 'beat' | 'leave' | 'claim' | 'release' | 'advance' | 'settle'
>

export function slotTable(pool: Pool, effects: Effects, schema: string): SlotTable {
  const slots = `${schema}.consumer_slot`
  const members = `${schema}.consumer_member`
  const logs = `${schema}.consumer_log`
  return {
    async logs(consumer) {
      const { rows } = await pool.query(`select service, log from ${logs} where consumer = $1 order by service`, [
        consumer,
      ])
      return rows.map(({ service, log }) => ({ service, log: log ?? undefined }))
    },

    async begin(consumer, service, at) {
      await effects.transact(async (tx) => {
        const { rowCount } = await tx.query(
          `insert into ${logs} (consumer, service, log) values ($1, $2, $3) on conflict do nothing`,
          [consumer, service, at.log ?? null],
        )
        if (rowCount === 0) return
        await tx.query(
          `insert into ${slots} (consumer, service, slot, position, event_id)
           select $1, $2, slot, $3, $4 from generate_series(0, ${SLOTS - 1}) slot`,
          [consumer, service, at.position, at.eventId],
        )
      })
    },

    async named(consumer, service, log) {
      await pool.query(`update ${logs} set log = $3 where consumer = $1 and service = $2 and log is distinct from $3`, [
        consumer,
        service,
        log,
      ])
    },

    async beat(consumer, member, leaseMs) {
      const { rows } = await pool.query(
        `with me as (
           insert into ${members} (consumer, member, lease_until) values ($1, $2, now() + $3 * interval '1 ms')
           on conflict (consumer, member) do update set lease_until = excluded.lease_until),
         gone as (delete from ${members} where consumer = $1 and member <> $2 and lease_until < now() - interval '1 minute')
         select
           (select array_agg(member) from ${members} where consumer = $1 and member <> $2 and lease_until > now()) as others,
           (select count(*) from ${slots} where consumer = $1 and owner = $2) as slots,
           (select coalesce(sum(epoch), 0) from ${slots} where consumer = $1 and owner = $2) as epochs`,
        [consumer, member, leaseMs],
      )
      const { others, slots: count, epochs } = rows[0]
      return {
        members: [member, ...(others ?? [])].sort(),
        slots: Number(count),
        epochs: Number(epochs),
      } satisfies Beat
    },

    async leave(consumer, member) {
      await pool.query(
        `with free as (update ${slots} set owner = null where consumer = $1 and owner = $2)
         delete from ${members} where consumer = $1 and member = $2`,
        [consumer, member],
      )
    },

    claim: (consumer, member, wanted, options) => claim(pool, schema, consumer, member, wanted, options),

    async release(consumer, moves) {
      if (moves.length === 0) return
      await pool.query(
        `update ${slots} s set owner = null, position = greatest(s.position, m.position),
           event_id = case when m.position > s.position then m.event_id else s.event_id end
         from ${moved} where s.consumer = $1 and s.service = m.service and s.slot = m.slot and s.epoch = m.epoch`,
        [consumer, ...columns(moves)],
      )
    },

    async advance(consumer, moves) {
      if (moves.length === 0) return
      await pool.query(
        `with free as (
           select s.service, s.slot, m.position, m.event_id from ${slots} s
           join ${moved} on s.service = m.service and s.slot = m.slot
           where s.consumer = $1 and s.epoch = m.epoch and s.position < m.position
           for update of s skip locked)
         update ${slots} s set position = f.position, event_id = f.event_id from free f
         where s.consumer = $1 and s.service = f.service and s.slot = f.slot`,
        [consumer, ...columns(moves)],
      )
    },

    settle: (tx, consumer, settlement) => settle(tx, schema, consumer, settlement),
  }
}

const moved = `unnest($2::text[], $3::int[], $4::bigint[], $5::bigint[], $6::text[]) as m(service, slot, epoch, position, event_id)`

function columns(moves: readonly Move[]): unknown[] {
  return [
    moves.map(({ service }) => service),
    moves.map(({ slot }) => slot),
    moves.map(({ epoch }) => epoch),
    moves.map(({ position }) => position),
    moves.map(({ eventId }) => eventId),
  ]
}

/** A row that some transaction has locked is left for the next beat: waiting here could close a circle of locks. */
async function claim(
  pool: Pool,
  schema: string,
  consumer: string,
  member: string,
  wanted: readonly number[],
  { held, force }: { held: readonly SlotRef[]; force: boolean },
): Promise<readonly HeldSlot[]> {
  if (wanted.length === 0) return []
  const { rows } = await pool.query(
    `with free as (
       select s.service, s.slot from ${schema}.consumer_slot s
       where s.consumer = $1 and s.slot = any($3::int[])
         and not exists (select from unnest($4::text[], $5::int[]) h(service, slot) where h.service = s.service and h.slot = s.slot)
         and ($6 or s.owner is null or s.owner = $2 or not exists (
           select from ${schema}.consumer_member m where m.consumer = $1 and m.member = s.owner and m.lease_until > now()))
       for update of s skip locked)
     update ${schema}.consumer_slot s set owner = $2, epoch = s.epoch + 1 from free f
     where s.consumer = $1 and s.service = f.service and s.slot = f.slot
     returning s.service, s.slot, s.position, s.event_id, s.epoch, s.replay_until`,
    [consumer, member, wanted, held.map(({ service }) => service), held.map(({ slot }) => slot), force],
  )
  if (rows.length === 0) return []
  // After the claim, so that nothing can be parked in these slots any more under an older epoch.
  const parked = await pool.query(
    `select service, slot, key from ${schema}.consumer_parked
     where consumer = $1 and state in ('retrying', 'poison', 'ready') and slot = any($2::int[])`,
    [consumer, wanted],
  )
  const keys = new Map<string, string[]>()
  for (const { service, slot, key } of parked.rows) {
    const place = `${slot} ${service}`
    keys.set(place, [...(keys.get(place) ?? []), key])
  }
  return rows.map((row) => ({
    service: row.service,
    slot: row.slot,
    position: Number(row.position),
    eventId: row.event_id,
    epoch: Number(row.epoch),
    replayUntil: Number(row.replay_until),
    parkedKeys: keys.get(`${row.slot} ${row.service}`) ?? [],
  }))
}

/** Moves come last but for what depends on them: their row locks are held only until COMMIT. */
async function settle(
  tx: EffectTransaction,
  schema: string,
  consumer: string,
  { moves, holds, aside, outbox }: Settlement,
): Promise<boolean> {
  if (aside.length > 0) await insertAside(tx, schema, consumer, aside as PutAside[])
  if (outbox.length > 0) await insertOutbox(tx, schema, consumer, outbox)
  if (holds.length > 0) {
    const { rows } = await tx.query(
      `select s.slot from ${schema}.consumer_slot s join ${moved} on s.service = m.service and s.slot = m.slot
       where s.consumer = $1 and s.epoch = m.epoch for update of s`,
      [consumer, ...columns(holds)],
    )
    if (rows.length < holds.length) return false
  }
  if (moves.length === 0) return true
  const { rowCount } = await tx.query(
    `update ${schema}.consumer_slot s set position = m.position, event_id = m.event_id
     from ${moved} where s.consumer = $1 and s.service = m.service and s.slot = m.slot and s.epoch = m.epoch and s.position < m.position`,
    [consumer, ...columns(moves)],
  )
  return rowCount === moves.length
}
