import { randomUUID } from 'node:crypto'
import { mkdirSync, rmSync } from 'node:fs'
import { readdir, rm, stat, utimes } from 'node:fs/promises'
import { join } from 'node:path'

const HOUR_MS = 3_600_000
/** Folders that nobody has said he still uses for so long belong to processes that died. */
const DEAD_MS = 24 * HOUR_MS

/**
 * Folders on the local disk, each for one DuckDB alone: it spills there, under names that are the same in every process, and is
 * handed files there.
 */
export class Scratch {
  readonly #root: string
  readonly #taken = new Set<string>()
  readonly #used: NodeJS.Timeout

  constructor(root: string) {
    this.#root = root
    this.#used = setInterval(() => void this.#use(), HOUR_MS).unref()
  }

  /** Makes a folder and answers its path. */
  take(): string {
    const folder = join(this.#root, randomUUID())
    mkdirSync(folder, { recursive: true })
    this.#taken.add(folder)
    return folder
  }

  /** Removes a folder and what is in it; at once, so that it is gone also when this process ends now. */
  drop(folder: string): void {
    this.#taken.delete(folder)
    rmSync(folder, { recursive: true, force: true })
  }

  /** Removes what processes left that were ended together with their parent. */
  async sweep(): Promise<void> {
    await this.#use()
    for (const entry of await readdir(this.#root, { withFileTypes: true }).catch(() => [])) {
      const folder = join(this.#root, entry.name)
      const used = entry.isDirectory() ? await stat(folder).catch(() => undefined) : undefined
      if (used !== undefined && used.mtimeMs < Date.now() - DEAD_MS) await rm(folder, { recursive: true, force: true })
    }
  }

  close(): void {
    clearInterval(this.#used)
    for (const folder of this.#taken) this.drop(folder)
  }

  async #use(): Promise<void> {
    const now = new Date()
    await Promise.all([...this.#taken].map((folder) => utimes(folder, now, now).catch(() => {})))
  }
}
