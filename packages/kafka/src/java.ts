import { execFile, spawn } from 'node:child_process'
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { KafkaFailed } from './failure.ts'
import { kafkaJars } from './jars.ts'

/** A Java process that lives in a directory: its pid, log and properties are files there. */
export interface JavaProgram {
  readonly name: string
  readonly directory: string
  readonly mainClass: string
  readonly properties: Readonly<Record<string, string>>
  readonly heapMiB: number
  /** More flags of the JVM. */
  readonly flags?: readonly string[]
}

export interface JavaProcess {
  readonly pid: number
  /** Why it ended, while it is ours to know; undefined while it runs. */
  ended(): string | undefined
}

const stopWithinMs = 30_000

export async function startJava(program: JavaProgram): Promise<JavaProcess> {
  const { name, directory } = program
  await mkdir(directory, { recursive: true })
  const file = propertiesFile(name, directory)
  await writeFile(file, propertiesText(program.properties), { mode: 0o600 })
  const log = logFile(name, directory)
  await rename(log, `${log}.before`).catch(() => {})
  const output = await open(log, 'a')
  const flags = [
    '-XX:+UseSerialGC',
    `-Xmx${program.heapMiB}m`,
    // A worker that ran out of memory half works; one that is gone is started again.
    '-XX:+ExitOnOutOfMemoryError',
    '-Dorg.slf4j.simpleLogger.showDateTime=true',
    '-Dorg.slf4j.simpleLogger.log.org.reflections=error',
    ...(program.flags ?? []),
  ]
  // Detached, so that Ctrl-C in the terminal reaches us first and everything stops in order.
  const child = spawn('java', [...flags, '-cp', await kafkaJars(), program.mainClass, file], {
    detached: true,
    stdio: ['ignore', output.fd, output.fd],
  })
  let ending: string | undefined
  let failure: Error | undefined
  child.once('error', (error) => (failure = error))
  child.once('exit', (code, signal) => (ending = signal === null ? `exit code ${code}` : `signal ${signal}`))
  child.unref()
  await output.close()
  if (child.pid === undefined)
    throw new KafkaFailed(`${name} could not be started (${failure?.message}). Install Java 17 or newer.`)
  await writeFile(pidFile(name, directory), String(child.pid))
  return { pid: child.pid, ended: () => ending }
}

/** The process that an earlier run left behind in this directory, if it still runs. */
export async function findJava(name: string, directory: string): Promise<number | undefined> {
  const pid = Number(await readFile(pidFile(name, directory), 'utf8').catch(() => ''))
  if (!(pid > 0)) return undefined
  // Its command line names our file, so a stranger with a recycled pid is left alone.
  const { stdout } = await promisify(execFile)('ps', ['-o', 'args=', '-p', String(pid)]).catch(() => ({ stdout: '' }))
  return stdout.includes(propertiesFile(name, directory)) ? pid : undefined
}

/** Ends a process in good order; one that does not go within 30 s is killed. */
export async function stopJava(name: string, directory: string, pid: number): Promise<void> {
  const deadline = Date.now() + stopWithinMs
  signal(pid, 'SIGTERM')
  while (signal(pid, 0)) {
    if (Date.now() > deadline) signal(pid, 'SIGKILL')
    await delay(20)
  }
  await rm(pidFile(name, directory), { force: true })
}

/** Resolves when `ready` does not answer false or throw; rejects with the end of the log when the process ended before. */
export async function untilReady(
  program: Pick<JavaProgram, 'name' | 'directory'>,
  process: JavaProcess,
  withinMs: number,
  ready: () => Promise<boolean>,
): Promise<void> {
  const deadline = Date.now() + withinMs
  while (!(await ready().catch(() => false))) {
    const ended = process.ended()
    if (ended === undefined && Date.now() < deadline) await delay(50)
    else {
      const what = ended === undefined ? `did not get ready within ${withinMs / 1000} s` : `ended at start (${ended})`
      const log = logFile(program.name, program.directory)
      const said = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-15).join('\n')
      throw new KafkaFailed(`${program.name} ${what}. The end of ${log}:\n${said}`)
    }
  }
}

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  // Zero and below are groups: -1 is every process of ours.
  if (!(pid > 0)) throw new KafkaFailed(`Expected the id of a process, got ${pid}: nothing was signalled.`)
  try {
    return process.kill(pid, name)
  } catch {
    return false
  }
}

const propertiesFile = (name: string, directory: string): string => join(directory, `${name}.properties`)
const pidFile = (name: string, directory: string): string => join(directory, `${name}.pid`)
const logFile = (name: string, directory: string): string => join(directory, `${name}.log`)

export function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([key, value]) => `${key}=${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n`)
    .join('')
}
