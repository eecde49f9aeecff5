import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { startLandscape } from './landscape.ts'
import { listen } from './listener.ts'

it('gives its port back where the lake cannot be opened', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hw-landscape-'))
  await writeFile(join(directory, 'lake'), 'no folder')
  const before = await listen(async () => new Response(), {})
  const { port } = before
  await before.close(0)
  const starting = startLandscape([], { postgres: 'postgres://nobody@127.0.0.1:9/none', directory, port })
  await expect(starting).rejects.toThrow()
  const after = await listen(async () => new Response(), { port })
  expect(after.port).toBe(port)
  await after.close(0)
  await rm(directory, { recursive: true })
})

it('says how the home of a service elsewhere is given, before anything runs', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'hw-landscape-'))
  const postgres = 'postgres://nobody@127.0.0.1:9/none'
  for (const home of ['10.0.0.7:4001/labels/', '/labels/', ''])
    await expect(startLandscape([], { postgres, directory, lake: false, elsewhere: { labels: home } })).rejects.toThrow(
      `Expected the home of labels as a URL like http://10.0.0.7:4001/labels/, got "${home}".`,
    )
  const elsewhere = { labels: 'http://10.0.0.7:4001/labels' }
  const landscape = await startLandscape([], { postgres, directory, lake: false, elsewhere })
  const entry = await landscape.handle(new Request(landscape.url))
  expect((await entry.json())._links.service).toMatchObject([{ href: 'http://10.0.0.7:4001/labels/' }])
  await landscape.stop()
  await rm(directory, { recursive: true })
})
