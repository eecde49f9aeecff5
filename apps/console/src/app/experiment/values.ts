import { count, percent } from '../parts/numbers.ts'
import type { Interval, Margin, Metric } from './reading.ts'

const small = new Intl.NumberFormat('en', { maximumSignificantDigits: 4 })

/** A metric's value per unit, in its own unit. */
export function valueOf(kind: string, value: number): string {
  if (kind === 'proportion') return `${(value * 100).toFixed(2)} %`
  return Math.abs(value) >= 1_000 ? count(value) : small.format(value)
}

/** A difference, in percentage points where the metric is a share. */
export function differenceOf(kind: string, value: number | null): string {
  if (value === null) return '∞'
  const sign = value < 0 ? '−' : value > 0 ? '+' : ''
  const size = Math.abs(value)
  return kind === 'proportion' ? `${sign}${(size * 100).toFixed(2)} pp` : `${sign}${valueOf(kind, size)}`
}

export const isShare = (kind: string): boolean => ['share', 'retention', 'funnel'].includes(kind)

/** What a chart and an interval of this metric are about: the lift, unless its margin is said in its own unit. */
export function scaleOf(metric: Metric | undefined): { readonly on: 'lift' | 'difference'; readonly margin?: number } {
  const bound = metric?.mayRise ?? metric?.mayFall
  if (bound === undefined) return { on: 'lift' }
  const sign = metric?.mayRise === undefined ? -1 : 1
  return { on: bound.of === 'relative' ? 'lift' : 'difference', margin: sign * bound.amount }
}

export function marginText(metric: Metric | undefined): string | undefined {
  const bound = metric?.mayRise ?? metric?.mayFall
  if (bound === undefined) return undefined
  return `may ${metric?.mayRise === undefined ? 'fall' : 'rise'} by ${amountText(bound, metric!.kind)}`
}

function amountText({ of, amount }: Margin, kind: string): string {
  if (of === 'relative') return `${small.format(amount * 100)} %`
  return isShare(kind) ? `${small.format(amount * 100)} pp` : small.format(amount)
}

export function intervalText({ estimate, lower, upper }: Interval, said: (value: number | null) => string): string {
  return `${said(estimate)} (${lower === null ? '−∞' : said(lower)} to ${upper === null ? '∞' : said(upper)})`
}

export const liftText = (value: number | null): string => percent(value)

/** `25 Nov 2026, 14:03` in UTC: experiments are judged by the days of UTC. */
export function moment(time: string): string {
  const date = new Date(time)
  const day = date.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric', timeZone: 'UTC' })
  return `${day}, ${date.toISOString().slice(11, 16)}`
}
