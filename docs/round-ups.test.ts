import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { throwAwayServer, type ThrowAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { headwater, landscapeFolder, type Process, start } from '../packages/cli/src/landscape.fixture.ts'

const readme = await readFile(join(import.meta.dirname, '..', 'README.md'), 'utf8')
/** The README's five minutes, as somebody types them in `apps/bank` beside `npm start`. */
const lines = [...readme.matchAll(/^npx (headwater .*?)(?: {2,}#.*)?$/gm)].map(([, line]) => line!)
const file = join(import.meta.dirname, 'round-ups-session.txt')

let folder: string
let remove: () => Promise<void>
let server: ThrowAwayServer
let bank: Process
beforeAll(async () => {
  server = await throwAwayServer()
  ;({ folder, remove } = await landscapeFolder('apps/bank/src'))
  bank = start(['dev', folder, '--port', '0', '--name', server.name, '--no-watch'], folder, {
    DATABASE_URL: server.url,
  })
  await bank.says('Try next')
}, 120_000)
afterAll(async () => {
  bank?.kill('SIGTERM')
  await bank?.ended
  await server?.drop()
  await remove?.()
}, 60_000)

/** Without what differs from run to run: ids, positions, numbers, and how columns are filled up for them. */
const steady = (text: string) =>
  text
    .replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, 'ID')
    .replaceAll(/^at .*$/gm, 'at')
    .replaceAll(/[-+]?\d[\d.,]*/g, '#')
    .replaceAll(/ +/g, ' ')
    .trim()

async function session(): Promise<string> {
  let said = ''
  for (const line of lines) {
    const { stdout, stderr } = await headwater(line, { cwd: folder })
    said += `$ npx ${line}\n${stderr}${stdout}\n`
  }
  return said
}

it('is what really happens; HEADWATER_RECORD=1 writes it down anew', async () => {
  expect(lines).toHaveLength(7)
  const said = await session()
  if (process.env['HEADWATER_RECORD'] === '1') await writeFile(file, said)
  expect(steady(said)).toBe(steady(await readFile(file, 'utf8')))
}, 600_000)
