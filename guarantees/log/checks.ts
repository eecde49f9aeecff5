import type { LogRow } from '@headwater/event-store'
import type { Intent, Told } from './writer.ts'

/** Everything that is wrong between what writers were told and what the log holds. Empty when all is well. */
export function wrongs(
  rows: readonly LogRow[],
  intents: readonly Intent[],
  told: readonly Told[],
  notes: ReadonlySet<string>,
) {
  return [
    ...orderOf(rows),
    ...toldOf(rows, intents, told),
    ...halvesOf(rows, intents),
    ...transactionsOf(rows, intents, told, notes),
  ]
}

/** Positions 1..n and each stream's versions 1..m, without holes. */
function* orderOf(rows: readonly LogRow[]) {
  const versions = new Map<string, number>()
  for (const [index, row] of rows.entries()) {
    if (row.position !== index + 1) yield `position ${row.position} where ${index + 1} was due`
    const due = (versions.get(row.stream) ?? 0) + 1
    if (row.version !== due) yield `${row.stream} has version ${row.version} where ${due} was due`
    versions.set(row.stream, due)
    if (index > 0 && row.recordedAt < rows[index - 1]!.recordedAt) yield `recorded time falls at ${row.position}`
  }
}

/** What an append was told is what the log holds. */
function* toldOf(rows: readonly LogRow[], intents: readonly Intent[], told: readonly Told[]) {
  const byOp = new Map(intents.map((intent) => [intent.op, intent]))
  const ids = new Set(rows.map(({ id }) => id))
  const byContent = new Map<string, LogRow[]>()
  for (const row of rows) {
    const { content } = JSON.parse(row.data)
    byContent.set(content, [...(byContent.get(content) ?? []), row])
  }
  for (const one of told) {
    const intent = byOp.get(one.op)!
    const wrong = contradiction(one, intent, byContent.get(intent.content) ?? [], ids)
    if (wrong !== undefined) yield `${one.op} was told ${one.result}: ${wrong}`
  }
}

function contradiction(told: Told, { streams, fresh }: Intent, there: readonly LogRow[], ids: ReadonlySet<string>) {
  const size = streams.reduce((sum, part) => sum + part.ids.length, 0)
  switch (told.result) {
    case 'appended':
    case 'repeated':
      return misplaced(told, streams, there, size)
    case 'committed':
      return there.length === size ? undefined : `${there.length} of ${size} events are there`
    case 'conflict':
      if (there.length > 0) return 'events of it are there'
      return streams.some(({ expected }) => expected !== undefined && expected !== told.actual)
        ? undefined
        : 'with nothing'
    case 'id-reused':
      if (there.length > 0) return 'events of it are there'
      return !fresh && streams.some((part) => part.ids.some((id) => ids.has(id))) ? undefined : 'no id of it is known'
    case 'invalid':
    case 'rolled-back':
      return there.length === 0 ? undefined : 'events of it are there'
    default:
      // Only a lost connection lets a writer go without an answer.
      return /Connection terminated|connection error|ECONN|57P|timeout|EPIPE|terminat/.test(told.result)
        ? undefined
        : 'no such answer'
  }
}

function misplaced(told: Told, streams: Intent['streams'], there: readonly LogRow[], size: number): string | undefined {
  if (there.length !== size) return `${there.length} of ${size} events are there`
  if (there.some(({ position }, index) => position !== told.first! + index) || there.at(-1)!.position !== told.last)
    return `${told.first}..${told.last}, is at ${there.map(({ position }) => position).join(',')}`
  for (const [index, { stream, expected }] of streams.entries()) {
    const own = there.filter((row) => row.stream === stream)
    if (own.at(-1)!.version !== told.versions![index]) return `version ${told.versions![index]} of ${stream}`
    if (expected !== undefined && own[0]!.version !== expected + 1)
      return `expected ${expected}, went to ${own[0]!.version}`
  }
  return undefined
}

/** Also what nobody was told is there whole or not at all. */
function* halvesOf(rows: readonly LogRow[], intents: readonly Intent[]) {
  const contents = new Map<string, number>()
  for (const { data } of rows) {
    const { content } = JSON.parse(data)
    contents.set(content, (contents.get(content) ?? 0) + 1)
  }
  for (const { op, content, streams } of intents) {
    const there = contents.get(content) ?? 0
    const all = streams.reduce((sum, { ids }) => sum + ids.length, 0)
    if (there !== 0 && there !== all) yield `${op} is half there: ${there} of ${all}`
  }
}

/** A transaction's own row is there exactly when its events are. */
function* transactionsOf(
  rows: readonly LogRow[],
  intents: readonly Intent[],
  told: readonly Told[],
  notes: ReadonlySet<string>,
) {
  const contents = new Set(rows.map(({ data }) => JSON.parse(data).content))
  const words = new Map(told.map(({ op, result }) => [op, result]))
  for (const { op, kind } of intents) {
    if (kind !== 'transact' && kind !== 'rollback') continue
    if (notes.has(op) !== contents.has(op))
      yield `${op}: its row is ${notes.has(op) ? '' : 'not '}there, its events are ${contents.has(op) ? '' : 'not '}`
    if (words.get(op) === 'rolled-back' && notes.has(op)) yield `${op} was rolled back and its row is there`
    if (kind === 'rollback' && notes.has(op)) yield `${op} was given up and its row is there`
  }
}
