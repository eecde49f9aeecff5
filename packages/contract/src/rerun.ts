import { isDeepStrictEqual } from 'node:util'
import type { Contract, EventType } from './events.ts'
import { check, type Schema } from './schema.ts'
import { personalOf, shownBy } from './sealed.ts'

/** An event as it is stored, its data parsed. */
export interface StoredData {
  readonly position: number
  readonly type: string
  readonly schemaVersion: number
  readonly data: unknown
}

/** What a contract makes of stored events that it should not. */
export interface Finding {
  readonly type: string
  readonly kind:
    | 'undeclared'
    | 'from-the-future'
    | 'upcaster-failed'
    | 'does-not-fit'
    | 'mapping-failed'
    | 'published-does-not-fit'
    | 'published-differs'
  /** Published version concerned. */
  readonly version?: number
  /** The stored version of the first one found. */
  readonly schemaVersion: number
  readonly count: number
  /** Position of the first one. */
  readonly first: number
  /** What is wrong with the first one. */
  readonly detail: string
}

/** Runs a contract over events stored before it: upcasters, schema, and every mapping. Nothing is written. */
export interface Rerun {
  /** One stored event; `shown` is the data that readers are shown of it now (oldest published version), where that is known. */
  take(event: StoredData, shown?: unknown): void
  readonly events: number
  findings(): Finding[]
}

interface Form {
  readonly version: number
  readonly schema: Schema
  readonly from: ((data: unknown) => unknown) | undefined
  readonly personal: readonly string[]
}

interface Known {
  readonly type: EventType
  readonly personal: readonly string[]
  readonly forms: readonly Form[]
}

/** Tries a contract's code on stored events, given one by one; `findings` says where they would now be read otherwise, or not at all. */
export function rerun(contract: Contract): Rerun {
  const known = new Map([...contract.types].map(([name, type]) => [name, knownOf(type)]))
  const found = new Map<string, { -readonly [K in keyof Finding]: Finding[K] }>()
  let events = 0
  const note = (
    { type, position, schemaVersion }: StoredData,
    kind: Finding['kind'],
    detail: string,
    version?: number,
  ) => {
    const key = `${type} ${kind} ${version} ${schemaVersion}`
    const before = found.get(key)
    if (before === undefined)
      found.set(key, {
        type,
        kind,
        ...(version === undefined ? {} : { version }),
        schemaVersion,
        count: 1,
        first: position,
        detail,
      })
    else before.count += 1
  }
  return {
    take(event, shown) {
      events += 1
      const one = known.get(event.type)
      if (one === undefined) return note(event, 'undeclared', `${contract.service} declares no ${event.type}.`)
      const { type, personal, forms } = one
      if (event.schemaVersion > type.version)
        return note(
          event,
          'from-the-future',
          `It was stored in version ${event.schemaVersion}; the contract knows ${type.version}.`,
        )
      let lifted: unknown
      try {
        lifted = lift(type, event.data, event.schemaVersion)
      } catch (error) {
        return note(event, 'upcaster-failed', String(error))
      }
      const wrong = misfit(type.data, lifted, personal)
      if (wrong !== undefined) note(event, 'does-not-fit', wrong)
      for (let index = 0; index < forms.length; index++)
        showForm(note, event, forms[index]!, { lifted, shown: index === 0 ? shown : undefined })
    },
    get events() {
      return events
    },
    findings: () => [...found.values()],
  }
}

function knownOf(type: EventType): Known {
  const { level, published, version, data } = type
  const personal = personalOf(type)
  const forms =
    published === undefined
      ? [{ version, schema: data, from: undefined, personal }]
      : Object.entries(published).map(([number, form]) => ({
          version: Number(number),
          schema: form.data,
          from: shownBy(type, form),
          personal: personalOf(type, form),
        }))
  return { type, personal, forms: level === 'internal' ? [] : forms }
}

type Note = (event: StoredData, kind: Finding['kind'], detail: string, version?: number) => void

function showForm(
  note: Note,
  event: StoredData,
  { version, schema, from, personal }: Form,
  on: { readonly lifted: unknown; readonly shown: unknown },
): void {
  if (from === undefined && on.shown === undefined) return
  let mapped: unknown
  try {
    mapped = from === undefined ? on.lifted : from(on.lifted)
  } catch (error) {
    return note(event, 'mapping-failed', String(error), version)
  }
  // Without a mapping it is the stored data, which was checked already.
  const wrong = from === undefined ? undefined : misfit(schema, mapped, personal)
  if (wrong !== undefined) note(event, 'published-does-not-fit', wrong, version)
  if (on.shown === undefined || isDeepStrictEqual(mapped, on.shown)) return
  note(event, 'published-differs', differing(on.shown, mapped), version)
}

/** As the store lifts it: by every step, with what the step gives. */
function lift({ version, upcast = {} }: EventType, stored: unknown, from: number): unknown {
  let data = stored
  for (let at = from; at < version; at++) {
    const step = upcast[at]
    if (step === undefined) throw new Error(`Nothing lifts its data from version ${at} to ${at + 1}.`)
    data = step(data)
  }
  return data
}

/** What a schema has against data; sealed fields are not looked into. */
function misfit(schema: Schema, data: unknown, personal: readonly string[]): string | undefined {
  const checked = check(schema, data)
  if (checked.kind === 'valid') return undefined
  const sealed = (pointer: string) => {
    const field = personal.find((name) => pointer === `/${name}` || pointer.startsWith(`/${name}/`))
    const value = field === undefined ? undefined : (data as Record<string, unknown>)[field]
    return typeof value === 'object' && value !== null && 'sealed' in value
  }
  const issues = checked.issues.filter(({ pointer }) => !sealed(pointer))
  return issues.length === 0
    ? undefined
    : issues.map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`).join('; ')
}

function differing(before: unknown, now: unknown): string {
  const [left, right] = [before, now].map((one) =>
    typeof one === 'object' && one !== null ? (one as Record<string, unknown>) : { '': one },
  )
  const names = [...new Set([...Object.keys(left!), ...Object.keys(right!)])]
  const changed = names.filter((name) => !isDeepStrictEqual(left![name], right![name]))
  const said = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60))
  return changed.map((name) => `/${name}: ${said(left![name])} → ${said(right![name])}`).join('; ')
}
