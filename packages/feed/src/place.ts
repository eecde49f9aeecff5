import type { KnownLog } from './known-log.ts'
import { refusal, type Refusal } from './problem.ts'
import type { Query } from './query.ts'

/** A position and the id of the event there. */
export interface Place {
  readonly position: number
  readonly id: string
}

/** Where a query begins. Throws 409 when its cursor is of another log, or of a part of it that is no more. */
export async function placeOf(known: KnownLog, { after, since }: Pick<Query, 'after' | 'since'>): Promise<Place> {
  const named = await namedPlace(known, after)
  if (since === undefined) return named
  const position = await known.log.before(since)
  return position > named.position ? at(known, position) : named
}

async function namedPlace(known: KnownLog, after: Query['after']): Promise<Place> {
  if (after === 'start') return { position: 0, id: '' }
  if (after === 'end') return at(known, await known.last())
  if ('eventId' in after) {
    const position = await known.log.positionOf(after.eventId)
    if (position === undefined) throw await diverged(known, `No event of the log has the id ${after.eventId}.`)
    return { position, id: after.eventId }
  }
  const id = await known.idAt(after.position)
  if (id === undefined) throw await diverged(known, `Position ${after.position} lies beyond the end of the log.`)
  if (after.id !== undefined && after.id !== id) {
    throw await diverged(known, `The event at position ${after.position} is ${id}, not ${after.id}.`)
  }
  return { position: after.position, id }
}

async function at(known: KnownLog, position: number): Promise<Place> {
  const id = await known.idAt(position)
  if (id === undefined) throw new Error(`Expected an event at position ${position} of the log, got none.`)
  return { position, id }
}

/** 409, with the cursor to go on from for the readers of each earlier lineage. */
async function diverged(known: KnownLog, what: string): Promise<Refusal> {
  const [lineage, last] = await Promise.all([known.log.lineage(), known.last()])
  const forked = lineage.some(({ parent }) => parent !== undefined)
  let shared = Infinity
  const said: Record<string, unknown>[] = []
  for (const [index, life] of lineage.entries()) {
    if (index === 0) said.push({ ...life })
    else {
      // What a reader of this lineage shares with the present one ends at the earliest fork since.
      shared = Math.min(shared, lineage[index - 1]!.forkedAt ?? 0, last)
      const id = await known.log.idAt(shared)
      said.push({ ...life, cursor: shared === 0 ? '0' : `${shared}.${id}` })
    }
  }
  const fix = forked
    ? 'Find the lineage you read under "lineage": go on from the cursor beside it, and say what you did beyond it.'
    : 'The log was restored or replaced, and nobody said so: its owner runs `headwater adopt`.'
  return refusal(forked ? 'HW_LOG_FORKED' : 'HW_LOG_DIVERGED', `${what} ${fix}`, {
    log: lineage[0]?.log,
    last,
    lineage: said,
  })
}
