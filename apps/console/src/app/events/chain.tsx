import { Link } from '../parts/link.tsx'
import { span } from '../parts/numbers.ts'
import { changed } from '../place.ts'
import { brief, type FeedEvent } from './event.ts'
import { intentOf, type Node, type Related, treeOf } from './related.ts'

interface ChainProps {
  readonly event: FeedEvent
  readonly service: string
  readonly related: readonly Related[] | undefined
  readonly error: Error | null
}

/** What was meant, what it caused here and elsewhere, and where in that this event stands. */
export function Chain({ event, service, related, error }: ChainProps) {
  if (error !== null)
    return <p className="quiet small">Causes and effects are asked of the lake, which says: {error.message}</p>
  if (related === undefined) return <p className="quiet small">Asking the lake for causes and effects</p>
  const intent = intentOf(related)
  const nodes = treeOf(related)
  const landed = related.some(({ id }) => id === event.id)
  return (
    <>
      <h3>Intent</h3>
      {intent === undefined ? (
        <p className="quiet">Nobody asked for it: it came of time or of code.</p>
      ) : (
        <Link
          to={changed({ event: `${intent.service}/${intent.position}` })}
          className="intent"
          current={intent.id === event.id}
        >
          <strong>
            {intent.data.caller} asked to {intent.data.action} {intent.data.target}
          </strong>
          <span>{brief(intent.data.input)}</span>
          {intent.data.refused !== undefined && <em>refused: {intent.data.refused}</em>}
        </Link>
      )}
      <h3>Causes and effects</h3>
      {landed ? null : <p className="quiet small">The lake has not landed it yet; it is a moment behind {service}.</p>}
      <ol className="chain">
        {nodes.map((node) => (
          <Effect
            key={`${node.event.id} ${node.depth}`}
            node={node}
            chosen={node.event.id === event.id}
            since={nodes[0]!.event.at}
          />
        ))}
      </ol>
    </>
  )
}

function Effect({
  node: { event, depth },
  chosen,
  since,
}: {
  readonly node: Node
  readonly chosen: boolean
  readonly since: string
}) {
  const after = (Date.parse(event.at) - Date.parse(since)) / 1_000
  return (
    <li style={{ paddingLeft: depth * 16 }} data-depth={depth}>
      <Link to={changed({ event: `${event.service}/${event.position}` })} current={chosen}>
        {event.type}
      </Link>
      <span className="quiet">
        {event.service}
        {after > 0 && ` +${span(after)}`}
      </span>
    </li>
  )
}
