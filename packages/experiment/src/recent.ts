/** What was said of each key in the last so many microseconds. */
export interface Recent<T extends { readonly time: number }> {
  keep(key: string, said: T): void
  takeAll(key: string): readonly T[]
}

/** Times never fall. Entries are forgotten once they are older than the horizon: memory is what the horizon holds. */
export function recent<T extends { readonly time: number }>(horizonMicros: number): Recent<T> {
  const held = new Map<string, T[]>()
  let order: { readonly key: string; readonly said: T }[] = []
  let next = 0

  function forget(now: number): void {
    while (next < order.length && order[next]!.said.time < now - horizonMicros) {
      const { key, said } = order[next++]!
      const list = held.get(key)
      if (list?.[0] !== said) continue
      list.shift()
      if (list.length === 0) held.delete(key)
    }
    if (next > 10_000 && next > order.length / 2) {
      order = order.slice(next)
      next = 0
    }
  }
  return {
    keep(key, said) {
      forget(said.time)
      const list = held.get(key)
      if (list === undefined) held.set(key, [said])
      else list.push(said)
      order.push({ key, said })
    },
    takeAll(key) {
      const list = held.get(key) ?? []
      held.delete(key)
      return list
    },
  }
}
