import { events } from '@headwater/contract'
import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { z } from 'zod'
import { at, decider, entity, type EventStore, execute, load, migrate, openStore, refuse } from './index.ts'

const facts = events('ledger', {
  Opened: { data: z.object({}) },
  Received: { data: z.object({ amountMinor: z.int() }) },
})
const account = decider('account', facts, {
  commands: { open: z.object({}), receive: z.object({ amountMinor: z.int() }) },
  initialState: () => ({ open: false, balance: 0 }),
  decide: {
    open: (_, { open }) => (open ? [] : [facts.Opened({})]),
    receive: ({ amountMinor }, { open, balance }) => {
      if (!open) return refuse('not-open', 'Open the account first.')
      if (balance + amountMinor < 0) return refuse('overdraft', 'Pay in first.')
      return [facts.Received({ amountMinor })]
    },
  },
  evolve: {
    Opened: (state) => ({ ...state, open: true }),
    Received: (state, { amountMinor }) => ({ ...state, balance: state.balance + amountMinor }),
  },
})
const both = events('ledger', {
  Paid: { data: z.object({ amountMinor: z.int() }) },
  Received: { data: z.object({ amountMinor: z.int() }) },
})
const payment = decider('payment', both, {
  commands: { pay: z.object({ from: z.string(), to: z.string(), amountMinor: z.int() }) },
  initialState: () => ({ done: false }),
  reads: { pay: ({ from, to }) => ({ payer: entity(account, from), payee: entity(account, to) }) },
  decide: {
    pay: ({ amountMinor }, { done }, { others: { payer, payee } }) => {
      if (done) return []
      if (!payee.state.open) return refuse('payee-not-open', 'Choose a payee who is here.')
      if (payer.state.balance < amountMinor) return refuse('overdraft', 'Pay in first.')
      return [
        both.Paid({ amountMinor }),
        at(payer, both.Received({ amountMinor: -amountMinor })),
        at(payee, both.Received({ amountMinor })),
      ]
    },
  },
  evolve: { Paid: () => ({ done: true }), Received: (state) => state },
})

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
let store: EventStore
/** Another process on the same log: it has its own memory of states. */
let other: EventStore
let count = 0

beforeAll(async () => {
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url, max: 8 })
  await pool.query('create table note (id serial, text text not null)')
})
beforeEach(async () => {
  const schema = `log_${++count}`
  await migrate(pool, { schema })
  store = openStore({ pool, service: 'ledger', schema })
  other = openStore({ pool, service: 'ledger', schema })
})
afterEach(() => Promise.all([store.close(), other.close()]))
afterAll(async () => {
  await pool.end()
  await database.drop()
})

const meta = { correlationId: 'c', causationId: 'c' }
const open = async (id: string, amountMinor: number) => {
  await execute(store, account, id, account.open, {}, { meta })
  await execute(store, account, id, account.receive, { amountMinor }, { meta })
}
const notes = async () => (await pool.query('select text from note order by id')).rows.map(({ text }) => text)

it('decides, records, and answers the state after it', async () => {
  const refused = await execute(store, account, 'a', account.receive, { amountMinor: 1 }, { meta })
  expect(refused).toMatchObject({ kind: 'refused', code: 'not-open', version: 0, repeated: false })
  expect(await execute(store, account, 'a', account.open, {}, { meta })).toEqual({
    kind: 'done',
    state: { open: true, balance: 0 },
    version: 1,
    events: [facts.Opened({})],
    position: 1,
    repeated: false,
  })
  expect(await execute(store, account, 'a', account.open, {}, { meta })).toMatchObject({ kind: 'done', events: [] })
  await execute(store, account, 'a', 'receive', { amountMinor: 5 }, { meta })
  expect(await load(store, account, 'a')).toEqual({ state: { open: true, balance: 5 }, version: 2 })
  expect(await load(other, account, 'a', { upTo: 1 })).toEqual({ state: { open: true, balance: 0 }, version: 1 })
  await expect(execute(store, account, 'a', account.receive, { amountMinor: 0.5 }, { meta })).rejects.toMatchObject({
    code: 'HW_INVALID_COMMAND',
    issues: [{ pointer: '/amountMinor' }],
  })
})

it('never decides by a state that has become old: not to do, not to refuse, not to do nothing', async () => {
  await open('a', 10)
  await load(other, account, 'a')
  expect(await execute(store, account, 'a', account.receive, { amountMinor: -8 }, { meta })).toMatchObject({
    version: 3,
  })
  expect(await execute(other, account, 'a', account.receive, { amountMinor: -8 }, { meta })).toMatchObject({
    kind: 'refused',
    code: 'overdraft',
    state: { balance: 2 },
  })
  await execute(store, account, 'a', account.receive, { amountMinor: 6 }, { meta })
  // `other` still remembers a balance of 2, by which it would refuse.
  expect(await execute(other, account, 'a', account.receive, { amountMinor: -8 }, { meta })).toMatchObject({
    kind: 'done',
    state: { balance: 0 },
  })
})

it('decides over several entities as of one moment', async () => {
  await Promise.all([open('a', 10), open('b', 1)])
  await Promise.all(['a', 'b'].map((id) => load(other, account, id)))
  await execute(store, account, 'a', account.receive, { amountMinor: -7 }, { meta })
  const pay = (id: string, to: string) =>
    execute(other, payment, id, payment.pay, { from: 'a', to, amountMinor: 3 }, { meta })
  expect(await pay('1', 'nobody')).toMatchObject({ kind: 'refused', code: 'payee-not-open' })
  expect(await pay('2', 'b')).toMatchObject({ kind: 'done', version: 1, position: 8, events: { length: 3 } })
  expect(await pay('2', 'b')).toMatchObject({ kind: 'done', version: 1, events: [] })
  expect(await pay('3', 'b')).toMatchObject({ kind: 'refused', code: 'overdraft' })
  expect((await load(store, account, 'b')).state.balance).toBe(4)
})

it('keeps money under 60 concurrent payments between two processes', async () => {
  const ids = ['a', 'b', 'c', 'd']
  await Promise.all(ids.map((id) => open(id, 20)))
  const payments = Array.from({ length: 60 }, (_, index) => {
    const data = { from: ids[index % 4]!, to: ids[(index * 7 + 1) % 4]!, amountMinor: 3 + (index % 5) }
    return execute(index % 3 === 0 ? store : other, payment, `${index}`, payment.pay, data, { meta })
  })
  const outcomes = await Promise.all(payments)
  expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['done', 'refused']))
  const balances = await Promise.all(ids.map(async (id) => (await load(store, account, id)).state.balance))
  expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(80)
  expect(Math.min(...balances)).toBeGreaterThanOrEqual(0)
})

it('holds a decision to the version its caller saw', async () => {
  await open('a', 10)
  await load(other, account, 'a')
  await execute(store, account, 'a', account.receive, { amountMinor: 1 }, { meta })
  const given = (expected: number) => ({ meta, expected })
  expect(await execute(other, account, 'a', account.receive, { amountMinor: 1 }, given(2))).toEqual({
    kind: 'conflict',
    stream: 'account-a',
    expected: 2,
    actual: 3,
  })
  expect(await execute(other, account, 'a', account.receive, { amountMinor: 1 }, given(3))).toMatchObject({
    version: 4,
  })
  expect(await execute(other, account, 'a', account.receive, { amountMinor: 1 }, given(9))).toMatchObject({ actual: 4 })
})

it('recognises a repeat by its ids, and answers what was done then', async () => {
  await open('a', 0)
  const again = { meta, eventId: (index: number) => `request-1.${index}` }
  const first = await execute(store, account, 'a', account.receive, { amountMinor: 4 }, again)
  await execute(store, account, 'a', account.receive, { amountMinor: 5 }, { meta })
  expect(await execute(other, account, 'a', account.receive, { amountMinor: 4 }, again)).toEqual({
    ...first,
    repeated: true,
  })
  expect(await execute(store, account, 'a', account.receive, { amountMinor: 6 }, again)).toEqual({
    kind: 'id-reused',
    ids: ['request-1.0'],
  })
})

it('records a request with what it caused, also when it was refused', async () => {
  const record = (outcome: { kind: string }) => [
    { stream: 'request-1', events: [{ type: 'RequestReceived', data: { answer: outcome.kind } }] },
  ]
  await execute(store, account, 'a', account.receive, { amountMinor: 1 }, { meta, record })
  expect((await store.read('request-1')).map(({ data }) => data.answer)).toEqual(['refused'])
  const before = () => refuse('asleep', 'Come back tomorrow.')
  expect(await execute(store, account, 'a', account.open, {}, { meta, before })).toMatchObject({ code: 'asleep' })
})

it('commits the work of a transaction with its events', async () => {
  await open('a', 10)
  const outcome = await store.transact(async (tx) => {
    await tx.query('insert into note (text) values ($1)', ["it's \\ kept"])
    await tx.run(account.receive, 'a', { amountMinor: 1 })
    tx.append({ streams: [{ stream: 'note-1', events: [{ type: 'Noted', data: { text: "it's \\ kept" } }] }], meta })
    return await tx.run(account.receive, 'a', { amountMinor: 2 })
  })
  expect(outcome).toMatchObject({ kind: 'done', state: { balance: 13 }, version: 4 })
  expect(await notes()).toEqual(["it's \\ kept"])
  expect((await store.read('note-1'))[0]!.data).toEqual({ text: "it's \\ kept" })
  expect(await load(other, account, 'a')).toEqual({ state: { open: true, balance: 13 }, version: 4 })
})

it('keeps nothing of a transaction whose events conflict', async () => {
  await open('a', 10)
  const before = await notes()
  const late = store.transact(async (tx) => {
    await tx.query(`insert into note (text) values ('lost')`)
    const { kind } = await tx.run(account.receive, 'a', { amountMinor: 1 })
    await execute(other, account, 'a', account.receive, { amountMinor: 1 }, { meta })
    return kind
  })
  await expect(late).rejects.toMatchObject({ code: 'HW_CONFLICT', stream: 'account-a', expected: 2, actual: 3 })
  expect(await notes()).toEqual(before)
  // The state that was old is not used again.
  expect(await store.transact((tx) => tx.run(account.receive, 'a', { amountMinor: 1 }))).toMatchObject({ version: 4 })
})

it('keeps nothing of a transaction that rejects, or in which a statement failed', async () => {
  const before = await notes()
  const failing = store.transact(async (tx) => {
    await tx.query(`insert into note (text) values ('lost')`)
    tx.append({ streams: [{ stream: 'note-2', events: [{ type: 'Noted', data: {} }] }], meta })
    throw new Error('changed my mind')
  })
  await expect(failing).rejects.toThrow('changed my mind')
  const swallowed = store.transact(async (tx) => {
    await tx.query(`insert into note (text) values ('lost')`)
    await tx.query('select 1/0').catch(() => undefined)
  })
  await expect(swallowed).rejects.toMatchObject({ code: 'HW_TRANSACTION_ABORTED' })
  expect(await notes()).toEqual(before)
  expect(await store.read('note-2')).toEqual([])
})

it('finds out what became of a COMMIT whose connection went, with no other one to spare', async () => {
  const schema = `log_${count}`
  const one = new pg.Pool({ connectionString: database.url, max: 1 })
  const alone = openStore({ pool: one, service: 'notes', schema })
  const blocking = await pool.connect()
  await blocking.query(`begin; lock table ${schema}.event in access exclusive mode`)
  const cut = alone.transact(async (tx) => {
    const { rows } = await tx.query('select pg_backend_pid() as pid')
    tx.append({ streams: [{ stream: 'note-3', events: [{ type: 'Noted', data: {} }] }], meta })
    return rows[0].pid as number
  })
  const waits = `select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  let waiting: { pid: number }[] = []
  while (waiting.length === 0) waiting = (await pool.query(waits)).rows
  await pool.query('select pg_terminate_backend($1)', [waiting[0]!.pid])
  await blocking.query('rollback')
  blocking.release()
  await expect(cut).rejects.toThrow(/terminat/)
  expect(await alone.read('note-3')).toEqual([])
  await one.end()
})

it('takes a decider in Emmett’s shape as it is', async () => {
  type Command = { type: 'add'; data: { item: string } } | { type: 'clear'; data: {} }
  type Event = { type: 'Added'; data: { item: string } } | { type: 'Cleared'; data: {} }
  const cart = decider('cart', events('carts', {}), {
    decide: ({ type, data }: Command): Event[] => [
      type === 'add' ? { type: 'Added', data } : { type: 'Cleared', data: {} },
    ],
    evolve: (items: string[], event: Event) => (event.type === 'Added' ? [...items, event.data.item] : []),
    initialState: (): string[] => [],
  })
  await execute(store, cart, '1', cart.add, { item: 'pear' }, { meta })
  expect(await execute(store, cart, '1', cart.add, { item: 'fig' }, { meta })).toMatchObject({ state: ['pear', 'fig'] })
})

it('is a plain SQL function for any program, called last in its own transaction', async () => {
  const schema = `log_${count}`
  const append = (text: string, values: unknown[]) => pool.query(`select ${schema}.append(${text}) as position`, values)
  const events = JSON.stringify([
    { type: 'Noted', data: { a: 1 } },
    { type: 'Noted', data: {}, id: 'n2' },
  ])
  expect((await append('$1, $2', ['note-1', events])).rows).toEqual([{ position: '2' }])
  await expect(append('$1, $2, expected => 1', ['note-1', '[{"type":"Noted","data":1}]'])).rejects.toMatchObject({
    code: 'HW001',
  })
  await expect(append('$1, $2', ['note-1', '[{"type":"Noted","data":1,"id":"n2"}]'])).rejects.toMatchObject({
    code: 'HW002',
  })
  for (const wrong of [
    '[]',
    '[{"type":"noted","data":1}]',
    '[{"type":"Noted"}]',
    '[{"type":"Noted","data":{"a":"\\u0000"}}]',
    '[{"type":"Noted","data":{"a":"\\ud800"}}]',
    `[{"type":"Noted","data":"${'x'.repeat(1_048_576)}"}]`,
  ])
    await expect(append('$1, $2', ['note-1', wrong])).rejects.toMatchObject({
      code: expect.stringMatching(/HW004|22P0[25]/),
    })
  const client = await pool.connect()
  await client.query('begin isolation level repeatable read')
  await expect(client.query(`select ${schema}.append('note-1', '[{"type":"Noted","data":1}]')`)).rejects.toMatchObject({
    code: 'HW003',
  })
  await client.query('rollback')
  client.release()
  expect(await store.read('note-1')).toMatchObject([
    { version: 1, data: { a: 1 } },
    { version: 2, id: 'n2' },
  ])
})
