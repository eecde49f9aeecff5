const whole = new Intl.NumberFormat(undefined, { useGrouping: true, maximumFractionDigits: 0 })

/** Minor units as people read them: 125050 → 1,250.50. Exact: no fraction is ever a floating-point number. */
export function shown(amountMinor: number, { sign = false } = {}): string {
  const minor = Math.abs(amountMinor)
  const before = amountMinor < 0 ? '−' : sign && amountMinor > 0 ? '+' : ''
  return `${before}${whole.format(Math.trunc(minor / 100))}.${String(minor % 100).padStart(2, '0')}`
}

/** What people type as minor units: `12`, `12.5`, `12,50`. Undefined where it is no amount. */
export function typed(text: string): number | undefined {
  const [, units, fraction = ''] = /^\s*(\d{1,7})(?:[.,](\d{1,2}))?\s*$/.exec(text) ?? []
  if (units === undefined) return undefined
  return Number(units) * 100 + Number(fraction.padEnd(2, '0'))
}
