export type Theme = 'system' | 'light' | 'dark'

const key = 'headwater-theme'

export function themeNow(): Theme {
  const kept = localStorage.getItem(key)
  return kept === 'light' || kept === 'dark' ? kept : 'system'
}

/** Puts the chosen theme into force; without a choice the system's counts. */
export function followTheme(chosen: Theme = themeNow()): void {
  if (chosen === 'system') localStorage.removeItem(key)
  else localStorage.setItem(key, chosen)
  document.documentElement.dataset['theme'] = chosen
}
