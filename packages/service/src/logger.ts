export type Level = 'info' | 'warn' | 'error'

/** Structured logs: an event's name and its ids. Never bodies, tokens or personal data. */
export type Logger = (level: Level, event: string, fields?: Readonly<Record<string, unknown>>) => void

/** One JSON object a line. */
export function jsonLogger(write: (line: string) => void, now: () => number = Date.now): Logger {
  return (level, event, fields = {}) =>
    write(JSON.stringify({ time: new Date(now()).toISOString(), level, event, ...fields }))
}
