import { isDeepStrictEqual } from 'node:util'
import type { Difference, Place, Rule } from './difference.ts'
import { type Keywords, valuesOf } from './node.ts'

/** Whether the reader takes a value, or values, where it lists those it takes. */
export function compareValues({ written, read, at }: Place): Difference[] {
  const taken = valuesOf(read)
  if (taken === undefined) return []
  const said = valuesOf(written.is)
  if (said?.every((value) => taken.some((one) => isDeepStrictEqual(one, value)))) return []
  return [{ rule: 'ENUM_ARRAY_NARROWED', at, ...(said === undefined ? {} : { written: said[0] }), read: taken }]
}

export function compareStrings(place: Place): Difference[] {
  return [
    ...compareBound(place, 'minLength', 'MIN_LENGTH'),
    ...compareBound(place, 'maxLength', 'MAX_LENGTH'),
    ...comparePattern(place),
    ...compareFormat(place),
  ]
}

function comparePattern({ written, read, at }: Place): Difference[] {
  const { pattern } = read
  if (pattern === undefined || written.from.some((one) => one.pattern === pattern)) return []
  const { const: value } = written.is
  if (typeof value === 'string' && new RegExp(pattern, 'u').test(value)) return []
  const before = written.from.find((one) => one.pattern !== undefined)?.pattern
  return before === undefined
    ? [{ rule: 'PATTERN_ADDED', at, read: pattern }]
    : [{ rule: 'PATTERN_CHANGED', at, written: before, read: pattern }]
}

function compareFormat({ written, read, at }: Place): Difference[] {
  const { format } = read
  if (format === undefined || written.from.some((one) => one.format === format)) return []
  const before = written.from.find((one) => one.format !== undefined)?.format
  return before === undefined
    ? [{ rule: 'FORMAT_ADDED', at, read: format }]
    : [{ rule: 'FORMAT_CHANGED', at, written: before, read: format }]
}

export function compareNumbers(place: Place): Difference[] {
  return [...compareLower(place), ...compareUpper(place), ...compareMultiple(place)]
}

interface Bound {
  readonly value: number
  readonly exclusive: boolean
}

function compareLower({ written, read, at }: Place): Difference[] {
  const least = lowest(written.is)
  return (['minimum', 'exclusiveMinimum'] as const).flatMap((keyword) => {
    const value = read[keyword]
    const exclusive = keyword === 'exclusiveMinimum'
    if (value === undefined) return []
    // Of whole numbers, those above 0 are those from 1 on.
    const whole = ({ value: from, exclusive: beyond }: Bound) => (beyond ? Math.floor(from) + 1 : Math.ceil(from))
    if (least !== undefined && written.is.type === 'integer' && whole(least) >= whole({ value, exclusive })) return []
    if (least !== undefined && (least.value > value || (least.value === value && (least.exclusive || !exclusive))))
      return []
    const rule = `${exclusive ? 'EXCLUSIVE_' : ''}MINIMUM_${least === undefined ? 'ADDED' : 'INCREASED'}` as const
    return [{ rule, at, ...(least === undefined ? {} : { written: least.value }), read: value }]
  })
}

function compareUpper({ written, read, at }: Place): Difference[] {
  const most = highest(written.is)
  return (['maximum', 'exclusiveMaximum'] as const).flatMap((keyword) => {
    const value = read[keyword]
    const exclusive = keyword === 'exclusiveMaximum'
    if (value === undefined) return []
    const whole = ({ value: to, exclusive: beyond }: Bound) => (beyond ? Math.ceil(to) - 1 : Math.floor(to))
    if (most !== undefined && written.is.type === 'integer' && whole(most) <= whole({ value, exclusive })) return []
    if (most !== undefined && (most.value < value || (most.value === value && (most.exclusive || !exclusive))))
      return []
    const rule = `${exclusive ? 'EXCLUSIVE_' : ''}MAXIMUM_${most === undefined ? 'ADDED' : 'DECREASED'}` as const
    return [{ rule, at, ...(most === undefined ? {} : { written: most.value }), read: value }]
  })
}

function lowest({ minimum, exclusiveMinimum }: Keywords): Bound | undefined {
  if (exclusiveMinimum !== undefined && (minimum === undefined || exclusiveMinimum >= minimum))
    return { value: exclusiveMinimum, exclusive: true }
  return minimum === undefined ? undefined : { value: minimum, exclusive: false }
}

function highest({ maximum, exclusiveMaximum }: Keywords): Bound | undefined {
  if (exclusiveMaximum !== undefined && (maximum === undefined || exclusiveMaximum <= maximum))
    return { value: exclusiveMaximum, exclusive: true }
  return maximum === undefined ? undefined : { value: maximum, exclusive: false }
}

function compareMultiple({ written, read, at }: Place): Difference[] {
  const { multipleOf } = read
  if (multipleOf === undefined) return []
  const { const: value, type, multipleOf: before } = written.is
  if (typeof value === 'number' && Number.isInteger(value / multipleOf)) return []
  if (type === 'integer' && multipleOf === 1) return []
  if (written.from.some((one) => one.multipleOf === multipleOf)) return []
  if (before !== undefined && Number.isInteger(before) && Number.isInteger(multipleOf) && before % multipleOf === 0)
    return []
  return before === undefined
    ? [{ rule: 'MULTIPLE_OF_ADDED', at, read: multipleOf }]
    : [{ rule: 'MULTIPLE_OF_CHANGED', at, written: before, read: multipleOf }]
}

type Size = 'LENGTH' | 'ITEMS' | 'PROPERTIES'

/** A bound on a size, `minLength` or `maxItems`; `known` is what follows from other keywords of the writer. */
export function compareBound(
  { written, read, at }: Place,
  keyword: `${'min' | 'max'}${'Length' | 'Items' | 'Properties'}`,
  name: `${'MIN' | 'MAX'}_${Size}`,
  known?: number,
): Difference[] {
  const limit = read[keyword] as number | undefined
  if (limit === undefined) return []
  const least = keyword.startsWith('min')
  const said = [written.is[keyword] as number | undefined, known].filter((one) => one !== undefined)
  const before = said.length === 0 ? undefined : least ? Math.max(...said) : Math.min(...said)
  if (before === undefined ? least && limit === 0 : least ? before >= limit : before <= limit) return []
  const rule: Rule = before === undefined ? `${name}_ADDED` : least ? `${name}_INCREASED` : `${name}_DECREASED`
  return [{ rule, at, ...(before === undefined ? {} : { written: before }), read: limit }]
}
