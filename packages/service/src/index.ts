// All that a service author imports.
export { consumer, type DeliverContext, Fatal, Poison, Retriable } from '@headwater/consumer'
export { type EventOf, events, only } from '@headwater/contract'
export {
  at,
  decider,
  type Entity,
  entity,
  type InlineProjection,
  projection,
  type Refusal,
  refuse,
  sqlProjection,
  type StateOf,
} from '@headwater/event-store'
export {
  count,
  decidedByPeople,
  type Experiment,
  experiment,
  funnel,
  mean,
  quantile,
  ratio,
  refusals,
  retention,
  share,
  sum,
} from '@headwater/experiment'
export { type Caller, link, problem } from '@headwater/hypermedia'
export { type DeciderResource, resource } from './resource.ts'
export type { RowRange, Rows } from './rows.ts'
export { type Route, service, type Service } from './service.ts'
export {
  type Acted,
  action,
  type ActContext,
  type Decided,
  type Sighting,
  type View,
  view,
  type ViewAction,
  type ViewActions,
  type ViewContext,
} from './view.ts'
export type { Running, ServiceStatus } from './running.ts'
export type { WindDown, WindDownContext } from './winding-down.ts'
