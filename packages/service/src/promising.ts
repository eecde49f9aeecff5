import {
  type Contract,
  contractDocument,
  type ContractDocument,
  contractOf,
  fieldReads,
  type FieldReads,
  type Reads,
  readsOf,
} from '@headwater/contract'
import type { ConsumedService, Consumer } from '@headwater/consumer'
import { allocationFacts } from '@headwater/experiment'
import type { Caller, Handler, HostLink } from '@headwater/hypermedia'
import { contractResource } from './contract-resource.ts'
import { declareTo } from './declaring.ts'
import { registerOn } from './reader-register.ts'
import type { Surroundings } from './running.ts'
import type { Service } from './service.ts'

/** What a service promises, who relies on it, and what it relies on itself. */
export interface Promising {
  readonly handle: Handler
  readonly links: Readonly<Record<string, HostLink>>
  /** Since when deprecated types are: when such a contract was first served. */
  readonly deprecatedSince: Readonly<Record<string, string>>
  /** Somebody reads what is published. */
  readBy(caller: Caller | undefined): void
  /** The consumer, some of whose events are observed for the fields it reads. */
  watched(consumer: Consumer): Consumer
  stop(): Promise<void>
}

/** Serves the contract of a service, and declares to others what it reads of theirs. */
export async function promising(service: Service, contract: Contract, surroundings: Surroundings): Promise<Promising> {
  const { pool, basePath, log } = surroundings
  const register = registerOn(pool, surroundings.now)
  const document = contractDocument(contract, { inside: true })
  await register.serve(document)
  const deprecatedSince = sinceWhen(document, await register.served())
  const readings = readingsOf(service)
  const stop = declareTo(readings, surroundings)
  const noting = new Set<Promise<void>>()
  let stopped = false
  return {
    handle: contractResource({ contract, register, path: `${basePath}/contract`, now: surroundings.now }),
    links: { contract: { href: '/contract', title: 'What is promised about its events', scope: 'events:read' } },
    deprecatedSince,
    readBy(caller) {
      // People who may look inside are told what that is worth: what they see is no promise to them.
      if (stopped || caller === undefined || caller.scopes.includes('explore')) return
      const note = register
        .seen(caller.subject)
        .catch((error: Error) => log('warn', 'reader-not-noted', { reader: caller.subject, message: error.message }))
        .finally(() => noting.delete(note))
      noting.add(note)
    },
    watched: (consumer) => watched(consumer, readings),
    async stop() {
      stopped = true
      await Promise.all([stop(), ...noting])
    },
  }
}

/** Type → when it was first served as deprecated, of those that are. */
function sinceWhen(
  { types }: ContractDocument,
  served: readonly { readonly since: string; readonly contract: ContractDocument }[],
): Record<string, string> {
  const deprecated = Object.keys(types).filter((type) => types[type]!.level === 'deprecated')
  return Object.fromEntries(
    deprecated.flatMap((type) => {
      const first = served.find(({ contract }) => contract.types[type]?.level === 'deprecated')
      return first === undefined ? [] : [[type, first.since]]
    }),
  )
}

/** What one consumer reads of one service. */
export interface Reading {
  readonly consumer: string
  readonly owner: string
  readonly reads: Reads
  readonly observed: FieldReads
}

function readingsOf({ name, consumers = [], experiments = [] }: Service): Reading[] {
  const reading = (
    consumer: string,
    { service, types, contract }: Pick<ConsumedService, 'service' | 'types' | 'contract'>,
  ): Reading => ({
    consumer,
    owner: service,
    reads: readsOf(contract, types),
    observed: fieldReads(),
  })
  const own = consumers.flatMap((consumer) => consumer.services.map((one) => reading(consumer.name, one)))
  if (experiments.length === 0) return own
  const contract = contractOf(allocationFacts)
  const allocations = reading('allocations', { service: contract.service, types: ['AllocationChanged'], contract })
  return [...own, allocations].filter(({ owner }) => owner !== name)
}

/** The same consumer with observed data: handlers notice nothing. */
function watched(consumer: Consumer, readings: readonly Reading[]): Consumer {
  const own = readings.filter((one) => one.consumer === consumer.name)
  const watch: Watch = (event) => {
    const data = own.find(({ owner }) => owner === event.service)?.observed.watch(event.type, event.data) ?? event.data
    return data === event.data ? event : { ...event, data }
  }
  const handlers = Object.entries(consumer.handlers).map(([name, handler]) => [
    name,
    name === 'batch' ? watchedSet(handler, watch) : watchedOne(handler, watch),
  ])
  return { ...consumer, handlers: Object.fromEntries(handlers) }
}

type Watch = <E extends { service: string; type: string; data: unknown }>(event: E) => E

const watchedOne = (handler: any, watch: Watch) => (data: unknown, context: any) => {
  const event = watch(context.event)
  return event === context.event ? handler(data, context) : handler(event.data, { ...context, event })
}

/** Effects and commands name the event they follow from: they are given the one that came, not its observed copy. */
const watchedSet = (handler: any, watch: Watch) => (events: readonly any[], context: any) => {
  const came = new Map(events.map((event) => [watch(event), event]))
  const run = (event: unknown, ...command: unknown[]) => context.run(came.get(event) ?? event, ...command)
  const outbox = (event: unknown, effect: unknown) => context.outbox(came.get(event) ?? event, effect)
  return handler([...came.keys()], { ...context, run, outbox })
}
