/** Thrown when what was passed in cannot be statistics at all; a result that merely cannot be computed is data. */
export class InvalidStatistics extends Error {
  readonly code: 'HW_NOT_AN_INTEGER' | 'HW_UNLIKE_SUMS' | 'HW_IMPOSSIBLE_SUMS' | 'HW_IMPOSSIBLE_OPTION'
  constructor(code: InvalidStatistics['code'], sentence: string) {
    super(sentence)
    this.name = 'InvalidStatistics'
    this.code = code
  }
}

/** Refuses an option outside its range. */
export function within(name: string, value: number, low: number, high: number): number {
  if (value > low && value < high) return value
  throw new InvalidStatistics(
    'HW_IMPOSSIBLE_OPTION',
    `${name} must lie between ${low} and ${high}, both excluded; it is ${value}.`,
  )
}
