const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 })

/** `2,436` */
export const count = (value: number): string => whole.format(value)

/** `12`, `0.4`, `1.2 k` a second. */
export function rate(value: number): string {
  if (value >= 10_000) return `${whole.format(value / 1_000)} k`
  if (value >= 1_000) return `${(value / 1_000).toFixed(1)} k`
  if (value >= 10 || value === 0) return whole.format(value)
  return value.toFixed(1)
}

/** `4 s`, `3 min`, `2 h`, `5 d`. */
export function span(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`
  if (seconds < 100) return `${Math.round(seconds)} s`
  if (seconds < 6_000) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} h`
  return `${Math.round(seconds / 86_400)} d`
}

/** `+12.3 %` with a true minus; open ends as ∞. */
export function percent(value: number | null | undefined, digits = 1): string {
  if (value === null || value === undefined) return '∞'
  const text = Math.abs(value * 100).toFixed(digits)
  return `${value < 0 ? '−' : value > 0 ? '+' : ''}${text} %`
}

export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`
