import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { feedSource, type RunningConsumer } from '@headwater/consumer'
import { kafkaClient } from '@headwater/consumer/kafka'
import { documents, type EventStore } from '@headwater/event-store'
import { conform, readFeed } from '@headwater/feed'
import { connectorPlugins, hasJava, startConnect, startKafka } from '@headwater/kafka'
import { throwAwayDatabase } from '@headwater/testing'
import { Consumer, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'
import type { Express } from 'express'
import pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import * as snapshot from './1-snapshot.ts'
import * as events from './2-events.ts'
import * as feed from './3-feed.ts'
import { connector, topics } from './4-kafka.ts'
import { startTotals } from './totals.ts'

/** One database each for the two services, kept from step to step as their data is. */
const databases: Awaited<ReturnType<typeof throwAwayDatabase>>[] = []
let pots: pg.Pool
let others: pg.Pool
let service: { readonly url: string; readonly store: EventStore; stop(): Promise<void> }

beforeAll(async () => {
  databases.push(await throwAwayDatabase(), await throwAwayDatabase())
  ;[pots, others] = databases.map(({ url }) => new pg.Pool({ connectionString: url })) as [pg.Pool, pg.Pool]
})
afterEach(() => service?.stop())
afterAll(async () => {
  await pots?.end()
  await others?.end()
  for (const database of databases) await database.drop()
})

/** Deploys a step over the one before. */
async function deploy(step: (pool: pg.Pool) => Promise<{ app: Express; store: EventStore }>): Promise<void> {
  const { app, store } = await step(pots)
  const server: Server = app.listen(0, '127.0.0.1')
  await once(server, 'listening')
  service = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    store,
    async stop() {
      server.closeAllConnections()
      server.close()
      await store.close()
    },
  }
}

async function ask(path: string, amountMinor?: number): Promise<[number, any]> {
  const headers = { 'content-type': 'application/json', 'x-request-id': `request-of-${amountMinor}` }
  const post = { method: 'POST', headers, body: JSON.stringify({ amountMinor }) }
  const answer = await fetch(service.url + path, amountMinor === undefined ? {} : post)
  return [answer.status, await answer.json()]
}
const saved = async (id: string) => (await ask(`/pots/${id}`))[1].savedMinor

/** What callers see, the same in every step; adds 300 to a pot, in two events. */
async function behaves(id: string): Promise<void> {
  const before = await saved(id)
  expect(await ask(`/pots/${id}/save`, 500)).toEqual([200, { savedMinor: before + 500 }])
  expect(await ask(`/pots/${id}/withdraw`, 200)).toEqual([200, { savedMinor: before + 300 }])
  const refused = [409, { refused: 'There is not so much in this pot.' }]
  expect(await ask(`/pots/${id}/withdraw`, before + 301)).toEqual(refused)
}

async function caughtUp(running: RunningConsumer): Promise<{ saved_minor: string; events: string }> {
  await running.caughtUp({ pots: await service.store.log.last() })
  return (await others.query('select saved_minor, events from total')).rows[0]
}

it('is shown by its page as it is', async () => {
  const root = join(import.meta.dirname, '..', '..')
  const page = await readFile(join(root, 'docs/explanation/the-four-evolutions.md'), 'utf8')
  const shown = [...page.matchAll(/```ts\n\/\/ (\S+)\n([\s\S]*?)```/g)]
  expect(shown).toHaveLength(4)
  for (const [, file, code] of shown) {
    const lines = (await readFile(join(root, file!), 'utf8')).split('\n').map((line) => line.trim())
    expect(lines).toEqual(expect.arrayContaining(code!.trimEnd().split('\n')))
  }
  const snapshotLines = (await readFile(join(import.meta.dirname, '1-snapshot.ts'), 'utf8')).trimEnd().split('\n')
  expect(page).toContain(`[${snapshotLines.length} lines]`)
})

it('1. keeps the latest state of each pot', async () => {
  await deploy(snapshot.pots)
  await behaves('ada')
  await behaves('ada')
  await behaves('bob')
  expect([await saved('ada'), await saved('bob')]).toEqual([600, 300])
})

it('2. keeps what happened from now on; the state of every pot is as it was', async () => {
  await deploy(events.pots)
  expect([await saved('ada'), await saved('bob')]).toEqual([600, 300])
  expect(await documents(service.store, 'pot').get('ada')).toBeUndefined()
  await behaves('ada')
  const [, history] = await ask('/pots/ada/history')
  expect(history).toEqual([
    {
      type: 'PotTakenOver',
      data: { savedMinor: 600 },
      correlationId: 'become-event-sourced',
      state: { savedMinor: 600 },
    },
    { type: 'Saved', data: { amountMinor: 500 }, correlationId: 'request-of-500', state: { savedMinor: 1_100 } },
    { type: 'Withdrawn', data: { amountMinor: 200 }, correlationId: 'request-of-200', state: { savedMinor: 900 } },
  ])
})

it('2. may be deployed again: nothing is taken over twice', async () => {
  await deploy(events.pots)
  expect([await saved('ada'), await saved('bob')]).toEqual([900, 300])
  expect((await ask('/pots/ada/history'))[1]).toHaveLength(3)
})

it('3. is read by a service that did not exist, from the first event', async () => {
  await deploy(feed.pots)
  await behaves('bob')
  expect(await conform(`${service.url}/events`)).toMatchObject({ conforms: true })
  const running = await startTotals(others, feedSource(`${service.url}/events`))
  expect(await caughtUp(running)).toEqual({ saved_minor: '1500', events: '6' })
  await behaves('cleo')
  expect(await caughtUp(running)).toEqual({ saved_minor: '1800', events: '8' })
  await running.stop()
})

// With CI=true nothing is skipped: without Java and Maven these then fail.
describe.skipIf(!hasJava() && process.env.CI !== 'true')('with Kafka', () => {
  let directory: string
  let kafka: Awaited<ReturnType<typeof startKafka>>
  let worker: Awaited<ReturnType<typeof startConnect>>
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'headwater-evolutions-'))
    kafka = await startKafka({ directory: join(directory, 'broker'), heapMiB: 256 })
    const plugins = await connectorPlugins()
    const where = { directory: join(directory, 'worker'), bootstrap: kafka.bootstrap, plugins, heapMiB: 256 }
    worker = await startConnect(where)
  }, 300_000)
  afterAll(async () => {
    await worker?.stop()
    await kafka?.stop()
    await rm(directory, { recursive: true, force: true })
  })

  /** A topic's records in order of their positions, by a client that knows nothing of Headwater. */
  async function recordsOf(topic: string, count: number): Promise<string[]> {
    const consumer = new Consumer({
      clientId: 'plain',
      groupId: 'plain',
      bootstrapBrokers: [kafka.bootstrap],
      deserializers: stringDeserializers,
    })
    const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST, autocommit: false })
    const seen: { readonly value: string; readonly position: number }[] = []
    for await (const { value } of stream) {
      seen.push({ value, position: JSON.parse(value).position })
      if (seen.length === count) break
    }
    await consumer.close(true)
    return seen.toSorted((a, b) => a.position - b.position).map(({ value }) => value)
  }

  it('4. goes through Kafka: the reader goes on where it was, and counts nothing twice', async () => {
    await deploy(feed.pots)
    const feedUrl = `${service.url}/events`
    await worker.connectors.put('pots', connector(feedUrl, kafka.bootstrap))
    await behaves('ada')
    const client = kafkaClient({ bootstrap: kafka.bootstrap })
    const running = await startTotals(others, topics(client))
    expect(await caughtUp(running)).toEqual({ saved_minor: '2100', events: '10' })
    await behaves('dan')
    expect(await caughtUp(running)).toEqual({ saved_minor: '2400', events: '12' })
    await running.stop()
    await client.close()

    const back = await startTotals(others, feedSource(feedUrl))
    await behaves('eve')
    expect(await caughtUp(back)).toEqual({ saved_minor: '2700', events: '14' })
    await back.stop()
    expect((await Promise.all(['ada', 'bob', 'cleo', 'dan', 'eve'].map(saved))).reduce((a, b) => a + b)).toBe(2_700)
  }, 120_000)

  it('4. holds in the topic every event since the first, byte for byte as the feed serves it', async () => {
    await deploy(feed.pots)
    const last = await service.store.log.last()
    const served: string[] = []
    for await (const page of readFeed(`${service.url}/events`, { service: 'pots', after: 'start' })) {
      served.push(...page.events.map(({ text }) => text))
      if (page.atEnd) break
    }
    expect(served).toHaveLength(last)
    expect(await recordsOf('headwater.pots', last)).toEqual(served)
  }, 60_000)
})
