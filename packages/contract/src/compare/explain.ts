import type { Difference } from './difference.ts'

/** A difference in a sentence: who writes what, and who does not take it. */
export function explain({ rule, at, written, read }: Difference, direction: 'backward' | 'forward'): string {
  const [writer, reader] =
    direction === 'backward' ? ['The earlier form', 'the new one'] : ['The new form', 'the earlier one']
  const place = at === '' ? 'the whole' : at
  const says = (value: unknown) => (value === undefined ? 'anything' : shortened(value))
  if (rule.startsWith('REQUIRED_PROPERTY_ADDED'))
    return `${place} is required by ${reader}, and is not in ${lower(writer)}.`
  if (rule === 'REQUIRED_ATTRIBUTE_ADDED')
    return `${place} is required by ${reader}, and may be absent in ${lower(writer)}.`
  if (rule.startsWith('PROPERTY_REMOVED')) return `${writer} has ${place}, which ${reader} does not have.`
  if (rule.includes('ADDED_TO_OPEN') || rule.includes('ADDED_NOT_COVERED'))
    return `${writer} leaves open what ${place} is; ${reader} does not.`
  if (rule.startsWith('ITEM_REMOVED')) return `${writer} has an element ${place}, which ${reader} does not have.`
  if (rule.startsWith('TYPE')) return `${place} is ${says(written)} in ${lower(writer)}; ${reader} takes ${says(read)}.`
  if (rule === 'ENUM_ARRAY_NARROWED')
    return `${place} may be ${says(written)} in ${lower(writer)}; ${reader} takes only ${says(read)}.`
  if (rule === 'SUM_TYPE_NARROWED')
    return `${place} may be ${says(written)} in ${lower(writer)}, in a form that ${reader} has no alternative for.`
  if (rule === 'ADDITIONAL_PROPERTIES_REMOVED')
    return `${writer} may have further properties (${place}); ${reader} takes none.`
  if (rule === 'UNIQUE_ITEMS_ADDED')
    return `${place} may hold an element twice in ${lower(writer)}; in ${reader} it may not.`
  return `${place} of ${lower(writer)} is wider than ${reader} takes: ${says(written)} against ${says(read)}.`
}

const lower = (text: string) => text[0]!.toLowerCase() + text.slice(1)

function shortened(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`
}
