import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import {
  type ConnectOptions,
  type ConnectWorker,
  type Kafka,
  type KafkaOptions,
  startConnect,
  startKafka,
} from '@headwater/kafka'

export type Victim = 'server' | 'consumer' | 'worker' | 'broker'

export interface CrewOptions {
  /** Of the consumer: it has a Postgres of its own. */
  readonly databaseUrl: string
  /** Arguments of the serving process. */
  readonly server: readonly string[]
  readonly entry: string
  readonly token: string
  readonly kafka: KafkaOptions
  readonly connect: Omit<ConnectOptions, 'bootstrap'>
}

/** Everything between a request and its effects, each part of which may be killed and is started again. */
export class Crew {
  readonly #on: CrewOptions
  readonly kills: Record<Victim, number> = { server: 0, consumer: 0, worker: 0, broker: 0 }
  kafka!: Kafka
  connect!: ConnectWorker
  #server: ChildProcess | undefined
  #consumers: ChildProcess[] = []
  #source: 'feed' | 'kafka' = 'feed'
  #started = 0
  #resting = false

  constructor(on: CrewOptions) {
    this.#on = on
  }

  async start(consumers: number): Promise<void> {
    this.#server = this.#serve()
    this.kafka = await startKafka(this.#on.kafka)
    this.connect = await startConnect({ ...this.#on.connect, bootstrap: this.kafka.bootstrap })
    this.#consumers = Array.from({ length: consumers }, () => this.#consume())
  }

  async kill(victim: Victim, random: () => number): Promise<void> {
    this.kills[victim] += 1
    if (victim === 'server') {
      this.#server!.kill('SIGKILL')
      this.#server = this.#serve()
    } else if (victim === 'consumer') {
      const index = Math.floor(random() * this.#consumers.length)
      this.#consumers[index]!.kill('SIGKILL')
      this.#consumers[index] = this.#consume()
    } else if (victim === 'worker') {
      process.kill(this.connect.pid, 'SIGKILL')
      this.connect = await startConnect({ ...this.#on.connect, bootstrap: this.kafka.bootstrap })
    } else {
      process.kill(this.kafka.pid, 'SIGKILL')
      await this.kafka.stop()
      this.kafka = await startKafka(this.#on.kafka)
    }
  }

  /** All processes of the consumer end without warning and come back with the other source. */
  change(source: 'feed' | 'kafka'): void {
    this.#source = source
    this.#consumers = this.#consumers.map((before) => (before.kill('SIGKILL'), this.#consume()))
  }

  /** Processes come and go, so that partitions change hands again and again. */
  storm(): void {
    for (const child of this.#consumers.splice(2)) child.kill('SIGKILL')
    this.#consumers.push(this.#consume(), this.#consume())
  }

  async stop(): Promise<void> {
    this.#resting = true
    for (const child of [this.#server, ...this.#consumers]) child?.kill('SIGKILL')
    await this.connect?.stop()
    await this.kafka?.stop()
  }

  #serve(): ChildProcess {
    return this.#spawn('server.ts', this.#on.server)
  }

  #consume(): ChildProcess {
    const { databaseUrl, entry, token } = this.#on
    const at = this.#source === 'feed' ? entry : this.kafka.bootstrap
    return this.#spawn('worker.ts', [databaseUrl, `w${++this.#started}`, this.#source, at, token])
  }

  #spawn(program: string, args: readonly string[]): ChildProcess {
    const file = join(import.meta.dirname, program)
    const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', file, ...args], {
      stdio: ['ignore', 2, 2],
    })
    child.once('exit', (code) => {
      // A process that ends by itself has found that going on would do harm: nothing here should make it think so.
      if (code !== null && !this.#resting) throw new Error(`${program} ended by itself with ${code}.`)
    })
    return child
  }
}
