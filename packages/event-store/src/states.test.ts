import { events } from '@headwater/contract'
import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { decider, type EventStore, load, migrate, openStore } from './index.ts'

const facts = events('counters', { Added: { data: z.object({ by: z.int() }) } })
const counter = (step: number, initialState: () => unknown = () => ({ sum: 0 })) =>
  decider('counter', facts, {
    commands: {},
    initialState: initialState as () => { sum: number },
    decide: {},
    evolve: { Added: ({ sum, ...rest }, { by }) => ({ ...rest, sum: sum + by * step }) },
    edition: `${step}`,
  })

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
const opened: EventStore[] = []
const open = (on: pg.Pool = pool, schema = 'headwater') => {
  const store = openStore({ pool: on, service: 'counters', schema })
  opened.push(store)
  return store
}
const meta = { correlationId: 'c', causationId: 'c' }

beforeAll(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 4 })
  await migrate(pool)
})
afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())))
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const add = async (id: string, count: number) => {
  const added = Array.from({ length: count }, () => ({ type: 'Added', data: { by: 1 } }))
  await open().append({ streams: [{ stream: `counter-${id}`, events: added }], meta })
}
/** The snapshot is written beside the answer; it is there at last. */
const snapshot = async (id: string) => {
  for (;;) {
    const { rows } = await pool.query('select version::int, state from headwater.snapshot where stream = $1', [
      `counter-${id}`,
    ])
    if (rows.length > 0) return rows[0]
  }
}

it('starts from a snapshot where a stream is long, and only from one of the same code', async () => {
  await add('a', 300)
  expect(await load(open(), counter(1), 'a')).toEqual({ state: { sum: 300 }, version: 300 })
  expect(await snapshot('a')).toEqual({ version: 300, state: { sum: 300 } })
  await add('a', 5)
  await pool.query(`update headwater.snapshot set state = '{"sum":1000}'`)
  expect((await load(open(), counter(1), 'a')).state.sum).toBe(1005)
  expect((await load(open(), counter(2), 'a')).state.sum).toBe(610)
  expect((await load(open(), counter(1), 'a', { upTo: 10 })).state.sum).toBe(10)
})

it('makes no snapshot of what JSON would change', async () => {
  await add('b', 300)
  await load(
    open(),
    counter(1, () => ({ sum: 0, since: new Date(0) })),
    'b',
  )
  await add('c', 300)
  await load(open(), counter(1), 'c')
  await snapshot('c')
  expect((await pool.query(`select from headwater.snapshot where stream = 'counter-b'`)).rowCount).toBe(0)
})

it('migrates once when many start together, and lets a role that may create nothing start', async () => {
  await Promise.all(Array.from({ length: 5 }, () => migrate(pool, { schema: 'together' })))
  const role = `clerk_${database.name}`
  await pool.query(`create role ${role} login password 'x'; grant usage on schema together to ${role};
    grant select, insert, update, delete on all tables in schema together to ${role}`)
  const url = Object.assign(new URL(database.url), { username: role, password: 'x' })
  const clerk = new pg.Pool({ connectionString: url.href, max: 2 })
  await migrate(clerk, { schema: 'together' })
  const store = open(clerk, 'together')
  const streams = [{ stream: 'counter-1', events: [{ type: 'Added', data: { by: 1 } }] }]
  expect(await store.append({ streams, meta })).toMatchObject({ kind: 'appended', first: 1 })
  await clerk.end()
  await pool.query(`drop owned by ${role}; drop role ${role}`)
})
