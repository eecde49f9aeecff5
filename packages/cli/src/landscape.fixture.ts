import { type ChildProcess, spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { main } from './index.ts'

const root = join(import.meta.dirname, '..', '..', '..')
const bin = join(root, 'packages', 'cli', 'bin', 'headwater.mjs')

/** What a command line answered. */
export interface Answered {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A folder that finds the packages of this checkout, as one that installed them would. */
export async function landscapeFolder(sources?: string): Promise<{ folder: string; remove(): Promise<void> }> {
  const shelf = join(root, 'node_modules', '.headwater-tests')
  await mkdir(shelf, { recursive: true })
  const folder = await mkdtemp(join(shelf, 'landscape-'))
  await mkdir(join(folder, 'src'))
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'landscape', type: 'module', private: true }))
  if (sources !== undefined) await cp(join(root, sources), join(folder, 'src'), { recursive: true })
  return { folder, remove: () => rm(folder, { recursive: true, force: true }) }
}

/** Words of a command line as a shell would split it; quotes within a word stay. */
export const words = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"(?!\S)|'([^']*)'(?!\S)|(\S+)/g)].map(
    ([, double, single, plain]) => double ?? single ?? plain!,
  )

/** Runs `headwater …` in this process, with nobody at the terminal. */
export async function headwater(
  line: string | readonly string[],
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Answered> {
  const said = { stdout: '', stderr: '' }
  const sink = (name: keyof typeof said) => ({
    write(text: string) {
      said[name] += text
      return true
    },
  })
  const args = typeof line === 'string' ? words(line.replace(/^headwater /, '')) : line
  const place = { stdin: {}, stdout: sink('stdout'), stderr: sink('stderr'), env, cwd: () => cwd }
  const code = await main(args, place)
  return { code, ...said }
}

/** The same in a process of its own, for commands that load a landscape's code. */
export async function headwaterApart(
  line: string,
  { cwd, env = {} }: { readonly cwd: string; readonly env?: Readonly<Record<string, string>> },
): Promise<Answered> {
  const started = start(words(line.replace(/^headwater /, '')), cwd, env)
  const code = await started.ended
  return { code: typeof code === 'number' ? code : -1, ...started.streams }
}

export interface Process {
  readonly child: ChildProcess
  readonly streams: Readonly<Record<'stdout' | 'stderr', string>>
  /** All it has said so far, on both streams. */
  said(): string
  /** Resolves with what was said up to a sentence, from the end of the last one waited for; throws when the process ends before. */
  says(sentence: string | RegExp): Promise<string>
  kill(signal: NodeJS.Signals): void
  readonly ended: Promise<number | NodeJS.Signals>
}

/** Starts `headwater …` as a process of its own. */
export function start(args: readonly string[], cwd: string, env: Readonly<Record<string, string>> = {}): Process {
  const { HEADWATER_URL: _url, DATABASE_URL: _database, ...kept } = process.env
  const child = spawn(process.execPath, ['--conditions=source', '--import', import.meta.resolve('tsx'), bin, ...args], {
    cwd,
    env: { ...kept, NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let from = 0
  const streams = { stdout: '', stderr: '' }
  const ended = new Promise<number | NodeJS.Signals>((done) =>
    child.once('close', (code, signal) => done(signal ?? code ?? 1)),
  )
  for (const name of ['stdout', 'stderr'] as const)
    child[name]!.setEncoding('utf8').on('data', (text: string) => {
      said += text
      streams[name] += text
      child.emit('said')
    })
  return {
    child,
    streams,
    ended,
    said: () => said,
    kill: (signal) => void child.kill(signal),
    says: (sentence) =>
      new Promise((found, failed) => {
        const look = () => {
          const rest = said.slice(from)
          const match = typeof sentence === 'string' ? literal(rest, sentence) : sentence.exec(rest)
          if (match === null) return
          child.off('said', look)
          from += match.index + match[0].length
          found(rest.slice(0, match.index + match[0].length))
        }
        child.on('said', look)
        void ended.then(() =>
          failed(new Error(`Expected ${String(sentence)}, the process ended having said:\n${said}`)),
        )
        look()
      }),
  }
}

function literal(text: string, sentence: string): { index: number; 0: string } | null {
  const index = text.indexOf(sentence)
  return index === -1 ? null : { index, 0: sentence }
}
