import { events } from '@headwater/contract'
import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import {
  becomeEventSourced,
  decider,
  documents,
  type EventStore,
  execute,
  forgetPerson,
  type InlineProjection,
  load,
  migrate,
  openStore,
  past,
  postgresKeyring,
  rebuild,
} from './index.ts'

const facts = events('people', {
  Registered: {
    data: z.object({ personId: z.string(), email: z.string(), plan: z.string() }),
    personal: { email: 'personId' },
    version: 2,
    upcast: { 1: (data) => ({ ...data, plan: 'old' }) },
  },
  PlanChosen: { data: z.object({ plan: z.string(), at: z.object({ shelf: z.int() }) }) },
})
const person = decider('person', facts, {
  commands: {
    register: z.object({ email: z.string(), plan: z.string() }),
    choose: z.object({ plan: z.string(), shelf: z.int() }),
  },
  initialState: () => ({ email: '', plan: '', at: { shelf: 0 } }),
  decide: {
    register: (cmd, _, { id }) => [facts.Registered({ personId: id, ...cmd })],
    choose: ({ plan, shelf }) => [facts.PlanChosen({ plan, at: { shelf } })],
  },
  evolve: {
    Registered: (state, { email, plan }) => ({ ...state, email: email ?? '', plan }),
    PlanChosen: (state, chosen) => ({ ...state, ...chosen }),
  },
})

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
let store: EventStore
let schema: string
let now = Date.parse('2026-01-01T00:00:00Z')
let count = 0
const opened: EventStore[] = []
const open = () => {
  const keys = postgresKeyring(pool, { now: () => now })
  const store = openStore({ pool, service: 'people', schema, keys, now: () => new Date(now) })
  opened.push(store)
  return { keys, store }
}
let keys: ReturnType<typeof open>['keys']

beforeAll(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 8 })
  await Promise.all([postgresKeyring(pool).migrate(), postgresKeyring(pool).migrate()])
})
beforeEach(async () => {
  schema = `log_${++count}`
  await migrate(pool, { schema })
  ;({ keys, store } = open())
})
afterEach(() => Promise.all(opened.splice(0).map((store) => store.close())))
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const meta = { correlationId: 'c', causationId: 'request-1' }
const ada = { email: 'ada@example.org', plan: 'small' }

it('stores personal fields sealed, opens them for its decider, and recognises a repeat', async () => {
  const options = { meta, eventId: () => `registered-${count}` }
  expect(await execute(store, person, `ada-${count}`, person.register, ada, options)).toMatchObject({ state: ada })
  const again = await execute(open().store, person, `ada-${count}`, person.register, ada, options)
  expect(again).toMatchObject({ kind: 'done', repeated: true, state: ada })
  const stored = await pool.query(`select data::text as data from ${schema}.event`)
  expect(stored.rows.map(({ data }) => data).join()).not.toContain('ada@example.org')
  expect(JSON.parse(stored.rows[0].data)).toMatchObject({ plan: 'small', email: { sealed: expect.any(String) } })
  expect((await load(open().store, person, `ada-${count}`)).state.email).toBe('ada@example.org')
  const bare = openStore({ pool, service: 'people', schema })
  await expect(execute(bare, person, 'x', person.register, ada, { meta })).rejects.toMatchObject({ code: 'HW_NO_KEYS' })
})

it('forgets a person everywhere by deleting one key', async () => {
  const id = `bob-${count}`
  const other = open()
  await execute(store, person, id, person.register, ada, { meta })
  await keys.note(id, 'email', ada.email)
  expect(await other.keys.find('email', ada.email)).toContain(id)
  expect((await load(other.store, person, id)).state.email).toBe(ada.email)
  await keys.forget(id)
  expect(await other.keys.find('email', ada.email)).not.toContain(id)
  now += 61_000 // the other process' lease has run out
  expect((await load(other.store, person, id)).state).toMatchObject({ email: '', plan: 'small' })
  await expect(execute(store, person, id, person.register, ada, { meta })).rejects.toMatchObject({
    code: 'HW_FORGOTTEN',
  })
})

it('seals in any number of transactions at once, however few the connections', async () => {
  const few = new pg.Pool({ connectionString: database.url, max: 2 })
  const ring = postgresKeyring(few)
  const crowded = openStore({ pool: few, service: 'people', schema, keys: ring })
  const ids = Array.from({ length: 12 }, (_, number) => `crowd-${count}-${number}`)
  await Promise.all(ids.map((id) => crowded.transact((tx) => tx.run(person.register, id, ada, { meta }))))
  expect(await store.log.last()).toBe(ids.length)
  expect((await load(store, person, ids[11]!)).state.email).toBe(ada.email)
  await few.end()
  const one = new pg.Pool({ connectionString: database.url, max: 1 })
  expect(() => openStore({ pool: one, service: 'people', schema, keys: ring })).toThrow(
    expect.objectContaining({ code: 'HW_POOL_SMALL' }),
  )
  await one.end()
})

it('does not keep what was opened for longer because it is read or decided on', async () => {
  const id = `dan-${count}`
  const other = open()
  await execute(store, person, id, person.register, ada, { meta })
  expect((await load(other.store, person, id)).state.email).toBe(ada.email)
  await keys.forget(id)
  for (let shelf = 1; shelf <= 4; shelf++) {
    now += 20_000
    await execute(other.store, person, id, person.choose, { plan: 'large', shelf }, { meta })
  }
  expect((await load(other.store, person, id)).state).toMatchObject({ email: '', at: { shelf: 4 } })
})

it('keeps opened data in rows that say so, rebuilds them the same, and forgets it with the person', async () => {
  const list: InlineProjection = {
    name: 'people',
    decider: person,
    personal: true,
    rows: (_, { id, state: { email, plan } }) => [
      { key: `${id}/${plan}`, value: { email, plan } },
      ...(email === '' ? [] : [{ key: `by-email/${email}`, value: id }]),
    ],
  }
  const rows = async () =>
    (await pool.query(`select key, value from ${schema}.rows where projection = 'people' order by key`)).rows
  const [gone, stays] = [`fay-${count}`, `gus-${count}`]
  const inline = { meta, inline: [list] }
  await execute(store, person, gone, person.register, { ...ada, email: 'fay@example.org' }, inline)
  await execute(store, person, gone, person.choose, { plan: 'large', shelf: 1 }, inline)
  await execute(store, person, stays, person.register, ada, inline)
  const kept = await rows()
  expect(JSON.stringify(kept)).toContain('fay@example.org')
  await rebuild(store, list)
  expect(await rows()).toEqual(kept)

  await forgetPerson(store, { keys, projections: [list] }, gone)
  const left = await rows()
  expect(JSON.stringify(left)).not.toContain('fay@example.org')
  expect(left).toContainEqual({ key: `by-email/${ada.email}`, value: stays })
  expect((await load(store, person, gone)).state.email).toBe('')
  await rebuild(store, list)
  expect(await rows()).toEqual(left)
  await forgetPerson(store, { keys, projections: [list] }, gone)
  expect(await rows()).toEqual(left)
})

it('takes out again what another process wrote from memory', async () => {
  const list: InlineProjection = {
    name: 'addresses',
    decider: person,
    personal: true,
    rows: (_, { id, state: { email, plan } }) => [
      { key: id, value: { email, plan } },
      ...(email === '' ? [] : [{ key: `by-email/${email}`, value: id }]),
    ],
  }
  const rows = async () =>
    JSON.stringify((await pool.query(`select key, value from ${schema}.rows where projection = 'addresses'`)).rows)
  const [id, other] = [`kim-${count}`, open()]
  const inline = { meta, inline: [list] }
  await execute(store, person, id, person.register, { ...ada, email: 'kim@example.org' }, inline)
  await load(other.store, person, id)
  const { again, afterMs } = await forgetPerson(store, { keys, projections: [list] }, id)
  expect(await rows()).not.toContain('kim@')
  await execute(other.store, person, id, person.choose, { plan: 'large', shelf: 1 }, inline)
  expect(await rows()).toContain('kim@')
  now += afterMs
  await again()
  expect(await rows()).not.toContain('kim@')
  expect(await rows()).toContain('large')
  await execute(other.store, person, id, person.choose, { plan: 'small', shelf: 2 }, inline)
  expect(await rows()).not.toContain('kim@')
})

it('does not open what was moved to another person or place', async () => {
  const id = `eve-${count}`
  await execute(store, person, id, person.register, ada, { meta })
  await pool.query(
    `update ${schema}.event set data = replace(data::text, '"plan"', '"personId":"mallory","plan"')::json where stream = $1`,
    [`person-${id}`],
  )
  await keys.keysFor(['mallory'])
  await expect(load(open().store, person, id)).rejects.toThrow(/authenticate/)
})

it('lifts events of older schema versions', async () => {
  const data = { personId: 'old', email: 'o@example.org' }
  await store.append({
    streams: [{ stream: 'person-old', events: [{ type: 'Registered', data, schemaVersion: 1 }] }],
    meta,
  })
  expect((await load(store, person, 'old')).state).toMatchObject({ email: 'o@example.org', plan: 'old' })
})

it('is git for data: history, a state as of then, differences, and who set a field', async () => {
  const id = `kim-${count}`
  await execute(store, person, id, person.register, ada, { meta })
  const then = (await store.log.rows({ after: 0, limit: 1 }))[0]!
  await execute(
    store,
    person,
    id,
    person.choose,
    { plan: 'large', shelf: 3 },
    { meta: { ...meta, causationId: 'request-2' } },
  )
  await execute(
    store,
    person,
    id,
    person.choose,
    { plan: 'large', shelf: 4 },
    { meta: { ...meta, causationId: 'request-3' } },
  )
  const { history, asOf, diff, blame } = past(store, person, id)
  expect((await history()).map(({ version, changes }) => [version, changes.map(({ pointer }) => pointer)])).toEqual([
    [1, ['/email', '/plan']],
    [2, ['/plan', '/at/shelf']],
    [3, ['/at/shelf']],
  ])
  expect((await asOf({ version: 1 })).state.plan).toBe('small')
  expect((await asOf({ position: 2 })).state.at).toEqual({ shelf: 3 })
  expect(await asOf({ time: then.recordedAt })).toMatchObject({ version: 0 })
  expect(await diff({ version: 1 }, { position: 3 })).toEqual([
    { pointer: '/plan', before: 'small', after: 'large' },
    { pointer: '/at/shelf', before: 0, after: 4 },
  ])
  expect((await blame('/plan'))?.causationId).toBe('request-2')
  expect((await blame('/at'))?.causationId).toBe('request-3')
  expect((await blame('/email'))?.causationId).toBe('request-1')
  expect(await blame('/nothing')).toBeUndefined()
})

it('keeps documents as a first step, and moves them to a decider in one call, losing none', async () => {
  const plans = documents<{ plan: string }>(store, 'plan')
  for (let n = 0; n < 250; n++) await plans.put(`p${n}`, { plan: `plan ${n}` }, 0)
  expect(await plans.put('p0', { plan: 'new' }, 0)).toEqual({ kind: 'conflict', expected: 0, actual: 1 })
  expect(await plans.put('p0', { plan: 'new' }, 1)).toEqual({ kind: 'put', version: 2 })
  expect(await plans.put('nobody', { plan: 'x' }, 3)).toEqual({ kind: 'conflict', expected: 3, actual: 0 })
  expect(await plans.get('p0')).toEqual({ id: 'p0', version: 2, value: { plan: 'new' } })
  await plans.put('gone', { plan: 'gone' })
  await plans.remove('gone')
  const from = ({ value }: { value: { plan: string } }) => [facts.PlanChosen({ plan: value.plan, at: { shelf: 1 } })]
  const stumbling = (document: { id: string; value: { plan: string } }) => {
    if (document.id === 'p98') throw new Error('stumbled')
    return from(document)
  }
  await expect(becomeEventSourced(store, plans, person, stumbling, meta)).rejects.toThrow('stumbled')
  const moved = await store.log.last()
  expect(await becomeEventSourced(store, plans, person, from, meta)).toBe(250 - moved)
  expect(await store.log.last()).toBe(250)
  expect(await plans.get('p0')).toBeUndefined()
  expect((await load(store, person, 'p0')).state.plan).toBe('new')
  const people = documents<{ email: string }>(store, 'person')
  await people.put(`doc-${count}`, { email: ada.email })
  const registered = ({ id, value }: { id: string; value: { email: string } }) => [
    facts.Registered({ personId: id, email: value.email, plan: 'moved' }),
  ]
  expect(await becomeEventSourced(store, people, person, registered, meta)).toBe(1)
  expect((await store.read(`person-doc-${count}`))[0]).toMatchObject({
    schemaVersion: 2,
    data: { email: { sealed: expect.any(String) } },
  })
  expect((await load(store, person, `doc-${count}`)).state).toMatchObject({ email: ada.email, plan: 'moved' })
})
