import type { Effects, EffectTransaction } from '../effects.ts'
import { identifier } from '../identifier.ts'
import { lockSlots, ParkedBefore, whole } from './switching.ts'

/** A consumer built anew beside the live one, its tables in `<schema>_rebuild`. */
export interface Shadow {
  readonly consumer: string
  readonly shadow: string
  readonly schema: string
  readonly services: readonly string[]
}

export interface Shadows {
  /** Makes the schema and checkpoints at the start of history, everything held; what an earlier try left is removed. */
  open(shadow: Shadow, prepare: (tx: EffectTransaction) => Promise<void>): Promise<void>
  drop(shadow: Shadow): Promise<void>
  /** Puts schema and checkpoints in the place of the live ones, in one transaction. Nobody may be running the shadow. */
  adopt(shadow: Shadow, options: { holdParked: boolean }): Promise<void>
}

/** Beyond any position: everything is a replay. */
const forever = Number.MAX_SAFE_INTEGER

export function shadows(effects: Effects, schema: string): Shadows {
  const forget = async (tx: EffectTransaction, { shadow, schema: own }: Shadow): Promise<void> => {
    for (const table of ['slot', 'log', 'member', 'parked', 'outbox', 'fork']) {
      await tx.query(`delete from ${schema}.consumer_${table} where consumer = $1`, [shadow])
    }
    await tx.query(`drop schema if exists ${identifier(`${own}_rebuild`)} cascade`)
  }
  return {
    async open(shadow, prepare) {
      await whole(effects, async (tx) => {
        await lockSlots(tx, schema)
        await forget(tx, shadow)
        const live = await tx.query(`select service, log from ${schema}.consumer_log where consumer = $1`, [
          shadow.consumer,
        ])
        const logs = new Map(live.rows.map(({ service, log }) => [service, log]))
        for (const service of shadow.services) {
          await tx.query(`insert into ${schema}.consumer_log (consumer, service, log) values ($1, $2, $3)`, [
            shadow.shadow,
            service,
            logs.get(service) ?? null,
          ])
          await tx.query(
            `insert into ${schema}.consumer_slot (consumer, service, slot, position, event_id, replay_until)
             select $1, service, slot, 0, '', $4 from ${schema}.consumer_slot where consumer = $2 and service = $3`,
            [shadow.shadow, shadow.consumer, service, forever],
          )
        }
        await tx.query(`create schema ${identifier(`${shadow.schema}_rebuild`)}`)
        await tx.query(`set local search_path to ${identifier(`${shadow.schema}_rebuild`)}, public`)
        await prepare(tx)
      })
    },

    async drop(shadow) {
      await effects.transact((tx) => forget(tx, shadow))
    },

    async adopt(shadow, { holdParked }) {
      const former = identifier(`${shadow.schema}_former`)
      await effects.transact((tx) => tx.query(`drop schema if exists ${former} cascade`))
      await whole(effects, async (tx) => {
        await lockSlots(tx, schema)
        await takeCheckpoints(tx, schema, shadow)
        await takeParked(tx, schema, shadow, holdParked)
        await tx.query(`alter schema ${identifier(shadow.schema)} rename to ${former}`)
        await tx.query(`alter schema ${identifier(`${shadow.schema}_rebuild`)} rename to ${identifier(shadow.schema)}`)
        await forget(tx, shadow)
      })
      await effects.transact((tx) => tx.query(`drop schema ${former} cascade`))
    },
  }
}

/** What the live consumer did beyond the shadow is handled again in the new tables, with its effects outside held. */
async function takeCheckpoints(
  tx: EffectTransaction,
  schema: string,
  { consumer, shadow, services }: Shadow,
): Promise<void> {
  const moved = await tx.query(
    `update ${schema}.consumer_slot live set position = s.position, event_id = s.event_id, epoch = live.epoch + 1, owner = null,
       replay_until = greatest(live.replay_until, live.position)
     from ${schema}.consumer_slot s
     where live.consumer = $1 and s.consumer = $2 and live.service = any($3) and s.service = live.service and s.slot = live.slot
       and s.position <= live.position
       and exists (select from ${schema}.consumer_log a join ${schema}.consumer_log b using (service, log)
         where a.consumer = $1 and b.consumer = $2 and service = live.service)`,
    [consumer, shadow, services],
  )
  const { rows } = await tx.query(
    `select count(*) from ${schema}.consumer_slot where consumer = $1 and service = any($2)`,
    [consumer, services],
  )
  if (moved.rowCount !== Number(rows[0].count)) {
    throw Object.assign(
      new Error(
        `Expected the rebuild of ${consumer} to be on the same log and not beyond the live one, got slots that are. A log forked meanwhile, or the consumer was rewound: rebuild again.`,
      ),
      { code: 'HW_REBUILD_OVERTAKEN' },
    )
  }
}

async function takeParked(
  tx: EffectTransaction,
  schema: string,
  { consumer, shadow, services }: Shadow,
  holdParked: boolean,
): Promise<void> {
  const { rows } = await tx.query(
    `delete from ${schema}.consumer_parked where consumer = $1 and service = any($2) returning state`,
    [consumer, services],
  )
  const waiting = rows.filter(({ state }) => state !== 'skipped').length
  if (waiting > 0 && !holdParked) throw new ParkedBefore(consumer, waiting)
  await tx.query(`update ${schema}.consumer_parked set consumer = $1 where consumer = $2`, [consumer, shadow])
}
