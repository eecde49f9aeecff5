import { migrate, openStore } from '@headwater/event-store'
import pg from 'pg'

/** The rate of 32 writers at the start and at the end of a time during which a snapshot is held open. */
export async function snapshot(url: string, seconds: number): Promise<{ ratio: number }> {
  const pool = new pg.Pool({ connectionString: url, max: 8 })
  await migrate(pool, { schema: 'held' })
  const store = openStore({ pool, service: 'held', schema: 'held' })
  const holder = new pg.Client({ connectionString: url })
  await holder.connect()
  await holder.query('begin isolation level repeatable read')
  await holder.query('select count(*) from held.event')
  let appended = 0
  let running = true
  const write = async (writer: number) => {
    while (running) {
      const events = [{ type: 'Written', data: { writer, text: 'x'.repeat(100) } }]
      await store.append({
        streams: [{ stream: `held-${writer}`, events }],
        meta: { correlationId: 'c', causationId: 'c' },
      })
      appended += 1
    }
  }
  const writers = Array.from({ length: 32 }, (_, writer) => write(writer))
  const during = async (ms: number) => {
    const before = appended
    await new Promise((resolve) => setTimeout(resolve, ms))
    return (appended - before) / ms
  }
  const third = (seconds * 1000) / 3
  await during(1_000)
  const start = await during(third)
  await during(third)
  const end = await during(third)
  running = false
  await Promise.all(writers)
  await holder.end()
  await pool.end()
  return { ratio: end / start }
}
