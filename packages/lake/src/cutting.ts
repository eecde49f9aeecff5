import type { Add } from './delta/actions.ts'
import { contentsOf, type Contents, type Snapshot } from './delta/snapshot.ts'
import type { Engine } from './engine.ts'
import { bodyKey } from './body.ts'
import { envelopeColumns } from './event-row.ts'
import type { Files } from './files.ts'
import { copySegment } from './segment.ts'
import { name, text, texts } from './sql.ts'

/** Writes the segments that hold events of a service beyond a position once more, without those. */
export async function cutSegments(
  on: { readonly files: Files; readonly engine: Engine; readonly now: () => number },
  snapshot: Snapshot,
  service: string,
  position: number,
): Promise<{ removed: Add[]; added: Add[] }> {
  const removed = [...snapshot.files.values()].filter((add) => (contentsOf(add).ranges[service]?.[1] ?? 0) > position)
  const added: Add[] = []
  for (const segment of removed) {
    const source = `read_parquet(${texts([on.files.address(segment.path)])})`
    const kept = `not (service = ${text(service)} and position > ${position})`
    const contents = await keptContents(on.engine, contentsOf(segment), `${source} where ${kept}`)
    if (Object.keys(contents.types).length === 0) continue
    const bodies = [...new Set(contents.columns.map((column) => column.slice(0, column.indexOf('.'))))]
    const columns = [...envelopeColumns, ...bodies.map(name)].join(', ')
    added.push(await copySegment(on, `select ${columns} from ${source} where ${kept}`, contents))
  }
  return { removed, added }
}

async function keptContents(engine: Engine, { columns }: Contents, rows: string): Promise<Contents> {
  const types: Record<string, number> = {}
  const ranges: Record<string, [number, number]> = {}
  for (const row of await engine.rows(
    `select service, type, count(*) as events, min(position) as first, max(position) as last from ${rows} group by all`,
  )) {
    types[bodyKey(row.service, row.type)] = Number(row.events)
    const [from, to] = ranges[row.service] ?? [Number.POSITIVE_INFINITY, 0]
    ranges[row.service] = [Math.min(from, Number(row.first)), Math.max(to, Number(row.last))]
  }
  return { types, ranges, columns }
}
