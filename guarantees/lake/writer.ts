// Lands all logs from where the lake is, in pages of many sizes, until it is killed or all is sealed.
import { existsSync, readFileSync } from 'node:fs'
import { openLake } from '@headwater/lake'
import { randomFrom } from '../../bench/harness/random.ts'
import { type Fork, idAt, pageAt, type Service, services } from './log.ts'

const [directory, seed, forkFile] = [process.argv[2]!, Number(process.argv[3]), process.argv[4]!]
const random = randomFrom(seed)
const lake = await openLake({ directory, seal: { events: 200, afterMs: 400 } })
/** As a reader learns it when its cursor is refused. */
const forkNow = (): Fork | undefined =>
  existsSync(forkFile) ? (JSON.parse(readFileSync(forkFile, 'utf8')) as Fork) : undefined
const land = async (service: Service) => {
  for (;;) {
    const from = (lake.positions()[service] ?? 0) + 1
    if (from > services[service]) return
    const fork = forkNow()
    if (fork?.service === service && (await lake.cursor(service))?.log !== fork.log) {
      await lake.fork(service, { log: fork.log, position: fork.position, id: idAt(service, fork.position) })
      continue
    }
    // Sometimes a page overlaps what has landed, as after a reconnect.
    const back = Math.min(from - 1, random() < 0.3 ? Math.floor(random() * 40) : 0)
    const page = pageAt(service, from - back, 1 + back + Math.floor(random() * 300), fork)
    try {
      await lake.land(page, { service })
    } catch (error) {
      // Another writer went on with another lineage: read on from the lake's own cursor.
      if (!/^HW_LAKE_(LOG|GAP)$/.test((error as { code?: string }).code ?? '')) throw error
    }
    if (random() < 0.2) await lake.query('select count(*) from events')
  }
}
await Promise.all((Object.keys(services) as Service[]).map(land))
await lake.seal()
await lake.close()
