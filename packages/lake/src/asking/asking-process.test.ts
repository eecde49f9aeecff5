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
