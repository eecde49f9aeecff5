import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { JsonText, migrate, openStore } from '@headwater/event-store'
import { throwAwayDatabase } from '@headwater/testing'
import pg from 'pg'
import { expect, it } from 'vitest'
import { archive, fingerprint, linesOf, restore } from './archive.ts'

async function emptyLog() {
  const database = await throwAwayDatabase()
  const pool = new pg.Pool({ connectionString: database.url })
  await migrate(pool)
  const store = openStore({ pool, service: 'pots' })
  return {
    store,
    async remove() {
      await store.close()
      await pool.end()
      await database.drop()
    },
  }
}

it('restores a log byte for byte, in order, also where JSON would not survive parsing', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'archive-'))
  const [kept, restored] = await Promise.all([emptyLog(), emptyLog()])
  const meta = { correlationId: 'c', causationId: 'c' }
  const odd = [
    '{"n":12.50}',
    '{"n":1e400}',
    '{"n":9223372036854775808}',
    '{"a/b":1,"a/b":2}',
    '{"t":"𝄞,\\"data\\":1}"}',
  ]
  for (const [index, text] of odd.entries()) {
    const events = [{ type: 'Odd', data: new JsonText(text) }]
    await kept.store.append({
      streams: [
        { stream: `pot-${index % 2}`, events },
        { stream: `pot-${index + 10}`, events },
      ],
      meta,
    })
  }
  const archived = await archive(kept.store, join(directory, 'pots.ndjson'))
  expect(archived.events).toBe(10)
  expect((await readFile(archived.path, 'utf8')).trimEnd().split('\n')).toHaveLength(10)

  await restore(restored.store, linesOf(archived.path))
  expect(await fingerprint(restored.store)).toEqual({ events: 10, fingerprint: archived.fingerprint })
  await Promise.all([kept.remove(), restored.remove(), rm(directory, { recursive: true })])
})

it('fails where it cannot write or read, and ends nothing else', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'archive-'))
  const kept = await emptyLog()
  const events = [{ type: 'Saved', data: {} }]
  await kept.store.append({ streams: [{ stream: 'pot-1', events }], meta: { correlationId: 'c', causationId: 'c' } })
  await mkdir(join(directory, 'pots.ndjson.partial'))
  await expect(archive(kept.store, join(directory, 'pots.ndjson'))).rejects.toThrow('EISDIR')
  await expect(restore(kept.store, linesOf(join(directory, 'none.ndjson')))).rejects.toThrow('ENOENT')
  await Promise.all([kept.remove(), rm(directory, { recursive: true })])
})
