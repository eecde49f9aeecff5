import type { Contract } from '@headwater/contract'
import {
  feedSource,
  type PostgresKeeper,
  postgresKeeper,
  type RunningConsumer,
  type RunOptions,
  runConsumer,
  type Source,
} from '@headwater/consumer'
import {
  type CommandData,
  type EventStore,
  execute,
  type Executed,
  type Following,
  followLog,
  forgetPerson,
  type InlineProjection,
  type Keyring,
  load,
  openStore,
  postgresKeyring,
  type StateOf,
} from '@headwater/event-store'
import { type Allocations, variantReader } from '@headwater/experiment'
import { feed } from '@headwater/feed'
import { type Caller, type Handler, type Implementation, serve } from '@headwater/hypermedia'
import type { Lake } from '@headwater/lake'
import type pg from 'pg'
import { addressOf } from './address.ts'
import { follow, wholeContract } from './allocations.ts'
import { consumersResource } from './consumers-resource.ts'
import { effectsOf } from './effects.ts'
import { newId } from './ids.ts'
import { deciding } from './implementation.ts'
import type { Logger } from './logger.ts'
import { measureConsumers } from './measuring.ts'
import { OpenRequests } from './open-requests.ts'
import { type Promising, promising } from './promising.ts'
import type { DeciderResource } from './resource.ts'
import { makeSchema } from './schema.ts'
import { screens } from './screens.ts'
import type { Service } from './service.ts'
import { streams } from './streams.ts'
import { consumerTracer } from './telemetry.ts'
import type { View } from './view.ts'
import { viewing } from './viewing.ts'

/** What a service needs of the place it runs in. */
export interface Surroundings {
  /** The service's own database. */
  readonly pool: pg.Pool
  /** The landscape's entry URL: everything else is found from it. */
  readonly entry: string
  /** Path the service is mounted at, `/pots`. */
  readonly basePath: string
  /** Reaches other services, with this service's own token; skips the socket where they run in this process. */
  readonly fetch: typeof fetch
  /** The same in somebody's name: the rights stay this service's own, and the services asked see for whom it asks. */
  readonly fetchFor: (subject: string) => typeof fetch
  /** URI template of a resource of another service, `customers:customer`. */
  readonly resolve: (relation: string) => string | undefined | Promise<string | undefined>
  /** The lake that lands every event, where this process has one. */
  readonly lake: () => Lake | undefined
  readonly log: Logger
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** A service at work on its database. */
export interface Running {
  readonly service: Service
  readonly contract: Contract
  readonly store: EventStore
  /** Keys of the people whose personal data it holds; `forget` one, and all of it is unreadable everywhere. */
  readonly keys: Keyring
  readonly consumers: readonly RunningConsumer[]
  /** Where they read, and who keeps how far they are. */
  readonly source: Source
  readonly keeper: PostgresKeeper
  readonly surroundings: Surroundings
  /** Projections that follow the log, and the rebuilding of those whose code has changed. */
  readonly projections: () => Following
  /** SQL on the service's own database. */
  query<Row = any>(sql: string, params?: readonly unknown[]): Promise<Row[]>
  /**
   * Deletes a person's key: at once here, within a minute in other processes, what it sealed is unreadable in every copy. Rows of
   * `personal` projections are made anew without it.
   */
  forget(person: string): Promise<void>
  /** Runs a command of one of the service's deciders, caused by an event or by whatever the id names. */
  run<C>(command: C, id: string, data: CommandData<C>, cause: string): Promise<Executed<any>>
  /** State of one of the service's own entities. */
  load<D>(decider: D, id: string): Promise<StateOf<D>>
  handle(request: Request, context: { readonly caller?: Caller }): Promise<Response>
  status(): Promise<ServiceStatus>
  /** Stops consumers, lets what was sent finish. The pool stays open: it is the place's. */
  stop(): Promise<void>
}

export interface ServiceStatus {
  readonly service: string
  readonly log: string
  readonly position: number
  /** `failure`: why one stands still. */
  readonly projections: readonly { readonly name: string; readonly lag: number; readonly failure?: string }[]
  readonly consumers: readonly {
    readonly name: string
    readonly state: string
    /** Events read or known of, and not yet handled, in the slots that this process holds. */
    readonly lag: number
    readonly lagSeconds: number
    /** Keys with events set aside, in all processes. */
    readonly parked: number
    readonly handled: number
    readonly handledPerSecond: number
    /** The services it reads, and the position up to which it has handled all of each, in this process's slots. */
    readonly reads: readonly { readonly service: string; readonly position: number }[]
  }[]
}

/** Starts a service: makes what is missing in its database, then serves and consumes. */
export async function run(service: Service, surroundings: Surroundings): Promise<Running> {
  const stops: (() => Promise<unknown>)[] = []
  try {
    return await begin(service, surroundings, stops)
  } catch (error) {
    // What was begun must not go on for a service that nobody was given.
    await Promise.allSettled(stops.map((stop) => stop()))
    throw error
  }
}

/** How long requests that are open may take to write what they were asked, once the service is to stop, in milliseconds. */
const graceMs = 10_000

async function begin(
  service: Service,
  surroundings: Surroundings,
  stops: (() => Promise<unknown>)[],
): Promise<Running> {
  const { pool, log } = surroundings
  await makeSchema(service, pool)
  const keys = postgresKeyring(pool)
  const store = openStore({ pool, service: service.name, keys, now: () => new Date(surroundings.now()) })
  const contract = wholeContract(service.name, service.facts)
  // Silence is waited out in real time, also where the landscape's clock is set ahead.
  const followed = await follow({ ...surroundings, now: Date.now, store, experiments: service.experiments ?? [] })
  stops.push(followed.stop)
  const { allocations } = followed
  const promised = await promising(service, contract, surroundings)
  stops.push(promised.stop)
  const consumers: RunningConsumer[] = []
  const open = new OpenRequests()
  const inline = inlineOf(service)
  // Let go of when they are over: they know what the rows of the forgotten were called.
  const forgetting = new Set<NodeJS.Timeout>()
  stops.push(async () => forgetting.forEach((later) => clearTimeout(later)))
  const source = feedSource(surroundings.entry, { fetch: surroundings.fetch })
  const keeper = postgresKeeper({ pool, effects: effectsOf(store, inline, allocations) })
  const running: Running = {
    service,
    contract,
    store,
    keys,
    consumers,
    source,
    keeper,
    surroundings,
    projections: () => following,
    query: async (sql, params) => (await pool.query(sql, params as unknown[])).rows,
    run: (command: any, id, data, cause) => {
      const variants = variantReader(allocations.current(), { request: newId() })
      return execute(store, command.decider, id, command, data as any, {
        meta: { correlationId: cause, causationId: cause },
        inline,
        variant: variants.variant,
        record: () => variants.exposures(),
      })
    },
    load: async (decider, id) => (await load(store, decider as any, id)).state as any,
    handle: (request, context) => open.track(request, handle(request, context)),
    async forget(person) {
      const { again, afterMs } = await forgetPerson(store, { keys, projections: inline }, person)
      const later = setTimeout(() => {
        again()
          .catch((error: Error) => log('error', 'forgetting-failed', { message: error.message }))
          .finally(() => forgetting.delete(later))
      }, afterMs).unref()
      forgetting.add(later)
    },
    status: () => statusOf(running),
    async stop() {
      // One that cannot be stopped keeps the others from nothing: the store is closed, then it is said.
      const ends = [...stops.map(async (stop) => await stop()), open.answered(graceMs)]
      await Promise.allSettled(ends)
      await store.close()
      await Promise.all(ends)
    },
  }
  const handle = handlerOf(service, promised, contract, { store, keys }, allocations, surroundings, () => running)
  const following = followLog(store, service.projections ?? [])
  following.ended.catch((error: Error) =>
    log('error', 'projections-failed', { service: service.name, message: error.message }),
  )
  stops.push(() => following.stop())
  for (const declared of service.consumers ?? []) {
    const consumer = runConsumer(promised.watched(declared), {
      source,
      keeper,
      tracer: consumerTracer,
      ...delivering(service, running),
    })
    consumer.ended.catch((error: Error) =>
      log('error', 'consumer-failed', { consumer: declared.name, message: error.message }),
    )
    consumers.push(consumer)
    stops.push(() => consumer.stop())
  }
  stops.push(measureConsumers(running))
  const stop = await service.start?.(running)
  if (stop !== undefined) stops.push(stop)
  return running
}

/** Projections whose rows travel with the append; the others follow the log. */
function inlineOf({ projections = [] }: Service): InlineProjection[] {
  return projections.filter((one): one is InlineProjection => !('kind' in one))
}

function handlerOf(
  service: Service,
  promised: Promising,
  contract: Contract,
  { store, keys }: { readonly store: EventStore; readonly keys: Keyring },
  allocations: Allocations,
  surroundings: Surroundings,
  running: () => Running,
): Handler {
  const { basePath, resolve, log } = surroundings
  const acting = {
    store,
    keys,
    projections: inlineOf(service),
    variants: (request: string) => variantReader(allocations.current(), { request }),
  }
  const seeing = { ...acting, ...surroundings, screens: screens(store, allocations) }
  const implementation = Object.fromEntries(
    service.resources.map((resource): [string, Implementation] => [
      resource.name,
      'decider' in resource
        ? deciding(resource as DeciderResource, acting)
        : viewing(resource as View<any, any, any, any, any>, seeing),
    ]),
  )
  const resources = serve(service.resources as any, {
    service: service.name,
    basePath,
    resolve,
    // A path: answers are kept with their requests, and an address may change.
    entry: '/',
    implementation,
    links: {
      events: { href: '/events', title: 'What this service publishes' },
      ...promised.links,
      log: { href: '/log', title: 'Everything this service keeps', scope: 'explore' },
      consumers: { href: '/consumers', title: 'How far its consumers are', scope: 'operate' },
      stream: {
        href: '/streams/{stream}{?at,from,to,blame}',
        templated: true,
        title: 'All that happened to one entity',
        scope: 'explore',
      },
      ...Object.fromEntries(Object.keys(service.routes ?? {}).map((name) => [name, { href: `/${name}` }])),
    },
    ...(service.title === undefined ? {} : { title: service.title }),
    onError: (error, request) =>
      log('error', 'request-failed', { service: service.name, url: new URL(request.url).pathname, ...said(error) }),
  })
  const events = feed({
    log: store.log,
    contract,
    view: 'published',
    deprecatedSince: promised.deprecatedSince,
    basePath: `${basePath}/events`,
    homePath: `${basePath}/`,
  })
  const whole = feed({ log: store.log, contract, view: 'log', basePath: `${basePath}/log`, homePath: `${basePath}/` })
  return async (request, given) => {
    const context = await recognised(service, request, given, running)
    const rest = new URL(request.url).pathname.slice(basePath.length)
    const first = rest.split('/')[1] ?? ''
    if (first === 'contract') return await promised.handle(request, context)
    if (first === 'events') {
      const answer = await events(request, context)
      if (answer.ok || answer.status === 304) promised.readBy(context.caller)
      return answer
    }
    if (first === 'log') return await whole(request, context)
    if (first === 'consumers') return await consumersResource(running(), context, basePath)
    if (first === 'streams')
      return await streams(running(), decodeURIComponent(rest.slice('/streams/'.length)), request, context)
    const route = service.routes?.[first]
    if (route !== undefined) return await route(request, { ...running(), ...context })
    return await resources(request, context)
  }
}

function delivering({ deliver }: Service, running: Running): Pick<RunOptions, 'deliver'> {
  return deliver === undefined ? {} : { deliver: (effect, context) => deliver(effect, context, running) }
}

/** A caller whom nobody knows by a token may be known to the service itself. */
async function recognised(
  { recognise }: Service,
  request: Request,
  given: { readonly caller?: Caller },
  running: () => Running,
): Promise<{ readonly caller?: Caller }> {
  if (given.caller !== undefined || recognise === undefined) return given
  const address = addressOf(request)
  const caller = await recognise(request, running(), address === undefined ? {} : { address })
  return caller === undefined ? given : { caller }
}

async function statusOf({ service, store, consumers, projections, keeper }: Running): Promise<ServiceStatus> {
  const [lineage, position, following, parked] = await Promise.all([
    store.log.lineage(),
    store.log.last(),
    projections().status(),
    Promise.all(consumers.map(({ name }) => parkedKeys(keeper, name))),
  ])
  return {
    service: service.name,
    log: lineage[0]!.log,
    position,
    projections: following.map(({ projection, lag, failure }) => ({
      name: projection,
      lag,
      ...(failure === undefined ? {} : { failure }),
    })),
    consumers: consumers.map((consumer, index) => {
      const { name, state, services, handled, handledPerSecond } = consumer.status()
      return {
        name,
        state,
        lag: services.reduce((sum, { lagEvents }) => sum + lagEvents, 0),
        lagSeconds: Math.max(0, ...services.map(({ lagSeconds }) => lagSeconds)),
        parked: parked[index]!,
        handled,
        handledPerSecond,
        reads: services.map((read) => ({ service: read.service, position: read.handled })),
      }
    }),
  }
}

/** Of all processes that share the consumer: each key has one event in front, and the others behind it. */
async function parkedKeys(keeper: PostgresKeeper, consumer: string): Promise<number> {
  const logs = await keeper.progress(consumer)
  return logs.reduce((sum, { parked: { poison, retrying } }) => sum + poison + retrying, 0)
}

function said(error: unknown): { message: string; stack?: string } {
  return error instanceof Error
    ? { message: error.message, ...(error.stack === undefined ? {} : { stack: error.stack }) }
    : { message: String(error) }
}
