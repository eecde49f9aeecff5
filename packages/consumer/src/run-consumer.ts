import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { hostname } from 'node:os'
import { Arrivals } from './arrival.ts'
import { Budget } from './budget.ts'
import { systemClock, type Clock } from './clock.ts'
import type { Consumer, ConsumedService } from './consumer.ts'
import { deliverOutbox, type RunningDelivery } from './delivery.ts'
import { keeping } from './effects.ts'
import { backOffMs, Fatal, judge, type KeptError, keptError } from './failure.ts'
import { Holdings } from './holding.ts'
import type { ForkRecord } from './keeper.ts'
import { Lane } from './lane.ts'
import { Lease } from './lease.ts'
import { Lineage } from './lineage.ts'
import { Meter } from './meter.ts'
import { Reader } from './reader.ts'
import { Retries } from './retries.ts'
import type { ConsumerStatus, RunningConsumer, RunOptions } from './running.ts'
import { serviceStatus } from './service-status.ts'

/** Starts a consumer in this process; others of the same name share the load. Answers at once; see `status`. */
export function runConsumer(consumer: Consumer, options: RunOptions): RunningConsumer {
  if (consumer.options.order === 'log' && options.source.order === 'key') {
    throw new TypeError(
      `Consumer ${consumer.name} needs the order of the whole log, and ${options.source.name} keeps only the order of each key. Read the feed instead, or order by key.`,
    )
  }
  return new Running(consumer, options)
}

class Running implements RunningConsumer {
  readonly name: string
  readonly ended: Promise<void>
  readonly #consumer: Consumer
  readonly #options: RunOptions
  readonly #member: string
  readonly #clock: Clock
  readonly #random: () => number
  readonly #meter: Meter
  readonly #holdings = new Holdings()
  readonly #budget: Budget
  readonly #stopping = new AbortController()
  readonly #lineages = new Map<string, Lineage>()
  readonly #readers = new Map<string, Reader>()
  readonly #lanes: Lane[]
  readonly #lease: Lease
  readonly #retries: Retries
  readonly #arrivals: Arrivals
  readonly #delivery: RunningDelivery | undefined
  #state: ConsumerStatus['state'] = 'starting'
  #failure: KeptError | undefined
  #forks: readonly ForkRecord[] = []

  constructor(consumer: Consumer, options: RunOptions) {
    const { source, keeper, clock = systemClock, random = Math.random, leaseMs = 5_000 } = options
    this.name = consumer.name
    this.#consumer = consumer
    this.#options = options
    this.#clock = clock
    this.#random = random
    this.#member = options.member ?? `${hostname()} ${process.pid} ${randomUUID().slice(0, 8)}`
    this.#meter = new Meter(clock)
    this.#budget = new Budget(consumer.options.buffer ?? {})
    // Lanes, readers and whoever waits listen at once, when all back off: as many as were declared, no leak.
    setMaxListeners(0, this.#stopping.signal)
    const holdings = this.#holdings
    const shared = { consumer, keeper, holdings, clock, random, meter: this.#meter, signal: this.#stopping.signal }
    const lane = {
      ...shared,
      budget: this.#budget,
      effects: keeping(options.effects ?? keeper.effects, consumer.options.keeps),
      judge: options.judge,
    }
    const lanes = consumer.options.order === 'log' ? 1 : (consumer.options.lanes ?? 8)
    this.#lanes = Array.from({ length: lanes }, () => new Lane({ ...lane, tracer: options.tracer }))
    for (const of of consumer.services) {
      const lineage = new Lineage(source, keeper, consumer, of.service)
      this.#lineages.set(of.service, lineage)
      this.#readers.set(
        of.service,
        new Reader({ ...shared, source, lanes: this.#lanes, budget: this.#budget, lineage }, of),
      )
    }
    const members = { member: this.#member, leaseMs, readers: this.#readers, lineages: this.#lineages }
    this.#lease = new Lease({ ...shared, ...members })
    this.#retries = new Retries({ ...shared, lanes: this.#lanes, everyMs: leaseMs / 3 })
    this.#arrivals = new Arrivals({ consumer: consumer.name, keeper, holdings, readers: this.#readers, clock })
    const { deliver } = options
    this.#delivery = deliver && deliverOutbox(consumer.name, { keeper, deliver, clock, random })
    this.#meter.onOutside = () => this.#delivery?.poke()
    this.#meter.onProgress = () => this.#arrivals.progressed()
    this.#meter.onLost = () => this.#lease.poke()
    this.#meter.onAside = (delayMs) => this.#retries.after(delayMs)
    this.ended = this.#run()
    this.ended.catch(() => undefined) // told by `status` as well: nobody has to listen
  }

  status(): ConsumerStatus {
    const { parkedKeys, pending } = this.#holdings.count()
    return {
      name: this.name,
      member: this.#member,
      state: this.#state,
      ...(this.#failure === undefined ? {} : { failure: this.#failure }),
      ...(this.#meter.troubled === undefined ? {} : { trouble: this.#meter.troubled }),
      members: this.#lease.members,
      services: this.#consumer.services.map(({ service }) =>
        serviceStatus(service, {
          log: this.#lineages.get(service)!.log,
          reader: this.#readers.get(service)!,
          holdings: this.#holdings,
          lanes: this.#lanes,
          now: this.#clock.now(),
        }),
      ),
      handled: this.#meter.handledTotal,
      handledPerSecond: this.#meter.rate(),
      parkedKeys,
      waiting: pending,
      failures: this.#meter.failedTotal,
      poison: this.#meter.parkedTotal,
      delivered: this.#delivery?.status().delivered ?? 0,
      forks: this.#forks,
    }
  }

  async caughtUp(positions: Readonly<Record<string, number>>, options: { signal?: AbortSignal } = {}): Promise<void> {
    for (const service of Object.keys(positions)) {
      if (this.#lineages.has(service)) continue
      const known = [...this.#lineages.keys()].join(', ')
      throw new TypeError(`Consumer ${this.name} reads ${known}, not ${service}. Wait for positions of those.`)
    }
    const signals = options.signal === undefined ? [] : [options.signal]
    await this.#arrivals.wait(positions, AbortSignal.any([this.#stopping.signal, ...signals]))
  }

  async stop(): Promise<void> {
    this.#stop(new Error(`Consumer ${this.name} was stopped.`))
    await this.ended.catch(() => undefined)
  }

  #stop(reason: unknown): void {
    this.#stopping.abort(reason)
    for (const lane of this.#lanes) lane.stop()
    void this.#delivery?.stop()
  }

  async #run(): Promise<void> {
    const loops = [this.#keepMembership()]
    loops.push(...this.#lanes.map((lane) => lane.work()))
    if (this.#delivery !== undefined) loops.push(this.#delivery.ended)
    const failing = (error: unknown): void => {
      this.#failure ??= keptError(error)
      this.#state = 'failed'
      this.#stop(error)
    }
    const results = await Promise.allSettled(
      loops.map((loop) => loop.catch((error) => (failing(error), Promise.reject(error)))),
    )
    await this.#lease.leave().catch((error) => this.#meter.trouble('keeping', error))
    const failed = results.find((result) => result.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    this.#state = 'stopped'
  }

  async #keepMembership(): Promise<void> {
    await this.#begin()
    if (this.#stopping.signal.aborted) return
    this.#state = 'running'
    const loops = [this.#lease.work(), this.#retries.work()]
    loops.push(...Array.from(this.#readers.values(), (reader) => reader.work()))
    await Promise.all(loops)
  }

  /** Makes the slots of services that were never read, wherever the declaration wants to begin. */
  async #begin(): Promise<void> {
    const { keeper } = this.#options
    for (let troubles = 0; !this.#stopping.signal.aborted; troubles++) {
      try {
        const logs = new Map((await keeper.logs(this.name)).map((log) => [log.service, log]))
        for (const of of this.#consumer.services) {
          const known = logs.get(of.service)
          this.#lineages.get(of.service)!.log = known?.log
          if (known === undefined) await keeper.begin(this.name, of.service, await this.#beginning(of))
        }
        this.#forks = await keeper.forks(this.name)
        await this.#learnPartitions()
        return
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        if (judge(error) === 'fatal') throw error
        this.#meter.trouble('keeping', error)
        await this.#clock.sleep(backOffMs(troubles, this.#random, { capMs: 5_000 }), this.#stopping.signal)
      }
    }
  }

  async #beginning({ service, types }: ConsumedService): Promise<{ position: number; eventId: string; log?: string }> {
    if (this.#consumer.options.from !== 'now') return { position: 0, eventId: '' }
    const signal = this.#stopping.signal
    for await (const page of this.#options.source.read({ service, after: 'end', types, signal })) {
      return {
        position: page.from - 1,
        eventId: page.to === page.from - 1 ? (page.cursor?.id ?? '') : '',
        log: page.log,
      }
    }
    throw new Fatal(`Expected ${this.#options.source.name} to say where the log of ${service} ends, got no page.`)
  }

  async #learnPartitions(): Promise<void> {
    const services = this.#consumer.services.map(({ service }) => service)
    this.#lease.partitions = await this.#options.source.partitions?.({ services, signal: this.#stopping.signal })
  }
}
