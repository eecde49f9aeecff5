import { useSyncExternalStore } from 'react'

/** Where the page is: all its state that outlives a reload, and can be sent to somebody else. */
export interface Place {
  /** `/experiments/round-ups` → `['experiments', 'round-ups']` */
  readonly path: readonly string[]
  readonly query: URLSearchParams
}

const moved = new EventTarget()
addEventListener('popstate', () => moved.dispatchEvent(new Event('moved')))

export function usePlace(): Place {
  const href = useSyncExternalStore(
    (listen) => {
      moved.addEventListener('moved', listen)
      return () => moved.removeEventListener('moved', listen)
    },
    () => location.pathname + location.search,
  )
  const url = new URL(href, location.href)
  return { path: url.pathname.split('/').filter(Boolean).map(decodeURIComponent), query: url.searchParams }
}

/** Goes somewhere else; back leads here again. */
export function go(to: string): void {
  if (to === location.pathname + location.search) return
  history.pushState(undefined, '', to)
  moved.dispatchEvent(new Event('moved'))
}

export type Changes = Readonly<Record<string, string | readonly string[] | undefined>>

/** The address here with some parameters changed; undefined or empty takes one away. */
export function changed(changes: Changes): string {
  const query = new URLSearchParams(location.search)
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name)
    for (const one of [value ?? []].flat()) if (one !== '') query.append(name, one)
  }
  const text = query.toString().replaceAll('%2F', '/').replaceAll('%3A', ':').replaceAll('%2C', ',')
  return location.pathname + (text === '' ? '' : `?${text}`)
}

/** Changes what is shown here: no step for back to undo. */
export function change(changes: Changes): void {
  history.replaceState(undefined, '', changed(changes))
  moved.dispatchEvent(new Event('moved'))
}
