import { enter } from '@headwater/hypermedia/client'
import { rowsOf } from './rows.ts'
import type { Running } from './running.ts'
import type { ViewContext } from './view.ts'

/** What a service settles before it may be removed, by ordinary requests that its own log and those of others keep. */
export interface WindDown {
  /** For whoever is asked whether to remove it: `Pays every pot out`. */
  readonly title: string
  /** How much is left to do; 0 when the service may go. Asked once more when nobody can write to it: by SQL and rows alone. */
  left(context: WindDownContext): Promise<number>
  /** Does what is left. It may be killed at any point and is then begun again: whatever it asks has a key of its own. Throws what a person has to mend. */
  act(context: WindDownContext): Promise<void>
}

/** Asks in the service's own name, with its own rights (`scopes`). */
export type WindDownContext = Pick<ViewContext, 'query' | 'rows' | 'load' | 'enter'>

/** Thrown where a service cannot be removed yet: what it owes is not settled. */
export class NotWoundDown extends Error {
  readonly code = 'HW_NOT_WOUND_DOWN'
}

/** What removing a service would settle first; undefined where it settles nothing. */
export async function toWindDown(running: Running): Promise<{ title: string; left: number } | undefined> {
  const { windDown } = running.service
  return windDown && { title: windDown.title, left: await windDown.left(contextOf(running)) }
}

/** Settles what is left while the service still answers. Throws `NotWoundDown`. */
export async function windDown(running: Running): Promise<void> {
  const said = running.service.windDown
  if (said === undefined) return
  const context = contextOf(running)
  try {
    if ((await said.left(context)) > 0) await said.act(context)
  } catch (error) {
    const { message } = error as Error
    throw new NotWoundDown(
      `Expected ${running.service.name} to be wound down (${said.title}), it stopped at: ${message} Nothing was removed; mend this and remove it again, what is done stays done.`,
      { cause: error },
    )
  }
}

function contextOf({ query, load, surroundings: { entry, fetch } }: Running): WindDownContext {
  return {
    query,
    load,
    rows: rowsOf(query),
    enter: () => enter(entry, { fetch: fetch as any }),
  }
}
