import { type AnyFacts, contractOf, isPersonal } from '@headwater/contract'
import type { Consumer, DeliverContext } from '@headwater/consumer'
import { type AnyProjection, definitionOf } from '@headwater/event-store'
import { type Experiment, requireReadable } from '@headwater/experiment'
import type { AnyResource, Caller, LinksChecked } from '@headwater/hypermedia'
import { wholeContract } from './allocations.ts'
import type { Running } from './running.ts'
import type { WindDown } from './winding-down.ts'

/** What a service is made of. */
export interface Said<R extends readonly AnyResource[] = readonly AnyResource[]> {
  /** Its events, as declared by `events`; several where its deciders declare their own. */
  readonly facts: AnyFacts
  readonly resources: R & LinksChecked<R>
  readonly consumers?: readonly Consumer[]
  readonly experiments?: readonly Experiment[]
  /** Rows that follow from its events: inline (`{ decider, rows }`), kept by the same append, or following the log (`projection`, `sqlProjection`). */
  readonly projections?: readonly AnyProjection[]
  /** Tables of its own, made once: statements that may be run again (`create table if not exists …`). */
  readonly tables?: string
  /** Plain fetch-shaped handlers below the service's path, where hypermedia does not fit (files, SSE); home links to each by its name. */
  readonly routes?: Readonly<Record<string, Route>>
  /** Rights it has towards other services, beside reading what they publish. */
  readonly scopes?: readonly string[]
  /**
   * Who asks, where the landscape knows no token: by a session of the service's own. Its callers are known to no other service.
   * `from.address`: of the socket's other end; absent for requests of this process.
   */
  readonly recognise?: (
    request: Request,
    running: Running,
    from: { readonly address?: string },
  ) => Promise<Caller | undefined>
  /** Makes the effects that consumers gave to `outbox`, at least once: pass `id` on as idempotency key. */
  readonly deliver?: (effect: any, context: DeliverContext, running: Running) => unknown
  /** Work of its own beside requests and consumers. What it answers is called when the service stops. */
  readonly start?: (running: Running) => Promise<(() => Promise<void>) | void>
  /** What is settled before the service may be removed. */
  readonly windDown?: WindDown
  readonly title?: string
}

export type Route = (request: Request, running: Running & { readonly caller?: Caller }) => Promise<Response>

/** A service as a value: nothing runs, no address is known. Where and how often it runs is chosen at start. */
export interface Service<R extends readonly AnyResource[] = readonly AnyResource[]> extends Omit<Said, 'resources'> {
  readonly kind: 'service'
  readonly name: string
  /** Their types are what a client of the service moves by: `enter<{ pots: typeof pots['resources'] }>(…)`. */
  readonly resources: R
}

/**
 * Declares a service.
 * @param name lower-case letters, digits and `-`; the name of its database, role, path and contract.
 */
export function service<const R extends readonly AnyResource[]>(name: string, said: Said<R>): Service<R> {
  if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
    throw new TypeError(
      `Expected a service name like "pots", got "${name}". Use lower-case letters, digits and "-", 40 at most.`,
    )
  }
  const owner = contractOf(said.facts).service
  if (owner !== name) {
    throw new TypeError(`Service ${name} was given the events of ${owner}. Declare its own: events('${name}', { … }).`)
  }
  const names = said.resources.map((resource) => resource.name)
  const twice = names.find((one, index) => names.indexOf(one) !== index)
  if (twice !== undefined)
    throw new TypeError(`Service ${name} has two resources named "${twice}". Give one of them another \`name\`.`)
  refuseUnreadable(name, said)
  refuseHidden(name, said)
  refuseOpened(name, said)
  return Object.freeze({ ...said, kind: 'service', name }) as unknown as Service<R>
}

/** An experiment is refused where it is declared, not on the day its first look finds nothing. */
function refuseUnreadable(name: string, { facts, experiments = [] }: Said): void {
  const contract = wholeContract(name, facts)
  for (const experiment of experiments) requireReadable(experiment, contract)
}

/** Where every service has the same: what a service itself puts there would never be reached. */
const taken = ['consumers', 'contract', 'events', 'log', 'streams']

function refuseHidden(name: string, { resources, routes = {} }: Said): void {
  const paths = [...resources.map(({ path }) => path), ...Object.keys(routes).map((route) => `/${route}`)]
  const hidden = paths.find((path) => taken.includes(/^\/([^/{]*)/.exec(path)?.[1] ?? ''))
  if (hidden === undefined) return
  throw Object.assign(
    new TypeError(
      `Service ${name} was given ${hidden}, where every service has a page of its own (${taken.join(', ')}). Give it another path.`,
    ),
    { code: 'HW_PATH_TAKEN' },
  )
}

/** Rows stay in the open, so what is sealed in the log gets into them only where somebody meant it to. */
function refuseOpened(name: string, { projections = [] }: Said): void {
  for (const projection of projections) {
    if ('kind' in projection || projection.personal === true) continue
    if (!isPersonal(definitionOf(projection.decider).facts)) continue
    throw Object.assign(
      new TypeError(
        `Projection ${projection.name} of ${name} is given personal data, opened, and would keep its rows when the person is forgotten. Say \`personal: true\`, or take events without personal fields by only(facts, …).`,
      ),
      { code: 'HW_PROJECTION_PERSONAL' },
    )
  }
}
