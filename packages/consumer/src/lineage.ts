import type { Consumer } from './consumer.ts'
import { Fatal } from './failure.ts'
import type { Keeper, NewLineage } from './keeper.ts'
import { LogForked } from '@headwater/feed'
import type { ReadRequest, Source } from './source.ts'

/** A server answered with a lineage that the log has left. Nothing of it is handled. */
export class LineageSuperseded extends Error {
  readonly code = 'HW_LINEAGE_SUPERSEDED'
  constructor(service: string, got: string, expected: string) {
    super(
      `Expected the log of ${service} to be ${expected}, got its former lineage ${got}. Stop the server that still serves it.`,
    )
  }
}

/** Events were handled that are no longer part of their log: going on is for its owner to decide. */
export class StoppedAtFork extends Fatal {
  override readonly code = 'HW_LOG_FORKED'
  constructor(service: string, { log, position, furthest }: NewLineage) {
    super(
      `The log of ${service} forked at position ${position}, and events up to ${furthest} had been handled: their effects stand, the events are gone. Mend what they did, then run with { afterFork: 'go-on' } to go on from the fork with lineage ${log}.`,
    )
  }
}

/**
 * Finds out what a new name of a log means before an event of it is handled: where it forked, and which slots, of any process,
 * are beyond. Then all go on from there, with new epochs.
 */
export class Lineage {
  readonly #source: Source
  readonly #keeper: Keeper
  readonly #consumer: string
  readonly #service: string
  readonly #afterFork: 'stop' | 'go-on'
  /** As the keeper has it. */
  log: string | undefined

  constructor(source: Source, keeper: Keeper, { name, options }: Consumer, service: string) {
    this.#source = source
    this.#keeper = keeper
    this.#consumer = name
    this.#service = service
    this.#afterFork = options.afterFork ?? 'stop'
  }

  /** True when events of this log may be handled now; false when everything is to be claimed anew. */
  async accepts(log: string, request: Pick<ReadRequest, 'types' | 'signal'>): Promise<boolean> {
    if (log === this.log) return true
    if (this.log === undefined) {
      this.log = await this.#keeper.named(this.#consumer, this.#service, log)
      if (log === this.log) return true
    }
    await this.#refuseFormer(log)
    const furthest = await this.#keeper.furthest(this.#consumer, this.#service)
    const fork = furthest.position === 0 ? undefined : await this.#forkOf(furthest, request)
    if (request.signal.aborted) return false
    await this.#goOn(
      fork === undefined
        ? { log, position: furthest.position, id: furthest.eventId, furthest: furthest.position }
        : { ...fork, furthest: furthest.position },
    )
    return false
  }

  /** The source refused a cursor: it lies beyond a fork. */
  async forked({ fork }: LogForked): Promise<void> {
    const furthest = await this.#keeper.furthest(this.#consumer, this.#service)
    await this.#goOn({ ...fork, furthest: furthest.position })
  }

  /** An old primary that is still up must not take the consumer back to where the log forked from. */
  async #refuseFormer(log: string): Promise<void> {
    const forks = await this.#keeper.forks(this.#consumer)
    if (forks.some(({ service, fromLog }) => service === this.#service && fromLog === log)) {
      throw new LineageSuperseded(this.#service, log, this.log!)
    }
  }

  async #goOn(lineage: NewLineage): Promise<void> {
    if (lineage.furthest > lineage.position && this.#afterFork === 'stop')
      throw new StoppedAtFork(this.#service, lineage)
    if (await this.#keeper.fork(this.#consumer, this.#service, lineage)) this.log = lineage.log
  }

  /** Asks for the page after the furthest slot, under the old name: answered when nothing forked before it. */
  async #forkOf(furthest: { position: number; eventId: string }, request: Pick<ReadRequest, 'types' | 'signal'>) {
    const after = { log: this.log!, position: furthest.position, id: furthest.eventId }
    try {
      for await (const _ of this.#source.read({ service: this.#service, after, ...request })) break
      return undefined
    } catch (error) {
      if (error instanceof LogForked) return error.fork
      throw error
    }
  }
}
