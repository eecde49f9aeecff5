import { useQuery } from '@tanstack/react-query'
import { landscape } from '../reach.ts'
import { type ServiceNow, statusQuery } from '../status.ts'
import type { FeedEvent } from './event.ts'
import type { Related } from './related.ts'

interface Reader {
  readonly name: string
  /** Absent where it declared nothing. */
  readonly reads?: Readonly<Record<string, readonly string[]>>
}

interface ConsumedProps {
  readonly event: FeedEvent
  readonly service: string
  readonly related: readonly Related[] | undefined
}

/** Who has declared to read this type, whether each has handled this event, and what came of it. */
export function Consumed({ event, service, related = [] }: ConsumedProps) {
  const { data: status } = useQuery(statusQuery)
  const { data: readers } = useQuery({
    queryKey: ['readers', service],
    queryFn: async () => {
      const contract = await (await landscape.service(service)).follow('contract')
      return ((await contract.follow('readers')).state as { readers: readonly Reader[] }).readers
    },
    retry: false,
  })
  const reading = (readers ?? []).filter(({ reads }) => reads !== undefined && event.type in reads)
  return (
    <>
      <h3>Who consumed it</h3>
      {reading.length === 0 ? (
        <p className="quiet">No consumer has declared to read {event.type}.</p>
      ) : (
        <ul className="lines">
          {reading.map(({ name }) => {
            const [owner = '', consumer] = name.split('/')
            const effects = related.filter((one) => one.cause === event.id && one.service === owner).length
            return (
              <li key={name}>
                {name}
                <span className="quiet">
                  {handled(status?.services, owner, consumer, { service, position: event.position })}
                  {effects > 0 && `, ${effects} ${effects === 1 ? 'event' : 'events'} came of it`}
                </span>
              </li>
            )
          })}
        </ul>
      )}
    </>
  )
}

function handled(
  services: readonly ServiceNow[] | undefined,
  owner: string,
  name: string | undefined,
  event: { readonly service: string; readonly position: number },
): string {
  const consumer = services?.find((one) => one.service === owner)?.consumers.find((one) => one.name === name)
  const read = consumer?.reads.find((one) => one.service === event.service)
  if (consumer === undefined || read === undefined) return 'declared; not seen in this landscape'
  if (read.position >= event.position) return consumer.parked > 0 ? 'handled or parked' : 'handled'
  return 'waits'
}
