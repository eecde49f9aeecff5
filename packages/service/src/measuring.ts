import { metrics, type ObservableResult } from '@opentelemetry/api'
import type { Running } from './running.ts'

type Consumer = Awaited<ReturnType<Running['status']>>['consumers'][number]

/** What is measured of each consumer, by the name of its gauge. */
const gauges: readonly { name: string; unit: string; description: string; of: (consumer: Consumer) => number }[] = [
  { name: 'headwater.consumer.lag', unit: '{event}', description: 'Events not yet handled', of: ({ lag }) => lag },
  {
    name: 'headwater.consumer.lag.time',
    unit: 's',
    description: 'Age of the first of them',
    of: (one) => one.lagSeconds,
  },
  { name: 'headwater.consumer.rate', unit: '{event}/s', description: 'Handled', of: (one) => one.handledPerSecond },
  { name: 'headwater.consumer.parked', unit: '{key}', description: 'Keys set aside', of: ({ parked }) => parked },
]

/** Gauges of a service's consumers, by OpenTelemetry's API: read only where the process has registered an SDK. Answers what ends them. */
export function measureConsumers(running: Running): () => Promise<void> {
  const meter = metrics.getMeter('headwater')
  const ends = gauges.map(({ name, unit, description, of }) => {
    const gauge = meter.createObservableGauge(name, { unit, description })
    const observe = async (result: ObservableResult) => {
      const { service, consumers } = await running.status()
      for (const consumer of consumers)
        result.observe(of(consumer), { 'headwater.service': service, 'headwater.consumer': consumer.name })
    }
    gauge.addCallback(observe)
    return () => gauge.removeCallback(observe)
  })
  return async () => {
    for (const end of ends) end()
  }
}
