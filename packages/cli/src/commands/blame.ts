import { type Command, Ended, exitCode, required } from '../command.ts'
import { connect } from '../connection.ts'
import { streamPath } from '../stream-path.ts'

interface Blamed {
  readonly event: { version: number; id: string; type: string; occurredAt: string; causationId: string } | null
  readonly request?: { id: string; caller?: string; target?: string; action?: string; input?: unknown }
}

export const blame: Command = {
  name: 'blame',
  usage: 'SERVICE/CATEGORY-ID POINTER   a JSON Pointer, like /balanceMinor',
  examples: ['headwater blame payments/ledger-world /balanceMinor'],
  async run(invocation) {
    const said = required(blame, invocation, 1, 'a field, like /balanceMinor')
    const pointer = said === '' || said.startsWith('/') ? said : `/${said}`
    const { json } = await connect(invocation)
    const blamed = await json<Blamed>(streamPath(blame, invocation, { blame: pointer }))
    const { event, request } = blamed
    if (event === null) throw new Ended(exitCode.missing, `Expected an event that changed ${pointer}, found none.`)
    invocation.output.show(blamed, () =>
      [
        `${event.type}  version ${event.version}  ${event.occurredAt}  ${event.id}`,
        request === undefined
          ? `caused by ${event.causationId}, which is no request of this service (see headwater why ${event.id})`
          : `asked by ${request.caller}: ${request.action} ${request.target} ${JSON.stringify(request.input)}`,
      ].join('\n'),
    )
    return exitCode.ok
  },
}
