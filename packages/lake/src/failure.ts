/** An error with a stable code; the sentence says what was expected, what came, and the fix. */
export class LakeError extends Error {
  readonly code: `HW_${string}`
  constructor(code: `HW_${string}`, sentence: string, options?: ErrorOptions) {
    super(sentence, options)
    this.code = code
  }
}
