/** Which fields of which types are read, found out by handing out some of the data under observation. */
export interface FieldReads {
  /** The data, or now and then a copy that notes which of its fields are read. */
  watch<Data>(type: string, data: Data): Data
  /** Fields noted since the last call, as JSON Pointers by type. */
  taken(): Record<string, string[]>
}

/** Of each type, the first so many are all observed; then one in `every`. */
const firstObserved = 16

/** What is observed may add to what a reader declared, never take away: what was not read in a sample may be read tomorrow. */
export function fieldReads({ every = 64 }: { readonly every?: number } = {}): FieldReads {
  const counts = new Map<string, number>()
  let noted = new Map<string, Set<string>>()
  return {
    watch(type, data) {
      const count = counts.get(type) ?? 0
      counts.set(type, count + 1)
      if (count >= firstObserved && count % every !== 0) return data
      return observed(data, '', (pointer) => {
        const fields = noted.get(type)
        if (fields === undefined) noted.set(type, new Set([pointer]))
        else fields.add(pointer)
      })
    },
    taken() {
      const all = Object.fromEntries([...noted].map(([type, fields]) => [type, [...fields].toSorted()]))
      noted = new Map()
      return all
    },
  }
}

/** A copy with accessors, not a Proxy: `structuredClone` and all else that takes plain data takes it too. */
function observed<Value>(value: Value, at: string, note: (pointer: string) => void): Value {
  if (typeof value !== 'object' || value === null) return value
  const list = Array.isArray(value)
  const copy: object = list ? [] : Object.create(Object.getPrototypeOf(value))
  for (const key of Object.keys(value)) {
    const pointer = `${at}/${list ? '*' : key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    let held = observed((value as Record<string, unknown>)[key], pointer, note)
    Object.defineProperty(copy, key, {
      enumerable: true,
      configurable: true,
      get() {
        if (!list) note(pointer)
        return held
      },
      set(changed) {
        held = changed
      },
    })
  }
  return copy as Value
}
