import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setClockAhead } from '@headwater/event-store'
import type { Lake } from '@headwater/lake'
import { askingAs } from './asking.ts'
import { archive, type Archive, proveRestorable } from './archive.ts'
import { type Call, Calls } from './calls.ts'
import { openClock } from './clock.ts'
import { discard, leftOf, provide } from './database.ts'
import { gateway, refuseTaken, starting } from './gateway.ts'
import { guard } from './guard.ts'
import { type IdentityProvider, requireProvider, trustedItself, trustedProvider } from './identity.ts'
import { type Issuer, openIssuer } from './issuer.ts'
import { type Landing, landing } from './landing.ts'
import { listen, type Listening } from './listener.ts'
import { jsonLogger, type Logger } from './logger.ts'
import { makePool } from './pool.ts'
import { relations } from './relations.ts'
import { forgetReader, type Removal, removalOf, StillRead } from './removal.ts'
import { run, type Running, type ServiceStatus } from './running.ts'
import type { Service } from './service.ts'
import { NotWoundDown, toWindDown, windDown } from './winding-down.ts'

export interface LandscapeOptions {
  /** URL of a Postgres role that may create databases and roles; each service gets its own. */
  readonly postgres: string
  /** Databases and roles are named `<name>_<service>`: two landscapes may share a server. Lower-case letters and digits; default `hw`. */
  readonly name?: string
  /** Where the landscape keeps its own: keys, the lake, archives. Made when missing. */
  readonly directory: string
  /** Wanted port; the next free one is taken when it is busy. Default: any. */
  readonly port?: number
  readonly host?: string
  /** Services that run in other processes: name → URL of their home. */
  readonly elsewhere?: Readonly<Record<string, string>>
  /** Lands every event for SQL; default true. One process of a landscape does. */
  readonly lake?: boolean
  /** Whose tokens people come with. In production there must be one; without, `issuer.sign` makes tokens for anybody. */
  readonly identity?: IdentityProvider
  readonly log?: Logger
  /** Milliseconds since 1970. */
  readonly now?: () => number
}

/** How a service is, and what it asked of others since this process began. */
export interface PlacedStatus extends ServiceStatus {
  readonly calls: readonly Call[]
}

/** What went with a service, where its log lies now, and what of its own the server still has: nothing. */
export interface Removed extends Removal {
  readonly archive: Archive
  readonly left: readonly string[]
}

/** Services at work behind one entry URL. */
export interface Landscape {
  /** The entry URL; ends with `/`. */
  readonly url: string
  readonly listening: Listening
  readonly issuer: Issuer
  readonly lake: Lake | undefined
  readonly services: ReadonlyMap<string, Running>
  /** Any request of the landscape, without a socket. */
  handle(request: Request): Promise<Response>
  /** Starts a service beside the others, or replaces one: open requests finish on the old one. */
  mount(service: Service): Promise<Running>
  /** Stops a service. With `discard` its database and role go too. */
  unmount(name: string, options?: { readonly discard?: boolean }): Promise<void>
  status(): Promise<readonly PlacedStatus[]>
  /** A fetch with a token of the landscape's own, which skips the socket where the answer is made in this process. */
  fetchAs(subject: string, scopes: readonly string[]): typeof fetch
  /** What removing a service would take, and who would miss it; undefined where there is no such service. */
  removal(name: string): Promise<Removal | undefined>
  /**
   * Removes a service: winds it down, stops it, archives its log, proves that the archive can be restored, drops its database and role.
   * @throws StillRead, NotWoundDown
   */
  remove(name: string): Promise<Removed>
  /**
   * Resolves when every consumer and the lake have handled all there is, also what followed from it; answers the positions.
   * While events keep coming from outside it goes on waiting: abort it. Rejects where a projection or a consumer failed for good.
   */
  settled(options?: { readonly signal?: AbortSignal }): Promise<Readonly<Record<string, number>>>
  /** The landscape's time: milliseconds since 1970. */
  now(): number
  /** Sets the time of all services ahead by whole milliseconds, for simulations; never in production. */
  advance(ms: number): Promise<void>
  stop(): Promise<void>
}

/** Places services in this process: a database and a role each, one port, one entry URL. */
export async function startLandscape(services: readonly Service[], options: LandscapeOptions): Promise<Landscape> {
  const {
    directory,
    name: landscapeName = 'hw',
    now: real = Date.now,
    log = jsonLogger((line) => process.stderr.write(`${line}\n`)),
  } = options
  if (!/^[a-z][a-z0-9]{0,20}$/.test(landscapeName)) {
    throw new TypeError(`Expected a landscape name of lower-case letters and digits, got "${landscapeName}".`)
  }
  requireProvider(options.identity)
  const elsewhere = homesOf(options.elsewhere)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const issuer = await openIssuer(directory)
  const clock = await openClock(directory, real)
  const { now } = clock
  const secret = await secretIn(directory)
  const running = new Map<string, Running>()
  const turns = new Turns()
  const calls = new Calls()
  const providers = options.identity === undefined ? [] : [trustedProvider(options.identity)]
  const known = guard({ trusted: [trustedItself(issuer), ...providers], now: real })
  // The entry URL must be known before the first service starts, so that the port is open while nothing is placed yet.
  const placed: { landscape?: Landscape; ready: boolean } = { ready: false }
  const inside = async (request: Request) => {
    if (placed.landscape === undefined) return starting()
    return await gateway(
      {
        landscape: placed.landscape,
        known,
        issuer,
        elsewhere,
        log,
        questions: () => lands?.questions,
        ready: () => placed.ready,
      },
      request,
    )
  }
  const listening = await listen(inside, { port: options.port ?? 0, host: options.host ?? '127.0.0.1' })
  const { origin } = listening
  const trusted = new Set(Object.values(elsewhere).map((home) => new URL(home).origin))
  const fetchAs = (subject: string, scopes: readonly string[]): typeof fetch =>
    askingAs({ origin, trusted, inside, issuer, now: real }, { subject, scopes })
  const related = relations(running, elsewhere, () => fetchAs('landscape', []))
  const lands =
    options.lake === false
      ? undefined
      : await landing({
          directory: join(directory, 'lake'),
          entry: `${origin}/`,
          fetch: fetchAs('lake', ['events:read', 'explore']),
          log,
        }).catch(async (error: unknown) => {
          await listening.close()
          throw error
        })
  for (const name of Object.keys(elsewhere)) lands?.follow(name)
  const landscape: Landscape = {
    url: `${origin}/`,
    listening,
    issuer,
    lake: lands?.lake,
    services: running,
    handle: inside,
    mount: (service) => turns.take(service.name, () => mount(service)),
    unmount: (name, how) => turns.take(name, () => unmount(name, how)),
    removal: (name) => removalOf(running, related.seen, name),
    remove: (name) => turns.take(name, () => remove(name)),
    status: () =>
      Promise.all(
        [...running].map(async ([name, one]) => ({ ...(await one.status()), calls: calls.of(name, running) })),
      ),
    fetchAs,
    now,
    async advance(ms) {
      await clock.advance(ms)
      await Promise.all(
        [...running.values()].map(({ surroundings: { pool } }) => setClockAhead(pool, { byMs: clock.aheadMs })),
      )
    },
    settled: (given = {}) => settled(running, lands, given),
    async stop() {
      await listening.close()
      await lands?.stop()
      const failures: unknown[] = []
      for (const one of running.values()) {
        await one.stop().catch((error: unknown) => failures.push(error))
        await one.surroundings.pool.end()
      }
      running.clear()
      if (failures.length > 0) throw failures[0]
    },
  }
  const mount = async (service: Service): Promise<Running> => {
    refuseTaken(service.name)
    const before = running.get(service.name)
    const { url } = await provide(options.postgres, landscapeName, service.name, secret)
    const pool = before?.surroundings.pool ?? makePool(url, log)
    try {
      const started = await run(service, {
        pool,
        entry: `${origin}/`,
        basePath: `/${service.name}`,
        fetch: calls.countedAs(service.name, fetchAs(service.name, ['events:read', ...(service.scopes ?? [])])),
        fetchFor: (subject) => calls.countedAs(service.name, fetchAs(subject, service.scopes ?? [])),
        resolve: (relation) => related.resolve(service.name, relation),
        lake: () => lands?.lake,
        log,
        now,
      })
      if (clock.aheadMs > 0) await setClockAhead(pool, { byMs: clock.aheadMs })
      running.set(service.name, started)
      // Two of one service may work on its database at once, so nothing is refused between the old one and the new.
      if (before !== undefined) await ended(before)
      lands?.follow(service.name, started.contract)
      return started
    } catch (error) {
      if (before === undefined && !running.has(service.name)) await pool.end()
      throw error
    }
  }
  /** Its store is closed, whatever else of it could not be stopped: that is no reason to keep the service. */
  const ended = (one: Running): Promise<void> =>
    one.stop().catch(({ message }: Error) => log('error', 'stop-failed', { service: one.service.name, message }))
  /** Nobody can write to it any more; its log can be read until the pool ends. */
  const takeAway = async (found: Running): Promise<void> => {
    const { name } = found.service
    running.delete(name)
    await lands?.leave(name)
    await ended(found)
  }
  const unmount: Landscape['unmount'] = async (name, { discard: gone = false } = {}) => {
    const found = running.get(name)
    if (found === undefined) return
    await takeAway(found)
    await found.surroundings.pool.end()
    if (gone) await discard(options.postgres, landscapeName, name)
  }
  const archived = async ({ store, service: { name } }: Running): Promise<Archive> => {
    const file = `${name}-${new Date(now()).toISOString().replaceAll(/[:.]/g, '')}.ndjson`
    const made = await archive(store, join(directory, 'archive', file))
    const proof = await proveRestorable(made, { admin: options.postgres, landscape: landscapeName, secret, log })
    if (proof.holds) return made
    throw new Error(
      `Expected the archive ${made.path} to restore all ${made.events} events, it restored ${proof.events}. Nothing was removed.`,
    )
  }
  /** Stopped before it is archived: what is acknowledged after the archive would be gone. So what came in between is settled again. */
  const windDownAndTakeAway = async (name: string): Promise<Running> => {
    for (let round = 1; ; round++) {
      const found = running.get(name)!
      await windDown(found)
      await takeAway(found)
      const left = (await toWindDown(found))?.left ?? 0
      if (left === 0) return found
      await found.surroundings.pool.end()
      await mount(found.service)
      if (round === 3)
        throw new NotWoundDown(`Expected nothing to settle in ${name}, found ${left} after three rounds.`)
    }
  }
  const remove: Landscape['remove'] = async (name) => {
    const removal = await removalOf(running, related.seen, name)
    if (removal === undefined) throw new TypeError(`Expected a service that runs, got "${name}".`)
    if (removal.readers.length > 0) throw new StillRead(name, removal.readers)
    const found = await windDownAndTakeAway(name)
    const { pool } = found.surroundings
    let made: Archive
    try {
      made = await archived(found)
    } catch (error) {
      await pool.end()
      await mount(found.service)
      throw error
    }
    await pool.end()
    await discard(options.postgres, landscapeName, name)
    const homeOf = (owner: string) => (running.has(owner) ? `${origin}/${owner}/` : elsewhere[owner])
    await forgetReader(found.service, homeOf, fetchAs('landscape', ['operate']))
    const left = await leftOf(options.postgres, landscapeName, name)
    return { ...removal, events: made.events, archive: made, left }
  }
  placed.landscape = landscape
  try {
    for (const service of services) await landscape.mount(service)
  } catch (error) {
    await landscape.stop().catch(() => undefined) // why it did not start is what is to be mended
    throw error
  }
  placed.ready = true
  return landscape
}

/** Ending with `/`, since what a service has lies below. */
function homesOf(elsewhere: LandscapeOptions['elsewhere'] = {}): Readonly<Record<string, string>> {
  const homes = Object.entries(elsewhere).map(([name, home]) => {
    if (URL.canParse(home) && /^https?:/.test(home)) return [name, home.endsWith('/') ? home : `${home}/`]
    throw new TypeError(
      `Expected the home of ${name} as a URL like http://10.0.0.7:4001/${name}/, got "${home}". Give \`elsewhere\` the whole address.`,
    )
  })
  return Object.fromEntries(homes)
}

/** What is done to services of one name is done one after the other: else two would replace the same one, and one of them go on for ever. */
class Turns {
  readonly #last = new Map<string, Promise<unknown>>()

  take<T>(name: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#last.get(name) ?? Promise.resolve()).then(work)
    this.#last.set(
      name,
      done.catch(() => undefined),
    )
    return done
  }
}

async function projected(
  running: ReadonlyMap<string, Running>,
  { service }: Running,
  position: number,
  { signal }: { readonly signal?: AbortSignal },
): Promise<void> {
  const names = (service.projections ?? []).flatMap((one) => ('kind' in one ? [one.name] : []))
  for (const name of names) {
    // Looked up each time: a service that was replaced meanwhile is followed by the new one.
    const reached = () => running.get(service.name)?.projections().reached(name, position, { waitMs: 5_000 }) ?? true
    while (!(await reached())) signal?.throwIfAborted()
  }
}

type Positions = Readonly<Record<string, number>>

async function positionsOf(running: ReadonlyMap<string, Running>): Promise<Positions> {
  const pairs = [...running].map(async ([name, { store }]) => [name, await store.log.last()] as const)
  return Object.fromEntries(await Promise.all(pairs))
}

async function settled(
  running: ReadonlyMap<string, Running>,
  lands: Landing | undefined,
  options: { readonly signal?: AbortSignal },
): Promise<Positions> {
  for (let before: Positions = {}; ;) {
    const now = await positionsOf(running)
    if (Object.entries(now).every(([name, position]) => before[name] === position)) return now
    before = now
    const consumers = [...running.values()].flatMap((one) => one.consumers)
    await Promise.all(
      consumers.map((consumer) => {
        const read = consumer.status().services.map(({ service }) => [service, now[service] ?? 0] as const)
        return consumer.caughtUp(Object.fromEntries(read), options)
      }),
    )
    const services = [...running.values()]
    await Promise.all(services.map((one) => projected(running, one, now[one.service.name] ?? 0, options)))
    await lands?.caughtUp(now, options)
  }
}

async function secretIn(directory: string): Promise<string> {
  const path = join(directory, 'secret')
  // `wx`: of two processes that start at once, the second reads what the first wrote.
  await writeFile(path, randomBytes(32).toString('hex'), { mode: 0o600, flag: 'wx' }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    },
  )
  return await readFile(path, 'utf8')
}
