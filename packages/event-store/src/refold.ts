import { contractOf } from '@headwater/contract'
import { definitionOf } from './decider.ts'
import type { InlineProjection } from './execute.ts'
import { inlineStep } from './inline-step.ts'
import type { AnyProjection, FoldProjection } from './projection.ts'
import { type Loaded, upcast } from './states.ts'

export { rowsAt } from './rows-at.ts'

/** An event as it is stored, its data parsed. */
export interface Stored {
  readonly position: number
  readonly stream: string
  readonly version: number
  readonly type: string
  readonly schemaVersion: number
  readonly occurredAt: Date
  readonly data: any
}

/** Folds a projection's rows in memory: what a rebuild would make of the events taken. */
export interface Refold {
  /** In the order of the log. */
  take(event: Stored): void
  readonly rows: ReadonlyMap<string, unknown>
}

/**
 * Tries a projection's code on stored events given one by one. Undefined where only a database could: for SQL, and for rows that hold
 * personal data opened.
 */
export function refold(projection: AnyProjection): Refold | undefined {
  if (!('kind' in projection)) return projection.personal === true ? undefined : refoldInline(projection)
  return projection.kind === 'fold' ? refoldRows(projection) : undefined
}

function refoldRows({ facts, types: wanted, keysOf, initial, on }: FoldProjection): Refold {
  const { types } = contractOf(facts)
  const rows = new Map<string, unknown>()
  return {
    rows,
    take(event) {
      if (!wanted.includes(event.type)) return
      const data = upcast(types.get(event.type), event.schemaVersion, event.data)
      const keys = keysOf({ ...event, data }) ?? []
      for (const key of typeof keys === 'string' ? [keys] : keys)
        put(rows, key, on[event.type]!(rows.get(key) ?? initial(), data, { ...event, key }))
    },
  }
}

function refoldInline(projection: InlineProjection): Refold {
  const { category, facts } = definitionOf(projection.decider)
  const { types } = contractOf(facts)
  const step = inlineStep(projection)
  const states = new Map<string, Loaded>()
  const rows = new Map<string, unknown>()
  return {
    rows,
    take(event) {
      if (!event.stream.startsWith(`${category}-`) || !types.has(event.type)) return
      const id = event.stream.slice(category.length + 1)
      const { after, rows: written } = step(id, states.get(id), event)
      states.set(id, after)
      for (const { key, value } of written) put(rows, key, value)
    },
  }
}

/** As JSON would keep it. */
function put(rows: Map<string, unknown>, key: string, value: unknown): void {
  const text = JSON.stringify(value)
  if (text === undefined) rows.delete(key)
  else rows.set(key, JSON.parse(text))
}
