import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { contractOf, events } from '@headwater/contract'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { causalChainSql, funnelSql, type Lake, openLake, queries, retentionSql, timelineSql } from './index.ts'
import { event, page } from './pages.fixture.ts'

const customerId = z.string()
const customers = events('customers', {
  Registered: { data: z.object({ customerId, country: z.string() }), level: 'published' },
  Verified: {
    data: z.object({ customerId, email: z.string() }),
    level: 'published',
    personal: { email: 'customerId' },
  },
})
const payments = events('payments', {
  Paid: { data: z.object({ customerId, amountMinor: z.int() }) },
})

let directory: string
let lake: Lake
const day = (n: number) => `2026-01-${String(n).padStart(2, '0')}T12:00:00.000Z`
const happened = (at: number, type: string, data: Record<string, unknown>, more = {}) => ({
  at: day(at),
  type,
  data,
  more,
})

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'asking-'))
  lake = await openLake({
    directory,
    contracts: [contractOf(customers), contractOf(payments)],
    processes: { count: 1 },
  })
  const logs = {
    customers: [
      happened(
        1,
        'Registered',
        { customerId: 'ann', country: 'CH' },
        { id: 'r1', correlationId: 'req', causationId: 'req' },
      ),
      happened(1, 'Registered', { customerId: 'bob', country: 'DE' }),
      happened(
        2,
        'Verified',
        { customerId: 'ann', email: { sealed: 'xyz' } },
        { id: 'v1', correlationId: 'req', causationId: 'r1' },
      ),
      happened(3, 'Registered', { customerId: 'cem', country: 'DE' }),
      happened(20, 'Registered', { customerId: 'bob', country: 'CH' }),
      happened(21, 'Verified', { customerId: 'bob', email: { sealed: 'abc' } }),
    ],
    payments: [
      happened(2, 'Paid', { customerId: 'ann', amountMinor: 5 }, { id: 'p1', correlationId: 'req', causationId: 'v1' }),
      happened(9, 'Paid', { customerId: 'ann', amountMinor: 7 }),
      happened(22, 'Paid', { customerId: 'bob', amountMinor: 11 }),
    ],
  }
  for (const [service, log] of Object.entries(logs)) {
    const landed = log.map(({ at, type, data, more }, index) =>
      event(index + 1, type, data, { id: `${service}${index}`, occurredAt: at, recordedAt: at, ...more }),
    )
    await lake.land(page(landed), { service })
  }
})
afterAll(async () => {
  await lake.close()
  await rm(directory, { recursive: true })
})

const rows = async (sql: string) => (await lake.query(sql)).rows

describe('a funnel', () => {
  const steps = [{ type: 'Registered' }, { type: 'Verified' }, { type: 'Paid', where: '"amountMinor" > 4' }]
  it('lets any start count', async () => {
    expect(await rows(funnelSql({ steps, within: '7d' }))).toEqual([
      [1, 'Registered', 3],
      [2, 'Verified', 2],
      [3, 'Paid', 2],
    ])
  })
  it('counts the first start alone when told', async () => {
    expect((await rows(funnelSql({ steps, within: '7d', starts: 'first' }))).map(([, , units]) => units)).toEqual([
      3, 1, 1,
    ])
  })
  it('closes its window', async () => {
    expect((await rows(funnelSql({ steps, within: '1d' }))).map(([, , units]) => units)).toEqual([3, 2, 1])
  })
  it('is broken down by its start', async () => {
    expect(await rows(funnelSql({ steps: steps.slice(0, 2), within: '7d', by: 'country' }))).toEqual([
      ['CH', 1, 'Registered', 2],
      ['CH', 2, 'Verified', 2],
      ['DE', 1, 'Registered', 2],
      ['DE', 2, 'Verified', 0],
    ])
  })
  it('takes two steps of one type as two events', async () => {
    const twice = funnelSql({ steps: [{ type: 'Paid' }, { type: 'Paid' }], within: '30d' })
    expect((await rows(twice)).map(([, , units]) => units)).toEqual([2, 1])
  })
})

it('counts who came back, by cohort', async () => {
  expect(await rows(retentionSql({ start: { type: 'Registered' }, back: [{ type: 'Paid' }], every: 'week' }))).toEqual([
    ['2025-12-29', 0, 1],
    ['2025-12-29', 1, 1],
    ['2025-12-29', 3, 1],
  ])
})

it('tells what happened to one customer, across services', async () => {
  expect((await rows(timelineSql({ unit: 'ann' }))).map(([, service, , type]) => `${service} ${type}`)).toEqual([
    'customers Registered',
    'customers Verified',
    'payments Paid',
    'payments Paid',
  ])
})

it('follows one request through the services', async () => {
  expect((await rows(causalChainSql({ correlationId: 'req' }))).map(([depth, , , type]) => [depth, type])).toEqual([
    [0, 'Registered'],
    [1, 'Verified'],
    [2, 'Paid'],
  ])
})

it('keeps what is sealed sealed', async () => {
  expect(await rows(`select email from Verified where unit = 'ann'`)).toEqual([['{"sealed":"xyz"}']])
  const email = lake
    .catalogue()
    .find(({ type }) => type === 'Verified')
    ?.fields.find(({ field }) => field === 'email')
  expect(email).toEqual({ field: 'email', type: 'VARCHAR', declared: true, personal: true, events: 2 })
})

it('says which fields a question reads, and what may break', async () => {
  const reads = async (sql: string) =>
    (await lake.explain(sql)).reads.map(({ type, fields, mayBreak }) => [type, fields, mayBreak])
  expect(await reads('select country from Registered')).toEqual([['Registered', ['country'], false]])
  expect(
    await reads('select r.unit, sum(p."amountMinor") from Registered r join Paid p using (unit) group by all'),
  ).toEqual([
    ['Registered', [], false],
    ['Paid', ['amountMinor'], true],
  ])
  expect(await reads('select * from Paid')).toEqual([['Paid', ['customerId', 'amountMinor'], true]])
  expect(await reads(`select data->>'$.country' from Registered`)).toEqual([['Registered', ['country'], false]])
  expect(await reads('select count(*) from events')).toEqual([])
  expect((await reads('select data from events')).map(([type]) => type)).toEqual(['Registered', 'Verified', 'Paid'])
})

it.each([
  ['select r from Registered r', 'a row by its alias'],
  ['select Registered from customers.Registered', 'a row by its table'],
  ['select #16 from Registered', 'a column by its number'],
  ['select unit from Registered natural join Paid', 'a join by all names in common'],
  ['select x from Registered as r(x, y)', 'columns under other names'],
  ["select data, data->>'country' from Registered", 'a payload whole beside a member'],
  ["select data->>('coun' || 'try') from Registered", 'a member by a computed path'],
  ["select data->'$.*' from Registered", 'every member'],
  ['select json_keys(data) from Registered', 'names of members'],
  ['from (summarize Registered)', 'a summary'],
  ['select p.country from Registered p', 'a member by its column'],
  ['select 1 from Registered a join Registered b using (country)', 'a join by a column'],
  ["select data->>'country' from Registered", 'a member by name'],
])('counts a field as read by %s: %s', async (sql) => {
  const { reads } = await lake.explain(sql)
  expect(reads.find(({ type }) => type === 'Registered')?.fields).toContain('country')
})

it('says why an answer may differ next time', async () => {
  const unrepeatable = async (sql: string) => (await lake.explain(sql)).unrepeatable
  expect(await unrepeatable('select unit from Paid order by unit limit 1')).toEqual([])
  expect(await unrepeatable('select unit from Paid limit 1')).toEqual(['LIMIT without ORDER BY'])
  expect(await unrepeatable('select now()')).toEqual(['now()'])
  expect(await unrepeatable('select list(unit) from Paid')).toEqual(['list() without ORDER BY'])
  expect(await unrepeatable('select list(unit order by position) from Paid')).toEqual([])
  expect(await unrepeatable("select string_agg(unit, ',' order by position) from Paid")).toEqual([])
})

describe('a saved question', () => {
  it('gives the same answer later, and says when it does not', async () => {
    const sql = 'select unit, sum("amountMinor") from Paid group by unit'
    const saved = await lake.questions.save({ name: 'paid', sql, by: 'ann' })
    expect(saved).toMatchObject({ version: 1, at: { customers: 6, payments: 3 }, savedBy: 'ann' })
    await lake.land(page([event(4, 'Paid', { customerId: 'ann', amountMinor: 100 })]), { service: 'payments' })
    expect(await lake.questions.ask('paid')).toMatchObject({
      same: true,
      changed: [],
      rows: [
        ['ann', 12],
        ['bob', 11],
      ],
    })
    expect((await lake.questions.ask('paid', { at: 'now' })).rows).toContainEqual(['ann', 112])
    expect(await lake.questions.save({ name: 'paid', sql })).toMatchObject({ version: 2 })
    await lake.questions.save({ name: 'dice', sql: 'select random() as r' })
    expect(await lake.questions.ask('dice')).toMatchObject({ same: false, changed: ['it uses random()'] })
  })
  it('is a reader of what it reads', async () => {
    const readers = await lake.questions.readers()
    expect(readers.map(({ reader }) => reader)).toEqual(['question:dice', 'question:paid'])
    expect(readers[1]!.reads).toMatchObject([
      { service: 'payments', type: 'Paid', fields: ['amountMinor'], mayBreak: true },
    ])
  })
})

describe('completion', () => {
  const labels = (text: string) => lake.complete(text).map(({ label }) => label)
  it('offers tables where a table belongs', () => {
    expect(labels('select * from ').slice(0, 4)).toEqual(['events', 'Registered', 'Verified', 'Paid'])
    expect(labels('select * from Reg')).toEqual(['Registered'])
    expect(labels('select * from payments.')).toContain('Paid')
  })
  it('offers the columns of the tables asked', () => {
    expect(lake.complete('select p.am from Paid p', 11)[0]).toEqual({
      label: 'amountMinor',
      kind: 'column',
      detail: 'BIGINT',
    })
    expect(labels('select unit from Registered where cou')).toContain('country')
  })
  it('answers within 30 ms', () => {
    const started = performance.now()
    for (let i = 0; i < 10; i++) labels('select unit from Registered where c')
    expect((performance.now() - started) / 10).toBeLessThan(30)
  })
})

describe('over HTTP', () => {
  const caller = { subject: 'ann', scopes: ['explore'] }
  const ask = async (path: string, init?: RequestInit, who: typeof caller | undefined = caller) =>
    await queries(lake, { base: '/lake' })(new Request(`http://x/lake${path}`, init), who ? { caller: who } : {})
  const post = (body: unknown) => ({ method: 'POST', body: JSON.stringify(body) })
  const sql = 'select unit, "amountMinor" as n from Paid order by position limit 2'

  it('answers JSON, also as of positions', async () => {
    const answer = await ask('', post({ sql, at: { payments: 1 } }))
    expect(await answer.json()).toMatchObject({
      columns: [{ name: 'unit' }, { name: 'n', type: 'BIGINT' }],
      rows: [['ann', 5]],
      at: { payments: 1 },
    })
    const got = await ask(`/query?sql=${encodeURIComponent(sql)}&at=payments:2`)
    expect(await got.json()).toMatchObject({
      rows: [
        ['ann', 5],
        ['ann', 7],
      ],
    })
  })
  it('streams CSV, JSON and Parquet', async () => {
    const csv = await ask('', post({ sql, format: 'csv' }))
    expect([await csv.text(), csv.headers.get('headwater-may-break')]).toEqual([
      'unit,n\nann,5\nann,7\n',
      'payments.Paid',
    ])
    expect(await (await ask('', post({ sql: `${sql};`, format: 'json' }))).json()).toEqual([
      { unit: 'ann', n: 5 },
      { unit: 'ann', n: 7 },
    ])
    const parquet = new Uint8Array(await (await ask('', post({ sql, format: 'parquet' }))).arrayBuffer())
    expect(new TextDecoder().decode(parquet.slice(0, 4))).toBe('PAR1')
  })
  it('stops an export that grows too large', async () => {
    const large = await ask(
      '',
      post({
        sql: 'select range, repeat(range::varchar, 50) from range(20000000)',
        format: 'csv',
        limits: { bytes: 10_000 },
      }),
    )
    expect([large.status, await large.json()]).toMatchObject([422, { code: 'HW_QUERY_BYTES' }])
  })
  it('holds no more of an answer in memory than a server has room for, whatever is asked for', async () => {
    const sql = "select repeat('x', 1_000_000) from range(80)"
    const answer = await ask('', post({ sql, limits: { bytes: 1e12 } }))
    const { rows, truncated } = (await answer.json()) as { rows: unknown[]; truncated: boolean }
    expect({ truncated, rows: rows.length }).toEqual({ truncated: true, rows: 67 })
  })
  it('says what will be read, what there is and what is saved', async () => {
    expect(await (await ask('/plan', post({ sql }))).json()).toMatchObject({
      tables: ['Paid'],
      reads: [{ type: 'Paid' }],
    })
    expect(await (await ask('/catalogue')).json()).toMatchObject({
      types: [{ type: 'Registered', events: 4, level: 'published' }, {}, {}],
    })
    expect(await (await ask('/complete?text=select+*+from+Pa')).json()).toMatchObject({
      suggestions: [{ label: 'Paid' }],
    })
    expect((await ask('/questions/big', { method: 'PUT', body: JSON.stringify({ sql }) })).status).toBe(200)
    expect(await (await ask('/questions/big/answer')).json()).toMatchObject({ same: true })
  })
  it.each([
    ['nobody', '', post({ sql }), null, 401, 'HW_LAKE_UNKNOWN_CALLER'],
    ['somebody without the right', '', post({ sql }), { subject: 'bob', scopes: [] }, 403, 'HW_LAKE_NOT_ALLOWED'],
    ['a body that is no question', '', { method: 'POST', body: 'select 1' }, caller, 400, 'HW_LAKE_REQUEST'],
    ['no question', '', undefined, caller, 400, 'HW_LAKE_REQUEST'],
    ['another method', '', { method: 'DELETE' }, caller, 405, 'HW_LAKE_METHOD'],
    ['another place', '/elsewhere', undefined, caller, 404, 'HW_LAKE_NOT_FOUND'],
    ['a refused statement', '', post({ sql: 'drop table x' }), caller, 422, 'HW_QUERY_REFUSED'],
    ['positions that have not come', '', post({ sql, at: { payments: 99 } }), caller, 422, 'HW_LAKE_POSITION'],
  ])('refuses %s with a problem document', async (_, path, init, who, status, code) => {
    const answer = await queries(lake, { base: '/lake' })(
      new Request(`http://x/lake${path}`, init),
      who === null ? {} : { caller: who },
    )
    expect([answer.status, answer.headers.get('content-type'), await answer.json()]).toMatchObject([
      status,
      'application/problem+json',
      { code, status, detail: expect.stringMatching(/\S/) },
    ])
  })
})
