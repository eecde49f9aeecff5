/** Says which events must be handled one after the other: those with the same key of one service. */
export type OrderingKey = (event: { readonly stream: string; readonly partitionKey?: string }) => string

/** The key the event carries, by its contract; else its stream. The same key gives the same Kafka partition. */
export const orderingKey: OrderingKey = ({ partitionKey, stream }) => partitionKey ?? stream

/** One key for the whole log, for handlers that need its order. */
export const wholeLog: OrderingKey = () => ''
