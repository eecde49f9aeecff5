import { refusal } from './problem.ts'

/** A place in a log: a position, and the id of the event there, so that another log is noticed. Position 0 has the id ''. */
export interface Cursor {
  readonly log: string
  readonly position: number
  readonly id: string
}

/** Where to read on, as asked for; without an id when a person named a bare position. */
export type After = 'start' | 'end' | { readonly position: number; readonly id?: string }

/** `1234.<id>`, and `0` before the first event. */
export function cursorText({ position, id }: { readonly position: number; readonly id: string }): string {
  return position === 0 ? '0' : `${position}.${id}`
}

/** Reads `start`, `end`, `1234` or `1234.<id>`. Throws 400 `HW_CURSOR_MALFORMED`. */
export function parseAfter(text: string): After {
  if (text === 'start' || text === 'end') return text
  const [, digits, id] = /^(\d{1,16})(?:\.(.{1,200}))?$/.exec(text) ?? []
  const position = Number(digits)
  if (digits === undefined || !Number.isSafeInteger(position)) {
    throw refusal(
      'HW_CURSOR_MALFORMED',
      `Expected a cursor like "1234.<event id>", a position, "start" or "end", got "${text}". Send the cursor of the last answer unchanged.`,
    )
  }
  return id === undefined || position === 0 ? { position } : { position, id }
}
