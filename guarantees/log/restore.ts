import { adopt, type EventStore, migrate, openStore } from '@headwater/event-store'
import pg from 'pg'

/** A backup, 100 more events, the backup restored and adopted, 200 other events: what becomes of each cursor. */
export async function restore(url: string): Promise<{ passed: number; refused: number; wrong: string[] }> {
  const admin = new pg.Client({ connectionString: url })
  await admin.connect()
  const at = (name: string) => Object.assign(new URL(url), { pathname: `/${name}` }).href
  await admin.query('create database original')
  const first = await opened(at('original'))
  await write(first.store, 50)
  await first.pool.end()
  await admin.query('create database restored template original') // the backup
  const second = await opened(at('original'))
  await write(second.store, 100)
  const cursors = (await second.store.log.rows({ after: 0, limit: 1_000 })).map(({ position, id }) => ({
    position,
    id,
  }))
  const [log] = await second.store.log.lineage()
  await second.pool.end()
  const third = await opened(at('restored'))
  const fork = await adopt(third.pool)
  await write(third.store, 200)
  const wrong: string[] = []
  const [present, parent] = await third.store.log.lineage()
  if (present?.parent !== log!.log || present.forkedAt !== 50 || present.log !== fork.log)
    wrong.push('the new lineage does not name its fork')
  if (parent?.log !== log!.log) wrong.push('the parent lineage is gone')
  const holds = await Promise.all(
    cursors.map(async ({ position, id }) => (await third.store.log.idAt(position)) === id),
  )
  await third.pool.end()
  await admin.query('drop database original')
  await admin.query('drop database restored')
  await admin.end()
  return {
    passed: holds.slice(50).filter((held) => held).length,
    refused: holds.slice(0, 50).filter((held) => !held).length,
    wrong,
  }
}

async function opened(url: string): Promise<{ pool: pg.Pool; store: EventStore }> {
  const pool = new pg.Pool({ connectionString: url, max: 4 })
  await migrate(pool)
  return { pool, store: openStore({ pool, service: 'original' }) }
}

async function write(store: EventStore, count: number): Promise<void> {
  const meta = { correlationId: 'c', causationId: 'c' }
  for (let index = 0; index < count; index++)
    await store.append({
      streams: [{ stream: `one-${index % 7}`, events: [{ type: 'Written', data: { index } }] }],
      meta,
    })
}
