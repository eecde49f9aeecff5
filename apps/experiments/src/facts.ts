import { allocationSchema, declarationSchema } from '@headwater/experiment'
import { events } from '@headwater/service'
import { z } from 'zod'

const experiment = z.string()
const by = z.string()
const lookedAt = z.object({ positions: z.record(z.string(), z.int()), time: z.string() })

export const verdict = z.enum(['keep', 'kill'])

/** What happens to experiments. Services follow `AllocationChanged`; the rest says why. */
export const facts = events('experiments', {
  /** A service has declared it; from here its content hash holds. Version 1, 2, 3… of the declaration. */
  ExperimentSealed: {
    data: declarationSchema.extend({ service: z.string(), version: z.int() }),
    level: 'published',
    key: 'experiment',
  },
  /** Its code says something else than what was sealed. Nothing changes until somebody amends, with a reason. */
  AmendmentProposed: { data: declarationSchema.extend({ service: z.string() }), level: 'published', key: 'experiment' },
  /** Its code says again what is sealed. */
  AmendmentWithdrawn: {
    data: z.object({ experiment, seal: z.string(), service: z.string() }),
    level: 'published',
    key: 'experiment',
  },
  ExperimentAmended: {
    data: declarationSchema.extend({ service: z.string(), version: z.int(), reason: z.string(), by }),
    level: 'published',
    key: 'experiment',
  },
  ExperimentStarted: { data: z.object({ experiment, seal: z.string(), by }), level: 'published', key: 'experiment' },
  AllocationChanged: { data: allocationSchema, level: 'published', key: 'experiment' },
  /** The rule cannot say, or a day has come: people are asked. */
  DecisionAsked: {
    data: z.object({ experiment, because: z.string(), hold: z.boolean(), at: lookedAt }),
    level: 'published',
    key: 'experiment',
  },
  /** Somebody wants to overrule the rule; a second person has to agree. */
  OverrideProposed: {
    data: z.object({ experiment, verdict, variant: z.string(), reason: z.string(), by }),
    level: 'published',
    key: 'experiment',
  },
  ExperimentDecided: {
    data: z.object({
      experiment,
      verdict,
      /** The variant everybody gets. */
      variant: z.string(),
      because: z.string(),
      /** `rule`, or who did. */
      by,
      /** Who agreed to overrule the rule. */
      agreedBy: z.string().exactOptional(),
      decidedAt: z.string().exactOptional(),
      at: lookedAt.exactOptional(),
    }),
    level: 'published',
    key: 'experiment',
  },
  PeriodExtended: {
    data: z.object({ experiment, until: z.string(), reason: z.string(), by }),
    level: 'published',
    key: 'experiment',
  },
  /** A decision was taken back; the experiment runs again, as a new era. */
  ExperimentResumed: { data: z.object({ experiment, reason: z.string(), by }), level: 'published', key: 'experiment' },
  /** From here on it goes: whoever goes on after a kill finds what was to go. */
  RemovalBegun: {
    data: z.object({ experiment, goes: z.array(z.string()), reason: z.string(), by }),
    level: 'published',
    key: 'experiment',
  },
  ExperimentRemoved: {
    data: z.object({
      experiment,
      gone: z.array(z.string()),
      left: z.array(z.string()).exactOptional(),
      reason: z.string(),
      by,
    }),
    level: 'published',
    key: 'experiment',
  },
})
