import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type AdoptedOutbox, adoptOutbox, type EventStore, JsonText, type LogRow, migrate, openStore } from './index.ts'

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
let store: EventStore
let schema: string
let table: string
let count = 0
const adopted: AdoptedOutbox[] = []

beforeAll(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 30 })
})
beforeEach(async () => {
  schema = `outbox_log_${++count}`
  table = `outbox_${count}`
  await migrate(pool, { schema })
  store = openStore({ pool, service: 'shop', schema })
  await pool.query(`create table ${table} (id serial primary key, entity text not null, payload text not null)`)
})
afterEach(async () => {
  await Promise.all(adopted.splice(0).map((outbox) => outbox.stop()))
  await store.close()
})
afterAll(async () => {
  await pool.end()
  await database.drop()
})

async function adopt(
  onError: (error: unknown) => void = (error) => console.error(error),
  order?: string,
): Promise<AdoptedOutbox> {
  const map = (row: { entity: string; payload: string }) =>
    row.entity === 'nobody'
      ? undefined
      : { stream: `order-${row.entity}`, type: 'OrderPlaced', data: new JsonText(row.payload) }
  const outbox = await adoptOutbox(store, {
    pool,
    schema,
    table,
    map,
    pollMs: 5,
    onError,
    ...(order !== undefined && { order }),
  })
  adopted.push(outbox)
  return outbox
}
const insert = (client: pg.Pool | pg.ClientBase, entity: string, payload = '{}') =>
  client.query(`insert into ${table} (entity, payload) values ($1, $2)`, [entity, payload])
const rows = async () => (await store.log.rows({ after: 0, limit: 100_000 })) as LogRow[]
const streams = async () => (await rows()).map(({ stream }) => stream)

it('numbers the rows that are there, and those that come, with their bytes', async () => {
  await insert(pool, '1', '{"amount":12.50,"a":1,"a":2}')
  await insert(pool, 'nobody')
  const outbox = await adopt()
  await insert(pool, '2')
  await outbox.caughtUp()
  expect(await streams()).toEqual(['order-1', 'order-2'])
  expect((await rows())[0]!.data).toBe('{"amount":12.50,"a":1,"a":2}')
})

it('numbers the rows that are there in the order of their key, wherever they lie', async () => {
  for (const entity of ['1', '2', '3']) await insert(pool, entity)
  await pool.query(`delete from ${table} where entity = '1'`)
  await pool.query(`vacuum ${table}`)
  await insert(pool, '4')
  expect((await pool.query(`select entity from ${table}`)).rows.map(({ entity }) => entity)).toEqual(['4', '2', '3'])
  await (await adopt()).caughtUp()
  expect(await streams()).toEqual(['order-2', 'order-3', 'order-4'])
})

it('asks for the order of the rows that are there where no key tells it', async () => {
  await pool.query(`alter table ${table} drop column id, add column at timestamptz not null default clock_timestamp()`)
  await insert(pool, '1')
  await expect(adopt()).rejects.toThrow(/order: "created_at"/)
  await (await adopt(undefined, 'at')).caughtUp()
  expect(await streams()).toEqual(['order-1'])
})

it('keeps a row that its writer deletes in the same transaction', async () => {
  const outbox = await adopt()
  await pool.query(`with gone as (select 1) insert into ${table} (entity, payload) values ('1', '{}')`)
  await pool.query(`delete from ${table}`)
  await outbox.caughtUp()
  expect(await streams()).toEqual(['order-1'])
})

it('numbers a late commit after those that were before it, and never skips it', async () => {
  const outbox = await adopt()
  const late = await pool.connect()
  await late.query('begin')
  await insert(late, 'late')
  await insert(pool, 'early')
  await outbox.caughtUp()
  expect(await streams()).toEqual(['order-early'])
  await late.query('commit')
  late.release()
  await outbox.caughtUp()
  expect(await streams()).toEqual(['order-early', 'order-late'])
})

it('stops at a row it cannot number, says so, and passes nothing over', async () => {
  let failed: (error: Error) => void = () => undefined
  const failure = new Promise<Error>((resolve) => (failed = resolve))
  const outbox = await adopt((error) => failed(error as Error))
  await insert(pool, '1', 'no json')
  await insert(pool, '2')
  expect((await failure).message).toMatch(/JSON/)
  expect(await streams()).toEqual([])
  await pool.query(`delete from ${schema}.outbox_row where content->>'payload' = 'no json'`)
  await outbox.caughtUp()
  expect(await streams()).toEqual(['order-2'])
})

it('gives each committed row one place, in order, however many write, hold, roll back and number', async () => {
  const outboxes = [await adopt(), await adopt(), await adopt()]
  const committed: string[][] = []
  await Promise.all(
    Array.from({ length: 12 }, async (_, writer) => {
      const mine: string[] = []
      committed.push(mine)
      const client = await pool.connect()
      for (let n = 0; n < 25; n++) {
        await client.query('begin')
        await insert(client, `${writer}-${n}-a`)
        if ((n + writer) % 3 === 0) await client.query('select pg_sleep(0.004)')
        await insert(client, `${writer}-${n}-b`)
        const keeps = (n * 7 + writer) % 5 !== 0
        await client.query(keeps ? 'commit' : 'rollback')
        if (keeps) mine.push(`order-${writer}-${n}-a`, `order-${writer}-${n}-b`)
      }
      client.release()
    }),
  )
  await outboxes[0]!.caughtUp()
  const seen = await streams()
  expect(seen.toSorted()).toEqual(committed.flat().toSorted())
  for (const mine of committed) expect(seen.filter((stream) => mine.includes(stream))).toEqual(mine)
  expect((await rows()).map(({ position }) => position)).toEqual(seen.map((_, index) => index + 1))
})
