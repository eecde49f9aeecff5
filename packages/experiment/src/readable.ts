import type { Contract } from '@headwater/contract'
import { type Experiment, metricsOf } from './experiment.ts'
import { type Events, eventsIn, type Metric } from './metric.ts'
import { ExperimentRefused } from './refused.ts'
import { fieldsOf } from './schema-fields.ts'

/**
 * Refuses metrics that could break under the experiment: on another service's internal event (HW_METRIC_INTERNAL), or
 * on one of its own that no event of a stream gives a unit (HW_UNIT_UNKNOWN). For the service that declares it.
 */
export function requireReadable(experiment: Experiment<any>, contract: Contract): void {
  for (const metric of metricsOf(experiment)) {
    for (const events of eventsIn(metric)) {
      refuseForeignInternal(experiment, contract.service, metric, events)
      if (events.service === contract.service) refuseWithoutUnit(experiment, contract, metric, events)
    }
  }
}

function refuseForeignInternal(experiment: Experiment, service: string, metric: Metric, events: Events): void {
  if (events.internal !== true || events.service === service) return
  throw new ExperimentRefused(
    'HW_METRIC_INTERNAL',
    `Experiment ${experiment.name}: metric "${metric.name}" reads ${events.type}, which is internal to ${events.service} and may change without warning. Measure a published event, or ask ${events.service} to publish this one.`,
  )
}

function refuseWithoutUnit({ name, unit }: Experiment, contract: Contract, metric: Metric, events: Events): void {
  const { type, unitBy } = events
  const names = (fields: readonly string[] | undefined) => fields === undefined || fields.includes(unit)
  if (names(events.fields)) return
  const naming = [...contract.types.values()].filter((one) => one.type === unitBy || unitBy === undefined)
  if (naming.some((one) => names(fieldsOf(one.data)))) return
  throw new ExperimentRefused(
    'HW_UNIT_UNKNOWN',
    `Experiment ${name}: metric "${metric.name}" cannot tell whose ${type} is whose: neither it nor ${unitBy ?? 'another event of its service'} has a field "${unit}".`,
  )
}
