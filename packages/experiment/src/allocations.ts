import type { Allocation, UsedAllocation } from './allocation.ts'

/** The allocations one service uses, kept up by what it hears and surviving the silence of who decides them. */
export interface Allocations {
  /** Immutable: pin it when a request arrives. After 24 h of silence every experiment is back to control, and each says so (`silent`). */
  current(): ReadonlyMap<string, UsedAllocation>
  /** Whether this allocation is news: append `adoption` first, then `use` it. */
  isNews(allocation: Allocation): boolean
  use(allocation: Allocation): void
  /** The service that decides was heard: an event of it, or the end of its feed reached. */
  heard(): void
  silent(): boolean
}

const longestSilenceMs = 24 * 3_600_000

/**
 * @param onSilence told once when silence begins, for the log of the process.
 */
export function followAllocations(options: {
  readonly now: () => number
  readonly silenceMs?: number
  readonly onSilence?: (sinceMs: number) => void
}): Allocations {
  const { now, silenceMs = longestSilenceMs, onSilence = () => {} } = options
  let used: ReadonlyMap<string, Allocation> = new Map()
  let inSilence: ReadonlyMap<string, UsedAllocation> = new Map()
  let heardAt = now()
  let said = false
  const silent = () => now() - heardAt > silenceMs
  return {
    current() {
      if (!silent()) return used
      if (!said) onSilence(heardAt)
      said = true
      return inSilence
    },
    isNews: (allocation) => (used.get(allocation.experiment)?.version ?? 0) < allocation.version,
    use(allocation) {
      if (!this.isNews(allocation)) return
      used = new Map(used).set(allocation.experiment, allocation)
      inSilence = new Map(inSilence).set(allocation.experiment, { ...allocation, silent: true })
    },
    heard() {
      heardAt = now()
      said = false
    },
    silent,
  }
}
