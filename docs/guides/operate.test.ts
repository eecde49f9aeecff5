import { afterAll, beforeAll, it } from 'vitest'
import { type Walk, walkThrough } from './walk.fixture.ts'

let guide: Walk
beforeAll(async () => {
  guide = await walkThrough('operate', ['orders', 'labels'], ['orders:write'])
})
afterAll(() => guide?.stop())

it('does what it says, line by line', async () => {
  await guide.walk(async ({ kind }) => {
    if (kind === 'diff') await guide.mount('labels')
  })
}, 60_000)
