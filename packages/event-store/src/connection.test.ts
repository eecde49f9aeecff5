import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Connection } from './connection.ts'
import { migrate, openStore } from './index.ts'

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool

beforeAll(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 4 })
  pool.on('error', () => undefined)
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

/** Ends every other connection to this database, as a restart of the server does. */
const endOthers = () =>
  pool.query(
    `select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`,
  )

it('that breaks while it is taken out is closed, and does not end the process', async () => {
  const connection = await Connection.of(pool)
  const gone = new Promise((resolve) => connection.client.once('end', resolve))
  await endOthers()
  await gone
  await connection.rollback()
  connection.release()
  connection.release()
  expect((await pool.query('select 1 as one')).rows).toEqual([{ one: 1 }])
})

it('that breaks in the middle of a copy makes the reading fail, and nothing else', async () => {
  await migrate(pool)
  const store = openStore({ pool, service: 'pots' })
  const meta = { correlationId: 'c', causationId: 'c' }
  for (let n = 0; n < 20; n++) {
    const events = Array.from({ length: 400 }, () => ({ type: 'Saved', data: { reference: 'x'.repeat(1_000) } }))
    await store.append({ streams: [{ stream: `pot-${n}`, events }], meta })
  }
  const reading = store.log.copy({ after: 0, upTo: 8_000 })[Symbol.asyncIterator]()
  await reading.next()
  await endOthers()
  const rest = (async () => {
    while ((await reading.next()).done !== true);
  })()
  await expect(rest).rejects.toThrow(/terminat/i)
  expect(await store.log.last()).toBe(8_000)
})
