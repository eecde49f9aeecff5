import { ExperimentRefused } from './refused.ts'

/** Microseconds since 1970 of an RFC 3339 time in UTC: exact in a double until the year 2255. */
export function microsAt(time: string): number {
  const fraction = /\.(\d{1,9})/.exec(time)?.[1]?.padEnd(6, '0').slice(0, 6) ?? '0'
  const seconds = Date.parse(time.replace(/\.\d+/, ''))
  if (Number.isNaN(seconds)) {
    throw new ExperimentRefused('HW_TIME', `Expected a time like 2027-02-01T00:00:00.000000Z, got "${time}".`)
  }
  return seconds * 1000 + Number(fraction)
}

/** RFC 3339, UTC, microseconds. */
export function timeAt(micros: number): string {
  const millis = Math.floor(micros / 1000)
  return `${new Date(millis).toISOString().slice(0, -1)}${String(micros - millis * 1000).padStart(3, '0')}Z`
}
