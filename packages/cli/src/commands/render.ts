import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { composeFile, type Deployment } from '../compose.ts'
import { type Command, Ended, exitCode, required } from '../command.ts'

export const render: Command = {
  name: 'render',
  usage: 'FILE',
  examples: [],
  async run(invocation) {
    const file = resolve(
      invocation.cwd,
      required(render, invocation, 0, 'the description of a deployment, a JSON file'),
    )
    const text = await readFile(file, 'utf8').catch(() => {
      throw new Ended(exitCode.missing, `Expected the description of a deployment in ${file}, found no file.`)
    })
    invocation.output.print(composeFile(deploymentIn(text, file)).trimEnd())
    return exitCode.ok
  },
}

function deploymentIn(text: string, file: string): Deployment {
  const said = JSON.parse(text) as Partial<Record<keyof Deployment, unknown>>
  const { name, folder, port, kafka } = said
  const known = typeof name === 'string' && /^[a-z][a-z0-9-]*$/.test(name) && typeof folder === 'string'
  if (!known || !Number.isInteger(port) || typeof kafka !== 'boolean') {
    throw new Ended(
      exitCode.usage,
      `Expected { "name": "bank", "folder": "apps/bank", "port": 4000, "kafka": true } in ${file}, got ${text.trim()}.`,
    )
  }
  return { name, folder, port: port as number, kafka }
}
