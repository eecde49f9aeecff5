/** Version of the arithmetic: raised whenever a change moves a byte of `golden/results.json`, so that a kept result says what computed it. */
export const engine = 'headwater-stats-2'
