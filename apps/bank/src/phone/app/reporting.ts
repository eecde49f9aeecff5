import { kept } from './kept.ts'
import { put } from './outbox.ts'

/** Says what was seen or touched of a variant, once a day and phone; kept while there is no connection. Nobody waits for it. */
export function report(
  { name, variant }: { readonly name: string; readonly variant: string },
  what: 'seen' | 'tapped',
): void {
  const day = new Date().toISOString().slice(0, 10)
  const key = `${name}.${variant}.${what}.${day}`
  if (kept.get(`reported.${key}`) === true) return
  kept.set(`reported.${key}`, true)
  void put({ key, screen: 'pay', form: 'report', input: { variant, what } })
}
