// Lands all logs from where the lake is, in pages of many sizes, until it is killed or all is sealed.
import { openLake } from '@headwater/lake'
import { randomFrom } from '../../bench/harness/random.ts'
import { pageAt, type Service, services } from './log.ts'

const [directory, seed] = [process.argv[2]!, Number(process.argv[3])]
const random = randomFrom(seed)
const lake = await openLake({ directory, seal: { events: 200, afterMs: 400 } })
const land = async (service: Service) => {
  for (;;) {
    const from = (lake.positions()[service] ?? 0) + 1
    if (from > services[service]) return
    // Sometimes a page overlaps what has landed, as after a reconnect.
    const back = Math.min(from - 1, random() < 0.3 ? Math.floor(random() * 40) : 0)
    await lake.land(pageAt(service, from - back, 1 + back + Math.floor(random() * 300)), { service })
    if (random() < 0.2) await lake.query('select count(*) from events')
  }
}
await Promise.all((Object.keys(services) as Service[]).map(land))
await lake.seal()
await lake.close()
