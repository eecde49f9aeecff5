import type { Running } from './running.ts'
import type { Service } from './service.ts'
import { toWindDown } from './winding-down.ts'

/** What removing a service takes with it, and who would miss it. */
export interface Removal {
  readonly service: string
  /** Events in its log. */
  readonly events: number
  /**
   * Consumers of other services that read its feed, here or, as its register has them, elsewhere: while there is one, it is not removed.
   */
  readonly readers: readonly { readonly service: string; readonly consumer: string }[]
  /** Relations of other services' documents that led to it since they started. */
  readonly links: readonly { readonly service: string; readonly relation: string }[]
  /** Its database with all that is in it, and the role that owns it. */
  readonly database: { readonly name: string; readonly bytes: number }
  /** Its own consumers: their checkpoints go with the database. */
  readonly consumers: readonly string[]
  readonly projections: readonly string[]
  readonly experiments: readonly string[]
  /** What it settles first, and how much of it is left. */
  readonly windDown?: { readonly title: string; readonly left: number }
}

/** Relations that each service's documents have asked for. */
export type LinksSeen = ReadonlyMap<string, ReadonlySet<string>>

export async function removalOf(
  running: ReadonlyMap<string, Running>,
  seen: LinksSeen,
  name: string,
): Promise<Removal | undefined> {
  const found = running.get(name)
  if (found === undefined) return undefined
  const others = [...running.values()].filter(({ service }) => service.name !== name)
  const [{ database, bytes }] = (await found.query(
    'select current_database() as database, pg_database_size(current_database())::float8 as bytes',
  )) as [{ database: string; bytes: number }]
  const { consumers = [], projections = [], experiments = [] } = found.service
  const settles = await toWindDown(found)
  return {
    service: name,
    events: await found.store.log.last(),
    readers: [...readersHere(others, name), ...(await readersElsewhere(running, found))],
    links: others.flatMap(({ service }) =>
      [...(seen.get(service.name) ?? [])]
        .filter((relation) => relation.startsWith(`${name}:`))
        .map((relation) => ({ service: service.name, relation })),
    ),
    database: { name: database, bytes },
    consumers: consumers.map((consumer) => consumer.name),
    projections: projections.map((projection) => projection.name),
    experiments: experiments.map((experiment) => experiment.name),
    ...(settles && { windDown: settles }),
  }
}

function readersHere(others: readonly Running[], name: string): Removal['readers'] {
  return others.flatMap(({ service }) =>
    (service.consumers ?? [])
      .filter(({ services }) => services.some((read) => read.service === name))
      .map((consumer) => ({ service: service.name, consumer: consumer.name })),
  )
}

/** Who declared what he reads and is no service of this process: he says himself when he has stopped, or is taken out of the register. */
async function readersElsewhere(
  running: ReadonlyMap<string, Running>,
  { query }: Running,
): Promise<Removal['readers']> {
  const rows = await query<{ reader: string; caller: string }>(
    'select reader, caller from headwater.contract_readers where reads is not null order by reader',
  )
  return rows
    .filter(({ caller }) => !running.has(caller))
    .map(({ reader, caller }) => ({ service: caller, consumer: reader.slice(caller.length + 1) }))
}

/** Thrown while somebody still reads the service. */
export class StillRead extends Error {
  readonly code = 'HW_STILL_READ'
  readonly readers: Removal['readers']
  constructor(name: string, readers: Removal['readers']) {
    const list = readers.map(({ service, consumer }) => `${consumer} of ${service}`).join(', ')
    super(
      `Expected nobody to read ${name} any more, found ${list}. Take these consumers away first; one that is gone for good leaves the register by DELETE /${name}/contract/readers/READER.`,
    )
    this.readers = readers
  }
}

/** Takes a removed service out of the registers of those it read. An owner that is away keeps it, as somebody seen long ago. */
export async function forgetReader(
  { name, consumers = [] }: Service,
  homeOf: (owner: string) => string | undefined,
  ask: typeof fetch,
): Promise<void> {
  const entries = consumers.flatMap(({ name: consumer, services }) =>
    services.flatMap(({ service: owner }) => [`${owner} ${name}/${consumer}`, `${owner} ${name}`]),
  )
  for (const entry of new Set<string>(entries)) {
    const [owner, reader] = entry.split(' ') as [string, string]
    const home = homeOf(owner)
    if (home === undefined) continue
    await ask(new URL(`contract/readers/${reader}`, home), { method: 'DELETE' }).catch(() => undefined)
  }
}
