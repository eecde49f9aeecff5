import { existsSync } from 'node:fs'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type Command, Ended, exitCode, type Invocation, required } from '../command.ts'
import { refuseTaken } from '@headwater/service/landscape'
import { connect, homeOf } from '../connection.ts'
import { scaffold } from '../scaffold.ts'

export const newService: Command = {
  name: 'new service',
  usage: 'NAME [--follow SERVICE/EventType]',
  options: { follow: { type: 'string', says: 'a type of event that it handles, from the first one on' } },
  examples: ['headwater new service reminders --follow payments/Credited'],
  async run(invocation) {
    const { options, output, cwd } = invocation
    const name = required(newService, invocation, 0, 'a name for the service')
    if (!/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
      throw new Ended(exitCode.usage, `Expected a name of lower-case letters, digits and "-", got "${name}".`)
    }
    const home = await homeOf(cwd)
    const landscape = home === undefined ? cwd : dirname(home)
    const folder = join(landscape, 'src', name)
    if (existsSync(folder))
      throw new Ended(exitCode.failed, `Expected no folder src/${name} yet, found one. Choose another name.`)
    const services = home === undefined ? undefined : await runningServices(invocation)
    refuseName(name, services ?? [])
    const followed = options.follow === undefined ? undefined : await followedFacts(landscape, String(options.follow))
    const began = performance.now()
    await mkdir(folder, { recursive: true })
    const files = scaffold(name, followed)
    // The service itself last: its folder runs as soon as it is there.
    const names = Object.keys(files).sort((a, b) => Number(a === 'service.ts') - Number(b === 'service.ts'))
    for (const file of names) await writeFile(join(folder, file), files[file]!)
    output.say(`wrote src/${name}/{${names.join(',')}}`)
    if (services === undefined) {
      output.say('no landscape runs here: `headwater dev` starts it with the new service')
      return exitCode.ok
    }
    const result = await mounted(invocation, name)
    const seconds = (performance.now() - began) / 1000
    output.show(
      { service: name, seconds, ...result },
      () => `${name} runs; it knows all of history (${result.handled} events) after ${seconds.toFixed(1)} s`,
    )
    output.say(`next: headwater call /${name}/`)
    return exitCode.ok
  },
}

/** Names of the services that the landscape has, here and elsewhere; undefined where it does not run. */
async function runningServices(invocation: Invocation): Promise<string[] | undefined> {
  try {
    const { json } = await connect(invocation)
    const { _links: links } = await json<{ _links: { service?: { name: string }[] } }>('/')
    return [links.service ?? []].flat().map(({ name }) => name)
  } catch (error) {
    if (error instanceof Ended && error.exit === exitCode.environment) return undefined
    throw error
  }
}

/** Before a file is written: the folder runs as soon as it is there, and would replace a service of its name. */
function refuseName(name: string, services: readonly string[]): void {
  if (services.includes(name))
    throw new Ended(
      exitCode.failed,
      `Expected a name that no service of the landscape has, got "${name}". Choose another one.`,
    )
  try {
    refuseTaken(name)
  } catch (error) {
    throw new Ended(exitCode.usage, (error as Error).message)
  }
}

/** The exported facts of a service's events.ts, by the name it exports them under. */
async function followedFacts(landscape: string, said: string) {
  const [, service, type] = /^([a-z][a-z0-9-]*)\/([A-Z][A-Za-z0-9]*)$/.exec(said) ?? []
  const path = service === undefined ? undefined : join(landscape, 'src', service, 'events.ts')
  const text = path === undefined ? undefined : await readFile(path, 'utf8').catch(() => undefined)
  if (text === undefined || service === undefined || type === undefined) {
    throw new Ended(
      exitCode.usage,
      `Expected --follow like payments/Credited, of a service with a src/*/events.ts; got "${said}".`,
    )
  }
  const facts = new RegExp(`export const (\\w+) = events\\('${service}'`).exec(text)?.[1]
  if (facts === undefined || !new RegExp(`\\b${type}:`).test(text)) {
    throw new Ended(exitCode.missing, `Expected src/${service}/events.ts to declare ${type}, it does not.`)
  }
  return { service, type, facts }
}

interface Status {
  readonly services: readonly {
    readonly service: string
    readonly consumers: readonly { readonly lag: number; readonly handled: number; readonly state: string }[]
  }[]
}

/** Waits until the landscape runs the service and its consumers have caught up with history. */
async function mounted(invocation: Invocation, name: string): Promise<{ handled: number }> {
  const { json } = await connect(invocation)
  const deadline = performance.now() + 60_000
  for (;;) {
    const { services } = await json<Status>('/status')
    if (services.some(({ service }) => service === name)) break
    if (performance.now() > deadline) {
      throw new Ended(
        exitCode.failed,
        `Expected the landscape to run ${name} within a minute, it does not. What does its terminal say?`,
      )
    }
    await delay(100, undefined, { signal: invocation.signal })
  }
  await json('/settle', { method: 'POST' })
  const { services } = await json<Status>('/status')
  const consumers = services.find(({ service }) => service === name)?.consumers ?? []
  return { handled: consumers.reduce((sum, { handled }) => sum + handled, 0) }
}
