import { ExperimentRefused } from './refused.ts'

/**
 * An amount in an event as an integer of units of 10^−scale; undefined when the field is absent or null.
 * At most 2^53 − 1 in size, so that every JSON reader sees the same number. Else HW_NOT_IN_SCALE.
 */
export function amountOf(value: unknown, scale: number): number | undefined {
  if (value === undefined || value === null) return undefined
  if (scale === 0 && Number.isSafeInteger(value)) return value as number
  const [, sign, whole, fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,3}))?$/.exec(String(value)) ?? []
  if (whole === undefined) throw notInScale(value, scale)
  const shift = scale + Number(exponent) - fraction.length
  const digits = BigInt(`${sign}${whole}${fraction}`)
  const power = 10n ** BigInt(shift < 0 ? -shift : shift)
  if (shift < 0 && digits % power !== 0n) throw notInScale(value, scale)
  const amount = Number(shift < 0 ? digits / power : digits * power)
  if (!Number.isSafeInteger(amount)) throw notInScale(value, scale)
  return amount
}

export function notInScale(value: unknown, scale: number): ExperimentRefused {
  return new ExperimentRefused(
    'HW_NOT_IN_SCALE',
    `Expected an amount with at most ${scale} decimals and below 2^53 in that scale, got ${JSON.stringify(value)}. Name the metric's scale: sum(event, field, { scale }).`,
  )
}
