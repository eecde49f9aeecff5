import type { Level } from '@headwater/contract'
import type { Statement } from './asking/statement.ts'
import { envelope } from './event-row.ts'
import type { ShownField } from './views.ts'

/** An event type a question looks at, and the payload fields it reads. */
export interface Read {
  readonly service: string
  readonly type: string
  readonly level: Level | 'undeclared'
  readonly fields: readonly string[]
  /** Its owner may change it without asking: it is internal, or nothing is promised of it. */
  readonly mayBreak: boolean
}

export interface ReadType {
  readonly service: string
  readonly type: string
  readonly level: Level | 'undeclared'
  readonly fields: readonly ShownField[]
}

/**
 * What a question reads, from its syntax tree: a field counts as read of every type it asks that has it, so this may name too
 * much, never too little. Envelope columns of `events` belong to nobody and are not listed.
 */
export function readsOf(statement: Statement, types: readonly ReadType[]): Read[] {
  const names = new Set(statement.columns.flat().map((column) => column.toLowerCase()))
  const members = new Set(statement.members)
  return types.map(({ service, type, level, fields }) => {
    const read = fields.filter(
      ({ field, shown }) => statement.everything || names.has(shown.toLowerCase()) || members.has(field),
    )
    const mayBreak = level === 'internal' || level === 'experimental' || level === 'undeclared'
    return { service, type, level, fields: read.map(({ field }) => field), mayBreak }
  })
}

/** True when a question reads a payload, by name or whole. */
export function readsPayload(statement: Statement): boolean {
  return (
    statement.everything ||
    statement.members.length > 0 ||
    statement.columns.flat().some((column) => !Object.hasOwn(envelope, column.toLowerCase()))
  )
}
