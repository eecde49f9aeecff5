import pg from 'pg'
import { expect, it } from 'vitest'
import { throwAwayDatabase } from './index.ts'

async function ask(url: string, sql: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query(sql)).rows
  } finally {
    await client.end()
  }
}

it('gives each test a database of its own, filled from a template made once', async () => {
  let made = 0
  const template = {
    name: `apples ${process.pid}`,
    prepare: async (url: string) => {
      made += 1
      await ask(url, `create table apples as select 'red' as colour`)
    },
  }
  const [first, second] = await Promise.all([throwAwayDatabase(template), throwAwayDatabase(template)])
  await ask(first.url, 'delete from apples')
  expect(await ask(second.url, 'select colour from apples')).toEqual([{ colour: 'red' }])
  expect(made).toBe(1)
  await Promise.all([first.drop(), second.drop()])
  await expect(ask(first.url, 'select 1')).rejects.toThrow(/does not exist/)
})
