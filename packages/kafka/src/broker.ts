import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { KafkaFailed } from './failure.ts'
import { kafkaJars } from './jars.ts'
import { findJava, propertiesText, startJava, stopJava, untilReady } from './java.ts'
import { freePort } from './port.ts'

export interface KafkaOptions {
  /** Where the data lives and stays; made when missing. */
  readonly directory: string
  /** Wanted port; the one of the last start, or another free one, is taken when it is busy or not given. */
  readonly port?: number
  /** Default 384. */
  readonly heapMiB?: number
  /** More of the broker's settings; they hold for this start only. */
  readonly settings?: Readonly<Record<string, string>>
  /** More flags of the JVM. */
  readonly flags?: readonly string[]
}

export interface Kafka {
  /** `host:port` for clients. */
  readonly bootstrap: string
  readonly directory: string
  readonly pid: number
  /** True when it was already running, left by a process that was killed. */
  readonly adopted: boolean
  /** Resolves when the process is gone and everything is on disk. */
  stop(): Promise<void>
}

const name = 'broker'
const startWithinMs = 60_000

/**
 * Starts one node of Kafka, broker and controller in one (KRaft), on loopback without a password, or adopts the one that still
 * runs on this directory. Sized for one machine: internal topics have one replica.
 * @throws KafkaFailed
 */
export async function startKafka(options: KafkaOptions): Promise<Kafka> {
  const directory = resolve(options.directory)
  const running = await findJava(name, directory)
  if (running !== undefined) {
    const { port } = await readPorts(directory)
    const ours = { pid: running, ended: () => undefined }
    await untilReady({ name, directory }, ours, startWithinMs, () => answers(port!))
    return brokerAt(directory, port!, running, true)
  }
  await mkdir(directory, { recursive: true })
  const before = await readPorts(directory)
  const ports = {
    port: await freePort(options.port ?? before.port),
    controller: await freePort(before.controller),
  }
  await writeFile(join(directory, 'ports.json'), JSON.stringify(ports))
  const properties = { ...settingsOf(directory, ports), ...options.settings }
  await format(directory, properties)
  const program = {
    name,
    directory,
    mainClass: 'kafka.Kafka',
    properties,
    heapMiB: options.heapMiB ?? 384,
    ...(options.flags && { flags: options.flags }),
  }
  const process = await startJava(program)
  try {
    await untilReady(program, process, startWithinMs, () => answers(ports.port))
  } catch (error) {
    await stopJava(name, directory, process.pid)
    throw error
  }
  return brokerAt(directory, ports.port, process.pid, false)
}

function brokerAt(directory: string, port: number, pid: number, adopted: boolean): Kafka {
  return { bootstrap: `127.0.0.1:${port}`, directory, pid, adopted, stop: () => stopJava(name, directory, pid) }
}

interface Ports {
  readonly port?: number
  readonly controller?: number
}

async function readPorts(directory: string): Promise<Ports> {
  return JSON.parse(await readFile(join(directory, 'ports.json'), 'utf8').catch(() => '{}'))
}

function settingsOf(directory: string, ports: Required<Ports>): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${ports.controller}`,
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${ports.port},CONTROLLER://127.0.0.1:${ports.controller}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': join(directory, 'data'),
    'auto.create.topics.enable': 'false',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.num.partitions': '4',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.num.partitions': '1',
    'share.coordinator.state.topic.replication.factor': '1',
    'share.coordinator.state.topic.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    // The default (128 MiB) is taken from the heap at start.
    'log.cleaner.dedupe.buffer.size': String(2 * 1024 * 1024),
  }
}

/** A random one, as Kafka writes them. One in 64 would begin with a dash, which Kafka's tools take for an option. */
export function clusterId(): string {
  const bytes = randomBytes(16)
  bytes[0]! &= 0x7f
  return bytes.toString('base64url')
}

async function format(directory: string, properties: Readonly<Record<string, string>>): Promise<void> {
  const data = join(directory, 'data')
  const done = join(directory, 'formatted')
  if (existsSync(done)) return
  // A format that was cut off leaves half a directory, in which nothing was ever kept.
  await rm(data, { recursive: true, force: true })
  const file = join(directory, 'format.properties')
  await writeFile(file, propertiesText(properties))
  const cluster = clusterId()
  const tool = ['kafka.tools.StorageTool', 'format', '--standalone', '-t', cluster, '-c', file]
  await promisify(execFile)('java', ['-XX:+UseSerialGC', '-Xmx128m', '-cp', await kafkaJars(), ...tool]).catch(
    (error) => {
      throw new KafkaFailed(`Could not format ${data}: ${error.stderr || error.message}`)
    },
  )
  await writeFile(done, cluster)
}

/** Asks for the API versions (any version of the protocol answers it); a port that only listens is not yet a broker. */
async function answers(port: number): Promise<boolean> {
  const request = Buffer.from([0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 1, 0xff, 0xff])
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1' }, () => socket.write(request))
    const finish = (answered: boolean) => {
      socket.destroy()
      done(answered)
    }
    socket.setTimeout(2_000, () => finish(false))
    socket.once('data', () => finish(true))
    socket.once('error', () => finish(false))
    socket.once('close', () => finish(false))
  })
}
