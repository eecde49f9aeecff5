import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { startPostgres } from '@headwater/postgres'
import { type IdentityProvider, jsonLogger, type Landscape, startLandscape } from '@headwater/service/landscape'
import { type Command, Ended, exitCode, type Invocation } from '../command.ts'
import { type ServedConsole, serveConsole } from '../console.ts'
import type { Output } from '../output.ts'
import { overdueIn } from '../overdue.ts'
import { Broken, make, type Made, serviceFolders, sweep, typeErrors, watchSource } from '../workshop.ts'

export const dev: Command = {
  name: 'dev',
  usage: '[FOLDER] [--port 4000] [--host 127.0.0.1] [--name hw] [--fresh] [--no-lake] [--kafka] [--no-console]',
  options: {
    port: { type: 'string', says: 'port of the entry URL; the next free one when it is taken; 4000' },
    /** Databases are named `<name>_<service>`: several landscapes may share a server. */
    name: { type: 'string', says: 'prefix of databases and roles, so that landscapes may share a server; hw' },
    host: { type: 'string', says: 'address to listen on; 127.0.0.1' },
    fresh: {
      type: 'boolean',
      says: 'remove all data of this landscape first; not of a Postgres that DATABASE_URL names',
    },
    'no-lake': { type: 'boolean', says: 'land no events for SQL' },
    kafka: { type: 'boolean', says: 'start Kafka and Connect beside it; needs Java 17 and Maven' },
    'no-console': { type: 'boolean', says: 'serve no console' },
    'no-watch': { type: 'boolean', says: 'do not replace services when their files are saved' },
  },
  examples: [],
  async run(invocation) {
    const { positionals, options, output, env, signal, cwd } = invocation
    const began = performance.now()
    const folder = resolve(cwd, positionals[0] ?? '.')
    const directory = join(folder, '.headwater')
    await refuseSecond(directory)
    if (options.fresh === true) await startFresh(directory, invocation)
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const made = await makeAll(folder)
    const server =
      env.DATABASE_URL === undefined ? await startPostgres({ directory: join(directory, 'postgres') }) : undefined
    const kept = server?.directory ?? 'your Postgres'
    const anew = server === undefined ? '' : '; --fresh starts anew'
    /** What was started and must end, also when something after it fails to start: the last one first. */
    const stops: (() => unknown)[] = [() => server?.stop()]
    try {
      const landscape = await startLandscape(
        made.map(({ service }) => service),
        {
          postgres: env.DATABASE_URL ?? server!.url,
          ...(options.name !== undefined && { name: String(options.name) }),
          directory,
          port: portOf(options.port),
          ...(options.host !== undefined && { host: String(options.host) }),
          lake: options['no-lake'] !== true,
          ...identityIn(env),
          log: jsonLogger(output.say),
        },
      )
      stops.push(() => landscape.stop())
      const shown =
        options['no-console'] === true
          ? undefined
          : await serveConsole(landscape, { directory, name: basename(folder) })
      stops.push(() => shown?.stop())
      const note = { url: landscape.url, pid: process.pid, identity: env.HEADWATER_ISSUER }
      await writeFile(join(directory, 'landscape.json'), JSON.stringify(note))
      stops.push(() => rm(join(directory, 'landscape.json'), { force: true }))
      const seconds = (performance.now() - began) / 1000
      banner(output, { folder, landscape, shown, kept: `${kept} (kept${anew})`, seconds, wanted: portOf(options.port) })
      for (const line of await overdueIn(askerOf(landscape))) output.say(`  ${output.colour('yellow', line)}\n`)
      const kafka = options.kafka === true ? await startKafka(landscape, directory, output) : undefined
      stops.push(() => kafka?.stop())
      if (options['no-watch'] !== true)
        stops.push(
          watchSource(folder, () =>
            replaceChanged(folder, made, landscape, output).catch((error: Error) =>
              output.say(`${output.colour('red', 'kept as it was:')} ${error.message}`),
            ),
          ),
        )
      if (!signal.aborted)
        await new Promise<void>((finish) => signal.addEventListener('abort', () => finish(), { once: true }))
      output.say('\nstopping: open requests finish first')
    } finally {
      for (const stop of stops.toReversed()) await stop()
    }
    output.say(`stopped; the data is kept in ${kept}`)
    return exitCode.ok
  },
}

function askerOf({ url, fetchAs }: Landscape): (path: string) => Promise<any> {
  const ask = fetchAs('operator', ['experiments:read'])
  return async (path) => await (await ask(new URL(path, url), { headers: { accept: 'application/json' } })).json()
}

/** Loaded only when asked for: it needs Java, which nothing else here does. */
async function startKafka(landscape: Landscape, directory: string, output: Output) {
  const { startBeside } = await import('@headwater/kafka')
  const token = () => landscape.issuer.sign({ subject: 'kafka-connect', scopes: ['events:read'] })
  const beside = await startBeside({ directory: join(directory, 'kafka'), entry: landscape.url, token })
  output.print(`kafka      ${beside.kafka.bootstrap}, a topic per service: headwater.<service>`)
  output.print(`connector  ${beside.worker.url}/connectors/${beside.connector}/status`)
  return beside
}

/** Who vouches for people; in development nobody need. */
function identityIn(env: Invocation['env']): { identity?: IdentityProvider } {
  const [issuer, keys, audience] = [env.HEADWATER_ISSUER, env.HEADWATER_JWKS, env.HEADWATER_AUDIENCE]
  if (issuer === undefined && keys === undefined) return {}
  return { identity: { issuer: issuer ?? '', keys: keys ?? '', ...(audience !== undefined && { audience }) } }
}

function portOf(said: unknown): number {
  const port = Number(said ?? 4000)
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    throw new Ended(exitCode.usage, `Expected --port from 0 to 65535, got "${String(said)}".`)
  return port
}

async function makeAll(folder: string): Promise<Made[]> {
  const folders = await serviceFolders(folder)
  if (folders.length === 0) {
    throw new Ended(
      exitCode.environment,
      `Expected services in ${join(folder, 'src')}/*/service.ts, found none. Make one with \`headwater new service NAME\`.`,
    )
  }
  try {
    return await Promise.all(folders.map((name) => make(folder, name)))
  } catch (error) {
    if (error instanceof Broken) throw new Ended(exitCode.failed, error.message)
    throw error
  }
}

async function refuseSecond(directory: string): Promise<void> {
  const text = await readFile(join(directory, 'landscape.json'), 'utf8').catch(() => undefined)
  if (text === undefined) return
  const { url } = JSON.parse(text) as { url: string }
  // Where nobody listens that is known at once; who takes long is busy, and runs.
  const alive = await fetch(new URL('/live', url), { signal: AbortSignal.timeout(10_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
  if (alive)
    throw new Ended(exitCode.environment, `This landscape runs already, at ${url}. Stop it first, or use it as it is.`)
  await rm(join(directory, 'landscape.json'), { force: true })
}

async function startFresh(directory: string, { output, options, env }: Invocation): Promise<void> {
  if (env.DATABASE_URL !== undefined)
    throw new Ended(
      exitCode.usage,
      `Expected --fresh without DATABASE_URL: it removes ${directory}, and no databases of your Postgres, which would stay and be found again. Drop those first, or unset DATABASE_URL; nothing was removed.`,
    )
  const sure = options.yes === true || (await output.confirm(`Remove all data in ${directory}?`))
  if (sure !== true) throw new Ended(exitCode.usage, `--fresh removes all data in ${directory}. Say so with --yes.`)
  // A server left by a killed process would go on writing into what is removed, and it may keep its data elsewhere
  // (see @headwater/postgres): it is started or adopted, which says where that is, and stopped in good order.
  const left = await startPostgres({ directory: join(directory, 'postgres') })
  await left.stop()
  await rm(left.directory, { recursive: true, force: true })
  await rm(directory, { recursive: true, force: true })
}

/** Puts what changed in the place of what runs. A service that is broken goes on as it was, and says what is wrong. */
async function replaceChanged(folder: string, made: Made[], landscape: Landscape, output: Output): Promise<void> {
  const began = performance.now()
  const folders = await serviceFolders(folder)
  const results = await Promise.allSettled(folders.map((name) => make(folder, name)))
  for (const result of results)
    if (result.status === 'rejected')
      output.say(`${output.colour('red', 'kept as it was:')} ${(result.reason as Error).message}`)
  const now = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const changed = now.filter(({ name, hash }) => made.find((one) => one.name === name)?.hash !== hash)
  const gone = results.some(({ status }) => status === 'rejected')
    ? []
    : made.filter(({ name }) => !now.some((one) => one.name === name))
  if (changed.length === 0 && gone.length === 0) return
  const wrong = await typeErrors(folder)
  if (wrong !== undefined) {
    output.say(`${output.colour('red', 'kept as it was:')} the types do not fit\n${wrong}`)
    return
  }
  for (const one of changed) {
    const known = made.findIndex(({ name }) => name === one.name)
    try {
      await landscape.mount(one.service)
    } catch (error) {
      output.say(`${output.colour('red', `${one.name} could not start:`)} ${(error as Error).message}`)
      continue
    }
    if (known === -1) made.push(one)
    else made[known] = one
    output.say(
      `${output.colour('green', known === -1 ? 'started' : 'replaced')} ${one.name} in ${Math.round(performance.now() - began)} ms`,
    )
  }
  for (const one of gone) {
    await landscape.unmount(one.name)
    made.splice(made.indexOf(one), 1)
    output.say(
      `${output.colour('yellow', 'stopped')} ${one.name}: its folder is gone; its data is kept (see \`headwater rm service\`)`,
    )
  }
  await sweep(folder, new Set(made.map(({ hash }) => hash)))
}

function banner(
  output: Output,
  {
    folder,
    landscape,
    shown,
    kept,
    seconds,
    wanted,
  }: {
    folder: string
    landscape: Landscape
    shown: ServedConsole | undefined
    kept: string
    seconds: number
    wanted: number
  },
): void {
  const { colour, say } = output
  const moved = landscape.listening.moved ? ` (port ${wanted} is taken)` : ''
  say(`${colour('bold', 'Headwater')} · ${basename(folder)} · ready in ${seconds.toFixed(1)} s\n`)
  say(`  entry     ${colour('cyan', landscape.url)}${moved}`)
  if (shown !== undefined)
    say(`  console   ${colour('cyan', shown.link())} (works once; \`headwater open\` for another)`)
  say(`  services  ${[...landscape.services.keys()].join(', ')}`)
  say(`  data      ${kept}`)
  say('\nTry next, in another terminal:')
  say('  npx headwater ps')
  if (existsSync(join(folder, 'src', 'simulate.ts'))) say('  npx headwater simulate')
  else say(`  npx headwater call /${[...landscape.services.keys()][0]}/`)
  say('  npx headwater query "select type, count(*) as n from events group by type order by n desc"\n')
}
