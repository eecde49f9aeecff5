const prefix = 'phone.'

/** What the phone keeps over a reload: screens as they were seen last, and what is still to be sent. */
export const kept = {
  get<T>(name: string): T | undefined {
    const text = localStorage.getItem(prefix + name)
    return text === null ? undefined : (JSON.parse(text) as T)
  },
  set(name: string, value: unknown): void {
    localStorage.setItem(prefix + name, JSON.stringify(value))
  },
  /** At signing out: the next person on this phone finds nothing. */
  clear(): void {
    for (const name of Object.keys(localStorage)) if (name.startsWith(prefix)) localStorage.removeItem(name)
  },
}
