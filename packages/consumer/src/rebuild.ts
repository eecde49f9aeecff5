import { chase } from './chase.ts'
import type { Consumer, KeptTables } from './consumer.ts'
import type { PostgresKeeper } from './keepers/postgres.ts'
import { runConsumer } from './run-consumer.ts'
import type { Source } from './source.ts'

export interface RebuildOptions {
  readonly source: Source
  readonly keeper: PostgresKeeper
  /** Held although never made: what parked events would have done outside. Without it a rebuild with parked events is refused. */
  readonly parked?: 'hold'
  readonly signal?: AbortSignal
}

/**
 * Builds the tables a consumer `keeps` anew from all of history beside the live ones, which serve and move on meanwhile; then
 * switches, in one transaction: the schema's name and the checkpoints. Outside effects and commands are held throughout: the live consumer
 * made them. The live consumer must be running, and is not overtaken. Answers the events handled.
 * @throws `HW_NOTHING_KEPT` for a consumer that keeps no tables: `rewindConsumer` lets it handle its past again
 */
export async function rebuildConsumer(consumer: Consumer, options: RebuildOptions): Promise<{ handled: number }> {
  const { source, keeper, signal = new AbortController().signal, parked } = options
  const { schema, tables } = keptBy(consumer)
  const shadow = {
    consumer: consumer.name,
    shadow: `${consumer.name}+rebuild`,
    schema,
    services: consumer.services.map(({ service }) => service),
  }
  await keeper.shadows.open(shadow, async (tx) => void (await tx.query(tables)))
  const running = runConsumer(
    {
      ...consumer,
      name: shadow.shadow,
      options: { ...consumer.options, keeps: { schema: `${schema}_rebuild`, tables } },
    },
    { keeper, source: chase(source, { keeper, consumer: consumer.name }) },
  )
  try {
    // Twice: the second time little is left, so that the switch comes close behind the live one.
    for (let round = 0; round < 2; round++) {
      const live = await keeper.progress(consumer.name)
      await running.caughtUp(Object.fromEntries(live.map(({ service, greatest }) => [service, greatest])), { signal })
    }
    await running.stop()
    await keeper.shadows.adopt(shadow, { holdParked: parked === 'hold' })
  } catch (error) {
    await running.stop()
    await keeper.shadows.drop(shadow)
    throw running.status().state === 'failed' ? await running.ended.catch((failure: unknown) => failure) : error
  }
  return { handled: running.status().handled }
}

function keptBy({ name, options }: Consumer): KeptTables {
  if (options.keeps !== undefined) return options.keeps
  throw Object.assign(
    new Error(
      `Expected a consumer that keeps tables, got ${name}, which declares none. Declare keeps: { schema, tables }, or rewind it.`,
    ),
    { code: 'HW_NOTHING_KEPT' },
  )
}
