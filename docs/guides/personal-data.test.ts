import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Walk, walkThrough } from './walk.fixture.ts'

let guide: Walk
beforeAll(async () => {
  guide = await walkThrough('personal-data', ['members'], ['members:read', 'members:write'])
})
afterAll(() => guide?.stop())

it('does what it says, line by line', async () => {
  await guide.walk()
  const { query } = guide.landscape.services.get('members')!
  expect(await query('select value from headwater.rows')).toEqual([{ value: 'somebody' }])
  const stored = JSON.stringify(await query('select data from headwater.event'))
  expect(stored).toContain('sealed')
  expect(stored).not.toContain('Ada')
})
