/** Kafka could not be fetched, started, asked or stopped; the message says what to do. */
export class KafkaFailed extends Error {
  readonly code = 'HW_KAFKA_FAILED'
}
