import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

export type Member = 'experiments' | 'pots' | 'gifts'
export const members: readonly Member[] = ['experiments', 'pots', 'gifts']

/** The three processes; each may be killed and is started again on its port. */
export class Crew {
  readonly #on: {
    readonly directory: string
    readonly name: string
    readonly postgres: string
    readonly ports: Readonly<Record<Member, number>>
  }
  readonly #children = new Map<Member, ChildProcess>()
  #resting = false
  readonly kills: Record<Member, number> = { experiments: 0, pots: 0, gifts: 0 }

  constructor(on: Crew['on']) {
    this.#on = on
  }
  get on() {
    return this.#on
  }

  urlOf(member: Member): string {
    return `http://127.0.0.1:${this.#on.ports[member]}/`
  }

  /** Resolves when the process answers. */
  async start(member: Member, tries = 20): Promise<void> {
    const { directory, name, postgres, ports } = this.#on
    const others = members.filter((one) => one !== member).map((one) => `${one}=${this.urlOf(one)}${one}/`)
    const program = [
      join(import.meta.dirname, 'place.ts'),
      member,
      String(ports[member]),
      directory,
      name,
      postgres,
      ...others,
    ]
    const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', ...program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#children.set(member, child)
    const ended = new Promise<'ended'>((done) => child.once('exit', () => done('ended')))
    const ready = new Promise<'ready'>((done) => child.stdout.once('data', () => done('ready')))
    if ((await Promise.race([ready, ended])) === 'ready' || this.#resting || this.#children.get(member) !== child)
      return
    // A port or a database may still be held for a moment by the one before; for longer, something else is wrong.
    if (tries === 0) throw new Error(`Process ${member} does not start; its own words are above.`)
    await this.start(member, tries - 1)
  }

  async kill(member: Member): Promise<void> {
    this.kills[member]++
    this.#children.get(member)!.kill('SIGKILL')
    await this.start(member)
  }

  stop(): void {
    this.#resting = true
    for (const child of this.#children.values()) child.kill('SIGKILL')
  }
}
