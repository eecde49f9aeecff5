import type { Pool } from 'pg'
import type { Effects, EffectTransaction } from '../effects.ts'
import type { Beat, HeldSlot, Keeper, LogState, Move, Settlement, SlotRef } from '../keeper.ts'
import { SLOTS } from '../slot.ts'
import { insertOutbox } from './outbox-table.ts'
import { insertAside } from './parked-table.ts'

type SlotTable = Pick<
  Keeper,
  | 'logs'
  | 'begin'
  | 'named'
  | 'furthest'
  | 'want'
  | 'beat'
  | 'leave'
  | 'claim'
  | 'release'
  | 'advance'
  | 'hold'
  | 'settle'
>

export function slotTable(pool: Pool, effects: Effects, schema: string): SlotTable {
  const slots = `${schema}.consumer_slot`
  const members = `${schema}.consumer_member`
  const logs = `${schema}.consumer_log`
  return {
    async logs(consumer) {
      const { rows } = await pool.query(
        `select service, log, wanted from ${logs} where consumer = $1 order by service`,
        [consumer],
      )
      return rows.map(logState)
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
      const { rows } = await pool.query(
        `update ${logs} set log = coalesce(log, $3) where consumer = $1 and service = $2 returning log`,
        [consumer, service, log],
      )
      return rows[0].log
    },

    async furthest(consumer, service) {
      const { rows } = await pool.query(
        `select position, event_id from ${slots} where consumer = $1 and service = $2 order by position desc limit 1`,
        [consumer, service],
      )
      return { position: Number(rows[0].position), eventId: rows[0].event_id }
    },

    async want(consumer, service, position) {
      await pool.query(`update ${logs} set wanted = $3 where consumer = $1 and service = $2 and wanted < $3`, [
        consumer,
        service,
        position,
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
           (select coalesce(sum(epoch), 0) from ${slots} where consumer = $1 and owner = $2) as epochs,
           (select json_agg(json_build_object('service', service, 'log', log, 'wanted', wanted)) from ${logs} where consumer = $1) as logs`,
        [consumer, member, leaseMs],
      )
      const { others, slots: count, epochs, logs: states } = rows[0]
      return {
        members: [member, ...(others ?? [])].sort(),
        slots: Number(count),
        epochs: Number(epochs),
        logs: (states ?? []).map(logState),
      } satisfies Beat
    },

    async leave(consumer, member) {
      await pool.query(
        `with free as (update ${slots} set owner = null where consumer = $1 and owner = $2)
         delete from ${members} where consumer = $1 and member = $2`,
        [consumer, member],
      )
    },

    claim: (consumer, member, wanted, held) => claim(pool, schema, consumer, member, wanted, held),

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
      if (moves.length === 0) return []
      const { rows } = await pool.query<SlotRef>(
        `with free as (
           select s.service, s.slot, m.position, m.event_id from ${slots} s
           join ${moved} on s.service = m.service and s.slot = m.slot
           where s.consumer = $1 and s.epoch = m.epoch and s.position < m.position
           for update of s skip locked)
         update ${slots} s set position = f.position, event_id = f.event_id from free f
         where s.consumer = $1 and s.service = f.service and s.slot = f.slot
         returning s.service, s.slot`,
        [consumer, ...columns(moves)],
      )
      return rows
    },

    async hold(tx, consumer, slot) {
      const { rows } = await tx.query(
        `select from ${slots} where consumer = $1 and service = $2 and slot = $3 and epoch = $4 for update`,
        [consumer, slot.service, slot.slot, slot.epoch],
      )
      return rows.length === 1
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
  held: readonly SlotRef[],
): Promise<readonly HeldSlot[]> {
  if (wanted.length === 0) return []
  const { rows } = await pool.query(
    `with free as (
       select s.service, s.slot from ${schema}.consumer_slot s
       where s.consumer = $1 and s.slot = any($3::int[])
         and not exists (select from unnest($4::text[], $5::int[]) h(service, slot) where h.service = s.service and h.slot = s.slot)
         and (s.owner is null or s.owner = $2 or not exists (
           select from ${schema}.consumer_member m where m.consumer = $1 and m.member = s.owner and m.lease_until > now()))
       for update of s skip locked),
     stray as (
       update ${schema}.consumer_slot s set owner = null where s.consumer = $1 and s.owner = $2 and s.slot <> all($3::int[])
         and not exists (select from unnest($4::text[], $5::int[]) h(service, slot) where h.service = s.service and h.slot = s.slot))
     update ${schema}.consumer_slot s set owner = $2, epoch = s.epoch + 1 from free f
     where s.consumer = $1 and s.service = f.service and s.slot = f.slot
     returning s.service, s.slot, s.position, s.event_id, s.epoch, s.replay_until`,
    [consumer, member, wanted, held.map(({ service }) => service), held.map(({ slot }) => slot)],
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

/** Moves come first of all bookkeeping: who lost its slots must not meet the rows of the new holder. */
async function settle(
  tx: EffectTransaction,
  schema: string,
  consumer: string,
  { moves, aside, outbox }: Settlement,
): Promise<boolean> {
  if (moves.length > 0) {
    const { rowCount } = await tx.query(
      `update ${schema}.consumer_slot s set position = m.position, event_id = m.event_id
       from ${moved} where s.consumer = $1 and s.service = m.service and s.slot = m.slot and s.epoch = m.epoch and s.position < m.position`,
      [consumer, ...columns(moves)],
    )
    if (rowCount !== moves.length) return false
  }
  if (aside.length > 0) await insertAside(tx, schema, consumer, aside)
  if (outbox.length > 0) await insertOutbox(tx, schema, consumer, outbox)
  return true
}

function logState(row: { service: string; log: string | null; wanted: number | string }): LogState {
  return { service: row.service, log: row.log ?? undefined, wanted: Number(row.wanted) }
}
