import { LakeError } from '../failure.ts'
import { name, text } from '../sql.ts'

/** Events of one type, perhaps some of them: what a step of a funnel or a side of a retention consists of. */
export interface EventSet {
  readonly type: string
  /** Needed where several services have a type of that name. */
  readonly service?: string
  /** An SQL condition on the type's columns. */
  readonly where?: string
}

export function tableOf({ type, service }: EventSet): string {
  return service === undefined ? name(type) : `${name(service)}.${name(type)}`
}

export function whereOf({ where }: EventSet): string {
  return where === undefined ? '' : ` where (${where}\n)`
}

/** Seconds of a duration such as `90m`, `36h`, `7d`, `4w`. Throws HW_LAKE_DURATION. */
export function secondsOf(duration: string): number {
  const match = /^(\d{1,6})(s|m|h|d|w)$/.exec(duration)
  if (match === null)
    throw new LakeError('HW_LAKE_DURATION', `Expected a duration like 30m, 36h, 7d or 4w, got "${duration}".`)
  return Number(match[1]) * { s: 1, m: 60, h: 3_600, d: 86_400, w: 604_800 }[match[2] as 's' | 'm' | 'h' | 'd' | 'w']
}

export function interval(duration: string): string {
  return `interval ${text(`${secondsOf(duration)} seconds`)}`
}
