import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { services } from './log.ts'

/** Events landed at each version of the table: what the transactions of its log say, read without our library. */
export function eventsByVersion(directory: string): { version: number; events: number; commit: boolean }[] {
  const folder = join(directory, '_delta_log')
  const positions = new Map<string, number>()
  return readdirSync(folder)
    .filter((name) => /^\d{20}\.json$/.test(name))
    .toSorted()
    .map((name, version) => {
      if (Number(name.slice(0, 20)) !== version) throw new Error(`Version ${version} is missing: found ${name}.`)
      const actions = readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) // prettier-ignore
      const txns = actions.flatMap(({ txn }) => txn ?? [])
      for (const { appId, version: position } of txns) {
        if (position <= (positions.get(appId) ?? 0)) throw new Error(`${appId} went back in version ${version}.`)
        positions.set(appId, position)
      }
      const events = Object.keys(services).reduce(
        (sum, service) => sum + (positions.get(`headwater:${service}`) ?? 0),
        0,
      )
      return { version, events, commit: txns.length > 0 }
    })
}
