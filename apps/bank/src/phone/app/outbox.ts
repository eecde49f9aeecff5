import { RequestFailed } from '@headwater/service/client'
import { bank } from './bank.ts'
import { kept } from './kept.ts'

/** Something to be done once, however often it has to be sent: its key was made with it, and is kept until it is answered. */
export interface Waiting {
  readonly key: string
  readonly screen: 'session' | 'accounts' | 'pay' | 'pots' | 'told'
  readonly form: string
  readonly input: object
  /** In words, for whoever waits: `12.50 to @bob`. Absent for what nobody waits for. */
  readonly what?: string
}

export type Answer =
  | { readonly kind: 'done' }
  | { readonly kind: 'refused'; readonly code: string; readonly detail: string }

/** Answers that say nothing about what was asked: it may come through another time. */
const passing = new Set([0, 401, 408, 425, 429, 500, 502, 503, 504])
const longestPauseMs = 30_000

const waiters = new Map<string, (answer: Answer) => void>()
const listeners = new Set<() => void>()
let pauseMs = 1_000
let timer: ReturnType<typeof setTimeout> | undefined

export const waiting = (): readonly Waiting[] => kept.get<Waiting[]>('outbox') ?? []

/** Told whenever something that people wait for is added or answered. */
export function onChange(listener: () => void): void {
  listeners.add(listener)
}

/** Keeps what is to be done before it is sent, and sends it until there is an answer; the same key twice is one. */
export function put(one: Waiting): Promise<Answer> {
  const answered = new Promise<Answer>((resolve) => waiters.set(one.key, resolve))
  if (!waiting().some(({ key }) => key === one.key)) change([...waiting(), one], one)
  void send()
  return answered
}

function change(left: readonly Waiting[], { what }: Waiting): void {
  kept.set('outbox', left)
  if (what === undefined) return
  for (const listener of listeners) listener()
}

/** One at a time over all tabs, oldest first. */
export async function send(): Promise<void> {
  clearTimeout(timer)
  const trouble = await navigator.locks.request('phone.outbox', sendAll)
  if (!trouble) {
    pauseMs = 1_000
    return
  }
  timer = setTimeout(() => void send(), pauseMs * (0.5 + Math.random()))
  pauseMs = Math.min(pauseMs * 2, longestPauseMs)
}

/** Answers whether something could not be sent. */
async function sendAll(): Promise<boolean> {
  const later = new Set<string>()
  for (;;) {
    const one = waiting().find(({ key }) => !later.has(key))
    if (one === undefined) return later.size > 0
    const answer = await sendOne(one)
    if (answer === undefined) later.add(one.key)
    else {
      change(
        waiting().filter(({ key }) => key !== one.key),
        one,
      )
      waiters.get(one.key)?.(answer)
      waiters.delete(one.key)
    }
  }
}

async function sendOne({ key, screen, form, input }: Waiting): Promise<Answer | undefined> {
  try {
    await (bank.follow(screen) as any).act(form, input, { idempotencyKey: key })
    return { kind: 'done' }
  } catch (error) {
    if (!(error instanceof RequestFailed)) throw error
    if (passing.has(error.status) && error.code !== 'HW_NOT_OFFERED') return undefined
    return { kind: 'refused', code: error.code, detail: error.message }
  }
}

addEventListener('online', () => {
  pauseMs = 1_000
  void send()
})
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && waiting().length > 0) void send()
})
