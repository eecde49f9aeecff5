package dev.headwater.connect;

import dev.headwater.reader.Item;
import dev.headwater.reader.Lineage;
import dev.headwater.reader.Range;
import java.util.List;

/**
 * A proved range of a feed with all that it shows: what goes into Kafka whole or not at all.
 *
 * @param lineage of the log that the range is of
 * @param bytes of its events
 */
record Chunk(FeedLane lane, List<Item> items, Range range, Lineage lineage, int bytes) {}
