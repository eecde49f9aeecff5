import { spawn } from 'node:child_process'
import { type Command, exitCode } from '../command.ts'
import { connect, homeOf } from '../connection.ts'
import { linkToConsole } from '../console.ts'

const openers: Readonly<Record<string, readonly string[]>> = {
  darwin: ['open'],
  win32: ['cmd', '/c', 'start', ''],
}

export const open: Command = {
  name: 'open',
  usage: '[PATH]   the console, or a page of the landscape, in the browser; without a terminal it only says the URL',
  examples: ['headwater open', 'headwater open /payments/'],
  async run(invocation) {
    const { output, positionals, env } = invocation
    const { url } = await connect(invocation)
    const home = positionals[0] === undefined ? await homeOf(invocation.cwd) : undefined
    const page = (home && (await linkToConsole(home))) ?? new URL(positionals[0] ?? '/', url).href
    output.show({ url: page }, () => page)
    if (!output.interactive) return exitCode.ok
    const [program, ...args] = openers[process.platform] ?? ['xdg-open']
    const child = spawn(env.BROWSER ?? program!, [...args, page], { stdio: 'ignore', detached: true })
    child.once('error', (error) => output.say(`no browser was opened: ${error.message}`))
    child.unref()
    return exitCode.ok
  },
}
