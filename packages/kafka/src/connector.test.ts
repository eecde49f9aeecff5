import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { kafkaClient } from '@headwater/consumer/kafka'
import { Admin } from '@platformatic/kafka'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { Landscape } from '../test/landscape.fixture.ts'
import {
  connectorPlugins,
  type ConnectWorker,
  hasJava,
  type Kafka,
  kafkaJars,
  startConnect,
  startKafka,
} from './index.ts'
import { freePort } from './port.ts'

const plugin = 'dev.headwater.connect.FeedConnector'

describe.skipIf(!hasJava() && process.env.CI !== 'true')('the connector in a real worker', () => {
  let directory: string
  let kafka: Kafka
  let worker: ConnectWorker
  let landscape: Landscape
  let jmxPort: number
  const name = 'feeds'

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'headwater-connector-'))
    const plugins = await connectorPlugins()
    kafka = await startKafka({ directory: join(directory, 'kafka'), heapMiB: 256 })
    jmxPort = await freePort(undefined)
    worker = await startConnect({
      directory: join(directory, 'connect'),
      bootstrap: kafka.bootstrap,
      plugins,
      heapMiB: 256,
      flags: [
        `-Dcom.sun.management.jmxremote.port=${jmxPort}`,
        '-Dcom.sun.management.jmxremote.host=127.0.0.1',
        '-Dcom.sun.management.jmxremote.ssl=false',
        '-Dcom.sun.management.jmxremote.authenticate=false',
        '-Djava.rmi.server.hostname=127.0.0.1',
      ],
    })
    landscape = await new Landscape().listen()
  }, 300_000)

  /** One of Kafka's own command line programs; what it prints. */
  async function tool(name: string, ...args: readonly string[]): Promise<string> {
    const quiet = ['-Dorg.slf4j.simpleLogger.defaultLogLevel=error', '-Xmx128m', '-XX:+UseSerialGC']
    const program = [...quiet, '-cp', await kafkaJars(), `org.apache.kafka.tools.${name}`, ...args]
    return (await promisify(execFile)('java', program, { maxBuffer: 1 << 24 })).stdout
  }

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

  /** Reads a topic from its beginning, committed records only, until as many were seen as are wanted, or what is wanted. */
  async function read(topic: string, wanted: number | ((seen: readonly Seen[]) => boolean)): Promise<Seen[]> {
    const isEnough = typeof wanted === 'number' ? (seen: readonly Seen[]) => seen.length >= wanted : wanted
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
    while (!isEnough(seen)) {
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

  /** Notices everything sooner than an operator would want to pay for. */
  const prompt = { 'wait.seconds': '1', 'heartbeat.interval.ms': '200', 'patience.ms': '1000' }
  const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1)
  const stopped = async (connector: string) => {
    await worker.connectors.stop(connector)
    await worker.connectors.until(connector, (state) => state.connector.state === 'STOPPED' && state.tasks.length === 0)
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

  it('brings an event of as many bytes as a store takes', async () => {
    const data = `"${'x'.repeat(4 * 1024 * 1024 - 2_048)}"`
    landscape.service('attachments').append({ type: 'Saved', data })
    const [seen] = await read('headwater.attachments', 1)
    expect(JSON.stringify(JSON.parse(seen!.value).data)).toBe(data)
    landscape.remove('attachments')
    await running(2)
  }, 60_000)

  it('refuses settings with which Connect would pass over what it cannot write', async () => {
    const { configs } = await worker.connectors.validate(plugin, config({ 'errors.tolerance': 'all' }))
    const said = configs.filter(({ value }) => value.errors.length > 0).map(({ value }) => [value.name, value.errors])
    expect(said).toEqual([['errors.tolerance', [expect.stringContaining('Expected none')]]])
  })

  it('names the topic of its heartbeats by the id that consumers know it by', async () => {
    const client = kafkaClient({ bootstrap: kafka.bootstrap })
    const ofPots = (seen: readonly Seen[]) =>
      seen.map(({ value }) => JSON.parse(value)).find(({ topic }) => topic === 'headwater.pots')
    // Each service beats in its own time.
    const { topic, topicId } = ofPots(await read('headwater.heartbeats', (seen) => ofPots(seen) !== undefined))
    expect(topicId).toBe(await client.topicId(topic))
    await client.close()
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

  it("is read by Kafka's own console consumer, and watched by JMX", async () => {
    const topic = ['--bootstrap-server', kafka.bootstrap, '--topic', 'headwater.cards', '--from-beginning']
    const reading = ['--isolation-level', 'read_committed', '--max-messages', '1', '--timeout-ms', '30000']
    const printed = await tool('consumer.ConsoleConsumer', ...topic, ...reading)
    expect(JSON.parse(printed.trim().split('\n').at(-1)!)).toMatchObject({ type: 'Saved', source: '/cards' })
    const asking = ['--jmx-url', `service:jmx:rmi:///jndi/rmi://127.0.0.1:${jmxPort}/jmxrmi`, '--one-time']
    const named = ['--object-name', 'kafka.connect:type=plugins,service=cards,*', '--report-format', 'properties']
    expect(await tool('JmxTool', ...asking, ...named)).toMatch(/service=cards:lag-events=0/)
  }, 120_000)

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

  it('shows how far each feed is, and goes on from where an operator says', async () => {
    const log = landscape.service('ledger')
    for (let n = 1; n <= 6; n++)
      log.append({ type: 'Saved', data: '{}', id: `e${n}`, recordedAt: `2026-01-01T00:00:0${n}.000000Z` })
    await worker.connectors.put('ledger', config({ services: 'ledger', topic: 'again.{service}', ...prompt }))
    await read('again.ledger', 6)
    // Connect sets the fields in its own order.
    const partition = { service: 'ledger', feed: 'published' }
    await vi.waitFor(
      async () =>
        expect(await worker.connectors.offsets('ledger')).toMatchObject({
          offsets: [{ partition, offset: { position: 6, id: 'e6' } }],
        }),
      { timeout: 20_000, interval: 200 },
    )
    let count = 6
    for (const [offset, again] of [
      [{ position: 'beginning' }, [1, 2, 3, 4, 5, 6]],
      [{ event: 'e3' }, [4, 5, 6]],
      [{ time: '2026-01-01T00:00:05Z' }, [5, 6]],
    ] as const) {
      await stopped('ledger')
      await worker.connectors.alterOffsets('ledger', { offsets: [{ partition, offset }] })
      await worker.connectors.resume('ledger')
      count += again.length
      expect((await read('again.ledger', count)).slice(-again.length).map(positionOf)).toEqual(again)
    }
    await stopped('ledger')
    const unknown = { offsets: [{ partition: { service: 'ledger' }, offset: { position: 'beginning' } }] }
    await expect(worker.connectors.alterOffsets('ledger', unknown)).rejects.toThrow(/Expected a partition/)
    await worker.connectors.remove('ledger')
  }, 180_000)

  /** Saves one more while a feed answers otherwise; `seen` says when the trouble has shown and may end. */
  async function inTrouble(service: string, answer: () => Response | Promise<Response>, seen: () => Promise<unknown>) {
    landscape.trouble = (path) => (path.startsWith(`/${service}/`) ? answer() : undefined)
    await seen()
    landscape.trouble = undefined
  }

  it('outlasts what passes by itself: 500, garbage, silence', async () => {
    const log = landscape.service('loose')
    await worker.connectors.put('loose', config({ services: 'loose', topic: 'loose.{service}', ...prompt }))
    const passing = [
      () => new Response('{}', { status: 500, headers: { 'content-type': 'application/json' } }),
      () => new Response('<p>Welcome</p>', { headers: { 'content-type': 'text/html' } }),
      () => new Promise<Response>(() => undefined),
    ]
    for (const [index, answer] of passing.entries()) {
      const asked = landscape.asked.length
      await inTrouble('loose', answer, async () => {
        log.append({ type: 'Saved', data: '{}' })
        await vi.waitFor(() => expect(landscape.asked.slice(asked).join()).toContain('/loose/events'), 20_000)
      })
      expect(positions(await read('loose.loose', index + 1))).toEqual(upTo(index + 1))
    }
    await worker.connectors.remove('loose')
  }, 120_000)

  it.each([
    [
      '401',
      () => Response.json({ code: 'HW_TOKEN_REFUSED', detail: 'Expired' }, { status: 401 }),
      /HW_TOKEN_REFUSED: Expired/,
    ],
    ['a private address', () => Response.redirect('http://192.168.0.1/events'), /192\.168\.0\.1:80, which is not/],
  ])(
    'fails within seconds and says why, and starts anew when it is mended: %s',
    async (kind, answer, reason) => {
      const service = `strict${kind.length}`
      const log = landscape.service(service)
      log.append({ type: 'Saved', data: '{}' })
      await worker.connectors.put(service, config({ services: service, topic: 'strict.{service}', ...prompt }))
      await read(`strict.${service}`, 1)
      await inTrouble(service, answer, async () => {
        const failed = await worker.connectors.until(service, ({ tasks }) => tasks[0]?.state === 'FAILED')
        expect(failed.tasks[0]!.trace).toMatch(reason)
      })
      log.append({ type: 'Saved', data: '{}' })
      expect(positions(await read(`strict.${service}`, 2))).toEqual([1, 2])
      await worker.connectors.remove(service)
    },
    120_000,
  )

  it('catches up by itself after Kafka was down', async () => {
    const log = landscape.service('patient')
    log.append({ type: 'Saved', data: '{}' })
    await read('headwater.patient', 1)
    process.kill(kafka.pid, 'SIGKILL')
    await kafka.stop()
    for (let n = 0; n < 500; n++) log.append({ type: 'Saved', data: '{}', stream: `pot-${n % 9}` })
    kafka = await startKafka({ directory: join(directory, 'kafka'), heapMiB: 256 })
    expect(positions(await read('headwater.patient', 501))).toEqual(upTo(501))
  }, 180_000)
})
