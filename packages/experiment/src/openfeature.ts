import type { UsedAllocation } from './allocation.ts'
import type { Attributes } from './assign.ts'
import type { StreamAppend } from './exposure.ts'
import { variantReader } from './variant-reader.ts'

export interface ProviderOptions {
  /** Allocations in use, now. */
  readonly allocations: () => ReadonlyMap<string, UsedAllocation>
  /** Called with the exposure of each evaluation that takes part; append it where the act is recorded. Its id is computed, so a repeat is the same event. */
  readonly expose: (append: StreamAppend) => unknown
}

/** What OpenFeature passes along with a question. */
interface EvaluationContext {
  readonly targetingKey?: string
  readonly [attribute: string]: unknown
}

interface Resolved<T> {
  readonly value: T
  readonly variant?: string
  readonly reason: 'SPLIT' | 'STATIC' | 'DEFAULT'
}

/** A flag of another kind than text; OpenFeature reads `code`. */
class EvaluationFailed extends Error {
  readonly code: 'TYPE_MISMATCH' | 'TARGETING_KEY_MISSING'
  constructor(code: EvaluationFailed['code'], message: string) {
    super(message)
    this.code = code
  }
}

/**
 * An OpenFeature server provider (specification 0.8): a flag is an experiment, its value the variant's name as text.
 * `targetingKey` is the unit; `requestId` (else the unit itself) makes the exposure's id. Where the experiment is not running, the default is answered.
 */
export function experimentProvider({ allocations, expose }: ProviderOptions) {
  function resolveStringEvaluation(
    flag: string,
    otherwise: string,
    context: EvaluationContext,
  ): Promise<Resolved<string>> {
    return settle(() => {
      const allocation = allocations().get(flag)
      if (allocation === undefined) return { value: otherwise, reason: 'DEFAULT' }
      const { targetingKey: unit, requestId = unit } = context
      if (unit === undefined)
        throw new EvaluationFailed(
          'TARGETING_KEY_MISSING',
          `Expected a targetingKey: the unit of experiment ${flag}, got none.`,
        )
      const reader = variantReader(new Map([[flag, allocation]]), { request: String(requestId) })
      const named = { name: flag, control: allocation.control, variants: allocation.variants }
      const variant = reader.variant(named, unit, attributesOf(context))
      const exposures = reader.exposures()
      for (const append of exposures) expose(append)
      return { value: variant, variant, reason: exposures.length > 0 && !allocation.silent ? 'SPLIT' : 'STATIC' }
    })
  }
  const textOnly = (flag: string) =>
    settle((): never => {
      throw new EvaluationFailed(
        'TYPE_MISMATCH',
        `Experiment ${flag} answers with the name of a variant. Ask for a string.`,
      )
    })
  return {
    metadata: { name: 'headwater' },
    runsOn: 'server' as const,
    resolveStringEvaluation,
    resolveBooleanEvaluation: textOnly,
    resolveNumberEvaluation: textOnly,
    resolveObjectEvaluation: textOnly,
  }
}

/** OpenFeature wants failures as rejections. */
async function settle<T>(work: () => T): Promise<T> {
  return work()
}

function attributesOf(context: EvaluationContext): Attributes {
  const plain = Object.entries(context).filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
  return Object.fromEntries(plain) as Attributes
}
