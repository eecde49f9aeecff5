import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { contractOf, events } from '@headwater/contract'
import { feed, memoryLog, type MemoryLog } from '@headwater/feed'
import { kafkaClient } from '@headwater/consumer/kafka'
import { Admin } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { z } from 'zod'
import { connectorPlugins, type ConnectWorker, hasJava, type Kafka, startConnect, startKafka } from './index.ts'

const plugin = 'dev.headwater.connect.FeedConnector'

/** A landscape of services that are logs in memory, over real HTTP. */
class Landscape {
  readonly #feeds = new Map<string, ReturnType<typeof feed>>()
  readonly #server: Server
  /** Instead of what a feed would answer. */
  trouble: ((path: string) => Response | undefined) | undefined
  readonly asked: string[] = []

  constructor() {
    this.#server = createServer(async (incoming, outgoing) => {
      const ended = new AbortController()
      outgoing.once('close', () => ended.abort())
      const response = await this.#answer(
        new Request(new URL(incoming.url!, this.url), {
          headers: incoming.headers as Record<string, string>,
          signal: ended.signal,
        }),
      )
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      if (response.body === null) outgoing.end()
      else
        Readable.fromWeb(response.body as never)
          .on('error', () => outgoing.destroy())
          .pipe(outgoing)
    })
  }

  async listen(): Promise<this> {
    await new Promise<void>((listening) => this.#server.listen(0, '127.0.0.1', listening))
    return this
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  service(name: string): MemoryLog {
    const log = memoryLog(name)
    const contract = contractOf(
      events(name, { Saved: { data: z.any(), level: 'published' }, Closed: { data: z.any() } }),
    )
    this.#feeds.set(name, feed({ log, contract, basePath: `/${name}/events`, homePath: `/${name}/` }))
    return log
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url)
    this.asked.push(request.url)
    const [, name, rest] = pathname.split('/')
    const hal = (links: object) =>
      new Response(JSON.stringify({ _links: links }), { headers: { 'content-type': 'application/hal+json' } })
    if (name === '') return hal({ service: [...this.#feeds.keys()].map((key) => ({ name: key, href: `/${key}/` })) })
    if (rest === '') return hal({ events: { href: `/${name}/events` } })
    return (
      this.trouble?.(pathname) ??
      (await this.#feeds.get(name!)!(request, { caller: { subject: 'connect', scopes: ['events:read'] } }))
    )
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((closed) => this.#server.close(closed))
  }
}

describe.skipIf(!hasJava() && process.env.CI !== 'true')('the connector in a real worker', () => {
  let directory: string
  let kafka: Kafka
  let worker: ConnectWorker
  let landscape: Landscape
  const name = 'feeds'

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'headwater-connector-'))
    const plugins = await connectorPlugins()
    kafka = await startKafka({ directory: join(directory, 'kafka'), heapMiB: 256 })
    worker = await startConnect({
      directory: join(directory, 'connect'),
      bootstrap: kafka.bootstrap,
      plugins,
      heapMiB: 256,
    })
    landscape = await new Landscape().listen()
  }, 300_000)

  afterAll(async () => {
    await worker?.stop()
    await kafka?.stop()
    await landscape?.close()
    await rm(directory, { recursive: true, force: true })
  })

  afterEach(() => {
    landscape.trouble = undefined
  })

  const config = (more: Record<string, string> = {}) => ({
    'connector.class': plugin,
    'tasks.max': '4',
    'entry.url': landscape.url,
    'kafka.bootstrap.servers': kafka.bootstrap,
    'discovery.interval.ms': '300',
    ...more,
  })

  interface Seen {
    readonly partition: number
    readonly key: string
    readonly value: string
  }

  /** Reads a topic from its beginning, committed records only, until `count` were seen. */
  async function read(topic: string, count: number): Promise<Seen[]> {
    const client = kafkaClient({ bootstrap: kafka.bootstrap })
    const partitions = await vi.waitFor(
      async () => {
        const found = await client.partitions(topic)
        if (found === undefined) throw new Error(`Topic ${topic} is not there.`)
        return found
      },
      { timeout: 60_000, interval: 100 },
    )
    const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition, offset: 0 }))
    const seen: Seen[] = []
    while (seen.length < count) {
      const fetched = await vi.waitFor(() => client.fetch(places, { waitMs: 1_000, maxBytes: 1_000_000 }), {
        timeout: 20_000,
      })
      for (const { partition, records, next } of fetched) {
        places[partition]!.offset = next
        for (const { key, value } of records) seen.push({ partition, key, value })
      }
    }
    await client.close()
    return seen
  }

  const running = (tasks: number) =>
    worker.connectors.until(
      name,
      (state) => state.tasks.length === tasks && state.tasks.every((task) => task.state === 'RUNNING'),
    )
  const positionOf = ({ value }: Seen) => Number(JSON.parse(value).position)
  const positions = (seen: readonly Seen[]) => seen.map(positionOf).toSorted((a, b) => a - b)

  it('brings every published event of every service, byte for byte', async () => {
    const pots = landscape.service('pots')
    const odd = [
      '{"n":12.50}',
      '{"n":1e400}',
      '{"n":9223372036854775808}',
      '{"a/b":1,"a":{"b":2}}',
      '{"k":1,"k":2}',
      '{"s":"\u{1D54F}"}',
      '{ "spaced" : [] }',
    ]
    odd.forEach((data, index) =>
      pots.append({ type: 'Saved', data, stream: `pot-${index % 3}` }, { type: 'Closed', data: '{}' }),
    )
    landscape.service('cards').append({ type: 'Saved', data: '{}' })
    await worker.connectors.put(name, config())
    const seen = await read('headwater.pots', odd.length)
    const text = await (
      await fetch(`${landscape.url}pots/events`, { headers: { accept: 'application/x-ndjson' } })
    ).text()
    const served = text.split('\n').filter((line) => line.startsWith('{"specversion"'))
    expect(seen.map(({ value }) => value).toSorted()).toEqual(served.toSorted())
    expect(seen.map(({ key }) => key).toSorted()).toEqual(served.map((line) => JSON.parse(line).subject).toSorted())
    expect(await read('headwater.cards', 1)).toHaveLength(1)
    await running(2)
  }, 120_000)

  it('makes topics that keep everything', async () => {
    const admin = new Admin({ clientId: 'test', bootstrapBrokers: [kafka.bootstrap] })
    const [described] = await admin.describeConfigs({
      resources: [{ resourceType: 2, resourceName: 'headwater.pots' }],
    })
    const configs = Object.fromEntries(described!.configs.map(({ name: key, value }) => [key, value]))
    expect(configs).toMatchObject({ 'cleanup.policy': 'delete', 'retention.ms': '-1', 'retention.bytes': '-1' })
    await admin.close()
  })

  it('finds a service started later, by itself', async () => {
    landscape.service('loans').append({ type: 'Saved', data: '{"late":true}' })
    expect(await read('headwater.loans', 1)).toHaveLength(1)
    await running(3)
  }, 60_000)

  it('asks an idle feed less than once in 30 seconds', async () => {
    const before = landscape.asked.filter((url) => url.includes('/pots/events')).length
    const pots = await worker.connectors.state(name)
    expect(pots.tasks).toHaveLength(3)
    expect(landscape.asked.filter((url) => url.includes('/pots/events')).length - before).toBeLessThanOrEqual(1)
    expect(landscape.asked.filter((url) => url.includes('/pots/events')).at(-1)).toContain('wait=45')
  })

  it('delivers each event once over a restart of the worker', async () => {
    const log = landscape.service('transfers')
    const add = (count: number) => {
      for (let i = 0; i < count; i++) log.append({ type: 'Saved', data: '{}', stream: `transfer-${i % 50}` })
    }
    add(2_000)
    await read('headwater.transfers', 500)
    process.kill(worker.pid, 'SIGKILL')
    add(2_000)
    worker = await startConnect({
      directory: join(directory, 'connect'),
      bootstrap: kafka.bootstrap,
      plugins: await connectorPlugins(),
      heapMiB: 256,
    })
    const seen = await read('headwater.transfers', 4_000)
    expect(positions(seen)).toEqual(Array.from({ length: 4_000 }, (_, index) => index + 1))
    for (let partition = 0; partition < 12; partition++) {
      const part = seen.filter((one) => one.partition === partition)
      expect(part.map(positionOf)).toEqual(positions(part))
    }
  }, 120_000)
})
