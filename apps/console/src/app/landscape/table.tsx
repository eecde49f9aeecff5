import { Link } from '../parts/link.tsx'
import { count, plural, rate } from '../parts/numbers.ts'
import { Spark } from '../parts/spark.tsx'
import { changed } from '../place.ts'
import type { ConsumerNow, ServiceNow } from '../status.ts'
import { healthOf } from './health.ts'

/** The map in words and numbers. */
export function LandscapeTable({
  services,
  chosen,
}: {
  readonly services: readonly ServiceNow[]
  readonly chosen: string | undefined
}) {
  return (
    <div className="scroll" role="region" aria-label="Table of services" tabIndex={0}>
      <table className="services">
        <caption className="seen-by-readers">Services, their logs, their consumers and calls</caption>
        <thead>
          <tr>
            <th scope="col">Service</th>
            <th scope="col" className="number">
              Events
            </th>
            <th scope="col" className="number">
              A second
            </th>
            <th scope="col">Consumers: what they read, how far they are</th>
            <th scope="col">Read by</th>
            <th scope="col">Calls</th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <Row key={service.service} service={service} all={services} chosen={chosen === service.service} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Row({
  service,
  all,
  chosen,
}: {
  readonly service: ServiceNow
  readonly all: readonly ServiceNow[]
  readonly chosen: boolean
}) {
  const readers = [
    ...new Set(
      all
        .filter(({ consumers }) =>
          consumers.some(({ reads }) => reads.some((read) => read.service === service.service)),
        )
        .map((one) => one.service),
    ),
  ]
  return (
    <tr data-chosen={chosen || undefined}>
      <th scope="row">
        <Link to={changed({ service: chosen ? undefined : service.service })} current={chosen}>
          {service.service}
        </Link>
        <span className="quiet small under">{service.elsewhere ? 'in another process' : service.title}</span>
      </th>
      <td className="number">{service.elsewhere ? '—' : count(service.position)}</td>
      <td className="number rate">
        <Spark values={service.rates} /> {rate(service.rates.at(-1) ?? 0)}
      </td>
      <td>
        {service.consumers.length === 0 ? (
          <span className="quiet">none</span>
        ) : (
          <ul className="consumers">
            {service.consumers.map((consumer) => (
              <li key={consumer.name}>
                <Consumer consumer={consumer} />
              </li>
            ))}
          </ul>
        )}
      </td>
      <td>{readers.length === 0 ? <span className="quiet">nobody</span> : readers.join(', ')}</td>
      <td>
        {service.calls.length === 0 ? (
          <span className="quiet">none</span>
        ) : (
          service.calls.map((call) => (
            <div key={call.service} className="nowrap">
              {call.service} <span className="quiet">{count(call.count)}</span>
            </div>
          ))
        )}
      </td>
    </tr>
  )
}

export function Consumer({ consumer }: { readonly consumer: ConsumerNow }) {
  const { kind } = healthOf({ consumers: [consumer] })
  const from = consumer.reads.map(({ service }) => service).join(', ')
  return (
    <>
      <i className="dot" data-health={kind} aria-hidden="true" />
      <span>{consumer.name}</span> <span className="quiet">← {from === '' ? 'starting' : from}</span>{' '}
      <span className={kind === 'well' ? 'quiet' : `tag ${kind}`}>
        {consumer.state === 'failed' ? 'failed' : consumer.lag === 0 ? 'caught up' : `${count(consumer.lag)} behind`}
        {consumer.parked > 0 && ` · ${plural(consumer.parked, 'key')} parked`}
      </span>
    </>
  )
}
