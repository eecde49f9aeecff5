import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Kafka, startKafka } from './broker.ts'
import { Connectors, type ConnectorState } from './connectors.ts'
import { connectorPlugins } from './plugin.ts'
import { type ConnectWorker, startConnect } from './worker.ts'

export interface BesideOptions {
  /** Where Kafka's data lives and stays. */
  readonly directory: string
  /** Entry URL of the landscape. */
  readonly entry: string
  /** A token with `events:read`; asked for again every half hour. */
  readonly token?: () => Promise<string>
}

/** A broker, a worker and one connector next to a landscape. */
export interface Beside {
  readonly kafka: Kafka
  readonly worker: ConnectWorker
  /** Name of the connector. */
  readonly connector: string
  state(): Promise<ConnectorState>
  stop(): Promise<void>
}

/** What another process sees of it. */
export interface BesideSeen {
  readonly bootstrap: string
  readonly connector: string
  readonly state: ConnectorState
  /** Feeds that nothing comes from until a person sees to it; their task runs on for the others. */
  readonly stuck: readonly { readonly service: string; readonly reason: string }[]
}

/** As the connector keeps it, in Connect's answer. */
interface Offsets {
  readonly offsets: readonly { readonly partition: { service: string }; readonly offset: { stuck?: string } }[]
}

const connector = 'headwater'
const placeIn = (directory: string) => join(directory, 'beside.json')
const renewMs = 30 * 60_000

/**
 * Starts Kafka beside a landscape: all its feeds, those of services to come included, flow into topics.
 * @throws KafkaFailed
 */
export async function startBeside({ directory, entry, token }: BesideOptions): Promise<Beside> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const plugins = await connectorPlugins()
  const tokenFile = token === undefined ? undefined : join(directory, 'token')
  const renew = async () => {
    if (tokenFile !== undefined) await writeFile(tokenFile, await token!(), { mode: 0o600 })
  }
  await renew()
  const renewing = setInterval(() => void renew().catch(() => undefined), renewMs).unref()
  const kafka = await startKafka({ directory: join(directory, 'broker') })
  try {
    const worker = await startConnect({ directory: join(directory, 'worker'), bootstrap: kafka.bootstrap, plugins })
    await worker.connectors.put(connector, {
      'connector.class': 'dev.headwater.connect.FeedConnector',
      'tasks.max': '4',
      'entry.url': entry,
      'kafka.bootstrap.servers': kafka.bootstrap,
      ...(tokenFile !== undefined && { 'auth.token.file': tokenFile }),
    })
    await writeFile(placeIn(directory), JSON.stringify({ bootstrap: kafka.bootstrap, worker: worker.url }))
    const stop = async () => {
      clearInterval(renewing)
      await rm(placeIn(directory), { force: true })
      await worker.stop()
      await kafka.stop()
    }
    return { kafka, worker, connector, state: () => worker.connectors.state(connector), stop }
  } catch (error) {
    clearInterval(renewing)
    await kafka.stop()
    throw error
  }
}

/** How a Kafka beside a landscape fares, by its directory; undefined when none answers. */
export async function seeBeside(directory: string): Promise<BesideSeen | undefined> {
  const text = await readFile(placeIn(directory), 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  const { bootstrap, worker } = JSON.parse(text) as { bootstrap: string; worker: string }
  const connectors = new Connectors(worker)
  const state = await connectors.state(connector).catch(() => undefined)
  if (state === undefined) return undefined
  const { offsets } = (await connectors.offsets(connector).catch(() => ({ offsets: [] }))) as Offsets
  const stuck = offsets.flatMap(({ partition: { service }, offset: { stuck: reason } }) =>
    reason === undefined ? [] : [{ service, reason }],
  )
  return { bootstrap, connector, state, stuck }
}
