import { createHash } from 'node:crypto'
import { type AnyFacts, contractOf, type DataOf, type EventOf } from '@headwater/contract'
import { definitionOf } from './decider.ts'
import type { InlineProjection } from './execute.ts'

/** Where an event stands, beside what it says. */
export interface Standing {
  readonly position: number
  readonly stream: string
  readonly version: number
  readonly occurredAt: Date
  /** The row that is being changed. */
  readonly key: string
}

/** Rows folded from events in TypeScript; they follow the log, with their checkpoint in the same commit. */
export interface FoldProjection<Row = any> {
  readonly kind: 'fold'
  readonly name: string
  readonly facts: AnyFacts
  readonly types: readonly string[]
  readonly edition: string
  readonly keysOf: (event: any) => string | readonly string[] | undefined
  readonly initial: () => Row
  readonly on: { readonly [type: string]: ((row: Row, data: any, standing: Standing) => Row | undefined) | undefined }
}

/** Rows made by one SQL statement a range: for the many millions. */
export interface SqlProjection {
  readonly kind: 'sql'
  readonly name: string
  readonly types: readonly string[]
  readonly edition: string
  /** A select of `key` and `value` (jsonb), each key once, from `events`: the rows of `event` of the range and types. */
  readonly select: string
  /** Value of a row that is there already: an expression of `old.value` and `excluded.value`. */
  readonly merge: string
}

export type LogProjection = FoldProjection | SqlProjection
export type AnyProjection = LogProjection | InlineProjection

type TypesOf<F> = string & keyof F
type Standings<E> = E extends unknown ? E & Omit<Standing, 'key'> : never

/**
 * Declares rows folded from the log: `projection('balances', facts, { key: (event) => event.data.accountId, initial, on })`.
 * Rows are JSON, named by `key` (several where one event changes several). What `on` answers replaces the row, `undefined` removes
 * it. Pure: rebuilding must give the same rows, in any batch size.
 */
export function projection<F extends AnyFacts, Row>(
  name: string,
  facts: F,
  said: {
    readonly key: (event: Standings<EventOf<F>>) => string | readonly string[] | undefined
    readonly initial: () => Row
    readonly on: {
      readonly [T in TypesOf<F>]?: (
        row: NoInfer<Row>,
        data: DataOf<F, T>,
        standing: Standing,
      ) => NoInfer<Row> | undefined
    }
    /** Say another word when a function that these call has changed: their own source is watched. */
    readonly edition?: string
  },
): FoldProjection<Row> {
  const types = [...contractOf(facts).types.keys()].filter((type) => Object.hasOwn(said.on, type))
  if (types.length === 0)
    throw new TypeError(`Expected projection ${name} to follow some event, got none. Add it to on.`)
  return Object.freeze({
    kind: 'fold',
    name: checkedName(name),
    facts,
    types,
    edition: said.edition ?? editionOf(said.key, said.initial, ...Object.entries(said.on).flat()),
    keysOf: said.key,
    initial: said.initial,
    on: said.on as FoldProjection['on'],
  })
}

/** Declares rows made in SQL: the same in any batch size where `merge` adds up what `select` gives for each part. */
export function sqlProjection<F extends AnyFacts>(
  name: string,
  facts: F,
  said: { readonly types: readonly TypesOf<F>[]; readonly select: string; readonly merge: string },
): SqlProjection {
  const { types, select, merge } = said
  const edition = editionOf(...types, select, merge)
  return Object.freeze({ kind: 'sql', name: checkedName(name), types, select, merge, edition })
}

export function editionOfInline({ decider, rows }: InlineProjection): string {
  return editionOf(definitionOf(decider).edition, rows)
}

function editionOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(parts.map(String).join('\n')).digest('base64url').slice(0, 16)
}

function checkedName(name: string): string {
  if (/^[a-z][a-z0-9-]{0,99}$/.test(name)) return name
  throw new TypeError(
    `Expected a projection name like "balances", got "${name}". Use lower-case letters, digits and "-".`,
  )
}
