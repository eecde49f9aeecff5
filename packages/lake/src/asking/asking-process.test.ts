import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { AskingProcess } from './asking-process.ts'

// What stands behind the gate, tried without it: should it ever let a name through, these still hold.
let directory: string
let asking: AskingProcess
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'asking-process-'))
  for (const folder of ['segments', 'own']) await mkdir(join(directory, folder))
  await writeFile(join(directory, 'secret.csv'), 'a\nkeep-out\n')
  const limits = { memoryMb: 128, threads: 1, spillMb: 64 }
  asking = new AskingProcess({ readable: join(directory, 'segments'), folder: join(directory, 'own'), limits })
  // As the lake does: the time of a question does not begin before there is somebody to ask.
  await asking.started
})
afterAll(async () => {
  await asking.close()
  await rm(directory, { recursive: true })
})

const limits = { timeMs: 5_000, rows: 10, bytes: 10_000 }

it('asks of no table that it was not given', async () => {
  await expect(asking.ask({ sql: 'select * from Saved', views: [], limits })).rejects.toMatchObject({
    code: 'HW_QUERY_TABLE',
    message: expect.stringContaining('Saved'),
  })
})

it('reads no file but segments and what it is handed', async () => {
  const view = (path: string) => ({ name: 'Saved', sql: `select * from read_csv('${join(directory, path)}')` })
  const asked = async (path: string) =>
    await asking.ask({ sql: 'select * from Saved', views: [view(path)], limits }).then(
      (answer) => answer!.rows,
      (error: Error) => error.message,
    )
  expect(await asked('secret.csv')).toMatch(/Permission Error/)
  expect(await asked('segments/../secret.csv')).toMatch(/Permission Error/)
  await writeFile(join(directory, 'segments/open.csv'), 'a\nlet-in\n')
  expect(await asked('segments/open.csv')).toEqual([['let-in']])
})

it('ends with its parent, also in the middle of a question without end', async () => {
  const folder = join(directory, 'orphan')
  await mkdir(folder)
  const child = fork(join(import.meta.dirname, 'process.ts'), {
    serialization: 'advanced',
    execArgv: ['--conditions=source', '--import', 'tsx'],
  })
  const ended = once(child, 'exit')
  let id = 0
  const answered = async (call: object) => {
    child.send({ id: ++id, call })
    const [reply] = await once(child, 'message')
    return reply
  }
  const places = { readable: join(directory, 'segments'), folder }
  await answered({ kind: 'start', limits: { memoryMb: 128, threads: 1, spillMb: 64 }, ...places })
  const views = [{ name: 'Saved', sql: 'select range as n from range(10_000_000)' }]
  const sql = 'select sum(a.n % (b.n + 1)) from Saved a, Saved b'
  child.send({ id: ++id, call: { kind: 'ask', sql, views, limits: { ...limits, timeMs: 600_000 } } })
  for (let asked = 0; asked < 20; asked++) await answered({ kind: 'inspect', sql: `select ${asked}` })
  child.disconnect()
  await ended
}, 60_000)
