import { type Difference, type Place, step } from './difference.ts'
import { itemAt, never, nodeOf } from './node.ts'
import { compareBound } from './scalars.ts'

export function compareArrays(place: Place): Difference[] {
  return [
    ...compareItems(place),
    ...compareBound(place, 'minItems', 'MIN_ITEMS', 0),
    ...compareBound(place, 'maxItems', 'MAX_ITEMS', longest(place)),
    ...compareUnique(place),
  ]
}

/** Elements there can be, as far as the writer's schema says. */
function longest({ written: { is } }: Place): number | undefined {
  return is.items === false ? (is.prefixItems?.length ?? 0) : undefined
}

function compareItems(place: Place): Difference[] {
  const { pair, written, read, at } = place
  const [before, now] = [written.is.prefixItems?.length ?? 0, read.prefixItems?.length ?? 0]
  const most = written.is.maxItems ?? Number.POSITIVE_INFINITY
  const found: Difference[] = []
  for (let index = 0; index < Math.min(Math.max(before, now), most); index++) {
    const item = itemAt(written.is, index)
    if (nodeOf(item, pair.writer) === never) return found // none comes after it either
    const inner = pair.compare(item, itemAt(read, index), step(at, index))
    if (inner.length > 0) found.push(...itemDifferences(place, index, inner))
  }
  const rest = written.is.items ?? true
  if (most <= Math.max(before, now) || nodeOf(rest, pair.writer) === never) return found
  const taken = read.items ?? true
  if (taken === false) return [...found, { rule: 'ADDITIONAL_ITEMS_REMOVED', at: step(at, '*') }]
  return [...found, ...pair.compare(rest, taken, step(at, '*'))]
}

function itemDifferences({ written, read, at }: Place, index: number, inner: Difference[]): Difference[] {
  const [before, now] = [written.is.prefixItems?.length ?? 0, read.prefixItems?.length ?? 0]
  const place = step(at, index)
  if (index >= now) {
    return read.items === false
      ? [{ rule: 'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL', at: place }]
      : [{ rule: 'ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', at: place }, ...inner]
  }
  if (index < before) return inner
  return (written.is.items ?? true) === true
    ? [{ rule: 'ITEM_ADDED_TO_OPEN_CONTENT_MODEL', at: place }]
    : [{ rule: 'ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', at: place }, ...inner]
}

function compareUnique({ written, read, at }: Place): Difference[] {
  if (read.uniqueItems !== true || written.is.uniqueItems === true || (written.is.maxItems ?? 2) <= 1) return []
  return [{ rule: 'UNIQUE_ITEMS_ADDED', at }]
}
