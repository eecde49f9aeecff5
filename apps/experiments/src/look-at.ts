import { ExperimentRefused } from '@headwater/experiment'
import type { LookAt } from '@headwater/experiment/analysis'

/** `pots=1200,cards=88` and an RFC 3339 time; undefined where neither is said. Throws `HW_LOOK`. */
export function atOf(at: string | undefined, time: string | undefined): LookAt | undefined {
  if (at === undefined && time === undefined) return undefined
  const positions = at?.split(',').map((pair) => {
    const [, log, position] = /^([a-z][a-z0-9-]*)=(\d{1,15})$/.exec(pair) ?? []
    if (log === undefined)
      throw new ExperimentRefused('HW_LOOK', `Expected positions like pots=1200,cards=88, got "${at}".`)
    return [log, Number(position)] as const
  })
  return { ...(positions && { positions: Object.fromEntries(positions) }), ...(time !== undefined && { time }) }
}
