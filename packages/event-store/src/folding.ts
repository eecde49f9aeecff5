import { contractOf, type EventType, isPersonal } from '@headwater/contract'
import type { Build, Builds } from './build.ts'
import { copiedLines, filled } from './copied.ts'
import { definitionOf } from './decider.ts'
import type { InlineProjection } from './execute.ts'
import { inlineStep } from './inline-step.ts'
import type { Keyring } from './keyring.ts'
import type { AnyProjection, FoldProjection, SqlProjection } from './projection.ts'
import { openEvents } from './sealing.ts'
import type { Session } from './session.ts'
import { type Loaded, upcast } from './states.ts'
import { statement } from './statement.ts'

/** Brings one build forward, a page at a time. */
export interface Folding {
  /** Handles events after a position up to at most `last`; answers how far it came, or undefined when another process did it first. */
  step(after: number, last: number): Promise<number | undefined>
}

/** A stored event on its way through a fold; one object, since a rebuild makes millions. */
class FoldedEvent {
  readonly position: number
  readonly stream: string
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  readonly #occurredAt: string
  data: any
  /** The row that is being changed. */
  key = ''

  /** @param line of `fold-rows` */
  constructor(line: string) {
    const [position, stream, version, type, schemaVersion, occurredAt, data] = JSON.parse(line)
    this.position = position
    this.stream = stream
    this.version = version
    this.type = type
    this.schemaVersion = schemaVersion
    this.#occurredAt = occurredAt
    this.data = data
  }

  get occurredAt(): Date {
    return new Date(this.#occurredAt)
  }
}

/** Events read at once, unless said otherwise; two such pages are in memory. */
const pageEvents = 10_000
/** Rows kept in memory between pages. */
const keptMost = 100_000
/** Positions handled by one SQL statement, unless said otherwise. */
const rangePositions = 200_000

export function foldingOf(
  session: Session,
  schema: string,
  builds: Builds,
  build: Build,
  projection: AnyProjection,
  { batchEvents, keys }: { readonly batchEvents?: number | undefined; readonly keys?: Keyring | undefined } = {},
): Folding {
  const pages = (types: readonly string[]) => new Pages(session, schema, types, batchEvents ?? pageEvents)
  if (!('kind' in projection)) return new InlineFolding(pages(typesOf(projection)), builds, build, projection, keys)
  if (projection.kind === 'sql')
    return new SqlFolding(session, schema, build, projection, batchEvents ?? rangePositions)
  return new RowFolding(pages(projection.types), builds, build, projection)
}

function typesOf({ decider }: InlineProjection): string[] {
  return [...contractOf(definitionOf(decider).facts).types.keys()]
}

interface Page {
  readonly events: FoldedEvent[]
  /** Everything up to here is in it. */
  readonly upTo: number
}

/** Pages of events of some types; the next is on its way while one is handled. */
class Pages {
  readonly #session: Session
  readonly #text: string
  readonly #types: readonly string[]
  #ahead: { readonly after: number; readonly lines: Promise<string[]> } | undefined

  readonly #most: number

  constructor(session: Session, schema: string, types: readonly string[], most: number) {
    this.#most = most
    this.#session = session
    this.#text = statement('fold-rows', schema)
    this.#types = types
  }

  async after(after: number, last: number): Promise<Page> {
    const ahead = this.#ahead
    this.#ahead = undefined
    const lines = await (ahead?.after === after ? ahead.lines : this.#read(after, last))
    const upTo = lines.length < this.#most ? last : new FoldedEvent(lines.at(-1)!).position
    if (upTo < last) {
      const next = this.#read(upTo, last)
      next.catch(() => undefined) // told to whoever asks for it
      this.#ahead = { after: upTo, lines: next }
    }
    return { events: lines.map((line) => new FoldedEvent(line)), upTo }
  }

  #read(after: number, upTo: number): Promise<string[]> {
    return copiedLines(this.#session, filled(this.#text, { after, upTo, types: this.#types, limit: this.#most }))
  }
}

class RowFolding implements Folding {
  readonly #pages: Pages
  readonly #builds: Builds
  readonly #build: Build
  readonly #projection: FoldProjection
  readonly #types: ReadonlyMap<string, EventType>
  /** As of `#keptAt`; absent is not known, undefined is known not to be there. */
  #kept = new Map<string, unknown>()
  #keptAt: number

  constructor(pages: Pages, builds: Builds, build: Build, projection: FoldProjection) {
    this.#pages = pages
    this.#builds = builds
    this.#build = build
    this.#projection = projection
    this.#types = contractOf(projection.facts).types
    this.#keptAt = build.position
  }

  async step(after: number, last: number): Promise<number | undefined> {
    if (this.#keptAt !== after || this.#kept.size > keptMost) this.#kept = new Map()
    const { events, upTo } = await this.#pages.after(after, last)
    const keys = events.map((event) => this.#keysOf(event))
    await this.#load(keys)
    const changed = new Map<string, string | undefined>()
    for (const [index, event] of events.entries()) {
      const one = keys[index]
      if (typeof one === 'string') this.#fold(event, one, changed)
      else for (const key of one ?? []) this.#fold(event, key, changed)
    }
    for (const key of changed.keys()) changed.set(key, textOf(this.#kept.get(key)))
    const advanced = await this.#builds.advance(this.#build, after, upTo, changed)
    this.#keptAt = advanced ? upTo : -1
    return advanced ? upTo : undefined
  }

  #keysOf(event: FoldedEvent): string | readonly string[] | undefined {
    event.data = upcast(this.#types.get(event.type), event.schemaVersion, event.data)
    return this.#projection.keysOf(event)
  }

  async #load(keys: readonly (string | readonly string[] | undefined)[]): Promise<void> {
    const unknown = new Set<string>()
    for (const one of keys) {
      if (typeof one === 'string') {
        if (!this.#kept.has(one)) unknown.add(one)
      } else for (const key of one ?? []) if (!this.#kept.has(key)) unknown.add(key)
    }
    if (unknown.size === 0) return
    const rows = await this.#builds.rows(this.#build, [...unknown])
    for (const key of unknown) {
      const text = rows.get(key)
      this.#kept.set(key, text === undefined ? undefined : JSON.parse(text))
    }
  }

  #fold(event: FoldedEvent, key: string, changed: Map<string, string | undefined>): void {
    const { initial, on } = this.#projection
    event.key = key
    this.#kept.set(key, on[event.type]!(this.#kept.get(key) ?? initial(), event.data, event))
    changed.set(key, undefined)
  }
}

class InlineFolding implements Folding {
  readonly #pages: Pages
  readonly #builds: Builds
  readonly #build: Build
  readonly #projection: InlineProjection
  readonly #step: ReturnType<typeof inlineStep>
  /** Of every entity seen, as of `#at`. */
  #states = new Map<string, Loaded>()
  #at = 0

  readonly #keys: Keyring | undefined

  constructor(pages: Pages, builds: Builds, build: Build, projection: InlineProjection, keys: Keyring | undefined) {
    this.#keys = keys
    this.#pages = pages
    this.#builds = builds
    this.#build = build
    this.#projection = projection
    this.#step = inlineStep(projection)
  }

  async step(after: number, last: number): Promise<number | undefined> {
    // States are not stored: whoever takes up a build half-way folds what came before, for the states alone.
    if (this.#at > after) {
      this.#states = new Map()
      this.#at = 0
    }
    while (this.#at < after) {
      const { events, upTo } = await this.#pages.after(this.#at, after)
      await this.#rowsOf(events)
      this.#at = upTo
    }
    const { events, upTo } = await this.#pages.after(after, last)
    const changed = await this.#rowsOf(events)
    this.#at = upTo
    return (await this.#builds.advance(this.#build, after, upTo, changed)) ? upTo : undefined
  }

  async #rowsOf(events: readonly FoldedEvent[]): Promise<Map<string, string | undefined>> {
    const changed = new Map<string, string | undefined>()
    const { category, facts } = definitionOf(this.#projection.decider)
    const own = events.filter(({ stream }) => stream.startsWith(`${category}-`))
    // Opened, as they were when the rows were made by the append; those of the forgotten are left out.
    if (this.#keys !== undefined && isPersonal(facts))
      for (const [index, { data }] of (await openEvents(this.#keys, facts, own)).entries()) own[index]!.data = data
    for (const event of own) {
      const id = event.stream.slice(category.length + 1)
      const { after, rows } = this.#step(id, this.#states.get(id), event)
      this.#states.set(id, after)
      for (const { key, value } of rows) changed.set(key, textOf(value))
    }
    return changed
  }
}

class SqlFolding implements Folding {
  readonly #session: Session
  readonly #text: string
  readonly #build: Build
  readonly #types: readonly string[]

  readonly #most: number

  constructor(session: Session, schema: string, build: Build, declared: SqlProjection, most: number) {
    const { select, merge, types } = declared
    this.#most = most
    this.#session = session
    this.#build = build
    this.#types = types
    this.#text = statement('sql-projection', schema)
      .replace('$select', () => select)
      .replace('$merge', () => merge)
  }

  async step(after: number, last: number): Promise<number | undefined> {
    const upTo = Math.min(last, after + this.#most)
    const { projection, build } = this.#build
    const [row] = await this.#session.rows(this.#text, [projection, build, after, upTo, this.#types])
    return row![0] === '1' ? upTo : undefined
  }
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value)
}
