import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { services } from './log.ts'

export interface Version {
  readonly version: number
  readonly events: number
  /** Position landed, by service. */
  readonly positions: Readonly<Record<string, number>>
  /** It moved a position. */
  readonly commit: boolean
  /** It took out what lay beyond a fork. */
  readonly forked: boolean
}

/** Events landed at each version of the table: what the transactions of its log say, read without our library. */
export function eventsByVersion(directory: string): Version[] {
  const folder = join(directory, '_delta_log')
  const positions = new Map<string, number>()
  return readdirSync(folder)
    .filter((name) => /^\d{20}\.json$/.test(name))
    .toSorted()
    .map((name, version) => {
      if (Number(name.slice(0, 20)) !== version) throw new Error(`Version ${version} is missing: found ${name}.`)
      const actions = readFileSync(join(folder, name), 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) // prettier-ignore
      const txns = actions.flatMap(({ txn }) => txn ?? [])
      const forked = actions.some(({ commitInfo }) => commitInfo?.operation === 'DELETE')
      for (const { appId, version: position } of txns) {
        if (position <= (positions.get(appId) ?? 0) && !forked)
          throw new Error(`${appId} went back in version ${version}.`)
        positions.set(appId, position)
      }
      const at = Object.fromEntries(
        Object.keys(services).map((service) => [service, positions.get(`headwater:${service}`) ?? 0]),
      )
      const events = Object.values(at).reduce((sum, position) => sum + position, 0)
      return { version, events, positions: at, commit: txns.length > 0, forked: forked && txns.length > 0 }
    })
}
