import type { ContractDocument, Promised, Stored } from '../document.ts'
import type { Level } from '../events.ts'
import { fieldsOf } from '../fields.ts'
import type { JsonSchema } from '../schema.ts'
import { compare, type Incompatibility } from './compare.ts'
import { type Rule, step } from './difference.ts'
import { droppedFields } from './dropped.ts'

/** What else may change about a type, beside its schemas. */
export type ChangeRule =
  | Rule
  | 'TYPE_REMOVED'
  | 'TYPE_DEPRECATED'
  | 'TYPE_WITHDRAWN'
  | 'LEVEL_SKIPPED'
  | 'SUNSET_MISSING'
  | 'SUNSET_EARLIER'
  | 'VERSION_REMOVED'
  | 'KEY_CHANGED'
  | 'READER_REMOVED'
  | 'STORED_VERSION_LOWERED'
  | 'UPCASTER_MISSING'
  | 'PERSONAL_CHANGED'

/** A change of a contract that somebody or something may not survive. */
export interface Change {
  readonly type: string
  readonly rule: ChangeRule
  /**
   * `readers`: breaks who reads the type, and this field of it. `history`: events stored or copied before no longer fit.
   * `never`: not done to anybody, whether there are readers or not.
   */
  readonly breaks: 'readers' | 'history' | 'never'
  /** JSON Pointer into the data; '' for the whole type. */
  readonly at: string
  /** Version concerned, where one is: the published one, or the stored one that nothing lifts. */
  readonly version?: number
  /** Whom alone it concerns, where that is known: service or consumer name. */
  readonly reader?: string
  readonly sentence: string
  readonly suggestion: string
}

export interface ContractCompareOptions {
  /** Today, for access that ends by itself; default the real one. */
  readonly today?: Date
}

/**
 * Every change between earlier contracts of a service (oldest first, all inside views or all of one reader) and the new one that
 * breaks readers or history. Schemas are held against all earlier ones, levels against what was promised last: who was let go step by
 * step is gone.
 */
export function compareContracts(
  earlier: ContractDocument | readonly ContractDocument[],
  now: ContractDocument,
  { today = new Date() }: ContractCompareOptions = {},
): Change[] {
  const all = Array.isArray(earlier) ? (earlier as readonly ContractDocument[]) : [earlier as ContractDocument]
  const seen = new Map<string, Change>()
  for (const type of new Set([...all, now].flatMap(({ types }) => Object.keys(types)))) {
    const served = all.map(({ types }) => types[type])
    for (const change of changesOf(served, now.types[type], today)) {
      const key = [type, change.rule, change.breaks, change.at, change.version, change.reader].join(' ')
      if (!seen.has(key)) seen.set(key, { type, ...change })
    }
  }
  return [...seen.values()]
}

type Said = Omit<Change, 'type'>

/** Of one type, as it was in each contract. */
function changesOf(served: readonly (Promised | undefined)[], now: Promised | undefined, today: Date): Said[] {
  const known = served.filter((one) => one !== undefined)
  const promised = known.filter(({ level }) => level !== 'internal')
  if (promised.length === 0 && now === undefined)
    return known.some(({ stored }) => stored !== undefined) ? [forgotten] : []
  const last = promised.at(-1)?.level
  const lately = promised.slice(promised.findLastIndex(({ level }) => level !== last) + 1)
  const levels = lately.toReversed().flatMap((before) => levelChanges(before, now, today))
  // Of what is gone already nobody is deprived now, and who was let go step by step begins anew; what was never to be done still is not.
  const isGone = (served.at(-1)?.level ?? 'internal') === 'internal'
  const stands = levels.filter(({ breaks }) => !isGone || (breaks === 'never' && last !== 'deprecated'))
  // The newest first: of the same change, the sentence speaks of what was there last.
  const schemas = known.toReversed().flatMap((before) => schemaChanges(before, now))
  return [...stands, ...(now?.level === 'deprecated' && now.until === undefined ? [sunsetMissing] : []), ...schemas]
}

function schemaChanges(before: Promised, now: Promised | undefined): Said[] {
  return [
    ...(before.published !== undefined && now?.published !== undefined ? publishedChanges(before, now) : []),
    ...(before.stored !== undefined && now?.stored !== undefined ? storedChanges(before.stored, now.stored) : []),
    ...(before.stored !== undefined && now?.stored !== undefined ? personalChanges(before, now) : []),
  ]
}

const forgotten: Said = {
  rule: 'TYPE_REMOVED',
  breaks: 'history',
  at: '',
  sentence: 'The type is no longer declared, and events of it are in the log.',
  suggestion: 'Keep its declaration: history stays readable.',
}

const outside: readonly Level[] = ['published', 'deprecated']

function levelChanges(before: Promised, now: Promised | undefined, today: Date): Said[] {
  const level = now?.level ?? 'internal'
  if (before.level === level) return [...sunsetChanges(before, now!, today), ...readerChanges(before, now!, today)]
  if (before.level === 'experimental')
    return outside.includes(level) || hasEnded(before, today) ? [] : [withdrawn(before)]
  if (before.level === 'published' && level === 'deprecated') {
    return [
      said(
        'TYPE_DEPRECATED',
        'readers',
        'It was published and is deprecated now.',
        'Move its readers first, or say why with --override.',
      ),
    ]
  }
  if (before.level === 'published') {
    const next = `level: 'deprecated', until: '<day>'`
    return [
      said(
        'LEVEL_SKIPPED',
        'never',
        `It was published and would be ${now === undefined ? 'gone' : level} at once.`,
        `Deprecate it first: ${next}.`,
      ),
    ]
  }
  if (before.level !== 'deprecated' || level === 'published') return []
  if (level === 'experimental')
    return [
      said('LEVEL_SKIPPED', 'never', 'It was deprecated and would be experimental.', 'Publish it again, or let it go.'),
    ]
  return [
    said(
      'TYPE_REMOVED',
      'readers',
      `It was deprecated${before.until === undefined ? '' : ` until ${before.until}`} and is gone.`,
      'Keep it until nobody reads it.',
    ),
  ]
}

const said = (rule: ChangeRule, breaks: Change['breaks'], sentence: string, suggestion: string): Said => ({
  rule,
  breaks,
  at: '',
  sentence,
  suggestion,
})

const sunsetMissing = said(
  'SUNSET_MISSING',
  'never',
  'It is deprecated without a day on which it goes.',
  `Say it: until: '<day>'.`,
)

const withdrawn = ({ until = '' }: Promised) =>
  said(
    'TYPE_WITHDRAWN',
    'readers',
    `It was experimental until ${until} and is withdrawn.`,
    'Wait for its day: the access ends by itself.',
  )

function sunsetChanges(before: Promised, now: Promised, today: Date): Said[] {
  if (now.level === 'deprecated' && now.until === undefined) return [] // which is said already
  if (!(endOf(now) < endOf(before)) || (before.level === 'experimental' && hasEnded(before, today))) return []
  const kind = before.level === 'deprecated' ? 'never' : 'readers'
  const end = now.until === undefined ? 'would be there no longer' : `would end on ${now.until}`
  return [
    said(
      'SUNSET_EARLIER',
      kind,
      `It was there until ${before.until}, and ${end}.`,
      `A day only moves later: until: '${before.until}'.`,
    ),
  ]
}

/** Access without a day never began. */
const endOf = ({ until }: Promised): number => (until === undefined ? Number.NEGATIVE_INFINITY : Date.parse(until))

const hasEnded = (before: Promised, today: Date): boolean => endOf(before) <= today.getTime()

function readerChanges(before: Promised, { level, readers = [] }: Promised, today: Date): Said[] {
  if (level !== 'experimental' || hasEnded(before, today)) return []
  return (before.readers ?? [])
    .filter((reader) => !readers.includes(reader))
    .map((reader) => ({
      ...said(
        'READER_REMOVED',
        'readers',
        `${reader} may no longer read it.`,
        'Wait for its day: the access ends by itself.',
      ),
      reader,
    }))
}

function publishedChanges(before: Promised, now: Promised): Said[] {
  const forms = Object.entries(before.published!).flatMap(([number, schema]) => {
    const version = Number(number)
    const next = now.published![number]
    return next === undefined ? [versionRemoved(version)] : formChanges(version, schema, next)
  })
  if (before.key === now.key) return forms
  const sentence = `Its events were ordered by ${before.key ?? 'stream'}, and would be by ${now.key ?? 'stream'}.`
  return [
    ...forms,
    { ...said('KEY_CHANGED', 'readers', sentence, 'Publish a new type: consumers hold places by key.'), at: '' },
  ]
}

function versionRemoved(version: number): Said {
  const sentence = `Its published version ${version} is gone.`
  return {
    ...said(
      'VERSION_REMOVED',
      'readers',
      sentence,
      `Keep it: published: { ${version}: { data: …, from: (data) => … } }.`,
    ),
    version,
  }
}

/** A published version may change only so that nobody who knew it notices; dropping what was optional is noticed too. */
function formChanges(version: number, before: JsonSchema, now: JsonSchema): Said[] {
  const dropped = droppedFields(before, now)
  const others = compare(before, now, { lenient: true }).filter(
    ({ at, direction }) => direction === 'backward' || !dropped.includes(at),
  )
  return [
    ...dropped.map((at): Said => ({
      rule: 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL',
      breaks: 'readers',
      at,
      version,
      sentence: `${at} is no longer published.`,
      suggestion: `Keep version ${version} by a mapping, and publish the new form beside it as version ${version + 1}.`,
    })),
    ...others.map((found): Said => incompatible(found, found.direction === 'forward' ? 'readers' : 'history', version)),
  ]
}

function incompatible(
  { rule, at, sentence, suggestion }: Incompatibility,
  breaks: Change['breaks'],
  version?: number,
): Said {
  return { rule, breaks, at, sentence, suggestion, ...(version === undefined ? {} : { version }) }
}

function storedChanges(before: Stored, now: Stored): Said[] {
  if (now.version < before.version) {
    const sentence = `Events are stored in version ${before.version}, and it would be ${now.version}.`
    return [said('STORED_VERSION_LOWERED', 'never', sentence, `Go on from version ${before.version}.`)]
  }
  const found =
    now.version === before.version ? compare(before.schema, now.schema, { direction: 'backward', lenient: true }) : []
  // The store lifts by every step, whether the data would fit or not; those that were there lifted events from before what is known here.
  const steps = [...before.upcasts, ...range(before.version, now.version)]
  const missing = steps.filter((from) => from < now.version && !now.upcasts.includes(from))
  return [
    ...found.map((one) => incompatible(one, 'history')),
    ...missing.map((version) => ({
      ...said(
        'UPCASTER_MISSING',
        'history',
        `Nothing lifts its data from version ${version} to ${version + 1}.`,
        `upcast: { ${version}: (data) => … }`,
      ),
      version,
    })),
  ]
}

/** Stored values stay sealed as they were: with the key of the person that the declaration named, under the name of their field. */
function personalChanges({ stored, personal = {} }: Promised, now: Promised): Said[] {
  const fields = fieldsOf(stored!.schema)
  return Object.entries(personal).flatMap(([field, person]) => {
    const at = step('', field)
    if (now.personal?.[field] === person || !fields.includes(at)) return []
    const sentence = `${at} is stored sealed with the key of the person in ${person}, and nothing would open it.`
    return [{ ...said('PERSONAL_CHANGED', 'history', sentence, `Keep it: personal: { ${field}: '${person}' }.`), at }]
  })
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)
