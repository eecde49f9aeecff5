import { resolve } from 'node:path'
import { Connectors } from './connectors.ts'
import { findJava, startJava, stopJava, untilReady } from './java.ts'
import { freePort } from './port.ts'

export interface ConnectOptions {
  /** For its log and pid; all that it remembers is in Kafka. */
  readonly directory: string
  /** `host:port` of a broker. */
  readonly bootstrap: string
  /** Directories with a folder or jar per plug-in. */
  readonly plugins: readonly string[]
  /** Workers of one group share the connectors. Default `headwater-connect`. */
  readonly group?: string
  readonly port?: number
  /** Default 384. */
  readonly heapMiB?: number
  /** More of the worker's settings. */
  readonly settings?: Readonly<Record<string, string>>
  readonly flags?: readonly string[]
}

export interface ConnectWorker {
  /** Of its REST interface. */
  readonly url: string
  readonly pid: number
  readonly connectors: Connectors
  stop(): Promise<void>
}

const startWithinMs = 60_000

/**
 * Starts a distributed Connect worker with exactly-once sources, its REST interface on loopback. One that was left behind in this
 * directory is stopped first: it may have loaded an older plug-in.
 * @throws KafkaFailed
 */
export async function startConnect(options: ConnectOptions): Promise<ConnectWorker> {
  const directory = resolve(options.directory)
  const name = 'worker'
  const running = await findJava(name, directory)
  if (running !== undefined) await stopJava(name, directory, running)
  const url = `http://127.0.0.1:${await freePort(options.port)}`
  const program = {
    name,
    directory,
    mainClass: 'org.apache.kafka.connect.cli.ConnectDistributed',
    properties: { ...settingsOf(options, url), ...options.settings },
    heapMiB: options.heapMiB ?? 384,
    ...(options.flags && { flags: options.flags }),
  }
  const process = await startJava(program)
  const stop = () => stopJava(name, directory, process.pid)
  try {
    // Listens long before it can be asked for anything.
    await untilReady(program, process, startWithinMs, async () => (await fetch(`${url}/health`)).ok)
  } catch (error) {
    await stop()
    throw error
  }
  return { url, pid: process.pid, connectors: new Connectors(url), stop }
}

function settingsOf(options: ConnectOptions, url: string): Record<string, string> {
  const group = options.group ?? 'headwater-connect'
  const bytes = 'org.apache.kafka.connect.converters.ByteArrayConverter'
  return {
    'bootstrap.servers': options.bootstrap,
    'group.id': group,
    'key.converter': bytes,
    'value.converter': bytes,
    'offset.storage.topic': `${group}-offsets`,
    'offset.storage.replication.factor': '1',
    'offset.storage.partitions': '1',
    'config.storage.topic': `${group}-configs`,
    'config.storage.replication.factor': '1',
    'status.storage.topic': `${group}-status`,
    'status.storage.replication.factor': '1',
    'status.storage.partitions': '1',
    listeners: url,
    'exactly.once.source.support': 'enabled',
    // The largest event that a store takes (the connector's event.max.bytes), and what a record is beside its value.
    'producer.max.request.size': String(4 * 1024 * 1024 + 64 * 1024),
    // The default of five minutes leaves the tasks of a crashed worker down that long.
    'scheduled.rebalance.max.delay.ms': '1000',
    'plugin.discovery': 'service_load',
    // It must not be empty: without plug-ins, a directory that holds none.
    'plugin.path': (options.plugins.length === 0 ? [options.directory] : options.plugins)
      .map((path) => resolve(path))
      .join(','),
  }
}
