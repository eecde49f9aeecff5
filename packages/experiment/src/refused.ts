/** Thrown when something said about an experiment cannot be; the message names what was expected, what came and the fix. */
export class ExperimentRefused extends Error {
  readonly code: `HW_${string}`
  constructor(code: `HW_${string}`, message: string) {
    super(message)
    this.name = 'ExperimentRefused'
    this.code = code
  }
}
