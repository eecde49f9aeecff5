import type { Command } from './command.ts'
import { call } from './commands/call.ts'
import { dev } from './commands/dev.ts'
import { events } from './commands/events.ts'
import { ps } from './commands/ps.ts'
import { query } from './commands/query.ts'
import { token } from './commands/token.ts'

/** Everything `headwater` can do, in the order its help shows. */
export const commands: readonly Command[] = [dev, ps, call, events, query, token]
