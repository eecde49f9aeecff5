import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { conform, type FeedPage, readFeed } from '@headwater/feed'
import { afterAll, beforeAll, expect, it } from 'vitest'

let directory: string
let service: ChildProcess
let entry: string

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'orders-'))
  const args = [join(import.meta.dirname, 'orders.py'), '0', join(directory, 'orders.sqlite')]
  service = spawn('python3', ['-B', ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
  entry = await new Promise((resolve, reject) => {
    service.stdout!.once('data', (line: Buffer) => resolve(line.toString().trim()))
    service.once('exit', (code) => reject(new Error(`orders.py ended with ${code}`)))
  })
})
afterAll(() => {
  service.kill('SIGKILL')
  rmSync(directory, { recursive: true, force: true })
})

async function place(customer: string, amountMinor: number): Promise<void> {
  const response = await fetch(`${entry}orders/`, { method: 'POST', body: JSON.stringify({ customer, amountMinor }) })
  expect(response.status).toBe(201)
}

it('conforms, empty and with events, and is found and read like any other service', async () => {
  const failures = async () =>
    (await conform(entry, { service: 'orders' })).results.filter(
      ({ outcome, level }) => outcome === 'failed' && level !== 'may',
    )
  expect(await failures()).toEqual([])
  await Promise.all(Array.from({ length: 40 }, (_, n) => place(`c${n}`, n)))
  expect(await failures()).toEqual([])
  const pages: FeedPage[] = []
  for await (const page of readFeed(entry, { service: 'orders', after: 'start' })) {
    pages.push(page)
    if (page.to === 41) break
    if (page.atEnd) void place('late', 41)
  }
  const events = pages.flatMap((page) => page.events)
  expect(events.map(({ position }) => position)).toEqual(Array.from({ length: 41 }, (_, n) => n + 1))
  expect(events.at(-1)!.data).toMatchObject({ customer: 'late', amountMinor: 41 })
}, 60_000)
