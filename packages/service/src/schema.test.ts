import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { expect, it } from 'vitest'
import { z } from 'zod'
import { decider, events, resource, service } from './index.ts'
import { run } from './running.ts'
import { applySchema, makeSchema, schemaSql } from './schema.ts'

const people = events('people', {
  Named: { data: z.object({ personId: z.string(), name: z.string() }), personal: { name: 'personId' } },
})
const person = decider('person', people, {
  commands: { rename: z.object({ name: z.string() }) },
  initialState: () => ({ name: '' }),
  decide: { rename: ({ name }, _, { id }) => [people.Named({ personId: id, name })] },
  evolve: { Named: (_, { name }) => ({ name }) },
})
const declared = service('people', {
  facts: people,
  resources: [
    resource('/people/{personId}', person, {
      links: {},
      actions: { rename: { scope: 'people:write', create: 'client' } },
    }),
  ],
  projections: [
    {
      name: 'names',
      decider: person,
      personal: true,
      rows: (_, { id, state }) => [{ key: id, value: state.name.length }],
    },
  ],
  tables: 'create schema if not exists own; create table if not exists own.seen (id text primary key)',
})

it('is applied by the database’s owner, any number of times and at once, and by nobody else', async () => {
  const database = await throwAwayDatabase()
  const role = `app_${database.name}`
  const url = new URL(database.url)
  url.username = role
  url.password = 'app'
  const owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
  try {
    await owner.query(`create role ${role} login password 'app'; revoke create on schema public from public`)
    await expect(applySchema(declared, url.href)).rejects.toMatchObject({ code: 'HW_MAY_NOT_CREATE' })
    await Promise.all([1, 2, 3].map(() => applySchema(declared, database.url, { role })))
    await applySchema(declared, database.url, { role })
    const pool = new pg.Pool({ connectionString: url.href, max: 1 })
    await makeSchema(declared, pool)
    const counted = await pool.query('select count(*)::int as events from headwater.event')
    expect(counted.rows).toEqual([{ events: 0 }])
    await pool.query(`insert into own.seen values ('x')`)
    await pool.end()
  } finally {
    await owner.query(`drop owned by ${role}; drop role ${role}`).catch(() => undefined)
    await owner.end()
    await database.drop()
  }
})

it('runs under a role that may create nothing, on a schema its owner made from the script', async () => {
  const database = await throwAwayDatabase()
  const owner = new pg.Client({ connectionString: database.url })
  await owner.connect()
  const role = `app_${database.name}`
  const url = new URL(database.url)
  url.username = role
  url.password = 'app'
  try {
    await owner.query(`create role ${role} login password 'app'; revoke create on schema public from public`)
    await owner.query(`begin; ${schemaSql(declared, { role })} commit`)
    const pool = new pg.Pool({ connectionString: url.href })
    await expect(pool.query('create table headwater.more (n int)')).rejects.toThrow(/permission denied/)
    const running = await run(declared, {
      pool,
      entry: 'http://127.0.0.1:9/',
      basePath: '/people',
      fetch,
      fetchFor: () => fetch,
      resolve: () => undefined,
      lake: () => undefined,
      log: () => undefined,
      now: Date.now,
    })
    const request = new Request('http://127.0.0.1:9/people/people/p1/rename', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'Ada' }),
    })
    const answer = await running.handle(request, { caller: { subject: 'ada', scopes: ['people:write'] } })
    expect(answer.status).toBeLessThan(300)
    expect(await running.load(person, 'p1')).toEqual({ name: 'Ada' })
    expect(await running.query('select key from headwater.rows')).toEqual([{ key: 'p1' }])
    await running.query(`insert into own.seen values ('x')`)
    await running.stop()
    await pool.end()
  } finally {
    await owner.query(`drop owned by ${role}; drop role ${role}`).catch(() => undefined)
    await owner.end()
    await database.drop()
  }
})
