import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { watchSource } from './workshop.ts'

function signal(): { readonly given: Promise<void>; give(): void } {
  let give = () => {}
  const given = new Promise<void>((done) => (give = done))
  return { given, give }
}

it('stops only when what a save began is over, and begins nothing more', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hw-workshop-'))
  await mkdir(join(folder, 'src'))
  const [begun, free] = [signal(), signal()]
  const said: string[] = []
  const stop = watchSource(folder, async () => {
    begun.give()
    await free.given
    said.push('replaced')
  })
  await writeFile(join(folder, 'src', 'saved.ts'), '')
  await begun.given
  const stopped = Promise.resolve(stop()).then(() => said.push('stopped'))
  await writeFile(join(folder, 'src', 'late.ts'), '')
  free.give()
  await stopped
  expect(said).toEqual(['replaced', 'stopped'])
  await rm(folder, { recursive: true })
})
