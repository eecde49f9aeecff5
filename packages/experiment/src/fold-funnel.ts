import { microsOf } from './duration.ts'
import type { Metric } from './metric.ts'

/** Per step, when the latest attempt began that leads to it, with the event that got there; microseconds. */
export type FunnelState = (number | undefined)[]

interface Place {
  readonly time: number
  readonly service: string
  readonly position: number
}

/**
 * An event of a step carries the latest start that leads to it: of all attempts alive, the one with most time left.
 * Steps of one event are told last step first, so no event is two steps of one attempt.
 */
export function funnelStep(metric: Metric, state: FunnelState, step: number, { time }: Place): void {
  const { start, inside } = metric.funnel!
  if (step === 0) {
    if (start === 'any' || state[0] === undefined) state[0] = time
    return
  }
  const began = state[step - 1]
  if (began === undefined || time - began >= microsOf(inside ?? metric.within!)) return
  state[step] = Math.max(state[step] ?? began, began)
}

export function reachedEnd(metric: Metric, state: FunnelState): boolean {
  return state[metric.funnel!.steps.length - 1] !== undefined
}
