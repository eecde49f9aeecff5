import { isDeepStrictEqual } from 'node:util'
import { alternativesOf } from './alternatives.ts'
import { all, type AnySchema, type Keywords, never, type Node, nodeOf, schemasFor, typesOf, valuesOf } from './node.ts'

/** Whether no value is taken by both, as far as types, values and required properties show. False when it is not known. */
export function disjoint(a: Node, aRoot: AnySchema, b: AnySchema, bRoot: AnySchema, depth = 0): boolean {
  const node = nodeOf(b, bRoot)
  if (node === never) return true
  if (depth > 4) return false
  const others = alternativesOf(node, bRoot)
  return alternativesOf(a, aRoot).every((left) =>
    others.every((right) => apart(left.is, aRoot, right.is, bRoot, depth)),
  )
}

function apart(a: Keywords, aRoot: AnySchema, b: Keywords, bRoot: AnySchema, depth: number): boolean {
  const [left, right] = [typesOf(a)![0]!, typesOf(b)![0]!]
  const numeric = (type: string) => (type === 'integer' ? 'number' : type)
  if (numeric(left) !== numeric(right)) return true
  const [values, others] = [valuesOf(a), valuesOf(b)]
  if (values !== undefined && others !== undefined)
    return !values.some((value) => others.some((other) => isDeepStrictEqual(value, other)))
  if (left !== 'object') return false
  const shared = [...new Set([...(a.required ?? []), ...(b.required ?? [])])]
  return shared.some((name) => {
    const one = nodeOf(all(schemasFor(a, name)), aRoot)
    const other = all(schemasFor(b, name))
    if (one === never || nodeOf(other, bRoot) === never) return true
    const everywhere = a.required?.includes(name) === true && b.required?.includes(name) === true
    return everywhere && disjoint(one, aRoot, other, bRoot, depth + 1)
  })
}
