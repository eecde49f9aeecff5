import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { consumer, feedSource, migrateConsumers, postgresKeeper, runConsumer } from '@headwater/consumer'
import { contractOf, events } from '@headwater/contract'
import { migrate, openStore, postgresKeyring, sealEvents } from '@headwater/event-store'
import { feed } from '@headwater/feed'
import { connectorPlugins, hasJava, type Kafka, startConnect, startKafka } from '@headwater/kafka'
import { throwAwayDatabase } from '@headwater/testing'
import { getRequestListener } from '@hono/node-server'
import { Consumer, FetchIsolationLevels, MessagesStreamModes, stringDeserializers } from '@platformatic/kafka'
import { CloudEvent } from 'cloudevents'
import pg from 'pg'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'

const root = join(import.meta.dirname, '..')
const page = await readFile(join(import.meta.dirname, 'leaving.md'), 'utf8')
const sql = [...page.matchAll(/```sql\n([\s\S]*?)```/g)].map(([, text]) => text!)
const programs = new Map(
  [...page.matchAll(/```js\n\/\/ (\S+)\n([\s\S]*?)```/g)].map(([, name, text]) => [name!, text!]),
)
// With CI=true nothing is skipped: without Java and Maven it then fails.
const withKafka = hasJava() || process.env.CI === 'true'

const facts = events('pots', {
  PotOpened: {
    data: z.object({ ownerId: z.string(), ownerName: z.string() }),
    level: 'published',
    personal: { ownerName: 'ownerId' },
  },
  Saved: { data: z.object({ ownerId: z.string(), amountMinor: z.int() }), level: 'published' },
})
const totals = consumer('totals', facts, {
  Saved: ({ amountMinor }, { query }) => query('update totals set saved_minor = saved_minor + $1', [amountMinor]),
})

let database: Awaited<ReturnType<typeof throwAwayDatabase>>
let pool: pg.Pool
let folder: string
let kafka: Kafka | undefined

/** A folder where nothing is installed but the clients that the page's programs import. */
async function plainFolder(): Promise<string> {
  const place = await mkdtemp(join(tmpdir(), 'headwater-leaving-'))
  for (const name of ['pg', '@platformatic/kafka']) {
    await mkdir(dirname(join(place, 'node_modules', name)), { recursive: true })
    await symlink(await realpath(join(root, 'node_modules', name)), join(place, 'node_modules', name))
  }
  for (const [name, text] of programs) await writeFile(join(place, name), text)
  return place
}

async function run(name: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const place = { cwd: folder, env: { PATH: process.env.PATH, DATABASE_URL: database.url, ...env } }
  return (await promisify(execFile)(process.execPath, [name], place)).stdout
}
const rows = async (text: string) => (await pool.query(text)).rows

/** The service as it was with Headwater: some events, a consumer that caught up, and the topic, where there is Kafka. */
async function live(): Promise<void> {
  await migrate(pool)
  const keys = postgresKeyring(pool)
  await keys.migrate()
  const store = openStore({ pool, service: 'pots', keys })
  const meta = { correlationId: 'c', causationId: 'c' }
  for (const [ownerId, ownerName] of [
    ['ada', 'Ada L.'],
    ['bob', 'Bob M.'],
  ] as const) {
    const opened = await sealEvents(keys, facts, [facts.PotOpened({ ownerId, ownerName })])
    const saved = [500, 20].map((amountMinor) => facts.Saved({ ownerId, amountMinor }))
    await store.append({ streams: [{ stream: `pot-${ownerId}`, expected: 0, events: [...opened, ...saved] }], meta })
  }
  await keys.forget('bob')
  const serve = feed({ log: store.log, contract: contractOf(facts), open: true })
  const server: Server = createServer(getRequestListener((request) => serve(request))).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const feedUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`
  await pool.query('create table totals (saved_minor bigint not null); insert into totals values (0)')
  await migrateConsumers(pool)
  const running = runConsumer(totals, { source: feedSource(feedUrl), keeper: postgresKeeper({ pool }) })
  await running.caughtUp({ pots: 6 })
  await running.stop()
  if (withKafka) await fillTopic(feedUrl)
  server.closeAllConnections()
  server.close()
  await store.close()
}

async function fillTopic(feedUrl: string): Promise<void> {
  const plugins = await connectorPlugins()
  kafka = await startKafka({ directory: join(folder, 'broker'), heapMiB: 256 })
  const bootstrap = kafka.bootstrap
  const worker = await startConnect({ directory: join(folder, 'worker'), bootstrap, plugins, heapMiB: 256 })
  await worker.connectors.put('pots', {
    'connector.class': 'dev.headwater.connect.FeedConnector',
    'entry.url': feedUrl,
    'kafka.bootstrap.servers': bootstrap,
  })
  expect(await topic(6)).toHaveLength(6)
  await worker.connectors.remove('pots')
  await worker.stop()
}

/** The topic's records from the first on, read as any client would. */
async function topic(count: number) {
  const reader = new Consumer({
    clientId: 'plain',
    groupId: `plain-${count}`,
    bootstrapBrokers: [kafka!.bootstrap],
    deserializers: stringDeserializers,
    isolationLevel: FetchIsolationLevels.READ_COMMITTED,
    // The connector makes the topic; until then the client waits for it.
    retries: 100,
    retryDelay: 200,
  })
  const stream = await reader.consume({
    topics: ['headwater.pots'],
    mode: MessagesStreamModes.EARLIEST,
    autocommit: false,
  })
  const seen: { key: string; partition: number; event: any; position: number }[] = []
  for await (const { key, partition, value, headers } of stream) {
    seen.push({ key, partition, event: JSON.parse(value), position: Number(headers.get('position')) })
    if (seen.length === count) break
  }
  await reader.close(true)
  return seen.toSorted((a, b) => a.position - b.position)
}

beforeAll(async () => {
  folder = await plainFolder()
  database = await throwAwayDatabase()
  pool = new pg.Pool({ connectionString: database.url })
  await live()
}, 300_000)
afterAll(async () => {
  await kafka?.stop()
  await pool?.end()
  await database?.drop()
  await rm(folder, { recursive: true, force: true })
})

it('needs no package of ours', () => {
  expect([...programs.keys()]).toEqual(['open.mjs', 'append.mjs', 'consume.mjs', 'relay.mjs'])
  for (const text of programs.values()) expect(text).not.toContain('@headwater')
})

it('1. reads everything by SQL', async () => {
  const [history, sums] = sql[0]!.split('\n\n') as [string, string]
  expect((await rows(history)).map(({ version, type }) => [version, type])).toEqual([
    ['1', 'PotOpened'],
    ['2', 'Saved'],
    ['3', 'Saved'],
  ])
  const both = ['ada', 'bob'].map((id) => ({ stream: `pot-${id}`, saved_minor: '520' }))
  expect(await rows(sums)).toEqual(both)
})

it('2. gives every event as a valid CloudEvent', async () => {
  const lines = await rows(sql[1]!)
  expect(lines).toHaveLength(6)
  for (const { line } of lines) expect(new CloudEvent(line).validate()).toBe(true)
  expect(lines[1].line).toMatchObject({ type: 'Saved', subject: 'pot-ada', data: { amountMinor: 500 } })
})

it('3. opens what is sealed, but for who was forgotten', async () => {
  await run('open.mjs')
  expect((await rows('select data from opened order by position')).map(({ data }) => data)).toEqual([
    { ownerId: 'ada', ownerName: 'Ada L.' },
    { ownerId: 'bob' },
  ])
})

it('4. leaves one table, and nothing of ours', async () => {
  await pool.query(sql[2]!)
  const names = `select table_schema || '.' || table_name as name from information_schema.tables
                 where table_schema not in ('pg_catalog', 'information_schema') order by name`
  expect((await rows(names)).map(({ name }) => name)).toEqual(['public.checkpoint', 'public.event', 'public.totals'])
  const routines = `select proname from pg_proc where pronamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)`
  expect(await rows(routines)).toEqual([])
  expect((await rows('select data from event where position = 1'))[0].data).toEqual({
    ownerId: 'ada',
    ownerName: 'Ada L.',
  })
})

it('5. writes on, and refuses who decided on an older state', async () => {
  expect(await run('append.mjs')).toBe('appended\nconflict\n')
  expect((await rows('select position, version from event order by position')).at(-1)).toEqual({
    position: '7',
    version: '4',
  })
})

it('6. reacts on, to each event once', async () => {
  await run('consume.mjs')
  await run('consume.mjs')
  expect(await rows('select saved_minor from totals')).toEqual([{ saved_minor: '1290' }])
  expect(await rows('select position from checkpoint')).toEqual([{ position: '7' }])
})

it.skipIf(!withKafka)(
  '7. goes on in the topic, each key where it was',
  async () => {
    await run('relay.mjs', { KAFKA: kafka!.bootstrap, AFTER: '6' })
    const records = await topic(7)
    expect(records.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6, 7])
    expect(records.at(-1)!.event).toMatchObject({ type: 'Saved', subject: 'pot-ada', data: { amountMinor: 250 } })
    const ofAda = records.filter(({ key }) => key === 'pot-ada')
    expect(new Set(ofAda.map(({ partition }) => partition)).size).toBe(1)
    expect(ofAda).toHaveLength(4)
  },
  60_000,
)
