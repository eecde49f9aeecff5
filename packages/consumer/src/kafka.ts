// The entry `@headwater/consumer/kafka`: needs the optional peer @platformatic/kafka, which nothing else here does.
export type { Fetched, KafkaClient, KafkaPlace, KafkaRecord } from './sources/kafka/client.ts'
export { kafkaSource, type KafkaSourceOptions } from './sources/kafka.ts'
export { kafkaClient, type KafkaClientOptions } from './sources/kafka/platformatic.ts'
