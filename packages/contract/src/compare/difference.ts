import type { AnySchema, Keywords, Node } from './node.ts'

/**
 * Names of what makes two JSON Schemas incompatible, as the schema registries of Confluent and Karapace use them; `FORMAT_…` and
 * `PROPERTY_NAMES_…` are ours, for what those do not look at.
 */
export type Rule =
  | 'TYPE_CHANGED'
  | 'TYPE_NARROWED'
  | 'ENUM_ARRAY_NARROWED'
  | 'SUM_TYPE_NARROWED'
  | 'COMBINED_TYPE_CHANGED'
  | 'NOT_TYPE_EXTENDED'
  | 'PATTERN_ADDED'
  | 'PATTERN_CHANGED'
  | 'FORMAT_ADDED'
  | 'FORMAT_CHANGED'
  | `${'MIN' | 'MAX'}_LENGTH_${Moved}`
  | `${'' | 'EXCLUSIVE_'}${'MINIMUM' | 'MAXIMUM'}_${Moved}`
  | 'MULTIPLE_OF_ADDED'
  | 'MULTIPLE_OF_CHANGED'
  | 'REQUIRED_ATTRIBUTE_ADDED'
  | 'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL'
  | 'REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL'
  | 'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'ADDITIONAL_PROPERTIES_REMOVED'
  | 'ADDITIONAL_PROPERTIES_NARROWED'
  | 'PROPERTY_NAMES_NARROWED'
  | 'UNEVALUATED_PROPERTIES_REMOVED'
  | `${'MIN' | 'MAX'}_PROPERTIES_${Moved}`
  | 'DEPENDENCY_ARRAY_ADDED'
  | 'DEPENDENCY_SCHEMA_ADDED'
  | 'ITEM_ADDED_TO_OPEN_CONTENT_MODEL'
  | 'ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL'
  | 'ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  | 'ADDITIONAL_ITEMS_REMOVED'
  | 'UNEVALUATED_ITEMS_REMOVED'
  | 'MIN_CONTAINS_ADDED'
  | 'UNIQUE_ITEMS_ADDED'
  | `${'MIN' | 'MAX'}_ITEMS_${Moved}`

type Moved = 'ADDED' | 'INCREASED' | 'DECREASED'

/** A reason why a value that the writer may write is one the reader does not take. */
export interface Difference {
  readonly rule: Rule
  /** JSON Pointer of the field in the data; `*` stands for every element, or every further property. */
  readonly at: string
  /** What the writer's schema says there, and the reader's. */
  readonly written?: unknown
  readonly read?: unknown
}

/** Two schemas held against each other: is every value of the writer's one of the reader's? */
export interface Pair {
  readonly writer: AnySchema
  readonly reader: AnySchema
  /** The writer writes no property beyond those its schemas name, also where they leave it open. */
  readonly writesOnlyNamed: boolean
  compare(written: AnySchema | Node, read: AnySchema, at: string): Difference[]
}

/** The writer's side of one place: a node of one type or value, and the reader's keywords there. */
export interface Place {
  readonly pair: Pair
  readonly written: Node
  readonly read: Keywords
  readonly at: string
}

export function step(at: string, name: string | number): string {
  return `${at}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
}
