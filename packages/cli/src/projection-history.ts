import { isDeepStrictEqual } from 'node:util'
import type { AnyProjection } from '@headwater/event-store'
import { type Refold, refold, type Stored } from '@headwater/event-store/refold'
import { type Connection, ended } from './connection.ts'
import type { Coded } from './contracts.ts'

/** Rows that the code would make otherwise than those that are read now. */
export interface RowsDiffer {
  readonly service: string
  readonly projection: string
  readonly kind: 'rows-differ' | 'rows-failed'
  readonly count: number
  /** What is wrong with the first one. */
  readonly detail: string
}

/** Runs the projections of the code over stored events, given one by one, beside the rows that are read now. */
export interface ProjectionsRerun {
  take(event: Stored): void
  findings(): RowsDiffer[]
  /** Those that only a database can fold, and those that are new. */
  readonly passedOver: readonly string[]
}

interface Rerunning {
  readonly name: string
  readonly anew: Refold
  readonly upTo: number
  readonly live: ReadonlyMap<string, unknown>
  failed?: { readonly position: number; readonly error: unknown }
}

export async function rerunProjections(
  connection: Connection,
  { service, projections }: Coded,
): Promise<ProjectionsRerun> {
  const running: Rerunning[] = []
  const passedOver: string[] = []
  for (const projection of projections) {
    const anew = refold(projection)
    const live = anew === undefined ? undefined : await liveRows(connection, service, projection)
    if (anew === undefined || live === undefined) passedOver.push(projection.name)
    else running.push({ name: projection.name, anew, ...live })
  }
  return {
    passedOver,
    take(event) {
      for (const one of running) {
        if (event.position > one.upTo || one.failed !== undefined) continue
        try {
          one.anew.take(event)
        } catch (error) {
          one.failed = { position: event.position, error }
        }
      }
    },
    findings: () => running.flatMap((one) => differences(service, one)),
  }
}

/** Undefined where the landscape has no such projection yet. */
async function liveRows({ fetch }: Connection, service: string, { name }: AnyProjection) {
  const response = await fetch(`/projections/${service}/${name}`)
  if (response.status === 404) return undefined
  if (!response.ok) throw await ended(response)
  const [first, ...lines] = (await response.text()).trimEnd().split('\n')
  const rows = lines.map((line) => JSON.parse(line) as { key: string; value: unknown })
  return {
    upTo: (JSON.parse(first!) as { position: number }).position,
    live: new Map(rows.map(({ key, value }) => [key, value])),
  }
}

function differences(service: string, { name, anew, live, failed }: Rerunning): RowsDiffer[] {
  const of = { service, projection: name }
  if (failed !== undefined)
    return [{ ...of, kind: 'rows-failed', count: 1, detail: `at position ${failed.position}: ${String(failed.error)}` }]
  const keys = new Set([...live.keys(), ...anew.rows.keys()])
  const differing = [...keys].filter((key) => !isDeepStrictEqual(live.get(key), anew.rows.get(key)))
  const [first] = differing.toSorted()
  if (first === undefined) return []
  const said = (value: unknown) => (value === undefined ? 'no row' : JSON.stringify(value))
  const detail = `${first}: ${said(live.get(first))} → ${said(anew.rows.get(first))}`
  return [{ ...of, kind: 'rows-differ', count: differing.length, detail }]
}
