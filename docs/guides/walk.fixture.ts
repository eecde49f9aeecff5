import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Landscape } from '@headwater/service/landscape'
import { throwAwayLandscape } from '@headwater/testing'
import { expect, vi } from 'vitest'
import { headwater } from '../../packages/cli/src/landscape.fixture.ts'
import { make } from '../../packages/cli/src/workshop.ts'
import { type Block, blocksOf, holds, pageOf, save } from '../page.fixture.ts'

/** A page whose services run: its files, up to the first command, are what runs. */
export interface Walk {
  readonly landscape: Landscape
  /**
   * Does the rest of the page, line by line, and expects what it shows. `EVENT_ID` is that of the event shown last. `done`: commands
   * passed, or a file was saved.
   */
  walk(done?: (block: Block) => Promise<void>): Promise<void>
  /** Places a service anew, as its folder has it now. */
  mount(service: string): Promise<void>
  stop(): Promise<void>
}

/** @param scopes rights of whoever types, beside those of an operator. */
export async function walkThrough(
  name: string,
  services: readonly string[],
  scopes: readonly string[] = [],
): Promise<Walk> {
  // Beside the page, so that imports are found; nothing of it is kept.
  const folder = join(import.meta.dirname, '.headwater', name)
  await rm(folder, { recursive: true, force: true })
  const blocks = blocksOf(await pageOf(`guides/${name}.md`))
  const first = blocks.findIndex(({ kind }) => kind.startsWith('sh'))
  for (const block of blocks.slice(0, first)) await save(folder, block)
  const made = await Promise.all(services.map(async (service) => (await make(folder, service)).service))
  const { landscape, drop } = await throwAwayLandscape(made)
  const rights = ['events:read', 'explore', 'personal:read', 'operate', ...scopes]

  const run = async (line: string, fails: boolean): Promise<string> => {
    const token = await landscape.issuer.sign({ subject: 'operator', scopes: rights })
    const env = { HEADWATER_URL: landscape.url, HEADWATER_TOKEN: token }
    const { code, stdout, stderr } = await headwater(line.replace('npx ', ''), { cwd: folder, env })
    expect([line, code === 0, stdout + stderr]).toEqual([line, !fails, stdout + stderr])
    await landscape.settled()
    return stdout + stderr
  }
  return {
    landscape,
    async walk(done) {
      let eventId = ''
      const typed = async ({ kind, lines, at }: Block): Promise<void> => {
        let said = ''
        for (const line of lines) said += await run(line.replace('EVENT_ID', eventId), kind === 'sh fails')
        const next = blocks[at + 1]
        const shown = next?.kind === 'text' ? holds(said, next) : ''
        eventId = /^(\S+) +\S+@\d+ /.exec(shown)?.[1] ?? eventId
      }
      for (const block of blocks.slice(first).filter(({ kind }) => kind !== 'text')) {
        if (block.kind === 'sh eventually') await vi.waitFor(() => typed(block), { timeout: 20_000, interval: 100 })
        else if (block.kind.startsWith('sh')) await typed(block)
        else await save(folder, block)
        await done?.(block)
      }
    },
    mount: async (service) => void (await landscape.mount((await make(folder, service)).service)),
    async stop() {
      await drop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
