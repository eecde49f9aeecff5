import type { JsonSchema } from '../schema.ts'
import { alternativesOf } from './alternatives.ts'
import { step } from './difference.ts'
import { disjoint } from './disjoint.ts'
import { type AnySchema, type Keywords, itemAt, never, type Node, nodeOf } from './node.ts'

/** Places looked into one inside the other, at most. */
const deepest = 30

/**
 * Fields that an earlier form names and the new one does not, as JSON Pointers, sorted; what lies in them is not listed again. Of
 * forms side by side (`anyOf`, `oneOf`) each is held against those that its values may have now: what only another one still names
 * is dropped.
 */
export function droppedFields(before: JsonSchema, now: JsonSchema): string[] {
  const found = new Set<string>()
  const done = new Set<string>()
  const busy = new Set<string>()
  const overlap = (one: Node, other: Node) => !disjoint(one, now, other.is, now)

  /** Those of the new forms that the values of an old one may have; any where none is known to be. */
  const meantBy = (old: Node, forms: readonly Node[]): readonly Node[] => {
    const near = forms.filter((form) => !disjoint(old, before, form.is, now))
    const known = ({ required = [] }: Keywords, name: string) => required.includes(name) || names(old.is, name)
    const fitting = near.filter(({ is }) => (is.required ?? []).every((name) => known(old.is, name)))
    return [fitting, near].find((some) => some.length > 0) ?? forms
  }

  const walk = (was: AnySchema, is: AnySchema, at: string): void => {
    const key = JSON.stringify([was, is])
    if (busy.has(key) || done.has(`${at} ${key}`) || busy.size > deepest) return
    busy.add(key)
    done.add(`${at} ${key}`)
    const forms = formsOf(is, now)
    for (const old of formsOf(was, before)) {
      const meant = meantBy(
        old,
        forms.filter(({ is: { type } }) => type === old.is.type),
      )
      // Each together with those it cannot be told apart from: one of them may have what the other has not.
      const groups = meant.map((one) => meant.filter((other) => one === other || overlap(one, other)))
      for (const group of groups.length === 0 ? [[]] : groups) inside(old.is, group, at)
    }
    busy.delete(key)
  }

  const inside = (old: Keywords, group: readonly Node[], at: string): void => {
    const among = (schemas: readonly AnySchema[]): AnySchema =>
      schemas.length === 1 ? schemas[0]! : { anyOf: schemas }
    for (const [name, schema] of Object.entries(old.properties ?? {})) {
      const kept = group.filter(({ is }) => names(is, name)).map(({ is }) => is.properties![name]!)
      if (kept.length === 0) found.add(step(at, name))
      else walk(schema, among(kept), step(at, name))
    }
    const { additionalProperties: rest, prefixItems = [], items } = old
    if (rest !== undefined) walk(rest, among(group.map(({ is }) => is.additionalProperties ?? true)), step(at, '*'))
    for (const [index, item] of prefixItems.entries())
      walk(item, among(group.map(({ is }) => itemAt(is, index))), step(at, '*'))
    if (items !== undefined)
      walk(items, among(group.flatMap(({ is }) => [is.items ?? true, ...(is.prefixItems ?? [])])), step(at, '*'))
  }

  walk(before, now, '')
  return [...found].toSorted()
}

const names = ({ properties = {} }: Keywords, name: string) => Object.hasOwn(properties, name)

/** What a schema may be, where that has something in it; of what no value has nobody is deprived. */
function formsOf(schema: AnySchema, root: JsonSchema): Node[] {
  const node = nodeOf(schema, root)
  if (node === never) return []
  const forms = alternativesOf(node, root).filter(({ is: { type } }) => type === 'object' || type === 'array')
  return forms.filter((form) => !disjoint(form, root, form.is, root))
}
