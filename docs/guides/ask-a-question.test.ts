import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Landscape, startLandscape } from '@headwater/service/landscape'
import { throwAwayServer, type ThrowAwayServer } from '@headwater/testing'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { bank } from '../../apps/bank/src/index.ts'
import simulate, { scopes } from '../../apps/bank/src/simulate.ts'

let landscape: Landscape
let directory: string
let server: ThrowAwayServer
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headwater-guide-'))
  server = await throwAwayServer()
  landscape = await startLandscape(bank, { postgres: server.url, name: server.name, directory, log: () => undefined })
  const token = await landscape.issuer.sign({ subject: 'simulation', scopes: [...scopes, 'operate'] })
  await simulate({
    async ask(path, { method = 'GET', body } = {}) {
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' }
      const init = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
      return await (await fetch(new URL(path, landscape.url), init)).json()
    },
    options: { customers: '8', days: '3' },
    say: () => undefined,
    progress: () => ({ at: () => undefined, end: () => undefined }),
    signal: new AbortController().signal,
  })
}, 120_000)
afterAll(async () => {
  await landscape?.stop()
  await server?.drop()
  await rm(directory, { recursive: true, force: true })
})

it('answers every question of the guide in the running bank, each within a minute', async () => {
  const guide = await readFile(join(import.meta.dirname, 'ask-a-question.md'), 'utf8')
  const questions = [...guide.matchAll(/```sql\n([\s\S]*?)```/g)].map((match) => match[1]!)
  expect(questions.length).toBeGreaterThanOrEqual(5)
  for (const question of questions) {
    const answer = await landscape.lake!.query(question, { limits: { timeMs: 60_000 } })
    expect([question, answer.columns.length > 0]).toEqual([question, true])
  }
  const [savers] = (await landscape.lake!.query(questions[0]!)).rows.slice(-1)
  expect(savers![0]).toBe(true)
})

it('gives the same answer at the same positions', async () => {
  const question = 'select count(*), sum("amountMinor") from Debited'
  const first = await landscape.lake!.query(question)
  const again = await landscape.lake!.query(question, { at: first.at })
  expect(again.rows).toEqual(first.rows)
})
