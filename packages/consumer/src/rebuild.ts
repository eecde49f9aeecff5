import { chase } from './chase.ts'
import type { Consumer } from './consumer.ts'
import { inSchema, type EffectTransaction } from './effects.ts'
import type { PostgresKeeper } from './keepers/postgres.ts'
import { runConsumer } from './run-consumer.ts'
import type { Source } from './source.ts'

export interface RebuildOptions {
  readonly source: Source
  readonly keeper: PostgresKeeper
  /** Schema of the tables that the consumer fills. Its handlers name them without schema: run it with `inSchema(effects, schema)`. */
  readonly schema: string
  /** Makes those tables, empty; names without schema lie in the new one. */
  readonly prepare: (tx: EffectTransaction) => Promise<unknown>
  /** Held although never made: what parked events would have done outside. Without it a rebuild with parked events is refused. */
  readonly parked?: 'hold'
  readonly signal?: AbortSignal
}

/**
 * Builds a consumer's tables anew from all of history beside the live ones, which serve and move on meanwhile; then switches,
 * in one transaction: the schema's name and the checkpoints. Outside effects and commands are held throughout: the live consumer
 * made them. The live consumer must be running, and is not overtaken. Answers the events handled.
 */
export async function rebuildConsumer(consumer: Consumer, options: RebuildOptions): Promise<{ handled: number }> {
  const { source, keeper, schema, prepare, signal = new AbortController().signal, parked } = options
  const shadow = {
    consumer: consumer.name,
    shadow: `${consumer.name}+rebuild`,
    schema,
    services: consumer.services.map(({ service }) => service),
  }
  await keeper.shadows.open(shadow, async (tx) => void (await prepare(tx)))
  const running = runConsumer(
    { ...consumer, name: shadow.shadow },
    {
      keeper,
      source: chase(source, { keeper, consumer: consumer.name }),
      effects: inSchema(keeper.effects, `${schema}_rebuild`),
    },
  )
  try {
    // Twice: the second time little is left, so that the switch comes close behind the live one.
    for (let round = 0; round < 2; round++) {
      const live = await keeper.progress(consumer.name)
      await running.caughtUp(Object.fromEntries(live.map(({ service, greatest }) => [service, greatest])), { signal })
    }
  } catch (error) {
    await running.stop()
    await keeper.shadows.drop(shadow)
    throw running.status().state === 'failed' ? await running.ended.catch((failure: unknown) => failure) : error
  }
  await running.stop()
  await keeper.shadows.adopt(shadow, { holdParked: parked === 'hold' })
  return { handled: running.status().handled }
}
