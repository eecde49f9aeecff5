import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'

/** The processes of this program, each of which may be killed and is then started again. */
export class Crew {
  readonly #url: string
  readonly #feedPort: number
  readonly #members: { role: 'server' | 'worker'; child: ChildProcess }[] = []
  #handler: 'broken' | 'mended' = 'broken'
  #started = 0
  #resting = false
  kills = { server: 0, worker: 0 }

  constructor(databaseUrl: string, feedPort: number) {
    this.#url = databaseUrl
    this.#feedPort = feedPort
  }

  start(workers: number): void {
    this.#members.push({ role: 'server', child: this.#spawn('server') })
    for (let n = 0; n < workers; n++) this.#members.push({ role: 'worker', child: this.#spawn('worker') })
  }

  /** Ends one without warning and starts another in its place. */
  kill(random: () => number): void {
    const victim = this.#members[Math.floor(random() * this.#members.length)]!
    this.kills[victim.role] += 1
    victim.child.kill('SIGKILL')
    victim.child = this.#spawn(victim.role)
  }

  /** From now on workers run the handler that can handle everything. */
  mend(): void {
    this.#handler = 'mended'
    for (const member of this.#members) {
      if (member.role !== 'worker') continue
      member.child.kill('SIGKILL')
      member.child = this.#spawn('worker')
    }
  }

  stop(): void {
    this.#resting = true
    for (const { child } of this.#members) child.kill('SIGKILL')
  }

  #spawn(role: 'server' | 'worker'): ChildProcess {
    const last = role === 'server' ? [String(this.#feedPort)] : [this.#feedUrl, `w${++this.#started}`, this.#handler]
    const program = join(import.meta.dirname, `${role}.ts`)
    const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', program, this.#url, ...last], {
      stdio: ['ignore', 2, 2],
    })
    child.once('exit', (code) => {
      // A worker that ends by itself has found that going on would do harm: nothing here should make it think so.
      if (code !== null && !this.#resting) throw new Error(`A ${role} ended by itself with ${code}.`)
    })
    return child
  }

  get #feedUrl(): string {
    return `http://127.0.0.1:${this.#feedPort}/events`
  }
}
