// Step 4. Kafka Connect reads the feed into Kafka, and readers may read there. The service of step 3 is not touched.
import { type KafkaClient, kafkaSource } from '@headwater/consumer/kafka'

/** A connector, for any Connect worker that has the plug-in. Entry and bootstrap are all that it must be told. */
export const connector = (entryUrl: string, bootstrap: string) => ({
  'connector.class': 'dev.headwater.connect.FeedConnector',
  'entry.url': entryUrl,
  'kafka.bootstrap.servers': bootstrap,
})

/** In the place of `feedSource(entryUrl)`: the same events at the same positions, so checkpoints hold. */
export const topics = (client: KafkaClient) => kafkaSource({ client })
