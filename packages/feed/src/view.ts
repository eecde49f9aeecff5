import { createHash } from 'node:crypto'
import { type Contract, type EventType, shownBy } from '@headwater/contract'
import type { Caller } from '@headwater/hypermedia'
import { refusal } from './problem.ts'
import { type DeprecatedSince, retiringHeaders } from './retiring.ts'

/** `published`: what others may rely on. `log`: everything, as stored. */
export type ViewName = 'published' | 'log'

/** Types asked for, some with a published version; `all` when the rest is wanted too. */
export interface Choice {
  /** Equal choices written equally have equal keys. */
  readonly key: string
  readonly all: boolean
  readonly versions: ReadonlyMap<string, number | undefined>
}

/** How events of one type are shown. */
export interface Form {
  /** Version the reader is told; the stored one when absent. */
  readonly version?: number
  /** Field of the shown data that orders the event, where it is not the stream. */
  readonly key?: string
  /** Data as shown, from data as stored in a version; absent where nothing is ever mapped. */
  readonly map?: (data: unknown, storedVersion: number) => unknown
  /** The stored version whose data is shown byte for byte; none when all of it is mapped. */
  readonly asStored?: number
}

/** What one class of readers sees, by one choice of types. Equal views are equal by `hash`. */
export interface View {
  /** Hash of everything that decides the bytes of its events, but the lineage. */
  readonly hash: string
  /** Types to ask the log for; all when absent. */
  readonly types?: readonly string[]
  /** Shows all that its readers may see, so that each event names the one before it. */
  readonly whole: boolean
  readonly forms: ReadonlyMap<string, Form>
  /** Headers that say which of its types go, and when. */
  readonly retiring: Readonly<Record<string, string>>
}

export interface ViewsOptions {
  readonly deprecatedSince?: DeprecatedSince | undefined
  readonly view: ViewName
  readonly contract: Contract
  readonly now: () => Date
}

const formatVersion = 1
const mostViewsKept = 256

/** Makes the view of a caller and a choice, and keeps it: views are few, requests are many. */
export function viewsOf({
  view,
  contract,
  now,
  deprecatedSince = {},
}: ViewsOptions): (caller: Caller | undefined, choice: Choice) => View {
  const kept = new Map<string, View>()
  const types = [...contract.types.values()]
  const experimental = view === 'log' ? [] : types.filter(({ level }) => level === 'experimental')
  return (caller, choice) => {
    const also = experimental.length === 0 ? [] : experimental.filter(shownTo(caller, now()))
    const key = `${also.map(({ type }) => type).join()} ${choice.key}`
    const found = kept.get(key)
    if (found !== undefined) return found
    const visible = types.filter((type) => view === 'log' || also.includes(type) || isPublished(type))
    const made =
      view === 'log' ? logView(visible, choice) : publishedView(contract.service, visible, choice, deprecatedSince)
    if (kept.size >= mostViewsKept) kept.delete(kept.keys().next().value!)
    kept.set(key, made)
    return made
  }
}

function isPublished({ level }: EventType): boolean {
  return level === 'published' || level === 'deprecated'
}

function shownTo(caller: Caller | undefined, now: Date): (type: EventType) => boolean {
  return ({ readers = [], until }) => {
    if (caller === undefined || !readers.includes(caller.subject)) return false
    // Experimental access ends by itself as its day begins (UTC); one without a day never begins.
    return until !== undefined && now.getTime() < Date.parse(until)
  }
}

function publishedView(
  service: string,
  visible: readonly EventType[],
  choice: Choice,
  deprecatedSince: DeprecatedSince,
): View {
  const byName = new Map(visible.map((type) => [type.type, type]))
  for (const name of choice.versions.keys()) if (!byName.has(name)) throw notShown(service, name, [...byName.keys()])
  const shown = choice.all ? visible : visible.filter(({ type }) => choice.versions.has(type))
  const forms = new Map(shown.map((type) => [type.type, publishedForm(type, choice.versions.get(type.type))]))
  const said = shown.map((type) => [type.type, forms.get(type.type)!.version, type.key, sourceOf(type)])
  const retiring = retiringHeaders(shown, deprecatedSince)
  return { hash: hashOf('published', choice.all, said), types: [...forms.keys()], whole: choice.all, forms, retiring }
}

function logView(known: readonly EventType[], choice: Choice): View {
  const keyed = known.filter(({ key }) => key !== undefined)
  const forms = new Map(keyed.map(({ type, key }) => [type, { key: key! }]))
  const hash = hashOf('log', choice.all, choice.all ? [] : [...choice.versions.keys()].toSorted(), [...forms])
  return { hash, ...(choice.all ? {} : { types: [...choice.versions.keys()] }), whole: choice.all, forms, retiring: {} }
}

/** The oldest published version, unless another was chosen: a new version changes no byte of anybody's feed. */
function publishedForm(type: EventType, chosen: number | undefined): Form {
  const key = type.key === undefined ? {} : { key: type.key as string }
  const versions = type.published === undefined ? [type.version] : Object.keys(type.published).map(Number)
  const version = chosen ?? Math.min(...versions)
  if (!versions.includes(version)) {
    throw refusal(
      'HW_TYPE_NOT_SHOWN',
      `Expected a published version of ${type.type} (${versions.join(', ')}), got ${version}. Ask for ${type.type}@${versions[0]}.`,
    )
  }
  const form = type.published?.[version]
  const from = form === undefined ? undefined : shownBy(type, form)
  const map = (data: unknown, storedVersion: number) => {
    const lifted = lift(type, data, storedVersion)
    return from === undefined ? lifted : from(lifted)
  }
  return { version, ...key, map, ...(from === undefined ? { asStored: type.version } : {}) }
}

function lift(type: EventType, stored: unknown, storedVersion: number): unknown {
  if (storedVersion > type.version) {
    throw new Error(
      `Expected ${type.type} of version ${type.version} or before, got version ${storedVersion}. Deploy the contract that wrote it.`,
    )
  }
  let data = stored
  for (let version = storedVersion; version < type.version; version++) data = type.upcast?.[version]?.(data) ?? data
  return data
}

function sourceOf({ version, upcast = {}, published = {} }: EventType): unknown {
  const forms = Object.entries(published).map(([number, { from }]) => [number, String(from)])
  return [version, Object.entries(upcast).map(([number, up]) => [number, String(up)]), forms]
}

function hashOf(...parts: unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([formatVersion, ...parts]))
    .digest('hex')
}

function notShown(service: string, name: string, shown: readonly string[]) {
  const list = shown.length === 0 ? 'none' : shown.toSorted().join(', ')
  return refusal('HW_TYPE_NOT_SHOWN', `Expected a type that ${service} shows you (${list}), got "${name}".`)
}
