import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { throwAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { count, events, experiment, service } from './index.ts'
import { type Landscape, startLandscape } from './landscape.ts'

const tips = events('tips', { Tipped: { data: z.object({ personId: z.string() }) } })
const declare = (hypothesis: string) =>
  experiment('louder', {
    hypothesis,
    unit: 'personId',
    variants: { quiet: 50, loud: 50 },
    primary: count(tips.Tipped, { within: '7d' }),
    decide: { after: '14d', by: '2027-02-01' },
  })
const [first, second] = [declare('Louder tips are given more often.'), declare('Louder tips are given less often.')]

let landscape: Landscape
let directory: string
let server: Awaited<ReturnType<typeof throwAwayServer>>
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-declaring-'))
  server = await throwAwayServer()
  const options = { postgres: server.url, name: server.name, directory, lake: false, log: () => undefined }
  landscape = await startLandscape([], options)
})
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

it('declares in its log what the code says whenever that is something else than before, also something said earlier', async () => {
  for (const experiments of [[first], [first], [second], [second], [first], [first]])
    await landscape.mount(service('tips', { facts: tips, resources: [], experiments }))
  const said = await landscape.services.get('tips')!.store.read('experiment-louder')
  expect(said.map(({ data }) => (data as { seal: string }).seal)).toEqual([first.seal, second.seal, first.seal])
})
